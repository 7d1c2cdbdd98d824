//! What is done by mail: links to make an account, to set a new password, and to confirm an address.

use causerie_protocol::paths;
use causerie_server::config::Smtp;
use causerie_testkit::{MailServer, secret_in};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::server::{Person, TestServer};

async fn ask(server: &TestServer, email: &str) -> (StatusCode, Value) {
    let body = json!({"email": email, "language": "en"});
    server.request(Method::POST, paths::RESET, None, body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_gets_a_link_by_mail_and_the_answer_tells_nothing() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    join(&server, &post, "alice").await;
    let (_, installation) = server.request(Method::GET, paths::INSTALLATION, None, Value::Null).await;
    assert_eq!(installation["mail"], true);
    let unknown = ask(&server, "nobody@example.org").await;
    assert_eq!(unknown.0, StatusCode::ACCEPTED);
    assert_eq!(ask(&server, "ALICE@example.org").await, unknown);
    let mail = post.mail().await.unwrap();
    assert!(mail.contains("To: alice@example.org") && mail.contains("From: Causerie"), "{mail}");
    let body = json!({"token": secret(&mail, "reset"), "password": "better horse"});
    let (status, _) = server.request(Method::POST, paths::RESET_PASSWORD, None, body).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}

pub(super) fn secret(mail: &str, mark: &str) -> String {
    secret_in(mail, mark).unwrap()
}

pub(super) async fn with_mail(post: &MailServer) -> TestServer {
    with_mail_in(tempfile::tempdir().unwrap(), post).await
}

/// Over the database of a server that was stopped.
pub(super) async fn with_mail_in(folder: TempDir, post: &MailServer) -> TestServer {
    let smtp = Smtp { url: post.url().unwrap(), from: "Causerie <chat@example.org>".to_owned() };
    TestServer::start_in(folder, |config| {
        config.smtp = Some(smtp);
        config.public_url = Some("https://chat.example.org".to_owned());
    })
    .await
}

/// Begins to make an account with this address.
async fn register(server: &TestServer, email: &str, invitation: Option<&str>) -> (StatusCode, Value) {
    let body = json!({"email": email, "invitation": invitation, "language": "en"});
    server.request(Method::POST, paths::REGISTER, None, body).await
}

/// Makes an account by the link of a mail to this address.
pub(super) async fn register_by(server: &TestServer, email: &str, link: &str) -> Person {
    let body = json!({"email": email, "password": "correct horse", "invitation": link});
    let (status, answer) = server.request(Method::POST, paths::REGISTER, None, body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    Person::of(answer)
}

/// Makes an account where the address is confirmed first.
pub(super) async fn join(server: &TestServer, post: &MailServer, name: &str) -> Person {
    let email = format!("{name}@example.org");
    let (status, answer) = register(server, &email, None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    register_by(server, &email, &secret(&post.mail().await.unwrap(), "join")).await
}

async fn account(server: &TestServer, who: &Person) -> Value {
    server.call(Method::GET, paths::ACCOUNT, who, Value::Null).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_address_counts_once_its_link_is_confirmed_and_the_old_one_is_told() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let (alice, bob) = (join(&server, &post, "alice").await, join(&server, &post, "bob").await);
    let change = async |email: &str| {
        let body = json!({"email": email, "current_password": "correct horse", "language": "vi"});
        server.call(Method::PATCH, paths::ACCOUNT, &alice, body).await
    };
    let unchanged = account(&server, &alice).await;
    assert_eq!(change("new@example.org").await, unchanged);
    let mail = post.mail().await.unwrap();
    assert!(mail.contains("To: new@example.org"), "{mail}");
    let first = secret(&mail, "email");
    // Another account's address gets the same answer, and only who reads its mails learns of it.
    assert_eq!(change("BOB@example.org").await, unchanged);
    let mail = post.mail().await.unwrap();
    assert!(mail.contains("To: BOB@example.org") && !mail.contains("#email="), "{mail}");

    let confirm = async |token: &str| {
        let body = json!({ "token": token });
        server.request(Method::POST, paths::CONFIRM_EMAIL, None, body).await
    };
    // To look at the address of the page is no request of its secret.
    let looked = server.client.get(server.url("/")).send().await.unwrap();
    drop(looked);
    assert_eq!(account(&server, &alice).await, unchanged);
    assert_eq!(confirm(&first).await.0, StatusCode::NO_CONTENT);
    assert_eq!(account(&server, &alice).await["email"], "new@example.org");
    let mail = post.mail().await.unwrap();
    assert!(mail.contains("To: alice@example.org") && !mail.contains("new@example.org"), "{mail}");
    let (status, problem) = confirm(&first).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")), "it works once");
    assert_eq!(account(&server, &bob).await["email"], "bob@example.org");

    // A newer link, and another password, are the end of older ones.
    change("one@example.org").await;
    let one = secret(&post.mail().await.unwrap(), "email");
    let body = json!({"password": "better horse", "current_password": "correct horse"});
    server.call(Method::PATCH, paths::ACCOUNT, &alice, body).await;
    assert_eq!(confirm(&one).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn without_mail_the_address_is_changed_at_once_with_the_password() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let (status, _) = server
        .request(Method::PATCH, paths::ACCOUNT, Some(&alice.token), json!({"email": "new@example.org"}))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "the password is missing");
    let body = json!({"email": "new@example.org", "current_password": "correct horse"});
    let changed = server.call(Method::PATCH, paths::ACCOUNT, &alice, body).await;
    assert_eq!(changed["email"], "new@example.org");
}

#[tokio::test]
async fn nobodys_box_is_filled_and_the_limit_tells_nothing_either() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    join(&server, &post, "alice").await;
    for email in ["alice@example.org", "nobody@example.org"] {
        for _ in 0..3 {
            assert_eq!(ask(&server, email).await.0, StatusCode::ACCEPTED);
        }
        assert_eq!(ask(&server, email).await.0, StatusCode::TOO_MANY_REQUESTS, "{email}");
    }
}

#[tokio::test]
async fn without_mail_the_answer_says_whom_to_ask() {
    let server = TestServer::start().await;
    let (status, problem) = ask(&server, "alice@example.org").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().unwrap().contains("no mail"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registering_tells_nobody_but_the_owner_of_an_address_whether_it_has_an_account() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    join(&server, &post, "alice").await;
    let asked = |email: &str| (StatusCode::ACCEPTED, json!({ "asked": email }));
    assert_eq!(register(&server, "ALICE@example.org", None).await, asked("ALICE@example.org"));
    let mail = post.mail().await.unwrap();
    assert!(
        mail.contains("To: ALICE@example.org") && mail.contains("sign in") && !mail.contains("#join="),
        "{mail}"
    );
    assert_eq!(register(&server, "bob@example.org", None).await, asked("bob@example.org"));
    let mail = post.mail().await.unwrap();
    assert!(mail.contains("To: bob@example.org"), "{mail}");
    let link = secret(&mail, "join");

    let look = server.request(Method::POST, paths::INVITATION, None, json!({ "token": link })).await.1;
    assert_eq!((&look["email"], &look["confirms"]), (&json!("bob@example.org"), &json!(true)));
    // With another address the link is no confirmation of it, and stays as it was.
    assert_eq!(register(&server, "eve@example.org", Some(&link)).await, asked("eve@example.org"));
    let body = json!({"email": "bob@example.org", "password": "short", "invitation": link});
    let (status, problem) = server.request(Method::POST, paths::REGISTER, None, body).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("password")));
    register_by(&server, "Bob@example.org", &link).await;
    let (status, problem) = register(&server, "bob@example.org", Some(&link)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")), "it works once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_used_when_the_address_is_confirmed_and_not_when_the_mail_is_asked_for() {
    let post = MailServer::open().await.unwrap();
    let server = with_mail(&post).await;
    let owner = join(&server, &post, "owner").await;
    server.call(Method::PATCH, paths::SETTINGS, &owner, json!({"registration": "invited"})).await;
    let invite = json!({"role": "guest"});
    let made = server.call(Method::POST, paths::INVITATIONS, &owner, invite).await;
    let invitation = made["token"].as_str().unwrap();
    assert_eq!(register(&server, "dan@example.org", None).await.0, StatusCode::FORBIDDEN);
    let mut links = Vec::new();
    for name in ["dan", "eve"] {
        let email = format!("{name}@example.org");
        assert_eq!(register(&server, &email, Some(invitation)).await.0, StatusCode::ACCEPTED, "{name}");
        links.push(secret(&post.mail().await.unwrap(), "join"));
    }
    let dan = register_by(&server, "dan@example.org", &links[0]).await;
    assert_eq!(account(&server, &dan).await["role"], "guest");
    let body = json!({"email": "eve@example.org", "password": "correct horse", "invitation": links[1]});
    let (status, problem) = server.request(Method::POST, paths::REGISTER, None, body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")), "it was for one");
}
