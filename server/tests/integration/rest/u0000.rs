//! The character U+0000, which Postgres' text type can't hold: refused by its field, or kept, on every database alike.

use causerie_protocol::paths;
use reqwest::Method;
use serde_json::json;

use crate::common::server::TestServer;

/// What both databases must answer alike.
pub async fn is_refused_by_its_field_or_kept(server: &TestServer) {
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let group = server.start_group(&alice, &[&bob]).await;
    let post = Method::POST;
    let password = "correct horse";
    for (method, path, body, status, code, field) in [
        (
            &post,
            paths::REGISTER,
            json!({"email": "e\0ve@example.org", "password": password}),
            400,
            "invalid_field",
            Some("email"),
        ),
        (
            &post,
            paths::REGISTER,
            json!({"email": "eve@example.org", "password": password, "name": "E\0ve"}),
            400,
            "invalid_field",
            Some("name"),
        ),
        (
            &post,
            paths::LOGIN,
            json!({"email": "a\0na@example.org", "password": password}),
            401,
            "wrong_credentials",
            None,
        ),
        (
            &post,
            paths::CHATS,
            json!({"participants": ["be\0n@example.org"]}),
            400,
            "invalid_field",
            Some("participants"),
        ),
        (
            &post,
            paths::CHATS,
            json!({"participants": [bob.email()], "title": "Din\0ner"}),
            400,
            "invalid_field",
            Some("title"),
        ),
        (&Method::PATCH, &paths::chat(group), json!({"title": "\0"}), 400, "invalid_field", Some("title")),
        (
            &post,
            &paths::participants(group),
            json!({"user": "cle\0o@example.org"}),
            400,
            "invalid_field",
            Some("user"),
        ),
        (
            &post,
            &paths::messages(chat),
            json!({"content": "x", "client_id": "m\0"}),
            400,
            "invalid_field",
            Some("client_id"),
        ),
    ] {
        let (got, problem) = server.request(method.clone(), path, Some(&alice.token), body).await;
        assert_eq!(
            (got.as_u16(), &problem["code"], problem["field"].as_str()),
            (status, &json!(code), field),
            "{path}: {problem}"
        );
    }
    // A message says what its sender wrote, whatever it is.
    let mut socket = server.one(&alice, chat).await;
    socket.say(chat, "a\0b", "m-1").await;
    socket.ack().await;
    server.call(post, &paths::messages(chat), &alice, json!({"content": "\0"})).await;
    let texts: Vec<String> =
        server.history(&bob, chat).await.into_iter().map(|message| message.content).collect();
    assert_eq!(texts, ["a\0b", "\0"]);
}
