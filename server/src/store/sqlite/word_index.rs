//! The index of the messages' words: FTS5 without content (<https://www.sqlite.org/fts5.html>).

use std::cmp::Ordering;

use causerie_protocol::limits;
use sqlx::sqlite::SqliteConnection;

use super::{begin, last_event_id, list};
use crate::search::{Query, fold, query};
use crate::store::rows::to_sql;
use crate::store::search::{Indexed, STEP_IDS, within_bytes};

/// A message and its text.
type TextRow = (i64, Vec<u8>);
/// A message, the text that its words in the index were made of, and its text now, if it has one.
type ChangedRow = (i64, Vec<u8>, Option<Vec<u8>>);

const CHANGED: &str = "SELECT s.id, CAST(s.content AS BLOB), CAST(e.content AS BLOB)
     FROM search_changes s LEFT JOIN events e ON e.id = s.id ORDER BY s.id LIMIT $1";
const TEXTS: &str = "SELECT id, CAST(content AS BLOB) FROM events
     WHERE id > $1 AND id <= $2 AND kind = 0 AND content IS NOT NULL ORDER BY id";

/// How far the index is.
struct State {
    top: i64,
    seen: i64,
    rest: i64,
    /// The version of the fold that the index is made by.
    fold: i64,
}

impl State {
    async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let top = last_event_id(connection).await?;
        let (seen, rest, fold): (i64, i64, i64) =
            sqlx::query_as("SELECT seen, rest, fold FROM search_state").fetch_one(connection).await?;
        Ok(Self { top, seen, rest, fold })
    }

    fn left(&self) -> u64 {
        let left = match self.fold.cmp(&fold::VERSION) {
            Ordering::Less => self.top,
            Ordering::Equal => self.top - self.seen + self.rest - 1,
            // A newer version of the program writes it.
            Ordering::Greater => 0,
        };
        left.max(0).unsigned_abs()
    }
}

/// How much is left; `more` says whether a step has something to do.
pub(super) async fn look(reader: &mut SqliteConnection) -> sqlx::Result<Indexed> {
    let state = State::read(reader).await?;
    let changed: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM search_changes)").fetch_one(reader).await?;
    let left = state.left();
    let more = state.fold <= fold::VERSION && (left > 0 || changed || state.fold < fold::VERSION);
    Ok(Indexed { left, more, ..Indexed::default() })
}

/// Writes the words of some messages in a transaction: of changed ones first, then of new ones, then of older ones.
pub(super) async fn step(writer: &mut SqliteConnection) -> sqlx::Result<Indexed> {
    let mut transaction = begin(writer).await?;
    let mut state = State::read(&mut transaction).await?;
    let mut done = Indexed::default();
    if state.fold > fold::VERSION {
        return Ok(done);
    }
    if state.fold < fold::VERSION {
        sqlx::raw_sql("INSERT INTO search (search) VALUES ('delete-all'); DELETE FROM search_changes")
            .execute(&mut *transaction)
            .await?;
        state = State { seen: state.top, rest: state.top + 1, fold: fold::VERSION, ..state };
    }
    let changed: Vec<ChangedRow> =
        sqlx::query_as(CHANGED).bind(STEP_IDS).fetch_all(&mut *transaction).await?;
    let changed = &changed[..within_bytes(changed.iter().map(|(_, old, _)| &**old))];
    if !changed.is_empty() {
        let old: Vec<_> = changed.iter().map(|(id, old, _)| (*id, &**old)).collect();
        let new: Vec<_> = changed.iter().filter_map(|(id, _, new)| Some((*id, new.as_deref()?))).collect();
        take_out(&mut transaction, &old).await?;
        put_in(&mut transaction, &new).await?;
        sqlx::query("DELETE FROM search_changes WHERE id IN (SELECT value FROM json_each($1))")
            .bind(list(changed.iter().map(|(id, ..)| *id)))
            .execute(&mut *transaction)
            .await?;
        done.taken_out = old.len() as u64;
    } else if state.seen < state.top {
        let end = state.top.min(state.seen + STEP_IDS);
        let texts = texts(&mut transaction, state.seen, end).await?;
        let count = within_bytes(texts.iter().map(|(_, text)| &**text));
        put_in(&mut transaction, &borrowed(&texts[..count])).await?;
        state.seen = if count < texts.len() { texts[count - 1].0 } else { end };
        done.written = count as u64;
    } else if state.rest > 1 {
        let begin = (state.rest - 1 - STEP_IDS).max(0);
        let texts = texts(&mut transaction, begin, state.rest - 1).await?;
        let count = within_bytes(texts.iter().rev().map(|(_, text)| &**text));
        let newest = &texts[texts.len() - count..];
        put_in(&mut transaction, &borrowed(newest)).await?;
        state.rest = if count < texts.len() { newest[0].0 } else { begin + 1 };
        done.written = count as u64;
    }
    sqlx::query("UPDATE search_state SET seen = $1, rest = $2, fold = $3")
        .bind(state.seen)
        .bind(state.rest)
        .bind(fold::VERSION)
        .execute(&mut *transaction)
        .await?;
    let left = look(&mut transaction).await?;
    transaction.commit().await?;
    Ok(Indexed { left: left.left, more: left.more, ..done })
}

async fn texts(connection: &mut SqliteConnection, after: i64, to: i64) -> sqlx::Result<Vec<TextRow>> {
    sqlx::query_as(TEXTS).bind(after).bind(to).fetch_all(connection).await
}

fn borrowed(texts: &[TextRow]) -> Vec<(i64, &[u8])> {
    texts.iter().map(|(id, text)| (*id, &**text)).collect()
}

/// Messages and their words as one parameter.
fn words_of(texts: &[(i64, &[u8])]) -> String {
    let words = texts.iter().map(|(id, text)| (*id, query::to_fts5_text(&String::from_utf8_lossy(text))));
    serde_json::to_string(&words.collect::<Vec<_>>()).expect("numbers and texts are JSON")
}

async fn put_in(connection: &mut SqliteConnection, texts: &[(i64, &[u8])]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO search (rowid, words)
         SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each($1)",
    )
    .bind(words_of(texts))
    .execute(connection)
    .await?;
    Ok(())
}

async fn take_out(connection: &mut SqliteConnection, texts: &[(i64, &[u8])]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO search (search, rowid, words)
         SELECT 'delete', json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each($1)",
    )
    .bind(words_of(texts))
    .execute(connection)
    .await?;
    Ok(())
}

/// The next messages that may be what is searched for, the newest first, below an id. Without words in the query these are
/// all entries of all logs.
pub(super) async fn candidates(
    reader: &mut SqliteConnection,
    query: &Query,
    below: i64,
    limit: u64,
) -> sqlx::Result<Vec<i64>> {
    let limit = to_sql(limit.min(limits::SEARCH_CANDIDATES));
    if !query.has_words() {
        return sqlx::query_scalar("SELECT id FROM events WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(below)
            .bind(limit)
            .fetch_all(reader)
            .await;
    }
    sqlx::query_scalar(
        "SELECT rowid FROM search WHERE search MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3",
    )
    .bind(query.to_fts5())
    .bind(below)
    .bind(limit)
    .fetch_all(reader)
    .await
}

/// Takes what was deleted out of the write-ahead log as well, unless somebody reads just now. Answers whether that was done.
pub(super) async fn empty_log(writer: &mut SqliteConnection) -> sqlx::Result<bool> {
    // Nobody is to wait for a reader.
    let timeout: i64 = sqlx::query_scalar("PRAGMA busy_timeout").fetch_one(&mut *writer).await?;
    sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(&mut *writer).await?;
    let emptied: sqlx::Result<(i64, i64, i64)> =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *writer).await;
    sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA busy_timeout = {timeout}"))).execute(writer).await?;
    Ok(emptied?.0 == 0)
}
