//! The word list: messages and edits, over REST and on a socket, are masked or refused before they are stored.

use std::path::Path;

use causerie_protocol::{ChatId, ErrorCode, paths};
use causerie_server::config::{Config, WordsAction};
use causerie_server::serve::Server;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

struct World {
    server: TestServer,
    alice: Person,
    chat: ChatId,
    _list: tempfile::NamedTempFile,
}

impl World {
    async fn new(action: WordsAction) -> Self {
        let list = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(list.path(), "darn\nfull moon\n").unwrap();
        let path = list.path().to_owned();
        let server = TestServer::start_with(|config| config.words = Some((path, action))).await;
        let (alice, bob) = (server.register("alice").await, server.register("bob").await);
        let chat = server.start_chat(&alice, &bob).await;
        Self { server, alice, chat, _list: list }
    }

    async fn write(&self, method: Method, path: &str, text: &str) -> (StatusCode, Value) {
        self.server.request(method, path, Some(&self.alice.token), json!({"content": text})).await
    }

    async fn texts(&self) -> Vec<String> {
        let messages = self.server.history(&self.alice, self.chat).await;
        messages.into_iter().map(|message| message.content).collect()
    }
}

#[tokio::test]
async fn words_are_masked_before_they_are_stored() {
    let world = World::new(WordsAction::Mask).await;
    let path = paths::messages(world.chat);
    let (status, stored) = world.write(Method::POST, &path, "Dárn this full  moon").await;
    assert_eq!((status, &stored["content"]), (StatusCode::CREATED, &json!("•••• this ••••  ••••")));
    let edited = format!("/api/messages/{}/", stored["id"]);
    let (_, stored) = world.write(Method::PATCH, &edited, "darn again").await;
    assert_eq!(stored["content"], "•••• again");
    let mut socket = world.server.one(&world.alice, world.chat).await;
    socket.say(world.chat, "DARN", "m-1").await;
    assert_eq!(socket.message().await.content, "••••");
    assert!(!socket.ack().await.duplicate);
    // The same again is the same message.
    socket.say(world.chat, "DARN", "m-1").await;
    assert!(socket.ack().await.duplicate);
    assert_eq!(world.texts().await, ["•••• again", "••••"]);
}

#[tokio::test]
async fn a_message_with_a_word_is_refused_and_a_changed_one_taken() {
    let world = World::new(WordsAction::Hold).await;
    let path = paths::messages(world.chat);
    let (status, problem) = world.write(Method::POST, &path, "darn").await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("text_not_allowed")));
    let (_, stored) = world.write(Method::POST, &path, "fine").await;
    let edited = format!("/api/messages/{}/", stored["id"]);
    assert_eq!(world.write(Method::PATCH, &edited, "darn").await.0, StatusCode::BAD_REQUEST);
    let mut socket = world.server.one(&world.alice, world.chat).await;
    socket.say(world.chat, "a full moon", "m-1").await;
    let refused = socket.error().await;
    assert_eq!((refused.code.clone(), refused.retry_after_ms), (ErrorCode::TextNotAllowed, None));
    assert!(!refused.code.is_temporary());
    socket.say(world.chat, "a new moon", "m-2").await;
    socket.ack().await;
    assert_eq!(world.texts().await, ["fine", "a new moon"]);
}

#[tokio::test]
async fn a_list_that_is_not_there_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(&folder.path().join("causerie.db"));
    config.words = Some((Path::new("/nowhere/words.txt").to_owned(), WordsAction::Mask));
    let Err(error) = Server::open(config).await else { panic!("it started") };
    assert!(error.to_string().contains("CAUSERIE_WORDS"), "{error}");
}
