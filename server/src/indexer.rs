//! The indexer: follows the logs and lets the store write the words of their messages into the index, behind what is sent.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::chat::Chats;
use crate::metrics::Metrics;
use crate::store::{Indexed, Store, StoreError};

/// How long it waits for an append here before it looks whether other nodes appended something.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// After an append, so that what follows it at once is indexed with it.
const GATHER: Duration = Duration::from_millis(50);
/// After a step that could do nothing yet, or that failed.
const RETRY: Duration = Duration::from_millis(500);
/// How many times as long as a step the pause after it is while messages are sent, and while none is.
const PAUSE: (u32, u32) = (20, 1);
/// Time between two lines in the log on how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(30);
/// Fewer entries are indexed in a moment, and nothing is said of it.
const WORTH_SAYING: u64 = 10_000;
/// At least so long after a deletion what was deleted is taken out of the files, with what was deleted meanwhile.
const SHED_INTERVAL: Duration = Duration::from_secs(60);

/// Runs until it is dropped. Every node does this; the store lets one of them work at a time, and when that one ends another
/// goes on.
pub(crate) async fn run(store: Arc<dyn Store>, chats: Chats, metrics: Arc<Metrics>) {
    let mut progress = Progress::default();
    let mut shed_at: Option<Instant> = None;
    loop {
        let begin = Instant::now();
        let step = store.index_messages().await;
        let took = begin.elapsed();
        let pause = match &step {
            Ok(done) => {
                metrics.search_indexed_messages.inc_by(done.written + done.taken_out);
                metrics.search_index_behind.set(i64::try_from(done.left).unwrap_or(i64::MAX));
                progress.tell(done);
                if done.taken_out > 0 {
                    shed_at.get_or_insert(begin + SHED_INTERVAL);
                }
                let is_busy = timeout(took, chats.appended()).await.is_ok();
                match (done.more, done.written + done.taken_out) {
                    (false, _) if is_busy => GATHER,
                    (false, _) => Duration::ZERO,
                    (true, 0) => RETRY,
                    (true, _) => took * if is_busy { PAUSE.0 } else { PAUSE.1 },
                }
            }
            Err(error) => {
                tracing::debug!(%error, "messages can't be indexed just now");
                RETRY
            }
        };
        if shed_at.is_some_and(|at| at <= begin) && step.as_ref().is_ok_and(|done| !done.more) {
            shed_at = shed(&*store).await.unwrap_or(Some(begin + RETRY));
        }
        if pause.is_zero() {
            let until =
                shed_at.map_or(LOOK_INTERVAL, |at| LOOK_INTERVAL.min(at.saturating_duration_since(begin)));
            if timeout(until, chats.appended()).await.is_ok() {
                sleep(GATHER).await;
            }
        } else {
            sleep(pause).await;
        }
    }
}

/// Takes what was deleted out of the files; answers when to try again, if ever.
async fn shed(store: &dyn Store) -> Result<Option<Instant>, StoreError> {
    let is_done = store.shed_deleted().await?;
    Ok((!is_done).then(|| Instant::now() + RETRY))
}

/// What the log is told when there is much to index, as after an update.
#[derive(Default)]
struct Progress {
    told: Option<Instant>,
}

impl Progress {
    fn tell(&mut self, done: &Indexed) {
        let left = done.left;
        match self.told {
            None if left >= WORTH_SAYING => {
                tracing::info!(left, "older messages are being indexed, so that they can be searched");
                self.told = Some(Instant::now());
            }
            Some(_) if left == 0 => {
                tracing::info!("all messages are indexed");
                self.told = None;
            }
            Some(told) if told.elapsed() >= PROGRESS_INTERVAL => {
                tracing::info!(left, "older messages are being indexed");
                self.told = Some(Instant::now());
            }
            _ => {}
        }
    }
}
