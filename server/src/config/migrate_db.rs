//! The options of `causerie migrate-db`.

use clap::Args;

use super::{ConfigError, database, fail};

/// The options of `causerie migrate-db`.
#[derive(Debug, Args)]
pub struct MigrateDb {
    /// The database to move, which stays as it is: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    #[arg(long, env = "CAUSERIE_MIGRATE_FROM", value_name = "URL", hide_env_values = true)]
    pub from: String,
    /// The empty database to move it to, written in the same way; a SQLite file is made when it is not there.
    ///
    /// What stands on a command line can be read by every user of the machine: a URL with a password belongs into the variable or into `.env`.
    #[arg(long, env = "CAUSERIE_MIGRATE_TO", value_name = "URL", hide_env_values = true)]
    pub to: String,
}

impl MigrateDb {
    /// The two databases' URLs, checked.
    ///
    /// # Errors
    /// The first one that can't be used, or that both are one.
    pub fn urls(&self) -> Result<(String, String), ConfigError> {
        let checked = |url: &str, option: &str| {
            if url.trim().is_empty() {
                return fail(format!("{option} is empty: name a database as sqlite:PATH or postgres://…"));
            }
            // The sentences are those of the server's own setting.
            database(url).map_err(|error| ConfigError(error.0.replace("DATABASE_URL", option)))
        };
        let (from, to) = (checked(&self.from, "--from")?, checked(&self.to, "--to")?);
        if from == to {
            return fail("--from and --to name the same database: name an empty one in --to");
        }
        Ok((from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_urls_are_checked_and_named_by_their_options() {
        let urls = |from: &str, to: &str| MigrateDb { from: from.to_owned(), to: to.to_owned() }.urls();
        assert_eq!(
            urls("sqlite://a.db", "postgres://u:p@h/d"),
            Ok(("sqlite:a.db".to_owned(), "postgres://u:p@h/d".to_owned()))
        );
        for (from, to, named) in [
            ("a.db", "postgres://h/d", "--from"),
            ("sqlite:a.db", "mysql://u:sesame@h/d", "--to"),
            ("sqlite:a.db", " ", "--to"),
            ("sqlite:a.db", "sqlite://a.db", "same database"),
        ] {
            let sentence = urls(from, to).unwrap_err().to_string();
            assert!(sentence.contains(named) && !sentence.contains("DATABASE_URL"), "{sentence}");
            assert!(!sentence.contains("sesame"), "{sentence}");
        }
    }
}
