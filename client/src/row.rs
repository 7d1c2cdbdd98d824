//! What one line of a conversation shows.

use causerie_protocol::rest::ChatStatus;
use causerie_protocol::{ClientId, MessageId, Seq, Timestamp, User};

use crate::clock::Millis;

/// One line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A message, sent or not.
    Message(MessageRow),
    /// Something else that happened.
    System(SystemRow),
}

impl Row {
    /// The row's name; it stays while a message goes from "sending" to "sent".
    pub fn key(&self) -> &RowKey {
        match self {
            Self::Message(row) => &row.key,
            Self::System(row) => &row.key,
        }
    }
}

/// A name of a row that is unique in its chat and does not change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    /// An own message, by its sender's name for it.
    Own(ClientId),
    /// Anything else, by its position in the log.
    Seq(Seq),
}

/// A message as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// The row's name.
    pub key: RowKey,
    /// The message's id, once the server gave it one.
    pub id: Option<MessageId>,
    /// Its position in the log, once it has one.
    pub seq: Option<Seq>,
    /// Who wrote it.
    pub sender: User,
    /// Whether that is the person at this page.
    pub mine: bool,
    /// What it says; empty when it was deleted.
    pub text: String,
    /// When it was written.
    pub at: RowTime,
    /// Whether it was edited.
    pub edited: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// How far it got.
    pub state: RowState,
}

/// When a message was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowTime {
    /// By the server's clock, when it accepted the message.
    Server(Timestamp),
    /// When the person wrote it, while the message is not accepted: by the server's clock as far as it was known then.
    Local(Millis),
}

/// How far a message got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowState {
    /// It waits for the connection, or for its turn.
    Waiting,
    /// It is on its way and not acknowledged.
    Sending,
    /// The server has it for good.
    Sent,
    /// Mine, and everybody else in the chat has read it.
    Read,
    /// It was refused: Retry or Delete.
    Failed {
        /// Why and what to do, in one sentence or two.
        reason: String,
    },
}

/// Something that happened in a chat and is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemRow {
    /// The row's name.
    pub key: RowKey,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: SystemEvent,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemEvent {
    /// Somebody was added.
    Joined(User),
    /// Somebody left.
    Left(User),
    /// Title or status are others now.
    Changed {
        /// The title from now on.
        title: Option<String>,
        /// The status from now on.
        status: ChatStatus,
    },
}
