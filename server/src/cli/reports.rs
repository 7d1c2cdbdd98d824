//! `causerie reports`: what whoever runs the server does about what people reported.

use causerie_protocol::reports::{CloseReport, Outcome, Report};
use causerie_protocol::{MessageText, ReportId};
use causerie_server::config::{ReportsCommand, ReportsOptions};
use causerie_server::operator::Operator;

use super::say;

pub(super) async fn run(options: &ReportsOptions) -> Result<(), String> {
    let url = options.url().map_err(|error| error.to_string())?;
    let operator = Operator::open(&url).await?;
    let done = carry_out(&operator, &options.command).await;
    operator.close().await;
    done
}

async fn carry_out(operator: &Operator, command: &ReportsCommand) -> Result<(), String> {
    match command {
        ReportsCommand::List { all } => {
            for report in operator.reports(*all).await? {
                say(&line(&report));
            }
        }
        ReportsCommand::Show { report } => {
            let report = operator.report(ReportId(*report)).await?;
            say(&line(&report));
            if let Some(words) = &report.words {
                say(&format!("in their own words: {}", plain(words)));
            }
            for copy in &report.context {
                let mark = if copy.id == report.message_id { ">" } else { " " };
                let sender = plain(&copy.sender.name);
                say(&format!("{mark} {} {sender}: {}", copy.sent_at.0, plain(&copy.content)));
            }
        }
        ReportsCommand::Close { report, action, note } => {
            let note = note.as_ref().map(MessageText::new).transpose();
            let note = note.map_err(|_| "the note is empty or too long".to_owned())?;
            let body = CloseReport { action: *action, note };
            say(&line(&operator.close_report(ReportId(*report), &body).await?));
        }
    }
    Ok(())
}

fn line(report: &Report) -> String {
    let Report { id, reporter, reported, reason, created_at, outcome, .. } = report;
    let outcome = outcome.as_ref().map_or_else(
        || "open".to_owned(),
        |Outcome { action, by, at, note }| {
            let by = by.as_ref().map_or_else(|| "the command line".to_owned(), |by| plain(&by.name));
            let note = note.as_ref().map(|note| format!(": {}", plain(note))).unwrap_or_default();
            format!("{} by {by}, {}{note}", action.as_str(), at.0)
        },
    );
    format!(
        "{id:>6} {} {} (account {}) reported {} (account {}) for {} [{outcome}]",
        created_at.0,
        plain(&reporter.name),
        reporter.id,
        plain(&reported.name),
        reported.id,
        reason.as_str()
    )
}

/// A text of somebody as a terminal may have it: without characters that control it.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
