//! A PgBouncer for one test, in front of the Postgres that all tests of a program share.

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

/// The connection pooler; killed on drop.
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
        // PgBouncer refuses to run as root; as another user it must still be able to read its files.
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

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL of a database, by way of the pooler.
    pub fn url(&self, database: &str) -> Result<String> {
        let (_, name) = database.rsplit_once('/').context("a URL names a database")?;
        let user = Url::parse(database)?.username().to_owned();
        Ok(format!("postgres://{user}@{}/{name}", self.address()))
    }
}
