//! `cargo xtask torture`: the program, or several nodes of it, on a bad network, killed again and again, and checked
//! against the log.

use anyhow::Result;
use clap::Args;

use crate::process::{self, cargo};
use crate::{build, programs, project, tools};

/// How to torture.
#[derive(Debug, Args)]
pub struct Options {
    /// Options of the torturer, such as `--minutes 10 --seed 7` or `--nodes 3 --each 20`; `cargo xtask torture -- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

/// Build and torture.
pub fn torture(options: &Options) -> Result<()> {
    println!("Setting up");
    tools::ensure()?;
    if options.more.iter().any(|option| option.starts_with("--nodes")) {
        programs::ensure(programs::SERVICES)?;
    }
    build::build()?;
    let mut torture = cargo("run --quiet --release --package causerie-torture --")?;
    process::run(torture.args(&options.more).env("CAUSERIE_BIN", project::program()))
}
