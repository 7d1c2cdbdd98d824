//! What tests put before a server, in its place or around it: nginx and Caddy, Python's web servers, and libfaketime,
//! which gives a program another time of day. Found, or installed where that may be done.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{debian, services};

/// Debian's names of them.
const PACKAGES: &[&str] = &["nginx", "caddy", "python3", "libfaketime"];
/// The file of libfaketime, inside a folder for libraries.
const FAKETIME: &str = "faketime/libfaketime.so.1";

/// Where they are.
#[derive(Debug)]
pub struct Proxies {
    nginx: PathBuf,
    caddy: PathBuf,
    python: PathBuf,
    faketime: PathBuf,
}

/// Find all, and install them on Debian as root. The tests start them, on free ports and with folders of their own.
///
/// # Errors
/// When one is missing and can't be installed; the message says what a person has to install.
pub fn ensure() -> Result<Proxies> {
    if let Some(proxies) = find() {
        return Ok(proxies);
    }
    if !debian::is_debian() {
        bail!(
            "the tests of proxies and of the diagnosis need nginx, Caddy, Python and libfaketime: install them and put nginx, caddy and python3 in PATH"
        );
    }
    let packages = PACKAGES.join(" ");
    if !debian::is_root() {
        bail!("the tests of proxies and of the diagnosis need: sudo apt-get install {packages}");
    }
    println!("  nginx, Caddy, Python or libfaketime is missing: installing Debian's");
    debian::install(PACKAGES)?;
    match find() {
        Some(proxies) => Ok(proxies),
        None => bail!("Debian's packages {packages} did not bring all of them: install them by hand"),
    }
}

fn find() -> Option<Proxies> {
    Some(Proxies {
        nginx: services::find("nginx")?,
        caddy: services::find("caddy")?,
        python: services::find("python3")?,
        faketime: faketime()?,
    })
}

/// A library is in no PATH; Debian keeps those of each kind of processor in a folder of their own.
fn faketime() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from).into();
    let kinds = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders.extend(kinds.map(|kind| kind.path()));
    folders.into_iter().map(|folder| folder.join(FAKETIME)).find(|path| path.is_file())
}

impl Proxies {
    /// Tell tests where they are.
    pub fn tell(&self, tests: &mut Command) {
        tests
            .env("CAUSERIE_TEST_NGINX", &self.nginx)
            .env("CAUSERIE_TEST_CADDY", &self.caddy)
            .env("CAUSERIE_TEST_PYTHON", &self.python)
            .env("CAUSERIE_TEST_FAKETIME", &self.faketime);
    }
}
