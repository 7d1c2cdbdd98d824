//! The store on Postgres, for several nodes: a chat's positions are given under the lock of its row.

use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use causerie_protocol::event::User;
use causerie_protocol::rest::{Chat, ChatCursor, TokenInfo, UserRef};
use causerie_protocol::{ChatId, Epoch, Event, Message, MessageId, Seq, TokenId, UserId};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, Postgres, Transaction};
use tokio::time::timeout;

use super::rows::{to_read, to_seq};
use super::{
    Append, AppendResult, Created, NewChat, PageFile, Patience, PoolState, Position, Store, StoreError,
    TokenRecord,
};
use crate::clock;
use crate::hub::NodeId;
use crate::metrics::Histogram;

mod append;
mod look;
mod sessions;
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
type Connection = PgConnection;
/// What the shared SQL is for.
type Database = Postgres;
/// Where the shared SQL reads from.
type Pool = PgPool;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// What a server's connections are called in `pg_stat_activity`, followed by the name of the node.
const NAME: &str = "causerie";
/// Connections of one node.
const CONNECTIONS: u32 = 10;
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
const ANSWER: Duration = Duration::from_secs(8);

/// After an answer that did not come, in microseconds: connections that are given back within it are asked whether they live.
const SUSPECT: i64 = 10_000_000;

/// The store in a Postgres database that several nodes share.
pub struct PostgresStore {
    pool: PgPool,
    hung_at: Arc<AtomicI64>,
    epoch: Epoch,
    wait: Histogram,
    /// What this node's connections are called.
    name: String,
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
        let (options, place) = read(url)?;
        let name = format!("{NAME} {node:016x}");
        let options = options.application_name(&name);
        sessions::check(&options, &place).await.map_err(|error| match error {
            sessions::Error::Unusable(sentence) => sentence,
            sessions::Error::Database(error) => unusable(&place, &error),
        })?;
        let database = options.get_database().unwrap_or_default().to_owned();
        let hung_at = Arc::<AtomicI64>::default();
        let last = hung_at.clone();
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
                let look = clock::now() - last.load(Ordering::Acquire) < SUSPECT;
                Box::pin(async move {
                    // The pool would ask it without a limit, and keep its place as long as that takes.
                    let answers = !look || matches!(timeout(ALIVE, connection.ping()).await, Ok(Ok(())));
                    let hangs = || sqlx::Error::Io(io::Error::from(io::ErrorKind::TimedOut));
                    answers.then_some(true).ok_or_else(hangs)
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
        email_keys::fill(&mut connection).await.map_err(|error| unusable(&place, &error))?;
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
        Ok(Self { pool, hung_at, epoch: Epoch(epoch), wait: Histogram::default(), name })
    }

    /// Notes in `wait` how long writes wait for a connection.
    #[must_use]
    pub fn with_wait(self, wait: Histogram) -> Self {
        Self { wait, ..self }
    }

    /// How long this store's answers may be waited for.
    #[must_use]
    pub fn patience(&self) -> Patience {
        Patience { limit: ANSWER, hung_at: self.hung_at.clone() }
    }

    async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let begin = Instant::now();
        let connection = self.pool.acquire().await;
        self.wait.observe(begin.elapsed());
        connection.map_err(|error| sort(error.into()))
    }
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

/// Whether an error of Postgres passes by itself: the connection, resources, an operator's intervention, a conflict.
fn passes(error: &sqlx::Error) -> bool {
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

/// Sorts this backend's errors; the conversion of the other backend looks at codes that mean something else here.
fn sort(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(error) | StoreError::Failed(error) => {
            if passes(&error) {
                StoreError::Unavailable(error)
            } else {
                StoreError::Failed(error)
            }
        }
        unusable @ StoreError::Unusable(_) => unusable,
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn create_user(
        &self,
        email: &str,
        name: &str,
        password_hash: &str,
    ) -> Result<Option<User>, StoreError> {
        accounts::create_user(&mut *self.connection().await?, email, name, password_hash).await.map_err(sort)
    }

    async fn account(&self, email: &str) -> Result<Option<(User, String)>, StoreError> {
        accounts::account(&self.pool, email).await.map_err(sort)
    }

    async fn replace_password_hash(&self, user: UserId, old: &str, new: &str) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        accounts::replace_password_hash(&mut connection, user, old, new).await.map_err(sort)
    }

    async fn find_user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        accounts::find_user(&self.pool, user).await.map_err(sort)
    }

    async fn create_token(
        &self,
        user: UserId,
        digest: [u8; 32],
        created_at: i64,
        expires_at: i64,
    ) -> Result<TokenId, StoreError> {
        let mut connection = self.connection().await?;
        accounts::create_token(&mut connection, user, digest, created_at, expires_at).await.map_err(sort)
    }

    async fn token(&self, digest: [u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
        accounts::token(&self.pool, digest).await.map_err(sort)
    }

    async fn tokens_of(&self, user: UserId, now: i64) -> Result<Vec<TokenInfo>, StoreError> {
        accounts::tokens_of(&self.pool, user, now).await.map_err(sort)
    }

    async fn revoked(&self, tokens: &[TokenId]) -> Result<Vec<TokenId>, StoreError> {
        let ids: Vec<i64> = tokens.iter().map(|token| token.0).collect();
        let revoked = sqlx::query_scalar("SELECT id FROM tokens WHERE id = ANY ($1) AND revoked")
            .bind(ids)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| sort(error.into()))?;
        Ok(revoked.into_iter().map(TokenId).collect())
    }

    async fn revoke_token(&self, user: UserId, token: TokenId) -> Result<bool, StoreError> {
        accounts::revoke_token(&mut *self.connection().await?, user, token).await.map_err(sort)
    }

    async fn create_chat(&self, chat: NewChat) -> Result<Created, StoreError> {
        chats::create(&mut *self.connection().await?, &chat).await.map_err(sort)
    }

    async fn chat(&self, user: UserId, chat: ChatId) -> Result<Option<Chat>, StoreError> {
        chats::one(&self.pool, &self.epoch, user, chat).await.map_err(sort)
    }

    async fn chats(
        &self,
        user: UserId,
        before: Option<ChatCursor>,
        limit: u64,
    ) -> Result<Vec<Chat>, StoreError> {
        chats::page(&self.pool, &self.epoch, user, before, limit).await.map_err(sort)
    }

    async fn moved_chats(
        &self,
        user: UserId,
        after: MessageId,
        limit: u64,
    ) -> Result<Vec<(ChatCursor, Seq)>, StoreError> {
        chats::moved(&self.pool, user, after, limit).await.map_err(sort)
    }

    async fn participants(&self, chat: ChatId) -> Result<Vec<UserId>, StoreError> {
        chats::participants(&self.pool, chat).await.map_err(sort)
    }

    async fn acquaintances(&self, user: UserId) -> Result<Vec<UserId>, StoreError> {
        chats::acquaintances(&self.pool, user).await.map_err(sort)
    }

    async fn delete_chat(&self, user: UserId, chat: ChatId) -> Result<Option<Vec<UserId>>, StoreError> {
        chats::delete(&mut *self.connection().await?, user, chat).await.map_err(sort)
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError> {
        append::append(&mut *self.connection().await?, batch).await.map_err(sort)
    }

    async fn position(&self, user: UserId, chat: ChatId) -> Result<Option<Position>, StoreError> {
        log::position(&self.pool, &self.epoch, user, chat).await.map_err(sort)
    }

    async fn events_after(
        &self,
        user: UserId,
        chat: ChatId,
        after: Seq,
        limit: u64,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        log::events_after(&self.pool, user, chat, after, limit).await.map_err(sort)
    }

    async fn messages(
        &self,
        user: UserId,
        chat: ChatId,
        before: Option<MessageId>,
        limit: u64,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        log::messages(&self.pool, user, chat, before, limit).await.map_err(sort)
    }

    async fn message(&self, user: UserId, id: MessageId) -> Result<Option<Message>, StoreError> {
        log::message(&self.pool, user, id).await.map_err(sort)
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Seq)>, StoreError> {
        let ids: Vec<i64> = chats.iter().map(|chat| chat.0).collect();
        let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT id, head FROM chats WHERE id = ANY ($1)")
            .bind(ids)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| sort(error.into()))?;
        Ok(rows.into_iter().map(|(id, head)| (ChatId(id), to_seq(head))).collect())
    }

    async fn reads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, UserId, Seq)>, StoreError> {
        let ids: Vec<i64> = chats.iter().map(|chat| chat.0).collect();
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT chat_id, user_id, read_seq FROM participants WHERE chat_id = ANY ($1) AND read_seq > 0",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| sort(error.into()))?;
        Ok(rows.into_iter().map(to_read).collect())
    }

    async fn other_nodes(&self) -> Result<Vec<Option<NodeId>>, StoreError> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT application_name FROM pg_stat_activity
             WHERE datname = current_database() AND application_name <> $1
             AND (application_name = $2 OR application_name ~ ('^' || $2 || ' [0-9a-f]{16}$'))",
        )
        .bind(&self.name)
        .bind(NAME)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| sort(error.into()))?;
        // A node of the version before says no name.
        let node = |name: String| NodeId::from_str_radix(name.split_once(' ')?.1, 16).ok();
        Ok(names.into_iter().map(node).collect())
    }

    async fn keep_page_files(&self, files: &[PageFile]) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        page::keep_files(&mut connection, files).await.map_err(sort)
    }

    async fn page_file(&self, path: &str) -> Result<Option<PageFile>, StoreError> {
        page::file(&self.pool, path).await.map_err(sort)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map_err(|error| sort(error.into()))?;
        Ok(())
    }

    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn pool(&self) -> PoolState {
        PoolState { open: self.pool.size() as usize, idle: self.pool.num_idle(), most: CONNECTIONS as usize }
    }

    async fn close(&self) {
        self.pool.close().await;
    }
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
async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}

/// A transaction in which the table `users` stays as it is but for what the transaction does.
async fn begin_on_users(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute(&mut *transaction).await?;
    Ok(transaction)
}

/// Locks a chat's row until the transaction ends, so that its positions are given one after the other.
async fn lock_chat(transaction: &mut PgConnection, chat: ChatId) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1 FROM chats WHERE id = $1 FOR UPDATE").bind(chat.0).execute(transaction).await?;
    Ok(())
}
