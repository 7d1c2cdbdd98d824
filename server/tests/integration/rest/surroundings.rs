//! What surrounds the API: slashes, health, headers, the page, and pages of other origins.

use causerie_protocol::paths;
use reqwest::{Method, StatusCode, header};
use serde_json::Value;

use crate::common::server::TestServer;

#[tokio::test]
async fn closing_slashes_may_be_left_out() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for path in [paths::ME, paths::TOKENS, paths::CHATS, &paths::chat(chat), &paths::messages(chat)] {
        let with = server.request(Method::GET, path, Some(&alice.token), Value::Null).await;
        let bare = path.trim_end_matches('/');
        let without = server.request(Method::GET, bare, Some(&alice.token), Value::Null).await;
        assert_eq!(with.0, StatusCode::OK, "{path}");
        assert_eq!(with, without, "{path}");
    }
}

#[tokio::test]
async fn health_is_a_word() {
    let server = TestServer::start().await;
    let response = server.client.get(server.url(paths::HEALTH)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.text().await.unwrap(), "ok");
}

#[tokio::test]
async fn every_answer_carries_the_protective_headers() {
    let server = TestServer::start().await;
    for path in ["/", "/healthz", "/api/chats/", "/api/nothing", "/ws/", "/missing.js"] {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer", "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert!(headers.contains_key(header::CACHE_CONTROL), "{path}");
        assert!(headers.contains_key("x-request-id"), "{path}");
    }
}

#[tokio::test]
async fn every_view_of_the_page_has_an_address() {
    let server = TestServer::start().await;
    for path in ["/", paths::TESTER, "/chat-ws-test", "/chats/7"] {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache", "{path}");
        let tag = response.headers()[header::ETAG].clone();
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/html"), "{path}: {kind}");
        assert!(response.text().await.unwrap().contains("<title>Causerie"), "{path}");
        let again = server.client.get(server.url(path)).header(header::IF_NONE_MATCH, tag);
        assert_eq!(again.send().await.unwrap().status(), StatusCode::NOT_MODIFIED, "{path}");
    }
    for path in ["/missing.js", "/api", "/api/", "/ws/nothing"] {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn only_listed_origins_may_use_the_api_from_elsewhere() {
    let allowed = "https://chat.example.org";
    let server = TestServer::start_with(|config| config.allowed_origins = vec![allowed.to_owned()]).await;
    let preflight = async |origin: &str| {
        let request = server.client.request(Method::OPTIONS, server.url(paths::CHATS));
        let request = request
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
        request.send().await.unwrap()
    };
    let response = preflight(allowed).await;
    assert!(response.status().is_success());
    let headers = response.headers();
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], allowed);
    let methods = headers[header::ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap();
    assert!(["GET", "POST", "PATCH", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
    let names = headers[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
    assert!(names.contains("authorization") && names.contains("content-type"), "{names}");
    let vary: Vec<_> = headers.get_all(header::VARY).iter().map(|value| value.to_str().unwrap()).collect();
    assert!(vary.join(",").to_lowercase().contains("origin"), "{vary:?}");

    for stranger in ["https://evil.example.org", "null", "http://chat.example.org"] {
        let response = preflight(stranger).await;
        assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{stranger}");
    }
    // An error is readable for the page too, or it could not say what is wrong.
    let request = server.client.get(server.url(paths::ME)).header(header::ORIGIN, allowed);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], allowed);
}
