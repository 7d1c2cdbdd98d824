//! A look at a Postgres database that changes nothing.

use sqlx::ConnectOptions;
use tokio::time::timeout;

use super::{ACQUIRE_TIMEOUT, MIGRATIONS, PostgresStore, StoreError, newer, read, unusable};

impl PostgresStore {
    /// Whether a server could use the database of this URL now, beside those that do so already.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn look(url: &str) -> Result<(), StoreError> {
        let (options, place) = read(url)?;
        let known = MIGRATIONS.iter().map(|migration| migration.version).max();
        let look = async {
            let mut connection = options.connect().await?;
            let made: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
                .fetch_one(&mut connection)
                .await?;
            if !made {
                return Ok(None);
            }
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut connection).await
        };
        let looked = timeout(ACQUIRE_TIMEOUT, look).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let version: Option<i64> = looked.map_err(|error| unusable(&place, &error))?;
        if version > known { Err(newer(&place)) } else { Ok(()) }
    }
}
