//! The store on SQLite: one writer, several readers, write-ahead log, every commit synced to disk.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use causerie_protocol::{ChatId, Epoch};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection as _, Sqlite, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::instruments::Instruments;
use super::{Access, Addresses, Append, AppendResult, Appended, PoolState, StoreError};
use crate::hub::NodeId;
use crate::metrics::{Metrics, Operation};

pub use backup::{Contents, Restored};
use file::{Claim, SERVE};
use writer::WriterThread;

mod append;
mod backup;
mod file;
mod history;
mod known;
mod statement;
pub(super) mod transfer;
mod wal;
mod word_index;
mod writer;

/// How a statement names the rows whose ids are in a [`list`].
macro_rules! in_list {
    ($parameter:literal) => {
        concat!("IN (SELECT value FROM json_each(", $parameter, "))")
    };
}

/// Ends a `SELECT` whose rows must stay as they are until the transaction ends: here nobody else writes meanwhile.
macro_rules! held {
    () => {
        ""
    };
}

#[allow(clippy::duplicate_mod, reason = "compiled once for each backend, on purpose")]
#[path = "sql/store.rs"]
mod sql;

// What the shared SQL is compiled for.
type Backend = SqliteStore;
type Connection = SqliteConnection;
type AppendConnection = rusqlite::Connection;
type Database = Sqlite;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// One thread appends.
const APPENDS_AT_ONCE: usize = 1;
/// Connections that only read, beside the one that writes.
const READERS: u32 = 4;
/// How long a write waits for the ones before it.
const WRITER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Fewer, larger checkpoints: the log may grow to 16 MB, in pages, before it is copied back.
const CHECKPOINT: (&str, u32) = ("wal_autocheckpoint", 4000);
/// What was deleted is overwritten, in the pages that stay and in those that are free.
const SECURE_DELETE: (&str, &str) = ("secure_delete", "ON");
/// Of each connection, in kibibytes when negative.
const CACHE: (&str, &str) = ("cache_size", "-16000");
/// The query for the id of the newest entry of all logs, also of one that is gone.
const LAST_EVENT_ID: &str = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)";

/// The store in one SQLite file.
pub struct SqliteStore {
    /// Held by the one who writes, so that SQLite never has to arbitrate.
    turn: Arc<Mutex<()>>,
    appender: WriterThread,
    /// What writes everything but logs. A pool of one, which replaces its connection after a failure.
    writer: SqlitePool,
    readers: SqlitePool,
    instruments: Instruments,
    epoch: Epoch,
    addresses: Addresses,
    history: Arc<Rows>,
    /// Last, so that the connections are gone before it.
    claim: Arc<Claim>,
}

/// The turn to write, given back when it is dropped.
type Turn = OwnedMutexGuard<()>;

/// What is noted beside the file of how far the database has got.
struct Rows {
    /// How many rows were ever added that have an id, at least.
    position: AtomicI64,
    claim: Arc<Claim>,
}

impl Rows {
    /// Notes that so many more were added: after their commit, and before the turn to write is given back, since
    /// [`close`](crate::store::Store::close) waits for it, and then lets another process have the file.
    fn note_new(&self, rows: usize) {
        if rows > 0 {
            let rows = i64::try_from(rows).unwrap_or(i64::MAX);
            let position = self.position.fetch_add(rows, Ordering::AcqRel).saturating_add(rows);
            self.claim.note(position, false);
        }
    }
}

impl SqliteStore {
    /// Opens the database of a `sqlite:PATH` or `sqlite://PATH` URL, made when absent, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with a sentence that names the setting and the remedy.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_at(url, None, None).await
    }

    /// As [`SqliteStore::open`], for a server that listens at `address`, which a second one over the same file names, and
    /// whose page people reach at `page`, with which commands begin the links that they print.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; also when another server has the file.
    pub async fn open_at(
        url: &str,
        address: Option<SocketAddr>,
        page: Option<String>,
    ) -> Result<Self, StoreError> {
        let options = options(url)?;
        let claim = Claim::take(options.get_filename(), true, SERVE).await?;
        let path = options.clone();
        let store = Self::open_claimed(options, claim, address).await?;
        if page.is_some() {
            let noted = store.claim.change(|record| record.page = page);
            noted.map_err(|error| unusable(&path, &error.into()))?;
        }
        Ok(store)
    }

    /// Where people reach the page of the server that has the database of a URL, or had it last.
    #[must_use]
    pub fn page(url: &str) -> Option<String> {
        file::record(options(url).ok()?.get_filename())?.page
    }

    /// As [`SqliteStore::open`], for a command that changes little and ends, beside a server that has the file or alone.
    ///
    /// SQLite itself lets the two write in turns (<https://www.sqlite.org/wal.html>).
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; also when the server that has the file is of another version.
    pub async fn open_beside(url: &str, command: &str) -> Result<Self, StoreError> {
        let options = options(url)?;
        if file::holder(options.get_filename()).is_none() {
            let claim = Claim::take(options.get_filename(), true, command).await?;
            return Self::open_claimed(options, claim, None).await;
        }
        let claim = Claim::join(options.get_filename())?;
        let options = connected(options, &claim).create_if_missing(false);
        let mut look = options.connect().await.map_err(|error| unusable(&options, &error))?;
        let version: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut look)
            .await
            .map_err(|error| unusable(&options, &error))?;
        if version != MIGRATIONS.iter().map(|migration| migration.version).max() {
            return Err(StoreError::Unusable(format!(
                "The database {} is served by another version of Causerie: use that one's program, or stop the server first.",
                claim.path().display()
            )));
        }
        let epoch = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'epoch'")
            .fetch_one(&mut look)
            .await
            .map_err(|error| unusable(&options, &error))?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WRITER_TIMEOUT)
            .connect_lazy_with(options.clone());
        let readers =
            SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options.clone().read_only(true));
        let claim = Arc::new(claim);
        let appender =
            WriterThread::start(claim.clone()).map_err(|error| unusable(&options, &error.into()))?;
        Ok(Self {
            turn: Arc::default(),
            appender,
            writer,
            readers,
            instruments: Instruments::default(),
            epoch: Epoch(epoch),
            addresses: Addresses::default(),
            history: Arc::new(Rows { position: AtomicI64::default(), claim: claim.clone() }),
            claim,
        })
    }

    async fn open_claimed(
        options: SqliteConnectOptions,
        claim: Claim,
        address: Option<SocketAddr>,
    ) -> Result<Self, StoreError> {
        let options = connected(options, &claim).create_if_missing(true);
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
        let claim = Arc::new(claim);
        let appender = WriterThread::start(claim.clone()).map_err(|error| unusable(&error.into()))?;
        Ok(Self {
            turn: Arc::default(),
            appender,
            writer: pool,
            readers,
            instruments: Instruments::default(),
            epoch,
            addresses: Addresses::default(),
            history: Arc::new(Rows { position: history.position.into(), claim: claim.clone() }),
            claim,
        })
    }

    /// Whether a server that listens at `address` could use the database of this URL now, or does so already.
    /// A file that is not there is fine: the server makes it.
    ///
    /// # Errors
    /// As [`SqliteStore::open_at`].
    pub async fn preflight(url: &str, address: SocketAddr) -> Result<(), StoreError> {
        let options = options(url)?.create_if_missing(false);
        if !options.get_filename().exists() {
            return Ok(());
        }
        if let Some(record) = file::holder(options.get_filename())
            && record.as_ref().and_then(|record| record.address) != Some(address)
        {
            return Err(file::in_use(options.get_filename(), record.as_ref(), None));
        }
        let known = MIGRATIONS.iter().map(|migration| migration.version).max();
        let look = async {
            let mut file = options.connect().await?;
            // Only a write finds out that the file can't be written.
            sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut file).await?;
            let made: i64 =
                sqlx::query_scalar("SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
                    .fetch_one(&mut file)
                    .await?;
            if made == 0 {
                return Ok(None);
            }
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut file).await
        };
        let version: Option<i64> = look.await.map_err(|error| unusable(&options, &error))?;
        if version > known { Err(newer(options.get_filename())) } else { Ok(()) }
    }

    /// The file that a URL names.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when it is no SQLite URL.
    pub fn path(url: &str) -> Result<PathBuf, StoreError> {
        Ok(options(url)?.get_filename().to_owned())
    }

    /// Chats and events have the e-mail addresses of their people in them, or not.
    #[must_use]
    pub fn with_addresses(self, addresses: Addresses) -> Self {
        Self { addresses, ..self }
    }

    /// Measures every operation in `metrics`, and logs those that take `slow` or longer.
    #[must_use]
    pub fn measured(self, metrics: Arc<Metrics>, slow: Duration) -> Self {
        Self { instruments: Instruments::new(metrics, slow), ..self }
    }

    /// Runs an operation on a connection, measured. Without a limit: a file answers, or fails, within the timeouts of
    /// the pools and of SQLite.
    async fn run<T>(
        &self,
        operation: Operation,
        access: Access,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        let begin = Instant::now();
        let result = async {
            match access {
                Access::Read => work(&mut *self.readers.acquire().await?).await,
                Access::Write => {
                    let _turn = self.turn().await?;
                    let mut writer = self.writer.acquire().await?;
                    let result = work(&mut writer).await;
                    if result.is_err() {
                        // SQLite ends a transaction by itself when the disk is full
                        // (<https://www.sqlite.org/lang_transaction.html>), and a connection that still believes in
                        // it could never begin another.
                        writer.close_on_drop();
                    }
                    result
                }
            }
        }
        .await;
        self.instruments.operation_ended(operation, begin, &result);
        result.map_err(classify)
    }

    /// Appends a batch on the thread that does this. Once the thread has it, it is run to its end.
    async fn append_batch(&self, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError> {
        let begin = Instant::now();
        let result = async {
            let turn = self.turn().await?;
            let (batch, history) = (batch.to_vec(), self.history.clone());
            let append = move |writer: &mut writer::Writer| {
                let results = append::append(writer, batch)?;
                let is_event = |result: &&AppendResult| {
                    matches!(result, Ok(Appended::Event(_) | Appended::Accepted { .. }))
                };
                history.note_new(results.iter().filter(is_event).count());
                drop(turn);
                Ok(results)
            };
            self.appender.run(append).await
        }
        .await;
        self.instruments.operation_ended(Operation::Append, begin, &result);
        result.map_err(classify)
    }

    async fn turn(&self) -> sqlx::Result<Turn> {
        // What was written to a file that has lost its name would be acknowledged, and gone after the next start.
        self.check_in_place()?;
        let begin = Instant::now();
        let turn = timeout(WRITER_TIMEOUT, self.turn.clone().lock_owned()).await;
        self.instruments.connection_waited_since(begin);
        turn.map_err(|_| sqlx::Error::PoolTimedOut)
    }

    fn note_new_rows(&self, rows: usize) {
        self.history.note_new(rows);
    }

    fn check_in_place(&self) -> sqlx::Result<()> {
        if self.claim.is_in_place() {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::NotFound, MOVED).into())
        }
    }

    /// An error as the sentence about the file, if that is not in its place.
    fn unusable_if_moved(&self, error: StoreError) -> StoreError {
        if self.claim.is_in_place() {
            error
        } else {
            StoreError::Unusable(format!("{}: {MOVED}", self.claim.path().display()))
        }
    }

    /// None: the file is held by one server alone.
    async fn list_other_nodes(&self) -> Result<Vec<Option<NodeId>>, StoreError> {
        Ok(Vec::new())
    }

    fn pool_state(&self) -> PoolState {
        let (writer, readers) = (&self.writer, &self.readers);
        // One of the two that write is idle at any time, and the thread has its own for as long as it runs.
        let idle_writers = writer.num_idle() + usize::from(self.turn.try_lock().is_ok());
        PoolState {
            open: 1 + (writer.size() + readers.size()) as usize,
            idle: idle_writers + readers.num_idle(),
            most: (2 + READERS) as usize,
        }
    }

    async fn close_pools(&self) {
        self.readers.close().await;
        // Waits for what is being written; nothing is afterwards.
        let _turn = self.turn.lock().await;
        let disconnected = self.appender.run(|writer| {
            writer.disconnect();
            Ok(())
        });
        if let Err(error) = disconnected.await {
            tracing::debug!(%error, "the connection that appends is gone already");
        }
        // A checkpoint leaves one file behind, which is easier to back up.
        if let Err(error) = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await {
            tracing::debug!(%error, "the write-ahead log stays as it is; the next start reads it");
        }
        self.writer.close().await;
        self.claim.note(self.history.position.load(Ordering::Acquire), true);
        self.claim.release();
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

/// What every connection has in common that reads and writes the tables of a file.
fn connected(options: SqliteConnectOptions, claim: &Claim) -> SqliteConnectOptions {
    options
        .filename(claim.path())
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma(CHECKPOINT.0, CHECKPOINT.1.to_string())
        .pragma(CACHE.0, CACHE.1)
        .pragma(SECURE_DELETE.0, SECURE_DELETE.1)
        .statement_cache_capacity(64)
}

async fn migrate(writer: &mut SqliteConnection, options: &SqliteConnectOptions) -> Result<(), StoreError> {
    MIGRATIONS.run(&mut *writer).await.map_err(|error| {
        let file = options.get_filename().display();
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => newer(options.get_filename()),
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => StoreError::Unusable(format!(
                "The database {file} was changed by something else than Causerie: restore a backup, or name another file in DATABASE_URL."
            )),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unusable(options, &error),
            other => StoreError::Unusable(format!(
                "The database {file} can't be brought up to date ({other}): restore a backup, or name another file in DATABASE_URL."
            )),
        }
    })?;
    sql::email_keys::fill(writer).await.map_err(|error| unusable(options, &error))
}

/// The sentence for a database that this version does not know.
fn newer(file: &Path) -> StoreError {
    let file = file.display();
    StoreError::Unusable(format!(
        "The database {file} was made by a newer version of Causerie: run that version, or name another file in DATABASE_URL."
    ))
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

/// Tells errors after which another try may succeed from those that waiting does not mend.
fn classify(error: sqlx::Error) -> StoreError {
    if is_transient(&error) { StoreError::Unavailable(error) } else { StoreError::Failed(error) }
}

fn is_transient(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            // Of one connection, which the pool replaces.
            | sqlx::Error::WorkerCrashed
    ) || matches!(
        primary_code(error),
        Some(code::BUSY | code::LOCKED | code::IOERR | code::FULL | code::CANTOPEN)
    )
}

/// Ids as a parameter of a statement with `in_list!`.
fn list(ids: impl Iterator<Item = i64>) -> String {
    serde_json::to_string(&ids.collect::<Vec<_>>()).expect("numbers are JSON")
}

/// A message's text as SQLite's text type holds it.
fn content(text: &str) -> &str {
    text
}

/// The id of the newest entry of all logs, also of one that is gone.
async fn last_event_id(writer: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(LAST_EVENT_ID).fetch_one(writer).await
}

/// A transaction that only reads, so that its queries see one state.
async fn snapshot(reader: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    reader.begin().await
}

/// A transaction that writes. It waits at its beginning for another process that writes: one that has read before would
/// fail instead (<https://www.sqlite.org/lang_transaction.html>).
async fn begin(writer: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    writer.begin_with("BEGIN IMMEDIATE").await
}

/// As [`begin`]: nobody else writes to any table.
async fn begin_on_users(writer: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    begin(writer).await
}

/// Nothing to do: the writer is alone.
async fn lock_users(_writer: &mut SqliteConnection, _users: &[i64]) -> Result<(), sqlx::Error> {
    Ok(())
}

/// Nothing to do: the writer is alone.
async fn lock_chat<T>(_writer: &mut T, _chat: ChatId) -> Result<(), sqlx::Error> {
    Ok(())
}

#[cfg(test)]
#[path = "sqlite/tests.rs"]
mod tests;
