//! Child processes: until they are ready, and their end.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

const START: Duration = Duration::from_secs(30);
/// How often a port is tried while a program starts.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Start a program that speaks to a pipe, and return what follows `announcement` in the first line that holds it.
///
/// # Errors
/// When the program can't be started, or ends or goes quiet before it announces itself.
pub async fn start(command: &mut Command, announcement: &str) -> Result<(Child, String)> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("starting {program}"))?;
    let stdout = child.stdout.take().context("standard output was piped")?;
    let mut lines = BufReader::new(stdout).lines();
    let announced = async {
        while let Some(line) = lines.next_line().await? {
            if let Some((_, rest)) = line.split_once(announcement) {
                return Ok(rest.trim().to_owned());
            }
        }
        bail!("{program} ended before it was ready");
    };
    let rest = timeout(START, announced)
        .await
        .with_context(|| format!("{program} did not say that it is ready"))??;
    // Read on, or the program would block on a full pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, rest))
}

/// A port of loopback that nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").context("looking for a free port")?.local_addr()?.port())
}

/// Wait until a program listens that says nothing when it does, and writes to a log when it can't.
///
/// # Errors
/// When it ends, or does not listen for so long, with its log.
pub async fn listens(child: &mut Child, port: u16, limit: Duration, log: &Path) -> Result<()> {
    let end = Instant::now() + limit;
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        let ended = child.try_wait()?;
        if ended.is_some() || Instant::now() > end {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            bail!("it does not listen ({ended:?}): {log}");
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// End a program that leads a group of its own, with all that it started.
pub fn end_group(child: &Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
}
