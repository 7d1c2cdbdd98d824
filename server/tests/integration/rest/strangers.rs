//! Finding people by their exact address: one answer for whoever may not be written to, and how much of it there may be.

use causerie_protocol::{ChatId, ErrorCode, ServerFrame, limits, paths};
use causerie_server::config::{Limits, NewChats};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

async fn start(server: &TestServer, who: &Person, wanted: &str) -> (StatusCode, Value) {
    let body = json!({"participants": [wanted]});
    server.request(Method::POST, paths::CHATS, Some(&who.token), body).await
}

/// The answer without what differs from one moment to the next.
fn at_any_time((status, mut answer): (StatusCode, Value)) -> (StatusCode, Value) {
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("retry_after_ms");
    }
    (status, answer)
}

#[tokio::test]
async fn unknown_suspended_and_blocking_people_are_one_answer_and_count_alike() {
    for new_chats in [NewChats::Direct, NewChats::Requests] {
        let server = TestServer::start_with(|config| {
            config.new_chats = new_chats;
            config.limits.addresses_per_hour_per_user = 1;
        })
        .await;
        let owner = server.register("owner").await;
        let (suspended, blocking) = (server.register("suspended").await, server.register("blocking").await);
        let act = paths::person_action(suspended.user.id, "suspend");
        server.call(Method::POST, &act, &owner, Value::Null).await;
        let blocked = server.register("blocked").await;
        assert!(start(&server, &blocking, blocked.email()).await.0.is_success());
        let body = json!({"user_id": blocked.user.id});
        server.call(Method::POST, paths::BLOCKS, &blocking, body).await;
        let (one, two) = (server.register("one").await, server.register("two").await);
        let mut answers = Vec::new();
        for (who, wanted) in
            [(&one, "nobody@example.org"), (&two, suspended.email()), (&blocked, blocking.email())]
        {
            // The first is answered, the second is one too many.
            let tried = [start(&server, who, wanted).await, start(&server, who, wanted).await];
            answers.push(tried.map(at_any_time));
        }
        let [first, second] = &answers[0];
        assert_eq!((first.0, &first.1["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_field")));
        assert_eq!((second.0, &second.1["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")));
        assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    }
}

#[tokio::test]
async fn addresses_of_acquaintances_do_not_count_and_those_for_groups_do() {
    let server = TestServer::start_with(|config| config.limits.addresses_per_hour_per_user = 2).await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for _ in 0..4 {
        assert_eq!(start(&server, &alice, bob.email()).await.0, StatusCode::OK);
        assert_eq!(start(&server, &alice, alice.email()).await.0, StatusCode::BAD_REQUEST);
    }
    let group = server.call(
        Method::POST,
        paths::CHATS,
        &alice,
        json!({"participants": [bob.user.id], "title": "Us"}),
    );
    let group = ChatId(group.await["id"].as_i64().unwrap());
    assert_ne!(group, chat);
    let add = async || {
        let body = json!({"user": "nobody@example.org"});
        server.request(Method::POST, &paths::participants(group), Some(&alice.token), body).await.0
    };
    assert_eq!([add().await, add().await], [StatusCode::BAD_REQUEST, StatusCode::TOO_MANY_REQUESTS]);
}

#[tokio::test]
async fn somebody_starts_so_many_chats_with_strangers_a_day() {
    let server = TestServer::start_with(|config| config.limits.new_chats_per_day_per_user = 2).await;
    let alice = server.register("alice").await;
    let mut answers = Vec::new();
    for name in ["bob", "carol", "dave"] {
        let other = server.register(name).await;
        answers.push(start(&server, &alice, other.email()).await);
    }
    let statuses: Vec<_> = answers.iter().map(|(status, _)| status.as_u16()).collect();
    assert_eq!(statuses, [201, 201, 429]);
    let problem = &answers[2].1;
    assert_eq!(problem["code"], "rate_limited");
    assert!(problem["retry_after_ms"].as_u64().unwrap() > 60_000, "{problem}");
    // Those that are there go on.
    assert_eq!(start(&server, &alice, "bob@example.org").await.0, StatusCode::OK);
}

#[tokio::test]
async fn somebody_makes_so_many_invitations_a_day() {
    let server = TestServer::start_with(|config| config.limits.invitations_per_day_per_user = 1).await;
    let owner = server.register("owner").await;
    let invite = async || {
        let body = json!({"role": "member"});
        server.request(Method::POST, paths::INVITATIONS, Some(&owner.token), body).await
    };
    assert!(invite().await.0.is_success());
    let (status, problem) = invite().await;
    assert_eq!((status, &problem["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")));
}

#[tokio::test]
async fn a_message_above_the_limit_is_refused_with_a_time_and_taken_when_it_comes_again() {
    let server = TestServer::start_with(|config| config.limits.messages_per_minute_per_user = 60).await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let mut socket = server.one(&alice, chat).await;
    let mut sent = 0;
    let refused = loop {
        socket.say(chat, "Hello", &format!("m-{sent}")).await;
        let answer = socket.until(|frame| match frame {
            ServerFrame::Ack(_) => Some(None),
            ServerFrame::Error(error) => Some(Some(error)),
            _ => None,
        });
        match answer.await {
            None => sent += 1,
            Some(error) => break error,
        }
    };
    assert!(sent >= 60, "{sent}");
    let name = format!("m-{sent}");
    assert_eq!((refused.code, refused.client_id.unwrap().as_str()), (ErrorCode::RateLimited, name.as_str()));
    assert!((1..=1_000).contains(&refused.retry_after_ms.unwrap()));
    // What was taken may be repeated at any time.
    socket.say(chat, "Hello", "m-1").await;
    assert!(socket.ack().await.duplicate);
    // What was not is no repeat: it waits for its time like a new one, and is stored once.
    let body = json!({"content": "Hello", "client_id": name});
    let path = paths::messages(chat);
    let status = loop {
        let answer = server.request(Method::POST, &path, Some(&alice.token), body.clone()).await;
        if answer.0 != StatusCode::TOO_MANY_REQUESTS {
            break answer.0;
        }
    };
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(server.history(&bob, chat).await.len(), sent + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_messages_as_somebody_may_write_in_a_minute_may_come_at_once_and_repeats_do_not_count() {
    let most = Limits::default().messages_per_minute_per_user;
    assert_eq!(most, limits::MESSAGES_PER_MINUTE);
    let server = TestServer::start_with(|config| config.limits.messages_per_minute_per_user = most).await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let mut socket = server.one(&alice, chat).await;
    for number in 0..most {
        for duplicate in [false, true] {
            socket.say(chat, "Hello", &format!("m-{number}")).await;
            assert_eq!(socket.ack().await.duplicate, duplicate, "{number}");
        }
    }
}
