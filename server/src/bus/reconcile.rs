//! Reconciling with the store: every two seconds, and when asked to, a node reads there what the bus may have lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use causerie_protocol::server_frame::ReadPosition;
use causerie_protocol::{ChatId, ServerFrame};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::Frame;
use crate::store::{Store, StoreError, StoredParting, StoredRead};

/// The pause between two reads of the heads: the longest that a gap stays when Redis is away.
pub(super) const RECONCILE_INTERVAL: Duration = Duration::from_secs(2);
/// Requests within this time are answered by one reconciliation.
const GATHER: Duration = Duration::from_millis(20);
/// Partings of one query.
const PARTINGS: u64 = 1_000;
/// People of one query for what they hide.
const PEOPLE: usize = 1_000;
/// Chats of one query for heads or read positions.
const CHATS: usize = 1_000;

/// What this node may have missed.
#[derive(Default)]
pub(super) struct Dirty {
    requested: Notify,
    /// Chats whose read positions may be other than what was sent here.
    reads: Mutex<HashSet<ChatId>>,
}

impl Dirty {
    /// Something of these chats may have been missed: reconcile at once.
    pub(super) fn mark(&self, chats: impl IntoIterator<Item = ChatId>) {
        self.mark_reads(chats);
        self.requested.notify_one();
    }

    fn mark_reads(&self, chats: impl IntoIterator<Item = ChatId>) {
        self.reads.lock().extend(chats);
    }

    fn take_reads(&self) -> Vec<ChatId> {
        self.reads.lock().drain().collect()
    }
}

/// Revokes on this node what was revoked elsewhere, and lets what is known of the other tokens be trusted as of `asked_at`,
/// at or after which everything that may make it stale was asked for.
pub(super) async fn reconcile_tokens(store: &dyn Store, hub: &Hub, asked_at: Option<u64>) {
    let tokens = hub.tokens();
    if tokens.is_empty() {
        return;
    }
    match store.revoked(&tokens).await {
        Ok(revoked) => {
            revoked.into_iter().for_each(|(token, ending)| hub.sign_in_ended(token, ending));
            if let Some(asked_at) = asked_at {
                hub.known_tokens().confirm(asked_at);
            }
        }
        Err(error) => tracing::warn!(%error, "the sign-ins can't be read"),
    }
}

/// Brings the followed chats of this node up to what the store has.
pub(super) struct Reconciler {
    store: Arc<dyn Store>,
    hub: Hub,
    dirty: Arc<Dirty>,
    /// Set when something of this node reached no other, so that the other nodes have to reconcile too.
    others_must_resync: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
    store_was_away: bool,
    /// The number of the last parting of two people that this node knows of, once it has asked.
    last_parting: Option<i64>,
}

impl Reconciler {
    pub(super) fn new(
        store: Arc<dyn Store>,
        hub: Hub,
        dirty: Arc<Dirty>,
        others_must_resync: Arc<AtomicBool>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { store, hub, dirty, others_must_resync, metrics, store_was_away: false, last_parting: None }
    }

    pub(super) async fn run(mut self) {
        loop {
            let _ = timeout(RECONCILE_INTERVAL, self.dirty.requested.notified()).await;
            // A storm of newly followed chats is one reconciliation, not one each.
            sleep(GATHER).await;
            self.reconcile().await;
        }
    }

    pub(super) async fn reconcile(&mut self) {
        let store_is_away = self.reconcile_heads().await.is_err();
        if self.store_was_away && !store_is_away {
            // Changes whose commit was not confirmed in that time were never published.
            self.others_must_resync.store(true, Ordering::Release);
            self.dirty.mark(self.hub.followed());
        }
        self.store_was_away = store_is_away;
        self.reconcile_reads().await;
        // A known token says whether anything stands between its user and others, so it is trusted as long as that is read.
        let asked_at = clock::monotonic();
        let boundaries = async {
            self.reconcile_partings().await?;
            self.reconcile_reunions().await?;
            self.reconcile_hidden().await
        };
        let boundaries = boundaries.await;
        if let Err(error) = &boundaries {
            tracing::warn!(%error, "what stands between people can't be read");
        }
        reconcile_tokens(&*self.store, &self.hub, boundaries.is_ok().then_some(asked_at)).await;
    }

    /// Tells the sessions of heads that the bus did not; an error when not all could be read.
    async fn reconcile_heads(&self) -> Result<(), StoreError> {
        let mut result = Ok(());
        for chats in self.hub.followed().chunks(CHATS) {
            match self.store.heads(chats).await {
                Ok(heads) => {
                    let existing: HashSet<ChatId> = heads.iter().map(|(chat, _)| *chat).collect();
                    for (chat, head) in heads {
                        if self.hub.advance_head(chat, head) {
                            self.metrics.bus_backstop_finds.inc();
                            tracing::debug!(%chat, %head, "the bus had lost something; read from the store");
                        }
                    }
                    for deleted in chats.iter().filter(|chat| !existing.contains(chat)) {
                        self.hub.chat_deleted(*deleted, &[]);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the heads can't be read");
                    result = Err(error);
                }
            }
        }
        result
    }

    /// Parts on this node's sockets who was parted since the last look.
    async fn reconcile_partings(&mut self) -> Result<(), StoreError> {
        let Some(mut last) = self.last_parting else {
            self.last_parting = Some(self.store.last_parting().await?);
            return Ok(());
        };
        loop {
            let partings = self.store.partings_after(last, PARTINGS).await?;
            for StoredParting { id, one, other, is_request } in &partings {
                if *is_request {
                    self.hub.keep_apart(*one, *other);
                } else {
                    self.hub.part(*one, *other);
                }
                last = *id;
            }
            self.last_parting = Some(last);
            if (partings.len() as u64) < PARTINGS {
                return Ok(());
            }
        }
    }

    /// Lets pass again on this node's sockets what nothing keeps apart any more.
    async fn reconcile_reunions(&self) -> Result<(), StoreError> {
        for users in self.hub.parted_people_here().chunks(PEOPLE) {
            let asked_at = Instant::now();
            let partings = self.store.partings_of(users).await?.into_iter().collect();
            self.hub.mend_reunited(users, &partings, asked_at);
        }
        Ok(())
    }

    /// Lets the sockets here know what their users hide.
    async fn reconcile_hidden(&self) -> Result<(), StoreError> {
        for users in self.hub.people_here().chunks(PEOPLE) {
            let asked_at = Instant::now();
            let hidden = self.store.hidden(users).await?;
            let hidden = hidden.into_iter().map(|(user, online, read)| (user, (online, read))).collect();
            self.hub.mend_hidden(users, &hidden, asked_at);
        }
        Ok(())
    }

    /// Sends how far everybody has read in the chats that were marked; the hub drops what it sent before.
    async fn reconcile_reads(&self) {
        for chats in self.dirty.take_reads().chunks(CHATS) {
            match self.store.reads(chats).await {
                Ok(reads) => {
                    for StoredRead { chat: chat_id, user: user_id, seq, hidden } in reads {
                        let read = ServerFrame::Read(ReadPosition { chat_id, user_id, seq });
                        self.hub.read(chat_id, user_id, seq, hidden, &Frame::from(read.encode()));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the read positions can't be read");
                    self.dirty.mark_reads(chats.iter().copied());
                }
            }
        }
    }
}
