//! Reconciling with the store: every two seconds, and when asked to, a node reads there what the bus may have lost.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use causerie_protocol::server_frame::ReadPosition;
use causerie_protocol::{ChatId, ServerFrame, UserId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Envelope;
use crate::clock::{self, UnixMicros};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::Frame;
use crate::store::{Store, StoreError, StoredRead, StoredSettings};

/// The pause between two reads of the heads: the longest that a gap stays when Redis is away.
pub(super) const RECONCILE_INTERVAL: Duration = Duration::from_secs(2);
/// Requests within this time are answered by one reconciliation.
const GATHER: Duration = Duration::from_millis(20);
/// Partings of one query.
const PARTINGS: u64 = 1_000;
/// For how long a parting is read again: their numbers come from a sequence, so one may be committed behind a greater one, as
/// late as its transaction may last. Shorter than what the hub remembers, which so knows that it has seen it.
const PARTINGS_OVERLAP: Duration = Duration::from_secs(30);
/// Partings that the first look reads: more than can be made between the start, when nothing of the bus is heard yet, and that
/// look.
const PARTINGS_AT_START: i64 = 10_000;
/// Settings of one query.
const SETTINGS: u64 = 1_000;
/// How far back settings are read again: their versions are times of several nodes' clocks, and are committed later than
/// they were taken. Shorter than what the hub remembers, which so knows what was sent.
const SETTINGS_OVERLAP: Duration = Duration::from_secs(30);
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

/// Brings the followed chats of this node up to what the store has.
pub(super) struct Reconciler {
    store: Arc<dyn Store>,
    hub: Hub,
    dirty: Arc<Dirty>,
    /// Set when something of this node reached no other, so that the other nodes have to reconcile too.
    others_must_resync: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
    store_was_away: bool,
    people: PeopleReconciler,
}

/// Brings what this node knows of people up to what the store has: what keeps them apart, what they hide, and which of their
/// sign-ins ended. A node that is alone needs it too: for what commands do beside it, and for a change whose answer was lost.
pub(super) struct PeopleReconciler {
    store: Arc<dyn Store>,
    hub: Hub,
    partings: PartingsRead,
    /// When settings were last read, or the start.
    settings_read: UnixMicros,
}

/// Up to where the partings of people were read.
#[derive(Default)]
struct PartingsRead {
    /// The greatest number that was seen at a time, oldest first; those before the first one are not read again.
    seen: VecDeque<(Instant, i64)>,
}

impl PartingsRead {
    /// Where the next look begins; `None` for the first one.
    fn begin(&mut self, now: Instant) -> Option<i64> {
        while self.seen.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= PARTINGS_OVERLAP) {
            self.seen.pop_front();
        }
        self.seen.front().map(|(_, last)| *last)
    }

    /// Everything up to `last` was read that was there at this time.
    fn note(&mut self, at: Instant, last: i64) {
        self.seen.push_back((at, last));
    }
}

impl Reconciler {
    pub(super) fn new(
        store: Arc<dyn Store>,
        hub: Hub,
        dirty: Arc<Dirty>,
        others_must_resync: Arc<AtomicBool>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let people = PeopleReconciler::new(store.clone(), hub.clone());
        Self { store, hub, dirty, others_must_resync, metrics, store_was_away: false, people }
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
        self.people.reconcile().await;
    }

    /// As [`Reconciler::reconcile`], for a node that is alone: it has missed nothing of the chats.
    pub(super) async fn reconcile_people(&mut self) {
        self.people.reconcile().await;
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

impl PeopleReconciler {
    pub(super) fn new(store: Arc<dyn Store>, hub: Hub) -> Self {
        Self { store, hub, partings: PartingsRead::default(), settings_read: clock::now() }
    }

    pub(super) async fn reconcile(&mut self) {
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
        self.reconcile_tokens(boundaries.is_ok().then_some(asked_at)).await;
        if let Err(error) = self.reconcile_settings().await {
            tracing::warn!(%error, "what people have set of chats can't be read");
        }
    }

    /// Parts on this node's sockets who was parted lately and is not parted here.
    async fn reconcile_partings(&mut self) -> Result<(), StoreError> {
        let begun_at = Instant::now();
        let mut last = match self.partings.begin(begun_at) {
            Some(last) => last,
            None => {
                let first = self.store.last_parting().await? - PARTINGS_AT_START;
                // It is read again like every other: a parting may be committed behind it.
                self.partings.note(begun_at, first);
                first
            }
        };
        loop {
            let asked_at = Instant::now();
            let partings = self.store.partings_after(last, PARTINGS).await?;
            let pairs = partings.iter().map(|parting| (parting.one, parting.other, parting.is_request));
            self.hub.mend_parted(&pairs.collect::<Vec<_>>(), asked_at);
            last = partings.last().map_or(last, |parting| parting.id);
            if (partings.len() as u64) < PARTINGS {
                self.partings.note(begun_at, last);
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

    /// Sends people here what they have set of chats lately; the hub drops what it sent before.
    async fn reconcile_settings(&mut self) -> Result<(), StoreError> {
        let begun_at = clock::now();
        let mut place = ((self.settings_read - SETTINGS_OVERLAP).0, ChatId(i64::MIN), UserId(i64::MIN));
        while !self.hub.people_here().is_empty() {
            let stored = self.store.settings_after(place, SETTINGS).await?;
            for StoredSettings { user, chat, settings } in &stored {
                Envelope::settings(*user, *chat, *settings).deliver(&self.hub).await;
            }
            match stored.last() {
                Some(last) if stored.len() as u64 == SETTINGS => place = last.place(),
                _ => break,
            }
        }
        self.settings_read = begun_at;
        Ok(())
    }

    /// Ends here the sign-ins that ended elsewhere, and lets what is known of the other tokens be trusted as of `asked_at`, at or
    /// after which everything that may make it stale was asked for.
    async fn reconcile_tokens(&self, asked_at: Option<u64>) {
        let tokens = self.hub.tokens();
        if tokens.is_empty() {
            return;
        }
        match self.store.revoked(&tokens).await {
            Ok(revoked) => {
                revoked.into_iter().for_each(|(token, ending)| self.hub.sign_in_ended(token, ending));
                if let Some(asked_at) = asked_at {
                    self.hub.known_tokens().confirm(asked_at);
                }
            }
            Err(error) => tracing::warn!(%error, "the sign-ins can't be read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parting_is_read_again_until_none_can_be_committed_behind_it() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut read = PartingsRead::default();
        assert_eq!(read.begin(start), None);
        read.note(start, 5);
        read.note(after(2), 9);
        assert_eq!(read.begin(after(31)), Some(5));
        read.note(after(31), 12);
        assert_eq!(read.begin(after(32)), Some(9));
        assert_eq!(read.begin(after(60)), Some(9));
        assert_eq!(read.begin(after(61)), Some(12));
    }
}
