//! Links to set a new password, by mail.

use causerie_protocol::paths;
use causerie_server::config::Smtp;
use causerie_testkit::LIMIT;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::common::server::TestServer;

/// A server for mails that takes everything (RFC 5321), one at a time.
struct Post(TcpListener);

impl Post {
    async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn smtp(&self) -> Smtp {
        let url = format!("smtp://{}", self.0.local_addr().unwrap());
        Smtp { url, from: "Causerie <chat@example.org>".to_owned() }
    }

    /// The next mail, as it came.
    async fn mail(&self) -> String {
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
fn text(mail: &str) -> String {
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
