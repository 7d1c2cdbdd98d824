//! `/metrics` counts what happens, and refuses readers without its token.

use causerie_protocol::{Seq, paths};
use causerie_server::metrics::reference;
use reqwest::{StatusCode, header};
use serde_json::json;

use crate::common::server::TestServer;

#[test]
fn the_page_is_current() {
    let page = include_str!("../../../../docs/METRICS.md");
    assert_eq!(page, reference::markdown(), "run `cargo run -p causerie-server --example metrics`");
}

#[tokio::test]
async fn the_format_is_prometheus_text() {
    let server = TestServer::start().await;
    let response = server.client.get(server.url("/metrics")).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
    for described in reference::described() {
        assert!(text.contains(&format!("# TYPE {} {}\n", described.name, described.kind)), "{described:?}");
    }
}

#[tokio::test]
async fn a_conversation_can_be_read_from_the_metrics() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.one(&alice, chat).await;
    let mut b = server.many(&bob).await;
    b.subscribe(chat, None, None).await;
    b.subscribed().await;
    for client_id in ["m-1", "m-2", "m-2"] {
        a.say(chat, "hello", client_id).await;
        a.ack().await;
    }
    b.message().await;
    b.message().await;
    b.send(json!({"type": "message", "chat_id": 9_999, "text": "Is anybody there?", "client_id": "m-3"}))
        .await;
    b.error().await;
    // Alice comes back with what she has, and from a log that is not this one.
    let epoch = {
        let mut again = server.many(&alice).await;
        again.subscribe(chat, Some(Seq(1)), None).await;
        let subscribed = again.subscribed().await;
        again.subscribe(chat, Some(Seq(1)), Some("elsewhere")).await;
        again
            .until(|frame| matches!(frame, causerie_protocol::ServerFrame::Subscribed(_)).then_some(()))
            .await;
        subscribed.epoch
    };
    assert!(!epoch.0.is_empty());
    let scrape = server
        .scraped("one socket has ended", |scrape| {
            scrape.of(r#"causerie_socket_closes_total{code="1006"}"#) == 1.0
                && scrape.of("causerie_sockets") == 2.0
        })
        .await;
    for (series, value) in [
        ("causerie_users_online", 2.0),
        ("causerie_followed_chats", 1.0),
        ("causerie_handshakes_accepted_total", 3.0),
        (r#"causerie_messages_total{outcome="stored"}"#, 2.0),
        (r#"causerie_messages_total{outcome="duplicate"}"#, 1.0),
        (r#"causerie_messages_total{outcome="refused"}"#, 1.0),
        (r#"causerie_messages_total{outcome="failed"}"#, 0.0),
        ("causerie_frames_received_total", 7.0),
        ("causerie_ack_seconds_count", 4.0),
        (r#"causerie_resumes_total{outcome="whole"}"#, 1.0),
        (r#"causerie_resumes_total{outcome="reset"}"#, 1.0),
        ("causerie_bus_connected", 1.0),
        (r#"causerie_database_operation_seconds_count{operation="create_chat"}"#, 1.0),
        (&format!("causerie_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
    ] {
        assert_eq!(scrape.of(series), value, "{series}");
    }
    // Two for Alice, two for Bob, and one or two for the socket that came back.
    assert!(scrape.of(r#"causerie_frames_sent_total{kind="event"}"#) >= 5.0);
    assert!(scrape.of("causerie_fanout_seconds_count") >= 2.0);
    assert!(scrape.of("causerie_append_batch_changes_sum") >= 4.0);
    assert!(scrape.of("causerie_database_wait_seconds_count") >= 4.0);
    assert!(scrape.of("causerie_database_connections") >= 1.0);
    assert!(scrape.of(r#"causerie_http_responses_total{class="1xx"}"#) >= 3.0);
    assert!(scrape.of("causerie_http_response_seconds_count") >= 6.0);
    if cfg!(target_os = "linux") {
        assert!(scrape.of("process_resident_memory_bytes") > 1e6);
        assert!(scrape.of("process_open_fds") > 3.0);
        assert!(scrape.of("process_cpu_seconds_total") >= 0.0);
    }
}

#[tokio::test]
async fn a_token_guards_the_metrics() {
    let server = TestServer::start_with(|config| config.metrics_token = Some("sesame".to_owned())).await;
    let alice = server.register("alice").await;
    let status = async |token: Option<&str>| {
        let mut request = server.client.get(server.url("/metrics"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        assert!(status == StatusCode::OK || !response.text().await.unwrap().contains("causerie_"));
        status
    };
    assert_eq!(status(None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(Some("sesam")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(Some(&alice.token)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(Some("sesame")).await, StatusCode::OK);
    // The rest of the server does not ask for it.
    assert_eq!(server.client.get(server.url(paths::HEALTH)).send().await.unwrap().status(), StatusCode::OK);
}
