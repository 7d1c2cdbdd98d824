//! Parses a frame in one pass over its text, into all fields that any frame has.
//!
//! One parser for all frames and their content, instead of one for each, takes half the time
//! and is a fraction of the code that a page downloads.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{
    Ack, Blocks, ChatAdded, ErrorReply, GoAway, Ping, Presence, ReadPosition, ServerFrame, SetOfChat,
    Subscribed, Typing, Unsubscribed, Welcome,
};
use crate::chat_settings::ChatSettings;
use crate::error::ErrorCode;
use crate::event::{
    ChatChanged, Deleted, Edited, Event, Membership, Message, Original, Pinned, Reacted, Reaction,
    RoleChanged, User,
};
use crate::heads::Heads;
use crate::ids::{ChatId, ClientId, Epoch, MessageId, Seq, Timestamp, UserId};
use crate::limits::Limits;
use crate::read::{Name, read_fields, required};
use crate::rest::{Chat, ChatRole, ChatStatus};
use crate::spans::Span;

/// The fields of frames and events that are numbers.
const NUMBERS: [&str; 10] =
    ["by", "chat_id", "seq", "id", "user_id", "head", "heartbeat_seconds", "retry_after_ms", "t", "version"];
/// The fields that are texts.
const TEXTS: [&str; 15] = [
    "type",
    "content",
    "sent_at",
    "client_id",
    "at",
    "deleted_at",
    "detail",
    "edited_at",
    "emoji",
    "epoch",
    "reason",
    "role",
    "server_time",
    "status",
    "title",
];
/// The fields that are true or false.
const FLAGS: [&str; 7] = ["online", "duplicate", "reset", "hides_past", "accepted", "on", "plain"];

/// All fields of a frame, or of an event's data, before its kind is known.
#[derive(Default)]
struct RawFrame {
    numbers: [Option<i64>; NUMBERS.len()],
    texts: [Option<String>; TEXTS.len()],
    flags: [Option<bool>; FLAGS.len()],
    user: Option<User>,
    sender: Option<User>,
    limits: Option<Limits>,
    chat: Option<Chat>,
    heads: Option<Heads>,
    blocked: Option<Vec<UserId>>,
    settings: Option<ChatSettings>,
    reactions: Option<Vec<Reaction>>,
    reply_to: Option<Box<Original>>,
    spans: Option<Vec<Span>>,
    data: Option<Box<RawFrame>>,
}

impl<'de> Deserialize<'de> for RawFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = RawFrame;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawFrame, A::Error> {
                let mut raw = RawFrame::default();
                while let Some(Name(name)) = map.next_key()? {
                    if let Some(at) = index(&NUMBERS, &name) {
                        raw.numbers[at] = map.next_value()?;
                    } else if let Some(at) = index(&TEXTS, &name) {
                        raw.texts[at] = map.next_value()?;
                    } else if let Some(at) = index(&FLAGS, &name) {
                        raw.flags[at] = map.next_value()?;
                    } else {
                        match &*name {
                            "data" => raw.data = map.next_value()?,
                            "sender" => raw.sender = map.next_value()?,
                            "user" => raw.user = map.next_value()?,
                            "blocked" => raw.blocked = map.next_value()?,
                            "settings" => raw.settings = map.next_value()?,
                            "reactions" => raw.reactions = map.next_value()?,
                            "reply_to" => raw.reply_to = map.next_value()?,
                            "spans" => raw.spans = map.next_value()?,
                            "heads" => raw.heads = map.next_value()?,
                            "chat" => raw.chat = map.next_value()?,
                            "limits" => raw.limits = map.next_value()?,
                            _ => drop(map.next_value::<IgnoredAny>()?),
                        }
                    }
                }
                Ok(raw)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

fn index(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|other| *other == name)
}

/// The field that decides how the rest of a frame is parsed.
struct Tag {
    kind: String,
}

read_fields! {
    Tag { "type" => kind: required }
}

/// The close code of `unsubscribed`. It has the same name as the code of `error`, so these two rare frames are parsed
/// again.
struct CloseNumber {
    code: u16,
}

read_fields! {
    CloseNumber { "code" => code: required }
}

/// The error code of `error`.
struct ErrorName {
    code: ErrorCode,
}

read_fields! {
    ErrorName { "code" => code: required }
}

/// Parses a frame. An unknown kind becomes an `Unknown`, and so does an event whose data has another form: it still has
/// its seq.
pub(super) fn decode(json: &str) -> Result<ServerFrame, serde_json::Error> {
    let error = match serde_json::from_str::<RawFrame>(json) {
        Ok(mut raw) => {
            let kind = raw.text("type")?;
            if !REPLIES.contains(&&*kind) && !EVENTS.contains(&&*kind) {
                return unknown(json, &kind);
            }
            match raw.into_frame(&kind, json) {
                Ok(frame) => return Ok(frame),
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    // An unknown kind may use the names of known fields with other types.
    match serde_json::from_str::<Tag>(json) {
        Ok(Tag { kind }) if !REPLIES.contains(&&*kind) => match unknown(json, &kind)? {
            ServerFrame::Unknown(_) if EVENTS.contains(&&*kind) => Err(error),
            frame => Ok(frame),
        },
        _ => Err(error),
    }
}

const REPLIES: [&str; 13] = [
    "welcome",
    "subscribed",
    "unsubscribed",
    "ack",
    "error",
    "ping",
    "go_away",
    "typing",
    "presence",
    "read",
    "chat_added",
    "blocks",
    "chat_settings",
];
const EVENTS: [&str; 9] =
    ["message", "edited", "deleted", "joined", "left", "chat_changed", "role_changed", "reacted", "pinned"];

/// A frame of an unknown kind, with its content.
#[cfg(not(target_arch = "wasm32"))]
fn unknown(json: &str, kind: &str) -> Result<ServerFrame, serde_json::Error> {
    let mut value: Value = serde_json::from_str(json)?;
    let position =
        |data: &Value| Some((ChatId(data.get("chat_id")?.as_i64()?), Seq(data.get("seq")?.as_u64()?)));
    Ok(match value.get("data").and_then(position) {
        Some((chat_id, seq)) => ServerFrame::Event(Event::Unknown {
            kind: kind.to_owned(),
            chat_id,
            seq,
            data: value["data"].take(),
        }),
        None => ServerFrame::Unknown(value),
    })
}

/// A frame of an unknown kind, with its seq if it is an event, and without its content.
///
/// A page does not forward frames, so it need not download the code for arbitrary JSON.
#[cfg(target_arch = "wasm32")]
fn unknown(json: &str, kind: &str) -> Result<ServerFrame, serde_json::Error> {
    Ok(match serde_json::from_str::<Positioned>(json) {
        Ok(Positioned { data: Position { chat_id, seq } }) => {
            ServerFrame::Event(Event::Unknown { kind: kind.to_owned(), chat_id, seq, data: Value::Null })
        }
        Err(_) => ServerFrame::Unknown(Value::Null),
    })
}

#[cfg(target_arch = "wasm32")]
struct Positioned {
    data: Position,
}

#[cfg(target_arch = "wasm32")]
read_fields! {
    Positioned { "data" => data: required }
}

#[cfg(target_arch = "wasm32")]
struct Position {
    chat_id: ChatId,
    seq: Seq,
}

#[cfg(target_arch = "wasm32")]
read_fields! {
    Position { "chat_id" => chat_id: required, "seq" => seq: required }
}

impl RawFrame {
    fn number(&self, name: &'static str) -> Result<i64, serde_json::Error> {
        required(index(&NUMBERS, name).and_then(|at| self.numbers[at]), name)
    }

    /// A number that can't be negative.
    fn count(&self, name: &'static str) -> Result<u64, serde_json::Error> {
        u64::try_from(self.number(name)?).map_err(|_| Error::custom(format_args!("{name} can't be negative")))
    }

    fn text(&mut self, name: &'static str) -> Result<String, serde_json::Error> {
        required(self.take(name), name)
    }

    fn take(&mut self, name: &'static str) -> Option<String> {
        self.texts[index(&TEXTS, name)?].take()
    }

    fn time(&mut self, name: &'static str) -> Result<Timestamp, serde_json::Error> {
        self.text(name).map(Timestamp)
    }

    fn flag(&self, name: &'static str) -> Result<bool, serde_json::Error> {
        required(index(&FLAGS, name).and_then(|at| self.flags[at]), name)
    }

    fn chat_id(&self) -> Result<ChatId, serde_json::Error> {
        self.number("chat_id").map(ChatId)
    }

    fn seq(&self) -> Result<Seq, serde_json::Error> {
        self.count("seq").map(Seq)
    }

    fn client_id(&mut self) -> Result<Option<ClientId>, serde_json::Error> {
        self.take("client_id").map(ClientId::new).transpose().map_err(Error::custom)
    }

    fn into_frame(mut self, kind: &str, json: &str) -> Result<ServerFrame, serde_json::Error> {
        Ok(match kind {
            "welcome" => ServerFrame::Welcome(Welcome {
                user: required(self.user.take(), "user")?,
                version: u32::try_from(self.count("version")?).map_err(Error::custom)?,
                limits: required(self.limits.take(), "limits")?,
                heartbeat_seconds: self.count("heartbeat_seconds")?,
                server_time: self.time("server_time")?,
                blocked: self.blocked.unwrap_or_default(),
            }),
            "subscribed" => ServerFrame::Subscribed(Subscribed {
                chat_id: self.chat_id()?,
                epoch: Epoch(self.text("epoch")?),
                head: Seq(self.count("head")?),
                reset: self.flag("reset")?,
            }),
            "unsubscribed" => ServerFrame::Unsubscribed(Unsubscribed {
                chat_id: self.chat_id()?,
                code: serde_json::from_str::<CloseNumber>(json)?.code,
                reason: self.text("reason")?,
            }),
            "ack" => ServerFrame::Ack(Ack {
                chat_id: self.chat_id()?,
                client_id: required(self.client_id()?, "client_id")?,
                id: MessageId(self.number("id")?),
                seq: self.seq()?,
                sent_at: self.time("sent_at")?,
                duplicate: self.flag("duplicate")?,
            }),
            "error" => ServerFrame::Error(ErrorReply {
                code: serde_json::from_str::<ErrorName>(json)?.code,
                detail: self.text("detail")?,
                client_id: self.client_id()?,
                chat_id: self.chat_id().ok(),
                retry_after_ms: self.count("retry_after_ms").ok(),
            }),
            "ping" => ServerFrame::Ping(Ping { t: self.number("t")?, heads: self.heads.unwrap_or_default() }),
            "go_away" => ServerFrame::GoAway(GoAway { retry_after_ms: self.count("retry_after_ms")? }),
            "typing" => ServerFrame::Typing(Typing {
                chat_id: self.chat_id()?,
                user_id: UserId(self.number("user_id")?),
            }),
            "presence" => ServerFrame::Presence(Presence {
                user_id: UserId(self.number("user_id")?),
                online: self.flag("online")?,
            }),
            "read" => ServerFrame::Read(ReadPosition {
                chat_id: self.chat_id()?,
                user_id: UserId(self.number("user_id")?),
                seq: self.seq()?,
            }),
            "chat_added" => {
                ServerFrame::ChatAdded(Box::new(ChatAdded { chat: required(self.chat, "chat")? }))
            }
            "blocks" => ServerFrame::Blocks(Blocks { blocked: required(self.blocked, "blocked")? }),
            "chat_settings" => ServerFrame::ChatSettings(SetOfChat {
                chat_id: self.chat_id()?,
                settings: required(self.settings, "settings")?,
            }),
            _ => ServerFrame::Event(required(self.data, "data")?.into_event(kind)?),
        })
    }

    /// The event of a known kind.
    fn into_event(mut self, kind: &str) -> Result<Event, serde_json::Error> {
        let (chat_id, seq) = (self.chat_id()?, self.seq()?);
        Ok(match kind {
            "message" => Event::Message(Message {
                id: MessageId(self.number("id")?),
                chat_id,
                seq,
                content: self.text("content")?,
                sent_at: self.time("sent_at")?,
                client_id: self.client_id()?,
                edited_at: self.take("edited_at").map(Timestamp),
                deleted_at: self.take("deleted_at").map(Timestamp),
                reactions: self.reactions.take().unwrap_or_default(),
                reply_to: self.reply_to.take(),
                spans: self.spans.take().unwrap_or_default(),
                plain: self.flag("plain").unwrap_or_default(),
                sender: required(self.sender, "sender")?,
            }),
            "edited" => Event::Edited(Edited {
                chat_id,
                seq,
                id: MessageId(self.number("id")?),
                content: self.text("content")?,
                edited_at: self.time("edited_at")?,
                spans: self.spans.take().unwrap_or_default(),
                plain: self.flag("plain").unwrap_or_default(),
            }),
            "deleted" => Event::Deleted(Deleted {
                chat_id,
                seq,
                id: MessageId(self.number("id")?),
                deleted_at: self.time("deleted_at")?,
            }),
            "chat_changed" => Event::ChatChanged(ChatChanged {
                chat_id,
                seq,
                title: self.take("title"),
                status: match &*self.text("status")? {
                    "active" => ChatStatus::Active,
                    "closed" => ChatStatus::Closed,
                    _ => return Err(Error::custom("status must be active or closed")),
                },
                hides_past: self.flag("hides_past").unwrap_or_default(),
                accepted: self.flag("accepted").unwrap_or_default(),
                at: self.time("at")?,
            }),
            "role_changed" => Event::RoleChanged(RoleChanged {
                chat_id,
                seq,
                role: ChatRole::from_name(&self.text("role")?),
                at: self.time("at")?,
                user: required(self.user, "user")?,
            }),
            "reacted" => Event::Reacted(Reacted {
                chat_id,
                seq,
                id: MessageId(self.number("id")?),
                emoji: self.text("emoji")?,
                on: self.flag("on")?,
                at: self.time("at")?,
                user: required(self.user, "user")?,
            }),
            "pinned" => Event::Pinned(Pinned {
                chat_id,
                seq,
                id: MessageId(self.number("id")?),
                on: self.flag("on")?,
                at: self.time("at")?,
                user: required(self.user, "user")?,
            }),
            _ => {
                let (at, by) = (self.time("at")?, self.number("by").ok().map(UserId));
                let membership = Membership { chat_id, seq, user: required(self.user, "user")?, by, at };
                if kind == "joined" { Event::Joined(membership) } else { Event::Left(membership) }
            }
        })
    }
}
