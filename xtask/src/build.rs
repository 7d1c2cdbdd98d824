//! `cargo xtask build`: one file that is the whole of Causerie, the page inside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::page::{self, Page};
use crate::process::{self, cargo};
use crate::{project, tools};

/// How to build.
#[derive(Debug, Args)]
pub struct Options {
    /// Build for work and tests: a larger and slower program, target/quick/causerie, in a small part of the time.
    ///
    /// The whole-page tests take it from an environment variable:
    /// CAUSERIE_BIN=$PWD/target/quick/causerie cargo test -p causerie-e2e --features browsers NAME
    #[arg(long)]
    quick: bool,
}

/// `cargo xtask build`.
pub fn command(options: &Options) -> Result<()> {
    println!("Setting up");
    if options.quick {
        tools::ensure_rust_parts()?;
        let program = quick()?;
        println!("The whole-page tests take it so:");
        println!(
            "    CAUSERIE_BIN={} cargo test -p causerie-e2e --features browsers NAME\n",
            program.display()
        );
        return Ok(());
    }
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

/// Build the page and the program as people get them; the tools are there.
///
/// A page that is too heavy still works, so its weight is for the caller to judge.
pub fn build() -> Result<Built> {
    // Most of the page's build is the work of one core: what the server is made of is compiled beside it.
    let mut beside = cargo("build --quiet --release --package causerie-server --lib")?;
    process::announce(&beside);
    let beside = beside.stderr(Stdio::null()).spawn().context("starting cargo")?;
    let page = step("the page (three programs, made small)", "10 minutes", "4 minutes", page::build);
    // When it failed, the next step says why.
    beside.wait_with_output().context("waiting for cargo")?;
    let page = page?;
    let program = project::program();
    step("the program, optimised", "8 minutes", "3 minutes", || {
        let mut server = cargo("build --release --package causerie-server")?;
        server.env(PAGE_DIR, &page.folder);
        process::run(&mut server).context("building the program")
    })?;
    say_ready(&program)?;
    Ok(Built { program, page })
}

/// Build the page and the program for work and tests: neither made small nor optimised; the tools are there.
pub fn quick() -> Result<PathBuf> {
    let page = step("the page (three programs)", "4 minutes", "10 seconds", page::build_quickly)?;
    let program = project::quick().join("causerie");
    step("the program", "4 minutes", "10 seconds", || {
        // An example brings the features of the tests' packages: what is built for one serves the other.
        let mut server = cargo("build --package causerie-server --bin causerie --example configuration")?;
        server.env(PAGE_DIR, &page);
        process::run(&mut server).context("building the program")?;
        // `cargo test` builds the same file again, without a page.
        copy(&project::target().join("debug/causerie"), &program)
    })?;
    say_ready(&program)?;
    Ok(program)
}

/// Where the server's build finds the page.
const PAGE_DIR: &str = "CAUSERIE_PAGE_DIR";

/// Do a part of the build, between how long it usually takes on two cores and how long it took.
fn step<T>(what: &str, first: &str, later: &str, build: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("Building {what}: about {first} the first time on two cores, {later} after a change");
    let started = Instant::now();
    let built = build()?;
    println!("  built in {} s\n", started.elapsed().as_secs());
    Ok(built)
}

fn say_ready(program: &Path) -> Result<()> {
    let size = fs::metadata(program).with_context(|| format!("looking for {}", program.display()))?.len();
    println!("  {} is ready: {:.1} MB, the page inside\n", program.display(), size as f64 / 1e6);
    Ok(())
}

/// Put a program in its place, where an older one may be running.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let fresh = to.with_extension("new");
    fs::copy(from, &fresh).with_context(|| format!("copying {}", from.display()))?;
    fs::rename(&fresh, to).with_context(|| format!("writing {}", to.display()))
}
