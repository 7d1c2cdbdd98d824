//! Starting, serving and ending.

use causerie_protocol::paths;
use causerie_testkit::{LIMIT, Serving, eventually};
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::program::{causerie, folder_with, output};

#[tokio::test]
async fn help_explains_every_option() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["--help"][..], &["serve", "--help"], &["--version"]] {
        let output = output(&folder, args).await;
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}");
        assert!(!output.stdout.is_empty());
    }
    let help = String::from_utf8(output(&folder, &["serve", "--help"]).await.stdout).unwrap();
    for word in
        ["--bind", "--port", "--database-url", "--demo", "--allow-origin", "DATABASE_URL", "USE_REDIS"]
    {
        assert!(help.contains(word), "{word}");
    }
}

#[tokio::test]
async fn both_signals_end_it_in_good_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let serving = Serving::start(&mut causerie(&folder, &["serve", "-p", "0"])).await.unwrap();
        assert!(serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);
        let (status, log) = serving.end(signal).await.unwrap();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(folder.path().join("causerie.db").exists());
    }
}

#[tokio::test]
async fn a_demo_is_made_once_and_tells_how_to_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    for start in 1..=2 {
        let mut serving =
            Serving::start(&mut causerie(&folder, &["serve", "-p", "0", "--demo"])).await.unwrap();
        let invitation = serving.line().await.unwrap();
        let password = invitation.rsplit(' ').next().unwrap();
        let client = reqwest::Client::new();
        for email in ["ana@example.org", "ben@example.org"] {
            assert!(invitation.contains(email), "{invitation}");
            let login = client.post(format!("{}{}", serving.url, paths::LOGIN));
            let response = login.json(&json!({"email": email, "password": password})).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "start {start}");
            let signed_in: Value = response.json().await.unwrap();
            let chats = client.get(format!("{}{}", serving.url, paths::CHATS));
            let chats = chats.bearer_auth(signed_in["token"].as_str().unwrap()).send().await.unwrap();
            let chats: Value = chats.json().await.unwrap();
            assert_eq!(chats.as_array().unwrap().len(), 1, "start {start}");
            assert_eq!(chats[0]["head"], 4, "start {start}");
        }
        assert_eq!(serving.end(Signal::TERM).await.unwrap().0.code(), Some(0));
    }
}

#[tokio::test]
async fn env_is_read_and_an_option_wins_over_it() {
    let env =
        b"DATABASE_URL=sqlite:from-env.db\nCAUSERIE_PORT=1\nCAUSERIE_LOG_FORMAT=json\nUSE_REDIS=false\n";
    let folder = folder_with(".env", env);
    let serving = Serving::start(&mut causerie(&folder, &["serve", "--port", "0"])).await.unwrap();
    // A token where it should not be must not reach the log.
    let request = reqwest::Client::new().get(format!("{}/api/auth/me?token=sesame", serving.url));
    let response = request.header("authorization", "Bearer sesame").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let (status, log) = serving.end(Signal::TERM).await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(folder.path().join("from-env.db").exists());
    assert!(!log.contains("sesame"), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = lines.iter().find(|line| line["message"] == "answered").expect("requests are logged");
    assert_eq!(answered["status"], 401);
    assert_eq!(answered["span"]["path"], "/api/auth/me");
    assert!(answered["span"]["id"].is_string());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_not_as_a_success() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&mut causerie(&folder, &["serve", "-p", "0"])).await.unwrap();
    // A request that never becomes whole holds the drain up, once the server waits for its body.
    let host = serving.url.trim_start_matches("http://").to_owned();
    let mut stuck = std::net::TcpStream::connect(&host).unwrap();
    std::io::Write::write_all(
        &mut stuck,
        b"POST /api/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n",
    )
    .unwrap();
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut stuck, &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    serving.signal(Signal::INT).unwrap();
    let drains = async || serving.log().unwrap().contains("draining").then_some(());
    eventually("that it drains", LIMIT, drains).await.unwrap();
    assert_eq!(serving.end(Signal::INT).await.unwrap().0.code(), Some(130));
}
