//! The index of the messages' words: a `tsvector` of each, which the program writes.

use std::cmp::Ordering;

use causerie_protocol::limits;
use sqlx::postgres::PgConnection;

use super::{begin, last_event_id};
use crate::search::{Query, fold, query};
use crate::store::rows::to_sql;
use crate::store::search::{Indexed, STEP_IDS, within_bytes};

/// The advisory lock of who writes the index, so that of all nodes one does: "words" in ASCII.
const LOCK: i64 = 0x77_6f_72_64_73;
/// A step that waits for somebody's edit gives up soon, rather than to hold up others.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '200ms'";

/// A message and its text.
type TextRow = (i64, Vec<u8>);

const TEXTS: &str = "SELECT id, content FROM events
     WHERE id > $1 AND id <= $2 AND kind = 0 AND content IS NOT NULL ORDER BY id";
/// Messages whose transactions ended after others with greater ids.
const MISSED: &str = "SELECT e.id, e.content FROM events e
     WHERE e.id > $1 AND e.id <= $2 AND e.kind = 0 AND e.content IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM search s WHERE s.id = e.id)
     ORDER BY e.id LIMIT $3";

/// How far the index is.
struct State {
    top: i64,
    settled: i64,
    seen: i64,
    seen_before: i64,
    rest: i64,
    /// The version of the fold that the index is made by.
    fold: i64,
    /// Whether all transactions have ended that were open when `seen` was.
    is_ripe: bool,
}

impl State {
    async fn read(connection: &mut PgConnection) -> sqlx::Result<Self> {
        let top = last_event_id(connection).await?;
        let (settled, seen, seen_before, rest, fold, is_ripe): (i64, i64, i64, i64, i64, bool) =
            sqlx::query_as(
                "SELECT settled, seen, seen_before, rest, fold,
                        seen_before <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                 FROM search_state",
            )
            .fetch_one(connection)
            .await?;
        Ok(Self { top, settled, seen, seen_before, rest, fold, is_ripe })
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
pub(super) async fn look(reader: &mut PgConnection) -> sqlx::Result<Indexed> {
    let state = State::read(reader).await?;
    let changed: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM search WHERE changed)").fetch_one(reader).await?;
    let left = state.left();
    let is_behind = left > 0 || changed || state.settled < state.seen || state.fold < fold::VERSION;
    let more = is_behind && state.fold <= fold::VERSION;
    Ok(Indexed { left, more, ..Indexed::default() })
}

/// Writes the words of some messages in a transaction: of changed ones first, then of new ones, then of older ones. Another
/// node that is at it is left alone.
pub(super) async fn step(writer: &mut PgConnection) -> sqlx::Result<Indexed> {
    let mut transaction = begin(writer).await?;
    let is_mine: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(&mut *transaction)
        .await?;
    if !is_mine {
        let left = State::read(&mut transaction).await?.left();
        return Ok(Indexed { left, ..Indexed::default() });
    }
    sqlx::raw_sql(LOCK_TIMEOUT).execute(&mut *transaction).await?;
    let mut done = Indexed::default();
    let mut state = State::read(&mut transaction).await?;
    if state.fold > fold::VERSION {
        return Ok(done);
    }
    if state.fold < fold::VERSION {
        // Waits for what is being appended, so that all of it has ids up to the last one.
        sqlx::raw_sql("LOCK TABLE events IN SHARE MODE; TRUNCATE search").execute(&mut *transaction).await?;
        let top = last_event_id(&mut transaction).await?;
        state = State { top, settled: top, seen: top, rest: top + 1, fold: fold::VERSION, ..state };
    }
    done.taken_out = write_changed(&mut transaction).await?;
    if done.taken_out > 0 {
        // More of it may be left.
    } else if state.settled < state.seen && state.is_ripe {
        let missed: Vec<TextRow> = sqlx::query_as(MISSED)
            .bind(state.settled)
            .bind(state.seen)
            .bind(STEP_IDS)
            .fetch_all(&mut *transaction)
            .await?;
        let count = within_bytes(missed.iter().map(|(_, text)| &**text));
        put_in(&mut transaction, &missed[..count]).await?;
        state.settled = if count == 0 { state.seen } else { missed[count - 1].0 };
        done.written = count as u64;
    }
    if done.written + done.taken_out > 0 {
        // Enough for one step.
    } else if state.seen < state.top {
        let end = state.top.min(state.seen + STEP_IDS);
        let texts = texts(&mut transaction, state.seen, end).await?;
        let count = within_bytes(texts.iter().map(|(_, text)| &**text));
        put_in(&mut transaction, &texts[..count]).await?;
        state.seen = if count < texts.len() { texts[count - 1].0 } else { end };
        done.written = count as u64;
        // After the ids were taken: whoever has one of them began before this.
        state.seen_before =
            sqlx::query_scalar("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
                .fetch_one(&mut *transaction)
                .await?;
    } else if state.rest > 1 {
        let begin = (state.rest - 1 - STEP_IDS).max(0);
        let texts = texts(&mut transaction, begin, state.rest - 1).await?;
        let count = within_bytes(texts.iter().rev().map(|(_, text)| &**text));
        let newest = &texts[texts.len() - count..];
        put_in(&mut transaction, newest).await?;
        state.rest = if count < texts.len() { newest[0].0 } else { begin + 1 };
        done.written = count as u64;
    }
    sqlx::query("UPDATE search_state SET settled = $1, seen = $2, seen_before = $3, rest = $4, fold = $5")
        .bind(state.settled)
        .bind(state.seen)
        .bind(state.seen_before)
        .bind(state.rest)
        .bind(fold::VERSION)
        .execute(&mut *transaction)
        .await?;
    let left = look(&mut transaction).await?;
    transaction.commit().await?;
    Ok(Indexed { left: left.left, more: left.more, ..done })
}

/// Writes the words of messages that were edited, and forgets those that are gone.
async fn write_changed(transaction: &mut PgConnection) -> sqlx::Result<u64> {
    // Locked first and read afterwards: an edit in between waits, and marks its message again.
    let ids: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM search WHERE changed ORDER BY id LIMIT $1 FOR UPDATE")
            .bind(STEP_IDS)
            .fetch_all(&mut *transaction)
            .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let texts: Vec<(i64, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT id, content FROM events WHERE id = ANY ($1) ORDER BY id")
            .bind(&ids)
            .fetch_all(&mut *transaction)
            .await?;
    let texts = &texts[..within_bytes(texts.iter().map(|(_, text)| text.as_deref().unwrap_or_default()))];
    // What is beyond the limit of bytes waits for the next step.
    let upto = texts.last().map_or(i64::MAX, |(id, _)| *id);
    let words: Vec<String> =
        texts.iter().map(|(_, text)| vector(text.as_deref().unwrap_or_default())).collect();
    let written: Vec<i64> = texts.iter().map(|(id, _)| *id).collect();
    sqlx::query(
        "UPDATE search SET words = new.words::tsvector, changed = FALSE
         FROM unnest($1::bigint[], $2::text[]) AS new (id, words) WHERE search.id = new.id",
    )
    .bind(&written)
    .bind(&words)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "DELETE FROM search s WHERE s.id = ANY ($1) AND s.id <= $2
         AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = s.id)",
    )
    .bind(&ids)
    .bind(upto)
    .execute(transaction)
    .await?;
    Ok(ids.iter().filter(|id| **id <= upto).count() as u64)
}

async fn texts(connection: &mut PgConnection, after: i64, to: i64) -> sqlx::Result<Vec<TextRow>> {
    sqlx::query_as(TEXTS).bind(after).bind(to).fetch_all(connection).await
}

fn vector(text: &[u8]) -> String {
    query::to_tsvector(&String::from_utf8_lossy(text))
}

async fn put_in(connection: &mut PgConnection, texts: &[TextRow]) -> sqlx::Result<()> {
    if texts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO search (id, words) SELECT id, words::tsvector FROM unnest($1::bigint[], $2::text[]) AS new (id, words)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(texts.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(texts.iter().map(|(_, text)| vector(text)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// The next messages that may be what is searched for, the newest first, below an id. Without words in the query these are
/// all entries of all logs.
pub(super) async fn candidates(
    reader: &mut PgConnection,
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
        "SELECT id FROM search WHERE words @@ $1::text::tsquery AND id < $2 ORDER BY id DESC LIMIT $3",
    )
    .bind(query.to_tsquery())
    .bind(below)
    .bind(limit)
    // Planned anew: how rare the words are decides.
    .persistent(false)
    .fetch_all(reader)
    .await
}

/// Nothing to do: Postgres takes the rows that are gone out of its files by its own vacuum.
pub(super) async fn empty_log(_writer: &mut PgConnection) -> sqlx::Result<bool> {
    Ok(true)
}
