//! SQL for what participants have set of chats for themselves, as both backends speak it.

use causerie_protocol::chat_settings::Standing;
use causerie_protocol::{ChatId, ChatSettings, MessageId, UpdateChatSettings, UserId, limits};

use super::{Connection, lock_users};
use crate::clock;
use crate::store::rows::{SettingsRow, notify_to_sql, to_seq, to_sql};
use crate::store::{Refused, StoredSettings};

/// Where a chat stands for the participant, beside what they have set.
#[derive(sqlx::FromRow)]
struct Row {
    sort_key: i64,
    read_seq: i64,
    #[sqlx(flatten)]
    settings: SettingsRow,
}

#[derive(sqlx::FromRow)]
struct RowOfSomebody {
    user_id: i64,
    chat_id: i64,
    #[sqlx(flatten)]
    settings: SettingsRow,
}

pub(super) async fn change(
    writer: &mut Connection,
    user: UserId,
    chat: ChatId,
    change: &UpdateChatSettings,
) -> sqlx::Result<Result<ChatSettings, Refused>> {
    let mut transaction = super::begin(writer).await?;
    // One change of a person after the other, so that they do not pin more chats than they may.
    lock_users(&mut transaction, &[user.0]).await?;
    let row: Option<Row> = sqlx::query_as(concat!(
        "SELECT c.sort_key, me.read_seq, ",
        settings_columns!(),
        " FROM participants me JOIN chats c ON c.id = me.chat_id WHERE me.chat_id = $1 AND me.user_id = $2"
    ))
    .bind(chat.0)
    .bind(user.0)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(Row { sort_key, read_seq, settings }) = row else { return Ok(Err(Refused::NoSuchChat)) };
    let before: ChatSettings = settings.into();
    let now = clock::now();
    let standing =
        Standing { sort_key: MessageId(sort_key), read_seq: to_seq(read_seq), now: now.as_millis() };
    let mut after = before;
    after.change(change, standing);
    if after == before {
        return Ok(Ok(before));
    }
    if after.pinned_at.is_some() && before.pinned_at.is_none() {
        let pinned: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM participants WHERE user_id = $1 AND pinned_at IS NOT NULL",
        )
        .bind(user.0)
        .fetch_one(&mut *transaction)
        .await?;
        if pinned.unsigned_abs() >= limits::PINNED_CHATS as u64 {
            return Ok(Err(Refused::TooManyPinned));
        }
    }
    after.version = now.0.max(before.version.saturating_add(1));
    sqlx::query(
        "UPDATE participants SET notify = $3, muted_until = $4, pinned_at = $5, archived_at = $6,
                marked_unread = $7, settings_version = $8
         WHERE chat_id = $1 AND user_id = $2",
    )
    .bind(chat.0)
    .bind(user.0)
    .bind(notify_to_sql(after.notify))
    .bind(after.muted_until)
    .bind(after.pinned_at)
    .bind(after.archived_at.map(|at| at.0))
    .bind(after.marked_unread.map(|at| to_sql(at.0)))
    .bind(after.version)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Ok(after))
}

/// Forgets all that somebody has set, whose account is deleted.
pub(super) async fn forget(connection: &mut Connection, user: UserId) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE participants SET notify = 0, muted_until = NULL, pinned_at = NULL, archived_at = NULL,
                marked_unread = NULL, settings_version = 0
         WHERE user_id = $1 AND settings_version > 0",
    )
    .bind(user.0)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn after(
    reader: &mut Connection,
    (version, chat, user): (i64, ChatId, UserId),
    limit: u64,
) -> sqlx::Result<Vec<StoredSettings>> {
    let rows: Vec<RowOfSomebody> = sqlx::query_as(concat!(
        "SELECT me.user_id, me.chat_id, ",
        settings_columns!(),
        " FROM participants me
         WHERE me.settings_version > 0 AND me.settings_version >= $1
           AND (me.settings_version, me.chat_id, me.user_id) > ($1, $2, $3)
         ORDER BY me.settings_version, me.chat_id, me.user_id LIMIT $4"
    ))
    .bind(version)
    .bind(chat.0)
    .bind(user.0)
    .bind(to_sql(limit))
    .fetch_all(reader)
    .await?;
    let stored = |row: RowOfSomebody| StoredSettings {
        user: UserId(row.user_id),
        chat: ChatId(row.chat_id),
        settings: row.settings.into(),
    };
    Ok(rows.into_iter().map(stored).collect())
}
