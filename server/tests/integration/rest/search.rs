//! Searching over REST: what is found and how it is refused, while messages are indexed behind what is sent.

use causerie_protocol::search::{Found, Piece};
use causerie_protocol::{ChatId, ErrorCode, MessageId, limits, paths};
use causerie_testkit::{LIMIT, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

impl TestServer {
    async fn say(&self, who: &Person, chat: ChatId, text: &str) -> MessageId {
        let said = self.call(Method::POST, &paths::messages(chat), who, json!({"content": text})).await;
        MessageId(said["id"].as_i64().unwrap())
    }

    async fn search(&self, who: &Person, query: &str) -> Found {
        let found = self.call(Method::POST, paths::SEARCH, who, json!({"query": query})).await;
        serde_json::from_value(found).unwrap()
    }

    /// Waits until so many messages are found.
    async fn finds(&self, who: &Person, query: &str, count: usize) -> Found {
        let look = async || {
            Some(self.search(who, query).await).filter(|found| found.hits.len() == count && !found.indexing)
        };
        eventually(&format!("{count} hits of {query}"), LIMIT, look).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_said_is_found_a_moment_later_and_what_was_deleted_is_not() {
    let server = TestServer::start().await;
    let (alice, bob, carol) =
        (server.register("alice").await, server.register("bob").await, server.register("carol").await);
    let chat = server.start_chat(&alice, &bob).await;
    let id = server.say(&alice, chat, "Ta gặp nhau ở đường Nguyễn Huệ, Hà Nội").await;
    let found = server.finds(&bob, "ha noi", 1).await;
    let hit = &found.hits[0];
    assert_eq!((hit.id, hit.chat_id, hit.sender.id, found.next), (id, chat, alice.user.id, None));
    assert_eq!(hit.excerpt[0].text, "Ta gặp nhau ở đường Nguyễn Huệ, ");
    let marked: Vec<&Piece> = hit.excerpt.iter().filter(|piece| piece.found).collect();
    assert_eq!(marked.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>(), ["Hà", "Nội"]);
    assert_eq!(server.search(&carol, "ha noi").await.hits, []);
    server.call(Method::PATCH, &paths::message(id), &alice, json!({"content": "Ở nhà"})).await;
    assert_eq!(server.search(&bob, "ha noi").await.hits, []);
    server.finds(&bob, "o nha", 1).await;
    server.call(Method::DELETE, &paths::message(id), &alice, Value::Null).await;
    assert_eq!(server.search(&bob, "o nha").await.hits, []);
}

#[tokio::test]
async fn messages_of_a_server_that_was_killed_are_found_after_the_next_start() {
    let mut server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for text in ["one stone", "two stones"] {
        server.say(&alice, chat, text).await;
    }
    server.kill();
    let server = TestServer::start_in(server.ended().await, |_| {}).await;
    server.finds(&bob, "ston*", 2).await;
}

#[tokio::test]
async fn any_query_gets_an_answer_or_a_sentence() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    for (query, status) in [
        ("NOT", StatusCode::OK),
        ("NEAR(a b)", StatusCode::OK),
        ("\"", StatusCode::BAD_REQUEST),
        ("*", StatusCode::BAD_REQUEST),
        ("a*", StatusCode::BAD_REQUEST),
        ("\0", StatusCode::BAD_REQUEST),
        ("a\0b", StatusCode::OK),
        ("' OR 1=1 --", StatusCode::OK),
        ("from:", StatusCode::BAD_REQUEST),
        ("before:yesterday", StatusCode::BAD_REQUEST),
        ("", StatusCode::BAD_REQUEST),
        (&"x".repeat(10_000), StatusCode::BAD_REQUEST),
        (&"x ".repeat(limits::SEARCH_QUERY_WORDS + 1), StatusCode::BAD_REQUEST),
    ] {
        let body = json!({ "query": query });
        let (answered, problem) = server.request(Method::POST, paths::SEARCH, Some(&alice.token), body).await;
        assert_eq!(answered, status, "{query:?}: {problem}");
        if status == StatusCode::BAD_REQUEST {
            assert_eq!(problem["code"], ErrorCode::InvalidField.to_string(), "{query:?}");
            assert_eq!(problem["field"], "query");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.ends_with('.') && detail.len() < 200, "{detail}");
        }
    }
    let (status, problem) = server
        .request(
            Method::POST,
            paths::SEARCH,
            Some(&alice.token),
            json!({"query": "a", "utc_offset": 100_000}),
        )
        .await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("utc_offset")));
}

#[tokio::test]
async fn the_metrics_tell_how_far_indexing_is_and_not_what_is_searched() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for number in 0..3 {
        server.say(&alice, chat, &format!("sesame {number}")).await;
    }
    server.finds(&bob, "sesame", 3).await;
    let scrape = server
        .scraped("three messages are indexed", |scrape| {
            scrape.of("causerie_search_indexed_messages_total") == 3.0
                && scrape.of("causerie_search_index_behind") == 0.0
        })
        .await;
    assert!(scrape.of(r#"causerie_database_operation_seconds_count{operation="search"}"#) >= 1.0);
}
