//! The other nodes that use the same database, and whether they are on this node's bus.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::reconcile::RECONCILE_INTERVAL;
use crate::hub::{Hub, NodeId};
use crate::store::Store;

/// What to do about nodes that are not on one bus.
const REMEDY: &str = "start every server of this database with USE_REDIS=true and the same REDIS_URL; until then their messages are read from the database, some seconds late, and presence, typing and new chats do not pass between them";

/// Finds the other nodes by their connections to the database, and compares them with those on the bus.
pub(super) struct Neighbours {
    store: Arc<dyn Store>,
    /// The hub, which knows the nodes on the bus, and whether the bus is connected; `None` without a bus.
    on_bus: Option<(Hub, Arc<AtomicBool>)>,
    /// How long a node may use the database before it has to be on the bus.
    patience: Duration,
    missing_since: Option<Instant>,
    misses_other_nodes: Arc<AtomicBool>,
}

impl Neighbours {
    /// For a node without a bus.
    pub(super) fn without_bus(store: Arc<dyn Store>, misses_other_nodes: Arc<AtomicBool>) -> Self {
        Self { store, on_bus: None, patience: Duration::ZERO, missing_since: None, misses_other_nodes }
    }

    /// For a node whose `hub` knows the nodes on the bus while `connected`, each some time after its start.
    pub(super) fn with_bus(
        hub: Hub,
        connected: Arc<AtomicBool>,
        store: Arc<dyn Store>,
        patience: Duration,
        misses_other_nodes: Arc<AtomicBool>,
    ) -> Self {
        Self { store, on_bus: Some((hub, connected)), patience, missing_since: None, misses_other_nodes }
    }

    pub(super) async fn run(mut self) {
        loop {
            self.check().await;
            sleep(RECONCILE_INTERVAL).await;
        }
    }

    /// Whether there are nodes now that are not on the bus.
    pub(super) async fn check(&mut self) -> bool {
        let others = match self.store.other_nodes().await {
            Ok(others) => others,
            Err(error) => {
                // What was found before may still hold.
                tracing::debug!(%error, "the other servers can't be looked for");
                return self.misses_other_nodes.load(Ordering::Acquire);
            }
        };
        let on_bus: Option<HashSet<NodeId>> =
            self.on_bus.as_ref().map(|(hub, _)| hub.other_nodes().into_keys().collect());
        // A bus that is away was logged already.
        let is_away = self.on_bus.as_ref().is_some_and(|(_, connected)| !connected.load(Ordering::Acquire));
        let is_missing = |other: &&Option<NodeId>| match (other, &on_bus) {
            // A node of an earlier version has no name there, so it can't be compared with those on the bus.
            (None, Some(_)) => false,
            (Some(other), Some(on_bus)) => !on_bus.contains(other),
            (_, None) => true,
        };
        let missing = others.iter().filter(is_missing).count();
        let misses_other_nodes = if missing == 0 || is_away {
            self.missing_since = None;
            false
        } else {
            self.missing_since.get_or_insert_with(Instant::now).elapsed() >= self.patience
        };
        match (self.misses_other_nodes.swap(misses_other_nodes, Ordering::AcqRel), misses_other_nodes) {
            (false, true) => {
                tracing::warn!(
                    unheard = missing,
                    "other servers use this database and can't be heard: {REMEDY}"
                );
            }
            (true, false) => tracing::info!("every server that uses this database can be heard"),
            _ => {}
        }
        misses_other_nodes
    }
}
