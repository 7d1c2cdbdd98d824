//! A look at a SQLite file that changes nothing.

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::{BUSY_TIMEOUT, MIGRATIONS, SqliteStore, StoreError, unusable};

impl SqliteStore {
    /// Whether a server could use the database of this URL now, beside one that does so already.
    /// A file that is not there is fine: the server makes it.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn look(url: &str) -> Result<(), StoreError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| {
                StoreError::Unusable("DATABASE_URL is not a SQLite URL: write sqlite:PATH.".to_owned())
            })?
            .create_if_missing(false)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        if !options.get_filename().exists() {
            return Ok(());
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
        if version > known { Err(newer(&options)) } else { Ok(()) }
    }
}

/// The sentence for a database that this version does not know.
pub(super) fn newer(options: &SqliteConnectOptions) -> StoreError {
    let file = options.get_filename().display();
    StoreError::Unusable(format!(
        "The database {file} was made by a newer version of Causerie: run that version, or name another file in DATABASE_URL."
    ))
}
