//! `cargo xtask build`: one file that is the whole of Causerie, the page inside.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::page::{self, Page};
use crate::process::{self, cargo};
use crate::{project, tools};

/// `cargo xtask build`.
///
/// # Errors
/// When a tool can't be installed, a build fails, or the page is too heavy.
pub fn command() -> Result<()> {
    println!("Setting up");
    tools::ensure()?;
    build()?.page.check_weight()
}

/// The program, and the page inside.
#[derive(Debug)]
pub struct Built {
    /// Where it is.
    pub program: PathBuf,
    /// What is inside.
    pub page: Page,
}

/// Build the page and the program; the tools are there.
///
/// A page that is too heavy still works, so its weight is for the caller to judge.
///
/// # Errors
/// When a build fails.
pub fn build() -> Result<Built> {
    println!("Building the page");
    let page = page::build()?;
    println!("Building the program");
    let mut server = cargo("build --release --package causerie-server")?;
    server.env("CAUSERIE_PAGE_DIR", &page.folder);
    process::run(&mut server).context("building the program")?;
    let program = project::program();
    let size = fs::metadata(&program).with_context(|| format!("looking for {}", program.display()))?.len();
    println!("  {} is ready: {:.1} MB, the page inside\n", program.display(), size as f64 / 1e6);
    Ok(Built { program, page })
}
