//! A look at a Postgres database that changes nothing.

use sqlx::ConnectOptions;
use tokio::time::timeout;

use super::{ACQUIRE_TIMEOUT, MIGRATIONS, NAME, PostgresStore, StoreError, newer, read, sessions, unusable};

/// What the connections of a look are called.
const OWN_NAME: &str = "causerie doctor";

impl PostgresStore {
    /// Whether a server could use the database of this URL now, beside those that do so already. Answers how many do.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn look(url: &str) -> Result<usize, StoreError> {
        let (options, place) = read(url)?;
        // Apart from the servers that are counted below.
        let options = options.application_name(OWN_NAME);
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
}
