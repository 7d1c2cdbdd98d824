//! What a server sends: replies to one request, events of a chat, and notices that nobody stores.

mod flat;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

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
    /// `unsubscribed`: the stream of one chat ended, as a 4003 would end a socket for one chat, or with 1000 as asked.
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
    /// `typing`: somebody is writing.
    Typing(Typing),
    /// `presence`: somebody came or went.
    Presence(Presence),
    /// `read`: somebody read up to a position.
    Read(ReadPosition),
    /// `chat_added`: there is a chat that you were not in before.
    ChatAdded(ChatAdded),
    /// A kind that this version does not know, carried on as it came.
    Unknown(Value),
}

/// The body of `welcome`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Who the token says you are.
    pub user: User,
    /// The protocol's version, [`crate::limits::VERSION`].
    pub version: u32,
    /// What a client must keep to.
    pub limits: Limits,
    /// Seconds between two pings; a client that hears nothing for twice as long reconnects.
    pub heartbeat_seconds: u64,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// The body of `subscribed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// Which chat.
    pub chat_id: ChatId,
    /// The log's epoch, to send with the next `subscribe`.
    pub epoch: Epoch,
    /// The last position of the log just now.
    pub head: Seq,
    /// The position could not be served: forget this chat's messages and load them afresh.
    pub reset: bool,
}

/// The body of `unsubscribed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsubscribed {
    /// Which chat.
    pub chat_id: ChatId,
    /// The close code that a socket for this chat alone would have got.
    pub code: u16,
    /// Why, in one sentence.
    pub reason: String,
}

/// The body of `ack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The sender's name for the message.
    pub client_id: ClientId,
    /// The chat.
    pub chat_id: ChatId,
    /// The message's id.
    pub id: MessageId,
    /// Its position in the log.
    pub seq: Seq,
    /// When the server accepted it.
    pub sent_at: Timestamp,
    /// Whether it was there already, from an earlier send.
    pub duplicate: bool,
}

/// The body of `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReply {
    /// For programs.
    pub code: ErrorCode,
    /// What is wrong and what to do, in one sentence.
    pub detail: String,
    /// The message that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The chat that was meant.
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
    /// The head of each chat that this socket follows; one that is ahead of the client reveals a lost tail.
    ///
    /// On a socket that follows as many chats as it may, also the heads of those of the person's other chats that got
    /// messages lately.
    #[serde(default)]
    pub heads: Heads,
}

/// `pong`: the answer to a client's `ping`, with its `t` again.
///
/// No variant of [`ServerFrame`], where it is an `Unknown`: only who sends `ping` need know it, and chat pages don't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "pong")]
pub struct Pong {
    /// What the `ping` brought, if it brought anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub t: Option<i64>,
}

impl Pong {
    /// Reads it from a frame's JSON text; `None` when that is another frame.
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
    /// Where.
    pub chat_id: ChatId,
    /// Who.
    pub user_id: UserId,
}

/// The body of `presence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Who.
    pub user_id: UserId,
    /// Whether they have a socket open.
    pub online: bool,
}

/// The body of `read`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadPosition {
    /// Where.
    pub chat_id: ChatId,
    /// Who.
    pub user_id: UserId,
    /// How far.
    pub seq: Seq,
}

/// The body of `chat_added`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAdded {
    /// The chat as you see it.
    pub chat: Chat,
}

/// A body with its `type` in front.
#[derive(Serialize)]
struct Tagged<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

/// An event as it stands on the wire.
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
            Self::Unknown { kind, data, .. } => EventFrame { kind, seq, data }.serialize(serializer),
        }
    }
}

impl ServerFrame {
    /// Reads a frame from its JSON text; a kind that is not known becomes an `Unknown` that keeps everything,
    /// and so does an event whose data has another shape: it still takes its place in the log.
    ///
    /// # Errors
    /// The JSON error when the text is no JSON object with a `type`, or a known reply lacks a field.
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
