//! A SQLite file as one end of a transfer: held alone, so that no server can have it open.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode};

use super::file::Claim;
use super::{StoreError, code, migrate, primary_code, sql, unusable};
use crate::store::transfer::{Endpoint, Key, Rows, Side, Table};

/// How long another program has to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

pub(in crate::store) struct SqliteSide {
    connection: SqliteConnection,
    options: SqliteConnectOptions,
    endpoint: Endpoint,
    /// Last, so that the connection is gone before it.
    _claim: Claim,
}

impl SqliteSide {
    /// Opens the file alone and brings its tables up to date. A target is made when it is not there.
    pub(in crate::store) async fn open(url: &str, endpoint: Endpoint) -> Result<Self, StoreError> {
        let option = endpoint.option();
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| StoreError::Unusable(format!("{option} is not a SQLite URL: write sqlite:PATH.")))?
            .create_if_missing(endpoint == Endpoint::To)
            // In write-ahead mode every open connection holds a shared lock on the file, an idle server's too
            // (<https://www.sqlite.org/pragma.html#pragma_locking_mode>), so this one is refused beside another.
            .locking_mode(SqliteLockingMode::Exclusive)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let file = options.get_filename();
        if endpoint == Endpoint::From && !file.exists() {
            return Err(StoreError::Unusable(format!(
                "There is no file {}: name the database to move in --from.",
                file.display()
            )));
        }
        let claim = Claim::take(file, endpoint == Endpoint::To, "migrate-db")
            .await
            .map_err(|error| endpoint.with_option_name(error))?;
        let mut connection = options.connect().await.map_err(|error| explain(&options, endpoint, &error))?;
        migrate(&mut connection, &options).await.map_err(|error| endpoint.with_option_name(error))?;
        sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut connection)
            .await
            .map_err(|error| explain(&options, endpoint, &error))?;
        claim.restrict();
        Ok(Self { connection, options, endpoint, _claim: claim })
    }
}

fn explain(options: &SqliteConnectOptions, endpoint: Endpoint, error: &sqlx::Error) -> StoreError {
    match primary_code(error) {
        Some(code::BUSY | code::LOCKED) => StoreError::Unusable(format!(
            "The database {} is in use: stop the server, then run this again.",
            options.get_filename().display()
        )),
        _ => endpoint.with_option_name(unusable(options, error)),
    }
}

#[async_trait]
impl Side for SqliteSide {
    async fn meta(&mut self) -> Result<Vec<(String, String)>, sqlx::Error> {
        sql::transfer::meta(&mut self.connection).await
    }

    async fn set_meta(&mut self, meta: &[(String, String)]) -> Result<(), sqlx::Error> {
        sql::transfer::set_meta(&mut self.connection, meta).await
    }

    async fn count(&mut self, table: Table) -> Result<u64, sqlx::Error> {
        sql::transfer::count(&mut self.connection, table).await
    }

    async fn read(&mut self, table: Table, after: Key) -> Result<Rows, sqlx::Error> {
        sql::transfer::read(&mut self.connection, table, after).await
    }

    async fn write(&mut self, rows: &Rows) -> Result<(), sqlx::Error> {
        sql::transfer::write(&mut self.connection, rows).await
    }

    async fn last_id(&mut self, table: Table) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = $1), 0)")
            .bind(table.name())
            .fetch_one(&mut self.connection)
            .await
    }

    async fn set_last_id(&mut self, table: Table, id: i64) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM sqlite_sequence WHERE name = $1")
            .bind(table.name())
            .execute(&mut self.connection)
            .await?;
        sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)")
            .bind(table.name())
            .bind(id)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    async fn broken_log(&mut self) -> Result<Option<i64>, sqlx::Error> {
        sql::transfer::broken_log(&mut self.connection).await
    }

    async fn commit(&mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("COMMIT").execute(&mut self.connection).await?;
        Ok(())
    }

    fn explain(&self, error: sqlx::Error) -> StoreError {
        explain(&self.options, self.endpoint, &error)
    }
}
