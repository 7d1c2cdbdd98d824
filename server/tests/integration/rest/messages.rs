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
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let body = json!({"content": "Hello"});
    let (status, posted) =
        server.request(Method::POST, &paths::messages(chat), Some(&alice.token), body).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(posted["chat"], json!(chat));
    assert_eq!(posted["sender"], json!(alice.user));
    assert_eq!(posted["content"], "Hello");
    assert!(posted["id"].is_i64() && posted["sent_at"].as_str().unwrap().ends_with('Z'));
    say(&server, &bob, chat, "Hello yourself").await;
    let list = server.call(Method::GET, &paths::messages(chat), &bob, Value::Null).await;
    let contents: Vec<_> = list.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["Hello", "Hello yourself"]);
    assert_eq!(list[0], posted);
    let path = format!("/api/messages/{}/", posted["id"]);
    assert_eq!(server.call(Method::GET, &path, &bob, Value::Null).await, posted);
}

#[tokio::test]
async fn a_posted_message_reaches_sockets() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let mut socket = server.one(&bob, chat).await;
    say(&server, &alice, chat, "Hello").await;
    let message = socket.message().await;
    assert_eq!((message.content.as_str(), message.sender.id), ("Hello", alice.user.id));
}

#[tokio::test]
async fn a_client_id_makes_a_post_safe_to_repeat() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let path = paths::messages(chat);
    let post = async |content: &str| {
        let body = json!({"content": content, "client_id": "m-1"});
        server.request(Method::POST, &path, Some(&alice.token), body).await
    };
    let (status, first) = post("Hello").await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(post("Hello").await, (StatusCode::OK, first));
    let (status, problem) = post("Something else").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!((&problem["code"], &problem["field"]), (&json!("client_id_reused"), &json!("client_id")));
    assert_eq!(server.history(&alice, chat).await.len(), 1);
}

#[tokio::test]
async fn pages_lead_back_to_the_first_message() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for number in 1..=5 {
        say(&server, &alice, chat, &number.to_string()).await;
    }
    let mut path = format!("{}?limit=2", paths::messages(chat));
    let mut pages = Vec::new();
    loop {
        let request = server.client.get(server.url(&path)).bearer_auth(&bob.token);
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
async fn a_page_around_a_message_leads_on_both_ways() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for number in 1..=9 {
        say(&server, &alice, chat, &number.to_string()).await;
    }
    let path = paths::messages(chat);
    let page = async |query: &str| {
        let request = server.client.get(server.url(&format!("{path}?{query}"))).bearer_auth(&bob.token);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        let link = response.headers().get(header::LINK).map(|link| link.to_str().unwrap().to_owned());
        let page: Vec<Value> = response.json().await.unwrap();
        let contents: Vec<_> = page.iter().map(|m| m["content"].as_str().unwrap()).collect();
        (contents.join(" "), link.unwrap_or_default())
    };
    let (contents, link) = page("limit=4&around=5").await;
    assert_eq!(contents, "4 5 6 7");
    let (next, prev) = link.split_once(", ").unwrap();
    let query = |link: &str, rel: &str| {
        let address = link.strip_suffix(&format!(">; rel=\"{rel}\"")).unwrap();
        address.strip_prefix(&format!("<{path}?")).unwrap().to_owned()
    };
    assert_eq!(page(&query(next, "next")).await.0, "1 2 3");
    assert_eq!(page(&query(prev, "prev")).await, ("8 9".to_owned(), String::new()));
    for (wanted, contents, older, newer) in [
        ("limit=3&around=1", "1 2", false, true),
        ("limit=3&around=9", "8 9", true, false),
        ("limit=1&around=3", "3", true, true),
        ("limit=3&around=99", "8 9", true, false),
        ("limit=3&after=0", "1 2 3", false, true),
        ("after=9", "", false, false),
        ("around=4", "1 2 3 4 5 6 7 8 9", false, false),
    ] {
        let (found, link) = page(wanted).await;
        let sides = (link.contains("rel=\"next\""), link.contains("rel=\"prev\""));
        assert_eq!((&*found, sides), (contents, (older, newer)), "{wanted}: {link}");
    }
    for (bad, field) in [("around=x", "around"), ("after=-1", "after"), ("around=1&before=7", "around")] {
        let path = format!("{path}?{bad}");
        let (status, problem) = server.request(Method::GET, &path, Some(&bob.token), Value::Null).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{bad}");
    }
}

#[tokio::test]
async fn a_text_comes_as_it_was_written_with_its_spans_unless_it_is_plain() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let mut socket = server.one(&alice, chat).await;
    let spans = json!([[0, 5, "strong"], [0, 2, "hidden"], [3, 5, "hidden"]]);
    for (plain, spans) in [(false, spans.clone()), (true, Value::Null)] {
        let body = json!({"content": "**a**", "plain": plain});
        let posted = server.request(Method::POST, &paths::messages(chat), Some(&bob.token), body).await.1;
        let read = serde_json::to_value(socket.message().await).unwrap();
        for message in [&posted, &read] {
            let plain = if plain { json!(true) } else { Value::Null };
            assert_eq!((&message["content"], &message["spans"]), (&json!("**a**"), &spans));
            assert_eq!(message["plain"], plain);
        }
        let path = format!("/api/messages/{}/", posted["id"]);
        let edit = json!({"content": "**b**", "plain": !plain});
        let edited = server.request(Method::PATCH, &path, Some(&bob.token), edit).await.1;
        assert_eq!(edited["spans"].is_null(), !plain);
        socket.frame().await;
    }
    let wrong = json!({"content": "a", "plain": "yes"});
    let (status, problem) =
        server.request(Method::POST, &paths::messages(chat), Some(&bob.token), wrong).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("plain")));
    assert_eq!(problem["detail"], "The field \"plain\" must be true or false.");
}

#[tokio::test]
async fn a_reply_has_its_original_in_every_answer() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let said = say(&server, &alice, chat, "Tea?").await;
    let mut socket = server.one(&alice, chat).await;
    let body = json!({"content": "Yes", "client_id": "m-1", "reply_to": said["seq"]});
    let original = json!({"seq": 1, "id": said["id"], "sender": {"id": alice.user.id, "name": "alice"}, "content": "Tea?"});
    for status in [StatusCode::CREATED, StatusCode::OK] {
        let answer =
            server.request(Method::POST, &paths::messages(chat), Some(&bob.token), body.clone()).await;
        assert_eq!((answer.0, &answer.1["reply_to"]), (status, &original));
    }
    let message = socket.message().await;
    assert_eq!(serde_json::to_value(&message.reply_to).unwrap(), original);
    let wrong = json!({"content": "Yes", "reply_to": 99});
    let (status, problem) =
        server.request(Method::POST, &paths::messages(chat), Some(&bob.token), wrong).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!((&problem["code"], &problem["field"]), (&json!("no_such_original"), &json!("reply_to")));
}

#[tokio::test]
async fn only_its_sender_changes_or_deletes_a_message() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let chat = server.start_chat(&alice, &bob).await;
    let path = format!("/api/messages/{}/", say(&server, &alice, chat, "Helo").await["id"]);
    let edit = json!({"content": "Hello"});
    for (who, expected) in [(&bob, StatusCode::FORBIDDEN), (&eve, StatusCode::NOT_FOUND)] {
        let (status, _) = server.request(Method::PATCH, &path, Some(&who.token), edit.clone()).await;
        assert_eq!(status, expected);
        let (status, _) = server.request(Method::DELETE, &path, Some(&who.token), Value::Null).await;
        assert_eq!(status, expected);
    }
    let edited = server.call(Method::PATCH, &path, &alice, edit.clone()).await;
    assert_eq!(edited["content"], "Hello");
    assert!(edited["edited_at"].is_string());
    let (status, _) = server.request(Method::DELETE, &path, Some(&alice.token), Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let gone = server.call(Method::GET, &path, &bob, Value::Null).await;
    assert_eq!(gone["content"], "");
    assert!(gone["deleted_at"].is_string());
    let (status, _) = server.request(Method::PATCH, &path, Some(&alice.token), edit).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn any_text_comes_back_as_it_was_written() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let letter = "x".repeat(16 * 1024);
    for text in
        ["<script>alert(1)</script>", "👩‍👩‍👧 e\u{301}", "مرحبا \u{202e}abc", "a\u{0}b", " spaces \n", &letter]
    {
        assert_eq!(say(&server, &alice, chat, text).await["content"], text);
        assert_eq!(server.history(&bob, chat).await.last().unwrap().content, text);
    }
}

#[tokio::test]
async fn history_and_sign_ins_survive_a_restart() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    say(&server, &alice, chat, "Hello").await;
    let before = server.history(&bob, chat).await;
    let folder = server.stop().await;
    let server = TestServer::start_in(folder, |_| {}).await;
    assert_eq!(server.history(&bob, chat).await, before);
    say(&server, &bob, chat, "Still here").await;
}
