//! What a server tells of itself and of a handshake, to everybody and without a secret.

use causerie_protocol::doctor::{NAME, RecordedTrace, ServerStatus};
use causerie_protocol::server_frame::Pong;
use causerie_protocol::{ErrorCode, ServerFrame, handshake, limits, paths};
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
use serde_json::json;

use crate::common::server::TestServer;
use crate::common::socket::Came;

const PROBE: &str = "0b9b5b0e-3f0a-4d7e-9d43-6a1f5f0f9a11";

async fn status(server: &TestServer, query: &str) -> ServerStatus {
    let url = server.url(&format!("{}{query}", paths::DOCTOR));
    let answer = server.client.get(url).header(ORIGIN, "https://else.example").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    answer.json().await.unwrap()
}

async fn traced(server: &TestServer, probe: &str) -> RecordedTrace {
    let answer = server.client.get(server.url(&paths::probe(probe))).send().await.unwrap();
    assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn it_says_what_it_is_and_who_may_connect() {
    let server = TestServer::start_with(|config| {
        config.allowed_origins = vec!["https://chat.example.org".to_owned()];
    })
    .await;
    let status = status(&server, "").await;
    assert_eq!((status.name.as_str(), status.protocol), (NAME, limits::VERSION));
    assert!(status.database && status.bus && !status.draining && !status.clustered);
    assert_eq!(status.heartbeat_ms, limits::HEARTBEAT_SECONDS * 1_000);
    assert_eq!(status.host, Some(server.address.to_string()));
    assert_eq!(status.origin, None);
    for (origin, allowed) in [
        ("https%3A%2F%2Fchat.example.org".to_owned(), true),
        (format!("http://{}", server.address), true),
        ("https://else.example".to_owned(), false),
    ] {
        let told = self::status(&server, &format!("?origin={origin}")).await.origin.unwrap();
        assert_eq!(told.allowed, allowed, "{origin}");
        assert_eq!(told.setting, "CAUSERIE_ALLOWED_ORIGINS");
    }
    let ready = server.client.get(server.url(paths::READY)).send().await.unwrap();
    assert_eq!(ready.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
}

#[tokio::test]
async fn it_remembers_what_arrived_of_a_handshake_and_never_the_token() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    assert_eq!(traced(&server, PROBE).await.trace, None);
    let mut socket = server.socket(&alice.token, &paths::probe_socket(None, PROBE)).await;
    socket.welcome().await;
    let told = traced(&server, PROBE).await;
    let trace = told.trace.unwrap();
    assert_eq!(told.node, status(&server, "").await.node);
    assert!(trace.upgrade && trace.origin_allowed && trace.offered.well_formed);
    assert_eq!((trace.status, trace.offered.values), (101, 3));
    let answer = server.client.get(server.url(&paths::probe(PROBE))).send().await.unwrap();
    assert!(!answer.text().await.unwrap().contains(&alice.token));
}

#[tokio::test]
async fn it_tells_a_request_without_an_upgrade_and_a_foreign_page() {
    let server = TestServer::start().await;
    let path = paths::probe_socket(None, PROBE);
    server.client.get(server.url(&path)).send().await.unwrap();
    let trace = traced(&server, PROBE).await.trace.unwrap();
    assert!(!trace.upgrade);
    assert_eq!(trace.status, 426);
    let mut request = server.handshake(&path, Some(handshake::VERSIONED));
    request.headers_mut().insert(ORIGIN, "https://else.example".parse().unwrap());
    assert!(server.connect(request).await.is_err());
    let trace = traced(&server, PROBE).await.trace.unwrap();
    assert!(trace.upgrade && !trace.origin_allowed);
    assert_eq!((trace.status, trace.code), (403, Some(ErrorCode::Forbidden)));
    assert_eq!(trace.origin.as_deref(), Some("https://else.example"));
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_brought() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let mut socket = server.many(&alice).await;
    socket.send(json!({"type": "ping", "t": 7})).await;
    let pong = match socket.next().await {
        Came::Frame(frame) => match *frame {
            ServerFrame::Unknown(value) => Pong::decode(&value.to_string()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(pong, Some(Pong { t: Some(7) }));
}
