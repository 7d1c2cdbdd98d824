//! Rate limits: how fast a user may send (the generic cell rate algorithm), and which messages are repeats.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use causerie_protocol::{ChatId, ClientId, UserId, limits};
use parking_lot::{Mutex, MutexGuard};

use crate::clock;
use crate::config::Limits;
use crate::outbox::MAX_PENDING_REQUESTS;

/// The burst that is allowed after a pause, in seconds of the rate.
pub(crate) const BURST: Duration = Duration::from_secs(limits::FRAMES_BURST_SECONDS);
/// For how long a socket that is over its rate is read more slowly, before it is closed with 4108.
pub(crate) const MAX_OVER: Duration = Duration::from_secs(limits::FRAMES_OVER_SECONDS);
/// The shortest pause that is worth a timer; shorter ones add up until they are.
const GRAIN: Duration = Duration::from_millis(10);
/// With this much of the burst free again a socket counts as within its rate.
const RECOVERED: Duration = Duration::from_millis(500);
/// Ids that are remembered of a user: as many as one socket may have unanswered, which is what it repeats.
const REMEMBERED_IDS: usize = MAX_PENDING_REQUESTS as usize;
/// Calls after which users who have paused for a while are forgotten.
const SWEEP: u32 = 1_024;

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A rate with its burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Nanoseconds from one event to the next.
    interval: u64,
    /// Nanoseconds by which they may come early.
    tolerance: u64,
}

impl Rate {
    /// `count` a period, with the events of `burst` at once; `None` for 0, which is no limit.
    pub(crate) fn new(count: u32, period: Duration, burst: Duration) -> Option<Self> {
        (count > 0).then(|| {
            let interval = (nanoseconds(period) / u64::from(count)).max(1);
            // The first of a burst is not early.
            Self { interval, tolerance: nanoseconds(burst).saturating_sub(interval) }
        })
    }

    /// Counts an event against `due`, the time at which it would be on time, and returns when the next one will be.
    ///
    /// The error is how long to wait, if it comes too early; then it is not counted.
    pub(crate) fn take(self, due: u64, now: u64) -> Result<u64, Duration> {
        match due.saturating_sub(now).checked_sub(self.tolerance) {
            Some(early) if early > 0 => Err(Duration::from_nanos(early)),
            _ => Ok(due.max(now) + self.interval),
        }
    }
}

/// A rate and when its next event is due.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    rate: Option<Rate>,
    due: AtomicU64,
}

/// How a limiter stands after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Balance {
    /// The burst has this much room left.
    Within(Duration),
    /// The rate is exceeded until this has passed.
    Over(Duration),
}

impl RateLimiter {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self { rate, due: AtomicU64::new(0) }
    }

    /// Counts an event, unless it comes too early; the error is how long to wait.
    pub(crate) fn take(&self, now: u64) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut wait = Duration::ZERO;
        let taken = self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |due| {
            rate.take(due, now).inspect_err(|early| wait = *early).ok()
        });
        taken.map(drop).map_err(|_| wait)
    }

    /// Counts an event that has happened already, however early.
    fn charge(&self, now: u64) -> Balance {
        let Some(rate) = self.rate else { return Balance::Within(Duration::MAX) };
        let next = |due: u64| due.max(now) + rate.interval;
        let due = match self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |due| Some(next(due))) {
            Ok(before) | Err(before) => next(before),
        };
        let (early, allowed) = (due - now, rate.interval + rate.tolerance);
        match early.checked_sub(allowed) {
            Some(behind) if behind > 0 => Balance::Over(Duration::from_nanos(behind)),
            _ => Balance::Within(Duration::from_nanos(allowed - early)),
        }
    }

    fn is_rested(&self, now: u64) -> bool {
        self.due.load(Ordering::Relaxed) <= now
    }
}

/// What one user sends through all sockets and requests of this node.
#[derive(Debug)]
pub struct UserRate {
    frames: RateLimiter,
    /// Repeats count apart, so that they never use up the rate of new frames.
    repeats: RateLimiter,
    messages: RateLimiter,
    recent: Mutex<Recent>,
}

/// The newest ids, as a ring of truncated hashes: a kilobyte a user, and a collision costs nothing.
#[derive(Debug, Default)]
struct Recent {
    hashes: Vec<u32>,
    next: usize,
}

impl UserRate {
    fn new(limits: &Limits) -> Self {
        let rate = per_second(limits.frames_per_second_per_user);
        let minute = Duration::from_secs(60);
        let messages = Rate::new(limits.messages_per_minute_per_user, minute, minute);
        Self {
            frames: RateLimiter::new(rate),
            repeats: RateLimiter::new(rate),
            messages: RateLimiter::new(messages),
            recent: Mutex::default(),
        }
    }

    /// Counts a message that is no repeat. The error is how long to wait: then it is not taken, and when it comes again it
    /// is no repeat either.
    pub fn try_message(&self, chat: ChatId, client_id: Option<&ClientId>, now: u64) -> Result<(), Duration> {
        self.messages.take(now).inspect_err(|_| {
            if let Some(client_id) = client_id {
                let hash = hash(chat, client_id);
                // The ring keeps its length: what is forgotten is replaced by what no message has but by chance.
                let mut recent = self.recent.lock();
                recent.hashes.iter_mut().filter(|known| **known == hash).for_each(|known| *known = !hash);
            }
        })
    }

    /// Whether this message came a moment ago. If not, it is remembered.
    pub fn is_repeat(&self, chat: ChatId, client_id: &ClientId) -> bool {
        let hash = hash(chat, client_id);
        let mut recent = self.recent.lock();
        let Recent { hashes, next } = &mut *recent;
        if hashes.contains(&hash) {
            return true;
        }
        match hashes.get_mut(*next) {
            Some(oldest) => *oldest = hash,
            None => hashes.push(hash),
        }
        *next = (*next + 1) % REMEMBERED_IDS;
        false
    }

    /// Counts a request as a frame; the error is how long to wait if there were too many.
    pub fn try_request(&self, is_repeat: bool, now: u64) -> Result<(), Duration> {
        if is_repeat { self.repeats.take(now) } else { self.frames.take(now) }
    }
}

/// What to do after a frame: whether and how the socket is throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    Read,
    /// Read on after this long.
    Pause(Duration),
    /// Close with 4108.
    Close,
}

/// What one socket sends, against its own rate and its user's.
#[derive(Debug)]
pub struct SocketRate {
    user: Arc<UserRate>,
    frames: RateLimiter,
    /// Since when the rate has been exceeded without a pause.
    over_since: Option<u64>,
}

impl SocketRate {
    pub fn user(&self) -> &UserRate {
        &self.user
    }

    pub fn count(&mut self, is_repeat: bool, now: u64) -> Throttle {
        let standing = if is_repeat {
            self.user.repeats.charge(now)
        } else {
            stricter(self.frames.charge(now), self.user.frames.charge(now))
        };
        match standing {
            Balance::Within(credit) => {
                if credit >= RECOVERED {
                    self.over_since = None;
                }
                Throttle::Read
            }
            Balance::Over(wait) if wait < GRAIN => Throttle::Read,
            Balance::Over(wait) => {
                let since = *self.over_since.get_or_insert(now);
                if now - since >= nanoseconds(MAX_OVER) { Throttle::Close } else { Throttle::Pause(wait) }
            }
        }
    }
}

fn stricter(one: Balance, other: Balance) -> Balance {
    match (one, other) {
        (Balance::Over(one), Balance::Over(other)) => Balance::Over(one.max(other)),
        (Balance::Within(one), Balance::Within(other)) => Balance::Within(one.min(other)),
        (over @ Balance::Over(_), _) | (_, over @ Balance::Over(_)) => over,
    }
}

fn hash(chat: ChatId, client_id: &ClientId) -> u32 {
    static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    STATE.hash_one((chat, client_id)) as u32
}

fn per_second(count: u32) -> Option<Rate> {
    Rate::new(count, Duration::from_secs(1), BURST)
}

/// The rates of all users who send to this node, or did a moment ago; clones share them.
#[derive(Clone, Debug)]
pub struct UserRates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    users: Mutex<Users>,
}

#[derive(Debug, Default)]
struct Users {
    rates: HashMap<UserId, Arc<UserRate>>,
    calls: u32,
}

impl UserRates {
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Inner { limits, users: Mutex::default() }))
    }

    /// A user's rate, which outlives their sockets until it is at rest.
    pub fn user(&self, user: UserId) -> Arc<UserRate> {
        let mut guard = self.users();
        let users = &mut *guard;
        users.calls = users.calls.wrapping_add(1);
        if users.calls.is_multiple_of(SWEEP) {
            let now = clock::monotonic();
            users.rates.retain(|_, rate| {
                let is_rested =
                    rate.frames.is_rested(now) && rate.repeats.is_rested(now) && rate.messages.is_rested(now);
                Arc::strong_count(rate) > 1 || !is_rested
            });
        }
        users.rates.entry(user).or_insert_with(|| Arc::new(UserRate::new(&self.0.limits))).clone()
    }

    /// The rate of a new socket of this user.
    pub fn socket(&self, user: UserId) -> SocketRate {
        let frames = RateLimiter::new(per_second(self.0.limits.frames_per_second));
        SocketRate { user: self.user(user), frames, over_since: None }
    }

    fn users(&self) -> MutexGuard<'_, Users> {
        self.0.users.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn rates(of_socket: u32, of_user: u32) -> UserRates {
        let limits =
            Limits { frames_per_second: of_socket, frames_per_second_per_user: of_user, ..Limits::default() };
        UserRates::new(limits)
    }

    #[test]
    fn a_burst_passes_and_what_follows_keeps_to_the_rate() {
        let limiter = RateLimiter::new(Rate::new(10, Duration::from_secs(1), Duration::from_secs(2)));
        let start = 7 * SECOND;
        let passed = (0..100).filter(|_| limiter.take(start).is_ok()).count();
        assert_eq!(passed, 20);
        assert_eq!(limiter.take(start), Err(Duration::from_millis(100)));
        assert_eq!(limiter.take(start + SECOND / 10), Ok(()));
        let passed = (0..100).filter(|_| limiter.take(start + SECOND).is_ok()).count();
        assert_eq!(passed, 9);
        assert_eq!((0..100).filter(|_| limiter.take(start + 60 * SECOND).is_ok()).count(), 20);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let mut socket = rates(0, 0).socket(UserId(1));
        assert!((0..100_000).all(|_| socket.count(false, SECOND) == Throttle::Read));
        assert!((0..100_000).all(|_| socket.user().try_request(false, SECOND).is_ok()));
    }

    /// Sends without a pause, as fast as it is let, and answers the frames that were read in each second, and the end.
    fn flood(socket: &mut SocketRate, seconds: usize) -> (Vec<u32>, Throttle) {
        let start = 1_000 * SECOND;
        let mut now = start;
        let mut read = vec![0; seconds];
        loop {
            let second = usize::try_from((now - start) / SECOND).unwrap();
            let Some(count) = read.get_mut(second) else { return (read, Throttle::Read) };
            *count += 1;
            match socket.count(false, now) {
                // Each takes ten microseconds.
                Throttle::Read => now += SECOND / 100_000,
                Throttle::Pause(wait) => now += nanoseconds(wait),
                Throttle::Close => return (read, Throttle::Close),
            }
        }
    }

    #[test]
    fn a_flood_is_read_at_the_rate_and_then_closed() {
        let mut socket = rates(1_000, 0).socket(UserId(1));
        let (read, end) = flood(&mut socket, 60);
        assert_eq!(end, Throttle::Close);
        let total: u32 = read.iter().sum();
        let most = 1_000 * u32::try_from((BURST + MAX_OVER).as_secs()).unwrap();
        assert!((most - 100..most + 200).contains(&total), "{read:?}");
    }

    #[test]
    fn all_sockets_of_a_user_share_one_rate_and_another_user_has_their_own() {
        let rates = rates(1_000, 1_000);
        let [mut one, mut two] = [rates.socket(UserId(1)), rates.socket(UserId(1))];
        let read = (0..20_000).filter(|_| one.count(false, SECOND) == Throttle::Read).count();
        assert!((5_000..5_020).contains(&read), "{read}");
        assert!(matches!(two.count(false, SECOND), Throttle::Pause(_)));
        assert_eq!(rates.socket(UserId(2)).count(false, SECOND), Throttle::Read);
    }

    #[test]
    fn a_pause_ends_the_time_over_the_rate() {
        let mut socket = rates(10, 0).socket(UserId(1));
        let mut now = 1_000 * SECOND;
        for _ in 0..20 {
            // Six seconds' worth every six seconds: over the limit each time, and never for long.
            for _ in 0..60 {
                assert_ne!(socket.count(false, now), Throttle::Close);
            }
            now += 7 * SECOND;
        }
    }

    #[test]
    fn a_repeat_counts_once() {
        let rates = rates(0, 10);
        let (chat, id) = (ChatId(1), |n: usize| ClientId::new(format!("id-{n}")).unwrap());
        let user = rates.user(UserId(1));
        assert!(!user.is_repeat(chat, &id(0)));
        assert!(user.is_repeat(chat, &id(0)));
        assert!(!user.is_repeat(ChatId(2), &id(0)), "another chat's message is another");
        for n in 1..REMEMBERED_IDS - 1 {
            assert!(!user.is_repeat(chat, &id(n)));
        }
        // All that one socket may have unanswered can be sent again, once, without using up the rate.
        assert!((0..REMEMBERED_IDS - 1).all(|n| user.is_repeat(chat, &id(n))));
        assert_eq!(user.recent.lock().hashes.len(), REMEMBERED_IDS);
        assert!(!user.is_repeat(chat, &id(REMEMBERED_IDS)));
        assert_eq!(user.recent.lock().hashes.len(), REMEMBERED_IDS);
        let mut socket = rates.socket(UserId(1));
        for _ in 0..50 {
            assert_eq!(socket.count(true, SECOND), Throttle::Read);
        }
        assert!(matches!(socket.count(true, SECOND), Throttle::Pause(_)), "repeats are read at a rate too");
        for _ in 0..50 {
            assert_eq!(socket.count(false, SECOND), Throttle::Read);
        }
    }

    #[test]
    fn a_user_who_comes_back_has_the_same_rate_until_it_is_at_rest() {
        let rates = rates(10, 10);
        let mut socket = rates.socket(UserId(1));
        let start = clock::monotonic();
        while socket.count(false, start) == Throttle::Read {}
        drop(socket);
        for n in 0..2 * i64::from(SWEEP) {
            drop(rates.user(UserId(2 + n)));
        }
        assert!(matches!(rates.socket(UserId(1)).count(false, start), Throttle::Pause(_)));
        // The rates of users who sent nothing are not kept.
        assert!(rates.users().rates.len() <= SWEEP as usize + 1);
    }
}
