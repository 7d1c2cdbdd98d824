//! How fast somebody may send: the generic cell rate algorithm over a clock that never steps, and what a repeat is.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use causerie_protocol::{ChatId, ClientId, UserId, limits};

use crate::config::Limits;
use crate::outbox::MAX_PENDING_REQUESTS;

/// How much may come at once after a pause, in seconds of the rate.
pub(crate) const BURST: Duration = Duration::from_secs(limits::FRAMES_BURST_SECONDS);
/// For how long a socket is read more slowly before it is closed with 4108.
pub(crate) const HELD_BACK: Duration = Duration::from_secs(limits::FRAMES_OVER_SECONDS);
/// The shortest wait that is worth a timer; what is owed until then waits together.
const GRAIN: Duration = Duration::from_millis(10);
/// A pause of this length ends the time for which a socket counts as held back.
const RECOVERED: Duration = Duration::from_millis(500);
/// Ids that are remembered of a person: as many as one socket may have unanswered, which is what it repeats.
const REMEMBERED: usize = MAX_PENDING_REQUESTS as usize;
/// Sign-ins after which people who have paused for a while are forgotten.
const SWEEP: u32 = 1_024;

/// Nanoseconds since the program first asked. The wall clock would do for nothing here: it is set and leaps.
#[must_use]
pub(crate) fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    nanoseconds(START.elapsed())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A rate and what may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Nanoseconds from one to the next.
    interval: u64,
    /// Nanoseconds by which they may come early.
    tolerance: u64,
}

impl Rate {
    /// So many in each of these periods, `burst` of which may come at once; `None` for 0, which is no limit.
    #[must_use]
    pub(crate) fn new(count: u32, period: Duration, burst: Duration) -> Option<Self> {
        (count > 0).then(|| {
            let interval = (nanoseconds(period) / u64::from(count)).max(1);
            // The first of a burst is not early.
            Self { interval, tolerance: nanoseconds(burst).saturating_sub(interval) }
        })
    }

    /// Counts one more against `due`, the time at which the next would be on time.
    ///
    /// # Errors
    /// How long to wait, when it comes too early; then it is not counted.
    pub(crate) fn take(self, due: u64, now: u64) -> Result<u64, Duration> {
        match due.saturating_sub(now).checked_sub(self.tolerance) {
            Some(early) if early > 0 => Err(Duration::from_nanos(early)),
            _ => Ok(due.max(now) + self.interval),
        }
    }
}

/// One rate and where it stands.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: Option<Rate>,
    due: AtomicU64,
}

/// Where a pace stands after one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// So much could come at once before anything waits.
    Ahead(Duration),
    /// It is over the limit until this has passed.
    Behind(Duration),
}

impl Pace {
    /// At a rate, with nothing used up.
    #[must_use]
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self { rate, due: AtomicU64::new(0) }
    }

    /// Counts one more, unless it comes too early.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn take(&self, now: u64) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut wait = Duration::ZERO;
        let taken = self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |due| {
            rate.take(due, now).inspect_err(|early| wait = *early).ok()
        });
        taken.map(drop).map_err(|_| wait)
    }

    /// Counts one more that has come already, however early.
    fn charge(&self, now: u64) -> Standing {
        let Some(rate) = self.rate else { return Standing::Ahead(Duration::MAX) };
        let next = |due: u64| due.max(now) + rate.interval;
        let due = match self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |due| Some(next(due))) {
            Ok(before) | Err(before) => next(before),
        };
        let (early, allowed) = (due - now, rate.interval + rate.tolerance);
        match early.checked_sub(allowed) {
            Some(behind) if behind > 0 => Standing::Behind(Duration::from_nanos(behind)),
            _ => Standing::Ahead(Duration::from_nanos(allowed - early)),
        }
    }

    fn is_rested(&self, now: u64) -> bool {
        self.due.load(Ordering::Relaxed) <= now
    }
}

/// What one person sends through all sockets and requests of this node.
#[derive(Debug)]
pub struct Person {
    frames: Pace,
    /// Repeats are counted apart, so that they never use up what is for new frames.
    repeats: Pace,
    recent: Mutex<Recent>,
}

/// The newest ids, as a ring of a part of their hashes: a kilobyte a person, and two that are taken for one cost nothing.
#[derive(Debug, Default)]
struct Recent {
    hashes: Vec<u32>,
    next: usize,
}

impl Person {
    fn new(limits: &Limits) -> Self {
        let rate = per_second(limits.frames_per_second_per_user);
        Self { frames: Pace::new(rate), repeats: Pace::new(rate), recent: Mutex::default() }
    }

    /// Whether this message came a moment ago. If not, it is remembered.
    #[must_use]
    pub fn repeats(&self, chat: ChatId, client_id: &ClientId) -> bool {
        static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let hash = STATE.hash_one((chat, client_id)) as u32;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let Recent { hashes, next } = &mut *recent;
        if hashes.contains(&hash) {
            return true;
        }
        match hashes.get_mut(*next) {
            Some(oldest) => *oldest = hash,
            None => hashes.push(hash),
        }
        *next = (*next + 1) % REMEMBERED;
        false
    }

    /// Counts one request that does what a frame does.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub fn request(&self, is_repeat: bool, now: u64) -> Result<(), Duration> {
        if is_repeat { self.repeats.take(now) } else { self.frames.take(now) }
    }
}

/// What to do after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read on.
    Read,
    /// Read on after this.
    HoldBack(Duration),
    /// Close with 4108.
    Close,
}

/// What one socket sends: its own rate, and its person's.
#[derive(Debug)]
pub struct Traffic {
    person: Arc<Person>,
    frames: Pace,
    /// Since when it has been over the limit, without a pause.
    held_since: Option<u64>,
}

impl Traffic {
    /// Whose it is.
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// Counts a frame.
    pub fn count(&mut self, is_repeat: bool, now: u64) -> Next {
        let standing = if is_repeat {
            self.person.repeats.charge(now)
        } else {
            slower(self.frames.charge(now), self.person.frames.charge(now))
        };
        match standing {
            Standing::Ahead(credit) => {
                if credit >= RECOVERED {
                    self.held_since = None;
                }
                Next::Read
            }
            Standing::Behind(wait) if wait < GRAIN => Next::Read,
            Standing::Behind(wait) => {
                let since = *self.held_since.get_or_insert(now);
                if now - since >= nanoseconds(HELD_BACK) { Next::Close } else { Next::HoldBack(wait) }
            }
        }
    }
}

fn slower(one: Standing, other: Standing) -> Standing {
    match (one, other) {
        (Standing::Behind(one), Standing::Behind(other)) => Standing::Behind(one.max(other)),
        (Standing::Ahead(one), Standing::Ahead(other)) => Standing::Ahead(one.min(other)),
        (behind @ Standing::Behind(_), _) | (_, behind @ Standing::Behind(_)) => behind,
    }
}

fn per_second(count: u32) -> Option<Rate> {
    Rate::new(count, Duration::from_secs(1), BURST)
}

/// Everybody who sends to this node, or did a moment ago; clones share it.
#[derive(Clone, Debug)]
pub struct People(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    people: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    people: HashMap<UserId, Arc<Person>>,
    asked: u32,
}

impl People {
    /// Nobody has sent anything yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Inner { limits, people: Mutex::default() }))
    }

    /// A person's own account, which outlives their sockets for as long as it is not even.
    #[must_use]
    pub fn person(&self, user: UserId) -> Arc<Person> {
        let mut guard = self.seen();
        let seen = &mut *guard;
        seen.asked = seen.asked.wrapping_add(1);
        if seen.asked.is_multiple_of(SWEEP) {
            let now = now();
            seen.people.retain(|_, person| {
                let is_rested = person.frames.is_rested(now) && person.repeats.is_rested(now);
                Arc::strong_count(person) > 1 || !is_rested
            });
        }
        seen.people.entry(user).or_insert_with(|| Arc::new(Person::new(&self.0.limits))).clone()
    }

    /// What a new socket of this person may send.
    #[must_use]
    pub fn traffic(&self, user: UserId) -> Traffic {
        let frames = Pace::new(per_second(self.0.limits.frames_per_second));
        Traffic { person: self.person(user), frames, held_since: None }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // No section leaves the map half changed.
        self.0.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn people(of_socket: u32, of_user: u32) -> People {
        let limits =
            Limits { frames_per_second: of_socket, frames_per_second_per_user: of_user, ..Limits::default() };
        People::new(limits)
    }

    #[test]
    fn a_burst_passes_and_what_follows_keeps_to_the_rate() {
        let pace = Pace::new(Rate::new(10, Duration::from_secs(1), Duration::from_secs(2)));
        let start = 7 * SECOND;
        let passed = (0..100).filter(|_| pace.take(start).is_ok()).count();
        assert_eq!(passed, 20);
        assert_eq!(pace.take(start), Err(Duration::from_millis(100)));
        assert_eq!(pace.take(start + SECOND / 10), Ok(()));
        let passed = (0..100).filter(|_| pace.take(start + SECOND).is_ok()).count();
        assert_eq!(passed, 9);
        assert_eq!((0..100).filter(|_| pace.take(start + 60 * SECOND).is_ok()).count(), 20);
    }

    #[test]
    fn nought_is_no_limit() {
        let mut traffic = people(0, 0).traffic(UserId(1));
        assert!((0..100_000).all(|_| traffic.count(false, SECOND) == Next::Read));
        assert!((0..100_000).all(|_| traffic.person().request(false, SECOND).is_ok()));
    }

    /// Sends without a pause, as fast as it is let, and answers the frames that were read in each second, and the end.
    fn flood(traffic: &mut Traffic, seconds: usize) -> (Vec<u32>, Next) {
        let start = 1_000 * SECOND;
        let mut now = start;
        let mut read = vec![0; seconds];
        loop {
            let second = usize::try_from((now - start) / SECOND).unwrap();
            let Some(count) = read.get_mut(second) else { return (read, Next::Read) };
            *count += 1;
            match traffic.count(false, now) {
                // Each takes ten microseconds.
                Next::Read => now += SECOND / 100_000,
                Next::HoldBack(wait) => now += nanoseconds(wait),
                Next::Close => return (read, Next::Close),
            }
        }
    }

    #[test]
    fn a_flood_is_read_at_the_rate_and_then_closed() {
        let mut traffic = people(1_000, 0).traffic(UserId(1));
        let (read, end) = flood(&mut traffic, 60);
        assert_eq!(end, Next::Close);
        let total: u32 = read.iter().sum();
        let most = 1_000 * u32::try_from((BURST + HELD_BACK).as_secs()).unwrap();
        assert!((most - 100..most + 200).contains(&total), "{read:?}");
    }

    #[test]
    fn all_sockets_of_a_person_share_one_rate_and_another_person_has_their_own() {
        let people = people(1_000, 1_000);
        let [mut one, mut two] = [people.traffic(UserId(1)), people.traffic(UserId(1))];
        let read = (0..20_000).filter(|_| one.count(false, SECOND) == Next::Read).count();
        assert!((5_000..5_020).contains(&read), "{read}");
        assert!(matches!(two.count(false, SECOND), Next::HoldBack(_)));
        assert_eq!(people.traffic(UserId(2)).count(false, SECOND), Next::Read);
    }

    #[test]
    fn a_pause_begins_the_time_anew() {
        let mut traffic = people(10, 0).traffic(UserId(1));
        let mut now = 1_000 * SECOND;
        for _ in 0..20 {
            // Six seconds' worth every six seconds: over the limit each time, and never for long.
            for _ in 0..60 {
                assert_ne!(traffic.count(false, now), Next::Close);
            }
            now += 7 * SECOND;
        }
    }

    #[test]
    fn a_repeat_counts_once() {
        let people = people(0, 10);
        let (chat, id) = (ChatId(1), |n: usize| ClientId::new(format!("id-{n}")).unwrap());
        let person = people.person(UserId(1));
        assert!(!person.repeats(chat, &id(0)));
        assert!(person.repeats(chat, &id(0)));
        assert!(!person.repeats(ChatId(2), &id(0)), "another chat's message is another");
        for n in 1..REMEMBERED - 1 {
            assert!(!person.repeats(chat, &id(n)));
        }
        // All that one socket may have unanswered can be sent again, once, without using up the rate.
        assert!((0..REMEMBERED - 1).all(|n| person.repeats(chat, &id(n))));
        assert_eq!(person.recent.lock().unwrap().hashes.len(), REMEMBERED);
        assert!(!person.repeats(chat, &id(REMEMBERED)));
        assert_eq!(person.recent.lock().unwrap().hashes.len(), REMEMBERED);
        let mut traffic = people.traffic(UserId(1));
        for _ in 0..50 {
            assert_eq!(traffic.count(true, SECOND), Next::Read);
        }
        assert!(matches!(traffic.count(true, SECOND), Next::HoldBack(_)), "repeats are read at a rate too");
        for _ in 0..50 {
            assert_eq!(traffic.count(false, SECOND), Next::Read);
        }
    }

    #[test]
    fn a_person_who_comes_back_has_the_same_account_until_it_is_even() {
        let people = people(10, 10);
        let mut traffic = people.traffic(UserId(1));
        let start = now();
        while traffic.count(false, start) == Next::Read {}
        drop(traffic);
        for n in 0..2 * i64::from(SWEEP) {
            drop(people.person(UserId(2 + n)));
        }
        assert!(matches!(people.traffic(UserId(1)).count(false, start), Next::HoldBack(_)));
        // People who sent nothing are not kept.
        assert!(people.seen().people.len() <= SWEEP as usize + 1);
    }
}
