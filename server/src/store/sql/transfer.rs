//! SQL that moves an installation, as both backends speak it.

use sqlx::QueryBuilder;

use super::{Connection, Database, content};
use crate::store::transfer::{BATCH, Key, Rows, Table};

/// Messages whose reactions are read at once.
const MESSAGES_OF_REACTIONS: i64 = 10;
/// Reactions that one statement writes.
const REACTIONS_AT_ONCE: usize = 1_000;

pub(in crate::store) async fn meta(connection: &mut Connection) -> sqlx::Result<Vec<(String, String)>> {
    // Of what SQLite keeps there, the last run and the mark of a backup belong to the one file.
    sqlx::query_as("SELECT key, value FROM meta WHERE key NOT IN ('run', 'backup') ORDER BY key")
        .fetch_all(connection)
        .await
}

pub(in crate::store) async fn set_meta(
    connection: &mut Connection,
    meta: &[(String, String)],
) -> sqlx::Result<()> {
    for (key, value) in meta {
        sqlx::query(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(value)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(in crate::store) async fn count(connection: &mut Connection, table: Table) -> sqlx::Result<u64> {
    let statement = match table {
        Table::Users => "SELECT count(*) FROM users",
        Table::Tokens => "SELECT count(*) FROM tokens",
        Table::Chats => "SELECT count(*) FROM chats",
        Table::Participants => "SELECT count(*) FROM participants",
        Table::Events => "SELECT count(*) FROM events",
        Table::Reactions => "SELECT count(*) FROM reactions",
        Table::CreatedChats => "SELECT count(*) FROM created_chats",
        Table::Links => "SELECT count(*) FROM links",
        Table::Asks => "SELECT count(*) FROM asks",
        Table::Audit => "SELECT count(*) FROM audit",
        Table::Partings => "SELECT count(*) FROM partings",
        Table::RemovedCopies => "SELECT count(*) FROM removed_copies",
        Table::Reports => "SELECT count(*) FROM reports",
        Table::ReportedMessages => "SELECT count(*) FROM reported_messages",
        Table::SecondFactors => "SELECT count(*) FROM second_factors",
    };
    let count: i64 = sqlx::query_scalar(statement).fetch_one(connection).await?;
    Ok(count.unsigned_abs())
}

pub(in crate::store) async fn read(
    connection: &mut Connection,
    table: Table,
    after: Key,
) -> sqlx::Result<Rows> {
    Ok(match table {
        Table::Users => Rows::Users(
            sqlx::query_as(
                "SELECT id, email, email_key, email_twin, name, password_hash, created_at,
                        role, suspended_at, delete_at, deleted_at, hides_online, hides_read, erased_to FROM users
                 WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::Tokens => Rows::Tokens(
            sqlx::query_as(
                "SELECT id, user_id, digest, created_at, expires_at, revoked, device, address, last_used_at
                 FROM tokens WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::Chats => Rows::Chats(
            sqlx::query_as(
                "SELECT id, direct, pair, closed, title, head, created_at, updated_at, sort_key, hides_past, requested_by FROM chats
                 WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::Participants => Rows::Participants(
            sqlx::query_as(
                "SELECT chat_id, user_id, read_seq, role, from_seq, notify, muted_until, pinned_at, archived_at,
                        marked_unread, settings_version FROM participants
                 WHERE (chat_id, user_id) > ($1, $2) ORDER BY chat_id, user_id LIMIT $3",
            )
            .bind(after.0)
            .bind(after.1)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::Events => Rows::Events(
            sqlx::query_as(
                "SELECT id, chat_id, seq, kind, actor_id, at, client_id, content, target, edited_at, deleted_at,
                        pinned_at, plain
                 FROM events WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        // All of a message at once, since a batch may not end within one: at most as many as people times kinds.
        Table::Reactions => Rows::Reactions(
            sqlx::query_as(
                "SELECT chat_id, message_id, user_id, emoji FROM reactions r
                 JOIN (SELECT DISTINCT chat_id AS of_chat, message_id AS of_message FROM reactions
                       WHERE (chat_id, message_id) > ($1, $2) ORDER BY of_chat, of_message LIMIT $3) m
                   ON m.of_chat = r.chat_id AND m.of_message = r.message_id
                 ORDER BY chat_id, message_id, user_id, emoji",
            )
            .bind(after.0)
            .bind(after.1)
            .bind(MESSAGES_OF_REACTIONS)
            .fetch_all(connection)
            .await?,
        ),
        Table::Reports => Rows::Reports(
            sqlx::query_as(
                "SELECT id, reporter_id, reported_id, chat_id, message_id, reason, words, created_at,
                        action, note, closed_by, closed_at FROM reports
                 WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::ReportedMessages => Rows::ReportedMessages(
            sqlx::query_as(
                "SELECT report_id, seq, message_id, sender_id, content, sent_at, edited_at, deleted_at
                 FROM reported_messages
                 WHERE (report_id, seq) > ($1, $2) ORDER BY report_id, seq LIMIT $3",
            )
            .bind(after.0)
            .bind(after.1)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::SecondFactors => Rows::SecondFactors(
            sqlx::query_as(
                "SELECT user_id, secret, confirmed_at, last_step, wrong_codes, blocked_until, recovery
                 FROM second_factors WHERE user_id > $1 ORDER BY user_id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::Partings => Rows::Partings(
            sqlx::query_as(
                "SELECT id, user_id, other_id, kind, at FROM partings WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::RemovedCopies => Rows::RemovedCopies(
            sqlx::query_as(
                "SELECT chat_id, user_id FROM removed_copies
                 WHERE (chat_id, user_id) > ($1, $2) ORDER BY chat_id, user_id LIMIT $3",
            )
            .bind(after.0)
            .bind(after.1)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::CreatedChats => Rows::CreatedChats(
            sqlx::query_as(
                "SELECT id, creator_id, client_id, chat_id, digest FROM created_chats
                 WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::Links => Rows::Links(
            sqlx::query_as(
                "SELECT id, kind, digest, role, user_id, created_by, created_at, ends_at, uses, max_uses, revoked, chats, email,
                        invitation_id
                 FROM links WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
        Table::Asks => Rows::Asks(
            sqlx::query_as("SELECT id, user_id, email, language, at FROM asks WHERE id > $1 ORDER BY id LIMIT $2")
                .bind(after.0)
                .bind(BATCH)
                .fetch_all(connection)
                .await?,
        ),
        Table::Audit => Rows::Audit(
            sqlx::query_as(
                "SELECT id, at, actor_id, action, target_id, detail FROM audit WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.0)
            .bind(BATCH)
            .fetch_all(connection)
            .await?,
        ),
    })
}

pub(in crate::store) async fn write(connection: &mut Connection, rows: &Rows) -> sqlx::Result<()> {
    let insert = |columns: &str| QueryBuilder::<Database>::new(format!("INSERT INTO {columns} "));
    let mut query = match rows {
        Rows::Users(rows) => {
            let mut query = insert(
                "users (id, email, email_key, email_twin, name, password_hash, created_at, role, suspended_at, delete_at, deleted_at, hides_online, hides_read, erased_to)",
            );
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.id).push_bind(&row.email).push_bind(&row.email_key);
                values.push_bind(row.email_twin).push_bind(&row.name);
                values.push_bind(&row.password_hash).push_bind(row.created_at).push_bind(row.role);
                values.push_bind(row.suspended_at).push_bind(row.delete_at).push_bind(row.deleted_at);
                values.push_bind(row.hides_online).push_bind(row.hides_read).push_bind(row.erased_to);
            });
            query
        }
        Rows::Tokens(rows) => {
            let mut query = insert(
                "tokens (id, user_id, digest, created_at, expires_at, revoked, device, address, last_used_at)",
            );
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.id).push_bind(row.user_id).push_bind(&row.digest);
                values.push_bind(row.created_at).push_bind(row.expires_at).push_bind(row.revoked);
                values.push_bind(&row.device).push_bind(&row.address).push_bind(row.last_used_at);
            });
            query
        }
        Rows::Chats(rows) => {
            let mut query = insert(
                "chats (id, direct, pair, closed, title, head, created_at, updated_at, sort_key, hides_past, requested_by)",
            );
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.id).push_bind(row.direct).push_bind(&row.pair).push_bind(row.closed);
                values.push_bind(&row.title).push_bind(row.head);
                values.push_bind(row.created_at).push_bind(row.updated_at).push_bind(row.sort_key);
                values.push_bind(row.hides_past).push_bind(row.requested_by);
            });
            query
        }
        Rows::Participants(rows) => {
            let mut query = insert(
                "participants (chat_id, user_id, read_seq, role, from_seq, notify, muted_until, pinned_at, archived_at, marked_unread, settings_version)",
            );
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.chat_id).push_bind(row.user_id).push_bind(row.read_seq);
                values.push_bind(row.role).push_bind(row.from_seq).push_bind(row.notify);
                values.push_bind(row.muted_until).push_bind(row.pinned_at).push_bind(row.archived_at);
                values.push_bind(row.marked_unread).push_bind(row.settings_version);
            });
            query
        }
        Rows::Events(rows) => {
            let mut query = insert(
                "events (id, chat_id, seq, kind, actor_id, at, client_id, content, target, edited_at, deleted_at, pinned_at, plain)",
            );
            query.push_values(rows, |mut values, row| {
                let text = row.content.as_deref().map(String::from_utf8_lossy);
                values.push_bind(row.id).push_bind(row.chat_id).push_bind(row.seq).push_bind(row.kind);
                values.push_bind(row.actor_id).push_bind(row.at).push_bind(&row.client_id);
                values.push_bind(text.as_deref().map(content)).push_bind(row.target);
                values
                    .push_bind(row.edited_at)
                    .push_bind(row.deleted_at)
                    .push_bind(row.pinned_at)
                    .push_bind(row.plain);
            });
            query
        }
        Rows::Reactions(rows) => {
            // Apart, since one message can have more of them than a statement takes values.
            for rows in rows.chunks(REACTIONS_AT_ONCE) {
                let mut query = insert("reactions (chat_id, message_id, user_id, emoji)");
                query.push_values(rows, |mut values, row| {
                    values.push_bind(row.chat_id).push_bind(row.message_id);
                    values.push_bind(row.user_id).push_bind(&row.emoji);
                });
                query.build().execute(&mut *connection).await?;
            }
            return Ok(());
        }
        Rows::CreatedChats(rows) => {
            let mut query = insert("created_chats (id, creator_id, client_id, chat_id, digest)");
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.id).push_bind(row.creator_id).push_bind(&row.client_id);
                values.push_bind(row.chat_id).push_bind(&row.digest);
            });
            query
        }
        Rows::Reports(rows) => {
            let mut query = insert(
                "reports (id, reporter_id, reported_id, chat_id, message_id, reason, words, created_at, action, note, closed_by, closed_at)",
            );
            query.push_values(rows, |mut values, row| {
                let words = row.words.as_deref().map(String::from_utf8_lossy);
                let note = row.note.as_deref().map(String::from_utf8_lossy);
                values.push_bind(row.id).push_bind(row.reporter_id).push_bind(row.reported_id);
                values.push_bind(row.chat_id).push_bind(row.message_id).push_bind(&row.reason);
                values.push_bind(words.as_deref().map(content)).push_bind(row.created_at);
                values.push_bind(&row.action).push_bind(note.as_deref().map(content));
                values.push_bind(row.closed_by).push_bind(row.closed_at);
            });
            query
        }
        Rows::ReportedMessages(rows) => {
            let mut query = insert(
                "reported_messages (report_id, seq, message_id, sender_id, content, sent_at, edited_at, deleted_at)",
            );
            query.push_values(rows, |mut values, row| {
                let text = row.content.as_deref().map(String::from_utf8_lossy);
                values.push_bind(row.report_id).push_bind(row.seq).push_bind(row.message_id);
                values.push_bind(row.sender_id).push_bind(text.as_deref().map(content));
                values.push_bind(row.sent_at).push_bind(row.edited_at).push_bind(row.deleted_at);
            });
            query
        }
        Rows::SecondFactors(rows) => {
            let mut query = insert(
                "second_factors (user_id, secret, confirmed_at, last_step, wrong_codes, blocked_until, recovery)",
            );
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.user_id).push_bind(&row.secret).push_bind(row.confirmed_at);
                values.push_bind(row.last_step).push_bind(row.wrong_codes).push_bind(row.blocked_until);
                values.push_bind(&row.recovery);
            });
            query
        }
        Rows::Partings(rows) => {
            let mut query = insert("partings (id, user_id, other_id, kind, at)");
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.id).push_bind(row.user_id).push_bind(row.other_id);
                values.push_bind(row.kind).push_bind(row.at);
            });
            query
        }
        Rows::RemovedCopies(rows) => {
            let mut query = insert("removed_copies (chat_id, user_id)");
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.chat_id).push_bind(row.user_id);
            });
            query
        }
        Rows::Links(rows) => {
            let mut query = insert(
                "links (id, kind, digest, role, user_id, created_by, created_at, ends_at, uses, max_uses, revoked, chats, email, invitation_id)",
            );
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.id).push_bind(row.kind).push_bind(&row.digest).push_bind(row.role);
                values.push_bind(row.user_id).push_bind(row.created_by).push_bind(row.created_at);
                values.push_bind(row.ends_at).push_bind(row.uses).push_bind(row.max_uses);
                values.push_bind(row.revoked).push_bind(&row.chats).push_bind(&row.email);
                values.push_bind(row.invitation_id);
            });
            query
        }
        Rows::Asks(rows) => {
            let mut query = insert("asks (id, user_id, email, language, at)");
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.id).push_bind(row.user_id).push_bind(&row.email);
                values.push_bind(&row.language).push_bind(row.at);
            });
            query
        }
        Rows::Audit(rows) => {
            let mut query = insert("audit (id, at, actor_id, action, target_id, detail)");
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.id).push_bind(row.at).push_bind(row.actor_id).push_bind(&row.action);
                values.push_bind(row.target_id).push_bind(&row.detail);
            });
            query
        }
    };
    query.build().execute(connection).await?;
    Ok(())
}

pub(in crate::store) async fn broken_log(connection: &mut Connection) -> sqlx::Result<Option<i64>> {
    // Positions are unique per chat, so as many of them as the last one leave no gap.
    sqlx::query_scalar(
        "SELECT c.id FROM chats c LEFT JOIN events e ON e.chat_id = c.id GROUP BY c.id, c.head
         HAVING count(e.seq) <> c.head OR coalesce(max(e.seq), 0) <> c.head OR coalesce(min(e.seq), 1) <> 1
         ORDER BY c.id LIMIT 1",
    )
    .fetch_optional(connection)
    .await
}
