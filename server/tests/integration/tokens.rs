//! Tokens that were checked a moment ago: what ends one ends it at once, though the database is not asked every time.

use causerie_protocol::paths;
use causerie_testkit::{LIMIT, eventually};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};

use crate::common::server::{Person, TestServer};

/// How a server answers a token: whether it is good, and why not.
pub async fn refusal(server: &TestServer, who: &Person) -> Option<String> {
    let (status, answer) = server.request(Method::GET, paths::ME, Some(&who.token), Value::Null).await;
    match status {
        StatusCode::OK => None,
        StatusCode::UNAUTHORIZED => Some(answer["detail"].as_str().unwrap().to_owned()),
        other => panic!("{other} {answer}"),
    }
}

/// Changes the database as another program would.
async fn change(server: &TestServer, sql: String) {
    let file = SqliteConnectOptions::new().filename(server.folder().join("causerie.db"));
    let mut database = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_token_that_was_used_a_moment_ago_is_refused_as_soon_as_it_is_revoked() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let [signed_out, ended] = [server.login(&alice).await, server.login(&alice).await];
    for who in [&signed_out, &ended] {
        assert_eq!(refusal(&server, who).await, None);
        server.many(who).await;
    }
    server.logout(&signed_out).await;
    let sign_ins = server.call(Method::GET, paths::TOKENS, &alice, Value::Null).await;
    // The newest first: the one that is to end.
    let path = format!("{}{}/", paths::TOKENS, sign_ins[0]["id"]);
    server.call(Method::DELETE, &path, &alice, Value::Null).await;
    for who in [&signed_out, &ended] {
        assert_eq!(refusal(&server, who).await.unwrap(), "Token revoked: sign in again.");
        let closed = server.socket(&who.token, paths::SOCKET).await.closed().await;
        assert_eq!(closed, (4001, "token revoked: sign in again".to_owned()));
    }
    assert_eq!(refusal(&server, &alice).await, None, "another sign-in of the same person");
}

#[tokio::test]
async fn a_token_that_was_used_a_moment_ago_is_refused_once_it_has_expired() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    change(&server, "UPDATE tokens SET expires_at = (unixepoch('subsec') + 1.0) * 1000000".to_owned()).await;
    // It may have expired already on a machine that is busy.
    let reason = eventually("that it expires", LIMIT, async || refusal(&server, &alice).await).await.unwrap();
    assert_eq!(reason, "Token expired: sign in again.");
    let closed = server.socket(&alice.token, paths::SOCKET).await.closed().await;
    assert_eq!(closed, (4001, "token expired: sign in again".to_owned()));
}

#[tokio::test]
async fn a_revocation_by_another_program_is_felt_by_requests_and_open_sockets() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let mut open = server.many(&alice).await;
    assert_eq!(refusal(&server, &alice).await, None);
    change(&server, "UPDATE tokens SET revoked = 1".to_owned()).await;
    let reason = eventually("that it is refused", LIMIT, async || refusal(&server, &alice).await).await;
    assert_eq!(reason.unwrap(), "Token revoked: sign in again.");
    assert_eq!(open.closed().await.0, 4001);
}
