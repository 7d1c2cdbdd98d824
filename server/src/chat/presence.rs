//! Presence: tells acquaintances who has come online and who has been gone for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use causerie_protocol::server_frame::Presence;
use causerie_protocol::{ServerFrame, UserId};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::bus::{Bus, Envelope};
use crate::hub::Hub;
use crate::outbox::Frame;
use crate::store::Store;

/// How long somebody without a socket still counts as online, so that a reload is not seen by others.
pub const GRACE: Duration = Duration::from_secs(15);

/// Runs until the last [`super::Chats`] is dropped.
pub(super) async fn run(
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    hub: Hub,
    mut came: mpsc::Receiver<UserId>,
) {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            user = came.recv() => match user {
                Some(user) => tell(&*store, &*bus, user, true).await,
                None => return,
            },
            _ = ticks.tick() => {
                if let Some(until) = Instant::now().checked_sub(GRACE) {
                    for user in hub.take_departed(until) {
                        tell(&*store, &*bus, user, false).await;
                    }
                }
            }
        }
    }
}

async fn tell(store: &dyn Store, bus: &dyn Bus, user: UserId, online: bool) {
    match store.acquaintances(user).await {
        Ok(users) if users.is_empty() => {}
        Ok(users) => {
            let frame = Frame::from(ServerFrame::Presence(Presence { user_id: user, online }).encode());
            bus.publish(vec![Envelope::Presence { users, frame }]).await;
        }
        // Presence is a courtesy: the next change of it is told again.
        Err(error) => tracing::warn!(%error, "presence could not be told"),
    }
}
