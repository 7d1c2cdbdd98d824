//! Requests for a chat to a stranger (`--new-chats requests`), on one server and on two nodes.

use std::time::Duration;

use causerie_protocol::rest::{Chat, ChatStatus};
use causerie_protocol::{ChatId, ErrorCode, Event, Seq, ServerFrame, limits, paths};
use causerie_server::config::{Config, NewChats, Presence};
use causerie_testkit::LIMIT;
#[cfg(feature = "test-services")]
use causerie_testkit::database;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::common::everywhere::everywhere;
use crate::common::server::{Person, TestServer};
use crate::common::socket::Socket;

fn asking(config: &mut Config) {
    config.new_chats = NewChats::Requests;
    config.presence = Presence { grace: Duration::from_millis(300), beat: Duration::from_millis(100) };
}

/// Alice on one node asks Bob on the other for a chat; both have a socket, and neither has the other as more than a name.
struct World<'a> {
    here: &'a TestServer,
    there: &'a TestServer,
    alice: Person,
    bob: Person,
    chat: ChatId,
    a: Socket,
    b: Socket,
}

impl<'a> World<'a> {
    async fn new(here: &'a TestServer, there: &'a TestServer) -> Self {
        let (alice, bob) = (here.register("alice").await, there.register("bob").await);
        let (mut a, mut b) = (here.many(&alice).await, there.many(&bob).await);
        let asked = ask(here, &alice, &bob).await;
        assert_eq!(asked.requested_by, Some(alice.user.id));
        for socket in [&mut a, &mut b] {
            let added = socket
                .until(|frame| match frame {
                    ServerFrame::ChatAdded(added) => Some(added.chat),
                    _ => None,
                })
                .await;
            assert_eq!((added.id, added.requested_by), (asked.id, Some(alice.user.id)));
            socket.subscribe(asked.id, None, None).await;
            socket.subscribed().await;
        }
        Self { here, there, alice, bob, chat: asked.id, a, b }
    }

    /// Alice says something; everything that came to each before it.
    async fn until_said(&mut self, text: &str) -> [Vec<ServerFrame>; 2] {
        self.a.say(self.chat, text, &text.replace(' ', "-")).await;
        [until_text(&mut self.a, text).await, until_text(&mut self.b, text).await]
    }

    /// Both write and read, as far as a server hears of it.
    async fn type_and_read(&mut self, seq: u64) {
        for socket in [&mut self.a, &mut self.b] {
            socket.send(json!({"type": "typing", "chat_id": self.chat})).await;
            socket.send(json!({"type": "read", "chat_id": self.chat, "seq": seq})).await;
            socket.taken().await;
        }
        // The positions are stored and published.
        for (node, who) in [(self.here, &self.alice), (self.there, &self.bob)] {
            let read = async { while seen(node, who, self.chat).await.read_seq < Seq(seq) {} };
            timeout(LIMIT, read).await.expect("the read position is not stored");
        }
    }

    /// Both close their sockets and open others.
    async fn come_back(&mut self) {
        for (socket, node, who) in
            [(&mut self.a, self.here, &self.alice), (&mut self.b, self.there, &self.bob)]
        {
            socket.ws.close(None).await.unwrap();
            *socket = node.many(who).await;
            socket.subscribe(self.chat, None, None).await;
            socket.subscribed().await;
        }
    }

    async fn accept(&self) -> Chat {
        let chat = self.there.call(Method::POST, &paths::accept(self.chat), &self.bob, Value::Null).await;
        serde_json::from_value(chat).unwrap()
    }
}

async fn ask(node: &TestServer, who: &Person, whom: &Person) -> Chat {
    let body = json!({"participants": [whom.email()]});
    serde_json::from_value(node.call(Method::POST, paths::CHATS, who, body).await).unwrap()
}

async fn seen(node: &TestServer, who: &Person, chat: ChatId) -> Chat {
    serde_json::from_value(node.call(Method::GET, &paths::chat(chat), who, Value::Null).await).unwrap()
}

async fn until_text(socket: &mut Socket, text: &str) -> Vec<ServerFrame> {
    let mut before = Vec::new();
    socket
        .until(|frame| {
            let is_it = matches!(&frame, ServerFrame::Event(Event::Message(said)) if said.content == text);
            before.push(frame);
            is_it.then_some(())
        })
        .await;
    before
}

/// Whether a frame tells something of one person to another.
fn tells(frame: &ServerFrame, of: &Person) -> bool {
    match frame {
        ServerFrame::Typing(typing) => typing.user_id == of.user.id,
        ServerFrame::Read(read) => read.user_id == of.user.id,
        ServerFrame::Presence(presence) => presence.user_id == of.user.id,
        _ => false,
    }
}

async fn accepted(socket: &mut Socket) {
    socket
        .until(|frame| {
            matches!(frame, ServerFrame::Event(Event::ChatChanged(changed)) if changed.accepted).then_some(())
        })
        .await;
}

async fn nothing_but_messages_passes_until_a_request_is_accepted(here: &TestServer, there: &TestServer) {
    let mut world = World::new(here, there).await;
    world.until_said("first").await;
    world.type_and_read(1).await;
    // Who goes and comes back is not seen either.
    world.come_back().await;
    let [to_alice, to_bob] = world.until_said("second").await;
    assert!(!to_alice.iter().any(|frame| tells(frame, &world.bob)), "{to_alice:?}");
    assert!(!to_bob.iter().any(|frame| tells(frame, &world.alice)), "{to_bob:?}");
    let listed = seen(there, &world.bob, world.chat).await;
    assert_eq!((listed.unread, listed.requested_by), (0, Some(world.alice.user.id)));
    let of_bob = |chat: &Chat| {
        let bob = chat.participants.iter().find(|one| one.user.id == world.bob.user.id).unwrap();
        (bob.online, bob.read_seq)
    };
    assert_eq!(of_bob(&seen(here, &world.alice, world.chat).await), (false, Seq(0)));
    // Only he can accept, and as often as he likes.
    let path = paths::accept(world.chat);
    let (status, problem) = here.request(Method::POST, &path, Some(&world.alice.token), Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
    assert_eq!(world.accept().await.requested_by, None);
    assert_eq!(world.accept().await.requested_by, None);
    accepted(&mut world.a).await;
    accepted(&mut world.b).await;
    assert_eq!(of_bob(&seen(here, &world.alice, world.chat).await), (true, Seq(1)));
    world.come_back().await;
    let World { chat, mut a, mut b, alice, bob, .. } = world;
    passes(chat, &mut a, &mut b, &alice).await;
    passes(chat, &mut b, &mut a, &bob).await;
}

/// Somebody writes and reads, and the other sees it.
async fn passes(chat: ChatId, from: &mut Socket, to: &mut Socket, of: &Person) {
    from.send(json!({"type": "typing", "chat_id": chat})).await;
    from.send(json!({"type": "read", "chat_id": chat, "seq": 3})).await;
    to.until(|frame| (matches!(&frame, ServerFrame::Typing(_)) && tells(&frame, of)).then_some(())).await;
    to.until(|frame| (matches!(&frame, ServerFrame::Read(_)) && tells(&frame, of)).then_some(())).await;
}

async fn so_many_messages_are_taken_until_a_reply(here: &TestServer, there: &TestServer) {
    let mut world = World::new(here, there).await;
    for n in 1..=limits::REQUEST_MESSAGES {
        world.until_said(&format!("message {n}")).await;
    }
    world.a.say(world.chat, "one more", "more").await;
    let refused = world.a.error().await;
    assert_eq!(refused.code, ErrorCode::NotAccepted);
    assert!(refused.detail.contains(&limits::REQUEST_MESSAGES.to_string()), "{}", refused.detail);
    let path = paths::messages(world.chat);
    let body = json!({"content": "and more"});
    let (status, problem) = here.request(Method::POST, &path, Some(&world.alice.token), body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_accepted")));
    world.b.say(world.chat, "Hello Alice", "b-1").await;
    world.b.ack().await;
    until_text(&mut world.a, "Hello Alice").await;
    world.until_said("nice to meet you").await;
    // Who comes back to it, or for the first time, finds an ordinary chat.
    assert_eq!(seen(here, &world.alice, world.chat).await.requested_by, None);
    world.type_and_read(2).await;
    world.a.until(|frame| matches!(frame, ServerFrame::Typing(_)).then_some(())).await;
}

async fn two_who_ask_each_other_are_together(here: &TestServer, there: &TestServer) {
    let mut world = World::new(here, there).await;
    let chat = ask(there, &world.bob, &world.alice).await;
    assert_eq!((chat.id, chat.requested_by), (world.chat, None));
    accepted(&mut world.a).await;
}

async fn a_request_that_is_deleted_or_blocked_is_a_chat_that_ended(here: &TestServer, there: &TestServer) {
    let mut world = World::new(here, there).await;
    world.until_said("Hello?").await;
    let carol = here.register("carol").await;
    let other = ask(here, &carol, &world.bob).await.id;
    there.call(Method::DELETE, &paths::chat(world.chat), &world.bob, Value::Null).await;
    let body = json!({"user_id": carol.user.id});
    there.call(Method::POST, paths::BLOCKS, &world.bob, body).await;
    let mut answers = Vec::new();
    for (who, chat) in [(&world.alice, world.chat), (&carol, other)] {
        let known = seen(here, who, chat).await;
        assert_eq!(known.status, ChatStatus::Closed);
        let mut got = Vec::new();
        for (path, body) in [
            (paths::messages(chat), json!({"content": "Are you there?"})),
            (paths::CHATS.to_owned(), json!({"participants": [world.bob.email()]})),
            (paths::CHATS.to_owned(), json!({"participants": ["nobody@example.org"]})),
        ] {
            got.push(here.request(Method::POST, &path, Some(&who.token), body).await);
        }
        assert_eq!(got[0].0, StatusCode::CONFLICT);
        assert_eq!(got[1], got[2], "as somebody who is not there");
        answers.push(got);
    }
    assert_eq!(answers[0], answers[1]);
}

async fn groups_take_no_strangers(here: &TestServer, there: &TestServer) {
    let world = World::new(here, there).await;
    let carol = here.register("carol").await;
    let dave = here.register("dave").await;
    // Carol and Alice come to know each other.
    let pair = ask(here, &world.alice, &carol).await.id;
    here.call(Method::POST, &paths::accept(pair), &carol, Value::Null).await;
    let group = async |with: Vec<&str>| {
        let body = json!({"participants": with, "title": "Group"});
        here.request(Method::POST, paths::CHATS, Some(&world.alice.token), body).await
    };
    let unknown = group(vec!["nobody@example.org"]).await;
    assert_eq!(unknown.0, StatusCode::BAD_REQUEST);
    // Neither who was never asked, nor who has not accepted.
    assert_eq!(group(vec![dave.email()]).await, unknown);
    assert_eq!(group(vec![carol.email(), world.bob.email()]).await, unknown);
    let (status, made) = group(vec![carol.email()]).await;
    assert_eq!(status, StatusCode::CREATED);
    let made: Chat = serde_json::from_value(made).unwrap();
    assert_eq!(made.requested_by, None);
    let add = async |whom: &str| {
        let path = paths::participants(made.id);
        here.request(Method::POST, &path, Some(&world.alice.token), json!({"user": whom})).await
    };
    assert_eq!(add(dave.email()).await, add("nobody@example.org").await);
    assert_eq!(add(world.bob.email()).await.0, StatusCode::BAD_REQUEST);
    // Who shares a group does not ask.
    assert_eq!(ask(here, &carol, &world.alice).await.id, pair);
}

everywhere! {
    asking:
    nothing_but_messages_passes_until_a_request_is_accepted,
    so_many_messages_are_taken_until_a_reply,
    two_who_ask_each_other_are_together,
    a_request_that_is_deleted_or_blocked_is_a_chat_that_ended,
    groups_take_no_strangers,
}

#[tokio::test]
async fn a_request_outlives_a_restart_and_is_in_what_is_resumed() {
    let server = TestServer::start_with(asking).await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = ask(&server, &alice, &bob).await.id;
    server.call(Method::POST, &paths::messages(chat), &alice, json!({"content": "Hello?"})).await;
    let server = TestServer::start_in(server.stop().await, asking).await;
    let mut a = server.many(&alice).await;
    a.subscribe(chat, Some(Seq(0)), None).await;
    let mut b = server.many(&bob).await;
    b.subscribe(chat, Some(Seq(0)), None).await;
    until_text(&mut b, "Hello?").await;
    assert_eq!(seen(&server, &bob, chat).await.requested_by, Some(alice.user.id));
    b.send(json!({"type": "typing", "chat_id": chat})).await;
    b.taken().await;
    server.call(Method::POST, &paths::accept(chat), &bob, Value::Null).await;
    let mut before = Vec::new();
    a.until(|frame| {
        let is_it = matches!(&frame, ServerFrame::Event(Event::ChatChanged(changed)) if changed.accepted);
        before.push(frame);
        is_it.then_some(())
    })
    .await;
    assert!(!before.iter().any(|frame| tells(frame, &bob)), "{before:?}");
    // Who was away finds it in the log.
    let mut later = server.one(&alice, chat).await;
    later.close().await;
    later = server.socket(&alice.token, &paths::chat_socket(chat, Some(Seq(1)))).await;
    accepted(&mut later).await;
}

#[tokio::test]
async fn who_shares_a_chat_or_writes_in_an_installation_of_a_team_does_not_ask() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    assert_eq!(ask(&server, &alice, &bob).await.requested_by, None);
}

/// Nodes without a bus read from the database that a request was accepted on another.
#[cfg(feature = "test-services")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_not_told_lets_everything_pass_within_seconds() {
    let database = database().await.unwrap();
    let node = async || {
        TestServer::start_with(|config| {
            asking(config);
            config.database_url = database.clone();
        })
        .await
    };
    let (here, there) = (node().await, node().await);
    let mut world = World::new(&there, &there).await;
    here.call(Method::POST, &paths::accept(world.chat), &world.bob, Value::Null).await;
    accepted(&mut world.a).await;
    let heard = async {
        loop {
            world.b.send(json!({"type": "typing", "chat_id": world.chat})).await;
            world.b.taken().await;
            let mut heard = false;
            world.a.send(json!({"type": "ping"})).await;
            world
                .a
                .until(|frame| {
                    heard |= tells(&frame, &world.bob);
                    // The answer to the ping is a frame that this client does not know.
                    matches!(frame, ServerFrame::Unknown(_)).then_some(())
                })
                .await;
            if heard {
                return;
            }
        }
    };
    timeout(LIMIT, heard).await.expect("the node lets it pass");
}
