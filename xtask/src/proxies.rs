//! nginx and Caddy for the tests of what stands in front of the server, and libfaketime for those of a wrong clock:
//! found, or installed where that may be done.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{debian, services};

/// Where they are.
#[derive(Debug)]
pub struct Proxies {
    nginx: PathBuf,
    caddy: PathBuf,
    faketime: PathBuf,
}

/// Find them all, and install them on Debian as root. The tests start them, on free ports and with folders of their own.
///
/// # Errors
/// When one is missing and can't be installed; the message says what a person has to install.
pub fn ensure() -> Result<Proxies> {
    if let Some(proxies) = find() {
        return Ok(proxies);
    }
    if !debian::is_debian() {
        bail!(
            "the tests of proxies and clocks need nginx, Caddy and libfaketime: install them, and put nginx and caddy in PATH"
        );
    }
    if !debian::is_root() {
        bail!("the tests of proxies and clocks need: sudo apt-get install nginx caddy libfaketime");
    }
    println!("  nginx, Caddy or libfaketime is missing: installing Debian's");
    debian::install(&["nginx", "caddy", "libfaketime"])?;
    match find() {
        Some(proxies) => Ok(proxies),
        None => bail!(
            "Debian's packages nginx, caddy and libfaketime brought not all of these: install them by hand"
        ),
    }
}

fn find() -> Option<Proxies> {
    Some(Proxies { nginx: services::find("nginx")?, caddy: services::find("caddy")?, faketime: faketime()? })
}

/// The library lies in a folder of the machine's architecture on Debian, and elsewhere directly in one of these.
fn faketime() -> Option<PathBuf> {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from);
    let inner = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let all = inner.map(|entry| entry.path()).chain(folders.iter().cloned()).collect::<Vec<_>>();
    all.into_iter().map(|folder| folder.join("faketime/libfaketime.so.1")).find(|file| file.exists())
}

impl Proxies {
    /// Tell tests where they are.
    pub fn tell(&self, tests: &mut Command) {
        tests
            .env("CAUSERIE_TEST_NGINX", &self.nginx)
            .env("CAUSERIE_TEST_CADDY", &self.caddy)
            .env("CAUSERIE_TEST_FAKETIME", &self.faketime);
    }
}
