//! Reports: what somebody tells the moderators of the installation about a message, and what they did.

use serde::{Deserialize, Serialize};

use crate::event::User;
use crate::ids::{ChatId, MessageId, ReportId, Seq, Timestamp};
use crate::read::read_fields;
use crate::rest::UserRef;
use crate::text::MessageText;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// Advertising, or the same again and again.
    Spam,
    /// Insults, or attention that is not wanted.
    Harassment,
    /// A threat, or a call to violence.
    Threat,
    /// Sexual content that was not asked for.
    Sexual,
    /// An attempt to get money or secrets.
    Fraud,
    /// Something else, in the words of who reports.
    Other,
}

impl ReportReason {
    /// Every reason, as a person chooses from them.
    pub const ALL: [Self; 6] =
        [Self::Spam, Self::Harassment, Self::Threat, Self::Sexual, Self::Fraud, Self::Other];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Harassment => "harassment",
            Self::Threat => "threat",
            Self::Sexual => "sexual",
            Self::Fraud => "fraud",
            Self::Other => "other",
        }
    }

    /// The reason of a name; `Other` for one that this version does not know.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name).unwrap_or(Self::Other)
    }
}

/// `POST /api/reports/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateReport {
    /// A message of somebody else in a chat of the caller's.
    pub message_id: MessageId,
    /// What is wrong with it.
    pub reason: ReportReason,
    /// The same in the caller's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<MessageText>,
}

/// What a moderator did about a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportAction {
    /// Nothing: the report is not justified.
    Dismissed,
    /// Spoke with the person.
    Warned,
    /// The message is deleted by it, if it is still there.
    Deleted,
    /// The person is suspended by it.
    Suspended,
    /// Something else, which the note says.
    Other,
}

impl ReportAction {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Dismissed, Self::Warned, Self::Deleted, Self::Suspended, Self::Other];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dismissed => "dismissed",
            Self::Warned => "warned",
            Self::Deleted => "deleted",
            Self::Suspended => "suspended",
            Self::Other => "other",
        }
    }

    /// The action of a name; `Other` for one that this version does not know.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|action| action.as_str() == name).unwrap_or(Self::Other)
    }
}

/// `POST /api/admin/reports/{id}/close/`: the first one counts, and a later one is told of it and does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseReport {
    /// What is done.
    pub action: ReportAction,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<MessageText>,
}

/// What was done about a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What.
    pub action: ReportAction,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// By whom; nobody when it was the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<User>,
    /// When.
    pub at: Timestamp,
}

/// A report, in `GET /api/admin/reports/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its number; a later one has a greater one.
    pub id: ReportId,
    /// Who reported.
    pub reporter: User,
    /// Who wrote the message.
    pub reported: User,
    /// The chat of the message, which may be gone.
    pub chat_id: ChatId,
    /// The message, which may be gone.
    pub message_id: MessageId,
    /// What is wrong with it.
    pub reason: ReportReason,
    /// The same in the reporter's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// When it was reported.
    pub created_at: Timestamp,
    /// What was done; nothing while the report is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The message and up to [`crate::limits::REPORT_CONTEXT`] before it, oldest first, as they were when it was reported; in a
    /// list they are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ReportedMessage>,
}

read_fields! {
    Report {
        "id" => id: required,
        "reporter" => reporter: required,
        "reported" => reported: required,
        "chat_id" => chat_id: required,
        "message_id" => message_id: required,
        "reason" => reason: required,
        "words" => words: optional,
        "created_at" => created_at: required,
        "outcome" => outcome: optional,
        "context" => context: optional,
    }
}

/// `POST /api/admin/people/{id}/reopen/`: opens the chat of two that this person, or the other one, has ended. A block stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopen {
    /// The other one.
    pub with: UserRef,
}

/// The answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reopened {
    /// Whether they can write to each other; not as long as one has blocked the other.
    pub open: bool,
}

read_fields! {
    Reopened {
        "open" => open: required,
    }
}

/// The copy of a message that a report took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedMessage {
    /// The message.
    pub id: MessageId,
    /// Its seq in the chat.
    pub seq: Seq,
    /// Who wrote it.
    pub sender: User,
    /// The text as it was; empty when it was deleted before the report.
    pub content: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was edited before the report, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted before the report, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_and_actions_are_their_names_everywhere() {
        for reason in ReportReason::ALL {
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.as_str()));
            assert_eq!(ReportReason::from_name(reason.as_str()), reason);
        }
        for action in ReportAction::ALL {
            assert_eq!(serde_json::to_string(&action).unwrap(), format!("\"{}\"", action.as_str()));
            assert_eq!(ReportAction::from_name(action.as_str()), action);
        }
    }
}
