//! The options of `causerie reports`.

use causerie_protocol::reports::ReportAction;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};

use super::{ConfigError, Database};

/// The options of `causerie reports`.
#[derive(Debug, Args)]
pub struct ReportsOptions {
    /// What to do.
    #[command(subcommand)]
    pub command: ReportsCommand,
    /// Which database.
    #[command(flatten)]
    pub database: Database,
}

/// What to do about reports.
#[derive(Debug, Subcommand)]
pub enum ReportsCommand {
    /// List reports, the newest first: number, when, who reported whom, and why.
    List {
        /// Those that are closed too.
        #[arg(long)]
        all: bool,
    },
    /// Print a report with the copy of the message and of those before it.
    Show {
        #[arg(value_name = "NUMBER", help = "Its number, as `causerie reports list` lists it")]
        report: i64,
    },
    /// Do something about a report and close it.
    Close {
        #[arg(value_name = "NUMBER", help = "Its number, as `causerie reports list` lists it")]
        report: i64,
        /// What is done: nothing, a warning, the message is deleted, the person is suspended, or something else.
        #[arg(
            long,
            value_name = "ACTION",
            value_parser = PossibleValuesParser::new(ReportAction::ALL.map(ReportAction::as_str))
                .map(|name| ReportAction::from_name(&name))
        )]
        action: ReportAction,
        /// More about it.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

impl ReportsOptions {
    /// The database's URL, checked.
    ///
    /// # Errors
    /// When it can't be used.
    pub fn url(&self) -> Result<String, ConfigError> {
        self.database.url()
    }
}
