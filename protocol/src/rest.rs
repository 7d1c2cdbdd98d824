//! Bodies of the HTTP API.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::chat_settings::ChatSettings;
use crate::error::ErrorCode;
use crate::event::{Message, Original, Reaction, User};
use crate::ids::{ChatId, ClientId, Epoch, MessageId, Seq, Timestamp, TokenId, UserId};
use crate::read::read_fields;
use crate::spans::Span;
use crate::text::{ChatTitle, MessageText};

/// `POST /api/auth/register/`: answers [`SignedIn`] with 201. Where mail is set up it answers [`Asked`] with 202 instead,
/// whether the address has an account or not, and sends a mail there: with a link by which the account is made, or that there
/// is one. `email` and the link's secret as `invitation` then make it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Register {
    /// The address to sign in with; unique, whatever its case.
    pub email: String,
    /// At least [`crate::limits::PASSWORD_MIN_CHARS`] characters; not looked at when the answer is 202, and asked for otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The name that others see; the part of the address before the `@` when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The secret of an invitation, without which an installation that asks for one makes no account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
    /// The language of the mail, as in [`crate::accounts::AskReset`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// `POST /api/auth/login/`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    /// The address of the account.
    pub email: String,
    /// Its password.
    pub password: String,
    /// A code of the account's second factor, or one of its recovery codes, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The answer to both: a token, which is shown only here.
#[derive(Clone, Serialize)]
pub struct SignedIn {
    /// The secret: send it as `Authorization: Bearer …`, or as a subprotocol of a socket.
    pub token: String,
    /// When the token expires.
    pub expires_at: Timestamp,
    /// The person who signed in.
    pub user: User,
}

read_fields! {
    SignedIn {
        "token" => token: required,
        "expires_at" => expires_at: required,
        "user" => user: required,
    }
}

/// One sign-in of a person, in `GET /api/auth/tokens/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    /// The id for revoking it.
    pub id: TokenId,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Whether this request was made with it.
    pub current: bool,
    /// What the person signed in with, as that called itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub device: String,
    /// The network address that it was last used from, as the server sees it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// When it was last used, within an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

read_fields! {
    TokenInfo {
        "id" => id: required,
        "created_at" => created_at: required,
        "expires_at" => expires_at: required,
        "current" => current: required,
        "device" => device: optional,
        "address" => address: optional,
        "last_used_at" => last_used_at: optional,
    }
}

/// A person named in a request: by id or by e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UserRef {
    /// By id.
    Id(UserId),
    /// By e-mail address.
    Email(#[serde(deserialize_with = "address")] String),
}

/// Trims the address. No account has an empty one, or one with a U+0000, which Postgres can't be asked for.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let address = String::deserialize(deserializer)?;
    let trimmed = address.trim();
    if trimmed.is_empty() || trimmed.contains('\0') {
        return Err(D::Error::custom("not an e-mail address"));
    }
    Ok(trimmed.to_owned())
}

/// `POST /api/chats/`: one other person for a direct chat, more or a title for a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateChat {
    /// The other people; the creator takes part in any case.
    pub participants: Vec<UserRef>,
    /// A title makes it a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<ChatTitle>,
    /// Makes the request safe to repeat: the same creator and `client_id` get the same chat, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The language of an invitation by mail, as in [`crate::accounts::AskReset`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The answer with 202, where mail is set up, to what must not tell whether an address has an account.
///
/// To [`CreateChat`], when a direct chat is asked for with the address of a person whom the caller shares no chat with, or of
/// nobody: who has an account gets a request, and who has none an invitation by mail. The caller has the chat once it is
/// accepted, and is not told which it is. To [`Register`], see there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The address, as the caller wrote it.
    pub asked: String,
}

read_fields! {
    Asked {
        "asked" => asked: required,
    }
}

/// `PATCH /api/chats/{id}/`; a field that is missing stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateChat {
    /// Opens or closes the chat. A direct chat that is closed has ended: its two people can't open it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ChatStatus>,
    /// Another title; groups only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<ChatTitle>,
    /// Whether who joins from now on does not see what was said before; groups only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hides_past: Option<bool>,
}

/// `PATCH /api/chats/{id}/participants/{user}/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateParticipant {
    /// The role from now on.
    pub role: ChatRole,
}

/// `POST /api/blocks/`: whom to block, by id or by a message of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Somebody who shares a chat with the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// A message in a chat of the caller's; its sender need not be in the chat any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
}

/// Somebody whom the caller has blocked, in `GET /api/blocks/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// The blocked person.
    pub user: User,
    /// Since when.
    pub at: Timestamp,
}

read_fields! {
    Blocked {
        "user" => user: required,
        "at" => at: required,
    }
}

/// `GET` and `PATCH /api/privacy/`: what others see of the caller, and the caller of others; in a `PATCH` a field that is
/// missing stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    /// Whether others see when the caller is online, and the caller when others are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows_online: Option<bool>,
    /// Whether others see how far the caller has read, and the caller how far others have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows_read: Option<bool>,
}

/// `POST /api/chats/{id}/participants/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddParticipant {
    /// The person who joins.
    pub user: UserRef,
}

/// Whether a chat takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatStatus {
    /// It takes messages.
    Active,
    /// It can be read but not written to.
    Closed,
}

/// The kind of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// Two people; the same pair always has the same chat.
    Direct,
    /// Any number of people, who may join and leave.
    Group,
}

/// What a participant may do in a group; the greater role includes the smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    /// Reads and writes.
    #[default]
    Member,
    /// Also renames, opens and closes the group, adds and removes members, and deletes messages of others.
    Moderator,
    /// Also changes roles, decides what new people see, and deletes the group.
    Owner,
}

impl ChatRole {
    /// Every role, from the smallest to the greatest.
    pub const ALL: [Self; 3] = [Self::Member, Self::Moderator, Self::Owner];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }

    /// The role of a name; of one that this version does not know, the smallest.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|role| role.as_str() == name).unwrap_or_default()
    }

    fn is_member(&self) -> bool {
        *self == Self::Member
    }
}

/// A person in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "FlatParticipant")]
pub struct Participant {
    /// The person.
    #[serde(flatten)]
    pub user: User,
    /// The position up to which they have read.
    pub read_seq: Seq,
    /// Whether they have a socket open.
    #[serde(default)]
    pub online: bool,
    /// What they may do in the group.
    #[serde(skip_serializing_if = "ChatRole::is_member")]
    pub role: ChatRole,
    /// Whether the caller has blocked them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
}

/// How [`Participant`] is read: serde's own way to read what is flattened is slow and large.
struct FlatParticipant {
    id: UserId,
    email: Option<String>,
    name: String,
    read_seq: Seq,
    online: bool,
    role: ChatRole,
    blocked: bool,
}

read_fields! {
    FlatParticipant {
        "id" => id: required,
        "email" => email: optional,
        "name" => name: required,
        "read_seq" => read_seq: required,
        "online" => online: optional,
        "role" => role: optional,
        "blocked" => blocked: optional,
    }
}

impl From<FlatParticipant> for Participant {
    fn from(flat: FlatParticipant) -> Self {
        let FlatParticipant { id, email, name, read_seq, online, role, blocked } = flat;
        Self { user: User { id, email, name }, read_seq, online, role, blocked }
    }
}

/// A chat as its participant sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chat {
    /// The number of the chat.
    pub id: ChatId,
    /// Direct or group.
    pub kind: ChatKind,
    /// Active or closed.
    pub status: ChatStatus,
    /// A group's title, if it has one.
    pub title: Option<String>,
    /// The participants, by id; in the list of chats the caller and the first of the others, at most
    /// [`limits::LISTED_PARTICIPANTS`](crate::limits::LISTED_PARTICIPANTS).
    pub participants: Vec<Participant>,
    /// How many people are in it; 0 from a server that does not say so.
    pub participant_count: u64,
    /// The last position of its log.
    pub head: Seq,
    /// The log's epoch.
    pub epoch: Epoch,
    /// The position up to which the caller has read.
    pub read_seq: Seq,
    /// Messages of others that the caller has not read, counted to [`limits::UNREAD`](crate::limits::UNREAD): that many means that many or more.
    pub unread: u64,
    /// The newest message that is not deleted.
    pub last_message: Option<Message>,
    /// When it was started.
    pub created_at: Timestamp,
    /// When its log last grew.
    pub updated_at: Timestamp,
    /// Where it stands in the list, the greatest first, the greater `id` first among equals: the id of its newest message,
    /// also of one that was deleted; until there is one, of the newest message of the installation when it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_key: Option<MessageId>,
    /// Whether who joins does not see what was said before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hides_past: bool,
    /// Who asked for this chat of two, until the other accepts it or writes in it.
    ///
    /// Until then nothing passes between the two but what the one who asked writes, at most
    /// [`limits::REQUEST_MESSAGES`](crate::limits::REQUEST_MESSAGES) messages; the other's `unread` is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<UserId>,
    /// What the caller has set of it for themself.
    #[serde(skip_serializing_if = "ChatSettings::is_default")]
    pub settings: ChatSettings,
    /// The messages that are pinned in it, of those that the caller may read: the one that was pinned last first, at most
    /// [`limits::PINNED_MESSAGES`](crate::limits::PINNED_MESSAGES). Each is read from the log, as the original of a reply.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<Original>,
}

read_fields! {
    Chat {
        "id" => id: required,
        "kind" => kind: required,
        "status" => status: required,
        "title" => title: optional,
        "participants" => participants: required,
        "participant_count" => participant_count: optional,
        "head" => head: required,
        "epoch" => epoch: required,
        "read_seq" => read_seq: required,
        "unread" => unread: required,
        "last_message" => last_message: optional,
        "created_at" => created_at: required,
        "updated_at" => updated_at: required,
        "sort_key" => sort_key: optional,
        "hides_past" => hides_past: optional,
        "requested_by" => requested_by: optional,
        "settings" => settings: optional,
        "pinned" => pinned: optional,
    }
}

impl Chat {
    /// Where it stands in the list.
    #[must_use]
    pub fn cursor(&self) -> ChatCursor {
        ChatCursor { sort_key: self.sort_key.unwrap_or(MessageId(0)), id: self.id }
    }
}

/// A place in the list of chats: `GET /api/chats/?before=57-3` gives what comes after the chat 3 with the sort key 57.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatCursor {
    /// [`Chat::sort_key`].
    pub sort_key: MessageId,
    /// [`Chat::id`].
    pub id: ChatId,
}

impl fmt::Display for ChatCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.sort_key, self.id)
    }
}

impl FromStr for ChatCursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (sort_key, id) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self { sort_key: sort_key.parse()?, id: id.parse()? })
    }
}

/// `POST /api/chats/{id}/messages/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostMessage {
    /// The text.
    pub content: MessageText,
    /// Makes the request safe to repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The seq of the message of the same chat that it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// Whether it is to be shown as it is, without formatting.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
}

/// `PATCH /api/messages/{id}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditMessage {
    /// The text from now on.
    pub content: MessageText,
    /// Whether it is to be shown as it is, without formatting, from now on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
}

/// A text that a message had before an edit, in the answer to `GET /api/messages/{id}/former/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormerText {
    /// The position of the edit that replaced it.
    pub seq: Seq,
    /// The text.
    pub content: String,
    /// Since when the message had it.
    pub written_at: Timestamp,
    /// When it was replaced.
    pub replaced_at: Timestamp,
}

read_fields! {
    FormerText {
        "seq" => seq: required,
        "content" => content: required,
        "written_at" => written_at: required,
        "replaced_at" => replaced_at: required,
    }
}

/// A message as the HTTP API shows it: the shape that clients of the old system read, and what was added since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageBody {
    /// Unique in the installation.
    pub id: MessageId,
    /// The chat that it is in.
    pub chat: ChatId,
    /// The author.
    pub sender: User,
    /// The text; empty once it was deleted.
    pub content: String,
    /// When the server accepted it.
    pub sent_at: Timestamp,
    /// Its position in the log.
    pub seq: Seq,
    /// The sender's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// When it was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// The reactions to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// What it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Box<Original>>,
    /// How the text is formatted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// Whether its sender wants it shown as it is, without formatting.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
}

impl From<Message> for MessageBody {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            chat: message.chat_id,
            sender: message.sender,
            content: message.content,
            sent_at: message.sent_at,
            seq: message.seq,
            client_id: message.client_id,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            reactions: message.reactions,
            reply_to: message.reply_to,
            spans: message.spans,
            plain: message.plain,
        }
    }
}

impl From<MessageBody> for Message {
    fn from(body: MessageBody) -> Self {
        Self {
            id: body.id,
            chat_id: body.chat,
            seq: body.seq,
            sender: body.sender,
            content: body.content,
            sent_at: body.sent_at,
            client_id: body.client_id,
            edited_at: body.edited_at,
            deleted_at: body.deleted_at,
            reactions: body.reactions,
            reply_to: body.reply_to,
            spans: body.spans,
            plain: body.plain,
        }
    }
}

/// `POST /api/messages/{id}/reactions/`: says how it is to be, so that a repeat changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct React {
    /// One emoji of Unicode's list, with or without U+FE0F, at most [`crate::limits::EMOJI_BYTES`] long.
    pub emoji: String,
    /// Whether the caller's reaction with it is to be there.
    pub on: bool,
}

/// `POST /api/messages/{id}/pin/`: says how it is to be, so that a repeat changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinMessage {
    /// Whether the message is to be pinned in its chat.
    pub on: bool,
}

/// The answer to `POST /api/messages/{id}/reactions/` and `…/pin/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The position in the chat's log at which it was so: a client that has every event up to it has that too.
    pub seq: Seq,
}

read_fields! {
    Decided { "seq" => seq: required }
}

/// `GET /readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether the server should get requests.
    pub ready: bool,
    /// Whether the database answers.
    pub database: bool,
    /// Whether the other nodes can be heard; always true on a single node.
    pub bus: bool,
    /// Whether the server is about to end.
    pub draining: bool,
    /// Whether other nodes use the same database and nothing connects them with this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unheard: bool,
    /// What is wrong and what to do, in one sentence, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// An error's body: `application/problem+json` (RFC 9457), with `code` and `field` added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The status line's words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong and what to do, in one sentence.
    pub detail: String,
    /// For programs.
    pub code: ErrorCode,
    /// The field of the request that is wrong, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// When to try again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

read_fields! {
    Problem {
        "title" => title: required,
        "status" => status: required,
        "detail" => detail: required,
        "code" => code: required,
        "field" => field: optional,
        "retry_after_ms" => retry_after_ms: optional,
    }
}
