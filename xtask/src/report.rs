//! What ran, as a table, and the one line that sums it up.

use std::fmt;

/// Counts of one runner or of several.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub ignored: u64,
}

impl Counts {
    /// One check that passed or failed.
    pub fn one(passed: bool) -> Self {
        Self { passed: passed.into(), failed: (!passed).into(), ignored: 0 }
    }

    /// Add the counts of a runner's closing line; any other line adds nothing.
    ///
    /// The line is `test result: ok. 5 passed; 0 failed; 1 ignored; …`, from libtest and from wasm-bindgen-test alike.
    pub fn read(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.ignored += number,
                _ => {}
            }
        }
    }

    /// The sum of both.
    pub fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }
}

/// The result of a stage.
#[derive(Debug)]
pub struct Row {
    pub stage: &'static str,
    pub counts: Counts,
    pub seconds: u64,
    /// Why it failed or did not run.
    pub note: Option<String>,
}

/// All stages that were asked for.
#[derive(Debug, Default)]
pub struct Report {
    pub rows: Vec<Row>,
}

impl Report {
    /// The sum over all stages.
    pub fn total(&self) -> Counts {
        self.rows.iter().fold(Counts::default(), |sum, row| sum.add(row.counts))
    }

    /// Whether nothing failed.
    pub fn is_good(&self) -> bool {
        self.total().failed == 0
    }
}

/// The table, then the sum alone on the last line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {:>7} {:>7} {:>8}", "stage", "passed", "failed", "seconds")?;
        for row in &self.rows {
            let Row { stage, counts, seconds, note } = row;
            write!(f, "{stage:<10} {:>7} {:>7} {seconds:>8}", counts.passed, counts.failed)?;
            match note {
                Some(note) => writeln!(f, "  {note}")?,
                None => writeln!(f)?,
            }
        }
        let total = self.total();
        writeln!(f)?;
        write!(f, "{} passed, {} failed", total.passed, total.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Report, Row};

    #[test]
    fn closing_lines_of_both_runners_add_up() {
        let mut counts = Counts::default();
        counts.read("running 3 tests");
        counts.read(
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.42s",
        );
        counts.read("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 filtered out; finished in 1.20s");
        assert_eq!(counts, Counts { passed: 7, failed: 3, ignored: 1 });
    }

    #[test]
    fn the_last_line_is_the_sum_alone() {
        let row = |stage, passed, failed| Row {
            stage,
            counts: Counts { passed, failed, ignored: 0 },
            seconds: 1,
            note: None,
        };
        let report = Report { rows: vec![row("format", 1, 0), row("native", 40, 2)] };
        assert!(!report.is_good());
        assert_eq!(report.to_string().lines().last(), Some("41 passed, 2 failed"));
    }
}
