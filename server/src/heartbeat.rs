//! The heartbeat: one timer for all sockets of the node.

use std::time::Duration;

use causerie_protocol::limits;
use tokio::time::{MissedTickBehavior, interval};

use crate::hub::{HEARTBEAT_SLOTS, Hub};

// A ping's answer is looked for when the next ping is due.
const _: () = assert!(limits::HEARTBEAT_SECONDS == limits::HEARTBEAT_GRACE_SECONDS);

/// Pings every socket once in `period` and closes with 4202 those that gave no sign of life since their last ping.
///
/// Never ends by itself. A session sends the ping itself, in order with everything else.
pub(crate) async fn run(hub: Hub, period: Duration) {
    let step = (period / HEARTBEAT_SLOTS as u32).max(Duration::from_millis(1));
    let mut ticks = interval(step);
    // After a pause of the whole machine, catching up would ping twice at once and close everybody.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        hub.advance_heartbeat();
    }
}
