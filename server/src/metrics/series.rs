//! The kinds of series: a count for each value of a label, and a histogram, both without locks.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// A label whose values are known beforehand, so that each has its place and none can be missing from a scrape.
pub trait Label: Copy + Send + Sync + 'static {
    const NAME: &'static str;
    /// Every value, in the order of [`Label::place`].
    const VALUES: &'static [&'static str];
    /// Which of the values this is.
    fn place(self) -> usize;
}

/// One count for each value of a label.
pub struct Counters<L>(Arc<[AtomicU64]>, PhantomData<L>);

impl<L: Label> Counters<L> {
    pub fn inc(&self, label: L) {
        self.0[label.place()].fetch_add(1, Ordering::Relaxed);
    }
}

impl<L: Label> Default for Counters<L> {
    fn default() -> Self {
        Self(L::VALUES.iter().map(|_| AtomicU64::new(0)).collect(), PhantomData)
    }
}

impl<L> Clone for Counters<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<L> fmt::Debug for Counters<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counters").field(&self.0).finish()
    }
}

impl<L: Label> EncodeMetric for Counters<L> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (value, count) in L::VALUES.iter().zip(self.0.iter()) {
            let labels = [(L::NAME, *value)];
            let count = count.load(Ordering::Relaxed);
            encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// Upper bounds of durations, in microseconds: from a commit on a fast disk to a server in trouble.
const MICROSECONDS: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];
/// Upper bounds of sizes.
const SIZES: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/// How many observations fell below each bound.
#[derive(Debug)]
struct Buckets<const N: usize> {
    /// One for each bound; what is above the last one is in `over`.
    counts: [AtomicU64; N],
    over: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Default for Buckets<N> {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            over: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }
}

impl<const N: usize> Buckets<N> {
    fn observe(&self, bounds: &[u64; N], value: u64) {
        let place = bounds.partition_point(|bound| *bound < value);
        self.counts.get(place).unwrap_or(&self.over).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// `unit` is how many of the stored values make one of the shown.
    fn encode(&self, bounds: &[u64; N], unit: f64, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        let mut buckets: Vec<(f64, u64)> = bounds
            .iter()
            .zip(&self.counts)
            .map(|(bound, count)| (*bound as f64 / unit, count.load(Ordering::Relaxed)))
            .collect();
        buckets.push((f64::INFINITY, self.over.load(Ordering::Relaxed)));
        // Counted from the buckets, so that one scrape does not contradict itself.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = self.sum.load(Ordering::Relaxed) as f64 / unit;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}

/// Microseconds of a second.
const SECOND: f64 = 1e6;

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[derive(Clone, Debug, Default)]
pub struct Histogram(Arc<Buckets<{ MICROSECONDS.len() }>>);

impl Histogram {
    /// Takes a duration in, to the microsecond.
    pub fn observe(&self, time: Duration) {
        self.0.observe(&MICROSECONDS, microseconds(time));
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.0.encode(&MICROSECONDS, SECOND, &mut encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[derive(Clone, Debug, Default)]
pub struct Sizes(Arc<Buckets<{ SIZES.len() }>>);

impl Sizes {
    pub fn observe(&self, size: usize) {
        self.0.observe(&SIZES, size as u64);
    }
}

impl EncodeMetric for Sizes {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.0.encode(&SIZES, 1.0, &mut encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// One distribution of durations for each value of a label.
pub struct Histograms<L>(Arc<[Histogram]>, PhantomData<L>);

impl<L: Label> Histograms<L> {
    pub fn observe(&self, label: L, time: Duration) {
        self.0[label.place()].observe(time);
    }
}

impl<L: Label> Default for Histograms<L> {
    fn default() -> Self {
        Self(L::VALUES.iter().map(|_| Histogram::default()).collect(), PhantomData)
    }
}

impl<L> Clone for Histograms<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<L> fmt::Debug for Histograms<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Histograms").field(&self.0).finish()
    }
}

impl<L: Label> EncodeMetric for Histograms<L> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (value, histogram) in L::VALUES.iter().zip(self.0.iter()) {
            let labels = [(L::NAME, *value)];
            histogram.0.encode(&MICROSECONDS, SECOND, &mut encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_below_the_bound_that_it_equals() {
        let sizes = Sizes::default();
        for size in [0, 1, 2, 3, 1_024, 1_025] {
            sizes.observe(size);
        }
        let counts: Vec<u64> = sizes.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        assert_eq!(counts, [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(sizes.0.over.load(Ordering::Relaxed), 1);
        assert_eq!(sizes.0.sum.load(Ordering::Relaxed), 2_055);
    }
}
