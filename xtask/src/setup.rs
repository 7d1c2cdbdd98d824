//! `cargo xtask setup`: everything that a machine with rustup still lacks.

use std::time::Instant;

use anyhow::Result;
use clap::Args;

use crate::{browser, tools};

/// What to set up.
#[derive(Debug, Args)]
pub struct Options {
    /// Also the browser and its driver, which only the tests need.
    #[arg(long)]
    browser: bool,
}

/// Install what is missing and say how long it took.
pub fn setup(options: &Options) -> Result<()> {
    let started = Instant::now();
    println!("Setting up");
    tools::ensure()?;
    if options.browser {
        browser::ensure()?;
    }
    println!("Set up in {} s", started.elapsed().as_secs());
    Ok(())
}
