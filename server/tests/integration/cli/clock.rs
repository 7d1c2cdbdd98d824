//! What a server wrote whose clock was wrong.

use causerie_protocol::{ChatId, paths};
use causerie_testkit::{Serving, process};
use reqwest::{Client, Method};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::program::causerie;

/// Signs in as a person of the demo, and gives what makes requests of theirs.
async fn ana(serving: &Serving, client: &Client) -> impl AsyncFn(Method, &str, Value) -> Value + use<> {
    let body = json!({"email": "ana@example.org", "password": "causerie-demo"});
    let response = client.post(format!("{}{}", serving.url, paths::LOGIN)).json(&body).send().await.unwrap();
    let token = response.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    let (client, url) = (client.clone(), serving.url.clone());
    async move |method, path: &str, body| {
        let request = client.request(method, format!("{url}{path}")).bearer_auth(&token);
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    }
}

#[tokio::test]
async fn a_clock_that_was_in_the_future_keeps_no_chat_on_top_of_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::new();
    let mut command = causerie(&folder, &["serve", "-p", "0", "--demo"]);
    command
        .env("LD_PRELOAD", process::faketime().unwrap())
        .env("FAKETIME", "+400d")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let ahead = Serving::start(&mut command).await.unwrap();
    let call = ana(&ahead, &client).await;
    let body = json!({"participants": ["ben@example.org"], "title": "Of the future"});
    let future = call(Method::POST, paths::CHATS, body).await;
    let id = ChatId(future["id"].as_i64().unwrap());
    call(Method::POST, &paths::messages(id), json!({"content": "Hello"})).await;
    ahead.end(Signal::TERM).await.unwrap();

    let serving = Serving::start(&mut causerie(&folder, &["serve", "-p", "0", "--demo"])).await.unwrap();
    let call = ana(&serving, &client).await;
    let body = json!({"participants": ["ben@example.org"], "title": "Of today"});
    let today = call(Method::POST, paths::CHATS, body).await;
    let list = async || call(Method::GET, paths::CHATS, Value::Null).await;
    let listed = list().await;
    let titles = |list: &Value| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|chat| chat["title"].clone()).collect()
    };
    assert_eq!(titles(&listed), [json!("Of today"), json!("Of the future"), Value::Null]);
    assert!(listed[1]["updated_at"].as_str() > listed[0]["updated_at"].as_str(), "the clock was ahead");
    let demo = ChatId(listed[2]["id"].as_i64().unwrap());
    call(Method::POST, &paths::messages(demo), json!({"content": "Hello"})).await;
    assert_eq!(titles(&list().await), [Value::Null, json!("Of today"), json!("Of the future")]);
    assert_eq!(today["title"], "Of today");
}
