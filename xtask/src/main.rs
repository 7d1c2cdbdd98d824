//! The project's own commands, started as `cargo xtask COMMAND`.
//!
//! In reading order: [`project`] knows where things are, [`process`] starts programs and shows them,
//! [`tools`], [`browser`] and [`programs`] install what a fresh machine lacks, [`page`] builds and weighs the page,
//! and there is one module for each command: [`setup`], [`build`], [`run`], [`test`], [`check`],
//! [`bench`], [`torture`], [`screenshots`].
#![expect(clippy::print_stdout, reason = "a command-line program talks to its user")]

mod bench;
mod browser;
mod build;
mod check;
mod page;
mod process;
mod programs;
mod project;
mod report;
mod run;
mod screenshots;
mod server;
mod setup;
mod test;
mod tools;
mod torture;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Causerie's own commands. Each does the set-up that it needs.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what a fresh machine lacks: the wasm target, trunk, wasm-bindgen; with --browser also Chromium and its driver.
    Setup(setup::Options),
    /// Build the page and the one program that serves it, and weigh the page.
    Build(build::Options),
    /// Build quickly, then serve Causerie on this machine with two demo accounts.
    Run(run::Options),
    /// Run every check and test there is, with all set-up, and print a table of what ran.
    Test(test::Options),
    /// Run the project's rules over its sources.
    Check,
    /// Kill, cut and flood a real server, and check that it kept its promises.
    Torture(torture::Options),
    /// Measure the program against a bare room in the same run.
    Bench(bench::Options),
    /// Photograph the page, narrow and wide, light and dark, into target/screenshots/.
    Screenshots,
}

fn main() -> ExitCode {
    if page::split::is_stand_in() {
        return page::split::stand_in();
    }
    let outcome = match Arguments::parse().command {
        Command::Setup(options) => setup::setup(&options),
        Command::Build(options) => build::command(&options),
        Command::Run(options) => run::run(&options),
        Command::Test(options) => return test::test(&options),
        Command::Check => check::check(),
        Command::Torture(options) => torture::torture(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Screenshots => screenshots::screenshots(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nFAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}
