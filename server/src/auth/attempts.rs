//! Limits for guesses at passwords and addresses, for registrations, new chats and invitations: counted by network and
//! account, in bounded memory.
//!
//! A stranger must not be able to lock the owner of an account out. So a limit that refuses is always one of a network;
//! the limit of an account from everywhere only leads to a slower queue, which a network that the owner has signed in
//! from before does not enter.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use causerie_protocol::UserId;
use causerie_protocol::limits::ACCOUNT_CHANGES_PER_MINUTE;
use hashlink::LruCache;
use parking_lot::{Mutex, MutexGuard};

use crate::config::Limits;
use crate::rate_limit::Rate;
use crate::socket_limiter::network;

/// Guesses within [`WINDOW`] after which further ones from the same network are refused without a look at the password.
pub(crate) const ALLOWED: u32 = 10;
/// How long guesses are counted, from the first one on.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// Mails to one account within an hour.
pub(crate) const MAILS_PER_HOUR: u32 = 3;
/// Entries that are kept of each kind, at some 50 bytes each; the least recently used one is dropped.
const KEPT: usize = 50_000;

/// Keys are hashed with a random state, so that nobody can aim at another's count.
#[derive(Debug)]
pub(crate) struct Attempts {
    state: RandomState,
    start: Instant,
    sign_ins: Option<Rate>,
    registrations: Option<Rate>,
    mails: Option<Rate>,
    addresses_of_user: Option<Rate>,
    addresses_of_network: Option<Rate>,
    new_chats: Option<Rate>,
    invitations: Option<Rate>,
    account_changes: Option<Rate>,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Guesses, by account and network.
    guesses: LruCache<u64, Count>,
    /// Successful sign-ins, by account and network.
    known: LruCache<u64, ()>,
    /// When a network's next sign-in is due, and its next registration.
    sign_ins: LruCache<u64, u64>,
    registrations: LruCache<u64, u64>,
    /// When the next mail to an account is due.
    mails: LruCache<u64, u64>,
    /// When a user's or a network's next try at an address is due, and a user's next chat with a stranger and invitation.
    addresses: LruCache<u64, u64>,
    new_chats: LruCache<u64, u64>,
    invitations: LruCache<u64, u64>,
    account_changes: LruCache<u64, u64>,
}

/// Who tries addresses, as the key of a count.
#[derive(Hash)]
enum Tried<N> {
    Of(UserId),
    By(N),
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    guesses: u32,
}

/// Where a sign-in comes from, which decides the queue that its password is checked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The account was signed in to from this network before.
    Known,
    /// The account was not signed in to from this network before.
    New,
    /// The network is unknown, since a proxy named no client, and this account was guessed at too often from unknown
    /// networks. The password is checked all the same, or the guesser would lock the owner out.
    Suspicious {
        /// How long the count lasts, for the answer to one more wrong guess.
        wait: Duration,
    },
}

impl Attempts {
    pub(crate) fn new(limits: &Limits) -> Self {
        let minute = Duration::from_secs(60);
        let (hour, day) = (60 * minute, 24 * 60 * minute);
        Self {
            state: RandomState::new(),
            start: Instant::now(),
            sign_ins: Rate::new(limits.sign_ins_per_minute_per_address, minute, minute),
            registrations: Rate::new(limits.registrations_per_minute_per_address, minute, minute),
            mails: Rate::new(MAILS_PER_HOUR, hour, hour),
            addresses_of_user: Rate::new(limits.addresses_per_hour_per_user, hour, hour),
            addresses_of_network: Rate::new(limits.addresses_per_hour_per_address, hour, hour),
            new_chats: Rate::new(limits.new_chats_per_day_per_user, day, day),
            invitations: Rate::new(limits.invitations_per_day_per_user, day, day),
            account_changes: Rate::new(ACCOUNT_CHANGES_PER_MINUTE, minute, minute),
            kept: Mutex::new(Kept {
                guesses: LruCache::new(KEPT),
                known: LruCache::new(KEPT),
                sign_ins: LruCache::new(KEPT),
                registrations: LruCache::new(KEPT),
                mails: LruCache::new(KEPT),
                addresses: LruCache::new(KEPT),
                new_chats: LruCache::new(KEPT),
                invitations: LruCache::new(KEPT),
                account_changes: LruCache::new(KEPT),
            }),
        }
    }

    /// Counts a guess, before the password is checked, so that concurrent ones are counted too. The error is how long to
    /// wait if there were too many.
    ///
    /// `address` is missing when a proxy did not name the client.
    pub(crate) fn begin(
        &self,
        address: Option<IpAddr>,
        email: &str,
        now: Instant,
    ) -> Result<Origin, Duration> {
        let network = address.map(network);
        let key = self.key((network, email.to_lowercase()));
        let mut kept = self.kept();
        if let (Some(rate), Some(network)) = (self.sign_ins, network) {
            self.take(rate, &mut kept.sign_ins, network, now)?;
        }
        let fresh = Count { since: now, guesses: 0 };
        let mut count = kept.guesses.get(&key).copied().unwrap_or(fresh);
        if now.duration_since(count.since) >= WINDOW {
            count = fresh;
        }
        if count.guesses >= ALLOWED {
            let wait = WINDOW - now.duration_since(count.since);
            return if network.is_some() { Err(wait) } else { Ok(Origin::Suspicious { wait }) };
        }
        count.guesses += 1;
        kept.guesses.insert(key, count);
        let is_known = network.is_some() && kept.known.get(&key).is_some();
        Ok(if is_known { Origin::Known } else { Origin::New })
    }

    /// Counts a registration, before its password is hashed. The error is how long to wait if there were too many, or too
    /// many addresses of accounts were tried.
    pub(crate) fn register(&self, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let Some(network) = address.map(network) else { return Ok(()) };
        let mut kept = self.kept();
        if let Some(rate) = self.addresses_of_network {
            let due = kept.addresses.get(&self.key(Tried::By(network))).copied().unwrap_or(0);
            rate.take(due, self.since_start(now))?;
        }
        match self.registrations {
            Some(rate) => self.take(rate, &mut kept.registrations, network, now),
            None => Ok(()),
        }
    }

    /// Counts a registration whose answer told that there is such an account.
    pub(crate) fn found_account(&self, address: Option<IpAddr>, now: Instant) {
        if let (Some(rate), Some(network)) = (self.addresses_of_network, address.map(network)) {
            // What is above the limit was refused before.
            let _ = self.take(rate, &mut self.kept().addresses, Tried::By(network), now);
        }
    }

    /// Counts an address that somebody tries, be there such an account or not, by person and by network. The error is as
    /// for [`Attempts::begin`].
    pub(crate) fn try_address(
        &self,
        user: UserId,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<(), Duration> {
        let mut kept = self.kept();
        if let Some(rate) = self.addresses_of_user {
            self.take(rate, &mut kept.addresses, Tried::<IpAddr>::Of(user), now)?;
        }
        match (self.addresses_of_network, address.map(network)) {
            (Some(rate), Some(network)) => self.take(rate, &mut kept.addresses, Tried::By(network), now),
            _ => Ok(()),
        }
    }

    /// Counts a chat with a stranger. The error is as for [`Attempts::begin`].
    pub(crate) fn start_chat(&self, user: UserId, now: Instant) -> Result<(), Duration> {
        match self.new_chats {
            Some(rate) => self.take(rate, &mut self.kept().new_chats, user, now),
            None => Ok(()),
        }
    }

    /// Counts an invitation. The error is as for [`Attempts::begin`].
    pub(crate) fn invite(&self, user: UserId, now: Instant) -> Result<(), Duration> {
        match self.invitations {
            Some(rate) => self.take(rate, &mut self.kept().invitations, user, now),
            None => Ok(()),
        }
    }

    /// Counts a change of one's own account. The error is as for [`Attempts::begin`].
    pub(crate) fn change_account(&self, user: UserId, now: Instant) -> Result<(), Duration> {
        match self.account_changes {
            Some(rate) => self.take(rate, &mut self.kept().account_changes, user, now),
            None => Ok(()),
        }
    }

    /// Counts a look at a link of somebody who is not signed in, by network alone. The error is as for [`Attempts::begin`].
    pub(crate) fn look(&self, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        match (self.sign_ins, address.map(network)) {
            (Some(rate), Some(network)) => self.take(rate, &mut self.kept().sign_ins, network, now),
            _ => Ok(()),
        }
    }

    /// Counts a wish for a link by mail: by network, and by account, so that nobody's box is filled. The error is as for
    /// [`Attempts::begin`].
    pub(crate) fn ask_reset(
        &self,
        address: Option<IpAddr>,
        email: &str,
        now: Instant,
    ) -> Result<(), Duration> {
        self.look(address, now)?;
        match self.mails {
            Some(rate) => self.take(rate, &mut self.kept().mails, email.to_lowercase(), now),
            None => Ok(()),
        }
    }

    /// Forgets the guesses after a successful sign-in, and remembers the network.
    pub(crate) fn succeeded(&self, address: Option<IpAddr>, email: &str) {
        // Where the network is not known the guesses may be another's.
        if let Some(address) = address {
            let key = self.key((Some(network(address)), email.to_lowercase()));
            let mut kept = self.kept();
            kept.guesses.remove(&key);
            kept.known.insert(key, ());
        }
    }

    fn take(
        &self,
        rate: Rate,
        dues: &mut LruCache<u64, u64>,
        of: impl Hash,
        now: Instant,
    ) -> Result<(), Duration> {
        let key = self.key(of);
        let now = self.since_start(now);
        let due = rate.take(dues.get(&key).copied().unwrap_or(0), now)?;
        dues.insert(key, due);
        Ok(())
    }

    fn since_start(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    fn key(&self, of: impl Hash) -> u64 {
        self.state.hash_one(of)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "ana@example.org";

    fn at(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn attempts() -> Attempts {
        Attempts::new(&Limits::default())
    }

    #[test]
    fn guesses_run_out_and_come_back() {
        let attempts = attempts();
        let (here, start) = (at("127.0.0.1"), Instant::now());
        for _ in 0..ALLOWED {
            assert_eq!(attempts.begin(here, ANA, start), Ok(Origin::New));
        }
        let later = start + Duration::from_secs(20);
        assert_eq!(attempts.begin(here, "ANA@example.org", later), Err(Duration::from_secs(40)));
        assert_eq!(attempts.begin(here, "ben@example.org", later), Ok(Origin::New));
        assert_eq!(attempts.begin(at("192.0.2.1"), ANA, later), Ok(Origin::New));
        assert_eq!(attempts.begin(here, ANA, start + WINDOW), Ok(Origin::New));
    }

    #[test]
    fn one_network_of_ipv6_is_one_place_to_guess_from() {
        let (attempts, now) = (attempts(), Instant::now());
        for last in 0..ALLOWED {
            assert_eq!(attempts.begin(at(&format!("2001:db8::{last}")), ANA, now), Ok(Origin::New));
        }
        assert_eq!(attempts.begin(at("2001:db8::ffff"), ANA, now), Err(WINDOW));
        assert_eq!(attempts.begin(at("2001:db8:0:1::1"), ANA, now), Ok(Origin::New));
    }

    #[test]
    fn knowing_the_password_clears_the_count_and_makes_the_network_known() {
        let (attempts, here, now) = (attempts(), at("192.0.2.1"), Instant::now());
        assert_eq!(attempts.begin(here, ANA, now), Ok(Origin::New));
        for _ in 0..3 * ALLOWED {
            attempts.succeeded(here, ANA);
            assert_eq!(attempts.begin(here, ANA, now), Ok(Origin::Known));
        }
        assert_eq!(attempts.begin(here, "ben@example.org", now), Ok(Origin::New));
        assert_eq!(attempts.begin(at("192.0.2.2"), ANA, now), Ok(Origin::New));
    }

    #[test]
    fn strangers_who_guess_from_everywhere_lock_nobody_out() {
        let (attempts, home, now) = (attempts(), at("192.0.2.1"), Instant::now());
        attempts.succeeded(home, ANA);
        for host in 0..1_000 {
            let stranger = at(&format!("198.51.{}.{}", 100 + host / 250, host % 250));
            for _ in 0..2 * ALLOWED {
                let _ = attempts.begin(stranger, ANA, now);
            }
        }
        assert_eq!(attempts.begin(home, ANA, now), Ok(Origin::Known));
        assert_eq!(attempts.begin(at("203.0.113.7"), ANA, now), Ok(Origin::New));
    }

    #[test]
    fn behind_a_proxy_that_names_no_client_nobody_is_refused_unseen() {
        let (attempts, now) = (attempts(), Instant::now());
        for _ in 0..ALLOWED {
            assert_eq!(attempts.begin(None, ANA, now), Ok(Origin::New));
        }
        for _ in 0..100 {
            assert_eq!(attempts.begin(None, ANA, now), Ok(Origin::Suspicious { wait: WINDOW }));
            // Whoever signs in may not be the one who guessed.
            attempts.succeeded(None, ANA);
        }
        assert_eq!(attempts.begin(None, "ben@example.org", now), Ok(Origin::New));
        assert_eq!(attempts.begin(at("192.0.2.1"), ANA, now), Ok(Origin::New));
    }

    #[test]
    fn one_network_has_its_own_rates() {
        let limits = Limits {
            sign_ins_per_minute_per_address: 6,
            registrations_per_minute_per_address: 3,
            ..Limits::default()
        };
        let (attempts, now) = (Attempts::new(&limits), Instant::now());
        let sign_ins = |last: u32| {
            let address = at(&format!("2001:db8::{last}"));
            (0..10)
                .filter(|n| attempts.begin(address, &format!("{last}-{n}@example.org"), now).is_ok())
                .count()
        };
        assert_eq!([sign_ins(1), sign_ins(2)], [6, 0]);
        let register = |address| (0..10).filter(|_| attempts.register(address, now).is_ok()).count();
        assert_eq!([register(at("192.0.2.1")), register(at("192.0.2.2")), register(None)], [3, 3, 10]);
        assert_eq!(attempts.register(at("192.0.2.1"), now), Err(Duration::from_secs(20)));
        assert_eq!(attempts.register(at("192.0.2.1"), now + Duration::from_secs(20)), Ok(()));
    }

    #[test]
    fn addresses_are_tried_so_often_by_one_person_and_from_one_network() {
        let limits = Limits {
            addresses_per_hour_per_user: 2,
            addresses_per_hour_per_address: 5,
            registrations_per_minute_per_address: 0,
            ..Limits::default()
        };
        let (attempts, now) = (Attempts::new(&limits), Instant::now());
        let here = at("192.0.2.1");
        let tries = |user| (0..4).filter(|_| attempts.try_address(UserId(user), here, now).is_ok()).count();
        assert_eq!([tries(1), tries(2)], [2, 2]);
        // A registration that found somebody is the fifth, and then none is told anything.
        assert_eq!(attempts.register(here, now), Ok(()));
        attempts.found_account(here, now);
        assert_eq!(attempts.register(here, now), Err(Duration::from_secs(720)));
        assert!(attempts.try_address(UserId(3), here, now).is_err());
        assert_eq!(attempts.try_address(UserId(4), at("192.0.2.2"), now), Ok(()));
        assert_eq!(attempts.register(here, now + Duration::from_secs(720)), Ok(()));
    }

    #[test]
    fn new_chats_and_invitations_are_so_many_a_day() {
        let limits =
            Limits { new_chats_per_day_per_user: 2, invitations_per_day_per_user: 1, ..Limits::default() };
        let (attempts, now) = (Attempts::new(&limits), Instant::now());
        let half_a_day = Duration::from_secs(12 * 60 * 60);
        let start = |user, now| attempts.start_chat(UserId(user), now);
        assert_eq!([start(1, now), start(1, now), start(1, now)], [Ok(()), Ok(()), Err(half_a_day)]);
        assert_eq!([start(2, now), start(1, now + half_a_day)], [Ok(()), Ok(())]);
        assert_eq!(attempts.invite(UserId(1), now), Ok(()));
        assert_eq!(attempts.invite(UserId(1), now), Err(2 * half_a_day));
    }

    #[test]
    fn an_account_is_changed_so_many_times_a_minute() {
        let (attempts, now) = (Attempts::new(&Limits::default()), Instant::now());
        let mut taken =
            (0..=ACCOUNT_CHANGES_PER_MINUTE).map(|_| attempts.change_account(UserId(1), now).is_ok());
        assert!(taken.by_ref().take(ACCOUNT_CHANGES_PER_MINUTE as usize).all(|taken| taken));
        assert_eq!(taken.next(), Some(false));
        assert_eq!(attempts.change_account(UserId(2), now), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits { sign_ins_per_minute_per_address: 1, ..Limits::default() };
        let (attempts, now) = (Attempts::new(&limits), Instant::now());
        for guess in 0..u32::try_from(KEPT).unwrap() + 3 {
            let address = Some(IpAddr::from((0x0a00_0000 + guess).to_be_bytes()));
            assert_eq!(attempts.begin(address, ANA, now), Ok(Origin::New));
            assert_eq!(attempts.register(address, now), Ok(()));
            attempts.succeeded(address, "ben@example.org");
        }
        let kept = attempts.kept();
        let sizes = [kept.guesses.len(), kept.known.len(), kept.sign_ins.len(), kept.registrations.len()];
        assert_eq!(sizes, [KEPT; 4]);
    }
}
