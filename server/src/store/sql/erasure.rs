//! SQL for accounts that are to be deleted, and for erasing the messages of those that are. Both backends speak it.

use causerie_protocol::{ChatId, MessageId, UserId};

use super::Connection;
use crate::clock::UnixMicros;
use crate::store::Erasure;

/// Events that one step of an erasure looks at.
const ERASURE_STEP: i64 = 10_000;

/// Those whose week to think is over.
pub(super) async fn due_for_deletion(reader: &mut Connection, now: UnixMicros) -> sqlx::Result<Vec<UserId>> {
    let due = sqlx::query_scalar(
        "SELECT id FROM users WHERE delete_at IS NOT NULL AND delete_at <= $1 AND deleted_at IS NULL ORDER BY id LIMIT 100",
    )
    .bind(now)
    .fetch_all(reader)
    .await?;
    Ok(due.into_iter().map(UserId).collect())
}

pub(super) async fn to_erase(reader: &mut Connection, before: UnixMicros) -> sqlx::Result<Option<Erasure>> {
    let next: Option<(i64, i64)> = sqlx::query_as(
        "SELECT id, erased_to FROM users WHERE erased_to IS NOT NULL AND deleted_at < $1 ORDER BY id LIMIT 1",
    )
    .bind(before)
    .fetch_optional(&mut *reader)
    .await?;
    let Some((user, from)) = next else { return Ok(None) };
    let last: i64 =
        sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM events").fetch_one(&mut *reader).await?;
    // By the ids of events, since no index finds what one person wrote, and one would cost every message.
    let up_to = from.saturating_add(ERASURE_STEP).min(last);
    let messages: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT chat_id, id FROM events
         WHERE id > $1 AND id <= $2 AND actor_id = $3 AND kind = 0 AND deleted_at IS NULL ORDER BY id",
    )
    .bind(from)
    .bind(up_to)
    .bind(user)
    .fetch_all(reader)
    .await?;
    let messages = messages.into_iter().map(|(chat, id)| (ChatId(chat), MessageId(id))).collect();
    Ok(Some(Erasure { user: UserId(user), messages, up_to: (up_to < last).then_some(up_to) }))
}

pub(super) async fn erased(writer: &mut Connection, erasure: &Erasure) -> sqlx::Result<()> {
    sqlx::query("UPDATE users SET erased_to = $2 WHERE id = $1 AND erased_to IS NOT NULL AND ($2 IS NULL OR erased_to < $2)")
        .bind(erasure.user.0)
        .bind(erasure.up_to)
        .execute(writer)
        .await
        .map(drop)
}
