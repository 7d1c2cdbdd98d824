//! The appender: what arrives while a transaction runs goes into the next, and under load a little more.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::{ChatId, UserId};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{AppendError, Outcome, Responder, Submitted};
use crate::metrics::Metrics;
use crate::store::{Append, AppendResult, Appended, Change, Store, StoreError};

/// Most changes of one transaction; at most 16 MB, since a text is at most 16 KiB.
const BATCH: usize = 1_000;
/// The shortest time from the beginning of one batch to that of the next while many changes come: a transaction costs
/// much that its changes share, so that more of them in each leave processor time for other things.
const PACE: Duration = Duration::from_millis(4);
/// How many must come in that time for it to be worth the wait. With fewer, each is committed at once.
const MANY: usize = 32;
/// How long changes are tried again while the store is unavailable, as when its server restarts.
const RETRY_FOR: Duration = Duration::from_secs(5);
/// The first pause between two tries, which doubles, and the longest.
const RETRY_BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// A group whose transaction is over.
pub(super) struct Committed {
    pub(super) changes: Vec<Processed>,
    /// When the transaction was over.
    pub(super) at: Instant,
}

/// A change and what became of it.
pub(super) struct Processed {
    pub(super) append: Append,
    pub(super) outcome: Outcome,
    pub(super) responder: Responder,
    pub(super) received_at: Instant,
}

/// When batches begin.
struct Pace {
    /// The last one.
    began: Instant,
    /// Whether changes came so fast before it that the next waits for company.
    is_fast: bool,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { began: now, is_fast: false }
    }

    /// Notes that a batch of so many changes begins.
    fn begin(&mut self, changes: usize, now: Instant) {
        let since = now.saturating_duration_since(self.began);
        let is_many = changes as f64 * PACE.as_secs_f64() >= MANY as f64 * since.as_secs_f64();
        // Someone who waits for each answer before the next change is alone, however fast the answers are.
        self.is_fast = changes > 1 && is_many;
        self.began = now;
    }

    /// When the next may begin, if that is not over.
    fn wait_until(&self, now: Instant) -> Option<Instant> {
        let next = self.began + PACE;
        (self.is_fast && now < next).then_some(next)
    }
}

/// What is in transactions just now. The later changes of these chats, and of these people, wait for the end of those:
/// so a chat's changes are announced in the order of its log, and a person's are stored in the order in which they came.
#[derive(Default)]
struct Busy {
    chats: HashSet<ChatId>,
    people: HashSet<UserId>,
}

impl Busy {
    fn has(&self, append: &Append) -> bool {
        self.chats.contains(&append.chat) || self.people.contains(&append.actor)
    }

    fn add(&mut self, append: &Append) {
        self.chats.insert(append.chat);
        self.people.insert(append.actor);
    }

    fn remove(&mut self, append: &Append) {
        self.chats.remove(&append.chat);
        self.people.remove(&append.actor);
    }

    fn is_empty(&self) -> bool {
        self.chats.is_empty()
    }

    /// Takes what need not wait out of `gathered`, in its order; what stands behind something that waits does so too.
    fn take_free<T>(&self, gathered: &mut Vec<T>, append: impl Fn(&T) -> &Append) -> Vec<T> {
        if self.is_empty() {
            return std::mem::take(gathered);
        }
        let mut held = Self::default();
        let is_free = |change: &mut T| {
            let append = append(change);
            let waits = self.has(append) || held.has(append);
            if waits {
                held.add(append);
            }
            !waits
        };
        gathered.extract_if(.., is_free).collect()
    }
}

/// Stores what is submitted, until the queue is empty and nothing can come into it any more.
///
/// As many transactions run at a time as the store gains from, of different chats and different people.
pub(super) async fn run(
    store: Arc<dyn Store>,
    mut queue: mpsc::Receiver<Submitted>,
    draining: CancellationToken,
    committed: mpsc::Sender<Committed>,
    metrics: Arc<Metrics>,
) {
    let most = store.appends_at_once();
    let mut running = FuturesUnordered::new();
    let mut busy = Busy::default();
    let mut gathered: Vec<Submitted> = Vec::new();
    // What is gathered can't begin before something that runs ends, or something else comes.
    let mut is_held = false;
    let mut pace = Pace::new(Instant::now());
    // Nothing more comes.
    let mut has_ended = false;
    while !(has_ended && gathered.is_empty() && running.is_empty()) {
        let has_place = running.len() < most;
        let wait_until = pace.wait_until(Instant::now()).filter(|_| !draining.is_cancelled());
        if has_place && wait_until.is_none() && !gathered.is_empty() && !is_held {
            let free = busy.take_free(&mut gathered, |submitted| &submitted.append);
            is_held = free.is_empty();
            if !is_held {
                pace.begin(free.len(), Instant::now());
                let batch = Batch::of(free);
                if most > 1 {
                    batch.appends.iter().for_each(|append| busy.add(append));
                }
                running.push(batch.store(&*store, &metrics));
            }
            continue;
        }
        let room = BATCH - gathered.len();
        tokio::select! {
            biased;
            // What is in the queue is received all the same.
            () = draining.cancelled(), if !queue.is_closed() => queue.close(),
            Some(done) = running.next(), if !running.is_empty() => {
                let done: Committed = done;
                is_held = false;
                if most > 1 {
                    done.changes.iter().for_each(|change| busy.remove(&change.append));
                }
                done.refuse_later();
                if committed.send(done).await.is_err() {
                    return;
                }
            }
            // Meanwhile the queue fills.
            () = sleep_until(wait_until.unwrap_or_else(Instant::now)), if wait_until.is_some() && has_place => {}
            count = queue.recv_many(&mut gathered, room),
                if has_place && wait_until.is_none() && room > 0 && !has_ended =>
            {
                has_ended = count == 0;
                is_held &= has_ended;
            }
        }
    }
}

/// What goes into one transaction.
struct Batch {
    appends: Vec<Append>,
    /// Who waits for each, and since when.
    waiting: Vec<(Responder, Instant)>,
}

impl Batch {
    /// Without what comes from a socket of which something was not stored.
    fn of(submitted: Vec<Submitted>) -> Self {
        let mut appends = Vec::with_capacity(submitted.len());
        let mut waiting = Vec::with_capacity(submitted.len());
        for Submitted { append, responder, received_at } in submitted {
            if responder.refuses_requests() {
                responder.fail(&append, AppendError::Unavailable);
            } else {
                appends.push(append);
                waiting.push((responder, received_at));
            }
        }
        Self { appends, waiting }
    }

    async fn store(self, store: &dyn Store, metrics: &Metrics) -> Committed {
        let outcomes = if self.appends.is_empty() {
            Vec::new()
        } else {
            metrics.append_batch_changes.observe(self.appends.len());
            commit(store, &self.appends).await
        };
        let at = Instant::now();
        let changes = self.appends.into_iter().zip(outcomes).zip(self.waiting);
        let changes = changes.map(|((append, outcome), (responder, received_at))| Processed {
            append,
            outcome,
            responder,
            received_at,
        });
        Committed { changes: changes.collect(), at }
    }
}

impl Committed {
    /// Lets nothing more be stored of the sockets of which something could not be.
    fn refuse_later(&self) {
        for change in &self.changes {
            if let (Responder::Socket(outbox), Err(AppendError::Unavailable)) =
                (&change.responder, &change.outcome)
            {
                outbox.refuse_later_requests();
            }
        }
    }
}

/// Stores a batch and answers for each in the same order; while the store is unavailable what may be repeated is tried
/// again for a while.
async fn commit(store: &dyn Store, batch: &[Append]) -> Vec<Outcome> {
    let begin = Instant::now();
    match store.append(batch).await {
        Ok(results) => results.into_iter().map(outcome).collect(),
        // Nothing is stored, so each can be tried alone: one that can't be stored must not take the others along.
        Err(StoreError::Failed(_)) if batch.len() > 1 => {
            let mut outcomes = Vec::with_capacity(batch.len());
            for append in batch.chunks(1) {
                outcomes.push(match store.append(append).await {
                    Ok(mut results) => results.pop().map_or(Err(AppendError::Failed), outcome),
                    Err(error) => Err(log_and_map(&error)),
                });
            }
            outcomes
        }
        Err(StoreError::Unavailable(error)) => {
            let (places, retryable) = retryable(batch);
            tracing::warn!(%error, changes = batch.len(), again = retryable.len(), "changes could not be stored at once");
            let mut outcomes = vec![Err(AppendError::Unavailable); batch.len()];
            if !retryable.is_empty() {
                for (place, outcome) in places.into_iter().zip(retry_append(store, &retryable, begin).await) {
                    outcomes[place] = outcome;
                }
            }
            outcomes
        }
        Err(error) => vec![Err(log_and_map(&error)); batch.len()],
    }
}

/// Tries again until the store takes the batch, or the time for that is over.
async fn retry_append(store: &dyn Store, batch: &[Append], begin: Instant) -> Vec<Outcome> {
    let mut pause = RETRY_BACKOFF.0;
    loop {
        sleep(pause).await;
        pause = (pause * 2).min(RETRY_BACKOFF.1);
        match store.append(batch).await {
            Ok(results) => {
                return results.into_iter().map(|result| outcome(result).map(as_not_yet_announced)).collect();
            }
            Err(StoreError::Unavailable(_)) if begin.elapsed() < RETRY_FOR => {}
            Err(error) => return vec![Err(log_and_map(&error)); batch.len()],
        }
    }
}

fn outcome(result: AppendResult) -> Outcome {
    result.map_err(AppendError::Refused)
}

/// The commit may have happened although its answer was lost, and then it was not announced.
fn as_not_yet_announced(appended: Appended) -> Appended {
    match appended {
        Appended::Read { seq, .. } => Appended::Read { seq, moved: true },
        other => other,
    }
}

/// What can be sent to the store twice without being there twice, and its places in the batch.
///
/// What stands behind something of the same person in the same chat that can't, is left out too: the order must hold.
fn retryable(batch: &[Append]) -> (Vec<usize>, Vec<Append>) {
    let mut blocked = HashSet::new();
    let mut found = (Vec::new(), Vec::new());
    for (place, append) in batch.iter().enumerate() {
        let is_retryable =
            matches!(append.change, Change::Message { client_id: Some(_), .. } | Change::Read { .. });
        if is_retryable && !blocked.contains(&(append.actor, append.chat)) {
            found.0.push(place);
            found.1.push(append.clone());
        } else {
            blocked.insert((append.actor, append.chat));
        }
    }
    found
}

fn log_and_map(error: &StoreError) -> AppendError {
    tracing::error!(%error, "changes could not be stored");
    match error {
        StoreError::Unavailable(_) => AppendError::Unavailable,
        StoreError::Failed(_) | StoreError::Unusable(_) => AppendError::Failed,
    }
}

#[cfg(test)]
mod tests {
    use causerie_protocol::{ChatId, ClientId, MessageText, Seq, UserId};

    use super::*;

    fn message(actor: i64, chat: i64, client_id: Option<&str>) -> Append {
        let client_id = client_id.map(|id| ClientId::new(id).unwrap());
        let change = Change::Message {
            text: MessageText::new("Hello").unwrap(),
            client_id,
            reply_to: None,
            plain: false,
        };
        Append { actor: UserId(actor), chat: ChatId(chat), change }
    }

    #[test]
    fn only_what_can_be_repeated_without_changing_its_order_is() {
        let read = |actor, chat| Append {
            actor: UserId(actor),
            chat: ChatId(chat),
            change: Change::Read { seq: Seq(1) },
        };
        let batch = [
            message(1, 1, Some("a")),
            message(1, 1, None),
            message(1, 1, Some("b")),
            message(1, 2, Some("c")),
            message(2, 1, Some("d")),
            read(2, 1),
            read(1, 1),
        ];
        assert_eq!(retryable(&batch).0, [0, 3, 4, 5]);
    }

    #[test]
    fn a_change_waits_for_those_of_its_chat_and_of_its_person_that_run_or_wait() {
        let mut busy = Busy::default();
        let in_order = [(1, 1), (2, 1), (3, 3), (1, 2), (4, 2), (5, 5), (3, 4)];
        let changes = || in_order.map(|(actor, chat)| message(actor, chat, None)).to_vec();
        let places =
            |taken: Vec<Append>| taken.iter().map(|one| (one.actor.0, one.chat.0)).collect::<Vec<_>>();

        let mut gathered = changes();
        assert_eq!(places(busy.take_free(&mut gathered, |append| append)), in_order);
        assert!(gathered.is_empty());

        // The first person has something in chat 1; theirs in chat 2 waits, and so does what comes after it there.
        busy.add(&message(1, 1, None));
        let mut gathered = changes();
        assert_eq!(places(busy.take_free(&mut gathered, |append| append)), [(3, 3), (5, 5), (3, 4)]);
        assert_eq!(places(gathered.clone()), [(1, 1), (2, 1), (1, 2), (4, 2)]);
        busy.remove(&message(1, 1, None));
        assert_eq!(busy.take_free(&mut gathered, |append| append).len(), 4);
    }

    #[test]
    fn a_batch_waits_for_company_only_while_many_changes_come() {
        let start = Instant::now();
        let at = |microseconds| start + Duration::from_micros(microseconds);
        let mut pace = Pace::new(start);
        assert_eq!(pace.wait_until(start), None, "nothing was there yet");
        pace.begin(BATCH, at(1_000_000));
        assert_eq!(pace.wait_until(at(1_000_500)), None, "a burst after a pause");
        pace.begin(MANY, at(1_004_000));
        assert_eq!(pace.wait_until(at(1_004_500)), Some(at(1_008_000)), "many come");
        assert_eq!(pace.wait_until(at(1_008_000)), None, "they were waited for");
        pace.begin(MANY - 1, at(1_008_000));
        assert_eq!(pace.wait_until(at(1_008_100)), None, "fewer come");
        pace.begin(1, at(1_008_100));
        assert_eq!(pace.wait_until(at(1_008_110)), None, "one at a time");
    }

    #[test]
    fn a_read_position_that_was_perhaps_not_told_is_told() {
        let known = Appended::Read { seq: Seq(3), moved: false };
        assert_eq!(as_not_yet_announced(known), Appended::Read { seq: Seq(3), moved: true });
    }
}
