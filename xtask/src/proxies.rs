//! nginx and Caddy for the tests of what stands in front of the server: found, or installed where that may be done.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{debian, services};

/// Where the two programs are.
#[derive(Debug)]
pub struct Proxies {
    nginx: PathBuf,
    caddy: PathBuf,
}

/// Find both, and install them on Debian as root. The tests start them, on free ports and with folders of their own.
///
/// # Errors
/// When one is missing and can't be installed; the message says what a person has to install.
pub fn ensure() -> Result<Proxies> {
    if let Some(proxies) = find() {
        return Ok(proxies);
    }
    if !debian::is_debian() {
        bail!("the tests of proxies need nginx and Caddy: install both and put nginx and caddy in PATH");
    }
    if !debian::is_root() {
        bail!("the tests of proxies need: sudo apt-get install nginx caddy");
    }
    println!("  nginx or Caddy is missing: installing Debian's");
    debian::install(&["nginx", "caddy"])?;
    match find() {
        Some(proxies) => Ok(proxies),
        None => bail!("Debian's packages nginx and caddy brought no nginx and caddy: install both by hand"),
    }
}

fn find() -> Option<Proxies> {
    Some(Proxies { nginx: services::find("nginx")?, caddy: services::find("caddy")? })
}

impl Proxies {
    /// Tell tests where they are.
    pub fn tell(&self, tests: &mut Command) {
        tests.env("CAUSERIE_TEST_NGINX", &self.nginx).env("CAUSERIE_TEST_CADDY", &self.caddy);
    }
}
