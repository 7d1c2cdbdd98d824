//! Changes that are no messages: edits, deletions, people who come and go, titles, read positions. Both backends speak this SQL.

use std::time::Duration;

use causerie_protocol::event::{
    ChatChanged, Deleted, Edited, Membership, Pinned, Reacted, RoleChanged, User,
};
use causerie_protocol::rest::{ChatRole, ChatStatus};
use causerie_protocol::{ChatId, Event, MessageId, MessageText, Seq, UserId, limits};

use super::partings::{ARE_PARTED, FORGET_REQUEST};
use super::statement::{query, query_as, query_scalar};
use super::{AppendConnection, content};
use crate::clock::{self, UnixMicros};
use crate::emoji::Emoji;
use crate::format;
use crate::store::rows::{self, chat_flags, chat_role_to_sql, kind, to_chat_role, to_seq, to_sql};
use crate::store::{Append, AppendResult, Appended, Change, Refused};

/// Direct, closed, hides the past, who asked for it, title, head, and the actor: id, address, name.
type StateRow = (bool, bool, bool, Option<i64>, Option<String>, i64, i64, String, String);

/// The query of a [`RoleRow`], for a chat and a person in it.
pub(super) const ROLE_IN_GROUP: &str = "SELECT CASE WHEN u.deleted_at IS NULL THEN p.role ELSE 0 END,
            p.user_id = (SELECT first.user_id FROM participants first JOIN users f ON f.id = first.user_id
                         WHERE first.chat_id = $1 AND f.deleted_at IS NULL
                         ORDER BY first.role DESC, first.user_id LIMIT 1)
     FROM participants p JOIN users u ON u.id = p.user_id WHERE p.chat_id = $1 AND p.user_id = $2";

/// Erases what a message said before its edits, for good.
pub(super) const ERASE_FORMER_TEXTS: &str =
    "UPDATE events SET content = NULL WHERE kind = 1 AND target = $1 AND content IS NOT NULL";

/// The role of somebody in a group as the table holds it, and whether nobody there comes before them.
pub(super) type RoleRow = (i64, Option<bool>);

/// A chat as the actor of a change finds it.
struct ChatState {
    direct: bool,
    closed: bool,
    hides_past: bool,
    requested_by: Option<UserId>,
    title: Option<String>,
    head: Seq,
    actor: User,
}

async fn load_state(transaction: &mut AppendConnection, append: &Append) -> sqlx::Result<Option<ChatState>> {
    // The head that is read here must be the last one until the transaction ends.
    super::lock_chat(transaction, append.chat).await?;
    let row: Option<StateRow> = query_as(
        "SELECT c.direct, c.closed, c.hides_past, c.requested_by, c.title, c.head, u.id, u.email, u.name
         FROM participants p JOIN chats c ON c.id = p.chat_id JOIN users u ON u.id = p.user_id
         WHERE p.chat_id = $1 AND p.user_id = $2",
    )
    .bind(append.chat.0)
    .bind(append.actor.0)
    .fetch_optional(transaction)
    .await?;
    Ok(row.map(|(direct, closed, hides_past, requested_by, title, head, id, email, name)| ChatState {
        direct,
        closed,
        hides_past,
        requested_by: requested_by.map(UserId),
        title,
        head: to_seq(head),
        actor: User { id: UserId(id), email: Some(email), name },
    }))
}

/// The role of somebody in a group.
///
/// A group has an owner: where nobody has that role, it is the first of those with the greatest one. Whose account is gone
/// has none.
pub(super) fn role_in_group((role, is_first): RoleRow) -> ChatRole {
    if is_first == Some(true) { ChatRole::Owner } else { to_chat_role(role) }
}

/// The role of somebody in the group of a change; `None`: not in it.
async fn role_of(
    transaction: &mut AppendConnection,
    append: &Append,
    user: UserId,
) -> sqlx::Result<Option<ChatRole>> {
    let row: Option<RoleRow> =
        query_as(ROLE_IN_GROUP).bind(append.chat.0).bind(user.0).fetch_optional(transaction).await?;
    Ok(row.map(role_in_group))
}

/// Refuses unless the chat is a group in which the actor has this role or a greater one.
async fn check_role(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    least: ChatRole,
) -> Result<ChatRole, Stop> {
    if state.direct {
        return Err(Refused::NotAGroup.into());
    }
    let role = role_of(transaction, append, append.actor).await?;
    role.filter(|role| *role >= least).ok_or(Refused::RoleTooLow.into())
}

/// Why a change was not applied.
enum Stop {
    Refused(Refused),
    Database(sqlx::Error),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Applies one change that is not a message.
pub(in crate::store) async fn apply(
    transaction: &mut AppendConnection,
    append: &Append,
) -> sqlx::Result<AppendResult> {
    if let Change::Erase { id } = append.change {
        return answer(erase(transaction, append, id).await);
    }
    let Some(state) = load_state(transaction, append).await? else { return Ok(Err(Refused::NoSuchChat)) };
    answer(match &append.change {
        Change::Message { .. } | Change::Erase { .. } => unreachable!("they are appended otherwise"),
        Change::Edit { id, text, plain, sent_since } => {
            edit(transaction, append, &state, *id, (text, *plain), *sent_since).await
        }
        Change::Delete { id } => delete(transaction, append, &state, *id).await,
        Change::React { id, emoji, on } => react(transaction, append, &state, *id, *emoji, *on).await,
        Change::Pin { id, on } => pin(transaction, append, &state, *id, *on).await,
        Change::Join { user } => join(transaction, append, &state, *user).await,
        Change::Accept => accept(transaction, append, &state).await,
        Change::Leave => leave(transaction, append, &state).await,
        Change::Remove { user } => remove(transaction, append, &state, *user).await,
        Change::SetRole { user, role } => set_role(transaction, append, &state, *user, *role).await,
        Change::Update { title, status, hides_past } => {
            update(transaction, append, &state, title.as_deref(), *status, *hides_past).await
        }
        Change::Read { seq } => read(transaction, append, &state, *seq).await,
    })
}

fn answer(applied: Result<Appended, Stop>) -> sqlx::Result<AppendResult> {
    match applied {
        Ok(appended) => Ok(Ok(appended)),
        Err(Stop::Refused(refused)) => Ok(Err(refused)),
        Err(Stop::Database(error)) => Err(error),
    }
}

/// Adds an event that is no message and moves the head; returns its position.
async fn push(
    transaction: &mut AppendConnection,
    append: &Append,
    head: Seq,
    kind: i64,
    target: Option<i64>,
    text: Option<&str>,
    now: UnixMicros,
) -> sqlx::Result<Seq> {
    let seq = head.next();
    query(
        "INSERT INTO events (chat_id, seq, kind, actor_id, at, target, content) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(append.chat.0)
    .bind(to_sql(seq.0))
    .bind(kind)
    .bind(append.actor.0)
    .bind(now)
    .bind(target)
    .bind(text.map(content))
    .execute(&mut *transaction)
    .await?;
    query("UPDATE chats SET head = $2, updated_at = $3 WHERE id = $1")
        .bind(append.chat.0)
        .bind(to_sql(seq.0))
        .bind(now)
        .execute(transaction)
        .await?;
    Ok(seq)
}

/// Refuses unless the actor sent this message.
async fn check_own_message(
    transaction: &mut AppendConnection,
    append: &Append,
    id: MessageId,
) -> Result<(), Stop> {
    let sender: Option<i64> = query_scalar(
        "SELECT actor_id FROM events WHERE id = $1 AND chat_id = $2 AND kind = 0 AND deleted_at IS NULL",
    )
    .bind(id.0)
    .bind(append.chat.0)
    .fetch_optional(transaction)
    .await?;
    match sender {
        None => Err(Refused::NoSuchMessage.into()),
        Some(sender) if sender != append.actor.0 => Err(Refused::NotTheSender.into()),
        Some(_) => Ok(()),
    }
}

async fn edit(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    id: MessageId,
    (text, plain): (&MessageText, bool),
    sent_since: Option<UnixMicros>,
) -> Result<Appended, Stop> {
    if state.closed {
        return Err(Refused::ChatClosed.into());
    }
    check_own_message(transaction, append, id).await?;
    let sent_at: UnixMicros =
        query_scalar("SELECT at FROM events WHERE id = $1").bind(id.0).fetch_one(&mut *transaction).await?;
    if sent_since.is_some_and(|since| sent_at < since) {
        return Err(Refused::TooLateToEdit.into());
    }
    let now = clock::now();
    let seq = push(transaction, append, state.head, kind::EDITED, Some(id.0), None, now).await?;
    // The edit keeps what it replaces.
    query(
        "UPDATE events SET content = (SELECT m.content FROM events m WHERE m.id = $3) WHERE chat_id = $1 AND seq = $2",
    )
    .bind(append.chat.0)
    .bind(to_sql(seq.0))
    .bind(id.0)
    .execute(&mut *transaction)
    .await?;
    query("UPDATE events SET content = $2, edited_at = $3, plain = $4 WHERE id = $1")
        .bind(id.0)
        .bind(content(text.as_str()))
        .bind(now)
        .bind(plain)
        .execute(&mut *transaction)
        .await?;
    Ok(Appended::Event(Event::Edited(Edited {
        chat_id: append.chat,
        seq,
        id,
        content: text.as_str().to_owned(),
        edited_at: clock::to_wire(now),
        spans: format::spans(text.as_str(), plain),
        plain,
    })))
}

async fn delete(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    id: MessageId,
) -> Result<Appended, Stop> {
    match check_own_message(transaction, append, id).await {
        Err(Stop::Refused(Refused::NotTheSender)) if !state.direct => {
            check_role(transaction, append, state, ChatRole::Moderator).await?;
            let sender: i64 = query_scalar("SELECT actor_id FROM events WHERE id = $1")
                .bind(id.0)
                .fetch_one(&mut *transaction)
                .await?;
            note(transaction, append, "message_deleted", UserId(sender), &format!(": message {id}")).await?;
        }
        checked => checked?,
    }
    take_text(transaction, append, state.head, id).await
}

/// Erases a message of a deleted account, also in a chat that the person left.
async fn erase(transaction: &mut AppendConnection, append: &Append, id: MessageId) -> Result<Appended, Stop> {
    super::lock_chat(transaction, append.chat).await?;
    let head: Option<i64> = query_scalar(
        "SELECT c.head FROM chats c JOIN users u ON u.id = $2
         WHERE c.id = $1 AND u.deleted_at IS NOT NULL AND u.erased_to IS NOT NULL",
    )
    .bind(append.chat.0)
    .bind(append.actor.0)
    .fetch_optional(&mut *transaction)
    .await?;
    let head = to_seq(head.ok_or(Refused::NoSuchChat)?);
    check_own_message(transaction, append, id).await?;
    take_text(transaction, append, head, id).await
}

async fn take_text(
    transaction: &mut AppendConnection,
    append: &Append,
    head: Seq,
    id: MessageId,
) -> Result<Appended, Stop> {
    let now = clock::now();
    // The text goes for good; the row stays, because positions have no gaps and the client_id stays taken.
    query("UPDATE events SET content = NULL, deleted_at = $2 WHERE id = $1")
        .bind(id.0)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
    query(ERASE_FORMER_TEXTS).bind(id.0).execute(&mut *transaction).await?;
    query("DELETE FROM reactions WHERE chat_id = $1 AND message_id = $2")
        .bind(append.chat.0)
        .bind(id.0)
        .execute(&mut *transaction)
        .await?;
    let seq = push(transaction, append, head, kind::DELETED, Some(id.0), None, now).await?;
    Ok(Appended::Event(Event::Deleted(Deleted {
        chat_id: append.chat,
        seq,
        id,
        deleted_at: clock::to_wire(now),
    })))
}

/// Refuses unless the message is one that the actor may see, and is not deleted.
async fn check_stands(
    transaction: &mut AppendConnection,
    append: &Append,
    id: MessageId,
) -> Result<(), Stop> {
    let stands: Option<i64> = query_scalar(
        "SELECT e.id FROM events e JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = $3
         WHERE e.id = $1 AND e.chat_id = $2 AND e.kind = 0 AND e.deleted_at IS NULL AND e.seq > p.from_seq",
    )
    .bind(id.0)
    .bind(append.chat.0)
    .bind(append.actor.0)
    .fetch_optional(transaction)
    .await?;
    stands.map(drop).ok_or(Refused::NoSuchMessage.into())
}

async fn pin(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    id: MessageId,
    on: bool,
) -> Result<Appended, Stop> {
    if state.closed {
        return Err(Refused::ChatClosed.into());
    }
    if !state.direct {
        check_role(transaction, append, state, ChatRole::Moderator).await?;
    }
    check_stands(transaction, append, id).await?;
    let now = clock::now();
    let changed = if on {
        let others: i64 = query_scalar(
            "SELECT count(*) FROM events
             WHERE chat_id = $1 AND pinned_at > 0 AND deleted_at IS NULL AND id <> $2",
        )
        .bind(append.chat.0)
        .bind(id.0)
        .fetch_one(&mut *transaction)
        .await?;
        if others.unsigned_abs() >= limits::PINNED_MESSAGES as u64 {
            return Err(Refused::TooManyPinnedMessages.into());
        }
        query("UPDATE events SET pinned_at = $2 WHERE id = $1 AND pinned_at IS NULL").bind(id.0).bind(now)
    } else {
        query("UPDATE events SET pinned_at = NULL WHERE id = $1 AND pinned_at IS NOT NULL").bind(id.0)
    }
    .execute(&mut *transaction)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(Appended::Unchanged { head: state.head });
    }
    let kind = if on { kind::PINNED } else { kind::UNPINNED };
    let seq = push(transaction, append, state.head, kind, Some(id.0), None, now).await?;
    let (chat_id, user, at) = (append.chat, state.actor.clone(), clock::to_wire(now));
    Ok(Appended::Event(Event::Pinned(Pinned { chat_id, seq, id, user, on, at })))
}

async fn react(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    id: MessageId,
    emoji: Emoji,
    on: bool,
) -> Result<Appended, Stop> {
    if state.closed {
        return Err(Refused::ChatClosed.into());
    }
    check_stands(transaction, append, id).await?;
    let changed = if on {
        let others: i64 = query_scalar(
            "SELECT count(DISTINCT emoji) FROM reactions WHERE chat_id = $1 AND message_id = $2 AND emoji <> $3",
        )
        .bind(append.chat.0)
        .bind(id.0)
        .bind(emoji.as_str())
        .fetch_one(&mut *transaction)
        .await?;
        if others.unsigned_abs() >= limits::REACTION_KINDS as u64 {
            return Err(Refused::TooManyReactions.into());
        }
        query(
            "INSERT INTO reactions (chat_id, message_id, user_id, emoji) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
    } else {
        query("DELETE FROM reactions WHERE chat_id = $1 AND message_id = $2 AND user_id = $3 AND emoji = $4")
    }
    .bind(append.chat.0)
    .bind(id.0)
    .bind(append.actor.0)
    .bind(emoji.as_str())
    .execute(&mut *transaction)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(Appended::Unchanged { head: state.head });
    }
    let now = clock::now();
    let kind = if on { kind::REACTED } else { kind::UNREACTED };
    let seq = push(transaction, append, state.head, kind, Some(id.0), Some(emoji.as_str()), now).await?;
    Ok(Appended::Event(Event::Reacted(Reacted {
        chat_id: append.chat,
        seq,
        id,
        user: state.actor.clone(),
        emoji: emoji.as_str().to_owned(),
        on,
        at: clock::to_wire(now),
    })))
}

async fn join(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    user: UserId,
) -> Result<Appended, Stop> {
    check_role(transaction, append, state, ChatRole::Moderator).await?;
    let is_parted: bool =
        query_scalar(ARE_PARTED).bind(append.actor.0).bind(user.0).fetch_one(&mut *transaction).await?;
    if is_parted {
        return Err(Refused::NoSuchUser.into());
    }
    let row: Option<(String, String)> = query_as("SELECT email, name FROM users WHERE id = $1")
        .bind(user.0)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some((email, name)) = row else { return Err(Refused::NoSuchUser.into()) };
    let user = User { id: user, email: Some(email), name };
    let people: i64 = query_scalar("SELECT count(*) FROM participants WHERE chat_id = $1")
        .bind(append.chat.0)
        .fetch_one(&mut *transaction)
        .await?;
    if people.unsigned_abs() >= limits::PARTICIPANTS as u64 {
        return Err(Refused::Full.into());
    }
    // Who joins starts with everything before read, so that no old message counts as unread.
    let from = if state.hides_past { state.head } else { Seq::ZERO };
    let added = query(
        "INSERT INTO participants (chat_id, user_id, read_seq, from_seq) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(append.chat.0)
    .bind(user.id.0)
    .bind(to_sql(state.head.0))
    .bind(to_sql(from.0))
    .execute(&mut *transaction)
    .await?;
    if added.rows_affected() == 0 {
        return Err(Refused::AlreadyIn.into());
    }
    let now = clock::now();
    let seq = push(transaction, append, state.head, kind::JOINED, Some(user.id.0), None, now).await?;
    let membership = Membership { chat_id: append.chat, seq, user, by: None, at: clock::to_wire(now) };
    Ok(Appended::Event(Event::Joined(membership)))
}

async fn accept(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
) -> Result<Appended, Stop> {
    let asked_by = match state.requested_by {
        Some(asked_by) if asked_by == append.actor => return Err(Refused::OwnRequest.into()),
        _ if state.closed => return Err(Refused::ChatClosed.into()),
        None => return Err(Refused::NotARequest.into()),
        Some(asked_by) => asked_by,
    };
    forget_request(transaction, append.chat, asked_by, append.actor).await?;
    let now = clock::now();
    let flags = Some(chat_flags(false, state.hides_past, true));
    let seq = push(transaction, append, state.head, kind::CHAT_CHANGED, flags, None, now).await?;
    let changed = ChatChanged {
        chat_id: append.chat,
        seq,
        title: None,
        status: ChatStatus::Active,
        hides_past: state.hides_past,
        accepted: true,
        at: clock::to_wire(now),
    };
    Ok(Appended::Accepted { event: Event::ChatChanged(changed), asked_by })
}

/// Makes a request an ordinary chat.
pub(in crate::store) async fn forget_request(
    transaction: &mut AppendConnection,
    chat: ChatId,
    asked_by: UserId,
    by: UserId,
) -> sqlx::Result<()> {
    query("UPDATE chats SET requested_by = NULL WHERE id = $1")
        .bind(chat.0)
        .execute(&mut *transaction)
        .await?;
    query(FORGET_REQUEST).bind(asked_by.0).bind(by.0).execute(transaction).await?;
    Ok(())
}

async fn leave(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
) -> Result<Appended, Stop> {
    if state.direct {
        return Err(Refused::NotAGroup.into());
    }
    take_out(transaction, append, state, state.actor.clone(), None).await
}

async fn remove(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    user: UserId,
) -> Result<Appended, Stop> {
    let role = check_role(transaction, append, state, ChatRole::Moderator).await?;
    if user == append.actor {
        return leave(transaction, append, state).await;
    }
    let (theirs, user) = other_in_group(transaction, append, user).await?;
    if theirs >= role && role < ChatRole::Owner {
        return Err(Refused::RoleTooLow.into());
    }
    let id = user.id;
    let removed = take_out(transaction, append, state, user, Some(append.actor)).await?;
    note(transaction, append, "removed_from_group", id, "").await?;
    Ok(removed)
}

/// Adds an entry to the audit log about somebody in the group of a change.
async fn note(
    transaction: &mut AppendConnection,
    append: &Append,
    action: &'static str,
    target: UserId,
    more: &str,
) -> sqlx::Result<()> {
    query("INSERT INTO audit (at, actor_id, action, target_id, detail) VALUES ($1, $2, $3, $4, $5)")
        .bind(clock::now())
        .bind(append.actor.0)
        .bind(action)
        .bind(target.0)
        .bind(format!("chat {}{more}", append.chat))
        .execute(transaction)
        .await?;
    Ok(())
}

/// Somebody in the group of a change, with the role there.
async fn other_in_group(
    transaction: &mut AppendConnection,
    append: &Append,
    user: UserId,
) -> Result<(ChatRole, User), Stop> {
    let Some(role) = role_of(transaction, append, user).await? else {
        return Err(Refused::NotIn.into());
    };
    let row: Option<(String, String)> = query_as("SELECT email, name FROM users WHERE id = $1")
        .bind(user.0)
        .fetch_optional(transaction)
        .await?;
    let Some((email, name)) = row else { return Err(Refused::NotIn.into()) };
    Ok((role, User { id: user, email: Some(email), name }))
}

/// Ends a membership.
async fn take_out(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    user: User,
    by: Option<UserId>,
) -> Result<Appended, Stop> {
    let now = clock::now();
    let seq = push(transaction, append, state.head, kind::LEFT, Some(user.id.0), None, now).await?;
    query("DELETE FROM participants WHERE chat_id = $1 AND user_id = $2")
        .bind(append.chat.0)
        .bind(user.id.0)
        .execute(transaction)
        .await?;
    let membership = Membership { chat_id: append.chat, seq, user, by, at: clock::to_wire(now) };
    Ok(Appended::Event(Event::Left(membership)))
}

async fn set_role(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    user: UserId,
    role: ChatRole,
) -> Result<Appended, Stop> {
    check_role(transaction, append, state, ChatRole::Owner).await?;
    let (_, user) = other_in_group(transaction, append, user).await?;
    let others: i64 = query_scalar(
        "SELECT count(*) FROM participants p JOIN users u ON u.id = p.user_id
             WHERE p.chat_id = $1 AND p.role = 2 AND p.user_id <> $2 AND u.deleted_at IS NULL",
    )
    .bind(append.chat.0)
    .bind(append.actor.0)
    .fetch_one(&mut *transaction)
    .await?;
    if others == 0 {
        if user.id == append.actor && role < ChatRole::Owner {
            return Err(Refused::LastOwner.into());
        }
        // Who owns the group for want of another goes on to.
        write_role(transaction, append.chat, append.actor, ChatRole::Owner).await?;
    }
    write_role(transaction, append.chat, user.id, role).await?;
    note(transaction, append, "group_role", user.id, &format!(": {}", role.as_str())).await?;
    let now = clock::now();
    let name = Some(role.as_str());
    let seq = push(transaction, append, state.head, kind::ROLE_CHANGED, Some(user.id.0), name, now).await?;
    let changed = RoleChanged { chat_id: append.chat, seq, user, role, at: clock::to_wire(now) };
    Ok(Appended::Event(Event::RoleChanged(changed)))
}

async fn write_role(
    transaction: &mut AppendConnection,
    chat: ChatId,
    user: UserId,
    role: ChatRole,
) -> sqlx::Result<()> {
    query("UPDATE participants SET role = $3 WHERE chat_id = $1 AND user_id = $2")
        .bind(chat.0)
        .bind(user.0)
        .bind(chat_role_to_sql(role))
        .execute(transaction)
        .await?;
    Ok(())
}

async fn update(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    title: Option<&str>,
    status: Option<ChatStatus>,
    hides_past: Option<bool>,
) -> Result<Appended, Stop> {
    if state.direct && state.closed && status == Some(ChatStatus::Active) {
        return Err(Refused::HasEnded.into());
    }
    let least = if hides_past.is_some() { ChatRole::Owner } else { ChatRole::Moderator };
    check_role(transaction, append, state, least).await?;
    let hides_past = hides_past.unwrap_or(state.hides_past);
    let title = title.map(str::to_owned).or_else(|| state.title.clone());
    let closed = status.map_or(state.closed, |status| status == ChatStatus::Closed);
    let now = clock::now();
    query("UPDATE chats SET title = $2, closed = $3, hides_past = $4 WHERE id = $1")
        .bind(append.chat.0)
        .bind(&title)
        .bind(closed)
        .bind(hides_past)
        .execute(&mut *transaction)
        .await?;
    let target = Some(chat_flags(closed, hides_past, false));
    let seq =
        push(transaction, append, state.head, kind::CHAT_CHANGED, target, title.as_deref(), now).await?;
    Ok(Appended::Event(Event::ChatChanged(ChatChanged {
        chat_id: append.chat,
        seq,
        title,
        status: rows::status(closed),
        hides_past,
        accepted: false,
        at: clock::to_wire(now),
    })))
}

async fn read(
    transaction: &mut AppendConnection,
    append: &Append,
    state: &ChatState,
    seq: Seq,
) -> Result<Appended, Stop> {
    let wanted = seq.min(state.head);
    let moved =
        query("UPDATE participants SET read_seq = $3 WHERE chat_id = $1 AND user_id = $2 AND read_seq < $3")
            .bind(append.chat.0)
            .bind(append.actor.0)
            .bind(to_sql(wanted.0))
            .execute(&mut *transaction)
            .await?;
    if moved.rows_affected() > 0 {
        return Ok(Appended::Read { seq: wanted, moved: true });
    }
    let stands: i64 = query_scalar("SELECT read_seq FROM participants WHERE chat_id = $1 AND user_id = $2")
        .bind(append.chat.0)
        .bind(append.actor.0)
        .fetch_one(transaction)
        .await?;
    Ok(Appended::Read { seq: to_seq(stands), moved: false })
}

/// Forgets what was refused longer ago than a copy of it can wait anywhere.
///
/// Called with every refusal, so that the table holds no more than those of that time.
pub(in crate::store) async fn forget_refusals(
    connection: &mut AppendConnection,
    now: UnixMicros,
) -> sqlx::Result<()> {
    const AGE: Duration = Duration::from_secs(limits::REFUSED_DAYS as u64 * 24 * 60 * 60);
    query("DELETE FROM refusals WHERE at < $1").bind(now - AGE).execute(connection).await?;
    Ok(())
}
