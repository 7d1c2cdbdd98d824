//! The rows of a conversation.

use causerie_protocol::event::{Original, Reaction};
use causerie_protocol::rest::{ChatRole, ChatStatus};
use causerie_protocol::{ClientId, MessageId, Seq, Span, Timestamp, User};

use crate::clock::Millis;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A message, sent or pending.
    Message(MessageRow),
    /// Another event of the log.
    System(SystemRow),
}

impl Row {
    /// It stays the same while a message goes from "sending" to "sent".
    pub fn key(&self) -> &RowKey {
        match self {
            Self::Message(row) => &row.key,
            Self::System(row) => &row.key,
        }
    }
}

/// Identifies a row in its chat; it does not change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    /// A message of the user's own.
    Own(ClientId),
    /// Anything else.
    Seq(Seq),
}

/// A message as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    pub key: RowKey,
    /// The message's id, once the server has assigned it.
    pub id: Option<MessageId>,
    /// Its seq, once the server has assigned it.
    pub seq: Option<Seq>,
    pub sender: User,
    /// Whether the sender is the page's user.
    pub mine: bool,
    /// Empty when it was deleted.
    pub text: String,
    /// How the text is formatted, once the server has said so.
    pub spans: Vec<Span>,
    /// Whether its sender wants it shown as it is.
    pub plain: bool,
    pub at: RowTime,
    pub edited: bool,
    pub deleted: bool,
    /// Whether the person deletes it, and the server has not decided yet.
    pub deleting: bool,
    /// Whether it is hidden, since its sender is blocked.
    pub hidden: bool,
    /// What it replies to.
    pub reply_to: Option<Box<Original>>,
    /// Whether the original is hidden, because its sender is blocked.
    pub reply_hidden: bool,
    /// What stands under it, with the person's own reactions that are still on their way.
    pub reactions: Vec<Reaction>,
    pub state: RowState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowTime {
    /// When the server accepted the message, by the server's clock.
    Server(Timestamp),
    /// While it is not accepted: when the person wrote it, by the server's clock as far as it was known then.
    Local(Millis),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowState {
    /// It waits for the connection, or for the message before it.
    Waiting,
    /// It waits because the person sends more than one may; then it is sent by itself.
    Limited,
    /// It is in flight.
    Sending,
    /// It is acknowledged.
    Sent,
    /// It is the user's own, and all other participants have read it.
    Read,
    /// It was refused; the person can retry or delete it.
    Failed {
        /// What is wrong and what to do, in one or two sentences.
        reason: String,
    },
}

/// An event of the log other than a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemRow {
    pub key: RowKey,
    pub at: Timestamp,
    pub kind: SystemEvent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemEvent {
    Joined(User),
    Left(User),
    /// Somebody was removed by another.
    Removed(User),
    Role(User, ChatRole),
    /// Somebody pinned a message.
    Pinned(User),
    /// A chat that somebody asked for was accepted.
    Accepted,
    /// The title or the status changed.
    Changed {
        title: Option<String>,
        status: ChatStatus,
    },
}
