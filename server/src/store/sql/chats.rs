//! SQL for chats and who is in them, as both backends speak it.

use std::collections::HashMap;

use causerie_protocol::rest::{Chat, Participant};
use causerie_protocol::{ChatId, Epoch, Message, UserId, limits};
use sqlx::Connection as _;

use super::{Connection, Pool};
use crate::clock;
use crate::store::rows::{ChatRow, EventRow, ParticipantRow, to_sql};
use crate::store::{NewChat, StoreError};

pub(super) async fn create(writer: &mut Connection, chat: &NewChat) -> Result<(ChatId, bool), StoreError> {
    let mut ids: Vec<i64> = chat.participants.iter().map(|user| user.0).collect();
    ids.sort_unstable();
    let pair = chat.direct.then(|| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(":"));
    let mut transaction = writer.begin().await?;
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO chats (direct, pair, title, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(chat.direct)
    .bind(&pair)
    .bind(&chat.title)
    .bind(clock::now())
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(id) = id else {
        let found = sqlx::query_scalar("SELECT id FROM chats WHERE pair = $1")
            .bind(&pair)
            .fetch_one(&mut *transaction)
            .await?;
        return Ok((ChatId(found), false));
    };
    for user in ids {
        sqlx::query("INSERT INTO participants (chat_id, user_id) VALUES ($1, $2)")
            .bind(id)
            .bind(user)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok((ChatId(id), true))
}

/// One chat or all chats of a person, the one that changed last first.
pub(super) async fn load(
    readers: &Pool,
    epoch: &Epoch,
    user: UserId,
    only: Option<ChatId>,
) -> Result<Vec<Chat>, StoreError> {
    // One snapshot for the three queries, so that counts and heads belong together.
    let mut snapshot = super::snapshot(readers).await?;
    let only = only.map(|chat| chat.0);
    let rows: Vec<ChatRow> = sqlx::query_as(
        "SELECT c.id, c.direct, c.closed, c.title, c.head, c.created_at, c.updated_at, p.read_seq,
                (SELECT count(*) FROM (SELECT 1 FROM events e
                  WHERE e.chat_id = c.id AND e.seq > p.read_seq AND e.kind = 0 AND e.actor_id <> p.user_id
                    AND e.deleted_at IS NULL LIMIT $3) AS few) AS unread,
                (SELECT e.id FROM events e WHERE e.chat_id = c.id AND e.kind = 0 AND e.deleted_at IS NULL
                  ORDER BY e.seq DESC LIMIT 1) AS last_id
         FROM participants p JOIN chats c ON c.id = p.chat_id
         WHERE p.user_id = $1 AND ($2 IS NULL OR c.id = $2)
         ORDER BY c.updated_at DESC, c.id DESC",
    )
    .bind(user.0)
    .bind(only)
    .bind(to_sql(limits::UNREAD))
    .fetch_all(&mut *snapshot)
    .await?;
    let members: Vec<ParticipantRow> = sqlx::query_as(
        "SELECT p.chat_id, p.read_seq, u.id AS user_id, u.email, u.name
         FROM participants mine
         JOIN participants p ON p.chat_id = mine.chat_id
         JOIN users u ON u.id = p.user_id
         WHERE mine.user_id = $1 AND ($2 IS NULL OR mine.chat_id = $2)
         ORDER BY p.chat_id, p.user_id",
    )
    .bind(user.0)
    .bind(only)
    .fetch_all(&mut *snapshot)
    .await?;
    let mut people: HashMap<i64, Vec<Participant>> = HashMap::new();
    for row in members {
        people.entry(row.chat_id).or_default().push(row.into());
    }
    let last: Vec<EventRow> = sqlx::query_as(
        "SELECT e.id, e.chat_id, e.seq, e.kind, e.at, e.client_id, e.content, e.target, e.edited_at, e.deleted_at,
                CAST(NULL AS BYTEA) AS target_content, u.id AS user_id, u.email, u.name
         FROM (SELECT (SELECT e.id FROM events e WHERE e.chat_id = p.chat_id AND e.kind = 0 AND e.deleted_at IS NULL
                       ORDER BY e.seq DESC LIMIT 1) AS id
               FROM participants p WHERE p.user_id = $1 AND ($2 IS NULL OR p.chat_id = $2)) AS newest
         JOIN events e ON e.id = newest.id
         JOIN users u ON u.id = e.actor_id",
    )
    .bind(user.0)
    .bind(only)
    .fetch_all(&mut *snapshot)
    .await?;
    let mut last: HashMap<i64, Message> = last.into_iter().map(|row| (row.id, row.into())).collect();
    Ok(rows
        .into_iter()
        .map(|row| {
            let participants = people.remove(&row.id).unwrap_or_default();
            let last_message = row.last_id.and_then(|id| last.remove(&id));
            row.into_chat(epoch, participants, last_message)
        })
        .collect())
}

pub(super) async fn participants(readers: &Pool, chat: ChatId) -> Result<Vec<UserId>, StoreError> {
    let ids = sqlx::query_scalar("SELECT user_id FROM participants WHERE chat_id = $1 ORDER BY user_id")
        .bind(chat.0)
        .fetch_all(readers)
        .await?;
    Ok(ids.into_iter().map(UserId).collect())
}

pub(super) async fn acquaintances(readers: &Pool, user: UserId) -> Result<Vec<UserId>, StoreError> {
    let ids = sqlx::query_scalar(
        "SELECT DISTINCT other.user_id FROM participants mine
         JOIN participants other ON other.chat_id = mine.chat_id
         WHERE mine.user_id = $1 AND other.user_id <> $1",
    )
    .bind(user.0)
    .fetch_all(readers)
    .await?;
    Ok(ids.into_iter().map(UserId).collect())
}

pub(super) async fn delete(
    writer: &mut Connection,
    user: UserId,
    chat: ChatId,
) -> Result<Option<Vec<UserId>>, StoreError> {
    let mut transaction = writer.begin().await?;
    super::lock_chat(&mut transaction, chat).await?;
    let members: Vec<i64> = sqlx::query_scalar("SELECT user_id FROM participants WHERE chat_id = $1")
        .bind(chat.0)
        .fetch_all(&mut *transaction)
        .await?;
    if !members.contains(&user.0) {
        return Ok(None);
    }
    for statement in [
        "DELETE FROM events WHERE chat_id = $1",
        "DELETE FROM refusals WHERE chat_id = $1",
        "DELETE FROM participants WHERE chat_id = $1",
        "DELETE FROM chats WHERE id = $1",
    ] {
        sqlx::query(statement).bind(chat.0).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(Some(members.into_iter().map(UserId).collect()))
}
