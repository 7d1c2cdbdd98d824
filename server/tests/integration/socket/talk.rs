//! Conversations: what is sent is stored, acknowledged and seen by everybody, once and in order.

use std::collections::BTreeSet;

use causerie_protocol::{ErrorCode, Event, Seq, ServerFrame, paths};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::common::server::TestServer;

#[tokio::test]
async fn two_people_talk_and_the_history_is_there_after_a_restart() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.one(&alice, chat).await;
    let mut b = server.many(&bob).await;
    b.subscribe(chat, None, None).await;
    assert_eq!(b.subscribed().await.head, Seq(0));

    let text = "<b>Bonjour</b> مرحبا 👩‍👩‍👧 e\u{301}";
    a.say(chat, text, "a-1").await;
    let own = a.message().await;
    let ack = a.ack().await;
    assert_eq!((ack.seq, ack.id, ack.duplicate), (own.seq, own.id, false));
    assert_eq!(server.history(&bob, chat).await.len(), 1, "acknowledged means stored");
    let seen = b.message().await;
    assert_eq!(seen, own);
    assert_eq!((seen.content.as_str(), &seen.sender), (text, &alice.user));

    b.say(chat, "Salut", "b-1").await;
    assert_eq!(a.message().await.content, "Salut");
    assert_eq!(b.ack().await.seq, Seq(2));

    let folder = server.stop().await;
    let server = TestServer::start_in(folder, |_| {}).await;
    let history: Vec<_> =
        server.history(&alice, chat).await.into_iter().map(|message| message.content).collect();
    assert_eq!(history, [text, "Salut"]);
}

#[tokio::test]
async fn a_message_over_rest_is_seen_live() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut b = server.one(&bob, chat).await;
    server.call(Method::POST, &paths::messages(chat), &alice, json!({"content": "Hello"})).await;
    let message = b.message().await;
    assert_eq!(message.content, "Hello");
    let path = paths::message(message.id);
    server.call(Method::PATCH, &path, &alice, json!({"content": "Hello!"})).await;
    server.call(Method::DELETE, &path, &alice, Value::Null).await;
    let frame = b.frame().await;
    assert!(matches!(&frame, ServerFrame::Event(Event::Edited(e)) if e.content == "Hello!"), "{frame:?}");
    let frame = b.frame().await;
    assert!(matches!(&frame, ServerFrame::Event(Event::Deleted(d)) if d.seq == Seq(3)), "{frame:?}");
}

#[tokio::test]
async fn a_client_of_the_old_system_needs_neither_ids_nor_pongs() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let offer = format!("Bearer, {}", alice.token);
    let path = format!("/ws/chats/{chat}/");
    let (mut old, _) = server.connect(server.handshake(&path, Some(&offer))).await.unwrap();
    old.send_text(r#"{"type":"message","text":"Hello"}"#).await;
    let message = old
        .until(|frame| match frame {
            ServerFrame::Event(Event::Message(message)) => Some(message),
            _ => None,
        })
        .await;
    assert_eq!((message.content.as_str(), message.chat_id), ("Hello", chat));
    old.send_text(r#"{"type":"message","text":""}"#).await;
    assert_eq!(old.error().await.code, ErrorCode::TextBlank, "no ack came in between");
}

#[tokio::test]
async fn a_repeated_send_is_stored_once_and_gets_the_first_ack() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.many(&alice).await;
    let mut b = server.one(&bob, chat).await;
    a.say(chat, "once", "m-1").await;
    let first = a.ack().await;
    a.say(chat, "once", "m-1").await;
    let again = a.ack().await;
    assert!(again.duplicate);
    assert_eq!((again.id, again.seq, &again.sent_at), (first.id, first.seq, &first.sent_at));
    a.say(chat, "another text", "m-1").await;
    assert_eq!(a.error().await.code, ErrorCode::ClientIdReused);
    a.say(chat, "next", "m-2").await;
    assert_eq!(b.message().await.content, "once");
    assert_eq!(b.message().await.content, "next");
    b.say(chat, "mine", "m-1").await;
    assert!(!b.ack().await.duplicate, "another person's id is another id");
}

#[tokio::test]
async fn a_closed_chat_takes_no_messages() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.one(&alice, chat).await;
    server.call(Method::PATCH, &paths::chat(chat), &bob, json!({"status": "closed"})).await;
    let frame = a.frame().await;
    assert!(matches!(frame, ServerFrame::Event(Event::ChatChanged(_))), "{frame:?}");
    a.say(chat, "too late", "m-1").await;
    let error = a.error().await;
    assert_eq!(error.code, ErrorCode::ChatClosed);
    assert_eq!(error.client_id.unwrap().as_str(), "m-1");
}

#[tokio::test]
async fn typing_and_reading_are_seen_by_others_and_reading_never_goes_back() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.one(&alice, chat).await;
    let mut b = server.one(&bob, chat).await;
    a.send(json!({"type": "typing"})).await;
    match b.frame().await {
        ServerFrame::Typing(typing) => assert_eq!((typing.chat_id, typing.user_id), (chat, alice.user.id)),
        other => panic!("{other:?}"),
    }
    a.say(chat, "read this", "m-1").await;
    b.message().await;
    for seq in [9, 0] {
        b.send(json!({"type": "read", "seq": seq})).await;
    }
    let read = a
        .until(|frame| match frame {
            ServerFrame::Read(read) => Some(read),
            ServerFrame::Typing(_) => panic!("one's own typing"),
            _ => None,
        })
        .await;
    assert_eq!((read.user_id, read.seq), (bob.user.id, Seq(1)), "clipped to the head");
    b.say(chat, "done", "m-2").await;
    let frame = a.frame().await;
    assert!(matches!(frame, ServerFrame::Event(_)), "the second one moved nothing: {frame:?}");
}

#[tokio::test]
async fn who_is_put_into_a_chat_is_told() {
    let server = TestServer::start().await;
    let [alice, bob, carol] =
        [server.register("alice").await, server.register("bob").await, server.register("carol").await];
    let mut b = server.many(&bob).await;
    let mut c = server.many(&carol).await;
    let chat = server.start_group(&alice, &[&bob]).await;
    match b.frame().await {
        ServerFrame::ChatAdded(added) => assert_eq!(added.chat.id, chat),
        other => panic!("{other:?}"),
    }
    server.call(Method::POST, &paths::participants(chat), &alice, json!({"user": carol.email()})).await;
    match c.frame().await {
        ServerFrame::ChatAdded(added) => assert_eq!(added.chat.participants.len(), 3),
        other => panic!("{other:?}"),
    }
}

/// Many senders at once: every reader sees the same log without gaps, and each sender's messages in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_make_one_log_that_everybody_sees() {
    const SENDERS: usize = 4;
    const EACH: usize = 300;
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let mut people = vec![alice.clone()];
    for n in 1..SENDERS {
        people.push(server.register(&format!("person-{n}")).await);
    }
    let others: Vec<_> = people[1..].iter().collect();
    let chat = server.start_group(&alice, &others).await;
    // All of them before the first word, so that nobody's log begins later.
    let mut sockets = Vec::new();
    for person in &people {
        sockets.push(server.one(person, chat).await);
    }
    let mut tasks = JoinSet::new();
    for (n, mut socket) in sockets.into_iter().enumerate() {
        tasks.spawn(async move {
            for m in 0..EACH {
                socket.say(chat, &format!("{n} {m}"), &format!("{n}-{m}")).await;
            }
            let (mut log, mut acks) = (Vec::new(), BTreeSet::new());
            while log.len() < SENDERS * EACH || acks.len() < EACH {
                match socket.frame().await {
                    ServerFrame::Event(Event::Message(message)) => log.push(message),
                    ServerFrame::Ack(ack) => assert!(acks.insert(ack.seq), "acknowledged once"),
                    other => panic!("{other:?}"),
                }
            }
            log
        });
    }
    let logs = tasks.join_all().await;
    let seqs: Vec<u64> = logs[0].iter().map(|message| message.seq.0).collect();
    assert_eq!(seqs, (1..=(SENDERS * EACH) as u64).collect::<Vec<_>>());
    assert!(logs.iter().all(|log| *log == logs[0]));
    for n in 0..SENDERS {
        let prefix = format!("{n} ");
        let own: Vec<&str> =
            logs[0].iter().filter_map(|message| message.content.strip_prefix(&prefix)).collect();
        assert_eq!(own, (0..EACH).map(|m| m.to_string()).collect::<Vec<_>>());
    }
}
