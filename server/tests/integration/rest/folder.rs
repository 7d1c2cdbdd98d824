//! A server in a folder of a site, asked with the folder's path and without it, as a proxy passes it on or takes it away.

use causerie_protocol::paths;
use causerie_server::config::Config;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::common::server::TestServer;

fn in_folder(config: &mut Config) {
    config.base_path = "/chat".to_owned();
}

#[tokio::test]
async fn every_address_works_below_the_folder_and_without_it() {
    let server = TestServer::start_with(in_folder).await;
    let alice = server.register("alice").await;
    for before in ["", "/chat"] {
        for (path, status) in [
            (paths::HEALTH, StatusCode::OK),
            (paths::READY, StatusCode::OK),
            ("/metrics", StatusCode::OK),
            (paths::ME, StatusCode::OK),
            (paths::DOCTOR, StatusCode::OK),
            ("/", StatusCode::OK),
            ("/chats/7", StatusCode::OK),
            (paths::TESTER, StatusCode::OK),
            ("/api/nothing/", StatusCode::NOT_FOUND),
            (paths::SOCKET, StatusCode::UPGRADE_REQUIRED),
        ] {
            let url = server.url(&format!("{before}{path}"));
            let answer = server.client.get(&url).bearer_auth(&alice.token).send().await.unwrap();
            assert_eq!(answer.status(), status, "{url}");
        }
        let mut socket = server.socket(&alice.token, &format!("{before}{}", paths::SOCKET)).await;
        socket.welcome().await;
    }
    for other in ["/chatter/healthz", "/chat/chat/healthz/x.js"] {
        let answer = server.client.get(server.url(other)).send().await.unwrap();
        assert_ne!(answer.text().await.unwrap(), "ok", "{other}");
    }
}

#[tokio::test]
async fn links_in_answers_lead_below_the_folder() {
    let server = TestServer::start_with(in_folder).await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for text in ["one", "two", "three"] {
        let path = paths::messages(chat);
        server.request(Method::POST, &path, Some(&alice.token), json!({"content": text})).await;
    }
    let mut url = server.url(&format!("/chat{}?limit=1", paths::messages(chat)));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = server.client.get(&url).bearer_auth(&alice.token).send().await.unwrap();
        let link = answer.headers().get(header::LINK).map(|link| link.to_str().unwrap().to_owned());
        let page: Value = answer.json().await.unwrap();
        seen.push(page[0]["content"].as_str().unwrap().to_owned());
        let Some(link) = link else { break };
        let path = link.trim_start_matches('<').split('>').next().unwrap();
        assert!(path.starts_with("/chat/api/"), "{link}");
        url = server.url(path);
    }
    assert_eq!(seen, ["three", "two", "one"]);
}

#[tokio::test]
async fn the_document_says_where_it_is_and_is_known_by_it() {
    let top = TestServer::start().await;
    let below = TestServer::start_with(in_folder).await;
    let get = async |server: &TestServer, path: &str| {
        let answer = server.client.get(server.url(path)).send().await.unwrap();
        let tag = answer.headers()[header::ETAG].clone();
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("base-uri 'self'"), "{policy}");
        (answer.text().await.unwrap(), tag)
    };
    let (html, tag) = get(&top, "/chats/7").await;
    assert!(html.contains("<base href=\"/\">"), "{html}");
    for path in ["/chat/chats/7", "/chats/7", "/chat", "/chat/"] {
        let (html, other) = get(&below, path).await;
        assert!(html.contains("<base href=\"/chat/\">"), "{path}: {html}");
        assert_ne!(other, tag, "{path}: a browser would keep the document of the other");
    }
}
