//! Rates: frames and bytes a second.

use crate::limits::RATE_SECONDS;

/// Frames and bytes a second over the last [`RATE_SECONDS`].
#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// The second since 1970, with its frames and bytes, for each second of the window.
    seconds: [(u64, u32, u64); RATE_SECONDS],
}

impl Rate {
    /// Counts a frame at a time in milliseconds since 1970.
    pub fn count(&mut self, at: f64, bytes: usize) {
        let second = (at / 1000.0) as u64;
        let slot = &mut self.seconds[(second % RATE_SECONDS as u64) as usize];
        if slot.0 != second {
            *slot = (second, 0, 0);
        }
        slot.1 += 1;
        slot.2 += bytes as u64;
    }

    pub fn at(&self, now: f64) -> (f64, f64) {
        let second = (now / 1000.0) as u64;
        let recent =
            self.seconds.iter().filter(|slot| slot.0 <= second && slot.0 + RATE_SECONDS as u64 > second);
        let (frames, bytes) =
            recent.fold((0, 0), |(frames, bytes), slot| (frames + u64::from(slot.1), bytes + slot.2));
        (frames as f64 / RATE_SECONDS as f64, bytes as f64 / RATE_SECONDS as f64)
    }
}

/// A number of bytes as text.
pub fn bytes(count: f64) -> String {
    match count {
        count if count >= 1e6 => format!("{:.1} MB", count / 1e6),
        count if count >= 1e3 => format!("{:.1} kB", count / 1e3),
        count => format!("{count:.0} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds_only() {
        let mut rate = Rate::default();
        for frame in 0..20 {
            rate.count(1_000_000.0 + f64::from(frame) * 100.0, 50);
        }
        assert_eq!(rate.at(1_001_900.0), (2.0, 100.0));
        assert_eq!(rate.at(1_010_500.0), (1.0, 50.0));
        assert_eq!(rate.at(1_030_000.0), (0.0, 0.0));
        rate.count(1_030_000.0, 10);
        assert_eq!(rate.at(1_030_000.0), (0.1, 1.0));
    }

    #[test]
    fn bytes_are_written_with_a_unit() {
        for (count, text) in [(0.0, "0 B"), (999.0, "999 B"), (1500.0, "1.5 kB"), (2_340_000.0, "2.3 MB")] {
            assert_eq!(bytes(count), text);
        }
    }
}
