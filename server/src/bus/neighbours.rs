//! The other nodes over the same database, and whether the bus lets this one hear them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::reconcile::RECONCILE_INTERVAL;
use crate::hub::{Hub, NodeId};
use crate::store::Store;

/// What to do about nodes that do not hear each other.
const REMEDY: &str = "start every server of this database with USE_REDIS=true and the same REDIS_URL; until then their messages are read from the database, some seconds late, and presence, typing and new chats do not pass between them";

/// Looks who else uses the database, which knows by its connections, and compares with who is heard.
pub(super) struct Neighbours {
    store: Arc<dyn Store>,
    /// The nodes that say over the bus that they are there, and whether it is connected; without one, none can be heard.
    heard: Option<(Hub, Arc<AtomicBool>)>,
    /// How long a node may be seen before it has to be heard.
    patience: Duration,
    unheard_since: Option<Instant>,
    is_deaf: Arc<AtomicBool>,
}

impl Neighbours {
    /// Those of a node without a bus, which hears nobody.
    pub(super) fn without_bus(store: Arc<dyn Store>, is_deaf: Arc<AtomicBool>) -> Self {
        Self { store, heard: None, patience: Duration::ZERO, unheard_since: None, is_deaf }
    }

    /// Those of a node that notes in `hub` whom it hears, while `connected`, and some time after they start.
    pub(super) fn heard_by(
        hub: Hub,
        connected: Arc<AtomicBool>,
        store: Arc<dyn Store>,
        patience: Duration,
        is_deaf: Arc<AtomicBool>,
    ) -> Self {
        Self { store, heard: Some((hub, connected)), patience, unheard_since: None, is_deaf }
    }

    pub(super) async fn run(mut self) {
        loop {
            self.look().await;
            sleep(RECONCILE_INTERVAL).await;
        }
    }

    /// Whether there are nodes that are not heard, after another look.
    pub(super) async fn look(&mut self) -> bool {
        let others = match self.store.other_nodes().await {
            Ok(others) => others,
            Err(error) => {
                // What was found before still holds, as far as anybody knows.
                tracing::debug!(%error, "the other servers can't be looked for");
                return self.is_deaf.load(Ordering::Acquire);
            }
        };
        let heard: Option<HashSet<NodeId>> =
            self.heard.as_ref().map(|(hub, _)| hub.other_nodes().into_keys().collect());
        // Of a bus that is away, this is told already.
        let is_away = self.heard.as_ref().is_some_and(|(_, connected)| !connected.load(Ordering::Acquire));
        let is_unheard = |other: &&Option<NodeId>| match (other, &heard) {
            // One of the version before says no name, so it can't be compared with those that are heard.
            (None, Some(_)) => false,
            (Some(other), Some(heard)) => !heard.contains(other),
            (_, None) => true,
        };
        let unheard = others.iter().filter(is_unheard).count();
        let is_deaf = if unheard == 0 || is_away {
            self.unheard_since = None;
            false
        } else {
            self.unheard_since.get_or_insert_with(Instant::now).elapsed() >= self.patience
        };
        match (self.is_deaf.swap(is_deaf, Ordering::AcqRel), is_deaf) {
            (false, true) => {
                tracing::warn!(unheard, "other servers use this database and can't be heard: {REMEDY}");
            }
            (true, false) => tracing::info!("every server that uses this database can be heard"),
            _ => {}
        }
        is_deaf
    }
}
