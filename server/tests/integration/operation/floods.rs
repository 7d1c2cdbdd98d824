//! Clients that send without end: what they leave unread is bounded, and they are slowed down and then closed.

use std::time::Duration;

use causerie_protocol::server_frame::Pong;
use causerie_protocol::{CloseCode, Policy, paths};
use causerie_testkit::LIMIT;
use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Ws;

use crate::common::raw::{frame, open};
use crate::common::server::TestServer;

/// Far more than what the system holds between two ends of a connection.
const BYTES: usize = 64 * 1024 * 1024;

/// Writes the same frame without reading anything, and answers how many bytes were taken when the connection broke.
async fn pour(server: &TestServer, token: &str, path: &str, frame: &[u8]) -> usize {
    // The reading half is kept and never read.
    let (_unread, mut writer) = open(server, token, path).await;
    let chunk = frame.repeat(1 + 64 * 1024 / frame.len());
    let mut taken = 0;
    while taken < BYTES {
        match timeout(2 * LIMIT, writer.write_all(&chunk)).await.expect("it is closed in the end") {
            Ok(()) => taken += chunk.len(),
            Err(_) => break,
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_not_read_from_whatever_it_asks_for() {
    let server = TestServer::start_with(|config| {
        // Two beats without a sign of life end the socket.
        config.heartbeat = Duration::from_secs(1);
        config.limits.frames_per_second = 0;
        config.limits.frames_per_second_per_user = 0;
    })
    .await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let path = paths::chat_socket(chat, None);
    let text = |body: Value| frame(1, body.to_string().as_bytes());
    let asked = [
        ("ping", &*path, text(json!({"type": "ping", "t": 1}))),
        ("control ping", &*path, frame(9, &[b'a'; 125])),
        ("subscribe", &*path, text(json!({"type": "subscribe", "chat_id": chat, "after": 0}))),
        ("message", &*path, text(json!({"type": "message", "text": "a".repeat(16_000)}))),
        ("error", paths::SOCKET, text(json!({"type": "subscribe", "chat_id": 99}))),
    ];
    let poured = asked.iter().map(async |(what, path, frame)| {
        let taken = pour(&server, &alice.token, path, frame).await;
        assert!(taken < BYTES, "{what}: everything was read");
    });
    join_all(poured).await;
    server.login(&bob).await;
}

#[tokio::test]
async fn a_flood_is_slowed_down_and_then_closed_with_4108() {
    let server = TestServer::start_with(|config| config.limits.frames_per_second = 10).await;
    let alice = server.register("alice").await;
    let ws = server.many(&alice).await.ws;
    let (mut sink, mut stream) = ws.split();
    let flood =
        tokio::spawn(async move { while sink.send(Ws::text(r#"{"type":"ping","t":1}"#)).await.is_ok() {} });
    let mut answered = 0;
    let (code, reason) = loop {
        match timeout(LIMIT, stream.next()).await.expect("it is closed in the end") {
            Some(Ok(Ws::Text(text))) => answered += u32::from(Pong::decode(&text).is_some()),
            Some(Ok(Ws::Close(Some(close)))) => break (u16::from(close.code), close.reason.to_string()),
            Some(Ok(_)) => {}
            ended => panic!("no close frame: {ended:?}"),
        }
    };
    assert_eq!(code, 4108);
    assert_eq!(CloseCode::from_code(code).policy(), Policy::BackOff);
    assert!(reason.contains("too many frames") && reason.contains("reconnect in"), "{reason}");
    // What five seconds' worth at once and five seconds at the rate make, and no more than a few beside.
    assert!((50..=120).contains(&answered), "{answered}");
    flood.await.unwrap();
    // Nobody else is concerned.
    let bob = server.register("bob").await;
    server.many(&bob).await.taken().await;
}

#[tokio::test]
async fn a_person_who_writes_without_end_over_rest_is_told_when_to_go_on() {
    let server = TestServer::start_with(|config| config.limits.frames_per_second_per_user = 1).await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let path = paths::messages(chat);
    let mut posted = 0;
    let refused = loop {
        let request = server.client.post(server.url(&path)).bearer_auth(&alice.token);
        let response = request.json(&json!({"content": "again"})).send().await.unwrap();
        if response.status() != StatusCode::CREATED {
            break response;
        }
        posted += 1;
        assert!(posted < 10_000, "it is never refused");
    };
    // Five seconds' worth may come at once, one of which was the chat.
    assert!(posted >= 4, "{posted}");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "rate_limited");
    assert!(problem["retry_after_ms"].as_u64().unwrap() <= 1_000);
    let body = json!({"content": "Hello"});
    server.call(Method::POST, &path, &bob, body).await;
}

#[tokio::test]
async fn a_message_that_is_sent_again_counts_once() {
    let server = TestServer::start_with(|config| config.limits.frames_per_second_per_user = 10).await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let path = paths::messages(chat);
    let post = async |id: String| {
        let body = json!({"content": "Hello", "client_id": id});
        server.request(Method::POST, &path, Some(&alice.token), body).await.0
    };
    assert_eq!(post("one".to_owned()).await, StatusCode::CREATED);
    for _ in 0..45 {
        assert_eq!(post("one".to_owned()).await, StatusCode::OK);
    }
    // Five seconds' worth are fifty.
    for n in 0..45 {
        assert_eq!(post(format!("other-{n}")).await, StatusCode::CREATED, "{n}");
    }
    assert_eq!(server.history(&bob, chat).await.len(), 46);
}
