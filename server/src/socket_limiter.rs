//! How many sockets there may be: in all, of one person and of one address, and how fast they may be opened.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use causerie_protocol::UserId;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota};
use parking_lot::{Mutex, MutexGuard};

use crate::config::Limits;

/// When to try again after too many handshakes a second.
const RATE_RETRY: Duration = Duration::from_secs(1);
/// When to try again while there are as many sockets as there may be.
const FULL_RETRY: Duration = Duration::from_secs(5);
/// Handshakes after which addresses that were quiet for a while are forgotten.
const SWEEP: u32 = 1_024;
/// The part of an IPv6 address that one customer has: what is behind it can be chosen at will (RFC 6177).
const IPV6_PREFIX: u32 = 64;

/// A handle to the node's limiter; clones share it.
#[derive(Clone)]
pub struct SocketLimiter(Arc<Inner>);

struct Inner {
    limits: Limits,
    counts: Mutex<Counts>,
    rate: Option<DefaultDirectRateLimiter>,
    rate_per_address: Option<DefaultKeyedRateLimiter<IpAddr>>,
    handshakes: AtomicU32,
}

/// The open sockets; an address or a user without one has no entry.
#[derive(Default)]
struct Counts {
    sockets: u32,
    addresses: HashMap<IpAddr, u32>,
    users: HashMap<UserId, u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Handshakes a second, of all or of one address.
    Rate,
    /// Sockets of all.
    Sockets,
    /// Sockets of one address.
    SocketsPerAddress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitExceeded {
    pub limit: Limit,
    pub retry_after: Duration,
}

/// The right to one socket; given back when it is dropped.
pub struct SocketPermit {
    limiter: SocketLimiter,
    address: Option<IpAddr>,
    user: Option<UserId>,
}

impl SocketLimiter {
    pub fn new(limits: Limits) -> Self {
        let quota = |count: u32| NonZeroU32::new(count).map(Quota::per_second);
        Self(Arc::new(Inner {
            limits,
            counts: Mutex::default(),
            rate: quota(limits.connects_per_second).map(DefaultDirectRateLimiter::direct),
            rate_per_address: quota(limits.connects_per_second_per_address)
                .map(DefaultKeyedRateLimiter::keyed),
            handshakes: AtomicU32::new(0),
        }))
    }

    /// A permit for a socket that is about to be opened. Without an address only the limits for all hold.
    pub fn try_acquire(&self, address: Option<IpAddr>) -> Result<SocketPermit, LimitExceeded> {
        let Inner { limits, rate, rate_per_address, handshakes, .. } = &*self.0;
        let address = address.map(network);
        let exceeded = |limit, retry_after| LimitExceeded { limit, retry_after };
        if let (Some(rate), Some(address)) = (rate_per_address, &address) {
            if handshakes.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
                rate.retain_recent();
                rate.shrink_to_fit();
            }
            rate.check_key(address).map_err(|_| exceeded(Limit::Rate, RATE_RETRY))?;
        }
        // After the address's own, so that one client can't use up everybody's.
        if let Some(rate) = rate {
            rate.check().map_err(|_| exceeded(Limit::Rate, RATE_RETRY))?;
        }
        let mut counts = self.counts();
        if is_reached(limits.sockets, counts.sockets) {
            return Err(exceeded(Limit::Sockets, FULL_RETRY));
        }
        if let Some(address) = address
            && !increment(&mut counts.addresses, address, limits.sockets_per_address)
        {
            return Err(exceeded(Limit::SocketsPerAddress, FULL_RETRY));
        }
        counts.sockets += 1;
        Ok(SocketPermit { limiter: self.clone(), address, user: None })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock()
    }
}

impl SocketPermit {
    /// Says whose socket it is, once that is known. Returns false when that user has as many sockets as one may.
    #[must_use]
    pub fn assign_user(&mut self, user: UserId) -> bool {
        let limit = self.limiter.0.limits.sockets_per_user;
        let has_room = increment(&mut self.limiter.counts().users, user, limit);
        if has_room {
            self.user = Some(user);
        }
        has_room
    }
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        let mut counts = self.limiter.counts();
        counts.sockets -= 1;
        if let Some(address) = self.address {
            decrement(&mut counts.addresses, address);
        }
        if let Some(user) = self.user {
            decrement(&mut counts.users, user);
        }
    }
}

fn is_reached(limit: u32, count: u32) -> bool {
    limit != 0 && count >= limit
}

fn increment<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K, limit: u32) -> bool {
    match counts.entry(key) {
        Entry::Occupied(count) if is_reached(limit, *count.get()) => return false,
        Entry::Occupied(mut count) => *count.get_mut() += 1,
        Entry::Vacant(entry) => {
            entry.insert(1);
        }
    }
    true
}

fn decrement<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

/// What counts as one address: an IPv4 address, or the network of an IPv6 one.
pub(crate) fn network(address: IpAddr) -> IpAddr {
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

    fn exceeded(acquired: Result<SocketPermit, LimitExceeded>) -> Option<Limit> {
        acquired.err().map(|exceeded| exceeded.limit)
    }

    #[test]
    fn permits_are_given_back() {
        let limiter =
            SocketLimiter::new(Limits { sockets: 3, sockets_per_address: 2, sockets_per_user: 1, ..open() });
        let mut first = limiter.try_acquire(at("192.0.2.1")).unwrap();
        let mut second = limiter.try_acquire(at("192.0.2.1")).unwrap();
        assert_eq!(exceeded(limiter.try_acquire(at("::ffff:192.0.2.1"))), Some(Limit::SocketsPerAddress));
        let third = limiter.try_acquire(at("192.0.2.2")).unwrap();
        assert_eq!(exceeded(limiter.try_acquire(at("192.0.2.3"))), Some(Limit::Sockets));
        assert_eq!(exceeded(limiter.try_acquire(None)), Some(Limit::Sockets));
        assert!(first.assign_user(UserId(1)));
        assert!(!second.assign_user(UserId(1)));
        assert!(second.assign_user(UserId(2)));
        drop((first, third));
        let mut again = limiter.try_acquire(at("192.0.2.1")).unwrap();
        assert!(again.assign_user(UserId(1)));
        drop((second, again));
        let counts = limiter.counts();
        assert_eq!((counts.sockets, counts.addresses.len(), counts.users.len()), (0, 0, 0));
    }

    #[test]
    fn a_refused_address_takes_no_permit() {
        let limiter = SocketLimiter::new(Limits { sockets: 2, sockets_per_address: 1, ..open() });
        let _first = limiter.try_acquire(at("192.0.2.1")).unwrap();
        assert_eq!(exceeded(limiter.try_acquire(at("192.0.2.1"))), Some(Limit::SocketsPerAddress));
        assert_eq!(exceeded(limiter.try_acquire(at("192.0.2.2"))), None);
    }

    #[test]
    fn an_address_over_its_rate_does_not_use_up_the_rate_of_all() {
        let limiter = SocketLimiter::new(Limits {
            connects_per_second_per_address: 2,
            connects_per_second: 4,
            ..open()
        });
        let two = |text| [exceeded(limiter.try_acquire(at(text))), exceeded(limiter.try_acquire(at(text)))];
        assert_eq!(two("2001:db8::1"), [None, None]);
        // Of the same network, and it does not use up what is for all.
        assert_eq!(two("2001:db8::2"), [Some(Limit::Rate); 2]);
        assert_eq!(two("2001:db8:0:1::1"), [None, None]);
        assert_eq!(exceeded(limiter.try_acquire(at("192.0.2.1"))), Some(Limit::Rate));
    }

    #[test]
    fn a_limit_of_zero_is_no_limit() {
        let limiter = SocketLimiter::new(open());
        let mut permits: Vec<SocketPermit> =
            (0..5_000).map(|_| limiter.try_acquire(at("192.0.2.1")).unwrap()).collect();
        assert!(permits.iter_mut().all(|permit| permit.assign_user(UserId(1))));
    }
}
