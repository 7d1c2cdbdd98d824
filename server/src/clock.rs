//! The time: microseconds for the store, text for the wire, and monotonic nanoseconds for waits.

use std::ops::{Add, Sub};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use causerie_protocol::Timestamp;

/// A point in time, in microseconds since 1970: as the tables hold it, and to the last digit that the wire shows.
///
/// Not [`jiff::Timestamp`], which is twice as large, holds nanoseconds, so that what was stored would not equal what is
/// read back, and has to be converted at every column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMicros(pub i64);

impl UnixMicros {
    /// How long ago `earlier` was; nothing if it is later, as after the clock was set back.
    pub(crate) fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// In milliseconds since 1970.
    pub(crate) fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }
}

impl Add<Duration> for UnixMicros {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(microseconds(later)))
    }
}

impl Sub<Duration> for UnixMicros {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(microseconds(earlier)))
    }
}

fn microseconds(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[must_use]
pub(crate) fn now() -> UnixMicros {
    UnixMicros(jiff::Timestamp::now().as_microsecond())
}

/// A time as the wire shows it: RFC 3339 in UTC with microseconds.
#[must_use]
pub(crate) fn to_wire(time: UnixMicros) -> Timestamp {
    let time = jiff::Timestamp::from_microsecond(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Timestamp(format!("{time:.6}"))
}

/// Nanoseconds since the first call, on a clock that is never set.
pub(crate) fn monotonic() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_length_so_that_they_sort_as_text() {
        let text = |microseconds| to_wire(UnixMicros(microseconds)).0;
        assert_eq!(text(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(text(1_795_513_260_000_000), "2026-11-24T09:41:00.000000Z");
        assert_eq!(text(1_795_513_260_000_042).len(), text(0).len());
    }

    #[test]
    fn a_time_before_another_is_no_time_after_it() {
        let (early, late) = (UnixMicros(1), UnixMicros(3));
        assert_eq!(late.saturating_since(early), Duration::from_micros(2));
        assert_eq!(early.saturating_since(late), Duration::ZERO);
        assert_eq!(early + Duration::from_micros(2), late);
        assert_eq!(late - Duration::from_micros(2), early);
        assert_eq!(UnixMicros(i64::MAX) + Duration::MAX, UnixMicros(i64::MAX));
    }
}
