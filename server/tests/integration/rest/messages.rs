//! Messages over HTTP: the old system's shapes, pages, changes, and what others see of them.

use causerie_protocol::{ChatId, paths};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

async fn say(server: &TestServer, who: &Person, chat: ChatId, content: &str) -> Value {
    server.call(Method::POST, &paths::messages(chat), who, json!({"content": content})).await
}

#[tokio::test]
async fn a_message_has_the_shape_that_old_clients_read() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.register("ana").await, server.register("ben").await);
    let chat = server.start_chat(&ana, &ben).await;
    let body = json!({"content": "Hello"});
    let (status, posted) = server.request(Method::POST, &paths::messages(chat), Some(&ana.token), body).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(posted["chat"], json!(chat));
    assert_eq!(posted["sender"], json!(ana.user));
    assert_eq!(posted["content"], "Hello");
    assert!(posted["id"].is_i64() && posted["sent_at"].as_str().unwrap().ends_with('Z'));
    say(&server, &ben, chat, "Hello yourself").await;
    let list = server.call(Method::GET, &paths::messages(chat), &ben, Value::Null).await;
    let contents: Vec<_> = list.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["Hello", "Hello yourself"]);
    assert_eq!(list[0], posted);
    let path = format!("/api/messages/{}/", posted["id"]);
    assert_eq!(server.call(Method::GET, &path, &ben, Value::Null).await, posted);
}

#[tokio::test]
async fn a_posted_message_reaches_sockets() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.register("ana").await, server.register("ben").await);
    let chat = server.start_chat(&ana, &ben).await;
    let mut socket = server.one(&ben, chat).await;
    say(&server, &ana, chat, "Hello").await;
    let message = socket.message().await;
    assert_eq!((message.content.as_str(), message.sender.id), ("Hello", ana.user.id));
}

#[tokio::test]
async fn a_client_id_makes_a_post_safe_to_repeat() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.register("ana").await, server.register("ben").await);
    let chat = server.start_chat(&ana, &ben).await;
    let path = paths::messages(chat);
    let post = async |content: &str| {
        let body = json!({"content": content, "client_id": "m-1"});
        server.request(Method::POST, &path, Some(&ana.token), body).await
    };
    let (status, first) = post("Hello").await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(post("Hello").await, (StatusCode::OK, first));
    let (status, problem) = post("Something else").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!((&problem["code"], &problem["field"]), (&json!("client_id_reused"), &json!("client_id")));
    assert_eq!(server.history(&ana, chat).await.len(), 1);
}

#[tokio::test]
async fn pages_lead_back_to_the_first_message() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.register("ana").await, server.register("ben").await);
    let chat = server.start_chat(&ana, &ben).await;
    for number in 1..=5 {
        say(&server, &ana, chat, &number.to_string()).await;
    }
    let mut path = format!("{}?limit=2", paths::messages(chat));
    let mut pages = Vec::new();
    loop {
        let request = server.client.get(server.url(&path)).bearer_auth(&ben.token);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let link = response.headers().get(header::LINK).map(|link| link.to_str().unwrap().to_owned());
        let page: Value = response.json().await.unwrap();
        let page = page.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap().to_owned());
        pages.push(page.collect::<Vec<_>>().join(" "));
        assert!(pages.len() <= 3, "{pages:?}");
        let Some(link) = link else { break };
        path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
    }
    assert_eq!(pages, ["4 5", "2 3", "1"]);
}

#[tokio::test]
async fn only_its_sender_changes_or_deletes_a_message() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.register("ana").await, server.register("ben").await);
    let eve = server.register("eve").await;
    let chat = server.start_chat(&ana, &ben).await;
    let path = format!("/api/messages/{}/", say(&server, &ana, chat, "Helo").await["id"]);
    let edit = json!({"content": "Hello"});
    for (who, expected) in [(&ben, StatusCode::FORBIDDEN), (&eve, StatusCode::NOT_FOUND)] {
        let (status, _) = server.request(Method::PATCH, &path, Some(&who.token), edit.clone()).await;
        assert_eq!(status, expected);
        let (status, _) = server.request(Method::DELETE, &path, Some(&who.token), Value::Null).await;
        assert_eq!(status, expected);
    }
    let edited = server.call(Method::PATCH, &path, &ana, edit.clone()).await;
    assert_eq!(edited["content"], "Hello");
    assert!(edited["edited_at"].is_string());
    let (status, _) = server.request(Method::DELETE, &path, Some(&ana.token), Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let gone = server.call(Method::GET, &path, &ben, Value::Null).await;
    assert_eq!(gone["content"], "");
    assert!(gone["deleted_at"].is_string());
    let (status, _) = server.request(Method::PATCH, &path, Some(&ana.token), edit).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn any_text_comes_back_as_it_was_written() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.register("ana").await, server.register("ben").await);
    let chat = server.start_chat(&ana, &ben).await;
    let letter = "x".repeat(16 * 1024);
    for text in
        ["<script>alert(1)</script>", "👩‍👩‍👧 e\u{301}", "مرحبا \u{202e}abc", "a\u{0}b", " spaces \n", &letter]
    {
        assert_eq!(say(&server, &ana, chat, text).await["content"], text);
        assert_eq!(server.history(&ben, chat).await.last().unwrap().content, text);
    }
}

#[tokio::test]
async fn history_and_sign_ins_survive_a_restart() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.register("ana").await, server.register("ben").await);
    let chat = server.start_chat(&ana, &ben).await;
    say(&server, &ana, chat, "Hello").await;
    let before = server.history(&ben, chat).await;
    let folder = server.stop().await;
    let server = TestServer::start_in(folder, |_| {}).await;
    assert_eq!(server.history(&ben, chat).await, before);
    say(&server, &ben, chat, "Still here").await;
}
