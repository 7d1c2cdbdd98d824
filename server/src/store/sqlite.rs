//! The store on SQLite: one writer, several readers, write-ahead log, every commit synced to disk.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use causerie_protocol::event::User;
use causerie_protocol::rest::{Chat, ChatCursor, TokenInfo, UserRef};
use causerie_protocol::{ChatId, Epoch, Event, Message, MessageId, Seq, TokenId, UserId};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection as _, Sqlite, Transaction};

use super::rows::{to_read, to_seq};
use super::{
    Append, AppendResult, Appended, Created, NewChat, PageFile, PoolState, Position, Store, StoreError,
    TokenRecord,
};
use crate::metrics::Histogram;

pub use backup::{Contents, Restored};
use file::{Claim, SERVE};

mod append;
mod backup;
mod file;
mod history;
mod look;
pub(super) mod transfer;

// SQL that both backends speak is one text, compiled here for this backend's types; hence `duplicate_mod`.
#[allow(clippy::duplicate_mod, reason = "compiled once for each backend, on purpose")]
#[path = "sql/accounts.rs"]
mod accounts;
#[allow(clippy::duplicate_mod, reason = "compiled once for each backend, on purpose")]
#[path = "sql/changes.rs"]
mod changes;
#[allow(clippy::duplicate_mod, reason = "compiled once for each backend, on purpose")]
#[path = "sql/chats.rs"]
mod chats;
#[allow(clippy::duplicate_mod, reason = "compiled once for each backend, on purpose")]
#[path = "sql/email_keys.rs"]
mod email_keys;
#[allow(clippy::duplicate_mod, reason = "compiled once for each backend, on purpose")]
#[path = "sql/log.rs"]
mod log;
#[allow(clippy::duplicate_mod, reason = "compiled once for each backend, on purpose")]
#[path = "sql/page.rs"]
mod page;

/// What the shared SQL runs on.
type Connection = SqliteConnection;
/// What the shared SQL is for.
type Database = Sqlite;
/// Where the shared SQL reads from.
type Pool = SqlitePool;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connections that only read, beside the one that writes.
const READERS: u32 = 4;
/// How long a write waits for the ones before it.
const WRITER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The store in one SQLite file.
pub struct SqliteStore {
    /// The only connection that writes, so that SQLite never has to arbitrate. A pool of one, which replaces it after a failure.
    writer: SqlitePool,
    readers: SqlitePool,
    epoch: Epoch,
    wait: Histogram,
    /// How many rows were ever added that have an id, at least.
    position: AtomicI64,
    /// Last, so that the connections are gone before it.
    claim: Claim,
}

impl SqliteStore {
    /// Opens the database of a `sqlite:PATH` or `sqlite://PATH` URL, made when absent, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with a sentence that names the setting and the remedy.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_at(url, None).await
    }

    /// As [`SqliteStore::open`], for a server that listens at `address`, which a second one over the same file names.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; also when another server has the file.
    pub async fn open_at(url: &str, address: Option<SocketAddr>) -> Result<Self, StoreError> {
        let options = options(url)?;
        let claim = Claim::take(options.get_filename(), true, SERVE).await?;
        let options = options
            .filename(claim.path())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Fewer, larger checkpoints: the log may grow to 16 MB before it is copied back.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("cache_size", "-16000")
            .statement_cache_capacity(64);
        let unusable = |error: &sqlx::Error| unusable(&options, error);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(WRITER_TIMEOUT)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await
            .map_err(|error| unusable(&error))?;
        let mut writer = pool.acquire().await.map_err(|error| unusable(&error))?;
        migrate(&mut writer, &options).await?;
        claim.restrict();
        let (epoch, history) = history::begin(&mut writer, &claim).await.map_err(|error| unusable(&error))?;
        claim.change(|record| record.address = address).map_err(|error| unusable(&error.into()))?;
        let accounts: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
            .fetch_one(&mut *writer)
            .await
            .map_err(|error| unusable(&error))?;
        drop(writer);
        let what = if claim.is_new() { "a new database was made" } else { "the database was opened" };
        tracing::info!(database = %claim.path().display(), accounts, "{what}");
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().read_only(true).create_if_missing(false));
        let position = history.position.into();
        Ok(Self { writer: pool, readers, epoch, wait: Histogram::default(), position, claim })
    }

    /// The file that a URL names.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when it is no SQLite URL.
    pub fn path(url: &str) -> Result<PathBuf, StoreError> {
        Ok(options(url)?.get_filename().to_owned())
    }

    /// Notes in `wait` how long writes wait for the writer.
    #[must_use]
    pub fn with_wait(self, wait: Histogram) -> Self {
        Self { wait, ..self }
    }

    async fn writer(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        // What was written to a file that has lost its name would be acknowledged, and gone after the next start.
        if !self.claim.is_in_place() {
            return Err(io::Error::new(io::ErrorKind::NotFound, MOVED).into());
        }
        let begin = Instant::now();
        let writer = self.writer.acquire().await;
        self.wait.observe(begin.elapsed());
        writer
    }

    /// Notes that so many rows were added that have an id.
    fn added(&self, rows: usize) {
        if rows > 0 {
            let rows = i64::try_from(rows).unwrap_or(i64::MAX);
            let position = self.position.fetch_add(rows, Ordering::AcqRel).saturating_add(rows);
            self.claim.note(position, false);
        }
    }
}

/// What is wrong when the open file is not the one of its name any more.
const MOVED: &str = "the file of the database was moved, replaced or deleted while the server runs: put it back, or start the server again";

/// What every connection to the file of a URL has in common.
fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|_| {
        StoreError::Unusable(
            "DATABASE_URL is not a SQLite URL: write sqlite:PATH, for example sqlite:causerie.db.".to_owned(),
        )
    })?;
    Ok(options.busy_timeout(BUSY_TIMEOUT).disable_statement_logging())
}

/// Gives the writer back, or up when it failed.
///
/// SQLite ends a transaction by itself when the disk is full (<https://www.sqlite.org/lang_transaction.html>), and a
/// connection that still believes in it could never begin another.
fn settle<T>(mut writer: PoolConnection<Sqlite>, result: Result<T, StoreError>) -> Result<T, StoreError> {
    if result.is_err() {
        writer.close_on_drop();
    }
    result
}

async fn migrate(writer: &mut SqliteConnection, options: &SqliteConnectOptions) -> Result<(), StoreError> {
    MIGRATIONS.run(&mut *writer).await.map_err(|error| {
        let file = options.get_filename().display();
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => look::newer(options.get_filename()),
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => StoreError::Unusable(format!(
                "The database {file} was changed by something else than Causerie: restore a backup, or name another file in DATABASE_URL."
            )),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unusable(options, &error),
            other => StoreError::Unusable(format!(
                "The database {file} can't be brought up to date ({other}): restore a backup, or name another file in DATABASE_URL."
            )),
        }
    })?;
    email_keys::fill(writer).await.map_err(|error| unusable(options, &error))
}

/// The sentence for a database that can't be opened.
fn unusable(options: &SqliteConnectOptions, error: &sqlx::Error) -> StoreError {
    unusable_file(options.get_filename(), primary_code(error))
}

/// As [`unusable`], for a primary result code of SQLite, if there is one.
fn unusable_file(file: &Path, code: Option<i32>) -> StoreError {
    let shown = file.display();
    StoreError::Unusable(match code {
        Some(code::NOTADB | code::CORRUPT) => format!(
            "The file {shown} is not a SQLite database, or is damaged: name another file in DATABASE_URL, or restore a backup."
        ),
        Some(code::BUSY | code::LOCKED) => format!(
            "The database {shown} is locked by another program: stop that program, or name another file in DATABASE_URL."
        ),
        Some(code::FULL) => {
            format!("The disk that holds {shown} is full: make room, or name another file in DATABASE_URL.")
        }
        _ if file.is_dir() => {
            format!(
                "The database {shown} is a folder: name a file in DATABASE_URL, for example sqlite:causerie.db."
            )
        }
        _ if file.parent().is_some_and(|folder| folder != Path::new("") && !folder.is_dir()) => format!(
            "The folder of the database {shown} does not exist: make it, or name another file in DATABASE_URL."
        ),
        _ => format!(
            "The database {shown} can't be opened for writing: give the program the right to write the file and its folder, or name another file in DATABASE_URL."
        ),
    })
}

/// Primary result codes of SQLite (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

/// The primary code of a SQLite error: the low byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let passing = matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut)
            || matches!(
                primary_code(&error),
                Some(code::BUSY | code::LOCKED | code::IOERR | code::FULL | code::CANTOPEN)
            );
        if passing { Self::Unavailable(error) } else { Self::Failed(error) }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_user(
        &self,
        email: &str,
        name: &str,
        password_hash: &str,
    ) -> Result<Option<User>, StoreError> {
        let mut writer = self.writer().await?;
        let result = accounts::create_user(&mut writer, email, name, password_hash).await;
        self.added(matches!(result, Ok(Some(_))).into());
        settle(writer, result)
    }

    async fn account(&self, email: &str) -> Result<Option<(User, String)>, StoreError> {
        accounts::account(&self.readers, email).await
    }

    async fn replace_password_hash(&self, user: UserId, old: &str, new: &str) -> Result<bool, StoreError> {
        let mut writer = self.writer().await?;
        let result = accounts::replace_password_hash(&mut writer, user, old, new).await;
        settle(writer, result)
    }

    async fn find_user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        accounts::find_user(&self.readers, user).await
    }

    async fn create_token(
        &self,
        user: UserId,
        digest: [u8; 32],
        created_at: i64,
        expires_at: i64,
    ) -> Result<TokenId, StoreError> {
        let mut writer = self.writer().await?;
        let result = accounts::create_token(&mut writer, user, digest, created_at, expires_at).await;
        self.added(result.is_ok().into());
        settle(writer, result)
    }

    async fn token(&self, digest: [u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
        accounts::token(&self.readers, digest).await
    }

    async fn tokens_of(&self, user: UserId, now: i64) -> Result<Vec<TokenInfo>, StoreError> {
        accounts::tokens_of(&self.readers, user, now).await
    }

    async fn revoked(&self, tokens: &[TokenId]) -> Result<Vec<TokenId>, StoreError> {
        let revoked = sqlx::query_scalar(
            "SELECT t.id FROM json_each($1) j JOIN tokens t ON t.id = j.value WHERE t.revoked",
        )
        .bind(serde_json::json!(tokens).to_string())
        .fetch_all(&self.readers)
        .await?;
        Ok(revoked.into_iter().map(TokenId).collect())
    }

    async fn revoke_token(&self, user: UserId, token: TokenId) -> Result<bool, StoreError> {
        let mut writer = self.writer().await?;
        let result = accounts::revoke_token(&mut writer, user, token).await;
        settle(writer, result)
    }

    async fn create_chat(&self, chat: NewChat) -> Result<Created, StoreError> {
        let mut writer = self.writer().await?;
        let result = chats::create(&mut writer, &chat).await;
        self.added(matches!(result, Ok(Created::New(_))).into());
        settle(writer, result)
    }

    async fn chat(&self, user: UserId, chat: ChatId) -> Result<Option<Chat>, StoreError> {
        chats::one(&self.readers, &self.epoch, user, chat).await
    }

    async fn chats(
        &self,
        user: UserId,
        before: Option<ChatCursor>,
        limit: u64,
    ) -> Result<Vec<Chat>, StoreError> {
        chats::page(&self.readers, &self.epoch, user, before, limit).await
    }

    async fn moved_chats(
        &self,
        user: UserId,
        after: MessageId,
        limit: u64,
    ) -> Result<Vec<(ChatCursor, Seq)>, StoreError> {
        chats::moved(&self.readers, user, after, limit).await
    }

    async fn participants(&self, chat: ChatId) -> Result<Vec<UserId>, StoreError> {
        chats::participants(&self.readers, chat).await
    }

    async fn acquaintances(&self, user: UserId) -> Result<Vec<UserId>, StoreError> {
        chats::acquaintances(&self.readers, user).await
    }

    async fn delete_chat(&self, user: UserId, chat: ChatId) -> Result<Option<Vec<UserId>>, StoreError> {
        let mut writer = self.writer().await?;
        let result = chats::delete(&mut writer, user, chat).await;
        settle(writer, result)
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError> {
        let mut writer = self.writer().await?;
        let result = append::append(&mut writer, batch).await;
        let is_event = |result: &&AppendResult| matches!(result, Ok(Appended::Event(_)));
        self.added(result.as_ref().map_or(0, |results| results.iter().filter(is_event).count()));
        settle(writer, result)
    }

    async fn position(&self, user: UserId, chat: ChatId) -> Result<Option<Position>, StoreError> {
        log::position(&self.readers, &self.epoch, user, chat).await
    }

    async fn events_after(
        &self,
        user: UserId,
        chat: ChatId,
        after: Seq,
        limit: u64,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        log::events_after(&self.readers, user, chat, after, limit).await
    }

    async fn messages(
        &self,
        user: UserId,
        chat: ChatId,
        before: Option<MessageId>,
        limit: u64,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        log::messages(&self.readers, user, chat, before, limit).await
    }

    async fn message(&self, user: UserId, id: MessageId) -> Result<Option<Message>, StoreError> {
        log::message(&self.readers, user, id).await
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Seq)>, StoreError> {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT c.id, c.head FROM json_each($1) j JOIN chats c ON c.id = j.value")
                .bind(serde_json::json!(chats).to_string())
                .fetch_all(&self.readers)
                .await?;
        Ok(rows.into_iter().map(|(id, head)| (ChatId(id), to_seq(head))).collect())
    }

    async fn reads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, UserId, Seq)>, StoreError> {
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT p.chat_id, p.user_id, p.read_seq FROM json_each($1) j JOIN participants p ON p.chat_id = j.value
             WHERE p.read_seq > 0",
        )
        .bind(serde_json::json!(chats).to_string())
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(to_read).collect())
    }

    async fn keep_page_files(&self, files: &[PageFile]) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let result = page::keep_files(&mut writer, files).await;
        settle(writer, result)
    }

    async fn page_file(&self, path: &str) -> Result<Option<PageFile>, StoreError> {
        page::file(&self.readers, path).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if !self.claim.is_in_place() {
            return Err(StoreError::Unusable(format!("{}: {MOVED}", self.claim.path().display())));
        }
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn pool(&self) -> PoolState {
        let (writer, readers) = (&self.writer, &self.readers);
        PoolState {
            open: (writer.size() + readers.size()) as usize,
            idle: writer.num_idle() + readers.num_idle(),
            most: (1 + READERS) as usize,
        }
    }

    async fn close(&self) {
        self.readers.close().await;
        // A checkpoint leaves one file behind, which is easier to back up.
        if let Err(error) = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await {
            tracing::debug!(%error, "the write-ahead log stays as it is; the next start reads it");
        }
        self.writer.close().await;
        self.claim.note(self.position.load(Ordering::Acquire), true);
        self.claim.release();
    }
}

/// A message's text as SQLite's text type holds it.
fn content(text: &str) -> &str {
    text
}

/// The id of the newest entry of all logs, also of one that is gone.
async fn last_event_id(writer: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)")
        .fetch_one(writer)
        .await
}

/// A transaction that only reads, so that its queries see one state.
async fn snapshot(readers: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    readers.begin().await
}

/// A transaction in which the table `users` stays as it is but for what the transaction does.
async fn begin_on_users(writer: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    writer.begin_with("BEGIN IMMEDIATE").await
}

/// Nothing to do: the writer is alone.
#[expect(clippy::unused_async, reason = "the other backend has to wait for its lock")]
async fn lock_chat(_writer: &mut SqliteConnection, _chat: ChatId) -> Result<(), sqlx::Error> {
    Ok(())
}

#[cfg(test)]
#[path = "sqlite/tests.rs"]
mod tests;
