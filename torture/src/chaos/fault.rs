//! The kinds of faults in a run of several nodes, and how long the recovery from each fault took.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A fault of a node, of the services that the nodes share, or of the clients' network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Fault {
    /// SIGKILL to a node, and a new start.
    KillNode,
    /// SIGSTOP to a node, and SIGCONT a while later.
    PauseNode,
    /// SIGTERM to a node, and a new start.
    RestartNode,
    /// SIGTERM and a new start, one node after the other.
    RollingRestart,
    /// Redis ends, by SIGTERM or SIGKILL, and starts again, empty.
    RestartRedis,
    /// SIGSTOP to Redis, and SIGCONT a while later.
    PauseRedis,
    /// One node can't reach Redis: connections are refused, or packets are dropped.
    CutRedis,
    /// Postgres is stopped in its fast mode, and starts again.
    RestartPostgres,
    /// Postgres is stopped in its immediate mode, which is a crash, and starts again.
    CrashPostgres,
    /// One node can't reach Postgres: connections are refused, or packets are dropped.
    CutPostgres,
    /// All connections of clients are cut at once.
    Storm,
    /// No client can connect for a while.
    Outage,
    /// A token is revoked while it is in use.
    Logout,
}

impl Fault {
    pub const ALL: [Self; 13] = [
        Self::KillNode,
        Self::PauseNode,
        Self::RestartNode,
        Self::RollingRestart,
        Self::RestartRedis,
        Self::PauseRedis,
        Self::CutRedis,
        Self::RestartPostgres,
        Self::CrashPostgres,
        Self::CutPostgres,
        Self::Storm,
        Self::Outage,
        Self::Logout,
    ];

    /// The fault in words, for a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::KillNode => "a node killed (SIGKILL)",
            Self::PauseNode => "a node paused (SIGSTOP)",
            Self::RestartNode => "a node restarted in order (SIGTERM)",
            Self::RollingRestart => "all nodes restarted, one by one",
            Self::RestartRedis => "Redis stopped or killed",
            Self::PauseRedis => "Redis paused (SIGSTOP)",
            Self::CutRedis => "a node cut off from Redis",
            Self::RestartPostgres => "Postgres stopped (fast)",
            Self::CrashPostgres => "Postgres stopped (immediate)",
            Self::CutPostgres => "a node cut off from Postgres",
            Self::Storm => "all clients cut off at once",
            Self::Outage => "no client gets through",
            Self::Logout => "a token revoked while in use",
        }
    }
}

/// The recovery from one fault.
#[derive(Clone, Copy, Debug)]
pub struct Healed {
    /// The time from the end of the fault until every node had recovered.
    pub took: Duration,
    /// The longest time without a new ack for any client, from the beginning of the fault until the recovery.
    pub stall: Duration,
}

/// The recoveries from all faults.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    healed: BTreeMap<Fault, Vec<Healed>>,
    /// The longest time that a node took to end after SIGTERM.
    pub longest_drain: Duration,
}

impl Ledger {
    pub fn add(&mut self, fault: Fault, healed: Healed) {
        self.healed.entry(fault).or_default().push(healed);
    }

    pub fn count(&self) -> usize {
        self.healed.values().map(Vec::len).sum()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ("fault; times in ms", "times", "whole after", "at worst", "no ack for");
        writeln!(f, "  {:<40} {:>10} {:>12} {:>10} {:>10}", heads.0, heads.1, heads.2, heads.3, heads.4)?;
        for (fault, healed) in &self.healed {
            let mut took: Vec<u128> = healed.iter().map(|healed| healed.took.as_millis()).collect();
            took.sort_unstable();
            let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
            let stall = healed.iter().map(|healed| healed.stall.as_millis()).max().unwrap_or_default();
            writeln!(f, "  {:<40} {:>10} {median:>12} {worst:>10} {stall:>10}", fault.name(), healed.len())?;
        }
        write!(f, "  {:<40} {:>10}", "longest end after SIGTERM, in ms", self.longest_drain.as_millis())
    }
}
