//! Reads the logs from the servers' database, after they have ended.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::history::{Chat, User};
use crate::label::Label;
use crate::log::{Entry, Kind, Log, Logs};

/// Chat, id, seq, kind, actor, client id, target, and the content in this backend's type.
type Row<C> = (Chat, i64, i64, i64, User, Option<String>, Option<i64>, Option<C>);

const CHATS: &str = "SELECT id, head FROM chats";
const READS: &str = "SELECT chat_id, user_id, read_seq FROM participants";
const EVENTS: &str =
    "SELECT chat_id, id, seq, kind, actor_id, client_id, target, content FROM events ORDER BY chat_id, seq";

/// The logs in a SQLite database.
pub async fn read_sqlite(path: &Path) -> Result<Logs> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = options.connect().await.context("opening the server's database")?;
    let chats = sqlx::query_as(CHATS).fetch_all(&mut connection).await?;
    let reads = sqlx::query_as(READS).fetch_all(&mut connection).await?;
    let events: Vec<Row<String>> = sqlx::query_as(EVENTS).fetch_all(&mut connection).await?;
    connection.close().await.context("closing the server's database")?;
    Ok(assemble(chats, &reads, events))
}

/// The logs in a Postgres database.
pub async fn read_postgres(url: &str) -> Result<Logs> {
    let mut connection = PgConnection::connect(url).await.context("opening the servers' database")?;
    let chats = sqlx::query_as(CHATS).fetch_all(&mut connection).await?;
    let reads = sqlx::query_as(READS).fetch_all(&mut connection).await?;
    let events: Vec<Row<Vec<u8>>> = sqlx::query_as(EVENTS).fetch_all(&mut connection).await?;
    connection.close().await.context("closing the servers' database")?;
    Ok(assemble(chats, &reads, events))
}

fn assemble<C: AsRef<[u8]>>(
    chats: Vec<(Chat, i64)>,
    reads: &[(Chat, User, i64)],
    events: Vec<Row<C>>,
) -> Logs {
    let mut entries: HashMap<Chat, Vec<Entry>> = HashMap::new();
    for (chat, id, seq, kind, actor, client_id, target, content) in events {
        let kind = match kind {
            0 => {
                let text = content.as_ref().and_then(|content| std::str::from_utf8(content.as_ref()).ok());
                let label = text.and_then(Label::of_text);
                let own = client_id.as_deref().and_then(Label::of_client_id);
                Kind::Message { label, named: label == own }
            }
            3 => Kind::Joined(target.unwrap_or_default()),
            4 => Kind::Left(target.unwrap_or_default()),
            5 if target.is_some_and(|flags| flags & 1 != 0) => Kind::Closed,
            5 => Kind::Opened,
            _ => Kind::Other,
        };
        entries.entry(chat).or_default().push(Entry { seq: seq.cast_unsigned(), id, actor, kind });
    }
    let log = |(chat, head): (Chat, i64)| {
        let reads = reads.iter().filter(|(of, _, _)| *of == chat);
        let reads = reads.map(|(_, user, seq)| (*user, seq.cast_unsigned())).collect();
        (chat, Log::new(head.cast_unsigned(), reads, entries.remove(&chat).unwrap_or_default()))
    };
    chats.into_iter().map(log).collect()
}
