//! The wheel: all sockets, spread over the slots of a heartbeat's period, so that none needs a timer.

use std::sync::{Arc, Weak};

use crate::heartbeat::SLOTS;
use crate::outbox::Outbox;

pub(super) struct Wheel {
    slots: Vec<Vec<Weak<Outbox>>>,
    /// The slot for the next socket.
    next: usize,
    /// The slot that has its turn next.
    due: usize,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self { slots: vec![Vec::new(); SLOTS], next: 0, due: 0 }
    }

    /// Takes a socket in; the slots fill evenly, so that a storm of reconnections does not beat as one.
    pub(super) fn add(&mut self, outbox: &Arc<Outbox>) {
        self.slots[self.next].push(Arc::downgrade(outbox));
        self.next = (self.next + 1) % SLOTS;
    }

    /// Beats for the sockets of one slot and forgets those that are gone.
    pub(super) fn turn(&mut self) {
        let slot = &mut self.slots[self.due];
        slot.retain(|socket| socket.upgrade().map(|socket| socket.beat()).is_some());
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
    fn every_socket_has_its_turn_once_a_period_and_who_is_gone_is_forgotten() {
        let mut wheel = Wheel::new();
        let sockets: Vec<_> =
            (0..SLOTS as i64 * 2 + 3).map(|n| Outbox::new(UserId(n), TokenId(n), Scope::Many)).collect();
        for socket in &sockets {
            wheel.add(socket);
        }
        for _ in 0..SLOTS {
            wheel.turn();
        }
        for socket in &sockets {
            assert!(socket.signal().is_some(), "it was pinged");
            assert!(socket.signal().is_none(), "once");
        }
        drop(sockets);
        for _ in 0..SLOTS {
            wheel.turn();
        }
        assert!(wheel.slots.iter().all(Vec::is_empty));
    }
}
