//! A Redis of the run's own, which is killed, stopped, paused and started again.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::{find, free_address, signal};

/// How long it may take to start or to stop.
const LIMIT: Duration = Duration::from_secs(20);

/// The server; it ends with the value. It keeps nothing on disk, so each life begins empty.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    address: SocketAddr,
    child: Option<Child>,
}

impl Redis {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When Redis is not installed or does not start.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for Redis")?;
        let mut redis = Self { folder, address: free_address()?, child: None };
        redis.launch().await?;
        Ok(redis)
    }

    /// Where it listens, the same for all its lives.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for a node that reaches it at an address: its own or that of a link to it.
    pub fn url(at: SocketAddr) -> String {
        format!("redis://{at}/")
    }

    /// Ends it: in order, or as a crash does.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(&mut self, in_order: bool) -> Result<()> {
        let mut child = self.child.take().context("Redis does not run")?;
        signal(&child, if in_order { Signal::TERM } else { Signal::KILL })?;
        timeout(LIMIT, child.wait()).await.context("Redis does not stop")??;
        Ok(())
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn launch(&mut self) -> Result<()> {
        let mut child = Command::new(find("redis-server")?)
            .args(["--port", &self.address.port().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting redis-server")?;
        let started = timeout(LIMIT, async {
            while !answers(self.address).await {
                if let Some(status) = child.try_wait()? {
                    bail!("Redis ended at its start with {status}");
                }
                sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        });
        started.await.context("Redis does not start")??;
        self.child = Some(child);
        Ok(())
    }

    /// SIGSTOP: it keeps its connections and answers nobody.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn pause(&self) -> Result<()> {
        signal(self.child.as_ref().context("Redis does not run")?, Signal::STOP)
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resume(&self) -> Result<()> {
        signal(self.child.as_ref().context("Redis does not run")?, Signal::CONT)
    }
}

async fn answers(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(&answer == b"+PONG")
    };
    matches!(timeout(Duration::from_secs(1), asked).await, Ok(Ok(true)))
}
