//! The store on Postgres, for several nodes: a chat's positions are given under the lock of its row.

use std::io;
use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use causerie_protocol::{ChatId, Epoch};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, Postgres, Transaction};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::instruments::Instruments;
use super::{Access, Addresses, Append, AppendResult, PoolState, StoreError};
use crate::clock::{self, UnixMicros};
use crate::hub::NodeId;
use crate::metrics::{Metrics, Operation};

mod append;
mod sessions;
pub(super) mod transfer;
mod word_index;

/// How a statement names the rows whose ids are in a [`list`].
macro_rules! in_list {
    ($parameter:literal) => {
        concat!("= ANY (", $parameter, ")")
    };
}

/// Ends a `SELECT` whose rows must stay as they are until the transaction ends.
macro_rules! held {
    () => {
        " FOR SHARE"
    };
}

#[allow(clippy::duplicate_mod, reason = "compiled once for each backend, on purpose")]
#[path = "sql/store.rs"]
mod sql;

// What the shared SQL is compiled for.
type Backend = PostgresStore;
type Connection = PgConnection;
type AppendConnection = PgConnection;
type Database = Postgres;

/// What shared SQL appends with.
mod statement {
    pub(in crate::store) use sqlx::{query, query_as, query_scalar};
}

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// What a server's connections are called in `pg_stat_activity`, followed by the name of the node.
const NAME: &str = "causerie";
/// What the connection of a preflight check is called, apart from those of servers.
const PREFLIGHT_NAME: &str = "causerie doctor";
/// Connections of one node.
const CONNECTIONS: u32 = 10;
/// Of those: while one transaction waits for its commit to be durable, others run, and Postgres makes them durable
/// together.
const APPENDS_AT_ONCE: usize = 4;
/// Of each connection: when its node is paused or gone, the locks of what it was doing must not hold up other nodes.
/// The defaults are: for ever, and two hours until a lost connection is noticed.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '3s'; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";
/// A connection that was used so shortly ago is taken to live: under load, no round trip is spent on asking.
const FRESH: Duration = Duration::from_millis(500);
/// How long one that was idle for longer may take to say that it lives, or another is taken.
const ALIVE: Duration = Duration::from_secs(1);
/// How long a request waits for a free connection, or for the server to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an operation may take, the wait for a connection included: a server that is paused, or that the network
/// hides, would otherwise hold up everybody for ever.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);

/// After an operation timed out: connections that are given back within it are pinged first.
const SUSPECT: Duration = Duration::from_secs(10);

/// The store in a Postgres database that several nodes share.
pub struct PostgresStore {
    pool: PgPool,
    instruments: Instruments,
    /// After this the outcome of an operation is unknown, and it fails as unavailable.
    timeout: Duration,
    /// When an operation last timed out, in microseconds since 1970: connections that come back then may be dead.
    timed_out_at: Arc<AtomicI64>,
    epoch: Epoch,
    addresses: Addresses,
    /// What this node's connections are called.
    name: String,
}

/// A connection in the middle of an operation.
///
/// When the operation is dropped before its end, `BEGIN` may be on its way, and the driver only counts a transaction that was
/// answered: it would not roll it back, and what the next operation is told is stored would stand in a transaction that nobody
/// commits.
struct InUse(Option<PoolConnection<Postgres>>);

impl InUse {
    fn get(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("it is taken only when this ends")
    }

    /// The operation has ended, and with it its transaction.
    fn finish(mut self) {
        drop(self.0.take());
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else { return };
        let Ok(runtime) = Handle::try_current() else { return connection.close_on_drop() };
        runtime.spawn(async move {
            // Without a transaction it is a warning.
            let rolled_back = timeout(ALIVE, sqlx::raw_sql("ROLLBACK").execute(&mut *connection)).await;
            if !matches!(rolled_back, Ok(Ok(_))) {
                connection.close_on_drop();
            }
        });
    }
}

impl PostgresStore {
    /// Connects to the database of a `postgres://` URL and brings its tables up to date.
    ///
    /// Several nodes may start at once: migrations run under an advisory lock.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with a sentence that names the setting and the remedy.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_for(url, rand::random()).await
    }

    /// As [`PostgresStore::open`], for a node of this name, by which the other nodes see it.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_for(url: &str, node: NodeId) -> Result<Self, StoreError> {
        Self::open_as(url, format!("{NAME} {node:016x}")).await
    }

    /// As [`PostgresStore::open`], for a command, which the nodes do not take for one of them.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_beside(url: &str, command: &str) -> Result<Self, StoreError> {
        Self::open_as(url, format!("{NAME} {command}")).await
    }

    async fn open_as(url: &str, name: String) -> Result<Self, StoreError> {
        let (options, place) = read(url)?;
        let options = options.application_name(&name);
        sessions::check(&options, &place).await.map_err(|error| match error {
            sessions::Error::Unusable(sentence) => sentence,
            sessions::Error::Database(error) => unusable(&place, &error),
        })?;
        let database = options.get_database().unwrap_or_default().to_owned();
        let timed_out_at = Arc::<AtomicI64>::default();
        let last_timeout = timed_out_at.clone();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    let is_fresh = meta.idle_for < FRESH;
                    Ok(is_fresh || matches!(timeout(ALIVE, connection.ping()).await, Ok(Ok(()))))
                })
            })
            .after_release(move |connection, _| {
                let timed_out_at = UnixMicros(last_timeout.load(Ordering::Acquire));
                let is_suspect = clock::now().saturating_since(timed_out_at) < SUSPECT;
                Box::pin(async move {
                    // The pool would ping it without a limit, and keep its place as long as that takes.
                    let lives = !is_suspect || matches!(timeout(ALIVE, connection.ping()).await, Ok(Ok(())));
                    lives.then_some(true).ok_or_else(timed_out)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::raw_sql(SESSION).execute(connection).await.map(drop) })
            })
            .connect_with(options)
            .await
            .map_err(|error| unusable(&place, &error))?;
        let had_tables: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&pool)
            .await
            .map_err(|error| unusable(&place, &error))?;
        MIGRATIONS.run(&pool).await.map_err(|error| unusable_tables(&place, error))?;
        let mut connection = pool.acquire().await.map_err(|error| unusable(&place, &error))?;
        sql::email_keys::fill(&mut connection).await.map_err(|error| unusable(&place, &error))?;
        drop(connection);
        let epoch = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'epoch'")
            .fetch_one(&pool)
            .await
            .map_err(|error| unusable(&place, &error))?;
        let accounts: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
            .fetch_one(&pool)
            .await
            .map_err(|error| unusable(&place, &error))?;
        let what =
            if had_tables { "the database was opened" } else { "new tables were made in the database" };
        tracing::info!(%place, database, accounts, "{what}");
        Ok(Self {
            pool,
            instruments: Instruments::default(),
            timeout: OPERATION_TIMEOUT,
            timed_out_at,
            addresses: Addresses::default(),
            epoch: Epoch(epoch),
            name,
        })
    }

    /// Whether a server could use the database of this URL now, beside those that do so already. Answers how many do, and
    /// changes nothing.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn preflight(url: &str) -> Result<usize, StoreError> {
        let (options, place) = read(url)?;
        let options = options.application_name(PREFLIGHT_NAME);
        let known = MIGRATIONS.iter().map(|migration| migration.version).max();
        let look = async {
            sessions::check(&options, &place).await?;
            let mut connection = options.connect().await?;
            let made: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
                .fetch_one(&mut connection)
                .await?;
            let nodes: i64 = sqlx::query_scalar(
                "SELECT count(DISTINCT application_name) FROM pg_stat_activity
                 WHERE datname = current_database()
                 AND (application_name = $1 OR application_name ~ ('^' || $1 || ' [0-9a-f]{16}$'))",
            )
            .bind(NAME)
            .fetch_one(&mut connection)
            .await?;
            let version: Option<i64> = if made {
                sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                    .fetch_one(&mut connection)
                    .await?
            } else {
                None
            };
            Ok((version, usize::try_from(nodes).unwrap_or(0)))
        };
        let looked = timeout(ACQUIRE_TIMEOUT, look).await.unwrap_or(Err(sqlx::Error::PoolTimedOut.into()));
        let (version, nodes) = looked.map_err(|error| match error {
            sessions::Error::Unusable(sentence) => sentence,
            sessions::Error::Database(error) => unusable(&place, &error),
        })?;
        if version > known { Err(newer(&place)) } else { Ok(nodes) }
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

    /// Lets an operation take no longer than this, the wait for a connection included.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Runs an operation on a connection, measured and for a limited time.
    async fn run<T>(
        &self,
        operation: Operation,
        access: Access,
        work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        let begin = Instant::now();
        let mut answer = pin!(async {
            let connection = self.pool.acquire().await;
            if access == Access::Write {
                self.instruments.connection_waited_since(begin);
            }
            let mut connection = InUse(Some(connection?));
            let result = work(connection.get()).await;
            connection.finish();
            result
        });
        let result = timeout(self.timeout, answer.as_mut()).await.unwrap_or_else(|_| {
            // Before the operation is dropped, and its connection given back.
            self.timed_out_at.store(clock::now().0, Ordering::Release);
            Err(timed_out())
        });
        self.instruments.operation_ended(operation, begin, &result);
        result.map_err(classify)
    }

    async fn append_batch(&self, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError> {
        self.run(Operation::Append, Access::Write, async |connection| append::append(connection, batch).await)
            .await
    }

    /// Nothing to do: the server keeps the history of its database.
    fn note_new_rows(&self, _rows: usize) {}

    /// Nothing to look at: a database does not move while the server runs.
    fn check_in_place(&self) -> sqlx::Result<()> {
        Ok(())
    }

    /// Nothing to find out, as for [`Self::check_in_place`].
    fn unusable_if_moved(&self, error: StoreError) -> StoreError {
        error
    }

    async fn list_other_nodes(&self) -> Result<Vec<Option<NodeId>>, StoreError> {
        let names: Vec<String> = self
            .run(Operation::OtherNodes, Access::Read, async |connection| {
                sqlx::query_scalar(
                    "SELECT DISTINCT application_name FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name <> $1
                     AND (application_name = $2 OR application_name ~ ('^' || $2 || ' [0-9a-f]{16}$'))",
                )
                .bind(&self.name)
                .bind(NAME)
                .fetch_all(connection)
                .await
            })
            .await?;
        // A node of the version before says no name.
        let node = |name: String| NodeId::from_str_radix(name.split_once(' ')?.1, 16).ok();
        Ok(names.into_iter().map(node).collect())
    }

    fn pool_state(&self) -> PoolState {
        PoolState { open: self.pool.size() as usize, idle: self.pool.num_idle(), most: CONNECTIONS as usize }
    }

    async fn close_pools(&self) {
        self.pool.close().await;
    }
}

fn timed_out() -> sqlx::Error {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

/// What a URL says, and the place that is connected to, for sentences.
fn read(url: &str) -> Result<(PgConnectOptions, String), StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| {
            StoreError::Unusable(
                "DATABASE_URL is not a Postgres URL: write postgres://USER:PASSWORD@HOST:PORT/DATABASE."
                    .to_owned(),
            )
        })?
        .application_name(NAME)
        // PgBouncer refuses a connection that asks for it, and no column is a float.
        .extra_float_digits(None)
        .disable_statement_logging();
    let place = place(&options);
    Ok((options, place))
}

/// Where a connection goes: a host and its port, or the file of a Unix socket
/// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST>).
fn place(options: &PgConnectOptions) -> String {
    let (host, port) = (options.get_host(), options.get_port());
    let folder = options.get_socket().map(|folder| folder.display().to_string());
    match folder.or_else(|| host.starts_with('/').then(|| host.to_owned())) {
        Some(folder) => format!("{}/.s.PGSQL.{port}", folder.trim_end_matches('/')),
        None => format!("{host}:{port}"),
    }
}

fn unusable_tables(place: &str, error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => newer(place),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unusable(place, &error),
        other => StoreError::Unusable(format!(
            "The database at {place} can't be brought up to date ({other}): restore a backup, or name another database in DATABASE_URL."
        )),
    }
}

/// The sentence for a database that this version does not know.
fn newer(place: &str) -> StoreError {
    StoreError::Unusable(format!(
        "The database at {place} was made by a newer version of Causerie: run that version, or name another database in DATABASE_URL."
    ))
}

/// The sentence for a database that can't be used; codes are of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn unusable(place: &str, error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
    StoreError::Unusable(match &*code {
        // protocol_violation: PgBouncer's answer to what it does not know at the start of a connection.
        "08P01" => format!(
            "What answers at {place} refuses the connection ({error}): if that is PgBouncer, name what it refuses in its ignore_startup_parameters, or name Postgres itself in DATABASE_URL."
        ),
        "28000" | "28P01" => {
            format!("Postgres at {place} refuses the user or the password: correct them in DATABASE_URL.")
        }
        "3D000" => format!(
            "Postgres at {place} has no database of that name: make it with createdb, or correct DATABASE_URL."
        ),
        "42501" => format!(
            "Postgres at {place} does not let this user make tables: grant it CREATE, or correct DATABASE_URL."
        ),
        "53300" => format!(
            "Postgres at {place} has no free connection: raise its max_connections, or run fewer nodes."
        ),
        "" => match error {
            sqlx::Error::Tls(error) => format!(
                "Postgres at {place} and this program find no TLS that both accept ({error}): correct sslmode in DATABASE_URL, or Postgres' certificate."
            ),
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => format!(
                "The system does not let this program connect to {place}: give it the right to use that socket, or correct DATABASE_URL."
            ),
            sqlx::Error::Protocol(_) => {
                format!("What answers at {place} does not speak as Postgres does: correct DATABASE_URL.")
            }
            _ => format!("Postgres does not answer at {place}: start it, or correct DATABASE_URL."),
        },
        code => format!(
            "Postgres at {place} failed with code {code}: look it up in Postgres' manual, or correct DATABASE_URL."
        ),
    })
}

/// Tells errors after which another try may succeed from those that waiting does not mend.
fn classify(error: sqlx::Error) -> StoreError {
    if is_transient(&error) { StoreError::Unavailable(error) } else { StoreError::Failed(error) }
}

/// Whether the cause is the connection, resources, an operator's intervention or a conflict; codes as for [`unusable`].
fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        // A protocol error is one connection's, which is closed for it: the next one works.
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // 25P03: the transaction was idle for too long, as after a pause of this process.
            // 25006: it only reads, as a primary does that has become a standby.
            ["08", "25P03", "25006", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class))
                || code == "23505"
        }),
        _ => false,
    }
}

/// Ids as a parameter of a statement with `in_list!`.
fn list(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    ids.collect()
}

/// A message's text as Postgres can hold it, U+0000 included.
fn content(text: &str) -> &[u8] {
    text.as_bytes()
}

/// The id of the newest entry of all logs, also of one that is gone.
async fn last_event_id(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'id')::regclass), 0)",
    )
    .fetch_one(connection)
    .await
}

/// A transaction that only reads and sees one state.
async fn snapshot(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}

/// A transaction that writes.
async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    connection.begin().await
}

/// A transaction in which the table `users` stays as it is but for what the transaction does.
async fn begin_on_users(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute(&mut *transaction).await?;
    Ok(transaction)
}

/// Locks people's rows until the transaction ends, in one order, so that what two of them are to each other stays.
async fn lock_users(transaction: &mut PgConnection, users: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1 FROM users WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(users)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Locks a chat's row until the transaction ends, so that its positions are given one after the other.
async fn lock_chat(transaction: &mut PgConnection, chat: ChatId) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1 FROM chats WHERE id = $1 FOR UPDATE").bind(chat.0).execute(transaction).await?;
    Ok(())
}
