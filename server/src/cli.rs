//! The program around the server: options, the log, signals, and the sentence when it can't start.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use causerie_protocol::paths;
use causerie_server::config::{self, Cli, Command, LogFormat, Serve};
use causerie_server::demo;
use causerie_server::serve::Server;
use causerie_server::tls::Certificate;
use clap::Parser;
use clap::error::ErrorKind;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

mod account;
mod backup;
mod doctor;
mod migrate_db;
mod reports;

/// The file beside which the program is started that holds variables.
const ENV_FILE: &str = ".env";
/// The exit code when the command line can't be used.
const NOT_USABLE: u8 = 2;
/// The exit code after a second signal, as shells expect it: 128 and the number of SIGINT.
const ENDED_BY_SIGNAL: i32 = 130;

/// Runs the program; every failure is one sentence on standard error and an exit code that is not 0.
pub fn main() -> ExitCode {
    // First of all: it changes the environment, which only a program without threads may.
    let env_file = config::read_env_file(Path::new(ENV_FILE));
    let command = match (Cli::try_parse(), &env_file) {
        // The doctor reports what is wrong with the file.
        (Ok(Cli { command: command @ Command::Doctor(_) }), _) => command,
        (_, Err(error)) => return fail(&error.to_string()),
        (Ok(cli), Ok(())) => cli.command,
        (Err(error), Ok(())) => return not_parsed(&error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match (runtime, &command) {
        (Ok(runtime), Command::Serve(serve)) => {
            start_log(serve);
            raise_file_limit();
            runtime.block_on(run(serve)).map(|()| ExitCode::SUCCESS)
        }
        (Ok(runtime), Command::MigrateDb(options)) => {
            runtime.block_on(migrate_db::run(options)).map(|()| ExitCode::SUCCESS)
        }
        (Ok(runtime), Command::Backup(options)) => {
            runtime.block_on(backup::backup(options)).map(|()| ExitCode::SUCCESS)
        }
        (Ok(runtime), Command::Restore(options)) => {
            runtime.block_on(backup::restore(options)).map(|()| ExitCode::SUCCESS)
        }
        (Ok(runtime), Command::RenewEpoch(options)) => {
            runtime.block_on(backup::renew(options)).map(|()| ExitCode::SUCCESS)
        }
        (Ok(runtime), Command::Account(options)) => {
            runtime.block_on(account::run(options)).map(|()| ExitCode::SUCCESS)
        }
        (Ok(runtime), Command::Reports(options)) => {
            runtime.block_on(reports::run(options)).map(|()| ExitCode::SUCCESS)
        }
        (Ok(runtime), Command::Doctor(options)) => match runtime.block_on(doctor::run(options, env_file)) {
            Ok(code) => Ok(code),
            Err(sentence) => return not_usable(&sentence),
        },
        (Err(error), _) => Err(format!("the system gave no threads ({error}): close other programs")),
    };
    outcome.unwrap_or_else(|sentence| fail(&sentence))
}

async fn run(serve: &Serve) -> Result<(), String> {
    let mut config = serve.config().map_err(|error| error.to_string())?;
    let address = serve.address();
    let listener = TcpListener::bind(address).await.map_err(|error| not_bound(address, &error))?;
    let address = listener.local_addr().map_err(|error| not_bound(address, &error))?;
    // From here on, so that a signal during a long migration is not lost.
    let shutdown = signals()?;
    config.address = Some(address);
    let (is_demo, base_path) = (config.demo, config.base_path.clone());
    let page = config.page().unwrap_or_default();
    let server = Server::open(config).await.map_err(|error| error.to_string())?;
    let scheme = if server.certificate().is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}{base_path}");
    if let Some(certificate) = server.certificate().cloned() {
        tokio::spawn(reload(certificate, hangups()?));
    }
    say(&format!("listening on {url}"));
    if is_demo {
        say(&demo::invitation(&url));
    }
    if let Some(secret) = server.owner_invitation().await.map_err(|error| error.to_string())? {
        say(&format!(
            "nobody owns this installation yet: who opens {page}{} becomes its owner",
            paths::join_page(&secret)
        ));
    }
    tracing::info!(%address, "listening");
    server
        .serve(listener, async {
            // The sender lives as long as the process.
            let _ = shutdown.await;
        })
        .await;
    Ok(())
}

/// Completes at the first SIGINT or SIGTERM; the second one ends the program at once.
fn signals() -> Result<oneshot::Receiver<()>, String> {
    let refused = |error: io::Error| format!("the system refuses signal handlers ({error})");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
    let (first, shutdown) = oneshot::channel();
    tokio::spawn(async move {
        let mut first = Some(first);
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            match first.take() {
                // The receiver is gone when serving has failed meanwhile.
                Some(first) => drop(first.send(())),
                None => std::process::exit(ENDED_BY_SIGNAL),
            }
        }
    });
    Ok(shutdown)
}

fn hangups() -> Result<Signal, String> {
    signal(SignalKind::hangup()).map_err(|error| format!("the system refuses signal handlers ({error})"))
}

/// Reads the certificate again at every SIGHUP; one that can't be used changes nothing.
async fn reload(certificate: Arc<Certificate>, mut hangups: Signal) {
    while hangups.recv().await.is_some() {
        match certificate.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }
}

/// Lets the program open as many files as the system allows it: every socket takes one, and 1,024 is a usual start.
fn raise_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

fn not_bound(address: SocketAddr, error: &io::Error) -> String {
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "port {port} of {} is taken by another program: stop that one, or choose another port with --port or CAUSERIE_PORT",
            address.ip()
        ),
        io::ErrorKind::PermissionDenied => format!(
            "port {port} needs rights that this program does not have: choose one from 1024 on with --port or CAUSERIE_PORT"
        ),
        io::ErrorKind::AddrNotAvailable => format!(
            "{} is no address of this machine: choose another with --bind or CAUSERIE_BIND",
            address.ip()
        ),
        _ => format!("{address} can't be listened on ({error}): choose others with --bind and --port"),
    }
}

/// Help is an answer; everything else that clap says is cut to its first sentence.
fn not_parsed(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return not_usable(
            "no command was given: `causerie serve` starts the server, `causerie --help` explains",
        );
    }
    not_usable(&format!(
        "{} (`causerie --help` lists the commands, `causerie COMMAND --help` the options of one)",
        config::first_sentence(error)
    ))
}

fn start_log(serve: &Serve) {
    let (ours, others) = match serve.verbose {
        0 => (LevelFilter::INFO, LevelFilter::WARN),
        1 => (LevelFilter::DEBUG, LevelFilter::INFO),
        _ => (LevelFilter::TRACE, LevelFilter::DEBUG),
    };
    // The prefix names this program and its library.
    let filter = Targets::new().with_default(others).with_target("causerie", ours);
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match serve.log_format {
        LogFormat::Text => registry.with(lines.with_ansi(io::stderr().is_terminal())).init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true).with_ansi(false)).init(),
    }
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    // The reader may be gone, and the server serves all the same.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn fail(sentence: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "causerie: {}.", sentence.trim_end_matches('.'));
    ExitCode::FAILURE
}

/// A command line that can't be used, which scripts tell from a failure.
fn not_usable(sentence: &str) -> ExitCode {
    let _ = fail(sentence);
    ExitCode::from(NOT_USABLE)
}
