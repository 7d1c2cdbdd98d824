//! SQL about people who are apart: blocks, chats of two that were ended, and what is hidden of a person.

use causerie_protocol::event::ChatChanged;
use causerie_protocol::rest::{Block, Blocked};
use causerie_protocol::{ChatId, Event, UserId, limits};

use super::{Connection, audit, content, list};
use crate::clock::{self, UnixMicros};
use crate::store::rows::{self, UserRow, chat_flags, kind, to_seq, to_sql};
use crate::store::{Actor, Boundaries, Ended, Parting, Reopening, StoredParting, Unblocking};

/// Why two people are apart, as the table holds it.
const BLOCKED: i64 = 0;
const ENDED: i64 = 1;
const ASKED: i64 = 2;

/// The query whether two people are apart, one of whom did not only ask the other for a chat.
pub(super) const ARE_PARTED: &str = concat!("SELECT ", parted!("$1", "$2", " AND x.kind < 2"));
/// The statement that lets everything pass between who asked for a chat, and who accepts it.
pub(super) const FORGET_REQUEST: &str =
    "DELETE FROM partings WHERE user_id = $1 AND other_id = $2 AND kind = 2";

/// Whether two people are apart, as [`ARE_PARTED`].
pub(super) async fn are_parted(
    connection: &mut Connection,
    one: UserId,
    other: UserId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(ARE_PARTED).bind(one.0).bind(other.0).fetch_one(connection).await
}

pub(super) async fn boundaries(reader: &mut Connection, user: UserId) -> sqlx::Result<Boundaries> {
    let hides: Option<(bool, bool)> =
        sqlx::query_as("SELECT hides_online, hides_read FROM users WHERE id = $1")
            .bind(user.0)
            .fetch_optional(&mut *reader)
            .await?;
    let (hides_online, hides_read) = hides.unwrap_or_default();
    let parted: Vec<i64> = sqlx::query_scalar(
        "SELECT other_id FROM partings WHERE user_id = $1 UNION SELECT user_id FROM partings WHERE other_id = $1",
    )
    .bind(user.0)
    .fetch_all(&mut *reader)
    .await?;
    let blocked =
        sqlx::query_scalar("SELECT other_id FROM partings WHERE user_id = $1 AND kind = 0 ORDER BY other_id")
            .bind(user.0)
            .fetch_all(reader)
            .await?;
    Ok(Boundaries {
        parted: parted.into_iter().map(UserId).collect(),
        blocked: blocked.into_iter().map(UserId).collect(),
        hides_online,
        hides_read,
    })
}

pub(super) async fn hidden(
    reader: &mut Connection,
    users: &[UserId],
) -> sqlx::Result<Vec<(UserId, bool, bool)>> {
    let rows: Vec<(i64, bool, bool)> = sqlx::query_as(concat!(
        "SELECT id, hides_online, hides_read FROM users WHERE (hides_online OR hides_read) AND id ",
        in_list!("$1")
    ))
    .bind(list(users.iter().map(|user| user.0)))
    .fetch_all(reader)
    .await?;
    Ok(rows.into_iter().map(|(user, online, read)| (UserId(user), online, read)).collect())
}

pub(super) async fn set_hidden(
    writer: &mut Connection,
    user: UserId,
    online: Option<bool>,
    read: Option<bool>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE users SET hides_online = coalesce($2, hides_online), hides_read = coalesce($3, hides_read)
         WHERE id = $1",
    )
    .bind(user.0)
    .bind(online)
    .bind(read)
    .execute(writer)
    .await?;
    Ok(())
}

pub(super) async fn blockable_user(
    reader: &mut Connection,
    user: UserId,
    wanted: &Block,
) -> sqlx::Result<Option<UserId>> {
    let found: Option<i64> = match (wanted.user_id, wanted.message_id) {
        (Some(other), _) => {
            sqlx::query_scalar(
                "SELECT theirs.user_id FROM participants mine
                 JOIN (SELECT chat_id, user_id FROM participants
                       UNION ALL SELECT chat_id, user_id FROM removed_copies) theirs
                   ON theirs.chat_id = mine.chat_id
                 WHERE mine.user_id = $1 AND theirs.user_id = $2 LIMIT 1",
            )
            .bind(user.0)
            .bind(other.0)
            .fetch_optional(reader)
            .await?
        }
        (None, Some(message)) => {
            sqlx::query_scalar(
                "SELECT e.actor_id FROM events e
                 JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = $1
                 WHERE e.id = $2 AND e.kind = 0 AND e.seq > p.from_seq",
            )
            .bind(user.0)
            .bind(message.0)
            .fetch_optional(reader)
            .await?
        }
        (None, None) => None,
    };
    Ok(found.map(UserId).filter(|found| *found != user))
}

pub(super) async fn blocks(reader: &mut Connection, user: UserId) -> sqlx::Result<Vec<Blocked>> {
    #[derive(sqlx::FromRow)]
    struct BlockedRow {
        at: UnixMicros,
        #[sqlx(flatten)]
        user: UserRow,
    }
    let rows: Vec<BlockedRow> = sqlx::query_as(
        "SELECT b.at, u.id AS user_id, u.email, u.name FROM partings b JOIN users u ON u.id = b.other_id
         WHERE b.user_id = $1 AND b.kind = 0 ORDER BY b.id DESC",
    )
    .bind(user.0)
    .fetch_all(reader)
    .await?;
    let blocked = |row: BlockedRow| Blocked { user: row.user.into(), at: clock::to_wire(row.at) };
    Ok(rows.into_iter().map(blocked).collect())
}

/// The chat of two people, if both or one of them has it still.
async fn pair(transaction: &mut Connection, one: UserId, other: UserId) -> sqlx::Result<Option<ChatId>> {
    let (low, high) = (one.min(other), one.max(other));
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM chats WHERE pair = $1")
        .bind(format!("{low}:{high}"))
        .fetch_optional(transaction)
        .await?;
    Ok(id.map(ChatId))
}

/// From now on nothing but messages passes between somebody and whom they asked for a chat.
pub(super) async fn ask(transaction: &mut Connection, user: UserId, other: UserId) -> sqlx::Result<()> {
    insert(transaction, user, other, ASKED).await.map(drop)
}

async fn insert(transaction: &mut Connection, user: UserId, other: UserId, kind: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO partings (user_id, other_id, kind, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(user.0)
    .bind(other.0)
    .bind(kind)
    .bind(clock::now())
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Closes or opens a chat, whose row is locked by this; the event, unless it was so before.
async fn set_closed(
    transaction: &mut Connection,
    actor: UserId,
    chat: ChatId,
    closed: bool,
) -> sqlx::Result<Option<Event>> {
    super::lock_chat(transaction, chat).await?;
    let (was_closed, title, head, hides_past): (bool, Option<String>, i64, bool) =
        sqlx::query_as("SELECT closed, title, head, hides_past FROM chats WHERE id = $1")
            .bind(chat.0)
            .fetch_one(&mut *transaction)
            .await?;
    if was_closed == closed {
        return Ok(None);
    }
    let (seq, now) = (to_seq(head).next(), clock::now());
    sqlx::query("UPDATE chats SET closed = $2, head = $3, updated_at = $4 WHERE id = $1")
        .bind(chat.0)
        .bind(closed)
        .bind(to_sql(seq.0))
        .bind(now)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO events (chat_id, seq, kind, actor_id, at, target, content) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(chat.0)
    .bind(to_sql(seq.0))
    .bind(kind::CHAT_CHANGED)
    .bind(actor.0)
    .bind(now)
    .bind(chat_flags(closed, hides_past, false))
    .bind(title.as_deref().map(content))
    .execute(transaction)
    .await?;
    let (status, at) = (rows::status(closed), clock::to_wire(now));
    let changed = ChatChanged { chat_id: chat, seq, title, status, hides_past, accepted: false, at };
    Ok(Some(Event::ChatChanged(changed)))
}

pub(super) async fn block(
    transaction: &mut Connection,
    user: UserId,
    other: UserId,
) -> sqlx::Result<Option<Parting>> {
    // No chat of the two is started meanwhile.
    super::lock_users(transaction, &[user.0, other.0]).await?;
    let many: i64 = sqlx::query_scalar("SELECT count(*) FROM partings WHERE user_id = $1 AND kind = 0")
        .bind(user.0)
        .fetch_one(&mut *transaction)
        .await?;
    let is_new = insert(transaction, user, other, BLOCKED).await?;
    if is_new && many.unsigned_abs() >= limits::BLOCKS as u64 {
        return Ok(None);
    }
    if is_new {
        audit::note(transaction, Actor::User(user), "blocked", Some(other), "").await?;
    }
    let event = match pair(transaction, user, other).await? {
        Some(chat) => set_closed(transaction, user, chat, true).await?,
        None => None,
    };
    Ok(Some(Parting { other, event }))
}

pub(super) async fn unblock(
    transaction: &mut Connection,
    user: UserId,
    other: UserId,
) -> sqlx::Result<Option<Unblocking>> {
    super::lock_users(transaction, &[user.0, other.0]).await?;
    let gone = sqlx::query("DELETE FROM partings WHERE user_id = $1 AND other_id = $2 AND kind = 0")
        .bind(user.0)
        .bind(other.0)
        .execute(&mut *transaction)
        .await?;
    if gone.rows_affected() == 0 {
        return Ok(None);
    }
    audit::note(transaction, Actor::User(user), "unblocked", Some(other), "").await?;
    let chat = pair(transaction, user, other).await?;
    // Locked before the look, so that nobody ends it in between.
    if let Some(chat) = chat {
        super::lock_chat(transaction, chat).await?;
    }
    if are_parted(transaction, user, other).await? {
        return Ok(Some(Unblocking { still_parted: true, event: None }));
    }
    let event = match chat {
        // It was open until it was closed by this block, or by one that was taken back before.
        Some(chat) => set_closed(transaction, user, chat, false).await?,
        None => None,
    };
    let still_parted = sqlx::query_scalar(concat!("SELECT ", parted!("$1", "$2")))
        .bind(user.0)
        .bind(other.0)
        .fetch_one(transaction)
        .await?;
    Ok(Some(Unblocking { still_parted, event }))
}

/// Ends a chat of two for both, which one of them asks for; the row of the chat is locked by the caller or by this.
pub(super) async fn end_pair(
    transaction: &mut Connection,
    user: UserId,
    chat: ChatId,
) -> sqlx::Result<Option<Parting>> {
    let Some(other) = super::chats::other_of_pair(transaction, user, chat).await? else { return Ok(None) };
    insert(transaction, user, other, ENDED).await?;
    let event = set_closed(transaction, user, chat, true).await?;
    Ok(Some(Parting { other, event }))
}

/// As [`end_pair`], for a chat of which nothing is known.
pub(super) async fn end(transaction: &mut Connection, user: UserId, chat: ChatId) -> sqlx::Result<Ended> {
    super::lock_chat(transaction, chat).await?;
    let direct: Option<bool> = sqlx::query_scalar(
        "SELECT c.direct FROM participants p JOIN chats c ON c.id = p.chat_id
         WHERE p.chat_id = $1 AND p.user_id = $2",
    )
    .bind(chat.0)
    .bind(user.0)
    .fetch_optional(&mut *transaction)
    .await?;
    Ok(match direct {
        None => Ended::NoSuchChat,
        Some(false) => Ended::Group,
        Some(true) => Ended::Pair(end_pair(transaction, user, chat).await?.map(Box::new)),
    })
}

pub(super) async fn reopen(
    transaction: &mut Connection,
    actor: Actor,
    one: UserId,
    other: UserId,
) -> sqlx::Result<Reopening> {
    super::lock_users(transaction, &[one.0, other.0]).await?;
    let chat = pair(transaction, one, other).await?;
    // Locked before the look, so that nobody ends it in between.
    if let Some(chat) = chat {
        super::lock_chat(transaction, chat).await?;
    }
    let gone = sqlx::query(
        "DELETE FROM partings WHERE kind = 1 AND (user_id = $1 AND other_id = $2 OR user_id = $2 AND other_id = $1)",
    )
    .bind(one.0)
    .bind(other.0)
    .execute(&mut *transaction)
    .await?;
    if gone.rows_affected() == 0 {
        return Ok(Reopening::NotEnded);
    }
    audit::note(transaction, actor, "reopened", Some(one), &format!("account {other}")).await?;
    let still_parted = are_parted(transaction, one, other).await?;
    let Some(chat) = chat else { return Ok(Reopening::Done { still_parted, event: None, back: None }) };
    let event = if still_parted {
        None
    } else {
        // The log says who did it; the command line is nobody, and then it is the first of the two.
        set_closed(transaction, actor.user().unwrap_or(one), chat, false).await?.map(Box::new)
    };
    let back: Vec<i64> =
        sqlx::query_scalar("DELETE FROM removed_copies WHERE chat_id = $1 RETURNING user_id")
            .bind(chat.0)
            .fetch_all(&mut *transaction)
            .await?;
    for user in &back {
        sqlx::query(
            "INSERT INTO participants (chat_id, user_id, read_seq, from_seq)
             SELECT id, $2, head, head FROM chats WHERE id = $1",
        )
        .bind(chat.0)
        .bind(user)
        .execute(&mut *transaction)
        .await?;
    }
    Ok(Reopening::Done { still_parted, event, back: Some((chat, back.into_iter().map(UserId).collect())) })
}

pub(super) async fn last(reader: &mut Connection) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM partings").fetch_one(reader).await
}

pub(super) async fn after(reader: &mut Connection, id: i64, limit: u64) -> sqlx::Result<Vec<StoredParting>> {
    let rows: Vec<(i64, i64, i64, i64)> =
        sqlx::query_as("SELECT id, user_id, other_id, kind FROM partings WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(id)
            .bind(to_sql(limit))
            .fetch_all(reader)
            .await?;
    let parting = |(id, user, other, kind)| StoredParting {
        id,
        one: UserId(user),
        other: UserId(other),
        is_request: kind == ASKED,
    };
    Ok(rows.into_iter().map(parting).collect())
}

pub(super) async fn of(reader: &mut Connection, users: &[UserId]) -> sqlx::Result<Vec<(UserId, UserId)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(concat!(
        "SELECT user_id, other_id FROM partings WHERE user_id ",
        in_list!("$1"),
        " UNION SELECT user_id, other_id FROM partings WHERE other_id ",
        in_list!("$1")
    ))
    .bind(list(users.iter().map(|user| user.0)))
    .fetch_all(reader)
    .await?;
    Ok(rows.into_iter().map(|(user, other)| (UserId(user), UserId(other))).collect())
}
