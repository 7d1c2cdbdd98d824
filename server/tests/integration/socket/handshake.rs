//! The handshake: who is let in, and what the others are told.

use causerie_protocol::{ChatId, limits, paths};
use causerie_server::config::Config;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio_tungstenite::tungstenite;

use crate::common::server::TestServer;

#[tokio::test]
async fn the_first_offered_protocol_is_echoed_and_never_the_token() {
    let server = TestServer::start().await;
    let token = server.register("alice").await.token;
    for (offer, echo) in [
        (format!("Bearer, {token}"), "Bearer"),
        (format!("causerie.v1, Bearer, {token}"), "causerie.v1"),
        (format!("causerie.v1,Bearer,{token}"), "causerie.v1"),
    ] {
        let (mut socket, response) =
            server.connect(server.handshake(paths::SOCKET, Some(&offer))).await.unwrap();
        assert_eq!(response.status(), 101);
        assert_eq!(socket.protocol.as_deref(), Some(echo));
        socket.welcome().await;
    }
}

#[tokio::test]
async fn paths_work_with_and_without_the_closing_slash() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    for path in
        ["/ws".to_owned(), "/ws/".to_owned(), format!("/ws/chats/{chat}"), format!("/ws/chats/{chat}/")]
    {
        server.socket(&alice.token, &path).await.welcome().await;
    }
}

#[tokio::test]
async fn without_a_good_token_a_socket_closes_with_4001_and_the_reason_says_which() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let old = server.login(&alice).await;
    server.logout(&old).await;
    let token = &alice.token;
    let unknown = "A".repeat(limits::TOKEN_CHARS);
    let good = format!("Bearer, {token}");
    for (path, offer, said) in [
        ("/ws/".to_owned(), None, "no token"),
        ("/ws/".to_owned(), Some("Bearer".to_owned()), "no token after"),
        ("/ws/".to_owned(), Some("causerie.v1".to_owned()), "no token"),
        ("/ws/".to_owned(), Some("Bearer, short".to_owned()), "malformed"),
        ("/ws/".to_owned(), Some(format!("Bearer, {unknown}")), "unknown"),
        ("/ws/".to_owned(), Some(format!("Bearer, {}", old.token)), "revoked"),
        (format!("/ws/?token={token}"), None, "URL"),
        (format!("/ws/?token={token}"), Some(good.clone()), "URL"),
        ("/ws/chats/1/?token=x&after=1".to_owned(), None, "URL"),
        ("/ws/chats/1/".to_owned(), None, "no token"),
    ] {
        let (mut socket, _) = server.connect(server.handshake(&path, offer.as_deref())).await.unwrap();
        let (code, reason) = socket.closed().await;
        assert_eq!(code, 4001, "{offer:?}: {reason}");
        assert!(reason.contains(said), "{reason:?} does not say {said:?}");
    }
}

#[tokio::test]
async fn a_chat_that_is_not_mine_looks_like_one_that_does_not_exist() {
    let server = TestServer::start().await;
    let [alice, bob, eve] =
        [server.register("alice").await, server.register("bob").await, server.register("eve").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut answers = Vec::new();
    for path in [
        paths::chat_socket(chat, None),
        paths::chat_socket(ChatId(chat.0 + 1_000), None),
        "/ws/chats/one/".to_owned(),
        "/ws/chats/99999999999999999999/".to_owned(),
    ] {
        let mut socket = server.socket(&eve.token, &path).await;
        match socket.next().await {
            crate::common::socket::Came::Closed(code, reason) => answers.push((code, reason)),
            other => panic!("{path}: {other:?}"),
        }
    }
    assert_eq!(answers[0].0, 4003);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn pages_of_foreign_origins_get_403_and_listed_ones_are_let_in() {
    let server =
        TestServer::start_with(|config| config.allowed_origins = vec!["https://chat.example.org".to_owned()])
            .await;
    let alice = server.register("alice").await;
    let offer = format!("Bearer, {}", alice.token);
    for (origin, allowed) in [
        ("https://evil.example.org".to_owned(), false),
        ("null".to_owned(), false),
        ("https://chat.example.org".to_owned(), true),
        (format!("http://{}", server.address), true),
    ] {
        let mut request = server.handshake(paths::SOCKET, Some(&offer));
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match server.connect(request).await {
            Ok((mut socket, _)) => {
                assert!(allowed, "{origin}");
                socket.welcome().await;
            }
            Err(tungstenite::Error::Http(response)) => {
                assert!(!allowed, "{origin}");
                assert_eq!(response.status(), 403);
            }
            Err(error) => panic!("{origin}: {error}"),
        }
    }
}

#[tokio::test]
async fn the_servers_own_origin_is_known_however_a_proxy_writes_the_host() {
    let listed = |config: &mut Config| config.allowed_origins = vec!["https://pages.example.org".to_owned()];
    let server = TestServer::start_with(listed).await;
    let alice = server.register("alice").await;
    let offer = format!("Bearer, {}", alice.token);
    for (host, origin, allowed) in [
        ("chat.example.org:443", "https://chat.example.org", true),
        ("chat.example.org:80", "http://chat.example.org", true),
        ("chat.example.org.", "https://chat.example.org", true),
        ("chat.example.org", "https://chat.example.org.", true),
        ("Chat.Example.org.:443", "https://chat.example.org", true),
        ("chat.example.org", "https://pages.example.org.", true),
        ("chat.example.org:80", "https://chat.example.org", false),
        ("chat.example.org", "https://chat.example.org:8443", false),
        ("chat.example.org", "https://chat.example.org.evil.example", false),
    ] {
        let mut request = server.handshake(paths::SOCKET, Some(&offer));
        request.headers_mut().insert("host", host.parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match server.connect(request).await {
            Ok((mut socket, _)) => {
                assert!(allowed, "{origin} at {host}");
                socket.welcome().await;
            }
            Err(tungstenite::Error::Http(response)) => {
                assert!(!allowed, "{origin} at {host}");
                assert_eq!(response.status(), 403);
            }
            Err(error) => panic!("{origin} at {host}: {error}"),
        }
    }
    // A page of a listed origin reads the API's answers, whichever way its own address is written.
    for origin in ["https://pages.example.org", "https://pages.example.org."] {
        let response =
            server.client.get(server.url(paths::ME)).header("origin", origin).send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
    }
}

#[tokio::test]
async fn a_request_that_is_no_upgrade_gets_426() {
    let server = TestServer::start().await;
    for path in ["/ws", "/ws/", "/ws/chats/1", "/ws/chats/1/"] {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED, "{path}");
        assert_eq!(response.headers()["upgrade"], "websocket");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    let (status, body) = server.request(Method::GET, "/ws/", None, Value::Null).await;
    assert_eq!(status, StatusCode::UPGRADE_REQUIRED);
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
}

#[tokio::test]
async fn an_after_that_is_no_number_is_refused_with_a_reason() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let mut socket = server.socket(&alice.token, "/ws/chats/1/?after=soon").await;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 4002);
    assert!(reason.contains("after"));
}
