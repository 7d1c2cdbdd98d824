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
fn the_definitions_hold_together() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
}
