//! The gate: how many sockets there may be, in all, of one person and of one address, and how fast they may come.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use causerie_protocol::UserId;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota};

use crate::config::Limits;
use crate::metrics::Refused;

/// When to come again after too many came at once.
const RATE_RETRY: Duration = Duration::from_secs(1);
/// When to come again after there was no place.
const FULL_RETRY: Duration = Duration::from_secs(5);
/// Handshakes after which addresses that were quiet for a while are forgotten.
const SWEEP: u32 = 1_024;
/// The part of an IPv6 address that one customer has: what is behind it can be chosen at will (RFC 6177).
const IPV6_PREFIX: u32 = 64;

/// A handle to the node's gate; clones share it.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    limits: Limits,
    taken: Mutex<Taken>,
    rate: Option<DefaultDirectRateLimiter>,
    rate_of_address: Option<DefaultKeyedRateLimiter<IpAddr>>,
    handshakes: AtomicU32,
}

/// What is taken just now. Who has no socket is not in the maps.
#[derive(Default)]
struct Taken {
    sockets: u32,
    addresses: HashMap<IpAddr, u32>,
    users: HashMap<UserId, u32>,
}

/// Why nobody more is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Which limit it is.
    pub reason: Refused,
    /// When to come again.
    pub wait: Duration,
}

/// The place of one socket; given back when it is dropped.
pub struct Seat {
    gate: Gate,
    address: Option<IpAddr>,
    user: Option<UserId>,
}

impl Gate {
    /// A gate with nobody inside.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let quota = |count: u32| NonZeroU32::new(count).map(Quota::per_second);
        Self(Arc::new(Inner {
            limits,
            taken: Mutex::default(),
            rate: quota(limits.connects_per_second).map(DefaultDirectRateLimiter::direct),
            rate_of_address: quota(limits.connects_per_second_per_address)
                .map(DefaultKeyedRateLimiter::keyed),
            handshakes: AtomicU32::new(0),
        }))
    }

    /// A place for a socket that is about to be opened. Without an address only the limits for all hold.
    ///
    /// # Errors
    /// [`Turned`] when a limit is reached.
    pub fn enter(&self, address: Option<IpAddr>) -> Result<Seat, Turned> {
        let Inner { limits, rate, rate_of_address, handshakes, .. } = &*self.0;
        let address = address.map(network);
        let too_fast = Turned { reason: Refused::Rate, wait: RATE_RETRY };
        if let (Some(rate), Some(address)) = (rate_of_address, &address) {
            if handshakes.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
                rate.retain_recent();
                rate.shrink_to_fit();
            }
            rate.check_key(address).map_err(|_| too_fast)?;
        }
        // After the address's own, so that one client can't use up everybody's.
        if let Some(rate) = rate {
            rate.check().map_err(|_| too_fast)?;
        }
        let mut taken = self.taken();
        if is_reached(limits.sockets, taken.sockets) {
            return Err(Turned { reason: Refused::Full, wait: FULL_RETRY });
        }
        if let Some(address) = address
            && !take(&mut taken.addresses, address, limits.sockets_per_address)
        {
            return Err(Turned { reason: Refused::Address, wait: FULL_RETRY });
        }
        taken.sockets += 1;
        Ok(Seat { gate: self.clone(), address, user: None })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // No section leaves the counts half changed.
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Says whose socket it is, once that is known. False when that person has as many as one may.
    #[must_use]
    pub fn belongs_to(&mut self, user: UserId) -> bool {
        let most = self.gate.0.limits.sockets_per_user;
        let has_place = take(&mut self.gate.taken().users, user, most);
        if has_place {
            self.user = Some(user);
        }
        has_place
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.gate.taken();
        taken.sockets -= 1;
        if let Some(address) = self.address {
            give_back(&mut taken.addresses, address);
        }
        if let Some(user) = self.user {
            give_back(&mut taken.users, user);
        }
    }
}

fn is_reached(limit: u32, count: u32) -> bool {
    limit != 0 && count >= limit
}

fn take<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K, limit: u32) -> bool {
    match counts.entry(key) {
        Entry::Occupied(count) if is_reached(limit, *count.get()) => return false,
        Entry::Occupied(mut count) => *count.get_mut() += 1,
        Entry::Vacant(place) => {
            place.insert(1);
        }
    }
    true
}

fn give_back<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

/// What counts as one address.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << (u128::BITS - IPV6_PREFIX);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Limits {
        Limits {
            sockets: 0,
            sockets_per_user: 0,
            sockets_per_address: 0,
            connects_per_second: 0,
            connects_per_second_per_address: 0,
            ..Limits::default()
        }
    }

    fn at(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn reason(entered: Result<Seat, Turned>) -> Option<Refused> {
        entered.err().map(|turned| turned.reason)
    }

    #[test]
    fn places_are_given_back() {
        let gate = Gate::new(Limits { sockets: 3, sockets_per_address: 2, sockets_per_user: 1, ..open() });
        let mut first = gate.enter(at("192.0.2.1")).unwrap();
        let mut second = gate.enter(at("192.0.2.1")).unwrap();
        assert_eq!(reason(gate.enter(at("::ffff:192.0.2.1"))), Some(Refused::Address));
        let third = gate.enter(at("192.0.2.2")).unwrap();
        assert_eq!(reason(gate.enter(at("192.0.2.3"))), Some(Refused::Full));
        assert_eq!(reason(gate.enter(None)), Some(Refused::Full));
        assert!(first.belongs_to(UserId(1)));
        assert!(!second.belongs_to(UserId(1)));
        assert!(second.belongs_to(UserId(2)));
        drop((first, third));
        let mut again = gate.enter(at("192.0.2.1")).unwrap();
        assert!(again.belongs_to(UserId(1)));
        drop((second, again));
        let taken = gate.taken();
        assert_eq!((taken.sockets, taken.addresses.len(), taken.users.len()), (0, 0, 0));
    }

    #[test]
    fn a_refused_address_takes_no_place() {
        let gate = Gate::new(Limits { sockets: 2, sockets_per_address: 1, ..open() });
        let _first = gate.enter(at("192.0.2.1")).unwrap();
        assert_eq!(reason(gate.enter(at("192.0.2.1"))), Some(Refused::Address));
        assert_eq!(reason(gate.enter(at("192.0.2.2"))), None);
    }

    #[test]
    fn one_address_that_comes_too_fast_does_not_hold_up_another() {
        let gate = Gate::new(Limits { connects_per_second_per_address: 2, connects_per_second: 4, ..open() });
        let two = |text| [reason(gate.enter(at(text))), reason(gate.enter(at(text)))];
        assert_eq!(two("2001:db8::1"), [None, None]);
        // Of the same network, and it does not use up what is for all.
        assert_eq!(two("2001:db8::2"), [Some(Refused::Rate); 2]);
        assert_eq!(two("2001:db8:0:1::1"), [None, None]);
        assert_eq!(reason(gate.enter(at("192.0.2.1"))), Some(Refused::Rate));
    }

    #[test]
    fn nothing_is_limited_by_nought() {
        let gate = Gate::new(open());
        let mut seats: Vec<Seat> = (0..5_000).map(|_| gate.enter(at("192.0.2.1")).unwrap()).collect();
        assert!(seats.iter_mut().all(|seat| seat.belongs_to(UserId(1))));
    }
}
