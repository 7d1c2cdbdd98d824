//! Measures the longest time without an ack for any client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::history::Clock;

/// The interval of the measurement, which is also its precision.
const LOOK: Duration = Duration::from_millis(20);

/// The running measurement; dropping it ends it.
#[derive(Debug)]
pub struct StallWatch {
    longest_ms: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl StallWatch {
    pub fn start(clock: &Arc<Clock>) -> Self {
        let longest_ms = Arc::new(AtomicU64::new(0));
        let (longest, clock) = (longest_ms.clone(), clock.clone());
        let task = tokio::spawn(async move {
            let mut looks = interval(LOOK);
            let (mut acked, mut since) = (clock.acked(), Instant::now());
            loop {
                looks.tick().await;
                if clock.acked() > acked {
                    (acked, since) = (clock.acked(), Instant::now());
                } else {
                    let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                    longest.fetch_max(ms, Ordering::Relaxed);
                }
            }
        });
        Self { longest_ms, task }
    }

    pub fn longest(&self) -> Duration {
        Duration::from_millis(self.longest_ms.load(Ordering::Relaxed))
    }
}

impl Drop for StallWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
