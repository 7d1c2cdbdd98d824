//! Starting a chat with a stranger's address where mail is set up: one answer for everybody, and a mail to who has no account.

use causerie_protocol::rest::Chat;
use causerie_protocol::{ServerFrame, paths};
use causerie_server::clock::UnixMicros;
use causerie_server::store::{SqliteStore, Store};
use causerie_testkit::{LIMIT, MailServer, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::mail::{join, register_by, secret, with_mail, with_mail_in};
use crate::common::server::{Person, TestServer};

async fn start(server: &TestServer, who: &Person, wanted: &str) -> (StatusCode, Value) {
    let body = json!({"participants": [wanted], "language": "en"});
    server.request(Method::POST, paths::CHATS, Some(&who.token), body).await
}

fn asked(wanted: &str) -> (StatusCode, Value) {
    (StatusCode::ACCEPTED, json!({ "asked": wanted }))
}

async fn chats(server: &TestServer, who: &Person) -> Vec<Chat> {
    serde_json::from_value(server.call(Method::GET, paths::CHATS, who, Value::Null).await).unwrap()
}

/// The one chat that somebody has, or will have in a moment.
async fn chat(server: &TestServer, who: &Person) -> Chat {
    eventually("there is a chat", LIMIT, async || chats(server, who).await.pop()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_strangers_address_gets_one_answer_and_only_an_unknown_one_a_mail() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let owner = join(&server, &post, "owner").await;
    let (alice, bob) = (join(&server, &post, "alice").await, join(&server, &post, "bob").await);
    let (suspended, blocking) =
        (join(&server, &post, "suspended").await, join(&server, &post, "blocking").await);
    server.call(Method::POST, &paths::person_action(suspended.user.id, "suspend"), &owner, Value::Null).await;
    // Whom Alice asks first, and who blocks her for it.
    assert_eq!(start(&server, &alice, blocking.email()).await, asked(blocking.email()));
    chat(&server, &blocking).await;
    server.call(Method::POST, paths::BLOCKS, &blocking, json!({"user_id": alice.user.id})).await;

    for wanted in [bob.email(), "Bob@EXAMPLE.org", suspended.email(), blocking.email(), "nobody@example.org"]
    {
        assert_eq!(start(&server, &alice, wanted).await, asked(wanted));
        assert_eq!(chats(&server, &alice).await, [], "{wanted}");
    }
    // Only who has no account gets a mail, and those before it got none.
    let mail = post.mail().await.unwrap();
    assert!(
        mail.contains("To: nobody@example.org") && mail.contains("alice=E2=80=9D would like to chat"),
        "{mail}"
    );
    let request = chat(&server, &bob).await;
    assert_eq!(request.requested_by, Some(alice.user.id));
    assert_eq!(chats(&server, &bob).await.len(), 1, "to ask twice is to ask once");
    // Of oneself, and of what is no address, something else is to be told.
    for wanted in [alice.email(), "nobody"] {
        assert_eq!(start(&server, &alice, wanted).await.0, StatusCode::BAD_REQUEST, "{wanted}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_accepts_and_then_both_have_the_chat() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let (alice, bob) = (join(&server, &post, "alice").await, join(&server, &post, "bob").await);
    let mut socket = server.many(&alice).await;
    assert_eq!(start(&server, &alice, bob.email()).await, asked(bob.email()));
    let request = chat(&server, &bob).await;
    for path in [paths::chat(request.id), paths::messages(request.id)] {
        let (status, _) = server.request(Method::GET, &path, Some(&alice.token), Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    server.call(Method::POST, &paths::accept(request.id), &bob, Value::Null).await;
    let added = socket
        .until(|frame| match frame {
            ServerFrame::ChatAdded(added) => Some(added.chat),
            _ => None,
        })
        .await;
    assert_eq!((added.id, added.requested_by), (request.id, None));
    // From now on the address leads to the chat itself.
    let (status, again) = start(&server, &alice, bob.email()).await;
    assert_eq!((status, &again["id"]), (StatusCode::OK, &json!(request.id)));
    socket.subscribe(request.id, None, None).await;
    socket.subscribed().await;
    socket.say(request.id, "Hello", "m-1").await;
    socket.ack().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_ask_each_other_have_a_chat() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let (alice, bob) = (join(&server, &post, "alice").await, join(&server, &post, "bob").await);
    start(&server, &alice, bob.email()).await;
    let request = chat(&server, &bob).await;
    assert_eq!(start(&server, &bob, alice.email()).await, asked(alice.email()));
    let seen = chat(&server, &alice).await;
    assert_eq!((seen.id, seen.requested_by), (request.id, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_by_the_mail_has_a_chat_with_who_asked_and_is_mailed_once_a_day() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let (alice, bob) = (join(&server, &post, "alice").await, join(&server, &post, "bob").await);
    start(&server, &alice, "dan@example.org").await;
    let mail = post.mail().await.unwrap();
    assert!(mail.contains("To: dan@example.org"), "{mail}");
    // Others who ask for the same address are answered alike, and it gets no other mail.
    for wanted in ["dan@example.org", "DAN@example.org"] {
        assert_eq!(start(&server, &bob, wanted).await, asked(wanted));
    }
    start(&server, &bob, "eve@example.org").await;
    let next = post.mail().await.unwrap();
    assert!(next.contains("To: eve@example.org"), "{next}");

    let dan = register_by(&server, "dan@example.org", &secret(&mail, "join")).await;
    let seen = chat(&server, &alice).await;
    assert_eq!((seen.requested_by, seen.participants.len()), (None, 2));
    assert!(seen.participants.iter().any(|one| one.user.id == dan.user.id));
    assert_eq!(chat(&server, &dan).await.id, seen.id);
    // Somebody who has an account already, perhaps with another address, has the chat by the link too.
    let body = json!({"token": secret(&next, "join")});
    let joined = server.call(Method::POST, paths::JOIN_GROUPS, &dan, body).await;
    assert_eq!(joined, json!({"chats": [chat(&server, &bob).await.id]}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_tell_nothing_of_an_address_either() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let (alice, bob) = (join(&server, &post, "alice").await, join(&server, &post, "bob").await);
    start(&server, &alice, bob.email()).await;
    let request = chat(&server, &bob).await;
    server.call(Method::POST, &paths::accept(request.id), &bob, Value::Null).await;
    let group = server.start_group(&alice, &[&bob]).await;
    join(&server, &post, "carol").await;
    let mut answers = Vec::new();
    for wanted in ["carol@example.org", "nobody@example.org"] {
        let add = json!({"user": wanted});
        let create = json!({"participants": [wanted, "other@example.org"], "title": "Us"});
        let path = paths::participants(group);
        answers.push([
            server.request(Method::POST, &path, Some(&alice.token), add).await,
            server.request(Method::POST, paths::CHATS, Some(&alice.token), create).await,
        ]);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].each_ref().map(|answer| answer.0), [StatusCode::BAD_REQUEST; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mail_goes_out_for_who_may_not_invite() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let (owner, alice) = (join(&server, &post, "owner").await, join(&server, &post, "alice").await);
    let invited = json!({"registration": "invited"});
    server.call(Method::PATCH, paths::SETTINGS, &owner, invited).await;
    assert_eq!(start(&server, &alice, "dan@example.org").await, asked("dan@example.org"));
    assert_eq!(start(&server, &owner, "eve@example.org").await, asked("eve@example.org"));
    let mail = post.mail().await.unwrap();
    assert!(mail.contains("To: eve@example.org"), "{mail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_before_a_crash_is_carried_out_by_the_next_server() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let (alice, bob) = (join(&server, &post, "alice").await, join(&server, &post, "bob").await);
    let folder = server.stop().await;
    // As a server leaves it that ends between its answer and the request.
    let store =
        SqliteStore::open(&format!("sqlite:{}", folder.path().join("causerie.db").display())).await.unwrap();
    store.keep_ask(alice.user.id, bob.email(), None, UnixMicros(1)).await.unwrap();
    store.close().await;
    drop(store);
    let server = with_mail_in(folder, &post).await;
    assert_eq!(chat(&server, &bob).await.requested_by, Some(alice.user.id));
}
