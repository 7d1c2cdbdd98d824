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

/// A built program with the page inside.
#[derive(Debug)]
pub struct Built {
    /// The path of the program.
    pub program: PathBuf,
    /// The page in it.
    pub page: Page,
}

/// Build the page and the program as people get them; the tools are there.
///
/// A page that is too heavy still works, so its weight is for the caller to judge.
pub fn build() -> Result<Built> {
    // Most of the page's build uses one core, so the server's dependencies are compiled at the same time.
    let mut beside = cargo("build --quiet --release --package causerie-server --lib")?;
    process::announce(&beside);
    let beside = beside.stderr(Stdio::null()).spawn().context("starting cargo")?;
    let page = step("the page (three programs, made small)", "10 minutes", "4 minutes", page::build);
    // Its failure is not checked: the next step would fail too, and show the error.
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
        // With an example cargo enables the features that dev-dependencies ask for, so the tests reuse these packages.
        let mut server = cargo("build --package causerie-server --bin causerie --example configuration")?;
        server.env(PAGE_DIR, &page);
        process::run(&mut server).context("building the program")?;
        // `cargo test` overwrites the file in `debug` with a program without a page.
        copy(&project::target().join("debug/causerie"), &program)
    })?;
    say_ready(&program)?;
    Ok(program)
}

/// The environment variable that tells the server's build script where the page is.
const PAGE_DIR: &str = "CAUSERIE_PAGE_DIR";

/// Do a part of the build: print before how long it usually takes, and after how long it took.
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

/// Replace a program by rename, since the old one may be running.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let fresh = to.with_extension("new");
    fs::copy(from, &fresh).with_context(|| format!("copying {}", from.display()))?;
    fs::rename(&fresh, to).with_context(|| format!("writing {}", to.display()))
}
