//! Sockets of people who were there a moment ago: they are let in as at the first time, and no further.

use causerie_protocol::{Seq, paths};
use reqwest::Method;
use serde_json::Value;

use crate::common::server::TestServer;

#[tokio::test]
async fn who_comes_back_is_told_where_the_chat_stands_now() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.one(&alice, chat).await;
    a.say(chat, "one", "m-1").await;
    a.ack().await;
    // Closed by the server's answer to the close, so its session has ended.
    a.close().await;
    // While no socket follows the chat.
    let body = serde_json::json!({"content": "two"});
    server.call(Method::POST, &paths::messages(chat), &bob, body).await;
    let mut a = server.socket(&alice.token, &paths::chat_socket(chat, Some(Seq(1)))).await;
    a.welcome().await;
    let subscribed = a.subscribed().await;
    assert_eq!((subscribed.head, subscribed.reset), (Seq(2), false));
    assert_eq!(a.message().await.content, "two");
    let body = serde_json::json!({"content": "three"});
    server.call(Method::POST, &paths::messages(chat), &bob, body).await;
    let message = a.message().await;
    assert_eq!((message.seq, message.content), (Seq(3), "three".to_owned()));
}

#[tokio::test]
async fn who_left_a_chat_or_whose_chat_is_gone_is_not_let_in_though_they_were_there_a_moment_ago() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let group = server.start_group(&alice, &[&bob]).await;
    let pair = server.start_chat(&alice, &bob).await;
    for chat in [group, pair] {
        server.one(&bob, chat).await.close().await;
        // Let in from memory.
        server.one(&bob, chat).await.close().await;
    }
    server.call(Method::POST, &paths::leave(group), &bob, Value::Null).await;
    server.call(Method::DELETE, &paths::chat(pair), &alice, Value::Null).await;
    for chat in [group, pair] {
        let closed = server.socket(&bob.token, &paths::chat_socket(chat, None)).await.closed().await;
        assert_eq!(closed.0, 4003);
        let mut many = server.many(&bob).await;
        many.subscribe(chat, None, None).await;
        assert_eq!(many.error().await.code, causerie_protocol::ErrorCode::NoSuchChat);
    }
}
