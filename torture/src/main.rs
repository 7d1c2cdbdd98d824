//! Tortures a real Causerie server, and proves afterwards that it kept its promises.
//!
//! Real processes and real sockets: the server is killed, stopped and restarted while clients talk through a proxy
//! that delays, cuts, half-opens and truncates. Every client writes down what it was told; when all is quiet again a
//! checker compares that with the database.
//!
//! In reading order:
//!
//! - [`run`]: from the beginning to the verdict.
//! - [`label`] and [`history`]: who wrote what, and what each client was told.
//! - [`server`], [`proxy`] and [`chaos`]: the server's process, the network, and what happens to both.
//! - [`world`] and [`api`]: people and their chats.
//! - [`client`]: the page's own state machine, and programs of another make.
//! - [`log`], [`database`] and [`checker`]: the truth, and whether the histories agree with it. [`tally`] counts.
//! - [`sabotage`]: makes the server look faulty, to test the checker.
//!
//! The same seed draws the same faults, but processes and sockets keep their own time: a violation may need some tries.
#![expect(clippy::print_stdout, reason = "a command-line program talks to its user")]

mod api;
mod chaos;
mod checker;
mod client;
mod database;
mod history;
mod label;
mod log;
mod proxy;
mod run;
mod sabotage;
mod server;
mod tally;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::builder::TypedValueParser;

use crate::checker::Invariant;

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
    /// Chats: one of everybody, then groups and pairs.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=1_000).map(usize::from))]
    chats: usize,
    /// Times that the server is killed, spread evenly.
    #[arg(long, default_value_t = 3)]
    kills: u32,
    /// Goes on until this many messages are acknowledged, at most four times as long.
    #[arg(long, default_value_t = 0)]
    target_acks: u64,
    /// Makes the server look faulty, to test the checker.
    #[arg(long, value_enum)]
    sabotage: Option<sabotage::Fault>,
}

impl Options {
    /// How long it goes on; 20 seconds when nothing is said.
    fn duration(&self) -> Duration {
        match self.minutes * 60 + self.seconds {
            0 => Duration::from_secs(20),
            seconds => Duration::from_secs(seconds),
        }
    }

    /// Times that the server is asked to end, beside the kills.
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
    let (seed, seconds) = (options.seed, options.duration().as_secs());
    println!("torture with seed {seed}, {seconds} seconds, {} kills", options.kills);
    let outcome = match run::run(&options, &options.server_bin).await {
        Ok(outcome) => outcome,
        Err(error) => {
            println!("\nFAILED with seed {seed}: {error:#}");
            println!("test result: FAILED. 0 passed; 1 failed;");
            return ExitCode::from(2);
        }
    };
    let done = outcome.done;
    println!("  {:<40} {:>10}", "kills of the server", done.kills);
    println!("  {:<40} {:>10}", "restarts in order (SIGTERM)", done.restarts);
    println!("  {:<40} {:>10}", "  the longest, in milliseconds", done.longest_drain.as_millis());
    println!("  {:<40} {:>10}", "pauses of the server (SIGSTOP)", done.pauses);
    println!("  {:<40} {:>10}", "storms: all connections cut at once", done.storms);
    println!("  {:<40} {:>10}", "outages of the network", done.outages);
    println!("  {:<40} {:>10}", "tokens revoked while in use", done.logouts);
    println!("{}", outcome.tally);
    let all = Invariant::ALL.len();
    match outcome.verdict {
        Err(violation) => {
            println!("VIOLATED with seed {seed}: {violation}");
            println!("test result: FAILED. {} passed; 1 failed;", all - 1);
            ExitCode::FAILURE
        }
        Ok(()) if outcome.tally.acked < options.target_acks => {
            println!("only {} of {} messages were acknowledged", outcome.tally.acked, options.target_acks);
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
