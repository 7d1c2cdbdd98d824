//! Clients that say nothing, or half of something: they are ended in time, and keep nobody else out.

use std::time::Duration;

use causerie_protocol::paths;
use causerie_server::config::{Config, TlsFiles};
use causerie_testkit::{LIMIT, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::raw::{rest, until_ended};
use crate::common::server::TestServer;

const HEALTHZ: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// A request whose body never becomes whole.
const HALF_A_BODY: &[u8] =
    b"POST /api/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
    Content-Length: 100\r\n\r\n{\"email\":";

fn impatient(config: &mut Config) {
    config.timeouts.head = Duration::from_millis(300);
    config.timeouts.body = Duration::from_millis(300);
    config.timeouts.idle = Duration::from_millis(300);
}

#[tokio::test]
async fn silence_is_ended_and_half_a_request_is_told_why() {
    let server = TestServer::start_with(impatient).await;
    assert_eq!(until_ended(&server, b"").await, "");
    let half_heads = [&b"G"[..], b"GET /healthz HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "];
    for half in half_heads {
        let answer = until_ended(&server, half).await;
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("send it again"), "{answer}");
    }
    let answer = until_ended(&server, HALF_A_BODY).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"status\":408"), "{answer}");
    // A body in chunks that ends nowhere is the same.
    let chunked = b"POST /api/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\n5\r\n{\"ema\r\n";
    let answer = until_ended(&server, chunked).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // One that was answered is kept for the next request, and not for ever.
    let answer = until_ended(&server, HEALTHZ).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok"), "{answer}");
    let twice = until_ended(&server, &[HEALTHZ, HEALTHZ].concat()).await;
    assert_eq!(twice.matches("HTTP/1.1 200 ").count(), 2, "{twice}");
    let half = until_ended(&server, &[HEALTHZ, b"GET /heal"].concat()).await;
    assert!(half.starts_with("HTTP/1.1 200 "), "{half}");
    let scrape = server.scrape().await;
    assert!(scrape.of("causerie_connections_timed_out_total") >= 5.0);
}

#[tokio::test]
async fn a_head_that_comes_a_byte_at_a_time_is_ended_too() {
    let server = TestServer::start_with(impatient).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let trickle = tokio::spawn(async move {
        // Until nobody takes it: each byte is progress, and none completes the head.
        while writer.write_all(b"a").await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let mut answer = Vec::new();
    let _ = timeout(LIMIT, reader.read_to_end(&mut answer)).await.expect("it stays open");
    let answer = String::from_utf8_lossy(&answer);
    // It may also have been too long by then.
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    timeout(LIMIT, trickle).await.expect("the connection ends").unwrap();
}

#[tokio::test]
async fn who_takes_no_answers_is_ended() {
    let server = TestServer::start_with(impatient).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let many = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000);
    let mut written = 0;
    while timeout(LIMIT, stream.write_all(&many)).await.expect("it stays open").is_ok() {
        written += many.len();
        assert!(written < 64 * 1024 * 1024, "everything was read");
    }
}

#[tokio::test]
async fn tls_that_is_never_begun_is_ended_and_a_socket_is_left_to_its_heartbeat() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = TlsFiles { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&tls.cert, made.cert.pem()).unwrap();
    std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    let server = TestServer::start_with(|config| {
        impatient(config);
        config.tls = Some(tls);
    })
    .await;
    assert_eq!(until_ended(&server, b"").await, "");
    // The first bytes of a handshake.
    assert_eq!(until_ended(&server, &[0x16, 0x03, 0x01]).await, "");

    let server = TestServer::start_with(impatient).await;
    let alice = server.register("alice").await;
    let mut socket = server.many(&alice).await;
    for _ in 0..3 {
        // Each takes the time after which a connection without a request is ended.
        assert_eq!(until_ended(&server, b"").await, "");
    }
    socket.taken().await;
}

/// A connection on which this was sent.
async fn left_open(server: &TestServer, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // It may be ended already to make room.
    let _ = stream.write_all(sent).await;
    stream
}

async fn health(server: &TestServer) -> StatusCode {
    // A client of its own, whose connection is new.
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    client.get(server.url(paths::HEALTH)).timeout(LIMIT).send().await.unwrap().status()
}

#[tokio::test]
async fn silent_connections_make_room_for_those_that_speak() {
    let server = TestServer::start_with(|config| config.limits.connections = 20).await;
    let alice = server.register("alice").await;
    let mut socket = server.many(&alice).await;
    for sent in [&b""[..], b"GET / HTTP/1.1\r\n", HALF_A_BODY, HEALTHZ] {
        let mut silent = Vec::new();
        for _ in 0..60 {
            silent.push(left_open(&server, sent).await);
            assert!(silent.len() % 10 != 0 || health(&server).await == StatusCode::OK);
        }
        let (status, _) = server.request(Method::GET, paths::ME, Some(&alice.token), Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(sent));
        // The first of them were ended.
        rest(&mut silent[0]).await;
    }
    socket.taken().await;
    assert!(server.scrape().await.of("causerie_connections_evicted_total") > 100.0);
}

#[tokio::test]
async fn a_server_full_of_sockets_still_answers_for_its_health_and_says_that_it_is_full() {
    let server = TestServer::start_with(|config| config.limits.connections = 5).await;
    let alice = server.register("alice").await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(server.many(&alice).await);
    }
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    for _ in 0..50 {
        assert_eq!(health(&server).await, StatusCode::OK);
        let response = client.get(server.url(paths::ME)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let problem: Value = response.json().await.unwrap();
        assert_eq!((&problem["code"], &problem["retry_after_ms"]), (&json!("full"), &json!(5_000)));
    }
    for socket in &mut sockets {
        socket.taken().await;
    }
    drop(sockets);
    // There is room again as soon as they are closed.
    let answered = async || {
        let response = client.get(server.url(paths::ME)).send().await.unwrap();
        (response.status() == StatusCode::UNAUTHORIZED).then_some(())
    };
    eventually("room for a request", LIMIT, answered).await.unwrap();
}
