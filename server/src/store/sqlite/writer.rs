//! The thread that appends: it has a connection of its own, and is handed one batch at a time.
//!
//! A transaction of it costs one message to the thread and one back, however many statements it has. `sqlx` has its
//! connections on threads too, and there each statement costs as much.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use rusqlite::{Connection, OpenFlags, ffi};
use sqlx::error::{DatabaseError, ErrorKind};
use tokio::sync::oneshot;

use super::file::Claim;
use super::known::Known;
use super::wal::WalRoom;
use super::{BUSY_TIMEOUT, CACHE, CHECKPOINT, SECURE_DELETE};

/// The statements that stay prepared: those of `append`, and of the changes that are no messages.
const STATEMENTS: usize = 64;

type Job = Box<dyn FnOnce(&mut Writer) + Send>;

/// A handle to the thread, which ends when this is dropped.
pub(super) struct WriterThread {
    jobs: mpsc::Sender<Job>,
}

impl WriterThread {
    /// Starts the thread; it opens the claimed file for its first job.
    pub(super) fn start(claim: Arc<Claim>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new().name("append".to_owned()).spawn(move || {
            let mut writer = Writer { open: None, known: Known::default(), claim };
            while let Ok(job) = queue.recv() {
                // As with a task of tokio, a panic ends what panicked and nothing else.
                if catch_unwind(AssertUnwindSafe(|| job(&mut writer))).is_err() {
                    writer.disconnect();
                }
            }
        })?;
        Ok(Self { jobs })
    }

    /// Runs this on the thread, after what it was handed before; to its end, also when nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> sqlx::Result<T> + Send + 'static,
    ) -> sqlx::Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |writer| {
            let result = work(writer);
            if result.is_err() {
                // As in `SqliteStore::run`: what a connection is after a failure is not known.
                writer.disconnect();
            }
            // Whoever asked may have gone.
            let _ = answer.send(result);
        });
        self.jobs.send(job).map_err(|_| sqlx::Error::WorkerCrashed)?;
        answered.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

/// The thread's connection, and what is known of the database without asking it.
pub(super) struct Writer {
    /// `None` before the first job, and after one that failed.
    open: Option<(Connection, WalRoom)>,
    known: Known,
    /// Last, so that the connection is gone before it.
    claim: Arc<Claim>,
}

impl Writer {
    pub(super) fn connected(&mut self) -> rusqlite::Result<(&mut Connection, &mut WalRoom, &mut Known)> {
        let (connection, room) = match &mut self.open {
            Some(open) => open,
            none => {
                self.known.clear();
                none.insert((open(&self.claim)?, WalRoom::open(self.claim.path())))
            }
        };
        Ok((connection, room, &mut self.known))
    }

    /// Closes the connection; an open transaction is rolled back. The next job opens another.
    pub(super) fn disconnect(&mut self) {
        self.open = None;
    }
}

fn open(claim: &Claim) -> rusqlite::Result<Connection> {
    // One thread uses it, so it needs no lock of its own.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(claim.path(), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, CHECKPOINT.0, CHECKPOINT.1)?;
    connection.pragma_update(None, CACHE.0, CACHE.1)?;
    connection.pragma_update_and_check(None, SECURE_DELETE.0, SECURE_DELETE.1, |_| Ok(()))?;
    Ok(connection)
}

/// An error of SQLite on the thread's connection, as `sqlx` has those of its own.
pub(super) fn into_sqlx(error: rusqlite::Error) -> sqlx::Error {
    match error {
        rusqlite::Error::SqliteFailure(ffi::Error { extended_code, .. }, message) => {
            let message = message.unwrap_or_else(|| ffi::code_to_str(extended_code).to_owned());
            sqlx::Error::Database(Box::new(Failure { code: extended_code, message }))
        }
        other => sqlx::Error::Decode(Box::new(other)),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("(code: {code}) {message}")]
struct Failure {
    /// Extended: <https://www.sqlite.org/rescode.html>.
    code: i32,
    message: String,
}

impl DatabaseError for Failure {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => ErrorKind::UniqueViolation,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
            ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}
