//! `causerie doctor`: finds out why a connection fails, from a terminal.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use causerie_doctor::{Doctor, Observation, Report, Situation, Target, TokenShape};
use causerie_server::config::{ConfigError, Doctor as Options};
use causerie_texts::Language;
use uuid::Uuid;

mod connect;
mod fetch;
mod local;
mod pinned;
mod prober;
mod reporter;
mod socket;

use prober::Prober;
use reporter::TerminalReporter;

/// What the program exits with when something is wrong with what it looked at.
const FOUND: u8 = 1;

/// Examines and reports. The error is the one sentence for options that can't be used.
pub(super) async fn run(options: &Options, env_file: Result<(), ConfigError>) -> Result<ExitCode, String> {
    let language = options.language();
    let mut reporter = TerminalReporter::new(language, options.json);
    let report = match &options.url {
        Some(url) => examine(url, options, &mut reporter).await?,
        None => local::check(options, env_file, &mut reporter).await,
    };
    reporter.finish(&report);
    Ok(if report.finding.is_well() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

async fn examine(url: &str, options: &Options, reporter: &mut TerminalReporter) -> Result<Report, String> {
    let token = options.token_file.as_deref().map(read_token).transpose()?.unwrap_or_default();
    let situation = Situation {
        origin: options.origin.as_deref().map(origin).transpose()?,
        token: TokenShape::of(Some(&token)),
        chat: options.chat,
        hold: !options.quick,
        ..Situation::terminal(&Uuid::new_v4().to_string())
    };
    let target = match Target::parse(url) {
        Ok(target) => target,
        Err(finding) => {
            let doctor = Doctor::refused(finding, situation);
            reporter.print(&doctor.report().steps);
            return Ok(doctor.into_report());
        }
    };
    let mut prober = Prober::new(target.clone(), token, situation.origin.clone(), options.patience());
    let mut doctor = Doctor::new(target, situation);
    reporter.print(&doctor.report().steps);
    while let Some(probe) = doctor.probe() {
        if let Some(check) = doctor.running() {
            reporter.started(check, doctor.at_most_ms());
        }
        let observation: Observation = prober.observe(probe).await;
        reporter.print(doctor.observe(observation));
    }
    prober.end().await;
    Ok(doctor.into_report())
}

/// The origin of a page, as browsers write it.
fn origin(text: &str) -> Result<String, String> {
    Target::parse(text).map(|page| page.origin()).map_err(|finding| {
        let told = finding.explanation(Language::English);
        format!(
            "--origin is no origin: write a scheme and a host, for example https://chat.example.org ({})",
            told.what.trim_end_matches('.')
        )
    })
}

/// The token in a file; it is never told.
fn read_token(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().read_to_string(&mut text).map(drop)
    } else {
        fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|error| {
        format!("--token-file: {} can't be read ({error}): name a file that holds a token", path.display())
    })?;
    Ok(text.trim().to_owned())
}
