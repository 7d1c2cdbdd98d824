//! A check of the set-up in this folder: what `causerie serve` would meet here.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use causerie_doctor::diagnose::{self, Cause};
use causerie_doctor::{Report, Target};
use causerie_protocol::paths;
use causerie_server::bus::RedisBus;
use causerie_server::config::{Config, ConfigError, Doctor as Options, Limits, is_postgres};
use causerie_server::store::{PostgresStore, SqliteStore};
use causerie_server::tls::Certificate;
use causerie_texts::{Check, Finding};
use rustix::fs::{Access, access};
use rustix::process::{Resource, getrlimit};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::reporter::TerminalReporter;
use super::{connect, fetch, pinned};
use crate::cli::not_bound;

/// Files that a server needs beside one for each socket: the database, Redis, the log.
const OTHER_FILES: u64 = 200;
/// Sockets that are expected where no setting says how many.
const EXPECTED_SOCKETS: u32 = 8_000;

/// What would be served, as far as the settings could be read.
struct Plan {
    address: SocketAddr,
    config: Config,
    certificate: Option<Arc<Certificate>>,
}

/// Runs the checks up to the first that fails.
pub(super) async fn check(
    options: &Options,
    env_file: Result<(), ConfigError>,
    reporter: &mut TerminalReporter,
) -> Report {
    let mut checks = Checks { report: Report::new(String::new()), reporter };
    // The finding is in the report.
    let _ = checks.run(options, env_file).await;
    checks.report
}

struct Checks<'a> {
    report: Report,
    reporter: &'a mut TerminalReporter,
}

struct Failed;

impl Checks<'_> {
    async fn run(&mut self, options: &Options, env_file: Result<(), ConfigError>) -> Result<(), Failed> {
        self.reporter.started(Check::Settings, None);
        let plan = plan(options, env_file).map(|plan| (None, plan));
        let plan = self.note(Check::Settings, plan)?;
        let database = plan.config.database_url.as_str();
        if !is_postgres(database) {
            let file = SqliteStore::path(database);
            let folder = file.map_err(|error| cause(Finding::DatabaseUnusable, &error.to_string()));
            let folder = folder.and_then(|file| folder_of(&file));
            self.note(Check::Folder, folder.map(|folder| (Some(folder), ())))?;
        }
        self.reporter.started(Check::LocalDatabase, None);
        let looked = if is_postgres(database) {
            PostgresStore::preflight(database).await
        } else {
            SqliteStore::preflight(database, plan.address).await.map(|()| 0)
        };
        let looked = looked.map_err(|error| cause(Finding::DatabaseUnusable, &error.to_string()));
        let nodes = self.note(Check::LocalDatabase, looked.map(|nodes| (None, nodes)))?;
        if let Some(url) = &plan.config.redis_url {
            self.reporter.started(Check::LocalRedis, None);
            let looked = RedisBus::preflight(url, plan.config.redis_ca.as_ref()).await;
            let looked = looked.map_err(|error| cause(Finding::RedisUnusable, &error.to_string()));
            self.note(Check::LocalRedis, looked.map(|()| (None, ())))?;
        }
        if plan.config.redis_url.is_none() && nodes > 1 {
            return self.note(Check::LocalRedis, Err(Cause::from(Finding::NodesUnheard)));
        }
        self.reporter.started(Check::Port, None);
        let port = port(&plan, options.patience()).await;
        self.note(Check::Port, port.map(|note| (Some(note), ())))?;
        self.note(Check::Files, files(plan.config.limits.sockets).map(|files| (Some(files), ())))
    }

    /// Records a check: its note and result, or the cause of its failure.
    fn note<T>(&mut self, check: Check, outcome: Result<(Option<String>, T), Cause>) -> Result<T, Failed> {
        let before = self.report.steps.len();
        let known = match outcome {
            Ok((note, known)) => {
                self.report.pass(check, note);
                Ok(known)
            }
            Err(Cause { finding, details, note }) => {
                self.report.fail(check, finding, details, note);
                Err(Failed)
            }
        };
        self.reporter.print(&self.report.steps[before..]);
        known
    }
}

fn cause(finding: Finding, sentence: &str) -> Cause {
    Cause::from(finding).with("reason", sentence.trim_end_matches('.'))
}

fn plan(options: &Options, env_file: Result<(), ConfigError>) -> Result<Plan, Cause> {
    let setting = |error: &dyn std::fmt::Display| cause(Finding::SettingUnusable, &error.to_string());
    env_file.map_err(|error| setting(&error))?;
    let serve = options.serve().map_err(|error| setting(&error))?;
    let config = serve.config().map_err(|error| setting(&error))?;
    let certificate = config.tls.clone().map(Certificate::load).transpose();
    let certificate = certificate.map_err(|error| setting(&error))?;
    Ok(Plan { address: serve.address(), config, certificate })
}

/// Whether SQLite may make files beside the database's, which it needs to; answers where that is.
fn folder_of(file: &Path) -> Result<String, Cause> {
    let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let shown = folder.display().to_string();
    let is_good = folder.is_dir() && access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    if is_good { Ok(shown) } else { Err(Cause::from(Finding::FolderNotWritable).with("folder", shown)) }
}

/// Whether the port can be had, or Causerie has it already; answers its number, or who has it.
async fn port(plan: &Plan, patience: Duration) -> Result<String, Cause> {
    let Plan { address, .. } = *plan;
    match TcpListener::bind(address).await {
        Ok(_) => Ok(address.to_string()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match running(plan, patience).await {
            Some(version) => Ok(format!("{address}, causerie {version}")),
            None => Err(Cause::from(Finding::PortTaken).with("port", address.port().to_string())),
        },
        Err(error) => Err(cause(Finding::SettingUnusable, &not_bound(address, &error))),
    }
}

/// The version of the Causerie that serves at the address already.
async fn running(plan: &Plan, patience: Duration) -> Option<String> {
    let ip = match plan.address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address.ip(),
    };
    let scheme = if plan.certificate.is_some() { "https" } else { "http" };
    let target = Target::parse(&format!("{scheme}://{}", SocketAddr::new(ip, plan.address.port()))).ok()?;
    let shown = plan.certificate.as_ref().and_then(|certificate| certificate.shown());
    let ask = async {
        let stream = match shown {
            Some(shown) => connect::connect_with(&target, patience, || pinned::trust(shown)).await,
            None => connect::connect(&target, patience).await,
        };
        let url = target.http(paths::DOCTOR);
        let answer = fetch::over(stream.ok()?, &target, &url, None).await?;
        diagnose::identity(&answer, &target).ok()
    };
    timeout(patience, ask).await.ok().flatten().map(|status| status.version)
}

/// Whether enough files may be opened for the sockets that may be served; answers how many.
fn files(sockets: u32) -> Result<String, Cause> {
    let said = sockets != 0 && sockets != Limits::default().sockets;
    let sockets = if said { sockets } else { EXPECTED_SOCKETS };
    let needed = u64::from(sockets) + OTHER_FILES;
    // The server raises its own limit to the highest that it is allowed.
    match getrlimit(Resource::Nofile).maximum {
        Some(limit) if limit < needed => Err(Cause::from(Finding::TooFewFiles)
            .with("limit", limit.to_string())
            .with("needed", needed.to_string())),
        Some(limit) => Ok(limit.to_string()),
        None => Ok("∞".to_owned()),
    }
}
