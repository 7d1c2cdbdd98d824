//! `causerie migrate-db`: moves an installation and shows the progress.

use std::fmt::Write as _;

use causerie_server::config::MigrateDb;
use causerie_server::store::transfer::{Progress, Report, Step, Table, transfer};
use indicatif::{ProgressBar, ProgressStyle};

use super::say;

/// Moves what `--from` names to `--to`.
pub(super) async fn run(options: &MigrateDb) -> Result<(), String> {
    let (from, to) = options.urls().map_err(|error| error.to_string())?;
    let mut bar = Bar::default();
    let report = transfer(&from, &to, &mut |progress| bar.show(progress)).await;
    bar.end();
    say(&told(&report.map_err(|error| error.to_string())?));
    Ok(())
}

/// A bar on standard error while that is a terminal, and nothing otherwise.
#[derive(Default)]
struct Bar(Option<((Table, Step), ProgressBar)>);

impl Bar {
    fn show(&mut self, Progress { table, step, done, total }: Progress) {
        if self.0.as_ref().is_none_or(|(shown, _)| *shown != (table, step)) {
            self.end();
            let style = ProgressStyle::with_template("{msg:<24} {wide_bar} {human_pos}/{human_len} {eta:>4}");
            let bar = ProgressBar::new(total)
                .with_style(style.expect("the template is well formed"))
                .with_message(match step {
                    Step::Copying => format!("copying {table}"),
                    Step::Comparing => format!("comparing {table}"),
                });
            self.0 = Some(((table, step), bar));
        }
        if let Some((_, bar)) = &self.0 {
            bar.set_position(done);
        }
    }

    fn end(&mut self) {
        if let Some((_, bar)) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

/// A summary for a person to read.
fn told(report: &Report) -> String {
    let mut text = String::new();
    for (table, rows) in &report.rows {
        let _ = writeln!(text, "{:<14}{rows:>12}", table.name());
    }
    text + if report.was_there {
        "verified: --to held this installation already, and every row is equal; nothing was written"
    } else {
        "verified: every row was read back and is equal, the log of every chat is whole from 1 to its head, ids go on after the last one\n\
         moved: start the server with the new database in DATABASE_URL, and keep the old one as a backup"
    }
}
