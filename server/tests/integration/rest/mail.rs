//! Links to set a new password, by mail.

use causerie_protocol::paths;
use causerie_server::config::Smtp;
use causerie_testkit::LIMIT;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::common::server::{Person, TestServer};

/// A server for mails that takes everything (RFC 5321), one at a time.
pub(super) struct Post(TcpListener);

impl Post {
    pub(super) async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(super) fn smtp(&self) -> Smtp {
        let url = format!("smtp://{}", self.0.local_addr().unwrap());
        Smtp { url, from: "Causerie <chat@example.org>".to_owned() }
    }

    /// The next mail, as it came.
    pub(super) async fn mail(&self) -> String {
        let stream = timeout(LIMIT, self.0.accept()).await.expect("a mail comes").unwrap().0;
        timeout(LIMIT, take(stream)).await.expect("the mail is sent")
    }
}

async fn take(stream: TcpStream) -> String {
    let mut stream = BufReader::new(stream);
    let (mut mail, mut in_data) = (String::new(), false);
    stream.write_all(b"220 post\r\n").await.unwrap();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let answer = match line.trim_end() {
            "." if in_data => {
                stream.write_all(b"250 taken\r\n").await.unwrap();
                return mail;
            }
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            _ if in_data => {
                mail += &line;
                continue;
            }
            _ => "250 yes",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
}

async fn ask(server: &TestServer, email: &str) -> (StatusCode, Value) {
    let body = json!({"email": email, "language": "en"});
    server.request(Method::POST, paths::RESET, None, body).await
}

/// The text without the line ends of quoted-printable (RFC 2045, section 6.7).
pub(super) fn text(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("=3D", "=")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_gets_a_link_by_mail_and_the_answer_tells_nothing() {
    let post = Post::open().await;
    let smtp = post.smtp();
    let server = TestServer::start_with(|config| {
        config.smtp = Some(smtp);
        config.public_url = Some("https://chat.example.org".to_owned());
    })
    .await;
    server.register("alice").await;
    let (_, installation) = server.request(Method::GET, paths::INSTALLATION, None, Value::Null).await;
    assert_eq!(installation["mail"], true);
    let unknown = ask(&server, "nobody@example.org").await;
    assert_eq!(unknown.0, StatusCode::ACCEPTED);
    assert_eq!(ask(&server, "ALICE@example.org").await, unknown);
    let mail = text(&post.mail().await);
    assert!(mail.contains("To: alice@example.org") && mail.contains("From: Causerie"), "{mail}");
    let (_, after) = mail.split_once("https://chat.example.org/#reset=").expect("there is a link");
    let secret: String = after.chars().take_while(|char| !char.is_whitespace()).collect();
    let body = json!({"token": secret, "password": "better horse"});
    let (status, _) = server.request(Method::POST, paths::RESET_PASSWORD, None, body).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}

/// The secret of the link that a mail holds, after this mark in the page's address.
pub(super) fn secret(mail: &str, mark: &str) -> String {
    let (_, after) = mail.split_once(&format!("https://chat.example.org/#{mark}=")).expect("there is a link");
    after.chars().take_while(|char| !char.is_whitespace()).collect()
}

pub(super) async fn with_mail(post: &Post) -> TestServer {
    let smtp = post.smtp();
    TestServer::start_with(|config| {
        config.smtp = Some(smtp);
        config.public_url = Some("https://chat.example.org".to_owned());
    })
    .await
}

async fn account(server: &TestServer, who: &Person) -> Value {
    server.call(Method::GET, paths::ACCOUNT, who, Value::Null).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_address_counts_once_its_link_is_confirmed_and_the_old_one_is_told() {
    let post = Post::open().await;
    let server = with_mail(&post).await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let change = async |email: &str| {
        let body = json!({"email": email, "current_password": "correct horse", "language": "vi"});
        server.call(Method::PATCH, paths::ACCOUNT, &alice, body).await
    };
    let unchanged = account(&server, &alice).await;
    assert_eq!(change("new@example.org").await, unchanged);
    let mail = text(&post.mail().await);
    assert!(mail.contains("To: new@example.org"), "{mail}");
    let first = secret(&mail, "email");
    // Another account's address gets the same answer, and only who reads its mails learns of it.
    assert_eq!(change("BOB@example.org").await, unchanged);
    let mail = text(&post.mail().await);
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
    let mail = text(&post.mail().await);
    assert!(mail.contains("To: alice@example.org") && !mail.contains("new@example.org"), "{mail}");
    let (status, problem) = confirm(&first).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")), "it works once");
    assert_eq!(account(&server, &bob).await["email"], "bob@example.org");

    // A newer link, and another password, are the end of older ones.
    change("one@example.org").await;
    let one = secret(&text(&post.mail().await), "email");
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
    let smtp = Post::open().await.smtp();
    let server = TestServer::start_with(|config| {
        config.smtp = Some(smtp);
        config.public_url = Some("https://chat.example.org".to_owned());
    })
    .await;
    server.register("alice").await;
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
