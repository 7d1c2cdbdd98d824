//! A real nginx and a real Caddy, with the files of `deploy/`, before a real server.

use std::net::Ipv4Addr;

use anyhow::Result;
use causerie_protocol::{limits, paths};
use causerie_server::config::Config;
use causerie_testkit::ReverseProxy;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio_tungstenite::{client_async, tungstenite};

use crate::common::server::TestServer;

/// Starts a proxy with the files of `deploy/`, before a server's port.
trait Start: AsyncFn(u16) -> Result<ReverseProxy> {}

impl<F: AsyncFn(u16) -> Result<ReverseProxy>> Start for F {}

/// A server that is only spoken to through a proxy.
async fn behind(start: impl Start, change: impl FnOnce(&mut Config)) -> (TestServer, ReverseProxy) {
    let mut server = TestServer::start_with(change).await;
    let proxy = start(server.address.port()).await.unwrap();
    server.address = proxy.address();
    (server, proxy)
}

async fn a_conversation_goes_through(start: impl Start) {
    let (server, _proxy) = behind(start, |_| {}).await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let (mut a, mut b) = (server.one(&alice, chat).await, server.one(&bob, chat).await);
    assert_eq!(a.protocol.as_deref(), Some("causerie.v1"));
    a.say(chat, "from one to the other", "m-1").await;
    assert_eq!(b.message().await.content, "from one to the other");
    b.say(chat, "and back", "m-2").await;
    b.ack().await;
    assert_eq!(a.message().await.content, "from one to the other");
    a.until(|frame| match frame {
        causerie_protocol::ServerFrame::Event(causerie_protocol::Event::Message(message)) => {
            (message.content == "and back").then_some(())
        }
        _ => None,
    })
    .await;
    assert_eq!(server.history(&bob, chat).await.len(), 2);
}

async fn refusals_can_be_told_apart(start: impl Start) {
    let (server, _proxy) = behind(start, |_| {}).await;
    let alice = server.register("alice").await;
    let mut unknown = server.socket(&"A".repeat(limits::TOKEN_CHARS), paths::SOCKET).await;
    let (code, reason) = unknown.closed().await;
    assert_eq!(code, 4001);
    assert!(reason.contains("unknown"), "{reason}");
    let own = format!("http://{}", server.address);
    for (origin, allowed) in [(own.as_str(), true), ("https://evil.example.org", false)] {
        let mut request = server.handshake(paths::SOCKET, Some(&format!("Bearer, {}", alice.token)));
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match server.connect(request).await {
            Ok((mut socket, _)) => {
                assert!(allowed, "{origin}");
                socket.welcome().await;
            }
            Err(tungstenite::Error::Http(response)) => {
                assert!(!allowed, "{origin}");
                assert_eq!(response.status(), StatusCode::FORBIDDEN);
            }
            Err(error) => panic!("{origin}: {error}"),
        }
    }
    server.logout(&alice).await;
}

async fn metrics_stay_inside(start: impl Start) {
    let (server, _proxy) = behind(start, |_| {}).await;
    for path in ["/metrics", "/metrics/"] {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(!response.text().await.unwrap().contains("causerie_"), "{path}");
    }
    let (status, _) = server.request(Method::GET, paths::READY, None, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
}

/// Clients of one address are limited together, whatever they claim to be.
async fn the_clients_address_counts(start: impl Start) {
    let (server, _proxy) = behind(start, |config| {
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.limits.sockets_per_address = 1;
    })
    .await;
    let alice = server.register("alice").await;
    let from = async |last: u8, claim: &str| {
        let mut request = server.handshake(paths::SOCKET, Some(&format!("Bearer, {}", alice.token)));
        request.headers_mut().insert("x-forwarded-for", claim.parse().unwrap());
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
        client_async(request, socket.connect(server.address).await.unwrap()).await
    };
    let _first = from(2, "192.0.2.1").await.unwrap();
    match from(2, "192.0.2.2").await {
        Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("{other:?}"),
    }
    let _other = from(3, "192.0.2.1").await.unwrap();
}

macro_rules! for_both {
    ($($what:ident),+) => {
        mod nginx {
            $(#[tokio::test] async fn $what() { super::$what(super::ReverseProxy::deployed_nginx).await; })+
        }
        mod caddy {
            $(#[tokio::test] async fn $what() { super::$what(super::ReverseProxy::deployed_caddy).await; })+
        }
    };
}

for_both!(
    a_conversation_goes_through,
    refusals_can_be_told_apart,
    metrics_stay_inside,
    the_clients_address_counts
);

#[tokio::test]
async fn nginx_serves_causerie_in_a_folder_of_its_site() {
    let server = TestServer::start_with(|config| config.base_path = "/chat".to_owned()).await;
    let proxy = ReverseProxy::deployed_nginx_folder(server.address.port()).await.unwrap();
    let get = async |path: &str| {
        let answer = server.client.get(proxy.url() + path).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(get("/").await.1, "the rest of the site");
    assert_eq!(get("/chat/healthz").await.1, "ok");
    assert_eq!(get("/chat/metrics").await.0, StatusCode::NOT_FOUND);
    assert!(get("/chat/").await.1.contains("<base href=\"/chat/\">"));
    let alice = server.register("alice").await;
    let mut through = server;
    through.address = proxy.address();
    let mut socket = through.socket(&alice.token, &format!("/chat{}", paths::SOCKET)).await;
    socket.welcome().await;
}
