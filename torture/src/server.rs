//! A server under torture.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use causerie_testkit::Settings;
use tokio::time::timeout;

/// How long the server may take to end after SIGTERM.
const LIMIT: Duration = Duration::from_secs(20);

/// The services that a node shares with others.
#[derive(Clone, Debug)]
pub struct Shared {
    /// `postgres://…`
    pub database_url: String,
    /// `redis://…`
    pub redis_url: String,
}

/// A real process on one port, which is killed, stopped and started again; dropping it kills the process.
#[derive(Debug)]
pub struct Server(causerie_testkit::Server);

impl Deref for Server {
    type Target = causerie_testkit::Server;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Server {
    /// Starts the program, with its own SQLite file unless it shares a database.
    pub async fn start(program: &Path, shared: Option<Shared>) -> Result<Self> {
        let mut settings = Settings::new();
        if let Some(Shared { database_url, redis_url }) = shared {
            settings.push(("DATABASE_URL".to_owned(), database_url));
            settings.push(("USE_REDIS".to_owned(), "true".to_owned()));
            settings.push(("REDIS_URL".to_owned(), redis_url));
        }
        Ok(Self(causerie_testkit::Server::start_program(program, settings).await?))
    }

    /// SIGTERM; returns how long the server took to end.
    pub async fn terminate(&mut self) -> Result<Duration> {
        let begin = Instant::now();
        let ended = timeout(LIMIT, self.stop()).await;
        let status =
            ended.with_context(|| format!("the server did not end within {LIMIT:?} after SIGTERM"))??;
        ensure!(status.success(), "the server ended with {status} after SIGTERM\n{}", self.log_tail());
        Ok(begin.elapsed())
    }

    /// SIGTERM and a new start; returns how long the server took to end.
    pub async fn restart(&mut self) -> Result<Duration> {
        let took = self.terminate().await?;
        self.launch().await?;
        Ok(took)
    }

    /// Fails when the process ended by itself.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.try_wait()? {
            bail!("the server ended by itself with {status}\n{}", self.log_tail());
        }
        Ok(())
    }

    /// How many sockets the server closed with this code, counted in its log, since the close may not reach the client.
    pub fn closed_with(&self, code: u16) -> usize {
        let field = format!("code={code}");
        let text = self.log().unwrap_or_default();
        text.lines().filter(|line| line.contains("DISCONNECT") && line.contains(&field)).count()
    }
}
