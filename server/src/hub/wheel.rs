//! The timing wheel of the heartbeat: all sockets, spread over the slots of a period, so that none needs a timer.

use std::sync::{Arc, Weak};

use crate::outbox::Outbox;

/// Slots of a period; each socket belongs to one, so that pings are spread evenly.
pub const SLOTS: usize = 25;

pub(super) struct HeartbeatWheel {
    slots: Vec<Vec<Weak<Outbox>>>,
    /// The slot for the next socket.
    next: usize,
    /// The slot that has its turn next.
    due: usize,
}

impl HeartbeatWheel {
    pub(super) fn new() -> Self {
        Self { slots: vec![Vec::new(); SLOTS], next: 0, due: 0 }
    }

    /// Takes a socket in; the slots fill evenly, so that the pings after a storm of reconnections do not come at once.
    pub(super) fn add(&mut self, outbox: &Arc<Outbox>) {
        self.slots[self.next].push(Arc::downgrade(outbox));
        self.next = (self.next + 1) % SLOTS;
    }

    /// Ticks for the sockets of the next slot and forgets those that are gone.
    pub(super) fn advance(&mut self) {
        let slot = &mut self.slots[self.due];
        slot.retain(|socket| socket.upgrade().map(|socket| socket.heartbeat_tick()).is_some());
        if slot.len() < slot.capacity() / 4 {
            slot.shrink_to(slot.len() * 2);
        }
        self.due = (self.due + 1) % SLOTS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::Scope;
    use causerie_protocol::{TokenId, UserId};

    #[test]
    fn every_socket_is_pinged_once_a_period_and_forgotten_when_it_is_gone() {
        let mut wheel = HeartbeatWheel::new();
        let sockets: Vec<_> =
            (0..SLOTS as i64 * 2 + 3).map(|n| Outbox::new(UserId(n), TokenId(n), Scope::Many)).collect();
        for socket in &sockets {
            wheel.add(socket);
        }
        for _ in 0..SLOTS {
            wheel.advance();
        }
        for socket in &sockets {
            assert!(socket.signal().is_some(), "it was pinged");
            assert!(socket.signal().is_none(), "once");
        }
        drop(sockets);
        for _ in 0..SLOTS {
            wheel.advance();
        }
        assert!(wheel.slots.iter().all(Vec::is_empty));
    }
}
