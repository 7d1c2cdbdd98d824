//! Debian's packages, which the commands install by themselves where they may.

use std::path::Path;

use anyhow::Result;

use crate::process::{self, command};

/// Whether this machine has Debian's packages.
pub fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists()
}

/// Whether this is root.
pub fn is_root() -> bool {
    command("id").ok().and_then(|mut id| process::output(id.arg("-u"))).is_some_and(|uid| uid == "0")
}

/// Install packages; as root only.
///
/// # Errors
/// When apt-get fails.
pub fn install(packages: &[&str]) -> Result<()> {
    let apt = || -> Result<_> {
        let mut command = command("apt-get")?;
        command.env("DEBIAN_FRONTEND", "noninteractive");
        Ok(command)
    };
    process::run(apt()?.args(["update", "--quiet"]))?;
    process::run(apt()?.args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages))
}
