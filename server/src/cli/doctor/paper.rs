//! What the doctor tells in a terminal: each step as it goes, then the finding. With `--json`, the report alone.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use causerie_doctor::{Outcome, Report, Step};
use causerie_protocol::Language;
use causerie_protocol::words::checks::{Check, Heading};
use indicatif::{ProgressBar, ProgressStyle};

/// How often the sign moves that something is going on.
const TICK: Duration = Duration::from_millis(120);

/// Where it tells.
pub(super) struct Paper {
    language: Language,
    json: bool,
    /// On standard error, and only while that is a terminal.
    sign: Option<ProgressBar>,
}

impl Paper {
    pub(super) fn new(language: Language, json: bool) -> Self {
        Self { language, json, sign: None }
    }

    /// Says what is going on.
    pub(super) fn running(&mut self, check: Check, at_most_ms: Option<u64>) {
        self.rest();
        if !io::stderr().is_terminal() {
            return;
        }
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        let mut message =
            format!("{}: {}", check.label(self.language), Heading::Running.label(self.language));
        if let Some(ms) = at_most_ms {
            message += &format!(", ≤ {} s", ms.div_ceil(1_000));
        }
        let sign = ProgressBar::new_spinner()
            .with_style(style.expect("the template is well formed"))
            .with_message(message);
        sign.enable_steady_tick(TICK);
        self.sign = Some(sign);
    }

    /// Tells checks that are decided.
    pub(super) fn steps(&mut self, steps: &[Step]) {
        self.rest();
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

    /// Tells the result.
    pub(super) fn end(&mut self, report: &Report) {
        self.rest();
        if self.json {
            let json = report.json(self.language);
            return write(&serde_json::to_string_pretty(&json).expect("a JSON value can be written"));
        }
        let told = report.told(self.language);
        let (colour, bold) = match report.finding.is_well() {
            true => (AnsiColor::Green, Style::new().bold()),
            false => (AnsiColor::Red, Style::new().bold()),
        };
        let style = bold.fg_color(Some(colour.into()));
        write(&format!("\n{style}{}{style:#} ({})", told.what, report.finding));
        if !report.finding.is_well() {
            for (heading, text) in [(Heading::Why, &told.why), (Heading::Remedy, &told.remedy)] {
                write(&format!("{bold}{}:{bold:#} {text}", heading.label(self.language)));
            }
        }
    }

    fn rest(&mut self) {
        if let Some(sign) = self.sign.take() {
            sign.finish_and_clear();
        }
    }
}

/// A line; colours only on a terminal, and not where `NO_COLOR` is set (<https://no-color.org/>).
fn write(line: &str) {
    // Nobody may be reading any more; the exit code tells all the same.
    let _ = writeln!(anstream::stdout(), "{line}");
}
