//! `cargo xtask bench`: how fast the program is, against a bare room in the same run.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::page::Page;
use crate::process::{self, cargo};
use crate::{build, tools};

/// What to measure.
#[derive(Debug, Args)]
pub struct Options {
    /// Measure this program instead of building one.
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// Scenes and options of the benchmark; `cargo xtask bench -- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

/// Build, measure, and show the page's weight with the rest.
pub fn bench(options: &Options) -> Result<()> {
    if let Some(server) = &options.server {
        return measure(server, options);
    }
    println!("Setting up");
    tools::ensure()?;
    let built = build::build()?;
    measure(&built.program, options)?;
    show(&built.page);
    Ok(())
}

fn measure(server: &Path, options: &Options) -> Result<()> {
    let mut bench = cargo("run --quiet --release --package causerie-bench -- --server")?;
    process::run(bench.arg(server).args(&options.more))
}

fn show(page: &Page) {
    println!("\npage, all files, brotli: {:.1} kB", page.weight() as f64 / 1e3);
}
