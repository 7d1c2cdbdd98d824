//! How sockets and streams end, and that nothing comes afterwards.

use std::time::Duration;

use causerie_protocol::{ErrorCode, ServerFrame, paths};
use causerie_testkit::LIMIT;
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use crate::common::raw::{close_code, open};
use crate::common::server::TestServer;
use crate::common::socket::{Came, Socket};

/// The next frame must say that the chat's stream ended.
async fn unsubscribed(socket: &mut Socket) {
    match socket.frame().await {
        ServerFrame::Unsubscribed(body) => assert_eq!(body.code, 4003),
        other => panic!("{other:?}"),
    }
}

/// Nothing but the answer to this may come.
async fn hears_nothing_more(socket: &mut Socket) {
    socket.send_text("nonsense").await;
    match socket.frame().await {
        ServerFrame::Error(error) => assert_eq!(error.code, ErrorCode::NotJson),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn leaving_ends_the_streams_of_who_left_and_of_nobody_else() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_group(&alice, &[&bob]).await;
    let mut a = server.one(&alice, chat).await;
    let mut b_one = server.one(&bob, chat).await;
    let mut b_many = server.many(&bob).await;
    b_many.subscribe(chat, None, None).await;
    b_many.subscribed().await;
    server.call(Method::POST, &paths::leave(chat), &bob, Value::Null).await;
    a.say(chat, "he is gone", "m-1").await;
    a.ack().await;
    let (code, _) = match b_one.next().await {
        Came::Closed(code, reason) => (code, reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(code, 4003);
    unsubscribed(&mut b_many).await;
    hears_nothing_more(&mut b_many).await;
    b_many.say(chat, "let me in", "m-2").await;
    assert_eq!(b_many.error().await.code, ErrorCode::NoSuchChat);
}

#[tokio::test]
async fn deleting_a_group_ends_its_streams() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_group(&alice, &[&bob]).await;
    let mut a = server.one(&alice, chat).await;
    let mut b = server.many(&bob).await;
    b.subscribe(chat, None, None).await;
    b.subscribed().await;
    server.call(Method::DELETE, &paths::chat(chat), &alice, Value::Null).await;
    assert_eq!(a.closed().await.0, 4003);
    unsubscribed(&mut b).await;
    hears_nothing_more(&mut b).await;
}

#[tokio::test]
async fn signing_out_closes_the_sockets_of_that_sign_in_alone() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let other = server.login(&alice).await;
    let mut first = server.many(&alice).await;
    let mut second = server.many(&other).await;
    server.logout(&alice).await;
    let (code, reason) = first.closed().await;
    assert_eq!(code, 4001);
    assert!(reason.contains("revoked"), "{reason}");
    hears_nothing_more(&mut second).await;
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed_with_4202_and_one_that_does_is_not() {
    let server = TestServer::start_with(|config| config.heartbeat = Duration::from_secs(1)).await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    // By hand, since a library answers pings by itself.
    let (mut silent, _writer) = open(&server, &bob.token, &paths::chat_socket(chat, None)).await;
    // This client's library answers control pings whenever it is read from.
    let mut answers = server.one(&alice, chat).await;
    let three_pings = async {
        let mut pings = 0;
        while pings < 3 {
            match answers.ws.next().await.unwrap().unwrap() {
                tungstenite::Message::Text(text) => {
                    if let Ok(ServerFrame::Ping(ping)) = ServerFrame::decode(&text) {
                        assert!(ping.heads.contains_key(&chat));
                        pings += 1;
                    }
                }
                tungstenite::Message::Close(close) => panic!("{close:?}"),
                _ => {}
            }
        }
    };
    let (pinged, code) = tokio::join!(timeout(LIMIT, three_pings), close_code(&mut silent));
    pinged.expect("three pings");
    assert_eq!(code, 4202);
}

#[tokio::test]
async fn a_server_that_ends_says_go_away_and_closes_with_1012() {
    let mut server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.one(&alice, chat).await;
    let mut b = server.many(&bob).await;
    for n in 0..100 {
        a.say(chat, "before the end", &format!("m-{n}")).await;
    }
    server.begin_stop();
    let mut acked = 0;
    let mut told = false;
    let code = loop {
        match a.next().await {
            Came::Frame(frame) => match *frame {
                ServerFrame::Ack(_) => acked += 1,
                ServerFrame::GoAway(_) => told = true,
                _ => {}
            },
            Came::Closed(code, _) => break code,
            Came::Gone => panic!("the connection ended without a close frame"),
        }
    };
    assert!(told);
    assert_eq!(code, 1012);
    assert_eq!(b.closed().await.0, 1012);
    drop((a, b));
    let folder = server.stop().await;
    let server = TestServer::start_in(folder, |_| {}).await;
    assert!(server.history(&alice, chat).await.len() >= acked, "acknowledged means stored");
}

#[tokio::test]
async fn a_server_that_ends_tells_who_comes_meanwhile() {
    let mut server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.one(&alice, chat).await;
    // Another program holds the database, so that a message waits, and with it the end of its socket.
    let url = format!("sqlite:{}", server.folder().join("causerie.db").display());
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    a.say(chat, "in time", "m-1").await;
    a.taken().await;
    server.begin_stop();
    a.until(|frame| matches!(frame, ServerFrame::GoAway(_)).then_some(())).await;
    for path in [paths::CHATS, paths::READY, &paths::chat_socket(chat, None)] {
        let mut request = server.client.get(server.url(path)).bearer_auth(&bob.token);
        if path.starts_with(paths::SOCKET) {
            request = request
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 503, "{path}");
        let retry = response.headers().contains_key("retry-after");
        let told: Value = response.json().await.unwrap();
        if path == paths::READY {
            assert_eq!((&told["ready"], &told["draining"]), (&json!(false), &json!(true)));
        } else {
            assert_eq!(told["code"], "draining", "{path}");
            assert!(retry, "{path}");
        }
    }
    assert_eq!(server.client.get(server.url(paths::HEALTH)).send().await.unwrap().status(), 200);
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    a.ack().await;
    assert_eq!(a.closed().await.0, 1012);
    drop((a, other));
    let address = server.address;
    server.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the listener is closed in the end");
}
