//! A proxy of a test's own, with the project's file for it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use causerie_protocol::paths;
use tempfile::TempDir;

use crate::common::server::PATIENCE;

/// A running proxy; it ends with the test.
pub struct Proxy {
    pub address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

/// Where the server is in the files of `deploy/`.
const SERVER: &str = "127.0.0.1:8000";

impl Proxy {
    pub fn nginx(server: SocketAddr) -> Self {
        let (address, folder) = place();
        let upstream =
            put(include_str!("../../../../deploy/nginx/upstream.conf"), SERVER, &server.to_string());
        let site = put(
            include_str!("../../../../deploy/nginx/causerie.conf"),
            "listen 80;",
            &format!("listen {address};"),
        );
        fs::write(folder.path().join("upstream.conf"), upstream).unwrap();
        fs::write(folder.path().join("causerie.conf"), site).unwrap();
        let command = nginx(&folder);
        Self::start(command, address, folder)
    }

    /// A site of its own with Causerie in its folder `/chat/`.
    pub fn nginx_folder(server: SocketAddr) -> Self {
        let (address, folder) = place();
        let upstream =
            put(include_str!("../../../../deploy/nginx/upstream.conf"), SERVER, &server.to_string());
        let locations = include_str!("../../../../deploy/nginx/folder.conf");
        let site = format!(
            "server {{\nlisten {address};\nlocation / {{ return 200 \"the rest of the site\"; }}\n{locations}}}\n"
        );
        fs::write(folder.path().join("upstream.conf"), upstream).unwrap();
        fs::write(folder.path().join("causerie.conf"), site).unwrap();
        let command = nginx(&folder);
        Self::start(command, address, folder)
    }

    pub fn caddy(server: SocketAddr) -> Self {
        let (address, folder) = place();
        let site = put(include_str!("../../../../deploy/caddy/Caddyfile"), SERVER, &server.to_string());
        // By its name Caddy would get a certificate.
        let site = put(&site, "chat.example.org {", &format!("http://{address} {{\n\tbind {}", address.ip()));
        let config = folder.path().join("Caddyfile");
        fs::write(&config, format!("{{\n\tadmin off\n}}\n{site}")).unwrap();
        let mut command = Command::new(program("CAUSERIE_TEST_CADDY", "caddy"));
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(config);
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(variable, folder.path());
        }
        Self::start(command, address, folder)
    }

    fn start(mut command: Command, address: SocketAddr, folder: TempDir) -> Self {
        command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect(
            "these tests need nginx and Caddy: run `cargo xtask test`, which installs them where it may",
        );
        Self { address, process, _folder: folder }
    }

    /// Waits until it passes requests on.
    pub async fn serves(&self, client: &reqwest::Client) {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        let look = async {
            loop {
                looks.tick().await;
                let answer = client.get(format!("http://{}{}", self.address, paths::HEALTH)).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the proxy did not start");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// nginx with the two files that are in its folder.
fn nginx(folder: &TempDir) -> Command {
    let at = folder.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
        .collect();
    let main = format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}include {at}/upstream.conf;\ninclude {at}/causerie.conf;\n}}\n"
    );
    let config = folder.path().join("nginx.conf");
    fs::write(&config, main).unwrap();
    let mut command = Command::new(program("CAUSERIE_TEST_NGINX", "nginx"));
    command.arg("-e").arg(folder.path().join("error.log")).arg("-c").arg(config);
    command
}

fn program(variable: &str, name: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| name.to_owned())
}

fn place() -> (SocketAddr, TempDir) {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    (address, tempfile::tempdir().unwrap())
}

/// The file with one place changed, which must be there.
fn put(file: &str, place: &str, with: &str) -> String {
    assert!(file.contains(place), "the file has no {place}");
    file.replace(place, with)
}
