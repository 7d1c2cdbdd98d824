//! Refusals: the code and the sentence of a change that was not taken, for sockets and for REST alike.

use causerie_protocol::server_frame::ErrorReply;
use causerie_protocol::{ErrorCode, ServerFrame, limits};

use super::AppendError;
use crate::outbox::Frame;
use crate::store::{Append, Refused};

/// The code and the sentence for a refusal.
#[must_use]
pub fn words(refused: Refused) -> (ErrorCode, String) {
    let (code, detail) = match refused {
        Refused::NoSuchChat => (ErrorCode::NoSuchChat, "There is no such chat, or you are not in it."),
        Refused::ChatClosed => (ErrorCode::ChatClosed, "The chat is closed: nobody can write to it."),
        Refused::ClientIdReused => (
            ErrorCode::ClientIdReused,
            "This client_id was used for something else: every message and every new chat needs an id of its own.",
        ),
        Refused::NoSuchMessage => (ErrorCode::NotFound, "There is no such message."),
        Refused::NotTheSender => (ErrorCode::Forbidden, "Only its sender can change a message."),
        Refused::NotAGroup => {
            (ErrorCode::InvalidField, "Only a group has a title and people who come and go.")
        }
        Refused::NoSuchUser => (ErrorCode::InvalidField, "There is no such person."),
        Refused::AlreadyIn => (ErrorCode::InvalidField, "That person is in the chat already."),
        Refused::Full => {
            return (
                ErrorCode::InvalidField,
                format!("A chat has at most {} people, and this one is full.", limits::PARTICIPANTS),
            );
        }
    };
    (code, detail.to_owned())
}

/// The `error` frame for a change that was not stored.
pub(super) fn frame(append: &Append, error: AppendError) -> Frame {
    let reply = ErrorReply {
        code: error.code(),
        detail: error.to_string(),
        client_id: append.client_id().cloned(),
        chat_id: Some(append.chat),
        retry_after_ms: error.retry_after_ms(),
    };
    Frame::from(ServerFrame::Error(reply).encode())
}
