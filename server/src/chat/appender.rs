//! The appender: what arrives while one transaction runs goes into the next.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{AppendError, Outcome, Responder, Submitted};
use crate::metrics::Metrics;
use crate::store::{Append, AppendResult, Appended, Change, Store, StoreError};

/// Most changes of one transaction; at most 16 MB, since a text is at most 16 KiB.
const BATCH: usize = 1_000;
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

/// Stores what is submitted, until the queue is empty and nothing can come into it any more.
pub(super) async fn run(
    store: Arc<dyn Store>,
    mut queue: mpsc::Receiver<Submitted>,
    draining: CancellationToken,
    committed: mpsc::Sender<Committed>,
    metrics: Arc<Metrics>,
) {
    let mut gathered = Vec::new();
    loop {
        let count = tokio::select! {
            biased;
            () = draining.cancelled(), if !queue.is_closed() => {
                // What is in the queue is received all the same.
                queue.close();
                continue;
            }
            count = queue.recv_many(&mut gathered, BATCH) => count,
        };
        if count == 0 {
            return;
        }
        let mut batch = Vec::with_capacity(gathered.len());
        let mut waiting = Vec::with_capacity(gathered.len());
        for Submitted { append, responder, received_at } in gathered.drain(..) {
            if responder.refuses_requests() {
                responder.fail(&append, AppendError::Unavailable);
            } else {
                batch.push(append);
                waiting.push((responder, received_at));
            }
        }
        let outcomes = if batch.is_empty() {
            Vec::new()
        } else {
            metrics.append_batch_changes.observe(batch.len());
            commit(&*store, &batch).await
        };
        let at = Instant::now();
        let changes = batch.into_iter().zip(outcomes).zip(waiting);
        let changes: Vec<Processed> = changes
            .map(|((append, outcome), (responder, received_at))| Processed {
                append,
                outcome,
                responder,
                received_at,
            })
            .collect();
        for change in &changes {
            if let (Responder::Socket(outbox), Err(AppendError::Unavailable)) =
                (&change.responder, &change.outcome)
            {
                outbox.refuse_later_requests();
            }
        }
        if committed.send(Committed { changes, at }).await.is_err() {
            return;
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
        let change = Change::Message { text: MessageText::new("Hello").unwrap(), client_id };
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
    fn a_read_position_that_was_perhaps_not_told_is_told() {
        let known = Appended::Read { seq: Seq(3), moved: false };
        assert_eq!(as_not_yet_announced(known), Appended::Read { seq: Seq(3), moved: true });
    }
}
