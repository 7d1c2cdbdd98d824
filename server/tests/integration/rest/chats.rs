//! Starting, reading, changing and leaving chats.

use causerie_protocol::rest::{Chat, ChatKind, ChatStatus};
use causerie_protocol::{ChatId, ServerFrame, paths};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

async fn create(server: &TestServer, who: &Person, body: Value) -> (StatusCode, Value) {
    server.request(Method::POST, paths::CHATS, Some(&who.token), body).await
}

fn chat(answer: Value) -> Chat {
    serde_json::from_value(answer).unwrap()
}

#[tokio::test]
async fn a_pair_has_one_chat_whoever_asks_and_however() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let (status, answer) = create(&server, &alice, json!({"participants": ["BOB@example.org"]})).await;
    assert_eq!(status, StatusCode::CREATED);
    let first = chat(answer);
    assert_eq!(
        (first.kind, first.status, first.participants.len()),
        (ChatKind::Direct, ChatStatus::Active, 2)
    );
    for (who, participants) in [
        (&alice, json!([bob.user.id])),
        (&bob, json!([alice.user.id])),
        (&bob, json!([bob.user.id, alice.user.id])),
    ] {
        let (status, answer) = create(&server, who, json!({"participants": participants})).await;
        assert_eq!((status, chat(answer).id), (StatusCode::OK, first.id));
    }
}

#[tokio::test]
async fn a_title_or_a_third_person_makes_a_group() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let (status, answer) =
        create(&server, &alice, json!({"participants": [bob.email()], "title": "Weekend"})).await;
    assert_eq!(status, StatusCode::CREATED);
    let titled = chat(answer);
    assert_eq!((titled.kind, titled.title.as_deref()), (ChatKind::Group, Some("Weekend")));
    let (status, answer) = create(&server, &alice, json!({"participants": [bob.email(), eve.email()]})).await;
    assert_eq!(status, StatusCode::CREATED);
    let three = chat(answer);
    assert_eq!((three.kind, three.title, three.participants.len()), (ChatKind::Group, None, 3));

    let list = server.call(Method::GET, paths::CHATS, &bob, Value::Null).await;
    assert_eq!(list.as_array().unwrap().len(), 2);
    let list = server.call(Method::GET, paths::CHATS, &eve, Value::Null).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_has_a_socket_open_is_online() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let id = server.start_chat(&alice, &bob).await;
    let _socket = server.many(&bob).await;
    let chat = chat(server.call(Method::GET, &paths::chat(id), &alice, Value::Null).await);
    let online =
        |person: &Person| chat.participants.iter().find(|p| p.user.id == person.user.id).unwrap().online;
    assert!(online(&bob) && !online(&alice));
}

#[tokio::test]
async fn a_closed_chat_takes_no_messages_until_it_is_open_again() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let id = server.start_group(&alice, &[&bob]).await;
    let path = paths::chat(id);
    let say = async || {
        let body = json!({"content": "Hello"});
        server.request(Method::POST, &paths::messages(id), Some(&alice.token), body).await
    };
    let closed = server.call(Method::PATCH, &path, &alice, json!({"status": "closed"})).await;
    assert_eq!(chat(closed).status, ChatStatus::Closed);
    let (status, problem) = say().await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("chat_closed")));
    server.call(Method::PATCH, &path, &alice, json!({"status": "active"})).await;
    assert_eq!(say().await.0, StatusCode::CREATED);

    let path = paths::chat(server.start_chat(&alice, &bob).await);
    let body = json!({"title": "Us"});
    let (status, problem) = server.request(Method::PATCH, &path, Some(&alice.token), body).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("title")));
    // Nothing to change is no error.
    assert_eq!(chat(server.call(Method::PATCH, &path, &alice, json!({})).await).title, None);
}

#[tokio::test]
async fn people_join_and_leave_groups() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let id = server.start_group(&alice, &[&bob]).await;
    let join = async |who: &Person, user: Value| {
        let body = json!({ "user": user });
        server.request(Method::POST, &paths::participants(id), Some(&who.token), body).await
    };
    assert_eq!(join(&eve, json!(eve.user.id)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(join(&bob, json!("eve@example.org")).await.0, StatusCode::FORBIDDEN);
    let (status, answer) = join(&alice, json!("eve@example.org")).await;
    assert_eq!((status, chat(answer).participants.len()), (StatusCode::CREATED, 3));
    let (status, problem) = join(&alice, json!(eve.user.id)).await;
    assert_eq!((status, &problem["field"]), (StatusCode::CONFLICT, &json!("user")));
    let (status, problem) = join(&alice, json!("nobody@example.org")).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("user")));

    let leave =
        async || server.request(Method::POST, &paths::leave(id), Some(&eve.token), Value::Null).await.0;
    assert_eq!(leave().await, StatusCode::NO_CONTENT);
    assert_eq!(leave().await, StatusCode::NOT_FOUND);
    let (status, _) = server.request(Method::GET, &paths::chat(id), Some(&eve.token), Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let pair = server.start_chat(&alice, &bob).await;
    let (status, _) =
        server.request(Method::POST, &paths::leave(pair), Some(&alice.token), Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_group_that_its_owner_deletes_is_gone_for_everybody() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let id = server.start_group(&alice, &[&bob]).await;
    let (status, _) = server.request(Method::DELETE, &paths::chat(id), Some(&bob.token), Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = server.request(Method::DELETE, &paths::chat(id), Some(&alice.token), Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    for who in [&alice, &bob] {
        let (status, _) = server.request(Method::GET, &paths::chat(id), Some(&who.token), Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_strangers_chat_is_like_none_on_every_address() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let theirs = server.start_chat(&alice, &bob).await;
    let requests = |id: ChatId| {
        [
            (Method::GET, paths::chat(id), Value::Null),
            (Method::PATCH, paths::chat(id), json!({"status": "closed"})),
            (Method::DELETE, paths::chat(id), Value::Null),
            (Method::GET, paths::messages(id), Value::Null),
            (Method::POST, paths::messages(id), json!({"content": "Hello"})),
            (Method::POST, paths::participants(id), json!({"user": "alice@example.org"})),
            (Method::POST, paths::leave(id), Value::Null),
        ]
    };
    for (theirs, none) in requests(theirs).into_iter().zip(requests(ChatId(4711))) {
        let (method, path, body) = theirs;
        let seen = server.request(method.clone(), &path, Some(&eve.token), body).await;
        assert_eq!(
            (seen.0, &seen.1["code"]),
            (StatusCode::NOT_FOUND, &json!("no_such_chat")),
            "{method} {path}"
        );
        let (method, path, body) = none;
        assert_eq!(server.request(method, &path, Some(&eve.token), body).await, seen);
    }
}

#[tokio::test]
async fn the_list_comes_in_pages_by_their_links() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, server.start_group(&alice, &[&bob]).await);
    }
    let mut path = format!("{}?limit=2", paths::CHATS);
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let answer = server.client.get(server.url(&path)).bearer_auth(&alice.token).send().await.unwrap();
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page: Vec<Chat> = answer.json().await.unwrap();
        seen.extend(page.iter().map(|chat| chat.id));
        pages += 1;
        assert!(pages <= 3, "{seen:?}");
        let Some(link) = link else { break };
        assert!(link.ends_with("; rel=\"next\"") && page.len() == 2, "{link}");
        path = link[1..link.find('>').unwrap()].to_owned();
    }
    assert_eq!((seen, pages), (expected.clone(), 3));
    // A client that asks for no page gets one that is bounded, and here has room for all.
    let whole = server.call(Method::GET, paths::CHATS, &alice, Value::Null).await;
    assert_eq!(whole.as_array().unwrap().len(), 5);
    for (query, field) in [("limit=0", "limit"), ("limit=1001", "limit"), ("before=7", "before")] {
        let path = format!("{}?{query}", paths::CHATS);
        let (status, problem) = server.request(Method::GET, &path, Some(&alice.token), Value::Null).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{query}");
    }
}

#[tokio::test]
async fn a_repeated_request_for_a_chat_gets_the_same_chat_and_everybody_is_told() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let body = json!({"participants": [bob.email()], "title": "Trip", "client_id": "c-1"});
    let (status, first) = create(&server, &alice, body.clone()).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = chat(first).id;
    // Bob's page came after the first announcement, which a server that dies may not have made at all.
    let mut socket = server.many(&bob).await;
    let (status, again) = create(&server, &alice, body.clone()).await;
    assert_eq!((status, chat(again).id), (StatusCode::OK, id));
    let told = socket
        .until(|frame| match frame {
            ServerFrame::ChatAdded(added) => Some(added.chat.id),
            _ => None,
        })
        .await;
    assert_eq!(told, id);
    let other = json!({"participants": [bob.email()], "title": "Dinner", "client_id": "c-1"});
    let (status, problem) = create(&server, &alice, other).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("client_id_reused")));
    assert_eq!(problem["field"], "client_id");
    let bad = json!({"participants": [bob.email()], "client_id": " "});
    assert_eq!(create(&server, &alice, bad).await.1["field"], "client_id");
    // It stays one chat after a restart, and is not made again once it was deleted.
    let server = TestServer::start_in(server.stop().await, |_| {}).await;
    let (status, again) = create(&server, &alice, body.clone()).await;
    assert_eq!((status, chat(again).id), (StatusCode::OK, id));
    server.call(Method::DELETE, &paths::chat(id), &alice, Value::Null).await;
    assert_eq!(create(&server, &alice, body).await.0, StatusCode::NOT_FOUND);
    let list = server.call(Method::GET, paths::CHATS, &alice, Value::Null).await;
    assert_eq!(list, json!([]));
}
