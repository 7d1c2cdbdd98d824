//! Events: the entries of a chat's log, each with its seq.

use serde::{Deserialize, Serialize};

use crate::ids::{ChatId, ClientId, MessageId, Seq, Timestamp, UserId};
use crate::limits::SNIPPET_CHARS;
use crate::read::read_fields;
use crate::rest::{ChatRole, ChatStatus};
use crate::spans::{Span, words};

/// A user: to others the id and the name, to the user also the e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The e-mail address of the account: in what only its owner reads, such as `welcome`, and under `--legacy-email`
    /// everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The name to show.
    pub name: String,
}

read_fields! {
    User {
        "id" => id: required,
        "email" => email: optional,
        "name" => name: required,
    }
}

impl User {
    /// The address in what only its owner reads; empty in everything else.
    #[must_use]
    pub fn own_email(&self) -> &str {
        self.email.as_deref().unwrap_or_default()
    }
}

/// A message as it stands now: its first text, or the last edit of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Unique in the installation.
    pub id: MessageId,
    /// The chat.
    // The HTTP API calls it `chat`, as the old system did.
    pub chat_id: ChatId,
    /// Its seq.
    pub seq: Seq,
    /// The sender, from the token and never from the client's frame.
    pub sender: User,
    /// The text; empty once the message was deleted.
    pub content: String,
    /// When the server accepted it.
    pub sent_at: Timestamp,
    /// The sender's own id of the message, by which the sender's pages recognise their local echo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// When it was last edited, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted, if ever; the event stays in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// The reactions to it, ordered by the emoji, each with somebody. Empty in an event of the log, where they follow as
    /// `reacted` events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// What it replies to, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Box<Original>>,
    /// How the text is formatted; empty where nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// Whether its sender wants it shown as it is, without formatting.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
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
        "reactions" => reactions: optional,
        "reply_to" => reply_to: optional,
        "spans" => spans: optional,
        "plain" => plain: optional,
    }
}

impl Message {
    /// Adds a user's reaction, or takes it back; returns whether that changed anything.
    ///
    /// The reactions are a set of users and emoji, so the events may come again in their order.
    pub fn react(&mut self, user: UserId, emoji: &str, on: bool) -> bool {
        Reaction::set(&mut self.reactions, user, emoji, on)
    }
}

/// A message that another one replies to, as it stands now: it is read from the log and never copied, so an `edited` or
/// `deleted` event of it changes what replies show of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Original {
    /// Its seq in the same chat.
    pub seq: Seq,
    /// Its id; missing, as the rest, when it is from before the reader's time in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// Its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<User>,
    /// The beginning of its text without the marks of its formatting, at most [`crate::limits::SNIPPET_CHARS`] characters;
    /// empty once it was deleted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// Whether it was deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

read_fields! {
    Original {
        "seq" => seq: required,
        "id" => id: optional,
        "sender" => sender: optional,
        "content" => content: optional,
        "deleted" => deleted: optional,
    }
}

impl Original {
    /// A message that the reader may not read.
    #[must_use]
    pub const fn unseen(seq: Seq) -> Self {
        Self { seq, id: None, sender: None, content: String::new(), deleted: false }
    }

    /// A message as its replies show it.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        Self {
            seq: message.seq,
            id: Some(message.id),
            sender: Some(User { email: None, ..message.sender.clone() }),
            content: snippet(&words(&message.content, &message.spans)).to_owned(),
            deleted: message.deleted_at.is_some(),
        }
    }

    /// Applies an edit or a deletion, if it is of this message; returns whether it is.
    pub fn apply(&mut self, event: &Event) -> bool {
        match event {
            Event::Edited(edited) if self.id == Some(edited.id) => {
                if !self.deleted {
                    snippet(&words(&edited.content, &edited.spans)).clone_into(&mut self.content);
                }
                true
            }
            Event::Deleted(deleted) if self.id == Some(deleted.id) => {
                self.content.clear();
                self.deleted = true;
                true
            }
            _ => false,
        }
    }
}

/// The beginning of a text, as replies to it show it.
#[must_use]
pub fn snippet(text: &str) -> &str {
    text.char_indices().nth(SNIPPET_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// One emoji under a message, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reaction {
    /// One emoji of Unicode, fully qualified: with U+FE0F where it has one.
    pub emoji: String,
    /// Who put it there, by id.
    pub users: Vec<UserId>,
}

impl Reaction {
    /// As [`Message::react`], in a list that is ordered by emoji.
    pub fn set(reactions: &mut Vec<Self>, user: UserId, emoji: &str, on: bool) -> bool {
        // There are few of them, so a search from the front is short.
        let at = reactions.iter().position(|reaction| reaction.emoji.as_str() >= emoji);
        let at = at.unwrap_or(reactions.len());
        if reactions.get(at).is_none_or(|reaction| reaction.emoji != emoji) {
            if on {
                reactions.insert(at, Self { emoji: emoji.to_owned(), users: vec![user] });
            }
            return on;
        }
        let users = &mut reactions[at].users;
        let place = users.iter().position(|other| *other >= user).unwrap_or(users.len());
        let is_there = users.get(place) == Some(&user);
        if is_there == on {
            return false;
        }
        if on {
            users.insert(place, user);
        } else {
            users.remove(place);
        }
        if users.is_empty() {
            reactions.remove(at);
        }
        true
    }
}

read_fields! {
    Reaction {
        "emoji" => emoji: required,
        "users" => users: required,
    }
}

/// A message was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The chat.
    pub chat_id: ChatId,
    /// The seq of this event.
    pub seq: Seq,
    /// The message.
    pub id: MessageId,
    /// The new text.
    pub content: String,
    /// The server's time.
    pub edited_at: Timestamp,
    /// How the new text is formatted; empty where nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// Whether it is shown as it is, without formatting.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
}

/// A message was deleted; its text is removed from the log too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The chat.
    pub chat_id: ChatId,
    /// The seq of this event.
    pub seq: Seq,
    /// The message.
    pub id: MessageId,
    /// The server's time.
    pub deleted_at: Timestamp,
}

/// A user joined or left a chat, or was removed from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The chat.
    pub chat_id: ChatId,
    /// The seq of this event.
    pub seq: Seq,
    /// The user.
    pub user: User,
    /// Who removed the user, if they did not leave by themself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// The server's time.
    pub at: Timestamp,
}

/// A participant of a group has another role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChanged {
    /// The chat.
    pub chat_id: ChatId,
    /// The seq of this event.
    pub seq: Seq,
    /// The participant.
    pub user: User,
    /// The role from now on.
    pub role: ChatRole,
    /// The server's time.
    pub at: Timestamp,
}

/// A user reacted to a message with an emoji, or took that back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacted {
    /// The chat.
    pub chat_id: ChatId,
    /// The seq of this event.
    pub seq: Seq,
    /// The message.
    pub id: MessageId,
    /// The user.
    pub user: User,
    /// The emoji, fully qualified.
    pub emoji: String,
    /// Whether it is there from now on.
    pub on: bool,
    /// The server's time.
    pub at: Timestamp,
}

/// A message was pinned in its chat, or is not any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// The chat.
    pub chat_id: ChatId,
    /// The seq of this event.
    pub seq: Seq,
    /// The message.
    pub id: MessageId,
    /// Who did it.
    pub user: User,
    /// Whether it is pinned from now on.
    pub on: bool,
    /// The server's time.
    pub at: Timestamp,
}

/// A chat's title or status changed, or what new people see of it, or a request was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatChanged {
    /// The chat.
    pub chat_id: ChatId,
    /// The seq of this event.
    pub seq: Seq,
    /// The new title.
    pub title: Option<String>,
    /// The new status.
    pub status: ChatStatus,
    /// Whether who joins from now on does not see what was said before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hides_past: bool,
    /// Whether this accepted a request: the chat of two is an ordinary one from now on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
    /// The server's time.
    pub at: Timestamp,
}

/// One entry of a chat's log.
///
/// On the wire: `{"type":…,"seq":…,"data":{…}}`, where `data` holds `chat_id` and `seq` again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `message`: a message was sent.
    Message(Message),
    /// `edited`: a message was edited.
    Edited(Edited),
    /// `deleted`: a message was deleted.
    Deleted(Deleted),
    /// `joined`: a user was added.
    Joined(Membership),
    /// `left`: a user left, or was removed.
    Left(Membership),
    /// `chat_changed`: the title or the status changed, or what new people see, or a request was accepted.
    ChatChanged(ChatChanged),
    /// `role_changed`: a participant has another role.
    RoleChanged(RoleChanged),
    /// `reacted`: a user reacted to a message, or took that back.
    Reacted(Reacted),
    /// `pinned`: a message was pinned, or is not any more.
    Pinned(Pinned),
    /// A kind that this version does not know; it still has a seq.
    Unknown {
        /// The `type` on the wire.
        kind: String,
        /// The chat.
        chat_id: ChatId,
        /// Its seq.
        seq: Seq,
        /// The data, unchanged.
        data: serde_json::Value,
    },
}

impl Event {
    /// The event's chat.
    #[must_use]
    pub fn chat_id(&self) -> ChatId {
        match self {
            Self::Message(data) => data.chat_id,
            Self::Edited(data) => data.chat_id,
            Self::Deleted(data) => data.chat_id,
            Self::Joined(data) | Self::Left(data) => data.chat_id,
            Self::ChatChanged(data) => data.chat_id,
            Self::RoleChanged(data) => data.chat_id,
            Self::Reacted(data) => data.chat_id,
            Self::Pinned(data) => data.chat_id,
            Self::Unknown { chat_id, .. } => *chat_id,
        }
    }

    /// The event's seq.
    #[must_use]
    pub fn seq(&self) -> Seq {
        match self {
            Self::Message(data) => data.seq,
            Self::Edited(data) => data.seq,
            Self::Deleted(data) => data.seq,
            Self::Joined(data) | Self::Left(data) => data.seq,
            Self::ChatChanged(data) => data.seq,
            Self::RoleChanged(data) => data.seq,
            Self::Reacted(data) => data.seq,
            Self::Pinned(data) => data.seq,
            Self::Unknown { seq, .. } => *seq,
        }
    }
}
