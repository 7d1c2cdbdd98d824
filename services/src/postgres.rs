//! A Postgres server of the run's own, which is stopped and started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::{find, free_address, signal};

/// Whoever the server runs as when the run is root's, which Postgres refuses to be.
const SERVICE_USER: &str = "postgres";
/// The database that the nodes share.
const DATABASE: &str = "causerie";
/// How long it may take to start or to stop.
const LIMIT: Duration = Duration::from_secs(30);

/// How the server is stopped, in its manual's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Transactions are rolled back, connections closed.
    Fast,
    /// At once, as in a crash: the next start recovers from the log.
    Immediate,
}

/// The server; it ends with the value and leaves nothing behind.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    address: SocketAddr,
    child: Option<Child>,
}

impl Postgres {
    /// Makes an empty database and serves it.
    ///
    /// # Errors
    /// When Postgres is not installed or does not start.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for Postgres")?;
        if geteuid().is_root() {
            let owner = Command::new("chown").arg(SERVICE_USER).arg(folder.path()).status().await?;
            ensure!(owner.success(), "the folder for Postgres can't be given to the user {SERVICE_USER}");
        }
        let mut postgres = Self { folder, address: free_address()?, child: None };
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
        let made = postgres
            .program("createdb")?
            .args(["--host=127.0.0.1", "--username=causerie"])
            .arg(format!("--port={}", postgres.address.port()))
            .arg(DATABASE)
            .status()
            .await
            .context("starting createdb")?;
        ensure!(made.success(), "createdb could not make the database: {made}");
        Ok(postgres)
    }

    /// Where it listens, the same for all its lives.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the shared database, reached at an address: the server's own or that of a link to it.
    pub fn url(at: SocketAddr) -> String {
        format!("postgres://causerie@{at}/{DATABASE}")
    }

    /// Stops the server and waits until it is gone.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(&mut self, mode: Mode) -> Result<()> {
        let mut child = self.child.take().context("Postgres does not run")?;
        signal(&child, if mode == Mode::Fast { Signal::INT } else { Signal::QUIT })?;
        timeout(LIMIT, child.wait()).await.context("Postgres does not stop")??;
        Ok(())
    }

    /// Starts the server and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub async fn launch(&mut self) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.log_file())?;
        let mut child = self
            .program("postgres")?
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.address.port().to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("starting postgres")?;
        let started = timeout(LIMIT, async {
            // Its own mark of being ready is a line of this file.
            let mark = self.data().join("postmaster.pid");
            while !(std::fs::read_to_string(&mark).is_ok_and(|text| text.contains("ready"))
                && TcpStream::connect(self.address).await.is_ok())
            {
                if let Some(status) = child.try_wait()? {
                    bail!("Postgres ended at its start with {status}\n{}", self.log());
                }
                sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        });
        started.await.with_context(|| format!("Postgres does not start\n{}", self.log()))??;
        self.child = Some(child);
        Ok(())
    }

    /// One of Postgres' programs, as another user than root.
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

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }

    fn log(&self) -> String {
        tail(&self.log_file())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGKILL alone would leave its children for a moment: SIGQUIT ends all of them at once.
        let Some(mut child) = self.child.take() else { return };
        let _ = signal(&child, Signal::QUIT);
        for _ in 0..100 {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// The last lines of a log file.
pub fn tail(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
