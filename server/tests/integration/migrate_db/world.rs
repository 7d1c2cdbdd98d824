//! An installation on SQLite with something of everything, filled through a real server.

use causerie_protocol::rest::MessageBody;
use causerie_protocol::{ChatId, Seq, paths};
use causerie_server::store::transfer::{Report, transfer};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::server::{Person, TestServer};
use crate::rest::second_factor::set_up;

/// Enough for more than one batch of the log.
pub const MESSAGES: u64 = 1_200;

/// What a person had in their hands before the move.
pub struct World {
    pub folder: TempDir,
    pub alice: Person,
    pub bob: Person,
    pub signed_out: Person,
    pub pair: ChatId,
    pub group: ChatId,
    pub deleted: ChatId,
    pub epoch: String,
    pub head: Seq,
    pub history: Vec<MessageBody>,
    pub group_history: Vec<MessageBody>,
    pub chats: Value,
    /// The group that [`trip`] started.
    pub trip: ChatId,
}

/// A request that starts a group, with its creator's name for it.
pub fn trip(with: &Person) -> Value {
    json!({"participants": [with.email()], "title": "Trip", "client_id": "c-1"})
}

impl World {
    pub async fn new() -> Self {
        let server = TestServer::start().await;
        let (alice, bob) = (server.register("alice").await, server.register("bob").await);
        let signed_out = server.login(&alice).await;
        server.logout(&signed_out).await;
        let pair = server.start_chat(&alice, &bob).await;
        let group = server.start_group(&alice, &[&bob]).await;
        server.call(Method::POST, paths::INVITATIONS, &alice, json!({"chats": [group]})).await;
        let made = server.call(Method::POST, paths::CHATS, &alice, trip(&bob)).await;
        let trip = ChatId(made["id"].as_i64().unwrap());
        let deleted = server.start_group(&alice, &[&bob]).await;
        let path = paths::chat(deleted);
        server.call(Method::DELETE, &path, &alice, Value::Null).await;
        let mut socket = server.one(&alice, pair).await;
        for number in 1..=MESSAGES {
            socket.say(pair, &format!("message {number} ☔\0"), &format!("m-{number}")).await;
        }
        let mut last = socket.ack().await;
        while last.seq != Seq(MESSAGES) {
            last = socket.ack().await;
        }
        for (chat, text) in [(group, "to edit"), (group, "to delete")] {
            let body = json!({"content": text});
            server.call(Method::POST, &paths::messages(chat), &alice, body).await;
        }
        let written = server.history(&alice, group).await;
        set_up(&server, &bob).await;
        let report = json!({"message_id": written[0].id, "reason": "other", "words": "It\u{0} says so"});
        server.call(Method::POST, paths::REPORTS, &bob, report).await;
        let path = |message: &MessageBody| paths::message(message.id);
        server
            .call(Method::PATCH, &path(&written[0]), &alice, json!({"content": "*edited*", "plain": true}))
            .await;
        let former_path = paths::former_texts(written[0].id);
        let former = server.call(Method::GET, &former_path, &alice, Value::Null).await;
        assert_eq!(former[0]["content"], json!("to edit"));
        for person in [&alice, &bob] {
            let body = json!({"emoji": "\u{2764}", "on": true});
            server.call(Method::POST, &paths::reactions(written[0].id), person, body).await;
        }
        server.call(Method::DELETE, &path(&written[1]), &alice, Value::Null).await;
        let mut reader = server.one(&bob, pair).await;
        reader.send(json!({"type": "read", "chat_id": pair, "seq": 7})).await;
        // Changes are stored in their order, so the ack of a later one says that the position is.
        reader.say(pair, "read", "b-1").await;
        let head = reader.ack().await.seq;
        let settings = json!({"notify": "nothing", "muted_until": 1_795_000_000_000_i64, "archived": true, "marked_unread": true});
        server.call(Method::PATCH, &paths::chat_settings(group), &bob, settings).await;
        server.call(Method::PATCH, &paths::chat_settings(pair), &bob, json!({"pinned": true})).await;
        let chats = chats(&server, &bob).await;
        // The newest message first, and the chat without any last, though it was started after the others.
        let order: Vec<_> =
            chats.as_array().unwrap().iter().map(|chat| chat["id"].as_i64().unwrap()).collect();
        assert_eq!(order, [pair.0, group.0, trip.0]);
        let epoch = chats[0]["epoch"].as_str().unwrap().to_owned();
        let history = server.history(&alice, pair).await;
        let group_history = server.history(&alice, group).await;
        drop((socket, reader));
        let folder = server.stop().await;
        Self {
            folder,
            alice,
            bob,
            signed_out,
            pair,
            group,
            deleted,
            epoch,
            head,
            history,
            group_history,
            chats,
            trip,
        }
    }

    pub fn url(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("causerie.db").display())
    }

    /// Moves it and answers what was reported.
    pub async fn move_to(&self, url: &str) -> Report {
        transfer(&self.url(), url, &mut |_| {}).await.unwrap()
    }
}

/// A person's chats, without who is here just now.
pub async fn chats(server: &TestServer, who: &Person) -> Value {
    let mut chats = server.call(Method::GET, paths::CHATS, who, Value::Null).await;
    for chat in chats.as_array_mut().unwrap() {
        for participant in chat["participants"].as_array_mut().unwrap() {
            participant["online"] = json!(false);
        }
    }
    chats
}

/// A server over a database, which it has opened when this returns.
pub async fn serve(url: &str) -> TestServer {
    let url = url.to_owned();
    let server = TestServer::start_with(|config| config.database_url = url).await;
    let (status, answer) = server.request(Method::GET, paths::READY, None, Value::Null).await;
    assert!(status.is_success(), "{answer}");
    server
}
