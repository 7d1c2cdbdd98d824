//! The system programs that tests start: finds them, or installs them on Debian as root.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::process::{self, command};

/// A program or library, and the Debian package that contains it.
type Needed = (&'static str, &'static str);

/// The services that several nodes share.
pub const SERVICES: &[Needed] = &[("postgres", "postgresql"), ("redis-server", "redis-server")];

/// All programs and libraries that tests use beside a server: its services, proxies, and faults.
pub const ALL: &[Needed] = &[
    ("postgres", "postgresql"),
    ("redis-server", "redis-server"),
    ("pgbouncer", "pgbouncer"),
    ("nginx", "nginx"),
    ("caddy", "caddy"),
    ("python3", "python3"),
    ("faketime/libfaketime.so.1", "libfaketime"),
];

/// Find programs, and install the missing ones on Debian as root.
pub fn ensure(needed: &[Needed]) -> Result<()> {
    let missing = || needed.iter().filter(|(program, _)| !is_installed(program));
    let packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let programs: Vec<&str> = missing().map(|(program, _)| *program).collect();
    install(&programs.join(", "), &packages)?;
    match missing().next() {
        Some((program, package)) => {
            bail!("Debian's package {package} was installed and brought no {program}")
        }
        None => Ok(()),
    }
}

/// Install Debian packages as root; otherwise the error says what to install.
pub fn install(programs: &str, packages: &[&str]) -> Result<()> {
    if !Path::new("/etc/debian_version").exists() {
        bail!("{programs} must be installed and in PATH");
    }
    let user = process::output(command("id")?.arg("-u"));
    if user.as_deref() != Some("0") {
        bail!("{programs} must be installed: sudo apt-get install {}", packages.join(" "));
    }
    println!("  {programs} must be installed: Debian has {}", packages.join(" "));
    let apt = || -> Result<_> {
        let mut command = command("apt-get")?;
        command.env("DEBIAN_FRONTEND", "noninteractive");
        Ok(command)
    };
    process::run(apt()?.args(["update", "--quiet"]))?;
    process::run(apt()?.args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages))
}

/// Whether a file is in PATH, among Debian's programs for Postgres or for root, or among the libraries.
fn is_installed(program: &str) -> bool {
    let inside = |folder: &str| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    folders.extend(inside("/usr/lib/postgresql").into_iter().map(|version| version.join("bin")));
    folders.extend(["/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from));
    // The libraries of each architecture are in their own folder.
    folders.extend(inside("/usr/lib"));
    folders.iter().any(|folder| folder.join(program).is_file())
}
