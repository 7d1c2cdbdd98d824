//! The built program, serving on loopback with its own folder and settings.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{ReservedPort, Serving, process, write_certificate};

/// The file of the database, in the server's folder.
const DATABASE: &str = "causerie.db";

/// Environment variables, by name and value.
pub type Settings = Vec<(String, String)>;

/// A server, which is killed, paused and started again on the same port; dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    folder: TempDir,
    settings: Settings,
    /// Reserved, because between two starts the system could give a port of its choice to another program.
    port: ReservedPort,
    serving: Option<Serving>,
}

impl Server {
    /// Starts the program that `CAUSERIE_BIN` names, with an empty database.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// As [`Server::start`], with these environment variables, by name and value.
    pub async fn start_with(settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_program(&built_program()?, for_tests(settings)).await
    }

    /// As [`Server::start`], with a clock that is off, such as by `-31d` or `+120s`.
    pub async fn start_at(clock: &str) -> Result<Self> {
        Self::start_program(&built_program()?, with_clock(clock)?).await
    }

    /// As [`Server::start`], over TLS, with a self-signed certificate.
    pub async fn start_tls() -> Result<Self> {
        let settings = [("CAUSERIE_TLS_CERT", "certificate.pem"), ("CAUSERIE_TLS_KEY", "key.pem")];
        let folder = tempfile::tempdir().context("making the server's folder")?;
        write_certificate(folder.path())?;
        Self::start_in(folder, &built_program()?, for_tests(&settings)).await
    }

    /// Starts a program with settings and an empty database.
    pub async fn start_program(program: &Path, settings: Settings) -> Result<Self> {
        Self::start_in(tempfile::tempdir().context("making the server's folder")?, program, settings).await
    }

    async fn start_in(folder: TempDir, program: &Path, settings: Settings) -> Result<Self> {
        // The process runs in another folder, where a relative path would not be found.
        let program = program.canonicalize().with_context(|| {
            format!("{} is not there: build it with `cargo xtask build`", program.display())
        })?;
        let mut server = Self { program, folder, settings, port: ReservedPort::new()?, serving: None };
        server.launch().await?;
        Ok(server)
    }

    /// Starts the process on the reserved port, and waits until it serves.
    pub async fn launch(&mut self) -> Result<()> {
        let mut command = Command::new(&self.program);
        // Neither the `.env` nor the environment of the developer who runs the tests reaches the server.
        command.current_dir(self.folder.path()).env_clear();
        command.args(["serve", "-b", "127.0.0.1", "-p", &self.port().to_string()]);
        command.env("DATABASE_URL", format!("sqlite:{DATABASE}"));
        // People come and go in tests; one that is about who may come says so.
        command.env("CAUSERIE_REGISTRATION", "open");
        // Programs write in tests, more in a minute than people do.
        command.env("CAUSERIE_MAX_MESSAGES_PER_MINUTE_PER_USER", "0");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        self.serving = Some(Serving::start_with_log(&mut command, &self.log_file()).await?);
        Ok(())
    }

    /// Kills it and starts it again with other settings.
    pub async fn restart_with(&mut self, settings: &[(&str, &str)]) -> Result<()> {
        self.settings = for_tests(settings);
        self.kill().await?;
        self.launch().await
    }

    /// As [`Server::restart_with`], with a clock that is off.
    pub async fn restart_at(&mut self, clock: &str) -> Result<()> {
        self.settings = with_clock(clock)?;
        self.kill().await?;
        self.launch().await
    }

    /// The address on which it listens, the same after each start.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The port on loopback.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The server's origin; settings may put the page under a path below it.
    pub fn url(&self) -> String {
        let is_tls = self.settings.iter().any(|(name, _)| name == "CAUSERIE_TLS_CERT");
        format!("{}://{}", if is_tls { "https" } else { "http" }, self.address())
    }

    /// The file of its database, unless the settings name another one.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }

    /// Runs another command of the program over its database, and returns what it prints.
    pub async fn run(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).env_clear().args(args);
        command.env("DATABASE_URL", format!("sqlite:{DATABASE}"));
        let output = command.output().await?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{args:?} ended with {}: {error}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        self.serving.as_ref().context("no server runs")?.signal(signal)
    }

    /// The process id.
    pub fn pid(&self) -> Result<u32> {
        self.serving.as_ref().and_then(Serving::pid).context("no server runs")
    }

    /// The exit status of a process that ended by itself; none while it runs.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        self.serving.as_mut().map_or(Ok(None), Serving::try_wait)
    }

    /// SIGKILL, as a loss of power would end it.
    pub async fn kill(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.ended().await.map(drop)
    }

    /// SIGTERM.
    pub fn begin_stop(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// SIGTERM; returns when the process has ended.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.begin_stop()?;
        self.ended().await
    }

    /// Waits until a process that got a signal has ended.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let status = self.serving.as_mut().context("no server runs")?.ended().await?;
        self.serving = None;
        Ok(status)
    }

    /// SIGSTOP: its sockets stay open and silent, as after a loss of the network.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// The log so far, of every start.
    pub fn log(&self) -> Result<String> {
        std::fs::read_to_string(self.log_file()).context("reading the server's log")
    }

    /// The end of the log.
    pub fn log_tail(&self) -> String {
        process::tail(&self.log_file())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

fn built_program() -> Result<PathBuf> {
    let named = env::var_os("CAUSERIE_BIN");
    named.map(PathBuf::from).context("CAUSERIE_BIN names no program: run these tests with `cargo xtask test`")
}

/// The settings, with a verbose log in which a test can look.
fn for_tests(settings: &[(&str, &str)]) -> Settings {
    let all = [("CAUSERIE_VERBOSE", "1")].iter().chain(settings);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Settings that shift the wall clock of a program by libfaketime; its monotonic clock stays right.
fn with_clock(clock: &str) -> Result<Settings> {
    let library = process::faketime()?.display().to_string();
    Ok(for_tests(&[("LD_PRELOAD", &library), ("FAKETIME", clock), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")]))
}
