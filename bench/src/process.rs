//! A server under test as a process of its own: its address, its processor time and its memory.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A server that ends when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// From the start of the process to its word that it serves.
    pub(crate) started_in: Duration,
    /// Holds the database; removed with the process.
    _folder: tempfile::TempDir,
}

impl Process {
    /// A Causerie with an empty database of its own.
    pub(crate) fn causerie(server: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let database = format!("sqlite:{}", folder.path().join("bench.db").display());
        let name = || format!("{} does not start: build it with `cargo xtask build`", server.display());
        // The process gets a folder of its own to run in.
        let program = std::fs::canonicalize(server).with_context(name)?;
        let mut command = Command::new(program);
        command.args(["serve", "-b", "127.0.0.1", "-p", "0", "--database-url", &database]);
        // One person opens thousands of sockets here and writes, as fast as they go.
        for limit in [
            "CAUSERIE_MAX_SOCKETS_PER_USER",
            "CAUSERIE_MAX_CONNECTS_PER_SECOND",
            "CAUSERIE_MAX_FRAMES_PER_SECOND",
            "CAUSERIE_MAX_FRAMES_PER_SECOND_PER_USER",
        ] {
            command.env(limit, "0");
        }
        Self::start(command, folder).with_context(|| {
            format!("{} does not start: build it with `cargo xtask build`", server.display())
        })
    }

    /// The bare room.
    pub(crate) fn bare() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare");
        Self::start(command, tempfile::tempdir()?)
    }

    fn start(mut command: Command, folder: tempfile::TempDir) -> Result<Self> {
        let begin = Instant::now();
        let mut child = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().context("standard output was asked for")?;
        for line in BufReader::new(output).lines() {
            if let Some(address) = line?.strip_prefix("listening on http://") {
                let address = address.trim().to_owned();
                return Ok(Self { child, address, started_in: begin.elapsed(), _folder: folder });
            }
        }
        let _ = child.kill();
        bail!("the server ended before it served ({})", child.wait()?)
    }

    /// User and system time so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Fields 14 and 15 of proc_pid_stat(5); the name in field 2 may hold spaces, so count from its end.
        let rest = stat.rsplit_once(')').context("a stat line names the program")?.1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        // Linux shows ticks of a hundredth of a second to programs on every machine of today.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Resident bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
        Ok(kib * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
