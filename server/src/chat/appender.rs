//! The appender: what arrives while one transaction runs goes into the next.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{AppendError, Job, Reply};
use crate::store::{Append, AppendResult, Store, StoreError};

/// Most changes of one transaction; at most 16 MB, since a text is at most 16 KiB.
const BATCH: usize = 1_000;

/// A group whose transaction is over.
pub(super) struct Committed {
    pub(super) batch: Vec<Append>,
    pub(super) replies: Vec<Reply>,
    /// One for each of the batch.
    pub(super) outcomes: Vec<Outcome>,
    /// Who waits for everything up to here.
    pub(super) flushed: Vec<oneshot::Sender<()>>,
}

/// What became of one change.
pub(super) type Outcome = Result<AppendResult, AppendError>;

pub(super) async fn run(
    store: Arc<dyn Store>,
    mut jobs: mpsc::Receiver<Job>,
    committed: mpsc::Sender<Committed>,
) {
    let mut gathered = Vec::new();
    while jobs.recv_many(&mut gathered, BATCH).await > 0 {
        let mut batch = Vec::with_capacity(gathered.len());
        let mut replies = Vec::with_capacity(gathered.len());
        let mut flushed = Vec::new();
        for job in gathered.drain(..) {
            match job {
                Job::Append(append, reply) => {
                    batch.push(append);
                    replies.push(reply);
                }
                Job::Flush(done) => flushed.push(done),
            }
        }
        let outcomes = if batch.is_empty() { Vec::new() } else { commit(&*store, &batch).await };
        if committed.send(Committed { batch, replies, outcomes, flushed }).await.is_err() {
            return;
        }
    }
}

async fn commit(store: &dyn Store, batch: &[Append]) -> Vec<Outcome> {
    match store.append(batch).await {
        Ok(results) => results.into_iter().map(Ok).collect(),
        // Nothing is stored, so each can be tried alone: one that can't be stored must not take the others along.
        Err(StoreError::Failed(_)) if batch.len() > 1 => {
            let mut outcomes = Vec::with_capacity(batch.len());
            for append in batch.chunks(1) {
                outcomes.push(match store.append(append).await {
                    Ok(mut results) => results.pop().map(Ok).unwrap_or(Err(AppendError::Failed)),
                    Err(error) => Err(logged(&error)),
                });
            }
            outcomes
        }
        Err(error) => vec![Err(logged(&error)); batch.len()],
    }
}

fn logged(error: &StoreError) -> AppendError {
    tracing::error!(%error, "changes could not be stored");
    match error {
        StoreError::Unavailable(_) => AppendError::Unavailable,
        StoreError::Failed(_) | StoreError::Unusable(_) => AppendError::Failed,
    }
}
