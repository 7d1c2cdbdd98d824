//! Refusals of what concerns chats, their messages and people, and reports of messages; on a socket and by request.

use std::time::Duration;

use axum::http::StatusCode;
use causerie_protocol::reports::Outcome;
use causerie_protocol::{ErrorCode, limits};

use super::{RESTART_RETRY, Refusal, STORE_RETRY};
use crate::store::{Refused, ReportClosed};

/// Why a change was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The store does not take it as it is.
    Refused(Refused),
    /// The server is about to stop.
    Draining,
    /// The store may work again in a moment.
    Unavailable,
    /// The store failed in a way that waiting does not mend.
    Failed,
}

impl Refusal {
    /// The chat does not exist or is not yours; the same, so that ids can't be probed.
    pub fn no_such_chat() -> Self {
        let detail = "There is no such chat, or you are not in it.";
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NoSuchChat, detail)
    }

    pub fn too_many_participants() -> Self {
        let detail = format!("A chat has at most {} people.", limits::PARTICIPANTS);
        Self::invalid("participants", detail)
    }

    pub fn no_other_participant() -> Self {
        Self::invalid("participants", "A chat needs somebody else in it: name another person.")
    }

    pub fn no_such_participant() -> Self {
        Self::invalid(
            "participants",
            "There is nobody whom you can write to under one of these addresses: name each by the exact e-mail address, or by id who shares a chat with you.",
        )
    }

    /// Unknown, or nobody that the caller has to do with; the same, so that ids are no address book.
    pub fn nobody_to_block() -> Self {
        Self::not_found("There is no such person in your chats.")
    }

    pub fn not_blocked() -> Self {
        Self::not_found("You have not blocked this person.")
    }

    pub fn no_such_report() -> Self {
        Self::not_found("There is no such report.")
    }

    pub fn own_message_reported() -> Self {
        Self::invalid("message_id", "This message is your own: delete it instead.")
    }

    pub fn too_many_reports(wait: Duration) -> Self {
        Self::rate_limited("You have reported as much as one may a day: the moderators look at it.", wait)
    }

    /// Another moderator was first, and the sentence says who and what they did; or this one may not.
    pub fn report_not_closed(closed: ReportClosed) -> Self {
        match closed {
            ReportClosed::Before(report) => {
                let detail = match report.outcome {
                    Some(Outcome { action, by, .. }) => {
                        let by = by.map_or_else(|| "Whoever runs the server".to_owned(), |by| by.name);
                        format!("{by} has closed this report already ({}): load it again.", action.as_str())
                    }
                    None => "This report was closed already: load it again.".to_owned(),
                };
                Self::new(StatusCode::CONFLICT, ErrorCode::InvalidField, detail)
            }
            ReportClosed::AboutOneself => {
                let detail = "This report is about you: another moderator or an owner decides.";
                Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail)
            }
            ReportClosed::NotChanged(refused) => refused.into(),
            ReportClosed::Now(_) | ReportClosed::NoSuchReport => Self::no_such_report(),
        }
    }

    pub fn pair_not_ended() -> Self {
        Self::not_found(
            "Neither of the two has ended their chat; a block ends when who blocked takes it back.",
        )
    }

    pub fn too_many_blocks() -> Self {
        let detail = format!("You may block {} people: unblock somebody first.", limits::BLOCKS);
        Self::new(StatusCode::CONFLICT, ErrorCode::InvalidField, detail)
    }

    pub fn too_many_subscriptions() -> Self {
        let detail = format!("A socket follows at most {} chats.", limits::SUBSCRIPTIONS);
        Self::new(StatusCode::CONFLICT, ErrorCode::TooManySubscriptions, detail)
    }

    pub fn chat_not_readable() -> Self {
        let detail = "The chat could not be read just now: subscribe again in a moment.";
        Self::unavailable(ErrorCode::Unavailable, detail, STORE_RETRY)
    }

    /// A change that came over a socket and could not be stored.
    pub fn not_stored(error: AppendError) -> Self {
        match error {
            AppendError::Refused(refused) => refused.into(),
            AppendError::Draining => Self::unavailable(
                ErrorCode::Draining,
                "The server restarts: send this again after reconnecting.",
                RESTART_RETRY.1,
            ),
            AppendError::Unavailable => Self::unavailable(
                ErrorCode::Unavailable,
                "The message could not be stored just now: try again in a moment.",
                STORE_RETRY,
            ),
            AppendError::Failed => {
                let detail = "The message could not be stored: the server's log says why.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, detail)
            }
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        use ErrorCode::{ChatClosed, ClientIdReused, Forbidden, InvalidField, NotFound};
        use StatusCode as Status;
        match refused {
            Refused::NoSuchChat => Self::no_such_chat(),
            Refused::ChatClosed => {
                Self::new(Status::CONFLICT, ChatClosed, "The chat is closed: nobody can write to it.")
            }
            Refused::NotAccepted => {
                let detail = format!(
                    "They have not accepted the chat yet: until then you may send {} messages.",
                    limits::REQUEST_MESSAGES
                );
                Self::new(Status::CONFLICT, ErrorCode::NotAccepted, detail)
            }
            Refused::NotAllowed => Self::new(
                Status::BAD_REQUEST,
                ErrorCode::TextNotAllowed,
                "This message has a word that is not allowed here: change it.",
            )
            .at("content"),
            Refused::TooLongMasked => Self::new(
                Status::BAD_REQUEST,
                ErrorCode::TextTooLong,
                "The message is too long once the words that are not allowed here are masked: shorten it.",
            )
            .at("content"),
            Refused::NotARequest => {
                Self::new(Status::CONFLICT, InvalidField, "Nobody asks for this chat: it is open.")
            }
            Refused::OwnRequest => {
                let detail = "You asked for this chat: only the other person can accept it.";
                Self::new(Status::FORBIDDEN, Forbidden, detail)
            }
            Refused::ClientIdReused => Self::new(
                Status::CONFLICT,
                ClientIdReused,
                "This client_id was used for something else: every message and every new chat needs an id of its own.",
            )
            .at("client_id"),
            Refused::NoSuchMessage => Self::new(Status::NOT_FOUND, NotFound, "There is no such message."),
            Refused::NoSuchOriginal => Self::new(
                Status::BAD_REQUEST,
                ErrorCode::NoSuchOriginal,
                "There is no such message in this chat to reply to: send it without \"reply_to\", or with the seq of a message that you can see.",
            )
            .at("reply_to"),
            Refused::TooManyReactions => {
                let detail = format!(
                    "{} different emoji are under this message already, which is as many as may be: take one of them.",
                    limits::REACTION_KINDS
                );
                Self::new(Status::CONFLICT, InvalidField, detail).at("emoji")
            }
            Refused::TooManyPinnedMessages => {
                let detail = format!(
                    "{} messages are pinned in this chat, which is as many as may be: unpin one of them first.",
                    limits::PINNED_MESSAGES
                );
                Self::new(Status::CONFLICT, InvalidField, detail).at("on")
            }
            Refused::TooLateToEdit => Self::new(
                Status::CONFLICT,
                ErrorCode::TooLateToEdit,
                "This message was sent too long ago to be edited here: write another one, or delete it.",
            ),
            Refused::NotTheSender => {
                Self::new(Status::FORBIDDEN, Forbidden, "Only its sender can change a message, and delete it in a chat of two; in a group a moderator can delete it too.")
            }
            Refused::RoleTooLow => {
                let detail = "Your role in this chat is too small for that: ask its owner or a moderator.";
                Self::new(Status::FORBIDDEN, Forbidden, detail)
            }
            Refused::HasEnded => {
                let detail = "This chat has ended: its people can't open it again.";
                Self::new(Status::FORBIDDEN, Forbidden, detail).at("status")
            }
            Refused::LastOwner => {
                let detail = "A group needs an owner: make somebody else the owner first.";
                Self::new(Status::CONFLICT, InvalidField, detail).at("role")
            }
            Refused::NotIn => Self::new(Status::NOT_FOUND, NotFound, "That person is not in the chat."),
            Refused::NotAGroup => {
                let detail = "Only a group has a title, roles, and people who come and go.";
                Self::new(Status::BAD_REQUEST, InvalidField, detail)
            }
            Refused::NoSuchUser => {
                let detail = "There is nobody whom you can add under this address: name somebody by the exact e-mail address, or by id who shares a chat with you.";
                Self::new(Status::BAD_REQUEST, InvalidField, detail).at("user")
            }
            Refused::AlreadyIn => {
                Self::new(Status::CONFLICT, InvalidField, "That person is in the chat already.").at("user")
            }
            Refused::Full => {
                let detail =
                    format!("A chat has at most {} people, and this one is full.", limits::PARTICIPANTS);
                Self::new(Status::CONFLICT, InvalidField, detail).at("user")
            }
            Refused::TooManyPinned => {
                let detail = format!("You may pin {} chats: unpin another first.", limits::PINNED_CHATS);
                Self::new(Status::CONFLICT, InvalidField, detail).at("pinned")
            }
        }
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        // The appender logged what the store said.
        match error {
            AppendError::Refused(refused) => refused.into(),
            AppendError::Draining => Self::draining(),
            AppendError::Unavailable => Self::store_unavailable(),
            AppendError::Failed => Self::internal(),
        }
    }
}
