//! Publishes presence to acquaintances on every node: who has come online, and whose presence has expired.

use std::sync::Arc;
use std::time::{Duration, Instant};

use causerie_protocol::UserId;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::bus::{Bus, Envelope};
use crate::hub::{Hub, presence_frame};
use crate::store::Store;

/// Changes at once that are published to acquaintances; more, such as after a restart, go to the nodes alone.
const STORM: usize = 2_048;

/// Runs until the last [`super::Chats`] is dropped. Who has had no socket for `grace` is offline.
pub(super) async fn run(
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    hub: Hub,
    grace: Duration,
    mut came: mpsc::Receiver<UserId>,
) {
    let mut ticks = interval((grace / 15).clamp(Duration::from_millis(10), Duration::from_secs(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            user = came.recv() => match user {
                // The hub knows who and in which order.
                Some(_) => while came.try_recv().is_ok() {},
                None => return,
            },
            _ = ticks.tick() => {
                if let Some(until) = Instant::now().checked_sub(grace) {
                    hub.expire_offline(until);
                }
            }
        }
        announce(&*store, &*bus, &hub).await;
    }
}

async fn announce(store: &dyn Store, bus: &dyn Bus, hub: &Hub) {
    let changes = hub.take_presence_changes();
    let is_storm = changes.len() > STORM;
    for change in changes {
        let users = if is_storm { Ok(Vec::new()) } else { store.acquaintances(change.user).await };
        let users = users.unwrap_or_else(|error| {
            // Presence may be lost: the next change of it is published again.
            tracing::warn!(%error, "presence could not be told");
            Vec::new()
        });
        let frame = presence_frame(change.user, change.online);
        bus.publish(vec![Envelope::Presence { change, users, frame }]).await;
    }
}
