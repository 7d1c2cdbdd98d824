//! `cargo xtask run`: build what changed and serve it on this machine.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use clap::Args;

use crate::{build, process, tools};

/// Where and how to serve.
#[derive(Debug, Args)]
pub struct Options {
    /// The address to listen on; the demo accounts allow loopback only.
    #[arg(short, long, default_value = "127.0.0.1")]
    bind: String,
    /// The port to listen on.
    #[arg(short, long, default_value_t = 8000)]
    port: u16,
    /// Build the page and the program as people get them, which takes several times as long.
    #[arg(long)]
    release: bool,
    /// More options for `causerie serve`, after `--`.
    #[arg(last = true)]
    more: Vec<String>,
}

/// Build, then become the server: Ctrl-C reaches it directly.
pub fn run(options: &Options) -> Result<()> {
    println!("Setting up");
    let program = if options.release {
        tools::ensure()?;
        build::build()?.program
    } else {
        tools::ensure_rust_parts()?;
        build::quick()?
    };
    println!("Causerie will be at http://{}:{}/ (Ctrl-C ends it)", options.bind, options.port);
    let mut serve = process::command(&program)?;
    serve.args(["serve", "--bind", &options.bind, "--port", &options.port.to_string(), "--demo"]);
    serve.args(&options.more);
    process::announce(&serve);
    Err(serve.exec()).with_context(|| format!("starting {}", program.display()))
}
