//! What can be wrong with the server itself: full, without its database or without Redis.

use causerie_protocol::ChatId;
use causerie_server::config::Config;

use crate::looked::{Looked, TokenFile, in_a_chat};
use crate::postgres;
use crate::redis_server::Redis;
use crate::server::TestServer;
use crate::stand_in::StandIn;

/// Looks until it finds this: what happens to a server is not known to it at once.
async fn until(finding: &str, token: &TokenFile, url: &str, chat: ChatId) -> Looked {
    loop {
        let looked = token.quick(url, &["--chat", &chat.to_string()]).await;
        if looked.report["finding"] == finding {
            return looked;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_full_until_somebody_leaves() {
    let server = TestServer::start_with(|config| config.limits.sockets = 1).await;
    let (ana, chat, token) = in_a_chat(&server).await;
    let held = server.many(&ana).await;
    token.quick(&server.url(""), &[]).await.found("full");
    drop(held);
    until("all_well", &token, &server.url(""), chat).await;
}

#[tokio::test]
async fn a_person_with_too_many_connections() {
    let server = TestServer::start_with(|config| config.limits.sockets_per_user = 1).await;
    let (ana, chat, token) = in_a_chat(&server).await;
    let held = server.many(&ana).await;
    token.quick(&server.url(""), &[]).await.found("too_often");
    drop(held);
    until("all_well", &token, &server.url(""), chat).await;
}

/// A server whose Postgres is reached over a line that a test may cut, and whose Redis is given.
async fn node(line: &StandIn, redis: Option<String>) -> TestServer {
    let database = postgres::database().await;
    let (before, name) = database.rsplit_once('/').unwrap();
    let user = before.rsplit_once('@').map_or("", |(user, _)| user.trim_start_matches("postgres://"));
    let at = if user.is_empty() { String::new() } else { format!("{user}@") };
    let url = format!("postgres://{at}{}/{name}", line.url().trim_start_matches("http://"));
    let change = move |config: &mut Config| {
        config.database_url = url;
        config.redis_url = redis;
    };
    TestServer::start_with(change).await
}

#[tokio::test]
async fn a_server_whose_database_is_away_until_it_is_back() {
    let line = StandIn::line(postgres::address()).await;
    let server = node(&line, None).await;
    let (_, chat, token) = in_a_chat(&server).await;
    let port = line.port();
    drop(line);
    let looked = until("database_unreachable", &token, &server.url(""), chat).await;
    assert!(looked.found("database_unreachable").contains("DATABASE_URL"));
    let _line = StandIn::line_on(port, postgres::address()).await;
    until("all_well", &token, &server.url(""), chat).await;
}

#[tokio::test]
async fn a_server_whose_redis_is_away_until_it_is_back() {
    let line = StandIn::line(postgres::address()).await;
    let mut redis = Redis::start().await;
    let server = node(&line, Some(redis.url())).await;
    let (_, chat, token) = in_a_chat(&server).await;
    until("all_well", &token, &server.url(""), chat).await;
    redis.kill();
    let looked = until("redis_unreachable", &token, &server.url(""), chat).await;
    assert!(looked.found("redis_unreachable").contains("REDIS_URL"));
    redis.start_again().await;
    until("all_well", &token, &server.url(""), chat).await;
}
