//! Exponential backoff with full jitter, so that a thousand clients do not reconnect at once.

use crate::clock::Millis;

/// The first window.
pub const BASE_MS: Millis = 500;
/// The widest window.
pub const CAP_MS: Millis = 30_000;

/// Counts failures and gives the waits: a random part of 500 ms, 1 s, 2 s … at most 30 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How many attempts failed in a row.
    pub fn failures(self) -> u32 {
        self.failures
    }

    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and returns the wait; `random` is in 0..1.
    pub fn fail(&mut self, random: f64) -> Millis {
        let window = BASE_MS.saturating_mul(1 << self.failures.min(16)).min(CAP_MS);
        self.failures = self.failures.saturating_add(1);
        part_of(window, random)
    }
}

/// A random part of a window; `random` is clamped to 0..1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "windows are far below 2^52 and the factor is within 0..1"
)]
pub fn part_of(window: Millis, random: f64) -> Millis {
    (window as f64 * random.clamp(0.0, 1.0)) as Millis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_doubles_to_the_cap_and_starts_again_after_a_reset() {
        let mut backoff = Backoff::default();
        let windows: Vec<Millis> = (0..9).map(|_| backoff.fail(1.0)).collect();
        assert_eq!(windows, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        backoff.reset();
        assert_eq!(backoff.fail(1.0), 500);
    }

    #[test]
    fn the_wait_is_anywhere_in_the_window() {
        assert_eq!(Backoff { failures: 2 }.fail(0.0), 0);
        assert_eq!(Backoff { failures: 2 }.fail(0.25), 500);
        assert_eq!(Backoff { failures: u32::MAX }.fail(1.0), CAP_MS);
        assert_eq!(part_of(100, f64::NAN), 0);
    }
}
