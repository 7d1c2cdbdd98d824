//! A person with more chats than a socket follows.

use std::time::Duration;

use causerie_protocol::{ChatId, CloseCode, ErrorCode, Event, Seq, ServerFrame, limits, paths};
use causerie_testkit::LIMIT;
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::json;
use sqlx::Connection as _;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message as Ws;

use crate::common::server::{Person, TestServer};
use crate::common::socket::Socket;

/// The heads of the next ping that names this chat.
async fn head_in_a_ping(socket: &mut Socket, chat: ChatId) -> Seq {
    let deadline = Instant::now() + LIMIT;
    loop {
        match timeout_at(deadline, socket.ws.next()).await.expect("no such ping came") {
            Some(Ok(Ws::Text(text))) => {
                if let Ok(ServerFrame::Ping(ping)) = ServerFrame::decode(&text)
                    && let Some((_, head)) = ping.heads.into_iter().find(|(one, _)| *one == chat)
                {
                    return head;
                }
            }
            Some(Ok(_)) => {}
            ended => panic!("it ended: {ended:?}"),
        }
    }
}

/// Alice and Bob with this many groups, the ids of which are 1 and so on.
async fn friends(groups: usize) -> (TestServer, Person, Person) {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let folder = server.stop().await;
    let url = format!("sqlite:{}", folder.path().join("causerie.db").display());
    let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < $1)
         INSERT INTO chats (direct, title, created_at, updated_at) SELECT 0, 'Group', n, n FROM number",
    )
    .bind(i64::try_from(groups).unwrap())
    .execute(&mut database)
    .await
    .unwrap();
    sqlx::query("INSERT INTO participants (chat_id, user_id) SELECT c.id, u.id FROM chats c, users u")
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    let server = TestServer::start_in(folder, |config| config.heartbeat = Duration::from_millis(500)).await;
    (server, alice, bob)
}

async fn say(server: &TestServer, who: &Person, chat: ChatId) {
    server.call(Method::POST, &paths::messages(chat), who, json!({"content": "Hello"})).await;
}

#[tokio::test]
async fn what_a_full_socket_does_not_follow_is_told_by_its_pings() {
    let most = i64::try_from(limits::SUBSCRIPTIONS).unwrap();
    let (server, alice, bob) = friends(limits::SUBSCRIPTIONS + 1).await;
    let (first, beyond) = (ChatId(1), ChatId(most + 1));
    let mut socket = server.many(&alice).await;
    for chat in 1..=most {
        socket.subscribe(ChatId(chat), None, None).await;
        socket.subscribed().await;
    }
    socket.subscribe(beyond, None, None).await;
    assert_eq!(socket.error().await.code, ErrorCode::TooManySubscriptions);
    say(&server, &bob, beyond).await;
    assert_eq!(head_in_a_ping(&mut socket, beyond).await, Seq(1));

    // One makes room for the other.
    socket.send(json!({"type": "unsubscribe", "chat_id": first})).await;
    match socket.frame().await {
        ServerFrame::Unsubscribed(ended) => {
            assert_eq!((ended.chat_id, ended.code), (first, CloseCode::Normal.code()));
        }
        frame => panic!("{frame:?}"),
    }
    socket.subscribe(beyond, Some(Seq(0)), None).await;
    assert_eq!(socket.subscribed().await.head, Seq(1));
    assert_eq!(socket.message().await.chat_id, beyond);
    say(&server, &bob, first).await;
    say(&server, &bob, beyond).await;
    let live = socket
        .until(|frame| match frame {
            ServerFrame::Event(Event::Message(message)) => Some(message),
            _ => None,
        })
        .await;
    assert_eq!(live.chat_id, beyond, "what is not followed any more does not come as an event");
    assert_eq!(head_in_a_ping(&mut socket, first).await, Seq(1));
    // Sending needs no subscription.
    socket.say(first, "Hi", "m-1").await;
    assert_eq!(socket.ack().await.seq, Seq(2));
}

#[tokio::test]
async fn a_socket_with_room_costs_no_question_for_what_it_does_not_follow() {
    let (server, alice, bob) = friends(3).await;
    let mut socket = server.many(&alice).await;
    socket.subscribe(ChatId(1), None, None).await;
    socket.subscribed().await;
    say(&server, &bob, ChatId(2)).await;
    say(&server, &bob, ChatId(1)).await;
    assert_eq!(head_in_a_ping(&mut socket, ChatId(1)).await, Seq(1));
    let asked = r#"causerie_database_operation_seconds_count{operation="moved_chats"}"#;
    assert_eq!(server.scrape().await.of(asked), 0.0);
}

#[tokio::test]
async fn a_socket_for_one_chat_is_left_by_closing_it() {
    let (server, alice, _) = friends(1).await;
    let mut socket = server.one(&alice, ChatId(1)).await;
    socket.send(json!({"type": "unsubscribe", "chat_id": 1})).await;
    let error = socket.error().await;
    assert_eq!((error.code, error.chat_id), (ErrorCode::InvalidField, Some(ChatId(1))));
}
