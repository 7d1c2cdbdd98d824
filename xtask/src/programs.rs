//! Programs of the system that tests start: found, or installed on Debian as root.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::process::{self, command};

/// A program, or a library for one, and Debian's package of it.
type Needed = (&'static str, &'static str);

/// What several servers share.
pub const SERVICES: &[Needed] = &[("postgres", "postgresql"), ("redis-server", "redis-server")];

/// All that tests put beside a server, before it, in its place or around it.
pub const ALL: &[Needed] = &[
    ("postgres", "postgresql"),
    ("redis-server", "redis-server"),
    ("pgbouncer", "pgbouncer"),
    ("nginx", "nginx"),
    ("caddy", "caddy"),
    ("python3", "python3"),
    ("faketime/libfaketime.so.1", "libfaketime"),
];

/// Find programs, and install what is missing where that may be done.
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

/// Install Debian's packages as root, or say what a person has to install.
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

/// Whether something is in PATH, where Debian keeps Postgres' programs and those for root, or among the libraries.
fn is_installed(program: &str) -> bool {
    let inside = |folder: &str| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    folders.extend(inside("/usr/lib/postgresql").into_iter().map(|version| version.join("bin")));
    folders.extend(["/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from));
    // Libraries of each kind of processor have a folder of their own.
    folders.extend(inside("/usr/lib"));
    folders.iter().any(|folder| folder.join(program).is_file())
}
