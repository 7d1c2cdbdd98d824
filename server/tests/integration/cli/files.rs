//! A program whose limit of open files is low.

use std::net::TcpStream;

use causerie_protocol::paths;
use causerie_testkit::Serving;
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::json;
use tokio::process::Command;

#[tokio::test]
async fn more_silent_connections_than_files_leave_room_for_health_and_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 256 && exec \"$0\" serve -p 0", env!("CARGO_BIN_EXE_causerie")]);
    command.current_dir(folder.path()).env_clear().env("CAUSERIE_REGISTRATION", "open");
    let serving = Serving::start(&mut command).await.unwrap();
    let address = serving.url.strip_prefix("http://").unwrap();
    let silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(address).unwrap()).collect();
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    for _ in 0..20 {
        let response = client.get(format!("{}{}", serving.url, paths::HEALTH)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    let body = json!({"email": "alice@example.org", "password": "correct horse"});
    let response =
        client.post(format!("{}{}", serving.url, paths::REGISTER)).json(&body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    drop(silent);
    let (status, log) = serving.end(Signal::TERM).await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(!log.contains("ERROR"), "{log}");
}
