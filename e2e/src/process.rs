//! Child processes that say on their standard output when they are ready.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const START: Duration = Duration::from_secs(30);

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
