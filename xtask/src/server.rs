//! A server for the browser tests: a real process on a free port with a temporary database.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, bail};

use crate::{process, project};

/// Dropping it kills the process and removes its folder.
#[derive(Debug)]
pub struct TestServer {
    child: Child,
    folder: PathBuf,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl TestServer {
    /// Start the program on a free port and wait until it announces that it listens.
    pub fn start(allowed_origin: &str) -> Result<Self> {
        let folder = project::target().join(format!("xtask-server-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let mut command = process::command(project::program())?;
        // The `.env` of the developer who runs the tests must not reach the server.
        command.current_dir(&folder);
        command.args(["serve", "-b", "127.0.0.1", "-p", "0", "--demo"]);
        command.args(["--allow-origin", allowed_origin]);
        command.args(["--database-url", "sqlite:test.db"]);
        process::announce(&command);
        let log = fs::File::create(folder.join("log")).context("making the server's log")?;
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().context("starting the server")?;
        let stdout = child.stdout.take().context("standard output was piped")?;
        let mut server = Self { child, folder, url: String::new() };
        let mut lines = BufReader::new(stdout).lines();
        for line in lines.by_ref() {
            let line = line.context("reading the server's output")?;
            if let Some(url) = line.trim().strip_prefix("listening on ") {
                server.url = url.trim_end_matches('/').to_owned();
                break;
            }
        }
        if server.url.is_empty() {
            let log = fs::read_to_string(server.folder.join("log")).unwrap_or_default();
            bail!("the server ended before it served:\n{log}");
        }
        // The output is read to its end, since the server would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(server)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A port that was free a moment ago, for a program that can't choose one itself.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("asking for a free port")?;
    Ok(listener.local_addr()?.port())
}
