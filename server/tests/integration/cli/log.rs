//! The log: every request has an id, and what is slow is told.

use causerie_protocol::paths;
use causerie_testkit::Serving;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::program::causerie;

#[tokio::test]
async fn an_answer_carries_the_id_of_its_line_and_slow_queries_are_told_without_what_they_were_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = causerie(&folder, &["serve", "-p", "0", "--log-format", "json"]);
    let serving = Serving::start(command.env("CAUSERIE_SLOW_QUERY_MS", "0")).await.unwrap();
    let register = reqwest::Client::new().post(format!("{}{}", serving.url, paths::REGISTER));
    let body = json!({"email": "sesame@example.org", "password": "open sesame", "name": "sesame"});
    let response = register.json(&body).send().await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(response.status(), 201);
    let token = response.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    let search = reqwest::Client::new().post(format!("{}{}", serving.url, paths::SEARCH)).bearer_auth(token);
    let response = search.json(&json!({"query": "sesame \"street"})).send().await.unwrap();
    assert_eq!(response.status(), 200);
    drop(response);
    let (_, log) = serving.end(Signal::TERM).await.unwrap();
    assert!(!log.contains("sesame"), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = lines.iter().find(|line| line["message"] == "answered" && line["status"] == 201).unwrap();
    assert_eq!(answered["span"]["id"], id.as_str());
    let slow =
        lines.iter().find(|line| line["message"] == "slow query" && line["operation"] == "create_user");
    let slow = slow.unwrap_or_else(|| panic!("{log}"));
    assert_eq!(slow["level"], "WARN");
    assert!(slow["milliseconds"].is_u64());
    // The line says which request it was.
    assert_eq!(slow["span"]["id"], id.as_str());
}
