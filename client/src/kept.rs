//! Changes of messages that the page's storage keeps until the server has decided, so that a reload loses none.

use causerie_protocol::{ChatId, MessageId, UserId, read_fields};
use serde::Serialize;

/// A reaction or a deletion that the server has not decided about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptChange {
    /// Whose it is: the storage may hold changes of several users.
    pub owner: UserId,
    pub chat_id: ChatId,
    pub message_id: MessageId,
    /// Of a reaction; without one the message is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// Whether the reaction is to be there.
    pub on: bool,
}

read_fields! {
    KeptChange {
        "owner" => owner: required,
        "chat_id" => chat_id: required,
        "message_id" => message_id: required,
        "emoji" => emoji: optional,
        "on" => on: required,
    }
}

impl KeptChange {
    /// What it is stored under: a later change of the same takes its place.
    #[must_use]
    pub fn key(&self) -> String {
        format!("change-{}-{}", self.message_id, self.emoji.as_deref().unwrap_or_default())
    }
}
