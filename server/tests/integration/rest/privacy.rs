//! What people learn of others, and whom they can write to.

use causerie_protocol::{ChatId, Seq, ServerFrame, paths};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

/// Everything that a person can read of a chat, over REST and on a socket that resumes it, as text.
async fn all_that_is_seen(server: &TestServer, who: &Person, chat: ChatId) -> Vec<String> {
    let mut seen = Vec::new();
    for path in [paths::CHATS.to_owned(), paths::chat(chat), paths::messages(chat)] {
        seen.push(server.call(Method::GET, &path, who, Value::Null).await.to_string());
    }
    let mut socket = server.socket(&who.token, &paths::chat_socket(chat, Some(Seq(0)))).await;
    let head = server.call(Method::GET, &paths::chat(chat), who, Value::Null).await["head"].clone();
    // The welcome, which is for the person alone, comes first.
    socket.welcome().await;
    loop {
        let frame = socket.frame().await;
        seen.push(frame.encode());
        if let ServerFrame::Event(event) = frame
            && json!(event.seq()) == head
        {
            return seen;
        }
    }
}

async fn group_with_a_past(server: &TestServer, alice: &Person, bob: &Person, eve: &Person) -> ChatId {
    let chat = server.start_group(alice, &[bob]).await;
    server.call(Method::POST, &paths::messages(chat), bob, json!({"content": "Hello"})).await;
    server.call(Method::POST, &paths::participants(chat), alice, json!({"user": eve.email()})).await;
    server.call(Method::POST, &paths::leave(chat), eve, Value::Null).await;
    chat
}

#[tokio::test]
async fn nobody_sees_the_address_of_anybody_else() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let chat = group_with_a_past(&server, &alice, &bob, &eve).await;
    for seen in all_that_is_seen(&server, &alice, chat).await {
        assert!(!seen.contains("bob@") && !seen.contains("eve@"), "{seen}");
    }
    let me = server.call(Method::GET, paths::ME, &alice, Value::Null).await;
    assert_eq!(me["email"], "alice@example.org");
}

#[tokio::test]
async fn clients_of_the_old_system_get_addresses_where_the_owner_chose_so() {
    let server = TestServer::start_with(|config| config.legacy_email = true).await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let chat = group_with_a_past(&server, &alice, &bob, &eve).await;
    let seen = all_that_is_seen(&server, &alice, chat).await.concat();
    assert!(seen.contains("bob@example.org") && seen.contains("eve@example.org"), "{seen}");
}

#[tokio::test]
async fn a_bare_number_leads_to_nobody_but_those_who_share_a_chat() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let group = server.start_group(&alice, &[&bob]).await;
    let start = async |wanted: Value| {
        let body = json!({"participants": [wanted]});
        server.request(Method::POST, paths::CHATS, Some(&alice.token), body).await
    };
    let add = async |wanted: Value| {
        let body = json!({"user": wanted});
        server.request(Method::POST, &paths::participants(group), Some(&alice.token), body).await
    };
    let nobody = (start(json!(4711)).await, add(json!(4711)).await);
    assert_eq!((nobody.0.0, nobody.1.0), (StatusCode::BAD_REQUEST, StatusCode::BAD_REQUEST));
    for wanted in [json!(eve.user.id), json!("nobody@example.org")] {
        assert_eq!((start(wanted.clone()).await, add(wanted.clone()).await), nobody, "{wanted}");
    }
    assert_eq!(start(json!(bob.user.id)).await.0, StatusCode::CREATED);
    assert_eq!(start(json!("EVE@example.org")).await.0, StatusCode::CREATED);
    assert_eq!(add(json!(eve.user.id)).await.0, StatusCode::CREATED);
}
