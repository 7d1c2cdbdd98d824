//! nginx between a client and a server: as it should be, and with one mistake of those that people make.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::server::PATIENCE;

/// The whole file, with what is to be put in standing in braces.
const FILE: &str = include_str!("../../../e2e/proxies/nginx.conf");
/// Lines of its location: as they should be.
pub const HEALTHY: &str = include_str!("../../../e2e/proxies/healthy.conf");
/// Without the lines that pass the upgrade on.
pub const NO_UPGRADE: &str = include_str!("../../../e2e/proxies/no-upgrade.conf");
/// Without the offered subprotocols.
pub const NO_SUBPROTOCOL: &str = include_str!("../../../e2e/proxies/no-subprotocol.conf");
/// With three seconds until a quiet connection is cut.
pub const CUTS_IDLE: &str = include_str!("../../../e2e/proxies/cuts-idle.conf");

/// An nginx of its own; it ends with the value.
pub struct Nginx {
    pub address: SocketAddr,
    folder: TempDir,
    process: Child,
}

impl Nginx {
    /// In front of a server, with these lines in its location.
    pub async fn start(server: SocketAddr, location: &str) -> Self {
        Self::start_with(server, location, |file| file).await
    }

    /// As [`Nginx::start`], with a change to the whole file.
    pub async fn start_with(
        server: SocketAddr,
        location: &str,
        change: impl FnOnce(String) -> String,
    ) -> Self {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("nginx.conf"), file(&folder, address, server, location, change))
            .unwrap();
        let nginx = std::env::var("CAUSERIE_TEST_NGINX").unwrap_or_else(|_| "nginx".to_owned());
        let mut command = Command::new(nginx);
        command.arg("-e").arg(folder.path().join("error.log"));
        command.arg("-c").arg(folder.path().join("nginx.conf")).process_group(0);
        let process = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need nginx: run `cargo xtask test`, which installs it where it may");
        let nginx = Self { address, folder, process };
        nginx.listens().await;
        nginx
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes the file anew with other lines, as a person does who follows a remedy, and starts over.
    pub async fn mend(self, server: SocketAddr, location: &str) -> Self {
        drop(self);
        Self::start(server, location).await
    }

    async fn listens(&self) {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        let look = async {
            loop {
                looks.tick().await;
                if TcpStream::connect(self.address).await.is_ok() {
                    return;
                }
            }
        };
        let log = || fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default();
        tokio::time::timeout(PATIENCE, look)
            .await
            .unwrap_or_else(|_| panic!("nginx did not start: {}", log()));
    }
}

fn file(
    folder: &TempDir,
    address: SocketAddr,
    server: SocketAddr,
    location: &str,
    change: impl FnOnce(String) -> String,
) -> String {
    let file = FILE
        .replace("{location}", location)
        .replace("{port}", &address.port().to_string())
        .replace("{tls}", "")
        .replace("{backend}", &server.to_string())
        .replace("{folder}", folder.path().to_str().unwrap());
    change(file)
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // With its workers, which outlive a master that is killed.
        if let Some(group) = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.process.wait();
    }
}
