//! A look at a SQLite file that changes nothing.

use std::net::SocketAddr;
use std::path::Path;

use sqlx::ConnectOptions;

use super::{MIGRATIONS, SqliteStore, StoreError, file, options, unusable};

impl SqliteStore {
    /// Whether a server that listens at `address` could use the database of this URL now, or does so already.
    /// A file that is not there is fine: the server makes it.
    ///
    /// # Errors
    /// As [`SqliteStore::open_at`].
    pub async fn look(url: &str, address: SocketAddr) -> Result<(), StoreError> {
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
}

/// The sentence for a database that this version does not know.
pub(super) fn newer(file: &Path) -> StoreError {
    let file = file.display();
    StoreError::Unusable(format!(
        "The database {file} was made by a newer version of Causerie: run that version, or name another file in DATABASE_URL."
    ))
}
