//! SQL that reads a chat's log.

use causerie_protocol::event::{ChatChanged, Deleted, Edited, Membership, User};
use causerie_protocol::rest::ChatStatus;
use causerie_protocol::{ChatId, ClientId, Epoch, Event, Message, MessageId, Seq, UserId};
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use sqlx::Row;

use super::{to_seq, to_sql};
use crate::clock;
use crate::store::{Position, StoreError};

/// The kinds of event, as the table holds them.
pub(super) mod kind {
    pub(in crate::store::sqlite) const MESSAGE: i64 = 0;
    pub(in crate::store::sqlite) const EDITED: i64 = 1;
    pub(in crate::store::sqlite) const DELETED: i64 = 2;
    pub(in crate::store::sqlite) const JOINED: i64 = 3;
    pub(in crate::store::sqlite) const LEFT: i64 = 4;
    pub(in crate::store::sqlite) const CHAT_CHANGED: i64 = 5;
}

/// What every query of the log selects: the event, its message if it changed one, and the person that it is about.
macro_rules! select_events {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.chat_id, e.seq, e.kind, e.at, e.client_id, e.content, e.target, e.edited_at, e.deleted_at,
                    m.content AS target_content, u.id AS user_id, u.email, u.name ",
            $rest
        )
    };
}

fn message_of(row: &SqliteRow) -> Result<Message, sqlx::Error> {
    let client_id: Option<String> = row.try_get("client_id")?;
    Ok(Message {
        id: MessageId(row.try_get("id")?),
        chat_id: ChatId(row.try_get("chat_id")?),
        seq: to_seq(row.try_get("seq")?),
        sender: super::accounts::user(row)?,
        content: row.try_get::<Option<String>, _>("content")?.unwrap_or_default(),
        sent_at: clock::to_wire(row.try_get("at")?),
        // The table holds only ids that were valid when they came.
        client_id: client_id.and_then(|id| ClientId::new(id).ok()),
        edited_at: row.try_get::<Option<i64>, _>("edited_at")?.map(clock::to_wire),
        deleted_at: row.try_get::<Option<i64>, _>("deleted_at")?.map(clock::to_wire),
    })
}

fn event_of(row: &SqliteRow) -> Result<Event, sqlx::Error> {
    let chat_id = ChatId(row.try_get("chat_id")?);
    let seq = to_seq(row.try_get("seq")?);
    let at = clock::to_wire(row.try_get("at")?);
    let target: i64 = row.try_get::<Option<i64>, _>("target")?.unwrap_or_default();
    let user = || -> Result<User, sqlx::Error> { super::accounts::user(row) };
    Ok(match row.try_get("kind")? {
        kind::MESSAGE => Event::Message(message_of(row)?),
        kind::EDITED => Event::Edited(Edited {
            chat_id,
            seq,
            id: MessageId(target),
            content: row.try_get::<Option<String>, _>("target_content")?.unwrap_or_default(),
            edited_at: at,
        }),
        kind::DELETED => Event::Deleted(Deleted { chat_id, seq, id: MessageId(target), deleted_at: at }),
        kind::JOINED => Event::Joined(Membership { chat_id, seq, user: user()?, at }),
        kind::LEFT => Event::Left(Membership { chat_id, seq, user: user()?, at }),
        kind::CHAT_CHANGED => Event::ChatChanged(ChatChanged {
            chat_id,
            seq,
            title: row.try_get("content")?,
            status: if target == 0 { ChatStatus::Active } else { ChatStatus::Closed },
            at,
        }),
        // A row of a later version; the start refuses such a database, so this is a damaged one.
        other => return Err(sqlx::Error::Decode(format!("unknown kind of event {other}").into())),
    })
}

pub(super) async fn position(
    readers: &SqlitePool,
    epoch: &Epoch,
    user: UserId,
    chat: ChatId,
) -> Result<Option<Position>, StoreError> {
    let head: Option<i64> = sqlx::query_scalar(
        "SELECT c.head FROM participants p JOIN chats c ON c.id = p.chat_id WHERE p.chat_id = ?1 AND p.user_id = ?2",
    )
    .bind(chat.0)
    .bind(user.0)
    .fetch_optional(readers)
    .await?;
    Ok(head.map(|head| Position { head: to_seq(head), epoch: epoch.clone() }))
}

async fn is_participant(reader: &mut SqliteConnection, user: UserId, chat: ChatId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM participants WHERE chat_id = ?1 AND user_id = ?2)")
        .bind(chat.0)
        .bind(user.0)
        .fetch_one(reader)
        .await
}

pub(super) async fn events_after(
    readers: &SqlitePool,
    user: UserId,
    chat: ChatId,
    after: Seq,
    limit: u64,
) -> Result<Option<Vec<Event>>, StoreError> {
    let mut snapshot = readers.begin().await?;
    if !is_participant(&mut snapshot, user, chat).await? {
        return Ok(None);
    }
    let rows = sqlx::query(select_events!(
        "FROM events e
         LEFT JOIN events m ON e.kind = 1 AND m.id = e.target
         LEFT JOIN users u ON u.id = CASE WHEN e.kind IN (3, 4) THEN e.target ELSE e.actor_id END
         WHERE e.chat_id = ?1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3"
    ))
    .bind(chat.0)
    .bind(to_sql(after.0))
    .bind(to_sql(limit))
    .fetch_all(&mut *snapshot)
    .await?;
    Ok(Some(rows.iter().map(event_of).collect::<Result<_, _>>()?))
}

pub(super) async fn messages(
    readers: &SqlitePool,
    user: UserId,
    chat: ChatId,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Option<Vec<Message>>, StoreError> {
    let mut snapshot = readers.begin().await?;
    if !is_participant(&mut snapshot, user, chat).await? {
        return Ok(None);
    }
    // Ids grow with positions, so the page before a message is found through its position.
    let rows = sqlx::query(select_events!(
        "FROM events e LEFT JOIN events m ON 0 JOIN users u ON u.id = e.actor_id
         WHERE e.chat_id = ?1 AND e.kind = 0
           AND e.seq < coalesce((SELECT seq FROM events WHERE id = ?2 AND chat_id = ?1),
                                CASE WHEN ?2 IS NULL THEN 9223372036854775807 ELSE 0 END)
         ORDER BY e.seq DESC LIMIT ?3"
    ))
    .bind(chat.0)
    .bind(before.map(|id| id.0))
    .bind(to_sql(limit))
    .fetch_all(&mut *snapshot)
    .await?;
    Ok(Some(rows.iter().rev().map(message_of).collect::<Result<_, _>>()?))
}

pub(super) async fn message(
    readers: &SqlitePool,
    user: UserId,
    id: MessageId,
) -> Result<Option<Message>, StoreError> {
    let row = sqlx::query(select_events!(
        "FROM events e LEFT JOIN events m ON 0 JOIN users u ON u.id = e.actor_id
         JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = ?2
         WHERE e.id = ?1 AND e.kind = 0"
    ))
    .bind(id.0)
    .bind(user.0)
    .fetch_optional(readers)
    .await?;
    Ok(row.as_ref().map(message_of).transpose()?)
}

pub(super) async fn messages_by_id(
    reader: &mut SqliteConnection,
    ids: &[i64],
) -> Result<Vec<Message>, sqlx::Error> {
    let rows = sqlx::query(select_events!(
        "FROM json_each(?1) j JOIN events e ON e.id = j.value LEFT JOIN events m ON 0 JOIN users u ON u.id = e.actor_id"
    ))
    .bind(serde_json::json!(ids).to_string())
    .fetch_all(reader)
    .await?;
    rows.iter().map(message_of).collect()
}

pub(super) async fn heads(readers: &SqlitePool, chats: &[ChatId]) -> Result<Vec<(ChatId, Seq)>, StoreError> {
    let rows = sqlx::query("SELECT c.id, c.head FROM json_each(?1) j JOIN chats c ON c.id = j.value")
        .bind(serde_json::json!(chats).to_string())
        .fetch_all(readers)
        .await?;
    rows.iter().map(|row| Ok((ChatId(row.try_get("id")?), to_seq(row.try_get("head")?)))).collect()
}
