//! The faults of a run of several nodes, and the ledger of how long each took to heal.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What is done to the nodes, to what they share, and to the clients.
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
    /// Redis ends, in order or by SIGKILL, and starts again, empty.
    RestartRedis,
    /// SIGSTOP to Redis, and SIGCONT a while later.
    PauseRedis,
    /// One node can't reach Redis: refused, or silent.
    CutRedis,
    /// Postgres is stopped in its fast mode, and starts again.
    RestartPostgres,
    /// Postgres is stopped in its immediate mode, which is a crash, and starts again.
    CrashPostgres,
    /// One node can't reach Postgres: refused, or silent.
    CutPostgres,
    /// All clients are cut off at once.
    Storm,
    /// No client gets through for a while.
    Outage,
    /// A token is revoked while it is in use.
    Logout,
}

impl Fault {
    /// All of them.
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

    /// What it is, for a table.
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

/// How long every fault took to heal.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    healed: BTreeMap<Fault, Vec<Duration>>,
    /// The longest that a node took to end after SIGTERM.
    pub longest_drain: Duration,
}

impl Ledger {
    /// A fault ended, and so much later every node was whole.
    pub fn add(&mut self, fault: Fault, took: Duration) {
        self.healed.entry(fault).or_default().push(took);
    }

    /// How many faults of all kinds.
    pub fn count(&self) -> usize {
        self.healed.values().map(Vec::len).sum()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  {:<40} {:>10} {:>10} {:>10}",
            "fault; ms until every node was whole", "times", "median", "worst"
        )?;
        for (fault, healed) in &self.healed {
            let mut healed: Vec<u128> = healed.iter().map(Duration::as_millis).collect();
            healed.sort_unstable();
            let (median, worst) = (healed[healed.len() / 2], healed[healed.len() - 1]);
            writeln!(f, "  {:<40} {:>10} {median:>10} {worst:>10}", fault.name(), healed.len())?;
        }
        write!(f, "  {:<40} {:>10}", "longest end after SIGTERM, in ms", self.longest_drain.as_millis())
    }
}
