//! The table that a run prints.

use std::time::Duration;

use crate::process::Database;
use crate::scenes::Plan;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    PerSecond,
    Micros,
    Millis,
    Bytes,
    Megabytes,
}

/// One thing that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
}

impl Figure {
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self { what: what.into(), value, unit }
    }

    pub(crate) fn count(what: impl Into<String>, count: u64) -> Self {
        Self::new(what, count as f64, Unit::Count)
    }

    pub(crate) fn micros(what: impl Into<String>, time: Duration) -> Self {
        Self::new(what, time.as_secs_f64() * 1e6, Unit::Micros)
    }

    pub(crate) fn millis(what: impl Into<String>, time: Duration) -> Self {
        Self::new(what, time.as_secs_f64() * 1e3, Unit::Millis)
    }

    pub(crate) fn megabytes(what: impl Into<String>, bytes: u64) -> Self {
        Self::new(what, bytes as f64 / 1e6, Unit::Megabytes)
    }
}

/// A value as the table shows it.
fn show(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => format!("{value:.0}"),
        Unit::PerSecond => format!("{value:.0}/s"),
        Unit::Micros => format!("{value:.2} µs"),
        Unit::Millis => format!("{value:.2} ms"),
        Unit::Bytes => format!("{value:.0} B"),
        Unit::Megabytes => format!("{value:.1} MB"),
    }
}

pub(crate) fn heading(plan: &Plan) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let profile = if cfg!(debug_assertions) { "debug: not a measurement" } else { "release" };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown");
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d");
    println!(
        "{day}, {cores} cores, {} with a load of {load} at its start; client and servers on this machine, database {}, profile {profile}.",
        processor(),
        match plan.database {
            Database::Sqlite => "SQLite",
            Database::Postgres => "Postgres",
        }
    );
    println!(
        "Medians of {} paired runs of {} s; a ratio is the median of the runs'.\n",
        plan.runs, plan.seconds
    );
    let other = if plan.against.is_some() { "the other build" } else { "bare room" };
    println!("| what | Causerie | {other} | ratio |");
    println!("|---|---|---|---|");
}

/// One line of the table.
pub(crate) fn row(what: &str, unit: Unit, causerie: f64, bare: Option<f64>, ratio: Option<f64>) {
    let bare = bare.map_or(String::new(), |value| show(value, unit));
    let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
    println!("| {what} | {} | {bare} | {ratio} |", show(causerie, unit));
}

/// A line for what could not be measured.
pub(crate) fn not_measured(what: &str, why: &str) {
    println!("| {what} | not measured: {why} | | |");
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| "an unnamed processor".to_owned(), |(_, name)| name.to_owned())
}
