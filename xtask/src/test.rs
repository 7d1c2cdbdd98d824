//! `cargo xtask test`: every check and test there is, and a table of what ran.

mod stages;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Args;

use crate::browser::{self, Driver};
use crate::programs;
use crate::project;
use crate::report::{Counts, Report, Row};
use crate::tools;

use self::stages::{Needs, STAGES, Stage, WITH_PROGRAMS};

/// What to run.
#[derive(Debug, Args)]
pub struct Options {
    /// Only these stages, in the usual order; all when none is named.
    stages: Vec<String>,
    /// List the stages and end.
    #[arg(long)]
    list: bool,
}

/// What earlier stages have prepared, or why something is missing.
#[derive(Debug, Default)]
pub struct Prepared {
    driver: Option<Driver>,
    no_driver: String,
    built: bool,
    /// Whether clippy compiled the tests.
    linted: bool,
    /// Why programs that tests start beside the server are missing; none when all are there.
    no_programs: Option<String>,
}

/// Run the stages, go on after a failure, and print the table and the sum.
pub fn test(options: &Options) -> ExitCode {
    if options.list {
        for stage in STAGES {
            println!("{:<10} {}", stage.name, stage.about);
        }
        return ExitCode::SUCCESS;
    }
    let chosen = match choose(&options.stages) {
        Ok(chosen) => chosen,
        Err(unknown) => {
            println!("There is no stage {unknown}: cargo xtask test --list");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::default();
    let mut prepared = Prepared::default();
    run_stage(&mut report, "set-up", || set_up(&chosen, &mut prepared));
    for stage in chosen {
        println!("\n=== {}: {}", stage.name, stage.about);
        if let Some(reason) = missing(stage, &prepared) {
            report.rows.push(not_run(stage, reason));
            continue;
        }
        run_stage(&mut report, stage.name, || (stage.run)(&mut prepared));
    }
    println!("\n{report}");
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The named stages and the stages that they depend on, in the usual order.
fn choose(names: &[String]) -> Result<Vec<&'static Stage>, String> {
    for name in names {
        if !STAGES.iter().any(|stage| stage.name == name) {
            return Err(name.clone());
        }
    }
    let named = |name: &str| names.iter().any(|other| other == name);
    let is_on_program = |stage: &Stage| matches!(stage.needs, Needs::Program | Needs::Browser);
    let build_needed = STAGES.iter().any(|stage| is_on_program(stage) && named(stage.name));
    let is_chosen =
        |stage: &&Stage| names.is_empty() || named(stage.name) || (stage.name == "build" && build_needed);
    Ok(STAGES.iter().filter(is_chosen).collect())
}

/// Install what the chosen stages need.
///
/// When a browser can't be installed, the reason is kept for the stage that needs it.
fn set_up(chosen: &[&Stage], prepared: &mut Prepared) -> Outcome {
    println!("=== set-up");
    let needs_tools = chosen.iter().any(|stage| stage.needs != Needs::Rust);
    if needs_tools {
        tools::ensure()?;
    } else {
        tools::ensure_rust_parts()?;
    }
    if chosen.iter().any(|stage| stage.needs == Needs::Browser) {
        match browser::ensure() {
            Ok(driver) => prepared.driver = Some(driver),
            Err(error) => prepared.no_driver = format!("{error:#}"),
        }
    }
    if chosen.iter().any(|stage| WITH_PROGRAMS.contains(&stage.name)) {
        prepared.no_programs = programs::ensure(programs::ALL).err().map(|error| format!("{error:#}"));
    }
    // The set-up is not a check of the project, so it is not counted.
    Ok(Counts::default())
}

/// Why a stage can't run; none when it can.
fn missing(stage: &Stage, prepared: &Prepared) -> Option<Missing> {
    match stage.needs {
        Needs::Program | Needs::Browser if !prepared.built => Some(Missing::Build),
        Needs::Browser if prepared.driver.is_none() => Some(Missing::Browser(prepared.no_driver.clone())),
        _ => None,
    }
}

#[derive(Debug)]
enum Missing {
    Build,
    Browser(String),
}

/// The outcome of a stage that can't run: a failure after a failed build, and always in CI.
fn not_run(stage: &Stage, reason: Missing) -> Row {
    let (fails, note) = match reason {
        Missing::Build => (true, "not run: the build failed".to_owned()),
        Missing::Browser(why) => (project::in_ci(), format!("not run: {why}")),
    };
    println!("{note}");
    let counts = Counts { failed: fails.into(), ..Counts::default() };
    Row { stage: stage.name, counts, seconds: 0, note: Some(note) }
}

/// The counts of a stage; an error is a failure that no runner counted.
pub type Outcome = Result<Counts>;

fn run_stage(report: &mut Report, stage: &'static str, run: impl FnOnce() -> Outcome) {
    let started = Instant::now();
    let (mut counts, mut note) = match run() {
        Ok(counts) => (counts, None),
        Err(error) => (Counts::one(false), Some(format!("{error:#}"))),
    };
    if counts.ignored > 0 {
        note.get_or_insert(format!("{} ignored, which is not allowed here", counts.ignored));
        counts.failed += counts.ignored;
    }
    if let Some(note) = &note {
        println!("FAILED: {note}");
    }
    report.rows.push(Row { stage, counts, seconds: started.elapsed().as_secs(), note });
}

#[cfg(test)]
mod tests {
    use super::{choose, not_run, run_stage};
    use crate::report::{Counts, Report};

    fn names(chosen: &[String]) -> Vec<&'static str> {
        choose(chosen).unwrap().iter().map(|stage| stage.name).collect()
    }

    #[test]
    fn a_stage_that_needs_the_program_also_runs_the_build() {
        assert_eq!(names(&["pages".to_owned()]), ["build", "pages"]);
        assert_eq!(names(&["torture".to_owned()]), ["build", "torture"]);
        assert_eq!(names(&["format".to_owned()]), ["format"]);
    }

    #[test]
    fn all_stages_run_when_none_is_named() {
        assert_eq!(names(&[]).len(), super::STAGES.len());
    }

    #[test]
    fn an_unknown_stage_is_named() {
        assert_eq!(choose(&["nonsense".to_owned()]).unwrap_err(), "nonsense");
    }

    #[test]
    fn a_stage_without_a_build_is_a_failure() {
        let stage = super::STAGES.last().unwrap();
        assert_eq!(not_run(stage, super::Missing::Build).counts.failed, 1);
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        let mut report = Report::default();
        run_stage(&mut report, "native", || Ok(Counts { passed: 3, failed: 0, ignored: 1 }));
        assert!(!report.is_good());
    }
}
