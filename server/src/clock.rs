//! The time: microseconds for the store, text for the wire, and monotonic nanoseconds for waits.

use std::sync::LazyLock;
use std::time::Instant;

use causerie_protocol::Timestamp;

/// Microseconds since 1970, now.
#[must_use]
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A time as the wire shows it: RFC 3339 in UTC with microseconds.
#[must_use]
pub(crate) fn to_wire(microseconds: i64) -> Timestamp {
    let time = jiff::Timestamp::from_microsecond(microseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
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
        assert_eq!(to_wire(0).0, "1970-01-01T00:00:00.000000Z");
        assert_eq!(to_wire(1_795_513_260_000_000).0, "2026-11-24T09:41:00.000000Z");
        assert_eq!(to_wire(1_795_513_260_000_042).0.len(), to_wire(0).0.len());
    }
}
