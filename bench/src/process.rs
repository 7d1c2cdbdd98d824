//! A server under test as a process of its own: its address, its processor time and its memory.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use causerie_testkit::{Postgres, Server, Serving, Settings};
use clap::ValueEnum;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::profile::{Profiler, Recording};

/// A few people open thousands of sockets here, from one machine, and write as fast as they go.
const WITHOUT_LIMITS: [&str; 13] = [
    "CAUSERIE_MAX_SOCKETS",
    "CAUSERIE_MAX_SOCKETS_PER_ADDRESS",
    "CAUSERIE_MAX_SOCKETS_PER_USER",
    "CAUSERIE_MAX_CONNECTS_PER_SECOND",
    "CAUSERIE_MAX_CONNECTS_PER_SECOND_PER_ADDRESS",
    "CAUSERIE_MAX_FRAMES_PER_SECOND",
    "CAUSERIE_MAX_FRAMES_PER_SECOND_PER_USER",
    "CAUSERIE_MAX_SIGN_INS_PER_MINUTE_PER_ADDRESS",
    "CAUSERIE_MAX_REGISTRATIONS_PER_MINUTE_PER_ADDRESS",
    "CAUSERIE_MAX_ADDRESSES_PER_HOUR_PER_USER",
    "CAUSERIE_MAX_ADDRESSES_PER_HOUR_PER_ADDRESS",
    "CAUSERIE_MAX_NEW_CHATS_PER_DAY_PER_USER",
    "CAUSERIE_MAX_MESSAGES_PER_MINUTE_PER_USER",
];

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Causerie,
    /// A room that neither stores nor checks anything.
    Bare,
}

/// Where the server stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Database {
    #[default]
    Sqlite,
    /// A server of its own, on this machine, with durable commits.
    Postgres,
}

/// A server that ends when this is dropped.
pub(crate) struct Process {
    _ends: Box<dyn Send>,
    pid: u32,
    /// The URL of its database, if it has one.
    pub(crate) database: String,
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its word that it serves.
    pub(crate) started_in: Duration,
}

impl Process {
    /// A Causerie with an empty database of its own.
    pub(crate) async fn causerie(program: &Path, database: Database) -> Result<Self> {
        let mut settings: Settings = WITHOUT_LIMITS.map(|limit| (limit.to_owned(), "0".to_owned())).into();
        let postgres = match database {
            Database::Sqlite => None,
            Database::Postgres => {
                let postgres = Postgres::start_durable().await?;
                settings.push(("DATABASE_URL".to_owned(), postgres.url()));
                Some(postgres)
            }
        };
        let begin = Instant::now();
        let server = Server::start_program(program, settings).await?;
        let started_in = begin.elapsed();
        let database = match &postgres {
            None => format!("sqlite:{}", server.database().display()),
            Some(postgres) => postgres.url(),
        };
        let (pid, address) = (server.pid()?, server.address());
        let ends = Box::new((server, postgres));
        Ok(Self { pid, database, kind: Kind::Causerie, address, started_in, _ends: ends })
    }

    /// The bare room.
    pub(crate) async fn bare() -> Result<Self> {
        let begin = Instant::now();
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        let room = Serving::start(command.arg("--bare")).await?;
        let started_in = begin.elapsed();
        let (pid, address) = (room.pid().context("the bare room ended")?, room.address()?);
        let database = String::new();
        Ok(Self { pid, database, kind: Kind::Bare, address, started_in, _ends: Box::new(room) })
    }

    /// User and system time so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        cpu_of(&format!("/proc/{}/stat", self.pid)).map(|(_, cpu)| cpu)
    }

    /// Begins to count the processor's time, and to record where it goes if that was asked for.
    pub(crate) fn watch(&self, profiler: Option<&Profiler>, scene: &str) -> Result<Watch<'_>> {
        let profiler = profiler.filter(|_| self.kind == Kind::Causerie);
        let recording = profiler.map(|profiler| profiler.begin(self.pid, scene)).transpose()?;
        Ok(Watch { process: self, cpu: self.cpu()?, recording })
    }

    /// The process' memory just now.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).with_context(|| name.to_owned())?;
            let kib: u64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
            anyhow::Ok(kib * 1024)
        };
        Ok(Memory { resident: field("VmRSS:")?, anonymous: field("RssAnon:")?, most: field("VmHWM:")? })
    }
}

/// Bytes of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// The anonymous part of that: not mapped from a file such as the program itself.
    pub(crate) anonymous: u64,
    /// The most that was resident so far.
    pub(crate) most: u64,
}

/// What a process used since [`Process::watch`].
pub(crate) struct Watch<'a> {
    process: &'a Process,
    cpu: Duration,
    recording: Option<Recording>,
}

impl Watch<'_> {
    pub(crate) fn end(self) -> Result<Duration> {
        let cpu = self.process.cpu()? - self.cpu;
        if let Some(recording) = self.recording {
            recording.end()?;
        }
        Ok(cpu)
    }
}

/// The name in a file as proc_pid_stat(5) describes it, and the user and system time.
pub(crate) fn cpu_of(file: &str) -> Result<(String, Duration)> {
    let stat = fs::read_to_string(file)?;
    // The name in field 2 may hold spaces, so fields are counted from its end; 14 and 15 are the times.
    let (before, rest) = stat.rsplit_once(')').context("a stat line names the program")?;
    let name = before.split_once('(').map_or("", |(_, name)| name).to_owned();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    // Linux shows ticks of a hundredth of a second to programs on every machine of today.
    Ok((name, Duration::from_millis(ticks * 10)))
}

/// What the kernel holds for sockets, of the whole machine and for both ends of each connection: buffers, and the
/// structures in its slabs.
pub(crate) fn kernel_memory() -> Result<u64> {
    let sockets = fs::read_to_string("/proc/net/sockstat")?;
    let tcp = sockets.lines().find_map(|line| line.strip_prefix("TCP: ")).context("no TCP in sockstat")?;
    let mut words = tcp.split_whitespace().skip_while(|word| *word != "mem").skip(1);
    let pages: u64 = words.next().context("no mem in sockstat")?.parse()?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let slab = memory.lines().find_map(|line| line.strip_prefix("Slab:")).context("no Slab in meminfo")?;
    let kib: u64 = slab.split_whitespace().next().context("no figure")?.parse()?;
    Ok(pages * 4096 + kib * 1024)
}

/// Lets this program, and the servers that it starts, open as many files as the system allows.
pub(crate) fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: Some(WANTED_FILES), maximum: Some(WANTED_FILES) };
    // Root may raise what the system gave; everybody may use up to it.
    if maximum.is_none_or(|maximum| maximum >= WANTED_FILES) || setrlimit(Resource::Nofile, wanted).is_err() {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// For 50,000 sockets, and some more.
const WANTED_FILES: u64 = 60_000;
/// Files that a server needs beside its sockets.
const OTHER_FILES: u64 = 200;

/// Why so many sockets can't be opened here, if they can't.
pub(crate) fn too_many_sockets(count: usize) -> Option<String> {
    let files = getrlimit(Resource::Nofile).current?;
    (count as u64 + OTHER_FILES > files).then(|| {
        format!("the limit of open files is {files} (ulimit -Hn), which only the system's owner raises")
    })
}
