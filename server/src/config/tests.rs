//! What settings lead to, and which are refused.

use super::*;

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
fn origins_are_normalised_and_checked() {
    let given = ["https://Chat.Example.org/", " http://localhost:8080 ", ""].map(str::to_owned);
    assert_eq!(origins(&given).unwrap(), ["https://chat.example.org", "http://localhost:8080"]);
    for bad in ["*", "chat.example.org", "https://a.example/page", "ws://a.example", "null"] {
        assert!(origins(&[bad.to_owned()]).is_err(), "{bad}");
    }
}

#[test]
fn a_duration_has_a_unit_or_is_none() {
    for (given, seconds) in [("0", 0), ("0m", 0), (" 90s ", 90), ("15m", 900), ("2h", 7_200), ("1d", 86_400)]
    {
        assert_eq!(duration(given), Ok(Duration::from_secs(seconds)), "{given:?}");
    }
    for bad in ["", "15", "m", "-1m", "1.5h", "15 m", "1w", "99999999999d", "99999999999999999999s"] {
        assert!(duration(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_definitions_hold_together() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
}

#[test]
fn a_folder_is_read_however_people_write_it() {
    for (given, path) in [
        ("", ""),
        ("/", ""),
        (" / ", ""),
        ("/chat/", "/chat"),
        ("/chat", "/chat"),
        ("chat", "/chat"),
        ("/a/b-c/d_e.f~1/", "/a/b-c/d_e.f~1"),
        ("/chats/", "/chats"),
        ("/apis/", "/apis"),
    ] {
        assert_eq!(base_path(given), Ok(path.to_owned()), "{given:?}");
    }
}

#[test]
fn what_is_no_folder_or_hides_an_address_of_causerie_is_refused_by_its_name() {
    for given in [
        "https://example.org/chat/",
        "/a b/",
        "/a//b",
        "/../chat",
        "/./",
        "/chat?x",
        "/chat#x",
        "/chät/",
        "/\"><script>/",
        "/%2e%2e/",
        &"a".repeat(BASE_PATH_CHARS + 1),
        "/api/",
        "/ws",
        "/healthz/x",
        "/chat-ws-test/",
    ] {
        let sentence = base_path(given).unwrap_err().to_string();
        assert!(
            sentence.contains("CAUSERIE_BASE_PATH") && sentence.contains("/chat/"),
            "{given}: {sentence}"
        );
    }
}
