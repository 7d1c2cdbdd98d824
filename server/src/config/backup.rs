//! The options of `causerie backup`, `causerie restore` and `causerie renew-epoch`.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigError, DEFAULT_DATABASE, database, fail, is_postgres};

/// The database that a command works on.
#[derive(Debug, Args)]
pub struct Database {
    /// The database, as `causerie serve` has it: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", default_value = DEFAULT_DATABASE, hide_env_values = true)]
    pub database_url: String,
}

/// The options of `causerie backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write, which must not be there yet; its owner alone can read it.
    #[arg(value_name = "FILE")]
    pub to: PathBuf,
    /// Which database.
    #[command(flatten)]
    pub database: Database,
}

/// The options of `causerie restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup, which stays as it is.
    #[arg(value_name = "FILE")]
    pub from: PathBuf,
    /// Which database.
    #[command(flatten)]
    pub database: Database,
}

impl Database {
    /// The database's URL, checked.
    ///
    /// # Errors
    /// When it can't be used.
    pub fn url(&self) -> Result<String, ConfigError> {
        database(&self.database_url)
    }

    /// The URL of a SQLite database, checked. `remedy` is what to do with another one.
    fn sqlite(&self, remedy: &str) -> Result<String, ConfigError> {
        let url = self.url()?;
        if is_postgres(&url) { fail(remedy) } else { Ok(url) }
    }
}

impl Backup {
    /// The database's URL, checked.
    ///
    /// # Errors
    /// When it can't be used, or is not SQLite's.
    pub fn url(&self) -> Result<String, ConfigError> {
        self.database.sqlite(
            "DATABASE_URL names a Postgres database, which has its own way of making backups: use `pg_dump --format=custom --file=FILE URL`, as docs/CONFIGURATION.md says",
        )
    }
}

impl Restore {
    /// The database's URL, checked.
    ///
    /// # Errors
    /// When it can't be used, or is not SQLite's.
    pub fn url(&self) -> Result<String, ConfigError> {
        self.database.sqlite(
            "DATABASE_URL names a Postgres database, which has its own way of putting backups back: stop every server, use `pg_restore`, and then `causerie renew-epoch`, as docs/CONFIGURATION.md says",
        )
    }
}
