//! Medians, percentiles and rates.

use std::time::Duration;

/// The middle one; of an even number the upper of the two. Zero when there is none.
pub(crate) fn median<T: Copy + Default + PartialOrd>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("figures are comparable"));
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A percentile of times that are sorted. Zero when there is none.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

pub(crate) fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Microseconds of a time for each of so many.
pub(crate) fn micros_each(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_percentiles_of_few_are_among_them() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median::<f64>(&mut []), 0.0);
        let times: Vec<Duration> = (1..=10).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(6));
        assert_eq!(percentile(&times, 99), Duration::from_millis(10));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
