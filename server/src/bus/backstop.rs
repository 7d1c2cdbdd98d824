//! The backstop: reads from the store now and then, and when asked to, what the bus may have lost.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use causerie_protocol::server_frame::ReadPosition;
use causerie_protocol::{ChatId, ServerFrame};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::Frame;
use crate::store::{Store, StoreError};

/// The pause between two looks at the heads in the store: the longest that a hole stays when Redis is away.
pub(super) const BACKSTOP: Duration = Duration::from_secs(2);
/// What is asked for within this time is one look.
const GATHER: Duration = Duration::from_millis(20);
/// Chats of one look at the heads.
const HEADS: usize = 1_000;

/// What this node may have missed.
#[derive(Default)]
pub(super) struct Missed {
    /// Asks the backstop to look at the heads at once.
    pub(super) look: Notify,
    /// Chats whose read positions may be other than what was told here.
    reads: Mutex<HashSet<ChatId>>,
}

impl Missed {
    /// Something of these chats may have been missed: look at once.
    pub(super) fn all_of(&self, chats: impl IntoIterator<Item = ChatId>) {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).extend(chats);
        self.look.notify_one();
    }

    fn take_reads(&self) -> Vec<ChatId> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}

/// Reads the heads of followed chats from the store, and reveals what the bus lost.
pub(super) struct Backstop {
    pub(super) store: Arc<dyn Store>,
    pub(super) hub: Hub,
    pub(super) missed: Arc<Missed>,
    /// Set when something of this node was told to nobody.
    pub(super) lost: Arc<AtomicBool>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) was_away: bool,
}

impl Backstop {
    /// Looks now and then, and when asked to.
    pub(super) async fn run(mut self) {
        loop {
            let _ = timeout(BACKSTOP, self.missed.look.notified()).await;
            // A storm of newly followed chats is one look, not one each.
            sleep(GATHER).await;
            self.look().await;
        }
    }

    pub(super) async fn look(&mut self) {
        let Self { store, hub, missed, lost, metrics, was_away } = self;
        let mut is_away = false;
        for chats in hub.followed().chunks(HEADS) {
            match store.heads(chats).await {
                Ok(heads) => {
                    let there: HashSet<ChatId> = heads.iter().map(|(chat, _)| *chat).collect();
                    for (chat, head) in heads {
                        if hub.advance_head(chat, head) {
                            metrics.bus_backstop_finds.inc();
                            tracing::debug!(%chat, %head, "the bus had lost something; read from the store");
                        }
                    }
                    for gone in chats.iter().filter(|chat| !there.contains(chat)) {
                        hub.chat_deleted(*gone, &[]);
                    }
                }
                Err(error) => {
                    is_away = true;
                    tracing::warn!(%error, "the heads can't be read");
                }
            }
        }
        if *was_away && !is_away {
            // What was stored while its answer did not arrive was told to nobody.
            lost.store(true, Ordering::Release);
            missed.all_of(hub.followed());
        }
        *was_away = is_away;
        for chats in missed.take_reads().chunks(HEADS) {
            if let Err(error) = tell_reads(&**store, hub, chats).await {
                tracing::warn!(%error, "the read positions can't be read");
                missed.reads.lock().unwrap_or_else(PoisonError::into_inner).extend(chats);
            }
        }
        match store.revoked(&hub.tokens()).await {
            Ok(tokens) => tokens.into_iter().for_each(|token| hub.token_revoked(token)),
            Err(error) => tracing::warn!(%error, "the sign-ins can't be read"),
        }
    }
}

/// Tells how far everybody has read; the hub drops what it told before.
async fn tell_reads(store: &dyn Store, hub: &Hub, chats: &[ChatId]) -> Result<(), StoreError> {
    for (chat_id, user_id, seq) in store.reads(chats).await? {
        let read = ServerFrame::Read(ReadPosition { chat_id, user_id, seq });
        hub.read(chat_id, user_id, seq, &Frame::from(read.encode()));
    }
    Ok(())
}
