//! `cargo xtask bench`: how fast the program is, against a bare room in the same run.

use anyhow::Result;
use clap::Args;

use crate::page::Page;
use crate::process::{self, cargo};
use crate::{build, tools};

/// What to measure.
#[derive(Debug, Args)]
pub struct Options {
    /// Options of the benchmark; `cargo xtask bench -- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

/// Build, measure, and show the page's weight with the rest.
pub fn bench(options: &Options) -> Result<()> {
    println!("Setting up");
    tools::ensure()?;
    let built = build::build()?;
    let mut bench = cargo("run --quiet --release --package causerie-bench -- --server")?;
    bench.arg(&built.program).args(&options.more);
    process::run(&mut bench)?;
    show(&built.page);
    Ok(())
}

fn show(page: &Page) {
    println!("\npage, all files, brotli: {:.1} kB", page.weight() as f64 / 1e3);
}
