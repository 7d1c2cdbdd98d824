//! How often somebody may guess a password: counted by caller's address and account, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Wrong guesses within [`WINDOW`] after which further ones are refused unseen.
pub const ALLOWED: u32 = 10;
/// How long a count lasts, from the first guess on.
pub const WINDOW: Duration = Duration::from_secs(60);
/// Counts that are kept; at some 50 bytes each, the memory that guessing can take.
const KEPT: usize = 50_000;

/// The counts. Keys are hashed with a random state, so that nobody can aim at another's count.
#[derive(Debug, Default)]
pub struct Attempts {
    state: RandomState,
    counts: Mutex<HashMap<u64, Count>>,
}

#[derive(Debug)]
struct Count {
    since: Instant,
    guesses: u32,
}

impl Attempts {
    /// Counts one more guess, before the password is looked at, so that many at once are counted too.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub fn begin(&self, address: IpAddr, email: &str, now: Instant) -> Result<(), Duration> {
        let key = self.key(address, email);
        let mut counts = self.counts.lock().expect("nothing panics while it is held");
        if counts.len() >= KEPT && !counts.contains_key(&key) {
            counts.retain(|_, count| now.duration_since(count.since) < WINDOW);
            // Only when that many accounts are guessed at within the window: let the oldest go.
            if counts.len() >= KEPT {
                let oldest = counts.iter().min_by_key(|(_, count)| count.since).map(|(key, _)| *key);
                oldest.and_then(|key| counts.remove(&key));
            }
        }
        let count = counts.entry(key).or_insert(Count { since: now, guesses: 0 });
        let age = now.duration_since(count.since);
        if age >= WINDOW {
            *count = Count { since: now, guesses: 0 };
        }
        if count.guesses >= ALLOWED {
            return Err(WINDOW - age);
        }
        count.guesses += 1;
        Ok(())
    }

    /// Forgets the guesses of somebody who knew the password.
    pub fn succeeded(&self, address: IpAddr, email: &str) {
        let key = self.key(address, email);
        self.counts.lock().expect("nothing panics while it is held").remove(&key);
    }

    fn key(&self, address: IpAddr, email: &str) -> u64 {
        self.state.hash_one((address, email.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn guesses_run_out_and_come_back() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for _ in 0..ALLOWED {
            assert_eq!(attempts.begin(HERE, "ana@example.org", start), Ok(()));
        }
        let later = start + Duration::from_secs(20);
        assert_eq!(attempts.begin(HERE, "ANA@example.org", later), Err(Duration::from_secs(40)));
        assert_eq!(attempts.begin(HERE, "ben@example.org", later), Ok(()));
        assert_eq!(attempts.begin(Ipv4Addr::new(192, 0, 2, 1).into(), "ana@example.org", later), Ok(()));
        assert_eq!(attempts.begin(HERE, "ana@example.org", start + WINDOW), Ok(()));
    }

    #[test]
    fn knowing_the_password_clears_the_count() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for _ in 0..3 * ALLOWED {
            assert_eq!(attempts.begin(HERE, "ana@example.org", now), Ok(()));
            attempts.succeeded(HERE, "ana@example.org");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for guess in 0..KEPT + 3 {
            assert_eq!(attempts.begin(HERE, &format!("{guess}@example.org"), now), Ok(()));
        }
        assert_eq!(attempts.counts.lock().unwrap().len(), KEPT);
    }
}
