//! A PgBouncer of a test's own, before the Postgres that all tests of a program share.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;

use crate::process::{find, listens};
use crate::{LIMIT, ReservedPort, database_server};

/// The pooler; it ends with the value.
#[derive(Debug)]
pub struct PgBouncer {
    port: ReservedPort,
    _child: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts it with a `pool_mode`.
    pub async fn start(pool_mode: &str) -> Result<Self> {
        let server = Url::parse(&database_server().await?)?;
        let (host, port) = (server.host_str().context("a host")?, server.port().context("a port")?);
        let folder = tempfile::tempdir()?;
        // It refuses to be root, and reads its files as somebody else then.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let users = folder.path().join("users.txt");
        fs::write(&users, format!("\"{}\" \"\"\n", server.username()))?;
        let settings = folder.path().join("pgbouncer.ini");
        let own = ReservedPort::new()?;
        fs::write(
            &settings,
            format!(
                "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
                 unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {pool_mode}\n",
                own.number(),
                users.display()
            ),
        )?;
        let mut command = Command::new(find("pgbouncer")?);
        if geteuid().is_root() {
            command.args(["-u", "postgres"]);
        }
        let log = folder.path().join("log");
        command.arg("-q").arg(&settings).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let mut child = command.kill_on_drop(true).spawn().context("starting pgbouncer")?;
        listens(&mut child, own.address(), LIMIT, &log).await.context("pgbouncer")?;
        Ok(Self { port: own, _child: child, _folder: folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL of a database through it.
    pub fn url(&self, database: &str) -> Result<String> {
        let (_, name) = database.rsplit_once('/').context("a URL names a database")?;
        let user = Url::parse(database)?.username().to_owned();
        Ok(format!("postgres://{user}@{}/{name}", self.address()))
    }
}
