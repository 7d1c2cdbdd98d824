//! A running Causerie server.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::{NamedTempFile, TempPath};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use crate::{LIMIT, process};

/// A process that serves; killed on drop.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    lines: UnboundedReceiver<String>,
    /// `http://127.0.0.1:PORT`, followed by the path if the server has one.
    pub url: String,
    log: PathBuf,
    /// The temporary log, removed on drop; none when the caller named the log.
    own_log: Option<TempPath>,
}

impl Serving {
    /// Starts it and waits until it announces that it listens.
    pub async fn start(command: &mut Command) -> Result<Self> {
        let log = NamedTempFile::new().context("making a log")?.into_temp_path();
        let mut serving = Self::start_with_log(command, &log).await?;
        serving.own_log = Some(log);
        Ok(serving)
    }

    /// As [`Serving::start`], but appends to this log and keeps it.
    pub async fn start_with_log(command: &mut Command, log: &Path) -> Result<Self> {
        command.stderr(File::options().create(true).append(true).open(log).context("opening the log")?);
        let started = process::start(command, "listening on ").await;
        let (child, url, lines) = started.with_context(|| process::tail(log))?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { child, lines, url, log: log.to_owned(), own_log: None })
    }

    /// The address on which it listens.
    pub fn address(&self) -> Result<SocketAddr> {
        let (_, address) = self.url.split_once("://").context("a URL has a scheme")?;
        let address = address.split('/').next().unwrap_or_default();
        address.parse().with_context(|| format!("the server's address {address}"))
    }

    /// The process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The next line of its standard output; none when it ended, or printed nothing within [`LIMIT`].
    pub async fn line(&mut self) -> Option<String> {
        timeout(LIMIT, self.lines.recv()).await.ok().flatten()
    }

    /// The log so far.
    pub fn log(&self) -> Result<String> {
        std::fs::read_to_string(&self.log).context("reading the server's log")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        process::signal(&self.child, signal)
    }

    /// The exit status; none while it runs.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("looking after the server")
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let ended = timeout(LIMIT, self.child.wait()).await.context("the server did not end")?;
        ended.context("waiting for the server")
    }

    /// Sends a signal and waits until the process has ended; returns the exit status and the log.
    pub async fn end(mut self, signal: Signal) -> Result<(ExitStatus, String)> {
        self.signal(signal)?;
        Ok((self.ended().await?, self.log()?))
    }
}
