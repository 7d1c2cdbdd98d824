//! Whether each connection has a session of Postgres' own, which a pooler in transaction mode does not give.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection as _, Row};

use super::StoreError;

/// Refuses a pooler that gives each transaction another session: prepared statements, settings of a session and the
/// lock of a migration would be those of another client.
///
/// Two connections are asked in the order one, other, other, one for the process that serves them. Where each has a
/// session, each always answers the same process, and they are two. Behind a pooler that has one session free both
/// answer that; behind one that has several and takes them in turn, one of the connections answers two.
pub(super) async fn check(options: &PgConnectOptions, place: &str) -> Result<(), Error> {
    let mut one = options.connect().await?;
    let mut other = options.connect().await?;
    let first = (process(&mut one).await?, process(&mut other).await?);
    let second = (process(&mut other).await?, process(&mut one).await?);
    // Without waiting for a goodbye.
    let _ = futures_util::future::join(one.close(), other.close()).await;
    if first.0 != first.1 && first == (second.1, second.0) {
        return Ok(());
    }
    Err(Error::Unusable(StoreError::Unusable(format!(
        "A pooler such as PgBouncer answers at {place} and gives each transaction another session, and Causerie needs one for each connection: set pool_mode = session for this database there, or name Postgres itself in DATABASE_URL."
    ))))
}

pub(super) enum Error {
    Unusable(StoreError),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// The process of Postgres that answers. In the simple protocol, which every pooler speaks.
async fn process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}
