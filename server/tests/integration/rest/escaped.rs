//! A text as long as it may be, in the longest JSON that says it: what fits by the limit of texts fits everywhere.

use std::fmt::Write as _;

use causerie_protocol::{ChatId, Seq, limits, paths};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

/// JSON of a text in which every character is escaped, those beyond U+FFFF as two surrogates (RFC 8259, section 7).
fn escaped(text: &str) -> String {
    let mut json = String::from("\"");
    for unit in text.encode_utf16() {
        let _ = write!(json, "\\u{unit:04x}");
    }
    json + "\""
}

/// Texts of as many bytes as there may be, in characters of one to four bytes.
fn full_texts() -> Vec<String> {
    let full = |unit: &str| unit.repeat(limits::TEXT_BYTES / unit.len());
    let mut texts = vec![full("\u{1}"), full("x"), full("é"), full("😀"), full("\"\\")];
    texts.push(full("한") + "x");
    texts
}

async fn post(
    server: &TestServer,
    who: &Person,
    method: Method,
    path: &str,
    body: String,
) -> (StatusCode, Value) {
    let request = server.client.request(method, server.url(path)).bearer_auth(&who.token);
    let answer = request.header("Content-Type", "application/json").body(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// Sent on one server, over a socket and by HTTP, and read on both: live, resumed, and as history.
pub async fn a_full_text_arrives_however_it_is_escaped(one: &TestServer, other: &TestServer) {
    let (alice, bob) = (one.register("alice").await, other.register("bob").await);
    let chat: ChatId = one.start_chat(&alice, &bob).await;
    let (mut here, mut there) = (one.one(&alice, chat).await, other.one(&bob, chat).await);
    let texts = full_texts();
    for (number, text) in texts.iter().enumerate() {
        let text_json = escaped(text);
        let client_id = escaped(&format!("{number:0>width$}", width = limits::CLIENT_ID_BYTES));
        here.send_text(&format!(r#"{{"type":"message","text":{text_json},"client_id":{client_id}}}"#)).await;
        here.ack().await;
        assert!(there.message().await.content == *text, "text {number} live");
        let (status, message) =
            post(one, &alice, Method::POST, &paths::messages(chat), format!(r#"{{"content":{text_json}}}"#))
                .await;
        assert!(status == StatusCode::CREATED && message["content"] == *text, "text {number}: {status}");
        assert!(there.message().await.content == *text, "text {number} by HTTP");
    }
    let mut again = other.many(&bob).await;
    again.subscribe(chat, Some(Seq(0)), None).await;
    again.subscribed().await;
    let history = other.history(&bob, chat).await;
    for (number, message) in history.iter().enumerate() {
        assert!(message.content == texts[number / 2], "message {number} in the history");
        assert!(again.message().await.content == message.content, "message {number} resumed");
    }
    assert_eq!(history.len(), 2 * texts.len());
    let changed = format!(r#"{{"content":{}}}"#, escaped(&texts[0]));
    let (status, message) = post(one, &alice, Method::PATCH, &paths::message(history[2].id), changed).await;
    assert!(status == StatusCode::OK && message["content"] == texts[0], "{status}");
    // One byte more is too much, and the sentence says for what.
    let long = texts[0].clone() + "\u{1}";
    here.send_text(&format!(r#"{{"type":"message","text":{}}}"#, escaped(&long))).await;
    assert_eq!(here.error().await.code.as_str(), "text_too_long");
    let body = format!(r#"{{"content":{}}}"#, escaped(&long));
    let (status, problem) = post(one, &alice, Method::POST, &paths::messages(chat), body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("text_too_long")));
}
