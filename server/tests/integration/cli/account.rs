//! `causerie account`, beside a server and without one, and the link to the owner's account.

use std::process::{Output, Stdio};

use causerie_protocol::paths;
use causerie_testkit::Serving;
use futures_util::StreamExt;
use reqwest::{Client, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message as Ws;

use crate::common::program::{causerie, output};

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn account(folder: &TempDir, args: &[&str]) -> Output {
    output(folder, &[&["account"], args].concat()).await
}

async fn post(serving: &Serving, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = Client::new().post(format!("{}{path}", serving.url)).json(&body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or(Value::Null))
}

async fn log_in(serving: &Serving, email: &str, password: &str) -> (StatusCode, Value) {
    post(serving, paths::LOGIN, json!({"email": email, "password": password})).await
}

#[tokio::test]
async fn a_start_without_an_owner_prints_a_link_by_which_one_person_becomes_it() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |args: &[&str]| {
        let mut command = causerie(&folder, &[&["serve", "-p", "0"], args].concat());
        command.env_remove("CAUSERIE_REGISTRATION");
        command
    };
    let mut serving =
        Serving::start(&mut serve(&["--public-url", "https://chat.example.org/c/"])).await.unwrap();
    let line = serving.line().await.unwrap();
    let link = line.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
    let secret = link.strip_prefix("https://chat.example.org/c/#join=").expect("it is a fragment").to_owned();
    let join = async |email: &str| {
        let body = json!({"email": email, "password": "correct horse", "invitation": secret});
        post(&serving, paths::REGISTER, body).await
    };
    let body = json!({"email": "eve@example.org", "password": "correct horse"});
    assert_eq!(
        post(&serving, paths::REGISTER, body).await.0,
        StatusCode::FORBIDDEN,
        "nobody is first by chance"
    );
    let (status, owner) = join("ana@example.org").await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(join("eve@example.org").await.0, StatusCode::FORBIDDEN);
    let me = Client::new().get(format!("{}{}", serving.url, paths::ACCOUNT));
    let me: Value =
        me.bearer_auth(owner["token"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
    assert_eq!(me["role"], "owner");
    let (_, log) = serving.end(Signal::TERM).await.unwrap();
    assert!(!log.contains(&secret), "{log}");
    // With an owner there is nothing to print.
    let again = Serving::start(&mut serve(&[])).await.unwrap();
    let listed = text(&account(&folder, &["list"]).await);
    assert!(listed.contains("owner") && listed.contains("ana@example.org"), "{listed}");
    drop(again);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_beside_the_server_ends_the_sockets_of_somebody() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&mut causerie(&folder, &["serve", "-p", "0"])).await.unwrap();
    for name in ["ana", "ben"] {
        let body = json!({"email": format!("{name}@example.org"), "password": "correct horse"});
        assert_eq!(post(&serving, paths::REGISTER, body).await.0, StatusCode::CREATED);
    }
    let (_, ben) = log_in(&serving, "ben@example.org", "correct horse").await;
    let address = serving.address().unwrap();
    let request =
        causerie_testkit::socket::page_request(address, paths::SOCKET, ben["token"].as_str().unwrap())
            .unwrap();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = causerie_testkit::socket::open(stream, request).await.unwrap();
    assert!(text(&account(&folder, &["suspend", "BEN@example.org"]).await).contains("suspended"));
    let closed = async {
        loop {
            if let Some(Ok(Ws::Close(Some(frame)))) = socket.next().await {
                return u16::from(frame.code);
            }
        }
    };
    assert_eq!(tokio::time::timeout(causerie_testkit::LIMIT, closed).await.unwrap(), 4004);
    assert_eq!(log_in(&serving, "ben@example.org", "correct horse").await.0, StatusCode::UNAUTHORIZED);
    text(&account(&folder, &["suspend", "--lift", "2"]).await);
    assert_eq!(log_in(&serving, "ben@example.org", "correct horse").await.0, StatusCode::OK);

    let link = text(
        &account(&folder, &["reset", "ben@example.org", "--public-url", "https://chat.example.org"]).await,
    );
    let secret = link.lines().next().unwrap().strip_prefix("https://chat.example.org/#reset=").unwrap();
    let body = json!({"token": secret, "password": "better horse"});
    assert_eq!(post(&serving, paths::RESET_PASSWORD, body).await.0, StatusCode::NO_CONTENT);
    assert_eq!(log_in(&serving, "ben@example.org", "better horse").await.0, StatusCode::OK);

    assert!(text(&account(&folder, &["role", "ben@example.org", "moderator"]).await).contains("moderator"));
    let invited = text(&account(&folder, &["invite", "--role", "guest", "--uses", "2"]).await);
    // Without a word about where the page is, links begin with the address of the server that runs.
    let join = format!("{}/#join=", serving.url);
    let secret = invited.lines().next().unwrap().strip_prefix(&join).unwrap();
    let body = json!({"email": "gus@example.org", "password": "correct horse", "invitation": secret});
    assert_eq!(post(&serving, paths::REGISTER, body).await.0, StatusCode::CREATED);
    let listed = text(&account(&folder, &["invitations"]).await);
    assert!(listed.contains("guest") && listed.contains("1/2"), "{listed}");
    let number = listed.split_whitespace().next().unwrap();
    text(&account(&folder, &["revoke", number]).await);
    assert!(text(&account(&folder, &["invitations"]).await).contains("revoked"));
    assert!(refused(&account(&folder, &["invite", "--role", "owner"]).await).contains("--owner"));
    let told = text(&account(&folder, &["audit", "--limit", "2"]).await);
    assert!(told.lines().count() == 2 && told.contains("invitation_revoked"), "{told}");
    assert!(refused(&account(&folder, &["role", "ana@example.org", "guest"]).await).contains("only owner"));
    assert!(refused(&account(&folder, &["delete", "ben@example.org"]).await).contains("--yes"));
    assert!(refused(&account(&folder, &["delete", "ana@example.org"]).await).contains("only owner"));
    assert!(
        text(&account(&folder, &["remove-second-factor", "ben@example.org"]).await)
            .contains("ben@example.org")
    );
    text(&account(&folder, &["delete", "--yes", "ben@example.org"]).await);
    assert_eq!(log_in(&serving, "ben@example.org", "better horse").await.0, StatusCode::UNAUTHORIZED);
    assert!(refused(&account(&folder, &["suspend", "nobody@example.org"]).await).contains("account list"));
}

#[tokio::test]
async fn an_owner_is_made_before_the_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut create =
        causerie(&folder, &["account", "create", "ana@example.org", "--owner", "--password-stdin"]);
    let mut create = create.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    create.stdin.take().unwrap().write_all(b"correct horse\n").await.unwrap();
    assert!(text(&create.wait_with_output().await.unwrap()).contains("owner"));
    let other = text(&account(&folder, &["create", "ben@example.org", "--name", "Ben B"]).await);
    assert!(other.contains("Ben B") && other.contains("/#reset="), "{other}");
    assert!(refused(&account(&folder, &["create", "ANA@example.org"]).await).contains("already"));
    let mut serve = causerie(&folder, &["serve", "-p", "0"]);
    let serving = Serving::start(serve.env_remove("CAUSERIE_REGISTRATION")).await.unwrap();
    assert_eq!(log_in(&serving, "ana@example.org", "correct horse").await.0, StatusCode::OK);
    let body = json!({"email": "eve@example.org", "password": "correct horse"});
    assert_eq!(post(&serving, paths::REGISTER, body).await.0, StatusCode::FORBIDDEN);
}
