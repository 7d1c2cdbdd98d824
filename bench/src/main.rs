//! Measures Causerie against a bare axum room, both as processes of their own, in turns in the same run.
//!
//! - [`bare`]: the room without storage, sign-in or log, which is the limit that we compare with.
//! - [`process`]: a server under test, its processor time and its memory; [`profile`]: where the time goes.
//! - [`people`]: accounts, chats and sockets for the load; [`fill`]: many of them by SQL; [`talk`]: sockets that send and count what comes.
//! - [`scenes`]: the measurements, each of which can be run alone.
//! - [`table`]: how they are shown; [`stats`]: medians and percentiles.
//!
//! Figures are of this machine and this run: compare the ratios.

#![allow(clippy::print_stdout, reason = "a command line program speaks through standard output")]

mod bare;
mod fill;
mod people;
mod process;
mod profile;
mod scenes;
mod stats;
mod table;
mod talk;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Parser;

use process::Database;
use profile::Profiler;
use scenes::{Plan, SCENES};

/// Measures Causerie against a bare room.
#[derive(Parser)]
#[command(name = "causerie-bench", version)]
struct Options {
    /// The server to measure.
    #[arg(long, default_value = "target/release/causerie")]
    server: PathBuf,
    /// Another build of the server, which is measured in place of the bare room.
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// Seconds of each load.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Runs of each scene, alternating with the bare room; the medians are shown.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Where the server stores.
    #[arg(long, value_enum, default_value_t)]
    database: Database,
    /// Messages in the log of the largest chat of the scene `growth`.
    #[arg(long, default_value_t = 1_000_000)]
    growth: usize,
    /// Sockets of the scenes `crowd` and `idle`, instead of their own counts.
    #[arg(long, value_delimiter = ',', value_name = "COUNT,…")]
    sockets: Vec<usize>,
    /// Writes where the server's time goes during each load into this folder.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = "target/profile")]
    profile: Option<PathBuf>,
    /// Names the scenes and ends.
    #[arg(long)]
    list: bool,
    /// Only these scenes; all of them when none is named.
    scenes: Vec<String>,
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
    if options.list {
        for (name, about) in SCENES {
            println!("{name:9} {about}");
        }
        return Ok(());
    }
    let known = |wanted: &str| SCENES.iter().any(|(name, _)| *name == wanted);
    if let Some(unknown) = options.scenes.iter().find(|wanted| !known(wanted)) {
        bail!("there is no scene {unknown}: --list names them");
    }
    process::raise_file_limit();
    let plan = Plan {
        server: options.server,
        against: options.against,
        database: options.database,
        seconds: options.seconds,
        runs: options.runs.max(1),
        growth: options.growth,
        sockets: options.sockets,
        profiler: options.profile.map(Profiler::new).transpose()?,
    };
    table::heading(&plan);
    for (name, _) in SCENES {
        if options.scenes.is_empty() || options.scenes.iter().any(|wanted| wanted == name) {
            scenes::run(name, &plan).await?;
        }
    }
    Ok(())
}
