//! A PgBouncer of a test's own, before the Postgres server that the tests were given.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::geteuid;
use tempfile::TempDir;
use url::Url;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A `pgbouncer` on a free port; it ends with the test.
pub struct PgBouncer {
    address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts it with a `pool_mode`.
    pub async fn start(pool_mode: &str) -> Self {
        let server = Url::parse(&super::postgres::server()).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        // It refuses to be root, and reads its files as somebody else then.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let users = folder.path().join("users.txt");
        fs::write(&users, format!("\"{}\" \"\"\n", server.username())).unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let (host, port) = (server.host_str().unwrap(), server.port().unwrap());
        fs::write(
            &settings,
            format!(
                "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
                 unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {pool_mode}\n",
                address.port(),
                users.display()
            ),
        )
        .unwrap();
        let mut command = Command::new(program());
        if geteuid().is_root() {
            command.args(["-u", "postgres"]);
        }
        let process =
            command.arg("-q").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let bouncer = Self { address, process, _folder: folder };
        let begin = Instant::now();
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while TcpStream::connect(address).is_err() {
            looks.tick().await;
            assert!(begin.elapsed() < PATIENCE, "PgBouncer did not start");
        }
        bouncer
    }

    /// The URL of a database through it.
    pub fn url(&self, database: &str) -> String {
        let mut url = Url::parse(database).unwrap();
        url.set_ip_host(self.address.ip()).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Debian keeps it where not everybody's PATH looks.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join("pgbouncer"))
        .find(|path| path.is_file())
        .expect("these tests need pgbouncer: run `cargo xtask test`, which installs it where it may")
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
