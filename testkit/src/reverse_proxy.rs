//! What stands between a browser and a server: nginx as it should be or with one mistake of those that people make, and
//! both proxies with the project's own files for them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{LIMIT, ReservedPort, process, write_certificate};

/// The port that nobody listens on: TCP port 1 is for a service that no machine has any more.
const NOBODY: u16 = 1;
/// Where the server is in the files of `deploy/`.
const DEPLOYED: &str = "127.0.0.1:8000";

/// A reverse proxy; it ends with the value.
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
    /// Take a line out.
    TakeOut(&'a str),
    /// Put lines into the first location.
    PutIn(&'a str),
}

/// Which program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nginx,
    Caddy,
}

impl ReverseProxy {
    /// Start nginx before a server's port, with a file in `testkit/proxies/`, such as `healthy`.
    pub async fn start(file: &str, backend: u16) -> Result<Self> {
        Self::launch_file(file, backend, NOBODY, false).await
    }

    /// As [`ReverseProxy::start`], with the port of something else that the file names.
    pub async fn start_with(file: &str, backend: u16, other: u16) -> Result<Self> {
        Self::launch_file(file, backend, other, false).await
    }

    /// As [`ReverseProxy::start`], over TLS, with a certificate that nobody but a test trusts.
    pub async fn start_tls(file: &str, backend: u16) -> Result<Self> {
        Self::launch_file(file, backend, NOBODY, true).await
    }

    /// Start nginx with the project's own files, before a server's port.
    pub async fn deployed_nginx(backend: u16) -> Result<Self> {
        let place = Place::new()?;
        let site = read("deploy/nginx/causerie.conf")?;
        let site = put(&site, "listen 80;", &format!("listen {};", place.address()))?;
        Self::launch_site(place, backend, &site).await
    }

    /// As [`ReverseProxy::deployed_nginx`], in the folder `/chat/` of a site that is there already.
    pub async fn deployed_nginx_folder(backend: u16) -> Result<Self> {
        let place = Place::new()?;
        let rest = "location / { return 200 \"the rest of the site\"; }";
        let folder = read("deploy/nginx/folder.conf")?;
        let site = format!("server {{\nlisten {};\n{rest}\n{folder}}}\n", place.address());
        Self::launch_site(place, backend, &site).await
    }

    /// Start Caddy with the project's own file, before a server's port.
    pub async fn deployed_caddy(backend: u16) -> Result<Self> {
        let place = Place::new()?;
        let site = put(&read("deploy/caddy/Caddyfile")?, DEPLOYED, &local(backend))?;
        // By its name Caddy would get a certificate.
        let own = format!("http://{} {{\n\tbind 127.0.0.1", place.address());
        let site = put(&site, "chat.example.org {", &own)?;
        Self::launch(Kind::Caddy, place, false, format!("{{\n\tadmin off\n}}\n{site}")).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The address that people would use.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.address())
    }

    /// Follow a remedy: take lines out, or put some into the first location in place of those for the same thing, and
    /// start again.
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

    /// nginx with a site that is made for the folder that is read inside `http`.
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
            // Until its configuration is read, nginx complains to where Debian keeps its log.
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

    /// Ends it with its workers, which outlive a master that is killed.
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

/// What a line is about: its first word, and the header's name where it is about one.
fn subject(line: &str) -> String {
    let words: Vec<&str> = line.trim().split([' ', ';']).collect();
    let count = if words[0].ends_with("_header") { 2 } else { 1 };
    words.into_iter().take(count).collect::<Vec<_>>().join(" ")
}

/// Where a proxy listens, and where its files are.
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

/// A file of the project.
fn read(name: &str) -> Result<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
}

/// The file with one place changed, which must be there.
fn put(file: &str, place: &str, with: &str) -> Result<String> {
    ensure!(file.contains(place), "the file has no {place}");
    Ok(file.replace(place, with))
}
