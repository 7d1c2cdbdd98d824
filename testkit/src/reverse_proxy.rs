//! Reverse proxies between a browser and a server: nginx configured well or with one common mistake, and nginx and Caddy
//! with the project's own configuration for them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{LIMIT, ReservedPort, process, write_certificate};

/// A port on which no program listens: TCP port 1 belongs to a service (tcpmux) that no machine runs any more.
const CLOSED_PORT: u16 = 1;
/// The server's address in the files of `deploy/`.
const DEPLOYED: &str = "127.0.0.1:8000";

/// A reverse proxy; killed on drop.
#[derive(Debug)]
pub struct ReverseProxy {
    child: Option<Child>,
    folder: TempDir,
    port: ReservedPort,
    tls: bool,
    kind: Kind,
    configuration: String,
}

/// An edit of a proxy's configuration that follows the doctor's remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy<'a> {
    /// Remove a line.
    TakeOut(&'a str),
    /// Add lines to the first location.
    PutIn(&'a str),
}

/// Which program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nginx,
    Caddy,
}

impl ReverseProxy {
    /// Starts nginx in front of a server's port, with a file in `testkit/proxies/`, such as `healthy`.
    pub async fn start(file: &str, backend: u16) -> Result<Self> {
        Self::launch_file(file, backend, CLOSED_PORT, false).await
    }

    /// As [`ReverseProxy::start`], with the port of a second backend, which the file calls `{other}`.
    pub async fn start_with(file: &str, backend: u16, other: u16) -> Result<Self> {
        Self::launch_file(file, backend, other, false).await
    }

    /// As [`ReverseProxy::start`], over TLS, with a self-signed certificate.
    pub async fn start_tls(file: &str, backend: u16) -> Result<Self> {
        Self::launch_file(file, backend, CLOSED_PORT, true).await
    }

    /// Starts nginx with the project's own files, in front of a server's port.
    pub async fn deployed_nginx(backend: u16) -> Result<Self> {
        let place = Place::new()?;
        let site = read("deploy/nginx/causerie.conf")?;
        let site = put(&site, "listen 80;", &format!("listen {};", place.address()))?;
        Self::launch_site(place, backend, &site).await
    }

    /// As [`ReverseProxy::deployed_nginx`], under the path `/chat/` of a site with other content.
    pub async fn deployed_nginx_folder(backend: u16) -> Result<Self> {
        let place = Place::new()?;
        let rest = "location / { return 200 \"the rest of the site\"; }";
        let folder = read("deploy/nginx/folder.conf")?;
        let site = format!("server {{\nlisten {};\n{rest}\n{folder}}}\n", place.address());
        Self::launch_site(place, backend, &site).await
    }

    /// Starts Caddy with the project's own file, in front of a server's port.
    pub async fn deployed_caddy(backend: u16) -> Result<Self> {
        let place = Place::new()?;
        let site = put(&read("deploy/caddy/Caddyfile")?, DEPLOYED, &local(backend))?;
        // For a host name Caddy would request a certificate.
        let own = format!("http://{} {{\n\tbind 127.0.0.1", place.address());
        let site = put(&site, "chat.example.org {", &own)?;
        Self::launch(Kind::Caddy, place, false, format!("{{\n\tadmin off\n}}\n{site}")).await
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL that a user would open.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.address())
    }

    /// Edits the configuration as the remedy says, and restarts the proxy. Lines that are put in replace those for the
    /// same directive.
    pub async fn mend(&mut self, remedy: Remedy<'_>) -> Result<()> {
        let (gone, new) = match remedy {
            Remedy::TakeOut(line) => (vec![subject(line)], ""),
            Remedy::PutIn(lines) => (lines.split_terminator(';').map(subject).collect(), lines),
        };
        let mut mended = String::new();
        let mut put_in = false;
        for line in self.configuration.lines().filter(|line| !gone.contains(&subject(line))) {
            mended += &format!("{line}\n");
            if !put_in && line.contains("location / {") {
                (put_in, mended) = (true, format!("{mended}{new}\n"));
            }
        }
        let changed = mended.split_whitespace().ne(self.configuration.split_whitespace());
        ensure!(changed, "the remedy {remedy:?} changes nothing in\n{mended}");
        self.configuration = mended;
        self.end();
        if let Some(mut child) = self.child.take() {
            child.wait().await?;
        }
        self.run().await
    }

    async fn launch_file(file: &str, backend: u16, other: u16, tls: bool) -> Result<Self> {
        let place = Place::new()?;
        let path = place.path()?;
        let lines = if tls {
            write_certificate(place.folder.path())?;
            format!(" ssl; ssl_certificate {path}/certificate.pem; ssl_certificate_key {path}/key.pem")
        } else {
            String::new()
        };
        let configuration = read("testkit/proxies/nginx.conf")?
            .replace("{location}", &read(&format!("testkit/proxies/{file}.conf"))?)
            .replace("{port}", &place.port.number().to_string())
            .replace("{tls}", &lines)
            .replace("{backend}", &local(backend))
            .replace("{other}", &local(other))
            .replace("{folder}", path);
        Self::launch(Kind::Nginx, place, tls, configuration).await
    }

    /// Starts nginx with a site whose file is meant to be included inside `http`.
    async fn launch_site(place: Place, backend: u16, site: &str) -> Result<Self> {
        let upstream = put(&read("deploy/nginx/upstream.conf")?, DEPLOYED, &local(backend))?;
        let template = read("testkit/proxies/nginx.conf")?;
        let (before, _) = template.split_once("    map ").context("the template has no map")?;
        let configuration = format!("{before}{upstream}{site}}}\n").replace("{folder}", place.path()?);
        Self::launch(Kind::Nginx, place, false, configuration).await
    }

    async fn launch(kind: Kind, place: Place, tls: bool, configuration: String) -> Result<Self> {
        let Place { folder, port } = place;
        let mut proxy = Self { child: None, folder, port, tls, kind, configuration };
        proxy.run().await?;
        Ok(proxy)
    }

    async fn run(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let (file, log) = (folder.join("proxy.conf"), folder.join("error.log"));
        fs::write(&file, &self.configuration)?;
        let name = match self.kind {
            Kind::Nginx => "nginx",
            Kind::Caddy => "caddy",
        };
        let mut command = Command::new(process::find(name)?);
        match self.kind {
            // Before nginx has read its configuration it logs to Debian's file, unless `-e` names another.
            Kind::Nginx => command.arg("-p").arg(folder).arg("-c").arg(&file).arg("-e").arg(&log),
            Kind::Caddy => command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file),
        };
        for home in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(home, folder);
        }
        let said = fs::File::options().create(true).append(true).open(&log)?;
        command.current_dir(folder).stderr(said).process_group(0).kill_on_drop(true);
        let child = self.child.insert(command.spawn().with_context(|| format!("starting {name}"))?);
        process::listens(child, self.port.address(), LIMIT, &log).await.context(name)
    }

    /// Kills it together with its workers, which would outlive a killed master.
    fn end(&self) {
        if let Some(child) = &self.child {
            process::end_group(child);
        }
    }
}

impl Drop for ReverseProxy {
    fn drop(&mut self) {
        self.end();
    }
}

/// The directive of a line; with the header's name where it sets a header.
fn subject(line: &str) -> String {
    let words: Vec<&str> = line.trim().split([' ', ';']).collect();
    let count = if words[0].ends_with("_header") { 2 } else { 1 };
    words.into_iter().take(count).collect::<Vec<_>>().join(" ")
}

/// The port and the folder of a proxy.
struct Place {
    folder: TempDir,
    port: ReservedPort,
}

impl Place {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir().context("making the proxy's folder")?;
        Ok(Self { folder, port: ReservedPort::new()? })
    }

    fn address(&self) -> SocketAddr {
        self.port.address()
    }

    fn path(&self) -> Result<&str> {
        self.folder.path().to_str().context("a folder's name")
    }
}

fn local(port: u16) -> String {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string()
}

/// Reads a file of the project.
fn read(name: &str) -> Result<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
}

/// Replaces a text that the file must contain.
fn put(file: &str, place: &str, with: &str) -> Result<String> {
    ensure!(file.contains(place), "the file has no {place}");
    Ok(file.replace(place, with))
}
