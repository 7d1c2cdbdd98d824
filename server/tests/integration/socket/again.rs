//! Sockets of people who were there a moment ago: they are let in as at the first time, and no further.

use causerie_protocol::event::Original;
use causerie_protocol::{Seq, paths};
use reqwest::Method;
use serde_json::{Value, json};

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
    let body = json!({"content": "two"});
    server.call(Method::POST, &paths::messages(chat), &bob, body).await;
    let mut a = server.socket(&alice.token, &paths::chat_socket(chat, Some(Seq(1)))).await;
    a.welcome().await;
    let subscribed = a.subscribed().await;
    assert_eq!((subscribed.head, subscribed.reset), (Seq(2), false));
    assert_eq!(a.message().await.content, "two");
    let body = json!({"content": "three"});
    server.call(Method::POST, &paths::messages(chat), &bob, body).await;
    let message = a.message().await;
    assert_eq!((message.seq, message.content), (Seq(3), "three".to_owned()));
}

#[tokio::test]
async fn whose_membership_ended_is_not_let_in_though_they_were_there_a_moment_ago() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let left = server.start_group(&alice, &[&bob]).await;
    let removed = server.start_group(&alice, &[&bob]).await;
    let deleted = server.start_group(&alice, &[&bob]).await;
    let copy_removed = server.start_chat(&alice, &bob).await;
    let chats = [left, removed, deleted, copy_removed];
    for chat in chats {
        server.one(&bob, chat).await.close().await;
        // Let in from memory.
        server.one(&bob, chat).await.close().await;
    }
    server.call(Method::POST, &paths::leave(left), &bob, Value::Null).await;
    let bob_there = paths::participant(removed, bob.user.id);
    server.call(Method::DELETE, &bob_there, &alice, Value::Null).await;
    server.call(Method::DELETE, &paths::chat(deleted), &alice, Value::Null).await;
    server.call(Method::DELETE, &paths::chat(copy_removed), &bob, Value::Null).await;
    for chat in chats {
        let closed = server.socket(&bob.token, &paths::chat_socket(chat, None)).await.closed().await;
        assert_eq!(closed.0, 4003);
        let mut many = server.many(&bob).await;
        many.subscribe(chat, None, None).await;
        assert_eq!(many.error().await.code, causerie_protocol::ErrorCode::NoSuchChat);
    }
}

#[tokio::test]
async fn who_does_not_see_what_was_said_before_does_not_when_they_come_back_either() {
    let server = TestServer::start().await;
    let [alice, bob, carol] =
        [server.register("alice").await, server.register("bob").await, server.register("carol").await];
    let group = server.start_group(&alice, &[&carol]).await;
    server.call(Method::PATCH, &paths::chat(group), &alice, json!({"hides_past": true})).await;
    server.call(Method::POST, &paths::messages(group), &alice, json!({"content": "between us"})).await;
    let body = json!({"user": bob.email()});
    server.call(Method::POST, &paths::participants(group), &alice, body).await;
    for _ in 0..3 {
        let mut b = server.socket(&bob.token, &paths::chat_socket(group, Some(Seq(1)))).await;
        b.welcome().await;
        let subscribed = b.subscribed().await;
        assert_eq!(
            (subscribed.head, subscribed.reset),
            (Seq(3), true),
            "from afresh, not from the second event"
        );
        b.close().await;
    }
}

#[tokio::test]
async fn who_does_not_see_the_past_sees_nothing_of_it_in_a_reply_live_or_read() {
    let server = TestServer::start().await;
    let [alice, bob, carol] =
        [server.register("alice").await, server.register("bob").await, server.register("carol").await];
    let group = server.start_group(&alice, &[&carol]).await;
    server.call(Method::PATCH, &paths::chat(group), &alice, json!({"hides_past": true})).await;
    let body = json!({"content": "between us"});
    let before = server.call(Method::POST, &paths::messages(group), &alice, body).await;
    server.call(Method::POST, &paths::participants(group), &alice, json!({"user": bob.email()})).await;
    let mut b = server.one(&bob, group).await;
    let mut c = server.one(&carol, group).await;
    c.say(group, "one", "m-1").await;
    let first = b.message().await;
    for (to, text) in [(before["seq"].as_u64().unwrap(), "to what was before"), (first.seq.0, "to mine")] {
        c.send(json!({"type": "message", "text": text, "reply_to": to})).await;
    }
    let (hidden, seen) = (b.message().await.reply_to.unwrap(), b.message().await.reply_to.unwrap());
    assert_eq!(*hidden, Original::unseen(Seq(2)));
    assert_eq!((seen.seq, &*seen.content), (first.seq, "one"));
    c.ack().await;
    assert_eq!(c.message().await.reply_to.unwrap().content, "between us", "who was there sees it");
    let read: Vec<_> =
        server.history(&bob, group).await.into_iter().map(|message| message.reply_to).collect();
    assert_eq!(read, [None, Some(hidden), Some(seen)]);

    b.send(json!({"type": "message", "text": "a", "reply_to": 2, "client_id": "m-2"})).await;
    let error = b.error().await;
    assert_eq!(error.code, causerie_protocol::ErrorCode::NoSuchOriginal);
    b.send(json!({"type": "message", "text": "a", "reply_to": 99, "client_id": "m-3"})).await;
    assert_eq!(b.error().await.detail, error.detail, "the same as of what does not exist");
}

#[tokio::test]
async fn the_next_socket_knows_of_a_block_though_the_token_was_checked_before_it() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    server.start_chat(&alice, &bob).await;
    assert_eq!(server.blocked(&alice).await, []);
    server.call(Method::POST, paths::BLOCKS, &alice, json!({"user_id": bob.user.id})).await;
    assert_eq!(server.blocked(&alice).await, [bob.user.id]);
}
