//! The frames that a server sends: replies to a request, events of a chat, and notices that are not stored.

mod flat;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::chat_settings::ChatSettings;
use crate::error::ErrorCode;
use crate::event::{Event, User};
use crate::heads::Heads;
use crate::ids::{ChatId, ClientId, Epoch, MessageId, Seq, Timestamp, UserId};
use crate::limits::Limits;
use crate::rest::Chat;

/// A frame from the server. A client ignores a kind that it does not know.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame {
    /// `welcome`: the token is good; the first frame of every socket.
    Welcome(Welcome),
    /// `subscribed`: a reply; the missed events follow, then live ones.
    Subscribed(Subscribed),
    /// `unsubscribed`: a subscription ended, as a 4003 would end the socket of one chat, or with 1000 as the reply to
    /// `unsubscribe`.
    Unsubscribed(Unsubscribed),
    /// An entry of a chat's log.
    Event(Event),
    /// `ack`: a reply; the message is durable.
    Ack(Ack),
    /// `error`: a reply; one request failed and the socket stays.
    Error(ErrorReply),
    /// `ping`: the server's heartbeat, with the heads of chats.
    Ping(Ping),
    /// `go_away`: the server is about to close with 1012.
    GoAway(GoAway),
    /// `typing`: a user is typing.
    Typing(Typing),
    /// `presence`: a user went online or offline.
    Presence(Presence),
    /// `read`: a user's read position moved.
    Read(ReadPosition),
    /// `chat_added`: there is a chat that you were not in before.
    ChatAdded(Box<ChatAdded>),
    /// `blocks`: you blocked or unblocked somebody, perhaps on another device.
    Blocks(Blocks),
    /// `chat_settings`: you changed what you have set of a chat for yourself, perhaps on another device.
    ChatSettings(SetOfChat),
    /// A kind that this version does not know, unchanged; on a page without its content.
    Unknown(Value),
}

/// The body of `welcome`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The user of the token.
    pub user: User,
    /// The protocol's version, [`crate::limits::VERSION`].
    pub version: u32,
    /// The limits that a client must keep.
    pub limits: Limits,
    /// Seconds between two pings; a client that gets no frame for twice as long reconnects.
    pub heartbeat_seconds: u64,
    /// The server's clock.
    pub server_time: Timestamp,
    /// Whom the user has blocked, at most [`crate::limits::BLOCKS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<UserId>,
}

/// The body of `subscribed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The chat.
    pub chat_id: ChatId,
    /// The log's epoch, to send with the next `subscribe`.
    pub epoch: Epoch,
    /// The head of the log.
    pub head: Seq,
    /// Whether the position can't be resumed, so that the client must load the chat afresh.
    pub reset: bool,
}

/// The body of `unsubscribed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsubscribed {
    /// The chat.
    pub chat_id: ChatId,
    /// The close code that a socket for this chat alone would have got.
    pub code: u16,
    /// Why, in one sentence.
    pub reason: String,
}

/// The body of `ack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The sender's own id of the message.
    pub client_id: ClientId,
    /// The chat.
    pub chat_id: ChatId,
    /// The message's id.
    pub id: MessageId,
    /// Its seq.
    pub seq: Seq,
    /// When the server accepted it.
    pub sent_at: Timestamp,
    /// Whether it was stored already, by an earlier send.
    pub duplicate: bool,
}

/// The body of `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReply {
    /// The code for programs.
    pub code: ErrorCode,
    /// What is wrong and what to do, in one sentence.
    pub detail: String,
    /// The message that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The chat of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The body of `ping`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// The server's clock, in milliseconds since 1970; sent back in the `pong`.
    pub t: i64,
    /// The head of each chat that this socket follows; a head beyond the client's position reveals missing events.
    ///
    /// On a socket that follows as many chats as it may, also the heads of the user's other chats that got messages
    /// lately.
    #[serde(default)]
    pub heads: Heads,
}

/// `pong`: the answer to a client's `ping`, with its `t` again.
///
/// It is not a variant of [`ServerFrame`], where it decodes as `Unknown`: chat pages send no `ping` and need not know
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "pong")]
pub struct Pong {
    /// The `t` of the `ping`, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub t: Option<i64>,
}

impl Pong {
    /// Parses a frame's JSON text; `None` for another frame.
    #[must_use]
    pub fn decode(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "type")]
            kind: String,
            t: Option<i64>,
        }
        serde_json::from_str::<Wire>(json)
            .ok()
            .filter(|wire| wire.kind == "pong")
            .map(|wire| Self { t: wire.t })
    }

    /// The frame as JSON text.
    #[must_use]
    pub fn encode(self) -> String {
        serde_json::to_string(&self).expect("a number and a string are always JSON")
    }
}

/// The body of `go_away`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoAway {
    /// How long to wait before reconnecting, in milliseconds.
    pub retry_after_ms: u64,
}

/// The body of `typing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    /// The chat.
    pub chat_id: ChatId,
    /// The user.
    pub user_id: UserId,
}

/// The body of `presence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The user.
    pub user_id: UserId,
    /// Whether they have a socket open.
    pub online: bool,
}

/// The body of `read`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadPosition {
    /// The chat.
    pub chat_id: ChatId,
    /// The user.
    pub user_id: UserId,
    /// The read position.
    pub seq: Seq,
}

/// The body of `chat_added`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAdded {
    /// The chat as the socket's user sees it.
    pub chat: Chat,
}

/// The body of `blocks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    /// Everybody whom the user has blocked now; the next `welcome` says it again.
    pub blocked: Vec<UserId>,
}

/// The body of `chat_settings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetOfChat {
    /// The chat.
    pub chat_id: ChatId,
    /// All that the user has set of it; the same comes with the chat.
    pub settings: ChatSettings,
}

/// A body with its `type` in front.
#[derive(Serialize)]
struct Tagged<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

/// An event on the wire.
#[derive(Serialize)]
struct EventFrame<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    seq: Seq,
    data: &'a T,
}

impl Serialize for ServerFrame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn reply<S: Serializer, T: Serialize>(s: S, kind: &str, body: &T) -> Result<S::Ok, S::Error> {
            Tagged { kind, body }.serialize(s)
        }
        match self {
            Self::Welcome(body) => reply(serializer, "welcome", body),
            Self::Subscribed(body) => reply(serializer, "subscribed", body),
            Self::Unsubscribed(body) => reply(serializer, "unsubscribed", body),
            Self::Event(event) => event.serialize(serializer),
            Self::Ack(body) => reply(serializer, "ack", body),
            Self::Error(body) => reply(serializer, "error", body),
            Self::Ping(body) => reply(serializer, "ping", body),
            Self::GoAway(body) => reply(serializer, "go_away", body),
            Self::Typing(body) => reply(serializer, "typing", body),
            Self::Presence(body) => reply(serializer, "presence", body),
            Self::Read(body) => reply(serializer, "read", body),
            Self::ChatAdded(body) => reply(serializer, "chat_added", body),
            Self::Blocks(body) => reply(serializer, "blocks", body),
            Self::ChatSettings(body) => reply(serializer, "chat_settings", body),
            Self::Unknown(value) => value.serialize(serializer),
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seq = self.seq();
        match self {
            Self::Message(data) => EventFrame { kind: "message", seq, data }.serialize(serializer),
            Self::Edited(data) => EventFrame { kind: "edited", seq, data }.serialize(serializer),
            Self::Deleted(data) => EventFrame { kind: "deleted", seq, data }.serialize(serializer),
            Self::Joined(data) => EventFrame { kind: "joined", seq, data }.serialize(serializer),
            Self::Left(data) => EventFrame { kind: "left", seq, data }.serialize(serializer),
            Self::ChatChanged(data) => EventFrame { kind: "chat_changed", seq, data }.serialize(serializer),
            Self::RoleChanged(data) => EventFrame { kind: "role_changed", seq, data }.serialize(serializer),
            Self::Reacted(data) => EventFrame { kind: "reacted", seq, data }.serialize(serializer),
            Self::Pinned(data) => EventFrame { kind: "pinned", seq, data }.serialize(serializer),
            Self::Unknown { kind, data, .. } => EventFrame { kind, seq, data }.serialize(serializer),
        }
    }
}

impl ServerFrame {
    /// Parses a frame from its JSON text. An unknown kind becomes an `Unknown`, and so does an event whose data has
    /// another form: it still has its seq.
    ///
    /// # Errors
    /// The JSON error when the text is not a JSON object with a `type`, or a known reply lacks a field.
    pub fn decode(json: &str) -> Result<Self, serde_json::Error> {
        flat::decode(json)
    }

    /// The frame as JSON text.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("a frame has only string keys and no fallible parts")
    }
}

#[cfg(test)]
#[path = "server_frame_tests.rs"]
mod tests;
