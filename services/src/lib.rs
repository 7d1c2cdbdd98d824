//! What several servers share: a Postgres and a Redis of the run's own, in a temporary folder and on free ports, and the
//! wires to them. All of it ends with its values.

pub mod link;
pub mod postgres;
pub mod redis;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

/// A program, in PATH or where Debian keeps Postgres' own.
fn find(program: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&path));
    folders.into_iter().map(|folder| folder.join(program)).find(|path| path.is_file()).with_context(|| {
        format!("{program} is missing: several servers need Postgres and Redis (Debian: sudo apt-get install postgresql redis-server)")
    })
}

/// An address of loopback with a port that nobody listens on.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?.local_addr()?)
}

/// Sends a signal to a child.
///
/// # Errors
/// When the process is gone.
pub fn signal(child: &Child, signal: Signal) -> Result<()> {
    let id = child.id().context("the process is gone")?;
    let pid = Pid::from_raw(i32::try_from(id)?).context("a process id is not 0")?;
    kill_process(pid, signal).context("sending a signal")
}
