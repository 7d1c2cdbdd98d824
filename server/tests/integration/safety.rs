//! People are safe from each other, on one server and on two nodes: what a block, an end, a removal and the switches stop.

use std::time::Duration;

use causerie_protocol::rest::{Blocked, Chat, ChatStatus};
use causerie_protocol::{ChatId, Event, ReportId, Seq, ServerFrame, paths};
use causerie_server::config::Presence;
use causerie_testkit::LIMIT;
use futures_util::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Ws;

use crate::common::everywhere::everywhere;
use crate::common::server::{Person, TestServer};
use crate::common::socket::{Came, Socket};

/// Alice on one node, Bob and Carol on the other, all in one group, Alice and Bob also in a chat of two.
struct World<'a> {
    here: &'a TestServer,
    there: &'a TestServer,
    alice: Person,
    bob: Person,
    carol: Person,
    pair: ChatId,
    group: ChatId,
}

fn soon(config: &mut causerie_server::config::Config) {
    config.presence = Presence { grace: Duration::from_millis(300), beat: Duration::from_millis(100) };
}

impl<'a> World<'a> {
    async fn new(here: &'a TestServer, there: &'a TestServer) -> Self {
        let (alice, bob) = (here.register("alice").await, there.register("bob").await);
        let carol = there.register("carol").await;
        let pair = here.start_chat(&alice, &bob).await;
        let group = here.start_group(&alice, &[&bob, &carol]).await;
        Self { here, there, alice, bob, carol, pair, group }
    }

    async fn block(&self) {
        let body = json!({"user_id": self.bob.user.id});
        self.here.call(Method::POST, paths::BLOCKS, &self.alice, body).await;
    }

    async fn unblock(&self) {
        let path = paths::block(self.bob.user.id);
        self.here.call(Method::DELETE, &path, &self.alice, Value::Null).await;
    }

    /// A socket that follows both chats as far as the person is in them.
    async fn follow(&self, node: &TestServer, who: &Person) -> Socket {
        let mut socket = node.many(who).await;
        for chat in [self.pair, self.group] {
            socket.subscribe(chat, None, None).await;
        }
        socket.taken().await;
        socket
    }

    /// Carol says something in the group, as a sign that everything before it has come.
    async fn mark(&self, text: &str) {
        let body = json!({"content": text});
        self.there.call(Method::POST, &paths::messages(self.group), &self.carol, body).await;
    }
}

/// All frames up to a message with this text.
async fn all_until(socket: &mut Socket, text: &str) -> Vec<ServerFrame> {
    let mut seen = Vec::new();
    let found = async {
        loop {
            match socket.ws.next().await {
                Some(Ok(Ws::Text(json))) => {
                    let frame = ServerFrame::decode(&json).unwrap();
                    if matches!(&frame, ServerFrame::Event(Event::Message(said)) if said.content == text) {
                        return;
                    }
                    seen.push(frame);
                }
                Some(Ok(_)) => {}
                ended => panic!("it ended: {ended:?}"),
            }
        }
    };
    timeout(LIMIT, found).await.expect("the mark did not come");
    seen
}

async fn a_block_lets_nothing_pass(here: &TestServer, there: &TestServer) {
    let world = World::new(here, there).await;
    let mut a = world.follow(here, &world.alice).await;
    let mut b = world.follow(there, &world.bob).await;
    let mut c = world.follow(there, &world.carol).await;
    // Both are seen online before.
    world.block().await;
    a.until(|frame| match frame {
        ServerFrame::Blocks(blocks) => {
            assert_eq!(blocks.blocked, [world.bob.user.id]);
            Some(())
        }
        _ => None,
    })
    .await;
    b.until(|frame| match frame {
        ServerFrame::Event(Event::ChatChanged(changed)) => {
            assert_eq!((changed.chat_id, changed.status), (world.pair, ChatStatus::Closed));
            Some(())
        }
        _ => None,
    })
    .await;
    world.mark("before").await;
    for socket in [&mut a, &mut b, &mut c] {
        all_until(socket, "before").await;
    }
    // Bob types, reads and comes back in the group: Carol sees it, Alice does not.
    b.send(json!({"type": "typing", "chat_id": world.group})).await;
    b.send(json!({"type": "read", "chat_id": world.group, "seq": 1})).await;
    b.taken().await;
    b.ws.close(None).await.unwrap();
    c.until(|frame| match frame {
        ServerFrame::Read(read) => {
            assert_eq!(read.user_id, world.bob.user.id);
            Some(())
        }
        _ => None,
    })
    .await;
    loop {
        let presence = c.presence().await;
        if presence.user_id == world.bob.user.id && !presence.online {
            break;
        }
    }
    let mut b = world.follow(there, &world.bob).await;
    // Alice does the same, and Bob sees nothing of it.
    a.send(json!({"type": "typing", "chat_id": world.group})).await;
    a.send(json!({"type": "read", "chat_id": world.group, "seq": 1})).await;
    a.taken().await;
    c.until(|frame| matches!(frame, ServerFrame::Read(_)).then_some(())).await;
    world.mark("after").await;
    for (socket, other) in [(&mut a, &world.bob), (&mut b, &world.alice)] {
        for frame in all_until(socket, "after").await {
            let of = match &frame {
                ServerFrame::Typing(typing) => typing.user_id,
                ServerFrame::Read(read) => read.user_id,
                ServerFrame::Presence(presence) => presence.user_id,
                _ => continue,
            };
            assert_ne!(of, other.user.id, "{frame:?}");
        }
    }
    for (node, who, other) in [(here, &world.alice, &world.bob), (there, &world.bob, &world.alice)] {
        let chat = node.call(Method::GET, &paths::chat(world.group), who, Value::Null).await;
        let chat: Chat = serde_json::from_value(chat).unwrap();
        let seen = chat.participants.iter().find(|one| one.user.id == other.user.id).unwrap();
        assert_eq!((seen.online, seen.read_seq), (false, Seq(0)));
    }
}

/// What somebody gets in a chat of two that takes nothing any more, whoever closed it.
async fn answers(node: &TestServer, who: &Person, other: &Person, chat: ChatId) -> Vec<String> {
    let mut socket = node.one(who, chat).await;
    socket.say(chat, "Hello?", "m-1").await;
    let mut answers = vec![format!("{:?}", socket.error().await)];
    let read = node.call(Method::GET, &paths::chat(chat), who, Value::Null).await;
    let read: Chat = serde_json::from_value(read).unwrap();
    let seen = read.participants.iter().find(|one| one.user.id == other.user.id).unwrap();
    answers.push(format!("{:?} {} {}", read.status, seen.online, seen.read_seq));
    for (method, path, body) in [
        (Method::POST, paths::messages(chat), json!({"content": "Hello?"})),
        (Method::PATCH, paths::chat(chat), json!({"status": "active"})),
        (Method::POST, paths::CHATS.to_owned(), json!({"participants": [other.user.id]})),
        (Method::POST, paths::CHATS.to_owned(), json!({"participants": [other.email()]})),
        (Method::POST, paths::CHATS.to_owned(), json!({"participants": [other.email()], "title": "Us"})),
        (Method::POST, paths::participants(chat), json!({"user": other.email()})),
    ] {
        let (status, problem) = node.request(method, &path, Some(&who.token), body).await;
        assert!(status.is_client_error(), "{path}: {status}");
        answers.push(problem.to_string());
    }
    answers.iter().map(|answer| answer.replace(&format!("ChatId({chat})"), "")).collect()
}

async fn who_is_blocked_can_not_tell_it_from_a_chat_that_ended(here: &TestServer, there: &TestServer) {
    let world = World::new(here, there).await;
    let ended = there.start_chat(&world.carol, &world.bob).await;
    there.call(Method::PATCH, &paths::chat(ended), &world.carol, json!({"status": "closed"})).await;
    world.block().await;
    let blocked = answers(there, &world.bob, &world.alice, world.pair).await;
    assert_eq!(blocked, answers(there, &world.bob, &world.carol, ended).await);
    // Nor the address of somebody unknown from hers.
    let unknown = there
        .request(
            Method::POST,
            paths::CHATS,
            Some(&world.bob.token),
            json!({"participants": ["nobody@example.org"]}),
        )
        .await;
    assert_eq!(unknown.1.to_string(), blocked[5]);
}

async fn taking_a_block_back_opens_the_chat(here: &TestServer, there: &TestServer) {
    let world = World::new(here, there).await;
    world.block().await;
    let listed = here.call(Method::GET, paths::BLOCKS, &world.alice, Value::Null).await;
    let listed: Vec<Blocked> = serde_json::from_value(listed).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].user.id, listed[0].user.name.as_str()), (world.bob.user.id, "bob"));
    let mut b = world.follow(there, &world.bob).await;
    world.unblock().await;
    b.until(|frame| match frame {
        ServerFrame::Event(Event::ChatChanged(changed)) => {
            assert_eq!(changed.status, ChatStatus::Active);
            Some(())
        }
        _ => None,
    })
    .await;
    b.say(world.pair, "Hello again", "m-1").await;
    b.ack().await;
    let mut a = world.follow(here, &world.alice).await;
    b.send(json!({"type": "typing", "chat_id": world.pair})).await;
    a.until(|frame| matches!(frame, ServerFrame::Typing(_)).then_some(())).await;
    let path = paths::block(world.bob.user.id);
    let again = here.request(Method::DELETE, &path, Some(&world.alice.token), Value::Null).await;
    assert_eq!(again.0, StatusCode::NOT_FOUND);
}

async fn who_removes_their_copy_ends_the_chat_and_leaves_the_other_theirs(
    here: &TestServer,
    there: &TestServer,
) {
    let world = World::new(here, there).await;
    here.call(Method::POST, &paths::messages(world.pair), &world.alice, json!({"content": "Evidence"})).await;
    let mut a = here.one(&world.alice, world.pair).await;
    let mut b = there.one(&world.bob, world.pair).await;
    there.call(Method::DELETE, &paths::chat(world.pair), &world.bob, Value::Null).await;
    assert_eq!(b.closed().await.0, 4003);
    a.until(|frame| match frame {
        ServerFrame::Event(Event::ChatChanged(changed)) => {
            assert_eq!(changed.status, ChatStatus::Closed);
            Some(())
        }
        _ => None,
    })
    .await;
    assert_eq!(here.history(&world.alice, world.pair).await[0].content, "Evidence");
    here.call(Method::DELETE, &paths::chat(world.pair), &world.alice, Value::Null).await;
    let path = paths::chat(world.pair);
    let gone = here.request(Method::GET, &path, Some(&world.alice.token), Value::Null).await;
    assert_eq!(gone.0, StatusCode::NOT_FOUND);
}

async fn who_is_removed_hears_nothing_after_the_answer(here: &TestServer, there: &TestServer) {
    let world = World::new(here, there).await;
    let mut one = there.one(&world.bob, world.group).await;
    let mut many = world.follow(there, &world.bob).await;
    let path = paths::participant(world.group, world.bob.user.id);
    here.call(Method::DELETE, &path, &world.alice, Value::Null).await;
    assert_eq!(one.closed().await.0, 4003);
    let reason = many
        .until(|frame| match frame {
            ServerFrame::Unsubscribed(ended) => Some((ended.chat_id, ended.code)),
            ServerFrame::Event(event) => panic!("{event:?}"),
            _ => None,
        })
        .await;
    assert_eq!(reason, (world.group, 4003));
    world.mark("without him").await;
    many.taken().await;
    many.say(world.group, "let me in", "m-1").await;
    assert!(matches!(many.next().await, Came::Frame(frame) if matches!(*frame, ServerFrame::Error(_))));
}

async fn the_switches_hide_both_ways(here: &TestServer, there: &TestServer) {
    let world = World::new(here, there).await;
    world.mark("first").await;
    let mut a = world.follow(here, &world.alice).await;
    let mut b = world.follow(there, &world.bob).await;
    let settings = here
        .call(
            Method::PATCH,
            paths::PRIVACY,
            &world.alice,
            json!({"shows_online": false, "shows_read": false}),
        )
        .await;
    assert_eq!(settings, json!({"shows_online": false, "shows_read": false}));
    loop {
        let presence = b.presence().await;
        if presence.user_id == world.alice.user.id && !presence.online {
            break;
        }
    }
    for (socket, node) in [(&mut a, here), (&mut b, there)] {
        socket.send(json!({"type": "typing", "chat_id": world.group})).await;
        socket.send(json!({"type": "read", "chat_id": world.group, "seq": 1})).await;
        socket.taken().await;
        // The read position is stored and published.
        let who = if std::ptr::eq(node, here) { &world.alice } else { &world.bob };
        loop {
            let chat = node.call(Method::GET, &paths::chat(world.group), who, Value::Null).await;
            if chat["read_seq"] == 1 {
                break;
            }
        }
    }
    world.mark("second").await;
    for (socket, other) in [(&mut a, &world.bob), (&mut b, &world.alice)] {
        for frame in all_until(socket, "second").await {
            let of = match &frame {
                ServerFrame::Typing(typing) => typing.user_id,
                ServerFrame::Read(read) => read.user_id,
                ServerFrame::Presence(presence) if presence.online => presence.user_id,
                _ => continue,
            };
            assert_ne!(of, other.user.id, "{frame:?}");
        }
    }
    // One's own other devices are told how far one has read.
    let mut other = world.follow(here, &world.alice).await;
    a.send(json!({"type": "read", "chat_id": world.group, "seq": 2})).await;
    other
        .until(|frame| match frame {
            ServerFrame::Read(read) if read.user_id == world.alice.user.id => Some(()),
            _ => None,
        })
        .await;
    here.call(Method::PATCH, paths::PRIVACY, &world.alice, json!({"shows_online": true})).await;
    loop {
        let presence = b.presence().await;
        if presence.user_id == world.alice.user.id && presence.online {
            break;
        }
    }
    let settings = here.call(Method::GET, paths::PRIVACY, &world.alice, Value::Null).await;
    assert_eq!(settings, json!({"shows_online": true, "shows_read": false}));
}

async fn a_report_is_closed_once_and_what_it_does_is_felt_at_once(here: &TestServer, there: &TestServer) {
    let world = World::new(here, there).await;
    // Alice owns the installation, as its first account; Carol is a moderator on the other node.
    here.role(&world.alice, &world.carol, "moderator").await;
    let body = json!({"content": "Rude"});
    let said = there.call(Method::POST, &paths::messages(world.pair), &world.bob, body).await;
    let body = json!({"message_id": said["id"], "reason": "threat", "words": "He means it."});
    here.call(Method::POST, paths::REPORTS, &world.alice, body).await;
    let listed = there.call(Method::GET, paths::ADMIN_REPORTS, &world.carol, Value::Null).await;
    let id = ReportId(listed[0]["id"].as_i64().unwrap());
    let report = there.call(Method::GET, &paths::report(id), &world.carol, Value::Null).await;
    assert_eq!(report["context"][0]["content"], "Rude");
    let (status, _) =
        there.request(Method::GET, &paths::report(id), Some(&world.bob.token), Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (mut a, mut b) = (world.follow(here, &world.alice).await, world.follow(there, &world.bob).await);
    let close = async |node: &TestServer, who: &Person, action: &str| {
        let body = json!({ "action": action });
        node.request(Method::POST, &paths::close_report(id), Some(&who.token), body).await
    };
    let (status, closed) = close(here, &world.alice, "suspended").await;
    assert_eq!((status, &closed["outcome"]["by"]["name"]), (StatusCode::OK, &json!("alice")));
    assert_eq!(b.closed().await.0, 4004);
    let (status, problem) = close(there, &world.carol, "deleted").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().starts_with("alice has closed"), "{problem}");
    assert_eq!(
        there.history(&world.alice, world.pair).await[0].content,
        "Rude",
        "the second one did nothing"
    );
    // Another report, whose message goes from every page.
    let path = paths::messages(world.group);
    let said = there.call(Method::POST, &path, &world.carol, json!({"content": "Spam"})).await["id"].clone();
    here.call(Method::POST, paths::REPORTS, &world.alice, json!({"message_id": said, "reason": "spam"}))
        .await;
    let id = ReportId(id.0 + 1);
    let body = json!({"action": "deleted"});
    here.call(Method::POST, &paths::close_report(id), &world.alice, body).await;
    a.until(|frame| match frame {
        ServerFrame::Event(Event::Deleted(deleted)) => {
            assert_eq!(json!(deleted.id), said);
            Some(())
        }
        _ => None,
    })
    .await;
}

async fn a_moderator_opens_an_ended_chat_for_both(here: &TestServer, there: &TestServer) {
    let world = World::new(here, there).await;
    let (mut a, mut b) = (world.follow(here, &world.alice).await, world.follow(there, &world.bob).await);
    there.call(Method::PATCH, &paths::chat(world.pair), &world.bob, json!({"status": "closed"})).await;
    let is = |status: ChatStatus| {
        move |frame| match frame {
            ServerFrame::Event(Event::ChatChanged(changed)) if changed.status == status => Some(()),
            _ => None,
        }
    };
    a.until(is(ChatStatus::Closed)).await;
    b.until(is(ChatStatus::Closed)).await;
    let path = paths::person_action(world.bob.user.id, "reopen");
    let body = json!({"with": world.alice.email()});
    let (status, _) = there.request(Method::POST, &path, Some(&world.bob.token), body.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "who ended it does not open it");
    assert_eq!(here.call(Method::POST, &path, &world.alice, body.clone()).await, json!({"open": true}));
    a.until(is(ChatStatus::Active)).await;
    b.until(is(ChatStatus::Active)).await;
    b.say(world.pair, "Here I am", "m-1").await;
    b.ack().await;
    b.send(json!({"type": "typing", "chat_id": world.pair})).await;
    a.until(|frame| matches!(frame, ServerFrame::Typing(_)).then_some(())).await;
    let (status, _) = here.request(Method::POST, &path, Some(&world.alice.token), body).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "there is nothing more to open");
}

everywhere! {
    soon:
    a_block_lets_nothing_pass,
    who_is_blocked_can_not_tell_it_from_a_chat_that_ended,
    taking_a_block_back_opens_the_chat,
    who_removes_their_copy_ends_the_chat_and_leaves_the_other_theirs,
    who_is_removed_hears_nothing_after_the_answer,
    the_switches_hide_both_ways,
    a_report_is_closed_once_and_what_it_does_is_felt_at_once,
    a_moderator_opens_an_ended_chat_for_both,
}
