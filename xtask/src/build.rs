//! `cargo xtask build`: one file that is the whole of Causerie, the page inside.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process::{self, cargo};
use crate::{page, project, tools};

/// Build the page and the program, with set-up, and return the program's path.
///
/// # Errors
/// When a tool can't be installed, a build fails, or the page is too heavy.
pub fn build() -> Result<PathBuf> {
    println!("Setting up");
    tools::ensure()?;
    build_with_tools()
}

/// As [`build`], when the tools are known to be there.
///
/// # Errors
/// When a build fails, or the page is too heavy.
pub fn build_with_tools() -> Result<PathBuf> {
    println!("Building the page");
    let page = page::build()?;
    println!("Building the program");
    let mut server = cargo("build --release --package causerie-server")?;
    server.env("CAUSERIE_PAGE_DIR", page);
    process::run(&mut server).context("building the program")?;
    let program = project::program();
    let size = fs::metadata(&program).with_context(|| format!("looking for {}", program.display()))?.len();
    println!("  {} is ready: {:.1} MB, the page inside\n", program.display(), size as f64 / 1e6);
    Ok(program)
}
