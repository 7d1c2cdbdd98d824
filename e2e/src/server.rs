//! The built program, serving on loopback with a database of its own.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitStatus;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::{WAIT, certificate, process};

/// The file of the database, in the server's folder.
const DATABASE: &str = "causerie.db";
/// Where Debian has libfaketime; the dynamic linker knows what `$LIB` is here.
const FAKETIME: &str = "/usr/$LIB/faketime/libfaketime.so.1";

/// A server process; it is killed with the value, and its database goes with it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    folder: TempDir,
    port: u16,
    settings: Settings,
}

/// Environment variables, by name and value.
type Settings = Vec<(String, String)>;

impl Server {
    /// Start the program named in `CAUSERIE_BIN` on a free port, with an empty database.
    ///
    /// # Errors
    /// When the variable is unset, or the program doesn't come to serve.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// As [`Server::start`], with settings, each the name and the value of an environment variable.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_with(settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_in(tempfile::tempdir().context("making the server's folder")?, owned(settings)).await
    }

    /// As [`Server::start`], with a clock that is off, such as by `-31d` or `+120s`.
    ///
    /// # Errors
    /// As [`Server::start`], and when libfaketime is not installed.
    pub async fn start_at(clock: &str) -> Result<Self> {
        Self::start_in(tempfile::tempdir().context("making the server's folder")?, clocked(clock)).await
    }

    /// As [`Server::start`], speaking TLS with a certificate that nobody but a test trusts.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_tls() -> Result<Self> {
        let folder = tempfile::tempdir().context("making the server's folder")?;
        certificate::write(folder.path())?;
        let settings = [("CAUSERIE_TLS_CERT", "certificate.pem"), ("CAUSERIE_TLS_KEY", "key.pem")];
        Self::start_in(folder, owned(&settings)).await
    }

    async fn start_in(folder: TempDir, settings: Settings) -> Result<Self> {
        let (child, port) = launch(&folder, 0, &settings).await?;
        Ok(Self { child, folder, port, settings })
    }

    /// The port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        let tls = self.settings.iter().any(|(name, _)| name == "CAUSERIE_TLS_CERT");
        format!("{}://127.0.0.1:{}", if tls { "https" } else { "http" }, self.port)
    }

    /// Kill the process, as a power cut would: no warning, no last write.
    ///
    /// # Errors
    /// When the process can't be waited for.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("killing the server")
    }

    /// Ask the process to end.
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn begin_stop(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ask the process to end and wait until it did.
    ///
    /// # Errors
    /// When it can't be signalled or is still there after [`WAIT`].
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.begin_stop()?;
        self.ended().await
    }

    /// Wait until the process ended that was asked to.
    ///
    /// # Errors
    /// When it is still there after [`WAIT`].
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let ended = timeout(WAIT, self.child.wait()).await.context("the server did not end")?;
        ended.context("waiting for the server")
    }

    /// The file of its database, unless the settings name another one.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }

    /// Stop the process where it stands: its sockets stay open and say nothing, as on a network that went away.
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Let a paused process go on.
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let id = self.child.id().context("the server runs")?;
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw).context("a process id")?;
        kill_process(pid, signal).context("signalling the server")
    }

    /// Start again where the last process was: the same port, the same database.
    ///
    /// # Errors
    /// When the program doesn't come to serve.
    pub async fn restart_on_same_port(&mut self) -> Result<()> {
        (self.child, self.port) = launch(&self.folder, self.port, &self.settings).await?;
        Ok(())
    }

    /// Start again with other settings: the same port, the same database.
    ///
    /// # Errors
    /// When the program doesn't come to serve.
    pub async fn restart_with(&mut self, settings: &[(&str, &str)]) -> Result<()> {
        self.settings = owned(settings);
        self.kill().await?;
        self.restart_on_same_port().await
    }

    /// As [`Server::restart_with`], with a clock that is off.
    ///
    /// # Errors
    /// As [`Server::start_at`].
    pub async fn restart_at(&mut self, clock: &str) -> Result<()> {
        self.settings = clocked(clock);
        self.kill().await?;
        self.restart_on_same_port().await
    }

    /// What all its processes logged so far.
    ///
    /// # Errors
    /// When the log can't be read.
    pub fn log(&self) -> Result<String> {
        fs::read_to_string(self.folder.path().join("log")).context("reading the server's log")
    }
}

fn owned(settings: &[(&str, &str)]) -> Settings {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What makes a program believe in another time of day. Its timers stay as they are.
fn clocked(clock: &str) -> Settings {
    let library = env::var("CAUSERIE_TEST_FAKETIME").unwrap_or_else(|_| FAKETIME.to_owned());
    owned(&[("LD_PRELOAD", &library), ("FAKETIME", clock), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")])
}

async fn launch(folder: &TempDir, port: u16, settings: &Settings) -> Result<(Child, u16)> {
    let program = env::var_os("CAUSERIE_BIN")
        .context("CAUSERIE_BIN names no program: run these tests with `cargo xtask test pages`")?;
    let log = File::options().create(true).append(true).open(folder.path().join("log"))?;
    let mut command = Command::new(program);
    // Its own folder, so that no `.env` of the person who runs the tests is read.
    command.current_dir(folder.path());
    command.args(["serve", "-v", "-b", "127.0.0.1", "-p", &port.to_string()]);
    command.env("DATABASE_URL", format!("sqlite:{DATABASE}"));
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command.stderr(log);
    let (child, url) = process::start(&mut command, "listening on ").await?;
    // A folder may follow.
    let port = url.rsplit(':').next().and_then(|port| port.split('/').next()?.parse().ok());
    Ok((child, port.with_context(|| format!("no port in {url}"))?))
}
