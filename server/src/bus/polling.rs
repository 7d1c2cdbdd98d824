//! The bus of a node whose database others may share, and which nothing connects with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::neighbours::Neighbours;
use super::reconcile::{Dirty, RECONCILE_INTERVAL, Reconciler};
use super::{Bus, Envelope, deliver_all};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::store::Store;

/// Hands envelopes to its own sockets, and while other nodes use the database, reads from there what they stored.
pub struct PollingBus {
    hub: Hub,
    misses_other_nodes: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

impl PollingBus {
    /// Starts to look for other nodes. The task ends with the value.
    #[must_use]
    pub fn start(store: Arc<dyn Store>, hub: Hub, metrics: Arc<Metrics>) -> Self {
        let misses_other_nodes = Arc::<AtomicBool>::default();
        let dirty = Arc::<Dirty>::default();
        let neighbours = Neighbours::without_bus(store.clone(), misses_other_nodes.clone());
        let reconciler = Reconciler::new(store, hub.clone(), dirty.clone(), Arc::default(), metrics);
        let mut tasks = JoinSet::new();
        tasks.spawn(poll(neighbours, reconciler, hub.clone(), dirty));
        Self { hub, misses_other_nodes, _tasks: tasks }
    }
}

async fn poll(mut neighbours: Neighbours, mut reconciler: Reconciler, hub: Hub, dirty: Arc<Dirty>) {
    let mut were_others = false;
    loop {
        let are_others = neighbours.check().await;
        // Once more after the last one has gone, for what it stored at its end.
        if are_others || were_others {
            dirty.mark(hub.followed());
            reconciler.reconcile().await;
        } else {
            reconciler.reconcile_people().await;
        }
        were_others = are_others;
        sleep(RECONCILE_INTERVAL).await;
    }
}

#[async_trait]
impl Bus for PollingBus {
    async fn publish(&self, batch: Vec<Envelope>) {
        deliver_all(&batch, &self.hub).await;
    }

    fn misses_other_nodes(&self) -> bool {
        self.misses_other_nodes.load(Ordering::Acquire)
    }

    /// Another node may be there at any moment, and what it revokes does not come here.
    fn trusts_tokens_for(&self) -> Option<Duration> {
        None
    }
}
