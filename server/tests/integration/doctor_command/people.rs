//! What can be wrong with a token, a chat, an origin or a clock.

use causerie_testkit::process;
use sqlx::{Connection, SqliteConnection};

use super::looked::{TokenFile, doctor, in_a_chat, look};
use crate::common::program::causerie;
use crate::common::server::TestServer;

#[tokio::test]
async fn no_token_one_that_is_none_and_one_that_nobody_gave_out() {
    let server = TestServer::start().await;
    let (_, chat, token) = in_a_chat(&server).await;
    let url = server.url("");
    assert!(doctor(&[&url]).await.found("no_token").contains("--token-file"));
    for (given, finding) in [
        ("", "no_token"),
        ("not one, with spaces", "token_malformed"),
        ("A".repeat(64).as_str(), "token_unknown"),
    ] {
        TokenFile::new(given).quick(&url, &[]).await.found(finding);
    }
    token.quick(&url, &["--chat", &chat.to_string()]).await.found("all_well");
}

#[tokio::test]
async fn a_token_that_was_revoked_until_the_person_signs_in_again() {
    let server = TestServer::start().await;
    let (alice, _, token) = in_a_chat(&server).await;
    let again = server.login(&alice).await;
    server.logout(&alice).await;
    let url = server.url("");
    token.quick(&url, &[]).await.found("token_revoked");
    TokenFile::new(&again.token).quick(&url, &[]).await.found("all_well");
}

#[tokio::test]
async fn a_token_whose_time_is_over() {
    let server = TestServer::start().await;
    let (alice, _, _) = in_a_chat(&server).await;
    // Not used yet: of one that was, the server remembers for a while how long it lasts.
    let old = server.login(&alice).await;
    let file = server.folder().join("causerie.db");
    let mut database = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let aged = sqlx::query("UPDATE tokens SET expires_at = 1 WHERE user_id = ?").bind(alice.user.id.0);
    assert_eq!(aged.execute(&mut database).await.unwrap().rows_affected(), 2);
    let url = server.url("");
    TokenFile::new(&old.token).quick(&url, &[]).await.found("token_expired");
    let again = server.login(&alice).await;
    TokenFile::new(&again.token).quick(&url, &[]).await.found("all_well");
}

#[tokio::test]
async fn a_chat_that_is_not_this_persons() {
    let server = TestServer::start().await;
    let (_, chat, token) = in_a_chat(&server).await;
    let carol = server.register("carol").await;
    let other = TokenFile::new(&carol.token);
    // The same for one that there is and for one that there is not, by option and by address.
    let there = chat.to_string();
    other.quick(&server.url(""), &["--chat", &there]).await.found("chat_not_found");
    other.quick(&server.url(&format!("/ws/chats/{there}/")), &[]).await.found("chat_not_found");
    let words = token.quick(&server.url(""), &["--chat", "999"]).await.found("chat_not_found");
    assert!(words.contains("999"), "{words}");
}

#[tokio::test]
async fn a_page_that_the_server_does_not_know_until_the_setting_names_it() {
    let page = "https://www.example.org";
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    let asked = ["--origin", page];
    // The page is on TLS and this machine is trusted without, so the origin is all that is wrong.
    let words = token.quick(&server.url(""), &asked).await.found("origin_not_allowed");
    assert!(words.contains("CAUSERIE_ALLOWED_ORIGINS") && words.contains(page), "{words}");
    let folder = server.stop().await;
    let allow = |config: &mut causerie_server::config::Config| config.allowed_origins = vec![page.to_owned()];
    let server = TestServer::start_in(folder, allow).await;
    token.quick(&server.url(""), &asked).await.found("all_well");
}

#[tokio::test]
async fn a_clock_that_is_wrong() {
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    for (shift, seconds) in [("+2h", "7200"), ("-90s", "90")] {
        let folder = tempfile::tempdir().unwrap();
        let mut shifted = causerie(&folder, &["doctor", "--json"]);
        shifted.env("LD_PRELOAD", process::faketime().unwrap()).env("FAKETIME", shift);
        let looked = look(shifted, &[&server.url(""), "--token-file", token.path(), "--quick"]).await;
        let words = looked.found("clock_skew");
        assert!(words.contains(seconds), "{words}");
    }
}
