//! The URL of a database, as people copy it from elsewhere.

use std::path::Path;

use url::Url;

use super::{ConfigError, DEFAULT_DATABASE, fail};

/// Options that other programs write into SQLite URLs and that say what Causerie does anyway, by all of their names.
const AS_IT_IS: &[(&[&str], &[&str])] = &[
    (&["mode"], &["rwc"]),
    (&["cache"], &["private"]),
    (&["immutable", "nolock"], &["0", "false", "no", "off"]),
    (&["journal_mode", "_journal_mode", "_journal"], &["wal"]),
    (&["synchronous", "_synchronous", "_sync"], &["full", "2"]),
    (&["foreign_keys", "_foreign_keys", "_fk"], &["1", "true", "yes", "on"]),
];

/// A database URL as `sqlite:PATH` or `postgres://…`. One that is refused is never repeated: it may hold a password.
pub(super) fn database(url: &str) -> Result<String, ConfigError> {
    // An empty variable is how `.env` files say "unset".
    let url = if url.trim().is_empty() { DEFAULT_DATABASE } else { url.trim() };
    let Some((scheme, rest)) = url.split_once(':') else {
        return fail("DATABASE_URL is not a URL: write sqlite:PATH, for example sqlite:causerie.db");
    };
    match scheme {
        "sqlite" => sqlite(rest),
        "postgres" | "postgresql" => postgres(scheme, rest),
        _ => fail(
            "DATABASE_URL has a scheme that is not known: write sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        ),
    }
}

/// Whether a checked database URL names a Postgres database.
#[must_use]
pub fn is_postgres(database_url: &str) -> bool {
    database_url.starts_with("postgres")
}

fn sqlite(rest: &str) -> Result<String, ConfigError> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let (path, options) = path.split_once('?').unwrap_or((path, ""));
    if path.is_empty() || path.contains(":memory:") {
        return fail("DATABASE_URL names no file: write sqlite:PATH, for example sqlite:causerie.db");
    }
    if path.contains('#') || options.contains('#') {
        return fail(
            "DATABASE_URL has a # in it, which begins a fragment: write %23 for it, as in sqlite:PATH",
        );
    }
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let (name, value) = (name.to_ascii_lowercase(), value.to_ascii_lowercase());
        let says_as_it_is = AS_IT_IS
            .iter()
            .any(|(names, values)| names.contains(&name.as_str()) && values.contains(&value.as_str()));
        if !says_as_it_is {
            other_option(path, &name, &value)?;
        }
    }
    Ok(format!("sqlite:{path}"))
}

/// An option of a SQLite URL that changes something.
fn other_option(path: &str, name: &str, value: &str) -> Result<(), ConfigError> {
    match (name, value) {
        // It says not to make the file, so it changes nothing when there is one.
        ("mode", "rw") if Path::new(path).exists() => Ok(()),
        ("mode", "rw") => fail(format!(
            "DATABASE_URL says mode=rw, which is not to make the file, and there is no {path}: write sqlite:{path} to make it, or name another file"
        )),
        ("mode", "memory") => fail(
            "DATABASE_URL says mode=memory, which would forget every message at the end: write sqlite:PATH without options",
        ),
        ("mode" | "immutable", _) => fail(
            "DATABASE_URL says that the file is only to be read, and Causerie has to write it: write sqlite:PATH without options",
        ),
        // The name is repeated only where it looks like that of an option: anything else may be part of a password.
        (name, _)
            if !name.is_empty()
                && name.len() < 30
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
        {
            fail(format!(
                "DATABASE_URL has the option {name}, with a value that Causerie does not offer: leave it out, and write sqlite:PATH"
            ))
        }
        _ => fail("DATABASE_URL has options after its path that Causerie does not offer: write sqlite:PATH"),
    }
}

fn postgres(scheme: &str, rest: &str) -> Result<String, ConfigError> {
    // As libpq takes it (<https://www.postgresql.org/docs/current/libpq-connect.html>, section 34.1.1.2): the host may be
    // left out, or stand in the query, as the folder of a Unix socket has to.
    let names_host = rest.contains("?host=") || rest.contains("&host=");
    // A URL with a user and no host is none for the standard; the host in the query wins over this one.
    let rest = if names_host { rest.replacen("@/", "@localhost/", 1) } else { rest.to_owned() };
    let url = format!("{scheme}:{rest}");
    let names_database = |url: &Url| {
        url.path().len() > 1 || url.query_pairs().any(|(name, value)| name == "dbname" && !value.is_empty())
    };
    match Url::parse(&url) {
        Ok(parsed) if rest.starts_with("//") && names_database(&parsed) => Ok(url),
        _ => fail(
            "DATABASE_URL is not a whole Postgres URL: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, or postgres:///DATABASE?host=/var/run/postgresql for a Unix socket",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_however_its_url_is_written() {
        for (url, path) in [
            ("sqlite:causerie.db", "causerie.db"),
            ("sqlite://data/causerie.db", "data/causerie.db"),
            ("sqlite:///var/lib/causerie.db", "/var/lib/causerie.db"),
            ("sqlite:/var/lib/causerie.db", "/var/lib/causerie.db"),
            ("", "causerie.db"),
        ] {
            assert_eq!(database(url), Ok(format!("sqlite:{path}")), "{url}");
        }
    }

    #[test]
    fn options_that_change_nothing_are_taken() {
        for options in [
            "mode=rwc",
            "MODE=RWC&cache=private",
            "",
            "&mode=rwc&",
            "_journal_mode=WAL&_fk=1&synchronous=FULL",
            "immutable=0",
        ] {
            assert_eq!(
                database(&format!("sqlite://a.db?{options}")),
                Ok("sqlite:a.db".to_owned()),
                "{options}"
            );
        }
    }

    #[test]
    fn an_option_that_changes_something_is_refused_by_its_name() {
        for (options, named) in [
            ("mode=ro", "only to be read"),
            ("mode=memory", "mode=memory"),
            ("immutable=1", "only to be read"),
            ("mode=rw", "no a.db"),
            ("cache=shared", "option cache"),
            ("_journal_mode=DELETE", "option _journal_mode"),
            ("mode=rwc&connection_limit=1", "option connection_limit"),
            ("sesame!", "options after its path"),
            ("mode=rwc#x", "%23"),
        ] {
            let sentence = database(&format!("sqlite:a.db?{options}")).unwrap_err().to_string();
            assert!(sentence.contains(named) && sentence.contains("DATABASE_URL"), "{options}: {sentence}");
            assert!(sentence.contains("sqlite:") || sentence.contains("write %23"), "{sentence}");
            assert!(!sentence.contains("sesame"), "{sentence}");
        }
    }

    #[test]
    fn mode_rw_is_for_a_file_that_is_there() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().display();
        assert_eq!(database(&format!("sqlite:{path}?mode=rw")), Ok(format!("sqlite:{path}")));
    }

    #[test]
    fn postgres_is_named_by_a_host_or_a_socket() {
        for url in [
            "postgres://u:p@db/causerie",
            "postgresql://db:5433/causerie?sslmode=disable",
            "postgres:///causerie?host=/var/run/postgresql",
            "postgres://u@%2Fvar%2Frun%2Fpostgresql/causerie",
            "postgres:///causerie",
            "postgres://db?dbname=causerie",
        ] {
            assert_eq!(database(url), Ok(url.to_owned()));
        }
        assert_eq!(
            database("postgres://u:p@/causerie?host=/run/postgresql"),
            Ok("postgres://u:p@localhost/causerie?host=/run/postgresql".to_owned())
        );
    }

    #[test]
    fn a_bad_database_url_is_refused_without_repeating_it() {
        for url in [
            "causerie.db",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:a.db?mode=ro",
            "postgres://u:sesame@host",
            "postgres:",
            "postgres:causerie",
            "postgres://u:sesame@/causerie",
            "postgres://u:sesame@h1:5432,h2:5432/causerie",
            "mysql://u:sesame@host/db",
        ] {
            let sentence = database(url).unwrap_err().to_string();
            assert!(sentence.contains("DATABASE_URL") && sentence.contains(": write "), "{sentence}");
            assert!(!sentence.contains("sesame"), "{sentence}");
        }
    }
}
