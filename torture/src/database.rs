//! Reads the log out of the server's database, after the server has ended.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::label::Label;
use crate::log::{Entry, Kind, Log, Logs};

/// Id, position, kind, actor, client id, content, target.
type Row = (i64, i64, i64, i64, Option<String>, Option<String>, Option<i64>);

/// The logs in a SQLite database.
///
/// # Errors
/// When the file can't be read, or holds other tables than this version of the server makes.
pub async fn read(path: &Path) -> Result<Logs> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = options.connect().await.context("opening the server's database")?;
    let chats: Vec<(i64, i64)> =
        sqlx::query_as("SELECT id, head FROM chats").fetch_all(&mut connection).await?;
    let reads: Vec<(i64, i64, i64)> = sqlx::query_as("SELECT chat_id, user_id, read_seq FROM participants")
        .fetch_all(&mut connection)
        .await?;
    let mut logs = Logs::new();
    for (chat, head) in chats {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, seq, kind, actor_id, client_id, content, target FROM events WHERE chat_id = ? ORDER BY seq",
        )
        .bind(chat)
        .fetch_all(&mut connection)
        .await?;
        let entries = rows.into_iter().map(|(id, seq, kind, actor, client_id, content, target)| {
            let kind = match kind {
                0 => {
                    let label = content.as_deref().and_then(Label::of_text);
                    let own = client_id.as_deref().and_then(Label::of_client_id);
                    Kind::Message { label, named: label == own }
                }
                3 => Kind::Joined(target.unwrap_or_default()),
                4 => Kind::Left(target.unwrap_or_default()),
                _ => Kind::Other,
            };
            Entry { seq: seq.cast_unsigned(), id, actor, kind }
        });
        let reads: HashMap<_, _> = reads
            .iter()
            .filter(|(of, _, _)| *of == chat)
            .map(|(_, user, seq)| (*user, seq.cast_unsigned()))
            .collect();
        logs.insert(chat, Log::new(head.cast_unsigned(), reads, entries.collect()));
    }
    connection.close().await.context("closing the server's database")?;
    Ok(logs)
}
