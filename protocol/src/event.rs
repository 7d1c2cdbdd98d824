//! Events: what happened in a chat and survives, each at one position of the chat's change log.

use serde::{Deserialize, Serialize};

use crate::ids::{ChatId, ClientId, MessageId, Seq, Timestamp, UserId};
use crate::read::read_fields;
use crate::rest::ChatStatus;

/// A person, as others in a chat see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// The address that they signed up with.
    pub email: String,
    /// The name to show.
    pub name: String,
}

read_fields! {
    User {
        "id" => id: required,
        "email" => email: required,
        "name" => name: required,
    }
}

/// A message as it stands now: its first text, or the last edit of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Unique in the installation.
    pub id: MessageId,
    /// The chat that it is in.
    // The HTTP API calls it `chat`, as the old system did.
    pub chat_id: ChatId,
    /// Where the log holds it.
    pub seq: Seq,
    /// Who wrote it, as the server knows; never what a client claimed.
    pub sender: User,
    /// The text; empty once the message was deleted.
    pub content: String,
    /// When the server accepted it.
    pub sent_at: Timestamp,
    /// The sender's own name for it, by which the sender's pages recognise their local echo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// When it was last edited, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted, if ever; the place in the log stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

read_fields! {
    Message {
        "id" => id: required,
        "chat_id" | "chat" => chat_id: required,
        "seq" => seq: required,
        "sender" => sender: required,
        "content" => content: required,
        "sent_at" => sent_at: required,
        "client_id" => client_id: optional,
        "edited_at" => edited_at: optional,
        "deleted_at" => deleted_at: optional,
    }
}

/// A message got another text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The chat.
    pub chat_id: ChatId,
    /// Where the log holds this change.
    pub seq: Seq,
    /// The message that changed.
    pub id: MessageId,
    /// Its text from now on.
    pub content: String,
    /// When.
    pub edited_at: Timestamp,
}

/// A message was deleted; its text is gone from the log too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The chat.
    pub chat_id: ChatId,
    /// Where the log holds this change.
    pub seq: Seq,
    /// The message that went.
    pub id: MessageId,
    /// When.
    pub deleted_at: Timestamp,
}

/// Somebody joined or left a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The chat.
    pub chat_id: ChatId,
    /// Where the log holds this change.
    pub seq: Seq,
    /// Who joined or left.
    pub user: User,
    /// When.
    pub at: Timestamp,
}

/// A chat's title or status changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatChanged {
    /// The chat.
    pub chat_id: ChatId,
    /// Where the log holds this change.
    pub seq: Seq,
    /// Its title from now on.
    pub title: Option<String>,
    /// Its status from now on.
    pub status: ChatStatus,
    /// When.
    pub at: Timestamp,
}

/// One entry of a chat's change log.
///
/// On the wire: `{"type":…,"seq":…,"data":{…}}`, where `data` holds `chat_id` and `seq` again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `message`: somebody said something.
    Message(Message),
    /// `edited`: a message got another text.
    Edited(Edited),
    /// `deleted`: a message is gone.
    Deleted(Deleted),
    /// `joined`: somebody was added.
    Joined(Membership),
    /// `left`: somebody left.
    Left(Membership),
    /// `chat_changed`: title or status are others now.
    ChatChanged(ChatChanged),
    /// A kind that this version does not know; it still takes its place in the log.
    Unknown {
        /// The wire name of the kind.
        kind: String,
        /// The chat.
        chat_id: ChatId,
        /// Where the log holds it.
        seq: Seq,
        /// The data as it came.
        data: serde_json::Value,
    },
}

impl Event {
    /// The chat in which it happened.
    #[must_use]
    pub fn chat_id(&self) -> ChatId {
        match self {
            Self::Message(data) => data.chat_id,
            Self::Edited(data) => data.chat_id,
            Self::Deleted(data) => data.chat_id,
            Self::Joined(data) | Self::Left(data) => data.chat_id,
            Self::ChatChanged(data) => data.chat_id,
            Self::Unknown { chat_id, .. } => *chat_id,
        }
    }

    /// Its position in the chat's log.
    #[must_use]
    pub fn seq(&self) -> Seq {
        match self {
            Self::Message(data) => data.seq,
            Self::Edited(data) => data.seq,
            Self::Deleted(data) => data.seq,
            Self::Joined(data) | Self::Left(data) => data.seq,
            Self::ChatChanged(data) => data.seq,
            Self::Unknown { seq, .. } => *seq,
        }
    }
}
