//! Edits over the API: what a message said before them, and until when they are taken.

use std::time::Duration;

use causerie_protocol::{MessageId, ServerFrame, paths};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::TestServer;

#[tokio::test]
async fn former_texts_come_in_pages_and_go_with_the_message() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let said = server.call(Method::POST, &paths::messages(chat), &alice, json!({"content": "one"})).await;
    let id = MessageId(said["id"].as_i64().unwrap());
    for text in ["two", "three"] {
        server.call(Method::PATCH, &paths::message(id), &alice, json!({ "content": text })).await;
    }
    let path = paths::former_texts(id);
    let page = server.call(Method::GET, &format!("{path}?limit=1"), &alice, Value::Null).await;
    assert_eq!((page[0]["content"].as_str(), page[1].as_str()), (Some("two"), None));
    let next = format!("{path}?before={}", page[0]["seq"]);
    let page = server.call(Method::GET, &next, &alice, Value::Null).await;
    assert_eq!(page[0]["content"], json!("one"));
    assert_eq!(page[0]["written_at"], said["sent_at"]);
    for bad in ["limit=0", "limit=51", "before=x"] {
        let path = format!("{path}?{bad}");
        let (status, _) = server.request(Method::GET, &path, Some(&alice.token), Value::Null).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}");
    }
    // Who may not see them gets, word for word, the answer of a message that is not there.
    let nowhere = paths::former_texts(MessageId(4_711));
    let nowhere = server.request(Method::GET, &nowhere, Some(&bob.token), Value::Null).await;
    assert_eq!(server.request(Method::GET, &path, Some(&bob.token), Value::Null).await, nowhere);

    server.call(Method::DELETE, &paths::message(id), &alice, Value::Null).await;
    assert_eq!(server.call(Method::GET, &path, &alice, Value::Null).await, json!([]));
}

#[tokio::test]
async fn what_is_too_late_to_edit_can_still_be_deleted() {
    let server = TestServer::start_with(|config| config.edit_for = Some(Duration::from_micros(1))).await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let said = server.call(Method::POST, &paths::messages(chat), &alice, json!({"content": "one"})).await;
    let path = paths::message(MessageId(said["id"].as_i64().unwrap()));
    let (status, problem) =
        server.request(Method::PATCH, &path, Some(&alice.token), json!({"content": "two"})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("too_late_to_edit")));
    let mut socket = server.socket(&alice.token, paths::SOCKET).await;
    let ServerFrame::Welcome(welcome) = socket.frame().await else { panic!("no welcome") };
    assert_eq!(welcome.limits.edit_seconds, Some(0));
    server.call(Method::DELETE, &path, &alice, Value::Null).await;
}
