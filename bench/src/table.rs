//! Prints the table of a run.

use std::time::Duration;

pub(crate) fn heading() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let profile = if cfg!(debug_assertions) { "debug: not a measurement" } else { "release" };
    println!("{cores} cores, client and servers on this machine, profile {profile}\n");
    println!("| what | Causerie | bare room | ratio |");
    println!("|---|---|---|---|");
}

pub(crate) fn row(what: &str, causerie: &str, bare: &str, ratio: Option<f64>) {
    let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
    println!("| {what} | {causerie} | {bare} | {ratio} |");
}

pub(crate) fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

pub(crate) fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// The median; of an even number of values the greater of the two in the middle.
pub(crate) fn median<T: Copy + PartialOrd>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("figures are comparable"));
    values[values.len() / 2]
}

pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}
