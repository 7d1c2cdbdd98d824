//! The log's rows as both backends select them, and what they mean on the wire.

use causerie_protocol::accounts::{Account, AuditEntry, Invitation};
use causerie_protocol::event::{
    ChatChanged, Deleted, Edited, Membership, Original, Pinned, Reacted, RoleChanged, User, snippet,
};
use causerie_protocol::rest::{Chat, ChatKind, ChatRole, ChatStatus, Participant, TokenInfo};
use causerie_protocol::{
    AuditId, ChatId, ChatSettings, ClientId, Epoch, Event, InvitationId, Message, MessageId, MessageText,
    Notify, Role, Seq, TokenId, UserId, limits,
};
use sqlx::FromRow;

use super::{AppendResult, Appended, LinkRecord, Refused, TokenRecord};
use crate::clock::{self, UnixMicros};
use crate::format;
use crate::second_factor::codes_in;

/// The kinds of event, as the table holds them.
pub(super) mod kind {
    pub(in crate::store) const MESSAGE: i64 = 0;
    pub(in crate::store) const EDITED: i64 = 1;
    pub(in crate::store) const DELETED: i64 = 2;
    pub(in crate::store) const JOINED: i64 = 3;
    pub(in crate::store) const LEFT: i64 = 4;
    pub(in crate::store) const CHAT_CHANGED: i64 = 5;
    pub(in crate::store) const ROLE_CHANGED: i64 = 6;
    pub(in crate::store) const REACTED: i64 = 7;
    pub(in crate::store) const UNREACTED: i64 = 8;
    pub(in crate::store) const PINNED: i64 = 9;
    pub(in crate::store) const UNPINNED: i64 = 10;
}

/// A bound that a database can hold.
pub(super) fn to_sql(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A position as it was stored.
pub(super) fn to_seq(value: i64) -> Seq {
    Seq(u64::try_from(value).unwrap_or(0))
}

/// A text as it was stored: bytes, because one of the backends can't hold every character in its text type.
pub(super) fn to_text(bytes: Option<Vec<u8>>) -> String {
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[derive(FromRow)]
pub(super) struct UserRow {
    pub(super) user_id: i64,
    pub(super) email: String,
    pub(super) name: String,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self { id: UserId(row.user_id), email: Some(row.email), name: row.name }
    }
}

/// A person and what their password must match.
#[derive(FromRow)]
pub(super) struct AccountRow {
    #[sqlx(flatten)]
    pub(super) user: UserRow,
    pub(super) password_hash: String,
    pub(super) suspended_at: Option<UnixMicros>,
}

/// A sign-in and whose it is.
#[derive(FromRow)]
pub(super) struct TokenRow {
    pub(super) id: i64,
    pub(super) expires_at: UnixMicros,
    pub(super) revoked: bool,
    pub(super) last_used_at: UnixMicros,
    pub(super) role: i64,
    pub(super) suspended_at: Option<UnixMicros>,
    pub(super) has_boundaries: bool,
    pub(super) has_second_factor: bool,
    #[sqlx(flatten)]
    pub(super) user: UserRow,
}

impl From<TokenRow> for TokenRecord {
    fn from(row: TokenRow) -> Self {
        Self {
            id: TokenId(row.id),
            user: row.user.into(),
            role: role(row.role),
            suspended: row.suspended_at.is_some(),
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked: row.revoked,
            has_boundaries: row.has_boundaries,
            has_second_factor: row.has_second_factor,
        }
    }
}

/// A sign-in in a list.
#[derive(FromRow)]
pub(super) struct TokenInfoRow {
    pub(super) id: i64,
    pub(super) created_at: UnixMicros,
    pub(super) expires_at: UnixMicros,
    pub(super) device: String,
    pub(super) address: String,
    pub(super) last_used_at: Option<UnixMicros>,
}

impl From<TokenInfoRow> for TokenInfo {
    fn from(row: TokenInfoRow) -> Self {
        Self {
            id: TokenId(row.id),
            created_at: clock::to_wire(row.created_at),
            expires_at: clock::to_wire(row.expires_at),
            current: false,
            device: row.device,
            address: row.address,
            last_used_at: row.last_used_at.map(clock::to_wire),
        }
    }
}

/// A role as the table holds it; an unknown one may as little as a guest.
pub(super) fn role(value: i64) -> Role {
    usize::try_from(value).ok().and_then(|place| Role::ALL.get(place).copied()).unwrap_or(Role::Guest)
}

/// What the table holds of a role.
pub(super) fn role_to_sql(role: Role) -> i64 {
    match role {
        Role::Guest => 0,
        Role::Member => 1,
        Role::Moderator => 2,
        Role::Owner => 3,
    }
}

/// Chats as a link's row names them: `3,17`.
pub(super) fn chats_from_text(text: &str) -> Vec<ChatId> {
    text.split(',').filter_map(|id| id.parse().ok()).collect()
}

/// An account as those who look after people see it.
#[derive(FromRow)]
pub(super) struct AccountRowFull {
    id: i64,
    email: String,
    name: String,
    role: i64,
    created_at: UnixMicros,
    suspended_at: Option<UnixMicros>,
    delete_at: Option<UnixMicros>,
    last_used_at: Option<UnixMicros>,
    recovery_bytes: Option<i64>,
}

impl From<AccountRowFull> for Account {
    fn from(row: AccountRowFull) -> Self {
        Self {
            id: UserId(row.id),
            email: row.email,
            name: row.name,
            role: role(row.role),
            created_at: clock::to_wire(row.created_at),
            last_used_at: row.last_used_at.map(clock::to_wire),
            suspended_at: row.suspended_at.map(clock::to_wire),
            delete_at: row.delete_at.map(clock::to_wire),
            recovery_codes: row.recovery_bytes.map(codes_in),
        }
    }
}

#[derive(FromRow)]
pub(super) struct LinkRow {
    role: i64,
    ends_at: UnixMicros,
    invited_by: Option<String>,
    mailed_to: Option<String>,
}

impl From<LinkRow> for LinkRecord {
    fn from(row: LinkRow) -> Self {
        Self {
            role: role(row.role),
            invited_by: row.invited_by,
            mailed_to: row.mailed_to,
            ends_at: row.ends_at,
        }
    }
}

#[derive(FromRow)]
pub(super) struct InvitationRow {
    id: i64,
    role: i64,
    chats: String,
    created_by: Option<i64>,
    created_at: UnixMicros,
    ends_at: UnixMicros,
    uses: i64,
    max_uses: i64,
    revoked: bool,
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: InvitationId(row.id),
            role: role(row.role),
            chats: chats_from_text(&row.chats),
            created_by: row.created_by.map(UserId),
            created_at: clock::to_wire(row.created_at),
            ends_at: clock::to_wire(row.ends_at),
            uses: row.uses,
            max_uses: row.max_uses,
            revoked: row.revoked,
        }
    }
}

#[derive(FromRow)]
pub(super) struct AuditRow {
    id: i64,
    at: UnixMicros,
    actor_id: Option<i64>,
    actor_name: Option<String>,
    action: String,
    target_id: Option<i64>,
    target_name: Option<String>,
    detail: String,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: AuditId(row.id),
            at: clock::to_wire(row.at),
            actor: row.actor_id.map(UserId),
            actor_name: row.actor_name,
            action: row.action,
            target: row.target_id.map(UserId),
            target_name: row.target_name,
            detail: row.detail,
        }
    }
}

/// A chat as one person sees it, without the others.
#[derive(FromRow)]
pub(super) struct ChatRow {
    pub(super) id: i64,
    pub(super) direct: bool,
    pub(super) closed: bool,
    pub(super) title: Option<String>,
    pub(super) head: i64,
    pub(super) created_at: UnixMicros,
    pub(super) updated_at: UnixMicros,
    pub(super) read_seq: i64,
    pub(super) unread: i64,
    pub(super) last_id: Option<i64>,
    pub(super) sort_key: i64,
    pub(super) participant_count: i64,
    pub(super) hides_past: bool,
    pub(super) requested_by: Option<i64>,
    #[sqlx(flatten)]
    pub(super) settings: SettingsRow,
}

/// What a participant has set of a chat.
#[derive(FromRow)]
pub(super) struct SettingsRow {
    notify: i64,
    muted_until: Option<i64>,
    pinned_at: Option<i64>,
    archived_at: Option<i64>,
    marked_unread: Option<i64>,
    settings_version: i64,
}

impl From<SettingsRow> for ChatSettings {
    fn from(row: SettingsRow) -> Self {
        Self {
            version: row.settings_version,
            notify: notify(row.notify),
            muted_until: row.muted_until,
            pinned_at: row.pinned_at,
            archived_at: row.archived_at.map(MessageId),
            marked_unread: row.marked_unread.map(to_seq),
        }
    }
}

/// Of what somebody wants to be told, as the table holds it; of an unknown value, of all.
fn notify(value: i64) -> Notify {
    match value {
        1 => Notify::Mentions,
        2 => Notify::Nothing,
        _ => Notify::All,
    }
}

/// What the table holds of it.
pub(super) fn notify_to_sql(notify: Notify) -> i64 {
    match notify {
        Notify::All => 0,
        Notify::Mentions => 1,
        Notify::Nothing => 2,
    }
}

impl ChatRow {
    pub(super) fn into_chat(
        self,
        epoch: &Epoch,
        participants: Vec<Participant>,
        last_message: Option<Message>,
        pinned: Vec<Original>,
    ) -> Chat {
        Chat {
            id: ChatId(self.id),
            kind: if self.direct { ChatKind::Direct } else { ChatKind::Group },
            status: status(self.closed),
            title: self.title,
            participants,
            participant_count: self.participant_count.unsigned_abs(),
            head: to_seq(self.head),
            epoch: epoch.clone(),
            read_seq: to_seq(self.read_seq),
            unread: self.unread.unsigned_abs(),
            last_message,
            created_at: clock::to_wire(self.created_at),
            updated_at: clock::to_wire(self.updated_at),
            sort_key: Some(MessageId(self.sort_key)),
            hides_past: self.hides_past,
            requested_by: self.requested_by.map(UserId),
            settings: self.settings.into(),
            pinned,
        }
    }
}

/// A chat's status by its flag.
pub(super) fn status(closed: bool) -> ChatStatus {
    if closed { ChatStatus::Closed } else { ChatStatus::Active }
}

/// What a change of a chat leaves in the log beside the title: whether the chat is closed, what new people see, and whether
/// a request was accepted by it.
pub(super) fn chat_flags(closed: bool, hides_past: bool, accepted: bool) -> i64 {
    i64::from(closed) | i64::from(hides_past) << 1 | i64::from(accepted) << 2
}

/// A role in a group as the table holds it.
pub(super) fn chat_role_to_sql(role: ChatRole) -> i64 {
    match role {
        ChatRole::Member => 0,
        ChatRole::Moderator => 1,
        ChatRole::Owner => 2,
    }
}

pub(super) fn to_chat_role(value: i64) -> ChatRole {
    match value {
        2 => ChatRole::Owner,
        1 => ChatRole::Moderator,
        _ => ChatRole::Member,
    }
}

#[derive(FromRow)]
pub(super) struct ParticipantRow {
    pub(super) chat_id: i64,
    pub(super) read_seq: i64,
    pub(super) role: i64,
    /// Whether the person who looks has blocked this one.
    pub(super) blocked: bool,
    /// Whether the one may see of the other how far they have read, and whether they are online.
    pub(super) shows_read: bool,
    pub(super) shows_online: bool,
    #[sqlx(flatten)]
    pub(super) user: UserRow,
}

impl From<ParticipantRow> for Participant {
    fn from(row: ParticipantRow) -> Self {
        Self {
            user: row.user.into(),
            read_seq: if row.shows_read { to_seq(row.read_seq) } else { Seq::ZERO },
            online: row.shows_online,
            role: to_chat_role(row.role),
            blocked: row.blocked,
        }
    }
}

/// An entry of the log, with the person that it is about and the text of the message that it changed.
#[derive(FromRow)]
pub(super) struct EventRow {
    pub(super) id: i64,
    pub(super) chat_id: i64,
    pub(super) seq: i64,
    pub(super) kind: i64,
    pub(super) actor_id: i64,
    pub(super) at: UnixMicros,
    pub(super) client_id: Option<String>,
    pub(super) content: Option<Vec<u8>>,
    pub(super) target: Option<i64>,
    pub(super) edited_at: Option<UnixMicros>,
    pub(super) deleted_at: Option<UnixMicros>,
    pub(super) plain: bool,
    pub(super) target_content: Option<Vec<u8>>,
    pub(super) target_plain: bool,
    #[sqlx(flatten)]
    pub(super) original: OriginalRow,
    #[sqlx(flatten)]
    pub(super) user: UserRow,
}

/// Bytes of a text that hold as many characters as replies to it show, in UTF-8.
pub(super) const SNIPPET_BYTES: i64 = 4 * limits::SNIPPET_CHARS as i64;

/// The message that another replies to, from an outer join; nothing of one that the reader may not see.
#[derive(FromRow)]
pub(super) struct OriginalRow {
    original_id: Option<i64>,
    /// The first [`SNIPPET_BYTES`] of the text, or as many characters.
    original_content: Option<Vec<u8>>,
    original_deleted_at: Option<UnixMicros>,
    original_plain: bool,
    original_sender: Option<i64>,
    original_name: Option<String>,
}

impl OriginalRow {
    /// What stands at a position, if it is a message.
    pub(super) fn at(self, seq: Seq) -> Option<Original> {
        Some(Original {
            seq,
            id: Some(MessageId(self.original_id?)),
            sender: Some(User { id: UserId(self.original_sender?), email: None, name: self.original_name? }),
            content: snippet_of(&to_text(self.original_content), self.original_plain),
            deleted: self.original_deleted_at.is_some(),
        })
    }
}

/// A message that is pinned in a chat.
#[derive(FromRow)]
pub(super) struct PinnedRow {
    pub(super) chat_id: i64,
    pub(super) seq: i64,
    #[sqlx(flatten)]
    pub(super) original: OriginalRow,
}

/// What replies show of the beginning of a text.
pub(super) fn snippet_of(beginning: &str, plain: bool) -> String {
    snippet(&format::words(snippet(beginning), plain)).to_owned()
}

/// What a message replies to, from its own row and that of the original.
fn reply_to(target: Option<i64>, original: OriginalRow) -> Option<Box<Original>> {
    let seq = to_seq(target?);
    Some(Box::new(original.at(seq).unwrap_or(Original::unseen(seq))))
}

impl From<EventRow> for Message {
    fn from(row: EventRow) -> Self {
        let content = to_text(row.content);
        Self {
            spans: format::spans(&content, row.plain),
            plain: row.plain,
            id: MessageId(row.id),
            chat_id: ChatId(row.chat_id),
            seq: to_seq(row.seq),
            sender: row.user.into(),
            content,
            sent_at: clock::to_wire(row.at),
            // The table holds only ids that were valid when they came.
            client_id: row.client_id.and_then(|id| ClientId::new(id).ok()),
            edited_at: row.edited_at.map(clock::to_wire),
            deleted_at: row.deleted_at.map(clock::to_wire),
            reactions: Vec::new(),
            reply_to: reply_to(row.target, row.original),
        }
    }
}

impl TryFrom<EventRow> for Event {
    type Error = sqlx::Error;

    fn try_from(row: EventRow) -> Result<Self, Self::Error> {
        let (chat_id, seq, at) = (ChatId(row.chat_id), to_seq(row.seq), clock::to_wire(row.at));
        let id = MessageId(row.target.unwrap_or_default());
        Ok(match row.kind {
            kind::MESSAGE => Self::Message(row.into()),
            kind::EDITED => {
                let (content, plain) = (to_text(row.target_content), row.target_plain);
                let spans = format::spans(&content, plain);
                Self::Edited(Edited { chat_id, seq, id, content, edited_at: at, spans, plain })
            }
            kind::DELETED => Self::Deleted(Deleted { chat_id, seq, id, deleted_at: at }),
            kind::JOINED => Self::Joined(Membership { chat_id, seq, user: row.user.into(), by: None, at }),
            kind::LEFT => {
                let by = (row.actor_id != row.user.user_id).then_some(UserId(row.actor_id));
                Self::Left(Membership { chat_id, seq, user: row.user.into(), by, at })
            }
            kind::ROLE_CHANGED => {
                let role = ChatRole::from_name(&to_text(row.content));
                Self::RoleChanged(RoleChanged { chat_id, seq, user: row.user.into(), role, at })
            }
            kind::REACTED | kind::UNREACTED => Self::Reacted(Reacted {
                chat_id,
                seq,
                id,
                user: row.user.into(),
                emoji: to_text(row.content),
                on: row.kind == kind::REACTED,
                at,
            }),
            kind::PINNED | kind::UNPINNED => {
                let (user, on) = (row.user.into(), row.kind == kind::PINNED);
                Self::Pinned(Pinned { chat_id, seq, id, user, on, at })
            }
            kind::CHAT_CHANGED => Self::ChatChanged(ChatChanged {
                chat_id,
                seq,
                title: row.content.map(|title| to_text(Some(title))),
                status: status(row.target.is_some_and(|flags| flags & 1 != 0)),
                hides_past: row.target.is_some_and(|flags| flags & 2 != 0),
                accepted: row.target.is_some_and(|flags| flags & 4 != 0),
                at,
            }),
            // A row of a later version; the start refuses such a database, so this one is damaged.
            other => return Err(sqlx::Error::Decode(format!("unknown kind of event {other}").into())),
        })
    }
}

/// The sender of a message, from an outer join.
#[derive(FromRow)]
pub(super) struct SenderRow {
    user_id: Option<i64>,
    email: Option<String>,
    name: Option<String>,
}

impl SenderRow {
    pub(super) fn into_user(self) -> Option<User> {
        Some(User { id: UserId(self.user_id?), email: Some(self.email?), name: self.name? })
    }
}

/// The message that the same sender sent to the same chat under the same `client_id` before, from an outer join.
#[derive(FromRow)]
pub(super) struct EarlierRow {
    pub(super) id: Option<i64>,
    pub(super) seq: Option<i64>,
    pub(super) at: Option<UnixMicros>,
    pub(super) content: Option<Vec<u8>>,
    /// The position of what it replies to.
    pub(super) target: Option<i64>,
    pub(super) edited_at: Option<UnixMicros>,
    pub(super) deleted_at: Option<UnixMicros>,
    #[sqlx(default)]
    pub(super) plain: bool,
}

impl EarlierRow {
    pub(super) fn into_message(
        self,
        chat_id: ChatId,
        sender: &User,
        client_id: Option<&ClientId>,
    ) -> Option<Message> {
        let content = to_text(self.content);
        Some(Message {
            id: MessageId(self.id?),
            chat_id,
            seq: to_seq(self.seq?),
            sender: sender.clone(),
            sent_at: clock::to_wire(self.at?),
            client_id: client_id.cloned(),
            edited_at: self.edited_at.map(clock::to_wire),
            deleted_at: self.deleted_at.map(clock::to_wire),
            reactions: Vec::new(),
            // Who asks again knows what it replies to.
            reply_to: self.target.map(|target| Box::new(Original::unseen(to_seq(target)))),
            spans: format::spans(&content, self.plain),
            plain: self.plain,
            content,
        })
    }
}

/// The reasons of a refused message, as the table holds them: those that may be others a moment later.
mod reason {
    pub(super) const NO_SUCH_CHAT: i64 = 0;
    pub(super) const CHAT_CLOSED: i64 = 1;
    pub(super) const NOT_ACCEPTED: i64 = 2;
    pub(super) const NO_SUCH_ORIGINAL: i64 = 3;
}

/// Why a message is refused, by what the table holds.
pub(super) fn refused(reason: i64) -> Refused {
    match reason {
        reason::CHAT_CLOSED => Refused::ChatClosed,
        reason::NOT_ACCEPTED => Refused::NotAccepted,
        reason::NO_SUCH_ORIGINAL => Refused::NoSuchOriginal,
        _ => Refused::NoSuchChat,
    }
}

/// What the table holds of a refusal; nothing of one that can't become another.
pub(super) fn persisted_reason(refused: Refused) -> Option<i64> {
    match refused {
        Refused::NoSuchChat => Some(reason::NO_SUCH_CHAT),
        Refused::ChatClosed => Some(reason::CHAT_CLOSED),
        Refused::NotAccepted => Some(reason::NOT_ACCEPTED),
        // A message may come to stand at that position.
        Refused::NoSuchOriginal => Some(reason::NO_SUCH_ORIGINAL),
        _ => None,
    }
}

/// Deduplication by the idempotency key (`client_id`): the answer to a repeated message is the stored one, unless the
/// texts, whether they are plain, or what they reply to, differ. The text of an edited or deleted message can't be compared any more.
pub(super) fn repeated(
    earlier: Message,
    text: &MessageText,
    reply_to: Option<Seq>,
    plain: bool,
) -> AppendResult {
    let as_sent = earlier.edited_at.is_none() && earlier.deleted_at.is_none();
    let replies_to = earlier.reply_to.as_ref().map(|original| original.seq);
    let is_other = earlier.content != text.as_str() || earlier.plain != plain;
    if as_sent && is_other || replies_to != reply_to {
        return Err(Refused::ClientIdReused);
    }
    Ok(Appended::Duplicate(earlier))
}
