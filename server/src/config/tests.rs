//! What settings lead to, and which are refused.

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
fn several_servers_need_postgres() {
    let config = |arguments: &[&str]| {
        let cli = Cli::try_parse_from([&["causerie", "serve"], arguments].concat()).unwrap();
        let Command::Serve(serve) = cli.command else { panic!("another command") };
        serve.config()
    };
    let postgres = ["--database-url", "postgres://u:p@db/causerie"];
    let one = config(&postgres).unwrap();
    assert!(is_postgres(&one.database_url) && one.redis_url.is_none());
    let several = config(&[&postgres[..], &["--use-redis", "--redis-url", "redis://r/"]].concat()).unwrap();
    assert_eq!(several.redis_url.as_deref(), Some("redis://r/"));
    let sentence = config(&["--use-redis"]).unwrap_err().to_string();
    assert!(sentence.contains("USE_REDIS") && sentence.contains("Postgres"), "{sentence}");
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
        "mysql://u:sesame@host/db",
    ] {
        let sentence = database(url).unwrap_err().to_string();
        assert!(sentence.contains("DATABASE_URL") && sentence.contains(": write "), "{sentence}");
        assert!(!sentence.contains("sesame"), "{sentence}");
    }
}

#[test]
fn origins_are_normalised_and_checked() {
    let given = ["https://Chat.Example.org/", " http://localhost:8080 ", ""].map(str::to_owned);
    assert_eq!(origins(&given).unwrap(), ["https://chat.example.org", "http://localhost:8080"]);
    for bad in ["*", "chat.example.org", "https://a.example/page", "ws://a.example", "null"] {
        assert!(origins(&[bad.to_owned()]).is_err(), "{bad}");
    }
}

#[test]
fn the_definitions_hold_together() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
}
