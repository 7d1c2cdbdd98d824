//! SQL for chats and who is in them.

use std::collections::HashMap;

use causerie_protocol::rest::{Chat, ChatKind, ChatStatus, Participant};
use causerie_protocol::{ChatId, Epoch, UserId};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Acquire, Row};

use super::{accounts, log, to_seq};
use crate::clock;
use crate::store::{NewChat, StoreError};

/// Unread messages are counted up to this; a badge says no more than "999+".
const UNREAD_MAX: i64 = 1_000;

pub(super) async fn create(writer: &mut SqliteConnection, chat: &NewChat) -> Result<(ChatId, bool), StoreError> {
    let mut ids: Vec<i64> = chat.participants.iter().map(|user| user.0).collect();
    ids.sort_unstable();
    let pair = chat.direct.then(|| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(":"));
    let mut transaction = writer.begin().await?;
    if let Some(pair) = &pair {
        let found = sqlx::query_scalar("SELECT id FROM chats WHERE pair = ?1")
            .bind(pair)
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some(id) = found {
            return Ok((ChatId(id), false));
        }
    }
    let now = clock::now();
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO chats (direct, pair, title, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4) RETURNING id",
    )
    .bind(chat.direct)
    .bind(&pair)
    .bind(&chat.title)
    .bind(now)
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query("INSERT INTO participants (chat_id, user_id) SELECT ?1, value FROM json_each(?2)")
        .bind(id)
        .bind(serde_json::json!(ids).to_string())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok((ChatId(id), true))
}

/// One chat or all chats of a person, the one that changed last first.
pub(super) async fn load(
    readers: &SqlitePool,
    epoch: &Epoch,
    user: UserId,
    only: Option<ChatId>,
) -> Result<Vec<Chat>, StoreError> {
    // One snapshot for the three queries, so that counts and heads belong together.
    let mut snapshot = readers.begin().await?;
    let rows = sqlx::query(
        "SELECT c.id, c.direct, c.closed, c.title, c.head, c.created_at, c.updated_at, p.read_seq,
                (SELECT count(*) FROM (SELECT 1 FROM events e
                  WHERE e.chat_id = c.id AND e.seq > p.read_seq AND e.kind = 0 AND e.actor_id <> p.user_id
                    AND e.deleted_at IS NULL LIMIT ?3)) AS unread,
                (SELECT e.id FROM events e WHERE e.chat_id = c.id AND e.kind = 0 AND e.deleted_at IS NULL
                  ORDER BY e.seq DESC LIMIT 1) AS last_id
         FROM participants p JOIN chats c ON c.id = p.chat_id
         WHERE p.user_id = ?1 AND (?2 IS NULL OR c.id = ?2)
         ORDER BY c.updated_at DESC, c.id DESC",
    )
    .bind(user.0)
    .bind(only.map(|chat| chat.0))
    .bind(UNREAD_MAX)
    .fetch_all(&mut *snapshot)
    .await?;
    let ids = serde_json::json!(rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<i64>, _>>()?).to_string();
    let last_ids: Vec<i64> = rows.iter().filter_map(|row| row.try_get("last_id").ok()).collect();
    let mut people: HashMap<i64, Vec<Participant>> = HashMap::new();
    let members = sqlx::query(
        "SELECT p.chat_id, p.read_seq, u.id AS user_id, u.email, u.name
         FROM json_each(?1) j JOIN participants p ON p.chat_id = j.value JOIN users u ON u.id = p.user_id
         ORDER BY p.chat_id, p.user_id",
    )
    .bind(ids)
    .fetch_all(&mut *snapshot)
    .await?;
    for row in &members {
        people.entry(row.try_get("chat_id")?).or_default().push(Participant {
            user: accounts::user(row)?,
            read_seq: to_seq(row.try_get("read_seq")?),
            online: false,
        });
    }
    let mut last: HashMap<i64, _> = log::messages_by_id(&mut snapshot, &last_ids)
        .await?
        .into_iter()
        .map(|message| (message.chat_id.0, message))
        .collect();
    rows.iter()
        .map(|row| {
            let id: i64 = row.try_get("id")?;
            Ok(Chat {
                id: ChatId(id),
                kind: if row.try_get("direct")? { ChatKind::Direct } else { ChatKind::Group },
                status: if row.try_get("closed")? { ChatStatus::Closed } else { ChatStatus::Active },
                title: row.try_get("title")?,
                participants: people.remove(&id).unwrap_or_default(),
                head: to_seq(row.try_get("head")?),
                epoch: epoch.clone(),
                read_seq: to_seq(row.try_get("read_seq")?),
                unread: row.try_get::<i64, _>("unread")?.unsigned_abs(),
                last_message: last.remove(&id),
                created_at: clock::to_wire(row.try_get("created_at")?),
                updated_at: clock::to_wire(row.try_get("updated_at")?),
            })
        })
        .collect()
}

pub(super) async fn participants(readers: &SqlitePool, chat: ChatId) -> Result<Vec<UserId>, StoreError> {
    let ids = sqlx::query_scalar("SELECT user_id FROM participants WHERE chat_id = ?1 ORDER BY user_id")
        .bind(chat.0)
        .fetch_all(readers)
        .await?;
    Ok(ids.into_iter().map(UserId).collect())
}

pub(super) async fn acquaintances(readers: &SqlitePool, user: UserId) -> Result<Vec<UserId>, StoreError> {
    let ids = sqlx::query_scalar(
        "SELECT DISTINCT other.user_id FROM participants mine
         JOIN participants other ON other.chat_id = mine.chat_id
         WHERE mine.user_id = ?1 AND other.user_id <> ?1",
    )
    .bind(user.0)
    .fetch_all(readers)
    .await?;
    Ok(ids.into_iter().map(UserId).collect())
}

pub(super) async fn delete(
    writer: &mut SqliteConnection,
    user: UserId,
    chat: ChatId,
) -> Result<Option<Vec<UserId>>, StoreError> {
    let mut transaction = writer.begin().await?;
    let members: Vec<i64> = sqlx::query_scalar("SELECT user_id FROM participants WHERE chat_id = ?1")
        .bind(chat.0)
        .fetch_all(&mut *transaction)
        .await?;
    if !members.contains(&user.0) {
        return Ok(None);
    }
    for statement in [
        "DELETE FROM events WHERE chat_id = ?1",
        "DELETE FROM participants WHERE chat_id = ?1",
        "DELETE FROM chats WHERE id = ?1",
    ] {
        sqlx::query(statement).bind(chat.0).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(Some(members.into_iter().map(UserId).collect()))
}
