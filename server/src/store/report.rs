//! What becomes of a report of a message, and of a request to close one.

use std::time::Duration;

use causerie_protocol::reports::Report;
use causerie_protocol::{Event, ReportId, TokenId};

use super::NotChanged;

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    New(ReportId),
    /// The person reported the message before.
    Known(ReportId),
    /// It does not exist, or the person may not see it.
    NoSuchMessage,
    OwnMessage,
    /// As many as one may report a day.
    TooMany {
        wait: Duration,
    },
}

/// What became of a request to close a report; it holds what was done by whom.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportClosed {
    /// By this request.
    Now(Box<ReportDone>),
    /// By another, before: this one did nothing.
    Before(Box<Report>),
    NoSuchReport,
    /// It is about the moderator, so another one decides.
    AboutOneself,
    /// The person can't be suspended by this moderator; the report stays open.
    NotChanged(NotChanged),
}

/// A report that was closed just now, and what was done by it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportDone {
    pub report: Report,
    /// The message was deleted.
    pub deleted: Option<Event>,
    /// The sign-ins that ended with the person's suspension.
    pub ended: Vec<TokenId>,
}
