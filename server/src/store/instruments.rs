//! What every backend measures of the operations that it runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::metrics::{Metrics, Operation};

/// Where the times of a store's operations go: the metrics, and the log for slow ones.
pub(super) struct Instruments {
    metrics: Arc<Metrics>,
    slow: Duration,
}

impl Default for Instruments {
    /// Metrics of its own, and nothing counts as slow.
    fn default() -> Self {
        Self::new(Arc::default(), Duration::MAX)
    }
}

impl Instruments {
    /// An operation that takes `slow` or longer is logged.
    pub(super) fn new(metrics: Arc<Metrics>, slow: Duration) -> Self {
        Self { metrics, slow }
    }

    /// A write has its connection, or failed to get one.
    pub(super) fn connection_waited_since(&self, begin: Instant) {
        self.metrics.database_wait.observe(begin.elapsed());
    }

    pub(super) fn operation_ended<T, E>(&self, operation: Operation, begin: Instant, result: &Result<T, E>) {
        let took = begin.elapsed();
        self.metrics.database_operation.observe(operation, took);
        if took >= self.slow {
            self.metrics.database_slow_operations.inc();
            let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let failed = result.is_err();
            // The operation alone: its parameters may be a text or an address.
            tracing::warn!(operation = operation.name(), milliseconds, failed, "slow query");
        }
    }
}
