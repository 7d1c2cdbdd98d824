//! A Postgres database as one end of a transfer: refused while a server uses it, and locked against one that starts.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::ConnectOptions;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::{MIGRATIONS, NAME, PostgresStore, StoreError, place, read, sql, unusable, unusable_tables};
use crate::store::transfer::{Endpoint, Key, Rows, Side, Table};

/// What the connection of a command is called, apart from a server's.
const OWN_NAME: &str = "causerie migrate-db";
/// Looks for servers, since the connections of one that just ended stay for a moment, and the pause between two.
const LOOKS: (u32, Duration) = (5, Duration::from_millis(200));

pub(in crate::store) struct PostgresSide {
    connection: PgConnection,
    place: String,
    endpoint: Endpoint,
}

impl PostgresSide {
    /// Connects, brings the tables up to date and locks them.
    pub(in crate::store) async fn open(url: &str, endpoint: Endpoint) -> Result<Self, StoreError> {
        let option = endpoint.option();
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| {
                StoreError::Unusable(format!(
                    "{option} is not a Postgres URL: write postgres://USER:PASSWORD@HOST:PORT/DATABASE."
                ))
            })?
            .application_name(OWN_NAME)
            // As a server's connections.
            .extra_float_digits(None)
            .disable_statement_logging();
        let place = place(&options);
        let explain = |error: &sqlx::Error| endpoint.with_option_name(unusable(&place, error));
        let mut connection = options.connect().await.map_err(|error| explain(&error))?;
        MIGRATIONS
            .run(&mut connection)
            .await
            .map_err(|error| endpoint.with_option_name(unusable_tables(&place, error)))?;
        sql::email_keys::fill(&mut connection).await.map_err(|error| explain(&error))?;
        if is_in_use(&mut connection).await.map_err(|error| explain(&error))? {
            return Err(StoreError::Unusable(format!(
                "The database at {place} that {option} names is in use: stop every server, then run this again."
            )));
        }
        // A server that starts now waits at its first look at `meta`, so it never sees half of an installation.
        sqlx::raw_sql(
            "BEGIN ISOLATION LEVEL REPEATABLE READ;
             LOCK TABLE meta, users, tokens, chats, participants, events, created_chats IN ACCESS EXCLUSIVE MODE NOWAIT",
        )
        .execute(&mut connection)
        .await
        .map_err(|error| match error.as_database_error().and_then(DatabaseError::code).as_deref() {
            // lock_not_available
            Some("55P03") => StoreError::Unusable(format!(
                "Another program is working in the database at {place} that {option} names: let it end, then run this again."
            )),
            _ => explain(&error),
        })?;
        Ok(Self { connection, place, endpoint })
    }
}

impl PostgresStore {
    /// Gives the database of this URL another epoch, so that every page loads afresh.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with a sentence, also while a server is connected.
    pub async fn renew_epoch(url: &str) -> Result<(), StoreError> {
        let (options, place) = read(url)?;
        let explain = |error: &sqlx::Error| unusable(&place, error);
        let options = options.application_name(OWN_NAME);
        let mut connection = options.connect().await.map_err(|error| explain(&error))?;
        if is_in_use(&mut connection).await.map_err(|error| explain(&error))? {
            return Err(StoreError::Unusable(format!(
                "The database at {place} is in use: stop every server, then run this again."
            )));
        }
        let renewed = sqlx::query(
            "UPDATE meta SET value = replace(gen_random_uuid()::text, '-', '') WHERE key = 'epoch'",
        )
        .execute(&mut connection)
        .await;
        match renewed {
            Ok(renewed) if renewed.rows_affected() == 1 => Ok(()),
            // undefined_table
            Err(error)
                if error.as_database_error().and_then(DatabaseError::code).as_deref() != Some("42P01") =>
            {
                Err(explain(&error))
            }
            _ => Err(StoreError::Unusable(format!(
                "The database at {place} is not one of Causerie: correct DATABASE_URL."
            ))),
        }
    }
}

/// Whether a server is connected to this database, or another run of this.
async fn is_in_use(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    for look in 0..LOOKS.0 {
        if look > 0 {
            tokio::time::sleep(LOOKS.1).await;
        }
        let others: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND starts_with(application_name, $1) AND pid <> pg_backend_pid()",
        )
        .bind(NAME)
        .fetch_one(&mut *connection)
        .await?;
        if others == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

#[async_trait]
impl Side for PostgresSide {
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
        sqlx::query_scalar(
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::regclass), 0)",
        )
        .bind(table.name())
        .fetch_one(&mut self.connection)
        .await
    }

    async fn set_last_id(&mut self, table: Table, id: i64) -> Result<(), sqlx::Error> {
        if id > 0 {
            sqlx::query("SELECT setval(pg_get_serial_sequence($1, 'id')::regclass, $2)")
                .bind(table.name())
                .bind(id)
                .execute(&mut self.connection)
                .await?;
        }
        Ok(())
    }

    async fn broken_log(&mut self) -> Result<Option<i64>, sqlx::Error> {
        sql::transfer::broken_log(&mut self.connection).await
    }

    async fn commit(&mut self) -> Result<(), sqlx::Error> {
        // The planner knows nothing of rows that came all at once until it has looked at them.
        sqlx::raw_sql("ANALYZE; COMMIT").execute(&mut self.connection).await?;
        Ok(())
    }

    fn explain(&self, error: sqlx::Error) -> StoreError {
        self.endpoint.with_option_name(unusable(&self.place, &error))
    }
}
