//! Tortures real Causerie servers, and checks afterwards that every invariant held.
//!
//! Real processes and real sockets: one server, or several nodes on one Postgres and one Redis, are killed, paused and
//! restarted, and so is what they share, while clients talk through a proxy that balances, delays, cuts, half-opens and
//! truncates. Every client records what it received; when the faults have ended, a checker compares these histories
//! with the database, and with the responses of each node.
//!
//! In reading order:
//!
//! - [`run`]: from the beginning to the verdict.
//! - [`label`] and [`history`]: who wrote what, and what each client received.
//! - [`server`], [`cluster`] and [`proxy`]: the processes and the network.
//! - [`chaos`] and [`prober`]: the faults, and when the nodes have recovered.
//! - [`population`] and [`api`]: people and their chats.
//! - [`client`]: the page's own state machine, and an independent client; [`hostile`]: hostile clients; [`households`]:
//!   people who are blocked, removed and suspended.
//! - [`log`], [`database`], [`node_view`] and [`checker`]: the stored logs, and whether the histories agree with them.
//!   [`counters`] counts.
//! - [`sabotage`]: makes the server look faulty, to test the checker.
//!
//! The same seed draws the same faults, but the timing of processes and sockets differs: to see a violation again may
//! take some runs.
#![expect(clippy::disallowed_methods, reason = "faults come and go by time")]
#![expect(clippy::print_stdout, reason = "a command-line program talks to its user")]

mod api;
mod chaos;
mod checker;
mod client;
mod cluster;
mod counters;
mod database;
mod history;
mod hostile;
mod households;
mod label;
mod log;
mod node_view;
mod population;
mod prober;
mod proxy;
mod run;
mod sabotage;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::builder::TypedValueParser;

use crate::chaos::Fault;
use crate::checker::Invariant;
use crate::prober::NotWhole;

/// Tortures a Causerie server and checks that nothing was lost, doubled or swapped.
#[derive(Debug, Parser)]
#[command(name = "causerie-torture", version)]
struct Options {
    /// The server.
    #[arg(long, env = "CAUSERIE_BIN", default_value = "target/release/causerie")]
    server_bin: PathBuf,
    /// How long it goes on, in minutes; added to the seconds.
    #[arg(long, default_value_t = 0)]
    minutes: u64,
    /// How long it goes on, in seconds.
    #[arg(long, default_value_t = 0)]
    seconds: u64,
    /// Draws the same people, faults and texts again; a random one when it is 0.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Pages, each with a person of its own.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=200).map(usize::from))]
    clients: usize,
    /// Programs that follow one chat and write many messages at once.
    #[arg(long, default_value_t = 8)]
    watchers: usize,
    /// Clients of each hostile kind: those that flood, those that never read, those that fall silent.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=50).map(usize::from))]
    hostile: usize,
    /// Circles in which somebody is blocked, removed and suspended again and again.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=50))]
    households: u32,
    /// Chats: one of everybody, then groups and pairs.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=1_000).map(usize::from))]
    chats: usize,
    /// Servers; several share a Postgres and a Redis, which the run starts, behind a balancer.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=9).map(usize::from))]
    nodes: usize,
    /// Faults of every kind at least; for several nodes.
    #[arg(long, default_value_t = 1)]
    each: usize,
    /// Only faults of these kinds, separated by commas; for several nodes.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Fault>,
    /// Times that the server is killed, spread evenly; for a single one.
    #[arg(long, default_value_t = 3)]
    kills: u32,
    /// Goes on until this many messages are acknowledged; a single server at most four times as long.
    #[arg(long, visible_alias = "target-acks", default_value_t = 0)]
    messages: u64,
    /// Makes the server look faulty, to test the checker.
    #[arg(long, value_enum)]
    sabotage: Option<sabotage::Fault>,
}

impl Options {
    /// The least duration: 20 seconds by default, and with several nodes as long as the faults take.
    fn duration(&self) -> Duration {
        match self.minutes * 60 + self.seconds {
            0 if self.nodes > 1 => Duration::ZERO,
            0 => Duration::from_secs(20),
            seconds => Duration::from_secs(seconds),
        }
    }

    /// The plan in a few words, for the first line.
    fn outlook(&self) -> String {
        let seconds = self.duration().as_secs();
        match self.nodes {
            1 => format!("{seconds} seconds, {} kills", self.kills),
            nodes => format!("{nodes} nodes, {} faults of every kind, {} messages", self.each, self.messages),
        }
    }

    /// How often the server is restarted with SIGTERM, besides the kills.
    fn restarts(&self) -> u32 {
        self.kills.div_ceil(2)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut options = Options::parse();
    if options.seed == 0 {
        options.seed = rand::random();
    }
    println!("torture with seed {}, {}", options.seed, options.outlook());
    // Dropping the run also ends its processes, which a signal alone would leave.
    let outcome = tokio::select! {
        outcome = run::run(&options, &options.server_bin) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    match outcome {
        Ok(outcome) => report(&options, &outcome),
        Err(error) => {
            let is_verdict = error.is::<NotWhole>();
            let word = if is_verdict { "VIOLATED" } else { "FAILED" };
            println!("\n{word} with seed {}: {error:#}", options.seed);
            println!("test result: FAILED. 0 passed; 1 failed;");
            ExitCode::from(if is_verdict { 1 } else { 2 })
        }
    }
}

fn report(options: &Options, outcome: &run::Outcome) -> ExitCode {
    println!("{}", outcome.done);
    println!("{}", outcome.counters);
    let all = Invariant::ALL.len();
    match &outcome.verdict {
        Err(violation) => {
            println!("VIOLATED with seed {}: {violation}", options.seed);
            println!("test result: FAILED. {} passed; 1 failed;", all - 1);
            ExitCode::FAILURE
        }
        Ok(()) if outcome.counters.acked < options.messages => {
            println!("only {} of {} messages were acknowledged", outcome.counters.acked, options.messages);
            println!("test result: FAILED. {all} passed; 1 failed;");
            ExitCode::FAILURE
        }
        Ok(()) => {
            for invariant in Invariant::ALL {
                println!("  {invariant:?}: {}", invariant.meaning());
            }
            println!("test result: ok. {all} passed; 0 failed;");
            ExitCode::SUCCESS
        }
    }
}
