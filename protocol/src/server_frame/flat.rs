//! Reading a frame in one pass over its text, into all fields that any frame has.
//!
//! One type for all frames, instead of one reader for each, is half the work and a third of the code in a page.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Ack, ChatAdded, ErrorReply, GoAway, Ping, Presence, ReadPosition, ServerFrame, Subscribed, Typing,
    Unsubscribed, Welcome,
};
use crate::error::ErrorCode;
use crate::event::{ChatChanged, Deleted, Edited, Event, Membership, Message, User};
use crate::ids::{ChatId, ClientId, Epoch, MessageId, Seq, Timestamp, UserId};
use crate::limits::Limits;
use crate::read::{need, read_fields};
use crate::rest::{Chat, ChatStatus};

struct Flat {
    kind: String,
    chat: Option<Chat>,
    chat_id: Option<ChatId>,
    client_id: Option<ClientId>,
    data: Option<Data>,
    detail: Option<String>,
    duplicate: Option<bool>,
    epoch: Option<Epoch>,
    head: Option<Seq>,
    heads: Option<BTreeMap<ChatId, Seq>>,
    heartbeat_seconds: Option<u64>,
    id: Option<MessageId>,
    limits: Option<Limits>,
    online: Option<bool>,
    reason: Option<String>,
    reset: Option<bool>,
    retry_after_ms: Option<u64>,
    sent_at: Option<Timestamp>,
    seq: Option<Seq>,
    server_time: Option<Timestamp>,
    t: Option<i64>,
    user: Option<User>,
    user_id: Option<UserId>,
    version: Option<u32>,
}

read_fields! {
    Flat {
        "type" => kind: need,
        "chat" => chat: may,
        "chat_id" => chat_id: may,
        "client_id" => client_id: may,
        "data" => data: may,
        "detail" => detail: may,
        "duplicate" => duplicate: may,
        "epoch" => epoch: may,
        "head" => head: may,
        "heads" => heads: may,
        "heartbeat_seconds" => heartbeat_seconds: may,
        "id" => id: may,
        "limits" => limits: may,
        "online" => online: may,
        "reason" => reason: may,
        "reset" => reset: may,
        "retry_after_ms" => retry_after_ms: may,
        "sent_at" => sent_at: may,
        "seq" => seq: may,
        "server_time" => server_time: may,
        "t" => t: may,
        "user" => user: may,
        "user_id" => user_id: may,
        "version" => version: may,
    }
}

/// All fields of all events.
struct Data {
    at: Option<Timestamp>,
    chat_id: ChatId,
    client_id: Option<ClientId>,
    content: Option<String>,
    deleted_at: Option<Timestamp>,
    edited_at: Option<Timestamp>,
    id: Option<MessageId>,
    sender: Option<User>,
    sent_at: Option<Timestamp>,
    seq: Seq,
    status: Option<ChatStatus>,
    title: Option<String>,
    user: Option<User>,
}

read_fields! {
    Data {
        "at" => at: may,
        "chat_id" => chat_id: need,
        "client_id" => client_id: may,
        "content" => content: may,
        "deleted_at" => deleted_at: may,
        "edited_at" => edited_at: may,
        "id" => id: may,
        "sender" => sender: may,
        "sent_at" => sent_at: may,
        "seq" => seq: need,
        "status" => status: may,
        "title" => title: may,
        "user" => user: may,
    }
}

/// What decides how the rest of a frame is read.
struct Tag {
    kind: String,
}

read_fields! {
    Tag { "type" => kind: need }
}

/// The close code of `unsubscribed`; both kinds of code have the same name, and both frames are rare.
struct CloseNumber {
    code: u16,
}

read_fields! {
    CloseNumber { "code" => code: need }
}

/// The error code of `error`.
struct ErrorName {
    code: ErrorCode,
}

read_fields! {
    ErrorName { "code" => code: need }
}

/// Reads a frame; a kind that is not known becomes an `Unknown` that keeps everything.
pub(super) fn decode(json: &str) -> Result<ServerFrame, serde_json::Error> {
    match serde_json::from_str::<Flat>(json) {
        Ok(flat) if is_known(&flat.kind) => flat.into_frame(json),
        Ok(flat) => unknown(json, &flat.kind),
        // What is new may use the names of fields in its own way.
        Err(error) => match serde_json::from_str::<Tag>(json) {
            Ok(tag) if !is_known(&tag.kind) => unknown(json, &tag.kind),
            _ => Err(error),
        },
    }
}

fn is_known(kind: &str) -> bool {
    const REPLIES: [&str; 11] = [
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
    ];
    const EVENTS: [&str; 6] = ["message", "edited", "deleted", "joined", "left", "chat_changed"];
    REPLIES.contains(&kind) || EVENTS.contains(&kind)
}

/// A frame of a kind that is not known, with everything that is in it.
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

/// A frame of a kind that is not known, and its place in the log.
///
/// A page carries nothing on to others: it need not download what reads and keeps any JSON.
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
    Positioned { "data" => data: need }
}

#[cfg(target_arch = "wasm32")]
struct Position {
    chat_id: ChatId,
    seq: Seq,
}

#[cfg(target_arch = "wasm32")]
read_fields! {
    Position { "chat_id" => chat_id: need, "seq" => seq: need }
}

impl Flat {
    fn into_frame(self, json: &str) -> Result<ServerFrame, serde_json::Error> {
        let kind = &*self.kind;
        let chat_id = || need(self.chat_id, "chat_id");
        let user_id = || need(self.user_id, "user_id");
        Ok(match kind {
            "welcome" => ServerFrame::Welcome(Welcome {
                user: need(self.user, "user")?,
                version: need(self.version, "version")?,
                limits: need(self.limits, "limits")?,
                heartbeat_seconds: need(self.heartbeat_seconds, "heartbeat_seconds")?,
                server_time: need(self.server_time, "server_time")?,
            }),
            "subscribed" => ServerFrame::Subscribed(Subscribed {
                chat_id: chat_id()?,
                epoch: need(self.epoch, "epoch")?,
                head: need(self.head, "head")?,
                reset: need(self.reset, "reset")?,
            }),
            "unsubscribed" => ServerFrame::Unsubscribed(Unsubscribed {
                chat_id: chat_id()?,
                code: serde_json::from_str::<CloseNumber>(json)?.code,
                reason: need(self.reason, "reason")?,
            }),
            "ack" => ServerFrame::Ack(Ack {
                chat_id: chat_id()?,
                client_id: need(self.client_id, "client_id")?,
                id: need(self.id, "id")?,
                seq: need(self.seq, "seq")?,
                sent_at: need(self.sent_at, "sent_at")?,
                duplicate: need(self.duplicate, "duplicate")?,
            }),
            "error" => ServerFrame::Error(ErrorReply {
                code: serde_json::from_str::<ErrorName>(json)?.code,
                detail: need(self.detail, "detail")?,
                client_id: self.client_id,
                chat_id: self.chat_id,
                retry_after_ms: self.retry_after_ms,
            }),
            "ping" => {
                ServerFrame::Ping(Ping { t: need(self.t, "t")?, heads: self.heads.unwrap_or_default() })
            }
            "go_away" => {
                ServerFrame::GoAway(GoAway { retry_after_ms: need(self.retry_after_ms, "retry_after_ms")? })
            }
            "typing" => ServerFrame::Typing(Typing { chat_id: chat_id()?, user_id: user_id()? }),
            "presence" => {
                ServerFrame::Presence(Presence { user_id: user_id()?, online: need(self.online, "online")? })
            }
            "read" => ServerFrame::Read(ReadPosition {
                chat_id: chat_id()?,
                user_id: user_id()?,
                seq: need(self.seq, "seq")?,
            }),
            "chat_added" => ServerFrame::ChatAdded(ChatAdded { chat: need(self.chat, "chat")? }),
            _ => ServerFrame::Event(need(self.data, "data")?.into_event(kind)?),
        })
    }
}

impl Data {
    /// The event of a known kind.
    fn into_event(self, kind: &str) -> Result<Event, serde_json::Error> {
        let Self { chat_id, seq, .. } = self;
        Ok(match kind {
            "message" => Event::Message(Message {
                id: need(self.id, "id")?,
                chat_id,
                seq,
                sender: need(self.sender, "sender")?,
                content: need(self.content, "content")?,
                sent_at: need(self.sent_at, "sent_at")?,
                client_id: self.client_id,
                edited_at: self.edited_at,
                deleted_at: self.deleted_at,
            }),
            "edited" => Event::Edited(Edited {
                chat_id,
                seq,
                id: need(self.id, "id")?,
                content: need(self.content, "content")?,
                edited_at: need(self.edited_at, "edited_at")?,
            }),
            "deleted" => Event::Deleted(Deleted {
                chat_id,
                seq,
                id: need(self.id, "id")?,
                deleted_at: need(self.deleted_at, "deleted_at")?,
            }),
            "chat_changed" => Event::ChatChanged(ChatChanged {
                chat_id,
                seq,
                title: self.title,
                status: need(self.status, "status")?,
                at: need(self.at, "at")?,
            }),
            _ => {
                let membership =
                    Membership { chat_id, seq, user: need(self.user, "user")?, at: need(self.at, "at")? };
                if kind == "joined" { Event::Joined(membership) } else { Event::Left(membership) }
            }
        })
    }
}
