//! Prints the report of the doctor in a terminal: each step as it is decided, then the finding. With `--json`, the report alone.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use causerie_doctor::{Outcome, Report, Step};
use causerie_texts::{Check, Heading, Language};
use indicatif::{ProgressBar, ProgressStyle};

/// How often the spinner moves.
const TICK: Duration = Duration::from_millis(120);

pub(super) struct TerminalReporter {
    language: Language,
    json: bool,
    /// On standard error, and only while that is a terminal.
    spinner: Option<ProgressBar>,
}

impl TerminalReporter {
    pub(super) fn new(language: Language, json: bool) -> Self {
        Self { language, json, spinner: None }
    }

    /// Shows a spinner for a check that runs.
    pub(super) fn started(&mut self, check: Check, at_most_ms: Option<u64>) {
        self.clear_spinner();
        if !io::stderr().is_terminal() {
            return;
        }
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        let mut message =
            format!("{}: {}", check.in_language(self.language), Heading::Running.in_language(self.language));
        if let Some(ms) = at_most_ms {
            message += &format!(", ≤ {} s", ms.div_ceil(1_000));
        }
        let spinner = ProgressBar::new_spinner()
            .with_style(style.expect("the template is well formed"))
            .with_message(message);
        spinner.enable_steady_tick(TICK);
        self.spinner = Some(spinner);
    }

    /// Prints checks that are decided.
    pub(super) fn print(&mut self, steps: &[Step]) {
        self.clear_spinner();
        if self.json {
            return;
        }
        for step in steps {
            let (sign, colour) = match step.outcome {
                Outcome::Passed => ("✓", AnsiColor::Green),
                Outcome::Failed => ("✗", AnsiColor::Red),
                Outcome::Skipped => ("–", AnsiColor::Yellow),
            };
            let style = Style::new().fg_color(Some(colour.into()));
            write(&format!("{style}{sign}{style:#} {}", step.line(self.language)));
        }
    }

    /// Prints the finding.
    pub(super) fn finish(&mut self, report: &Report) {
        self.clear_spinner();
        if self.json {
            let json = report.json(self.language);
            return write(&serde_json::to_string_pretty(&json).expect("a JSON value can be written"));
        }
        let explanation = report.explanation(self.language);
        let (colour, bold) = match report.finding.is_well() {
            true => (AnsiColor::Green, Style::new().bold()),
            false => (AnsiColor::Red, Style::new().bold()),
        };
        let style = bold.fg_color(Some(colour.into()));
        write(&format!("\n{style}{}{style:#} ({})", explanation.what, report.finding));
        if !report.finding.is_well() {
            for (heading, text) in [(Heading::Why, &explanation.why), (Heading::Remedy, &explanation.remedy)]
            {
                write(&format!("{bold}{}:{bold:#} {text}", heading.in_language(self.language)));
            }
        }
    }

    fn clear_spinner(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}

/// A line; colours only on a terminal, and not where `NO_COLOR` is set (<https://no-color.org/>).
fn write(line: &str) {
    // The reader may be gone; the exit code says the same.
    let _ = writeln!(anstream::stdout(), "{line}");
}
