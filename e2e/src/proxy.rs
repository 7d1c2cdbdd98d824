//! nginx between a browser and a server: as it should be, and with one mistake of those that people make.

use std::net::TcpListener;
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Duration, Instant, sleep};

use crate::WAIT;

/// How often a port is tried while nginx starts.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An nginx of its own; it ends with the value.
#[derive(Debug)]
pub struct Proxy {
    child: Child,
    _folder: TempDir,
    port: u16,
    tls: bool,
}

impl Proxy {
    /// Start nginx before a server's port, with the lines of a file in `e2e/proxies/`, such as `healthy`.
    ///
    /// # Errors
    /// When nginx can't be started.
    pub async fn start(file: &str, backend: u16) -> Result<Self> {
        Self::launch(file, backend, false).await
    }

    /// As [`Proxy::start`], over TLS, with a certificate that nobody but a test trusts.
    ///
    /// # Errors
    /// As [`Proxy::start`].
    pub async fn start_tls(file: &str, backend: u16) -> Result<Self> {
        Self::launch(file, backend, true).await
    }

    /// The address that people would use.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.tls { "https" } else { "http" }, self.port)
    }

    async fn launch(file: &str, backend: u16, tls: bool) -> Result<Self> {
        let folder = tempfile::tempdir().context("making nginx's folder")?;
        let path = folder.path().to_str().context("a folder's name")?;
        let templates = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("proxies");
        let read = |name: &str| {
            let file = templates.join(format!("{name}.conf"));
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
        };
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let lines = if tls {
            certify(&folder)?;
            format!(" ssl; ssl_certificate {path}/certificate.pem; ssl_certificate_key {path}/key.pem")
        } else {
            String::new()
        };
        let configuration = read("nginx")?
            .replace("{location}", &read(file)?)
            .replace("{port}", &port.to_string())
            .replace("{tls}", &lines)
            .replace("{backend}", &format!("127.0.0.1:{backend}"))
            .replace("{folder}", path);
        let written = folder.path().join("nginx.conf");
        fs::write(&written, configuration)?;
        let nginx = env::var_os("CAUSERIE_TEST_NGINX").unwrap_or_else(|| "nginx".into());
        let mut command = Command::new(nginx);
        command.arg("-p").arg(folder.path()).arg("-c").arg(&written).process_group(0);
        // Until its configuration is read, nginx complains to where Debian keeps its log.
        command.arg("-e").arg(folder.path().join("error.log"));
        let child = command.spawn().context("starting nginx: `cargo xtask test pages` installs it")?;
        let mut proxy = Self { child, _folder: folder, port, tls };
        proxy.wait().await?;
        Ok(proxy)
    }

    async fn wait(&mut self) -> Result<()> {
        let end = Instant::now() + WAIT;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self._folder.path().join("error.log")).unwrap_or_default();
                bail!("nginx ended with {status}: {log}");
            }
            if Instant::now() > end {
                bail!("nginx did not begin to listen");
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

fn certify(folder: &TempDir) -> Result<()> {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).context("making a certificate")?;
    fs::write(folder.path().join("certificate.pem"), made.cert.pem())?;
    fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(())
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // With its workers, which outlive a master that is killed.
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
