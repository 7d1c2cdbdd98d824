//! A server under torture: a real process on one port, which is killed, stopped and started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use causerie_services::postgres::tail;
use causerie_services::signal;

/// How long the server may take to start, and to end after SIGTERM.
const LIMIT: Duration = Duration::from_secs(20);

/// What a server stands on.
#[derive(Clone, Debug)]
pub enum Ground {
    /// A SQLite file of its own, and no other servers.
    File,
    /// What it shares with other servers.
    Shared {
        /// `postgres://…`
        database_url: String,
        /// `redis://…`
        redis_url: String,
    },
}

/// The process; it ends with the value.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    ground: Ground,
    folder: TempDir,
    child: Option<Child>,
    address: SocketAddr,
}

impl Server {
    /// Starts the program on a port that is free.
    ///
    /// # Errors
    /// When it does not serve.
    pub async fn start(program: &Path, ground: Ground) -> Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for the server")?;
        let program = program.canonicalize().with_context(|| {
            format!("{} is not there: build it with `cargo xtask build`", program.display())
        })?;
        let mut server =
            Self { program, ground, folder, child: None, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        server.launch().await?;
        Ok(server)
    }

    /// Where it listens, the same for all its lives.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("torture.db")
    }

    /// SIGKILL, as when the power goes.
    ///
    /// # Errors
    /// When none runs.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("no server runs")?;
        child.kill().await.context("killing the server")
    }

    /// SIGTERM; how long it took to end.
    ///
    /// # Errors
    /// When it does not end in time and with code 0.
    pub async fn terminate(&mut self) -> Result<Duration> {
        let mut child = self.child.take().context("no server runs")?;
        let begin = Instant::now();
        signal(&child, Signal::TERM)?;
        let ended = tokio::time::timeout(LIMIT, child.wait()).await;
        let status =
            ended.with_context(|| format!("the server did not end within {LIMIT:?} after SIGTERM"))??;
        ensure!(status.success(), "the server ended with {status} after SIGTERM\n{}", self.log());
        Ok(begin.elapsed())
    }

    /// SIGTERM, and a new start.
    ///
    /// # Errors
    /// As [`Self::terminate`], and when it does not start again.
    pub async fn restart(&mut self) -> Result<Duration> {
        let took = self.terminate().await?;
        self.launch().await?;
        Ok(took)
    }

    /// SIGSTOP: the process keeps its sockets and does nothing.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn pause(&self) -> Result<()> {
        signal(self.child.as_ref().context("no server runs")?, Signal::STOP)
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resume(&self) -> Result<()> {
        signal(self.child.as_ref().context("no server runs")?, Signal::CONT)
    }

    /// Fails when the process ended by itself.
    ///
    /// # Errors
    /// With the end of its log.
    pub fn check(&mut self) -> Result<()> {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            bail!("the server ended by itself with {status}\n{}", self.log());
        }
        Ok(())
    }

    /// How many sockets the server closed with a code, by its own log; the close may not have reached the client.
    pub fn closed_with(&self, code: u16) -> usize {
        let text = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        let field = format!("code={code}");
        text.lines().filter(|line| line.contains("DISCONNECT") && line.contains(&field)).count()
    }

    /// Starts the process, and waits until it serves.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub async fn launch(&mut self) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.log_file())?;
        let mut command = Command::new(&self.program);
        match &self.ground {
            Ground::File => {
                command.env("DATABASE_URL", format!("sqlite:{}", self.database().display()));
                command.env_remove("USE_REDIS");
            }
            Ground::Shared { database_url, redis_url } => {
                command
                    .env("DATABASE_URL", database_url)
                    .env("USE_REDIS", "true")
                    .env("REDIS_URL", redis_url);
            }
        }
        let mut child = command
            // An `.env` of the person who runs this must not reach the server.
            .current_dir(self.folder.path())
            .args(["serve", "-b", "127.0.0.1", "-p", &self.address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        let output = child.stdout.take().context("standard output was asked for")?;
        let mut lines = BufReader::new(output).lines();
        let address = tokio::time::timeout(LIMIT, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.trim().strip_prefix("listening on http://") {
                    return address.trim_end_matches('/').parse().context("reading the server's address");
                }
            }
            bail!("the server ended before it served\n{}", self.log())
        });
        self.address = address.await.context("the server does not start")??;
        // Read on, or the server would block on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.child = Some(child);
        Ok(())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The last lines of the server's log.
    fn log(&self) -> String {
        tail(&self.log_file())
    }
}
