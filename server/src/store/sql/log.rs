//! SQL that reads a chat's log, as both backends speak it.

use causerie_protocol::{ChatId, Epoch, Event, Message, MessageId, Seq, UserId, limits};

use super::{Connection, Pool};
use crate::store::rows::{EventRow, to_seq, to_sql};
use crate::store::{Position, StoreError};

pub(super) async fn position(
    readers: &Pool,
    epoch: &Epoch,
    user: UserId,
    chat: ChatId,
) -> Result<Option<Position>, StoreError> {
    let head: Option<i64> = sqlx::query_scalar(
        "SELECT c.head FROM participants p JOIN chats c ON c.id = p.chat_id WHERE p.chat_id = $1 AND p.user_id = $2",
    )
    .bind(chat.0)
    .bind(user.0)
    .fetch_optional(readers)
    .await?;
    Ok(head.map(|head| Position { head: to_seq(head), epoch: epoch.clone() }))
}

async fn is_participant(reader: &mut Connection, user: UserId, chat: ChatId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM participants WHERE chat_id = $1 AND user_id = $2)")
        .bind(chat.0)
        .bind(user.0)
        .fetch_one(reader)
        .await
}

pub(super) async fn events_after(
    readers: &Pool,
    user: UserId,
    chat: ChatId,
    after: Seq,
    limit: u64,
) -> Result<Option<Vec<Event>>, StoreError> {
    let mut snapshot = super::snapshot(readers).await?;
    if !is_participant(&mut snapshot, user, chat).await? {
        return Ok(None);
    }
    let rows: Vec<EventRow> = sqlx::query_as(
        "SELECT e.id, e.chat_id, e.seq, e.kind, e.at, e.client_id, e.content, e.target, e.edited_at, e.deleted_at,
                m.content AS target_content, u.id AS user_id, u.email, u.name
         FROM events e
         LEFT JOIN events m ON e.kind = 1 AND m.id = e.target
         JOIN users u ON u.id = CASE WHEN e.kind IN (3, 4) THEN e.target ELSE e.actor_id END
         WHERE e.chat_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3",
    )
    .bind(chat.0)
    .bind(to_sql(after.0))
    .bind(to_sql(limit))
    .fetch_all(&mut *snapshot)
    .await?;
    Ok(Some(rows.into_iter().map(Event::try_from).collect::<Result<_, _>>()?))
}

pub(super) async fn messages(
    readers: &Pool,
    user: UserId,
    chat: ChatId,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Option<Vec<Message>>, StoreError> {
    let mut snapshot = super::snapshot(readers).await?;
    if !is_participant(&mut snapshot, user, chat).await? {
        return Ok(None);
    }
    // Ids grow with positions, so the page before a message is found through its position.
    let rows: Vec<EventRow> = sqlx::query_as(
        "SELECT e.id, e.chat_id, e.seq, e.kind, e.at, e.client_id, e.content, e.target, e.edited_at, e.deleted_at,
                CAST(NULL AS BYTEA) AS target_content, u.id AS user_id, u.email, u.name
         FROM events e JOIN users u ON u.id = e.actor_id
         WHERE e.chat_id = $1 AND e.kind = 0
           AND e.seq < coalesce((SELECT seq FROM events WHERE id = $2 AND chat_id = $1),
                                CASE WHEN $2 IS NULL THEN 9223372036854775807 ELSE 0 END)
         ORDER BY e.seq DESC LIMIT $3",
    )
    .bind(chat.0)
    .bind(before.map(|id| id.0))
    .bind(to_sql(limit))
    .fetch_all(&mut *snapshot)
    .await?;
    Ok(Some(rows.into_iter().rev().map(Into::into).collect()))
}

pub(super) async fn message(
    readers: &Pool,
    user: UserId,
    id: MessageId,
) -> Result<Option<Message>, StoreError> {
    let row: Option<EventRow> = sqlx::query_as(
        "SELECT e.id, e.chat_id, e.seq, e.kind, e.at, e.client_id, e.content, e.target, e.edited_at, e.deleted_at,
                CAST(NULL AS BYTEA) AS target_content, u.id AS user_id, u.email, u.name
         FROM events e JOIN users u ON u.id = e.actor_id
         JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = $2
         WHERE e.id = $1 AND e.kind = 0",
    )
    .bind(id.0)
    .bind(user.0)
    .fetch_optional(readers)
    .await?;
    Ok(row.map(Into::into))
}

/// Forgets what was refused longer ago than a copy of it can wait anywhere.
///
/// Called with every refusal, so that the table holds no more than those of that time.
pub(super) async fn forget_refusals(connection: &mut Connection, now: i64) -> Result<(), StoreError> {
    const AGE: i64 = limits::REFUSED_DAYS * 24 * 60 * 60 * 1_000_000;
    sqlx::query("DELETE FROM refusals WHERE at < $1").bind(now - AGE).execute(connection).await?;
    Ok(())
}
