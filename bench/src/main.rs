//! Measures Causerie against a bare axum room, both as processes of their own, in the same run.
//!
//! - [`bare`]: the room without storage, sign-in or log, which is the limit that we compare with.
//! - [`process`]: a server under test, its processor time and its memory.
//! - [`people`]: accounts, chats and sockets for the load.
//! - [`load`]: the measurements.
//! - [`table`]: how they are shown.
//!
//! Figures are of this machine and this run: compare the ratios.

#![allow(clippy::print_stdout, reason = "a command line program speaks through standard output")]

mod bare;
mod load;
mod people;
mod process;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

/// Measures Causerie against a bare room.
#[derive(Parser)]
#[command(name = "causerie-bench", version)]
struct Options {
    /// The server to measure.
    #[arg(long, default_value = "target/release/causerie")]
    server: PathBuf,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Idle sockets for the memory figure.
    #[arg(long, default_value_t = 2_000)]
    idle: usize,
    /// Runs each load this often, alternating with the bare room, and shows the median.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only these measurements: chats, room, pair, idle, connect, start.
    only: Vec<String>,
    /// Serves the bare room instead (used by the benchmark itself).
    #[arg(long, hide = true)]
    bare: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.bare {
        return bare::serve().await;
    }
    table::heading();
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let plan = load::Plan { server: options.server, seconds: options.seconds, rounds: options.rounds };
    if wanted("start") {
        load::start(&plan).await?;
    }
    if wanted("chats") {
        load::chats(&plan).await?;
    }
    if wanted("room") {
        load::room(&plan).await?;
    }
    if wanted("pair") {
        load::pair(&plan).await?;
    }
    if wanted("idle") {
        load::idle(&plan, options.idle).await?;
    }
    if wanted("connect") {
        load::connect(&plan).await?;
    }
    Ok(())
}
