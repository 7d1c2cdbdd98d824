//! The process of a server under test: its address, its processor time and its memory.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use causerie_testkit::{Server, Serving};

/// The limits that are turned off: one user opens thousands of sockets, and they write as fast as they can.
const WITHOUT_LIMITS: [&str; 4] = [
    "CAUSERIE_MAX_SOCKETS_PER_USER",
    "CAUSERIE_MAX_CONNECTS_PER_SECOND",
    "CAUSERIE_MAX_FRAMES_PER_SECOND",
    "CAUSERIE_MAX_FRAMES_PER_SECOND_PER_USER",
];

/// A server; killed on drop.
pub(crate) struct Process {
    _ends: Box<dyn Send>,
    pid: u32,
    pub(crate) address: SocketAddr,
    /// The time from the start of the process until it announced that it listens.
    pub(crate) started_in: Duration,
}

impl Process {
    /// Starts Causerie with its own empty database.
    pub(crate) async fn causerie(program: &Path) -> Result<Self> {
        let settings = WITHOUT_LIMITS.map(|limit| (limit.to_owned(), "0".to_owned()));
        let begin = Instant::now();
        let server = Server::start_program(program, settings.into()).await?;
        let started_in = begin.elapsed();
        Ok(Self { pid: server.pid()?, address: server.address(), started_in, _ends: Box::new(server) })
    }

    /// Starts the bare room.
    pub(crate) async fn bare() -> Result<Self> {
        let begin = Instant::now();
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        let room = Serving::start(command.arg("--bare")).await?;
        let started_in = begin.elapsed();
        let pid = room.pid().context("the bare room ended")?;
        Ok(Self { pid, address: room.address()?, started_in, _ends: Box::new(room) })
    }

    /// The user and system time so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // Fields 14 and 15 of proc_pid_stat(5); the name in field 2 may hold spaces, so count from its end.
        let rest = stat.rsplit_once(')').context("a stat line names the program")?.1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        // Linux reports times in ticks (USER_HZ), which are a hundredth of a second on every current architecture.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// The resident set size, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
        Ok(kib * 1024)
    }
}
