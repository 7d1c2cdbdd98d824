//! How many sockets there may be and how fast they may come, over real ones.

use causerie_protocol::{CloseCode, Policy, paths};
use causerie_server::config::Config;
use causerie_testkit::{LIMIT, eventually};
use reqwest::{StatusCode, header};
use serde_json::Value;

use crate::common::server::{Person, TestServer};
use crate::common::socket::Socket;

/// A handshake as a browser begins it, but read as HTTP: its status and, when it was refused, what the answer says.
async fn knock(
    server: &TestServer,
    who: &Person,
    forwarded_for: Option<&str>,
) -> (StatusCode, Option<u64>, Value) {
    let mut request = server
        .client
        .get(server.url(paths::SOCKET))
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
        .header(header::SEC_WEBSOCKET_PROTOCOL, format!("Bearer, {}", who.token));
    if let Some(address) = forwarded_for {
        request = request.header("x-forwarded-for", address);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return (status, None, Value::Null);
    }
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let wait =
        response.headers().get(header::RETRY_AFTER).map(|wait| wait.to_str().unwrap().parse().unwrap());
    (status, wait, response.json().await.unwrap())
}

/// Knocks and must be told to come again for this reason.
async fn turned_away(server: &TestServer, who: &Person, forwarded_for: Option<&str>, code: &str) {
    let (status, wait, problem) = knock(server, who, forwarded_for).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(wait.is_some_and(|wait| wait >= 1), "{wait:?}");
    assert_eq!(problem["code"], code);
    assert_eq!(problem["retry_after_ms"], wait.unwrap() * 1_000);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("try again")), "{problem}");
}

/// A socket that a proxy passes on for this address.
async fn through(server: &TestServer, who: &Person, address: &str) -> Socket {
    let mut request = server.handshake(paths::SOCKET, Some(&format!("Bearer, {}", who.token)));
    request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
    let mut socket = server.connect(request).await.unwrap().0;
    socket.welcome().await;
    socket
}

async fn server(change: impl FnOnce(&mut Config)) -> (TestServer, Person) {
    let server = TestServer::start_with(change).await;
    let alice = server.register("alice").await;
    (server, alice)
}

#[tokio::test]
async fn a_full_server_says_so_and_has_room_again_when_somebody_leaves() {
    let (server, alice) = server(|config| config.limits.sockets = 2).await;
    let first = server.many(&alice).await;
    let mut second = server.many(&alice).await;
    turned_away(&server, &alice, None, "full").await;
    drop(first);
    server.scraped("one has left", |scrape| scrape.of("causerie_sockets") == 1.0).await;
    // Its place is free a moment after it is no socket any more.
    let let_in =
        async || (knock(&server, &alice, None).await.0 == StatusCode::SWITCHING_PROTOCOLS).then_some(());
    eventually("a place that somebody left", LIMIT, let_in).await.unwrap();
    second.send_text("nonsense").await;
    second.error().await;
    let scrape = server.scrape().await;
    assert!(scrape.of(r#"causerie_handshakes_refused_total{reason="full"}"#) >= 1.0);
}

#[tokio::test]
async fn one_person_has_a_bounded_number_of_sockets_and_nobody_else_is_concerned() {
    let (server, alice) = server(|config| config.limits.sockets_per_user = 2).await;
    let bob = server.register("bob").await;
    let _tabs = [server.many(&alice).await, server.many(&alice).await];
    let mut third = server.socket(&alice.token, paths::SOCKET).await;
    let (code, reason) = third.closed().await;
    assert_eq!(code, 4109);
    assert_eq!(CloseCode::from_code(code).policy(), Policy::BackOff);
    assert!(reason.contains("connections"), "{reason}");
    server.many(&bob).await;
    let scrape = server.scrape().await;
    assert_eq!(scrape.of(r#"causerie_handshakes_refused_total{reason="user"}"#), 1.0);
}

#[tokio::test]
async fn an_address_has_a_bounded_number_of_sockets() {
    let (server, alice) = server(|config| {
        config.limits.sockets_per_address = 1;
        config.trusted_proxies.clear();
    })
    .await;
    let _socket = server.many(&alice).await;
    turned_away(&server, &alice, None, "full").await;
    // Nobody is trusted here, so a header changes nothing.
    turned_away(&server, &alice, Some("192.0.2.7"), "full").await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_clients_address_counts() {
    let (server, alice) = server(|config| config.limits.sockets_per_address = 1).await;
    let _one = through(&server, &alice, "192.0.2.7").await;
    turned_away(&server, &alice, Some("192.0.2.7"), "full").await;
    // What the client wrote itself stands first and is not believed.
    turned_away(&server, &alice, Some("198.51.100.1, 192.0.2.7"), "full").await;
    let _other = through(&server, &alice, "192.0.2.8").await;
    // A proxy that names nobody has many people behind it.
    let _nobody = [server.many(&alice).await, server.many(&alice).await];
}

#[tokio::test]
async fn handshakes_of_one_address_that_come_too_fast_are_turned_away() {
    let (server, alice) = server(|config| config.limits.connects_per_second_per_address = 1).await;
    let _first = through(&server, &alice, "2001:db8::1").await;
    // Ten are done long before ten seconds are over.
    let mut refused = 0;
    for _ in 0..10 {
        let (status, wait, problem) = knock(&server, &alice, Some("2001:db8::2")).await;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!((wait, &problem["code"]), (Some(1), &Value::from("rate_limited")));
            refused += 1;
        }
    }
    assert!(refused > 0);
    let _elsewhere = through(&server, &alice, "2001:db8:0:1::1").await;
}

#[tokio::test]
async fn all_handshakes_together_that_come_too_fast_are_turned_away() {
    let (server, alice) = server(|config| config.limits.connects_per_second = 1).await;
    let mut refused = 0;
    for last in 1..=10 {
        let (status, ..) = knock(&server, &alice, Some(&format!("192.0.2.{last}"))).await;
        refused += usize::from(status == StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!(refused > 0);
    let scrape = server.scrape().await;
    assert_eq!(scrape.of(r#"causerie_handshakes_refused_total{reason="rate"}"#), refused as f64);
}
