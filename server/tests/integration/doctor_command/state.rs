//! What can be wrong with the server itself: full, about to end, without its database or without Redis.

use std::time::Duration;

use causerie_protocol::{ChatId, ServerFrame};
use causerie_testkit::{Postgres, Redis, Stop, database, eventually};
use sqlx::Connection as _;

use super::looked::{Looked, TokenFile, in_a_chat, look};
use crate::common::program::{causerie, folder_with};
use crate::common::server::TestServer;

/// How long a server may take to notice what happened to it, and the doctor to look at it a few times.
const NOTICED: Duration = Duration::from_secs(60);

/// Looks until it finds this: what happens to a server is not known to it at once.
async fn until(finding: &str, token: &TokenFile, url: &str, chat: ChatId) -> Looked {
    let chat = chat.to_string();
    let look = async || {
        let looked = token.quick(url, &["--chat", &chat]).await;
        (looked.report["finding"] == finding).then_some(looked)
    };
    eventually(finding, NOTICED, look).await.unwrap()
}

#[tokio::test]
async fn a_server_that_is_full_until_somebody_leaves() {
    let server = TestServer::start_with(|config| config.limits.sockets = 1).await;
    let (alice, chat, token) = in_a_chat(&server).await;
    let held = server.many(&alice).await;
    token.quick(&server.url(""), &[]).await.found("full");
    drop(held);
    until("all_well", &token, &server.url(""), chat).await;
}

#[tokio::test]
async fn a_person_with_too_many_connections() {
    let server = TestServer::start_with(|config| config.limits.sockets_per_user = 1).await;
    let (alice, chat, token) = in_a_chat(&server).await;
    let held = server.many(&alice).await;
    token.quick(&server.url(""), &[]).await.found("too_often");
    drop(held);
    until("all_well", &token, &server.url(""), chat).await;
}

#[tokio::test]
async fn a_server_whose_postgres_or_redis_is_away_until_it_is_back() {
    let mut postgres = Postgres::start().await.unwrap();
    let mut redis = Redis::start().await.unwrap();
    let server = TestServer::start_with(|config| {
        config.database_url = postgres.url();
        config.redis_url = Some(redis.url());
    })
    .await;
    let (_, chat, token) = in_a_chat(&server).await;
    let url = server.url("");
    until("all_well", &token, &url, chat).await;

    redis.kill().await.unwrap();
    let looked = until("redis_unreachable", &token, &url, chat).await;
    assert!(looked.found("redis_unreachable").contains("REDIS_URL"));
    redis.launch().await.unwrap();
    until("all_well", &token, &url, chat).await;

    postgres.stop(Stop::Fast).await.unwrap();
    let looked = until("database_unreachable", &token, &url, chat).await;
    assert!(looked.found("database_unreachable").contains("DATABASE_URL"));
    postgres.launch().await.unwrap();
    until("all_well", &token, &url, chat).await;
}

#[tokio::test]
async fn two_servers_that_nothing_connects_until_one_is_stopped() {
    let database = database().await.unwrap();
    let node = async || {
        let database = database.clone();
        TestServer::start_with(|config| config.database_url = database).await
    };
    let (server, other) = (node().await, node().await);
    let (_, chat, token) = in_a_chat(&server).await;
    let url = server.url("");
    let looked = until("nodes_unheard", &token, &url, chat).await;
    assert!(looked.found("nodes_unheard").contains("USE_REDIS=true"));
    // And where they are set up.
    let folder = folder_with(".env", format!("DATABASE_URL={database}\nCAUSERIE_PORT=0\n").as_bytes());
    look(causerie(&folder, &["doctor", "--json"]), &[]).await.found("nodes_unheard");
    drop(other.stop().await);
    until("all_well", &token, &url, chat).await;
    look(causerie(&folder, &["doctor", "--json"]), &[]).await.found("all_well");
}

#[tokio::test]
async fn a_server_that_is_about_to_end_until_it_is_back() {
    let mut server = TestServer::start().await;
    let (alice, chat, token) = in_a_chat(&server).await;
    let mut held = server.one(&alice, chat).await;
    // Another program holds the database, so that a message waits, and with it the end of its socket.
    let url = format!("sqlite:{}", server.folder().join("causerie.db").display());
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    held.say(chat, "in time", "m-1").await;
    held.taken().await;
    server.begin_stop();
    held.until(|frame| matches!(frame, ServerFrame::GoAway(_)).then_some(())).await;
    token.quick(&server.url(""), &[]).await.found("draining");
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    drop((held, other));
    let server = TestServer::start_in(server.stop().await, |_| {}).await;
    token.quick(&server.url(""), &["--chat", &chat.to_string()]).await.found("all_well");
}
