//! A Redis for one test, which is killed, stopped, paused and started again.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::process::{find, signal};
use crate::{LIMIT, ReservedPort, eventually};

/// The server; killed on drop. It stores nothing on disk, so it is empty after each start.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    port: ReservedPort,
    child: Option<Child>,
}

impl Redis {
    /// Starts it.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for Redis")?;
        let mut redis = Self { folder, port: ReservedPort::new()?, child: None };
        redis.launch().await?;
        Ok(redis)
    }

    /// The address on which it listens, the same after each start.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Its URL.
    pub fn url(&self) -> String {
        Self::url_at(self.address())
    }

    /// Its URL by way of a proxy in front of it.
    pub fn url_at(proxy: SocketAddr) -> String {
        format!("redis://{proxy}/")
    }

    /// Shuts it down with SIGTERM.
    pub async fn stop(&mut self) -> Result<()> {
        self.end(Signal::TERM).await
    }

    /// Kills it with SIGKILL, as a crash would: it has no time to close its connections.
    pub async fn kill(&mut self) -> Result<()> {
        self.end(Signal::KILL).await
    }

    async fn end(&mut self, by: Signal) -> Result<()> {
        let mut child = self.child.take().context("Redis does not run")?;
        signal(&child, by)?;
        timeout(LIMIT, child.wait()).await.context("Redis does not stop")??;
        Ok(())
    }

    /// Starts it and waits until it answers.
    pub async fn launch(&mut self) -> Result<()> {
        let mut child = Command::new(find("redis-server")?)
            .args(["--port", &self.port.number().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting redis-server")?;
        let started = eventually("that Redis answers", LIMIT, async || {
            if answers(self.address()).await {
                return Some(Ok(()));
            }
            child.try_wait().ok().flatten().map(Err)
        });
        if let Err(status) = started.await? {
            bail!("Redis ended at its start with {status}");
        }
        self.child = Some(child);
        Ok(())
    }

    /// SIGSTOP: its connections stay open, and it does not respond.
    pub fn pause(&self) -> Result<()> {
        signal(self.child.as_ref().context("Redis does not run")?, Signal::STOP)
    }

    /// SIGCONT.
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
