//! Child processes: how their programs are found, how they are started until they are ready, and how they end.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::timeout;

use crate::{LIMIT, eventually};

/// Finds a program in PATH, or where Debian keeps the programs of Postgres and those for root.
pub fn find(program: &str) -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.push(PathBuf::from("/usr/sbin"));
    let folders = std::env::join_paths(folders)?;
    let found = which::which_in_global(program, Some(folders)).ok().and_then(|mut found| found.next());
    found.with_context(|| format!("{program} is missing: `cargo xtask test` installs it where it may"))
}

/// libfaketime, which gives a program another time of day when it is preloaded.
pub fn faketime() -> Result<PathBuf> {
    // Debian keeps the libraries of each kind of processor in a folder of their own.
    let kinds = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|kind| kind.path());
    let folders = kinds.chain(["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from));
    folders
        .map(|folder| folder.join("faketime/libfaketime.so.1"))
        .find(|library| library.is_file())
        .context("libfaketime is missing: `cargo xtask test` installs it where it may")
}

/// Starts a program that says on its standard output when it is ready: the child, what follows `announcement` in the
/// first line that holds it, and the lines after that. The child is killed on drop.
pub async fn start(
    command: &mut Command,
    announcement: &str,
) -> Result<(Child, String, UnboundedReceiver<String>)> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
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
    let rest = timeout(LIMIT, announced)
        .await
        .with_context(|| format!("{program} did not say that it is ready"))??;
    let (send, receive) = mpsc::unbounded_channel();
    // The output is read to its end, since the program would block on a full pipe.
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let _ = send.send(line);
        }
    });
    Ok((child, rest, receive))
}

/// Waits until a program listens; for one that does not announce it. An error contains the end of its log.
pub async fn listens(child: &mut Child, address: SocketAddr, limit: Duration, log: &Path) -> Result<()> {
    let looked = eventually("that it listens", limit, async || {
        if TcpStream::connect(address).await.is_ok() {
            return Some(Ok(()));
        }
        child.try_wait().ok().flatten().map(Err)
    });
    match looked.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(status)) => bail!("it ended at its start with {status}:\n{}", tail(log)),
        Err(late) => Err(late).with_context(|| tail(log)),
    }
}

/// Sends a signal to a child.
pub fn signal(child: &Child, signal: Signal) -> Result<()> {
    kill_process(pid(child).context("the process is gone")?, signal).context("sending a signal")
}

/// Kills a whole process group: a program that leads one, and all that it started.
pub fn end_group(child: &Child) {
    if let Some(group) = pid(child) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Ends a child and removes its folder when this program has exited or was killed.
pub fn end_with_this_program(child: &Child, folder: &Path) -> Result<()> {
    // The child may become a zombie that no process reaps, for which `kill -0` still succeeds: so the loop is bounded.
    const WAITS: &str =
        "cat; kill -QUIT $0; for n in 1 2 3 4 5 6 7 8 9; do kill -0 $0 && sleep 0.2; done; rm -rf \"$1\"";
    let pid = child.id().context("the process is gone")?.to_string();
    // The shell's `cat` ends when this program has: then the system closes the other end of the pipe.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", WAITS, &pid]).arg(folder).stdin(Stdio::piped()).process_group(0);
    let shell = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("starting a shell")?;
    // Dropping it would close the pipe; it has to stay open as long as this program lives.
    std::mem::forget(shell);
    Ok(())
}

fn pid(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// The last lines of a log file.
pub fn tail(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
