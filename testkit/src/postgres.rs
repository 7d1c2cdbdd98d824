//! Postgres servers: one that a test stops and starts again, and one that all tests of a program share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::process::{self, find, signal, tail};
use crate::{LIMIT, ReservedPort, eventually};

/// The system user that runs the server when the tests run as root, because Postgres refuses to run as root.
const SERVICE_USER: &str = "postgres";
/// The database that every server has from the start.
const DATABASE: &str = "causerie";
const SETTINGS: [&str; 2] = ["listen_addresses=127.0.0.1", "max_connections=300"];
/// The data of a test need not survive a loss of power.
const NOT_DURABLE: &str = "fsync=off";

/// How the server is shut down; the names are those of its manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Transactions are rolled back and connections closed.
    Fast,
    /// At once, as in a crash: the next start recovers from the log.
    Immediate,
}

/// The server; dropping it stops it and removes its data.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    port: ReservedPort,
    is_durable: bool,
    child: Option<Child>,
}

impl Postgres {
    /// Creates an empty database and starts a server for it, whose commits are not durable.
    pub async fn start() -> Result<Self> {
        Self::start_as(false).await
    }

    /// As [`Postgres::start`], with commits that survive a loss of power: for measurements.
    pub async fn start_durable() -> Result<Self> {
        Self::start_as(true).await
    }

    async fn start_as(is_durable: bool) -> Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for Postgres")?;
        if geteuid().is_root() {
            let owner = Command::new("chown").arg(SERVICE_USER).arg(folder.path()).status().await?;
            ensure!(owner.success(), "the folder for Postgres can't be given to the user {SERVICE_USER}");
        }
        let mut postgres = Self { folder, port: ReservedPort::new()?, is_durable, child: None };
        let made = postgres
            .program("initdb")?
            .args(["--auth=trust", "--username=causerie", "--encoding=UTF8", "--no-sync", "--pgdata"])
            .arg(postgres.data())
            .stdout(Stdio::null())
            .status()
            .await
            .context("starting initdb")?;
        ensure!(made.success(), "initdb could not make a database: {made}");
        postgres.launch().await?;
        let mut create = postgres.client("psql")?;
        create.args(["--quiet", "--dbname=postgres", "--command"]);
        let made =
            create.arg(format!("CREATE DATABASE {DATABASE}")).status().await.context("starting psql")?;
        ensure!(made.success(), "psql could not make the database: {made}");
        Ok(postgres)
    }

    /// The address on which it listens, the same after each start.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        Self::url_at(self.address())
    }

    /// The URL of its database by way of a proxy in front of it.
    pub fn url_at(proxy: SocketAddr) -> String {
        format!("postgres://causerie@{proxy}/{DATABASE}")
    }

    /// Stops the server and waits until it is gone.
    pub async fn stop(&mut self, how: Stop) -> Result<()> {
        let mut child = self.child.take().context("Postgres does not run")?;
        signal(&child, if how == Stop::Fast { Signal::INT } else { Signal::QUIT })?;
        timeout(LIMIT, child.wait()).await.context("Postgres does not stop")??;
        Ok(())
    }

    /// Starts the server and waits until it accepts connections.
    pub async fn launch(&mut self) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.log())?;
        let mut command = self.program("postgres")?;
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-p", &self.port.number().to_string()]);
        for setting in SETTINGS.iter().chain((!self.is_durable).then_some(&NOT_DURABLE)) {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        let mut child = command.spawn().context("starting postgres")?;
        // Postgres writes into this file when it is ready.
        let mark = self.data().join("postmaster.pid");
        let started = eventually("that Postgres takes connections", LIMIT, async || {
            let is_ready = std::fs::read_to_string(&mark).is_ok_and(|text| text.contains("ready"));
            if is_ready && TcpStream::connect(self.address()).await.is_ok() {
                return Some(Ok(()));
            }
            child.try_wait().ok().flatten().map(Err)
        });
        if let Err(status) = started.await.with_context(|| tail(&self.log()))? {
            bail!("Postgres ended at its start with {status}\n{}", tail(&self.log()));
        }
        self.child = Some(child);
        Ok(())
    }

    /// One of Postgres' programs, never run as root.
    fn program(&self, name: &str) -> Result<Command> {
        let path = find(name)?;
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", SERVICE_USER, "--regid", SERVICE_USER, "--clear-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(self.folder.path());
        Ok(command)
    }

    /// One of Postgres' client programs, connected to this server.
    fn client(&self, name: &str) -> Result<Command> {
        let mut command = self.program(name)?;
        command.args(["--host=127.0.0.1", "--username=causerie", "--no-psqlrc"]);
        command.arg(format!("--port={}", self.port.number()));
        Ok(command)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // After a SIGKILL its child processes would live on for a moment; SIGQUIT ends all of them at once.
        let Some(mut child) = self.child.take() else { return };
        let _ = signal(&child, Signal::QUIT);
        for _ in 0..100 {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(20));
        }
    }
}

/// The server that all tests of a program share; it ends when the test program does.
async fn shared() -> Result<&'static Postgres> {
    static SHARED: OnceCell<Postgres> = OnceCell::const_new();
    let start = async || {
        let postgres = Postgres::start().await?;
        let child = postgres.child.as_ref().context("it was just started")?;
        process::end_with_this_program(child, postgres.folder.path())?;
        Ok(postgres)
    };
    SHARED.get_or_try_init(start).await
}

/// The URL of the server that all tests of a program share, without a database.
pub async fn database_server() -> Result<String> {
    Ok(format!("postgres://causerie@{}", shared().await?.address()))
}

/// The URL of a new, empty database on the server that all tests of a program share.
pub async fn database() -> Result<String> {
    database_with("").await
}

/// As [`database`], with options of `CREATE DATABASE`.
pub async fn database_with(options: &str) -> Result<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut create = shared().await?.client("psql")?;
    create.args(["--quiet", "--dbname=postgres", "--command"]);
    let made = create.arg(format!("CREATE DATABASE {name} {options}")).status().await?;
    ensure!(made.success(), "psql could not make a database {options}: {made}");
    Ok(format!("{}/{name}", database_server().await?))
}
