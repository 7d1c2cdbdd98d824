//! What makes no sense gets a problem that names the field, and never what was sent.

use causerie_protocol::rest::Problem;
use causerie_protocol::{ErrorCode, MessageId, limits, paths};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::common::server::TestServer;

/// A request, and the status, code and field of its answer.
type Row<'a> = (&'a Method, &'a str, Value, u16, &'a str, Option<&'a str>);

#[tokio::test]
async fn every_bad_body_is_answered_by_its_field() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let group = server.start_group(&alice, &[&bob]).await;
    let messages = &paths::messages(chat);
    let chat_path = &paths::chat(chat);
    let join = &paths::participants(group);
    let long_text = "x".repeat(limits::TEXT_BYTES + 1);
    let long_title = "x".repeat(limits::TITLE_BYTES + 1);
    let long_password = "x".repeat(limits::PASSWORD_MAX_BYTES + 1);
    let many = vec![1; limits::PARTICIPANTS + 1];
    let (post, patch) = (Method::POST, Method::PATCH);
    let mail = "eve@example.org";
    let rows: Vec<Row<'_>> = vec![
        (&post, paths::REGISTER, json!({"password": "correct horse"}), 400, "missing_field", Some("email")),
        (
            &post,
            paths::REGISTER,
            json!({"email": 7, "password": "correct horse"}),
            400,
            "invalid_field",
            Some("email"),
        ),
        (
            &post,
            paths::REGISTER,
            json!({"email": "eve", "password": "correct horse"}),
            400,
            "invalid_field",
            Some("email"),
        ),
        (&post, paths::REGISTER, json!({"email": mail}), 400, "missing_field", Some("password")),
        (
            &post,
            paths::REGISTER,
            json!({"email": mail, "password": "sesame"}),
            400,
            "invalid_field",
            Some("password"),
        ),
        (
            &post,
            paths::REGISTER,
            json!({"email": mail, "password": long_password}),
            400,
            "invalid_field",
            Some("password"),
        ),
        (
            &post,
            paths::REGISTER,
            json!({"email": mail, "password": ["sesame"]}),
            400,
            "invalid_field",
            Some("password"),
        ),
        (
            &post,
            paths::REGISTER,
            json!({"email": mail, "password": "correct horse", "name": {}}),
            400,
            "invalid_field",
            Some("name"),
        ),
        (
            &post,
            paths::REGISTER,
            json!({"email": "ALICE@example.org", "password": "correct horse"}),
            409,
            "email_taken",
            Some("email"),
        ),
        (&post, paths::LOGIN, json!({"email": mail}), 400, "missing_field", Some("password")),
        (
            &post,
            paths::LOGIN,
            json!({"email": mail, "password": 12345678}),
            400,
            "invalid_field",
            Some("password"),
        ),
        (&post, paths::CHATS, json!({}), 400, "missing_field", Some("participants")),
        (&post, paths::CHATS, json!({"participants": 2}), 400, "invalid_field", Some("participants")),
        (&post, paths::CHATS, json!({"participants": []}), 400, "invalid_field", Some("participants")),
        (&post, paths::CHATS, json!({"participants": [true]}), 400, "invalid_field", Some("participants")),
        (&post, paths::CHATS, json!({"participants": [1.5]}), 400, "invalid_field", Some("participants")),
        (&post, paths::CHATS, json!({"participants": [4711]}), 400, "invalid_field", Some("participants")),
        (&post, paths::CHATS, json!({"participants": [mail]}), 400, "invalid_field", Some("participants")),
        (
            &post,
            paths::CHATS,
            json!({"participants": [alice.email()]}),
            400,
            "invalid_field",
            Some("participants"),
        ),
        (&post, paths::CHATS, json!({"participants": many}), 400, "invalid_field", Some("participants")),
        (
            &post,
            paths::CHATS,
            json!({"participants": ["bob@example.org"], "title": " "}),
            400,
            "invalid_field",
            Some("title"),
        ),
        (
            &post,
            paths::CHATS,
            json!({"participants": ["bob@example.org"], "title": long_title}),
            400,
            "invalid_field",
            Some("title"),
        ),
        (&patch, chat_path, json!({"status": "sesame"}), 400, "invalid_field", Some("status")),
        (&patch, chat_path, json!({"hides_past": "no"}), 400, "invalid_field", Some("hides_past")),
        (&post, paths::BLOCKS, json!({}), 400, "missing_field", Some("user_id")),
        (&post, paths::BLOCKS, json!({"user_id": "bob"}), 400, "invalid_field", Some("user_id")),
        (&post, paths::BLOCKS, json!({"user_id": 4711}), 404, "not_found", None),
        (&post, paths::BLOCKS, json!({"message_id": 4711}), 404, "not_found", None),
        (&patch, paths::PRIVACY, json!({"shows_online": 1}), 400, "invalid_field", Some("shows_online")),
        (&patch, chat_path, json!({"status": 1}), 400, "invalid_field", Some("status")),
        (&patch, chat_path, json!({"status": {"active": null}}), 400, "invalid_field", Some("status")),
        (&post, messages, json!({}), 400, "missing_field", Some("content")),
        (&post, messages, json!({"content": null}), 400, "missing_field", Some("content")),
        (&post, messages, json!({"content": 5}), 400, "invalid_field", Some("content")),
        (&post, messages, json!({"content": ""}), 400, "text_blank", Some("content")),
        (&post, messages, json!({"content": " \n"}), 400, "text_blank", Some("content")),
        (&post, messages, json!({"content": long_text}), 400, "text_too_long", Some("content")),
        (
            &post,
            messages,
            json!({"content": "a", "client_id": "a b"}),
            400,
            "invalid_field",
            Some("client_id"),
        ),
        (&post, messages, json!({"content": "a", "client_id": 7}), 400, "invalid_field", Some("client_id")),
        (&post, messages, json!(["sesame"]), 400, "not_json", None),
        (&post, join, json!({}), 400, "missing_field", Some("user")),
        (&post, join, json!({"user": [1]}), 400, "invalid_field", Some("user")),
        (&post, "/api/chats/one/messages/", json!({"content": "a"}), 404, "no_such_chat", None),
        (&patch, "/api/messages/99999999999999999999/", json!({"content": "a"}), 404, "not_found", None),
        (&post, "/api/sesame/", json!({}), 404, "not_found", None),
        (&patch, paths::CHATS, json!({}), 405, "method_not_allowed", None),
        (&post, "/healthz", json!({}), 405, "method_not_allowed", None),
        (&post, "/somewhere", json!({}), 405, "method_not_allowed", None),
    ];
    for (method, path, body, status, code, field) in rows {
        let request = server.client.request(method.clone(), server.url(path)).bearer_auth(&alice.token);
        let response = request.json(&body).send().await.unwrap();
        let place = format!("{method} {path} {}", &body.to_string()[..body.to_string().len().min(80)]);
        assert_eq!(response.status().as_u16(), status, "{place}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{place}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("sesame"), "{place}: {text}");
        let problem: Problem = serde_json::from_str(&text).unwrap();
        assert_eq!((problem.status, problem.code.as_str()), (status, code), "{place}");
        assert_eq!(problem.field.as_deref(), field, "{place}");
        assert!(problem.detail.ends_with('.'), "{place}: {}", problem.detail);
    }
    assert!(server.history(&alice, chat).await.is_empty());
}

#[tokio::test]
async fn a_value_of_another_type_is_answered_with_the_type_of_its_field() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    // The body is read before anything is looked up.
    let message = MessageId(4711);
    for (path, body, expected) in [
        (paths::pin(message), json!({"on": "yes"}), "The field \"on\" must be true or false."),
        (
            paths::reactions(message),
            json!({"emoji": "\u{1f44d}", "on": 1}),
            "The field \"on\" must be true or false.",
        ),
        (
            paths::messages(chat),
            json!({"content": "a", "plain": "no"}),
            "The field \"plain\" must be true or false.",
        ),
        (
            paths::messages(chat),
            json!({"content": "a", "reply_to": "first"}),
            "The field \"reply_to\" must be a whole number.",
        ),
        (paths::pin(message), json!({"on": "expected u64"}), "The field \"on\" must be true or false."),
        (paths::reactions(message), json!({"emoji": 7, "on": true}), "The field \"emoji\" must be a string."),
    ] {
        let request = server.client.post(server.url(&path)).bearer_auth(&alice.token).json(&body);
        let problem: Problem = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(problem.detail, expected, "{path}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_are_told_apart() {
    let server = TestServer::start().await;
    let long = format!(r#"{{"email":"{}"}}"#, "x".repeat(limits::BODY_BYTES));
    for (kind, body, status, code) in [
        (Some("application/json"), "{\"email\":", StatusCode::BAD_REQUEST, "not_json"),
        (Some("application/json"), "", StatusCode::BAD_REQUEST, "not_json"),
        (Some("application/json"), "\u{fffd}", StatusCode::BAD_REQUEST, "not_json"),
        (
            Some("application/x-www-form-urlencoded"),
            "email=a",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
        ),
        (None, "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
        (Some("application/json"), &long, StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
    ] {
        let mut request = server.client.post(server.url(paths::LOGIN)).body(body.to_owned());
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{kind:?}");
        let problem: Problem = response.json().await.unwrap();
        assert_eq!(problem.code.as_str(), code, "{kind:?}");
    }
}

#[tokio::test]
async fn a_page_out_of_bounds_is_refused() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for (query, field) in
        [("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("before=x", "before")]
    {
        let path = format!("{}?{query}", paths::messages(chat));
        let (status, problem) = server.request(Method::GET, &path, Some(&alice.token), Value::Null).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{query}");
    }
}

#[tokio::test]
async fn nothing_is_told_without_a_token() {
    let server = TestServer::start().await;
    for (method, path) in [
        (Method::GET, paths::ME),
        (Method::POST, paths::LOGOUT),
        (Method::GET, paths::TOKENS),
        (Method::DELETE, "/api/auth/tokens/1/"),
        (Method::GET, paths::CHATS),
        (Method::POST, paths::CHATS),
        (Method::GET, "/api/chats/1/"),
        (Method::GET, "/api/chats/1/messages/"),
        (Method::POST, "/api/chats/1/participants/"),
        (Method::PATCH, "/api/chats/1/participants/2/"),
        (Method::DELETE, "/api/chats/1/participants/2/"),
        (Method::POST, "/api/chats/1/leave/"),
        (Method::GET, paths::BLOCKS),
        (Method::POST, paths::BLOCKS),
        (Method::DELETE, "/api/blocks/2/"),
        (Method::GET, paths::PRIVACY),
        (Method::PATCH, paths::PRIVACY),
        (Method::GET, "/api/messages/1/"),
    ] {
        let (status, problem) = server.request(method.clone(), path, None, Value::Null).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(problem["code"], "unauthorized", "{method} {path}");
    }
}

#[tokio::test]
async fn what_cannot_be_seen_is_refused_by_its_field() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let group = server.start_group(&alice, &[&bob]).await;
    let mut socket = server.one(&alice, chat).await;
    let register = |email: &str, name: &str, password: &str| {
        let body = json!({"email": email, "name": name, "password": password});
        (Method::POST, paths::REGISTER.to_owned(), body)
    };
    let refused = async |(method, path, body): (Method, String, Value), code: &str, field: &str| {
        let (status, problem) = server.request(method, &path, Some(&alice.token), body.clone()).await;
        let got = (status, problem["code"].as_str(), problem["field"].as_str());
        assert_eq!(got, (StatusCode::BAD_REQUEST, Some(code), Some(field)), "{path} {body}");
    };
    for unseen in
        ["\u{200b}", "\u{ad}", "\u{202e}", "\u{2060}", "\u{feff}", "\u{3164}", "\u{2800}", "\u{e0041}"]
    {
        let email = format!("e{unseen}ve@example.org");
        refused(register(&email, "Eve", "correct horse"), "invalid_field", "email").await;
        refused(register("eve@example.org", unseen, "correct horse"), "invalid_field", "name").await;
        let text = format!("{unseen} {unseen}");
        let body = json!({"participants": [bob.email()], "title": text});
        refused((Method::POST, paths::CHATS.to_owned(), body), "invalid_field", "title").await;
        refused((Method::PATCH, paths::chat(group), json!({"title": text})), "invalid_field", "title").await;
        let body = json!({"content": text});
        refused((Method::POST, paths::messages(chat), body), "text_blank", "content").await;
        socket.say(chat, &text, "m-1").await;
        assert_eq!(socket.error().await.code, ErrorCode::TextBlank, "{unseen:?}");
    }
    refused(register("eve@example.org", "Eve", "correct\u{200b}horse"), "invalid_field", "password").await;
    for line_break in ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\t", "\u{1}"] {
        let lines = format!("a{line_break}b");
        refused(register("eve@example.org", &lines, "correct horse"), "invalid_field", "name").await;
        let body = json!({"participants": [bob.email()], "title": lines});
        refused((Method::POST, paths::CHATS.to_owned(), body), "invalid_field", "title").await;
        refused((Method::PATCH, paths::chat(group), json!({"title": lines})), "invalid_field", "title").await;
    }
    // What has ink stays as it was written, with everything around it that has none.
    for seen in ["👨\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "مي\u{200c}خواهم", "\u{2801}", "a\u{200b}", "한"]
    {
        let body = json!({"content": seen});
        let message = server.call(Method::POST, &paths::messages(chat), &alice, body).await;
        assert_eq!(message["content"], seen);
        let title = server.call(Method::PATCH, &paths::chat(group), &alice, json!({"title": seen})).await;
        assert_eq!(title["title"], seen);
    }
}

#[tokio::test]
async fn a_name_that_an_older_version_took_is_still_shown() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let database = format!("sqlite:{}", server.folder().join("causerie.db").display());
    let mut database = SqliteConnection::connect(&database).await.unwrap();
    let name = "\u{200b}\n\u{2028}";
    sqlx::query("UPDATE users SET name = $1").bind(name).execute(&mut database).await.unwrap();
    let group = server.start_group(&alice, &[&server.register("bob").await]).await;
    sqlx::query("UPDATE chats SET title = $1").bind(name).execute(&mut database).await.unwrap();
    assert_eq!(server.call(Method::GET, paths::ME, &alice, Value::Null).await["name"], name);
    assert_eq!(server.call(Method::GET, &paths::chat(group), &alice, Value::Null).await["title"], name);
}
