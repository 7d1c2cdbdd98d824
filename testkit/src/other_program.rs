//! Other programs that are in Causerie's way: one listens in its place, or locks its database.

use std::env;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};

use crate::process;

/// What a program prints when it is ready; its port follows, 0 when it has none.
const SERVES: &str = "serves on ";

/// A plain web server, as `python3 -m http.server`.
const WEB_SERVER: &str = "
from http.server import ThreadingHTTPServer, SimpleHTTPRequestHandler
server = ThreadingHTTPServer(('127.0.0.1', 0), SimpleHTTPRequestHandler)
print('serves on', server.server_port, flush=True)
server.serve_forever()";

/// The WSGI server that Django's `manage.py runserver` is built on, with its demo application.
const DJANGO_SERVER: &str = "
from wsgiref.simple_server import make_server, demo_app
server = make_server('127.0.0.1', 0, demo_app)
print('serves on', server.server_port, flush=True)
server.serve_forever()";

/// Holds the write lock of a SQLite database until it is killed.
const HOLDER: &str = "
import signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute('BEGIN IMMEDIATE')
print('serves on 0', flush=True)
signal.pause()";

/// Another program, on a free port of loopback if it listens; killed on drop.
#[derive(Debug)]
pub struct OtherProgram {
    _child: Child,
    port: u16,
}

impl OtherProgram {
    /// A plain web server.
    pub async fn web_server() -> Result<Self> {
        Self::start(WEB_SERVER, "").await
    }

    /// The server under Django's `runserver`, without Django itself.
    pub async fn django_server() -> Result<Self> {
        Self::start(DJANGO_SERVER, "").await
    }

    /// A program that holds the write lock of a SQLite database: every other writer waits until this value is dropped.
    pub async fn holding(database: &Path) -> Result<Self> {
        Self::start(HOLDER, database.to_str().context("a file's name")?).await
    }

    async fn start(program: &str, argument: &str) -> Result<Self> {
        let mut command = Command::new(process::find("python3")?);
        // Its folder has no files to serve, and its log of requests is dropped.
        command
            .args(["-c", program, argument])
            .current_dir(env::temp_dir())
            .stderr(std::process::Stdio::null());
        let (child, port, _) = process::start(&mut command, SERVES).await?;
        Ok(Self { _child: child, port: port.parse().context("a port")? })
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
