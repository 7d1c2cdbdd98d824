//! The page's answers, with files made up for the purpose.

use axum::http::HeaderName;

use super::*;

const PLAIN: &[u8] = b"console.log(1);console.log(1);console.log(1);console.log(1);";

fn files() -> [File; 2] {
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &PLAIN[..], &mut packed, &Default::default()).unwrap();
    let script = File {
        path: "app-0123456789abcdef.js".to_owned(),
        content_type: "text/javascript".to_owned(),
        hash: "cafe".to_owned(),
        hashed: true,
        compressed: true,
        content: packed.into(),
        uncompressed: OnceLock::new(),
    };
    let index = File {
        path: INDEX.to_owned(),
        content_type: "text/html; charset=utf-8".to_owned(),
        hash: "beef".to_owned(),
        hashed: false,
        compressed: false,
        content: Bytes::from_static(b"<!DOCTYPE html>"),
        uncompressed: OnceLock::new(),
    };
    [script, index]
}

fn headers<const N: usize>(pairs: [(HeaderName, &'static str); N]) -> HeaderMap {
    pairs.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

async fn body(response: Response) -> Bytes {
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()
}

#[tokio::test]
async fn a_hashed_file_is_kept_for_ever_and_comes_as_the_browser_takes_it() {
    let [script, _] = files();
    let response = script.answer(None, &headers([(header::ACCEPT_ENCODING, "gzip, deflate, br")]));
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript");
    assert_eq!(body(response).await, script.content);

    for refusing in [headers([]), headers([(header::ACCEPT_ENCODING, "gzip, br;q=0")])] {
        let response = script.answer(None, &refusing);
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(body(response).await, PLAIN);
    }
}

#[tokio::test]
async fn the_page_is_asked_for_anew_and_sent_only_when_it_changed() {
    let [_, index] = files();
    let response = index.answer(None, &HeaderMap::new());
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
    assert_eq!(response.headers()[header::ETAG], "W/\"beef\"");
    assert_eq!(body(response).await, "<!DOCTYPE html>");

    let response = index.answer(None, &headers([(header::IF_NONE_MATCH, "\"old\", W/\"beef\"")]));
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert!(body(response).await.is_empty());
    assert_eq!(index.answer(None, &headers([(header::IF_NONE_MATCH, "\"old\"")])).status(), StatusCode::OK);
}

#[test]
fn addresses_of_views_lead_to_the_page_and_missing_files_to_nothing() {
    let files = files();
    for path in ["/", "/chats/7", "/chats/7/", "/chats/7/57", "/chat-ws-test/", "/sign-in"] {
        assert_eq!(find(&files, path).unwrap().path, INDEX, "{path}");
    }
    assert!(find(&files, "/app-0123456789abcdef.js").is_some());
    for path in ["/app-old.js", "/favicon.ico", "/../Cargo.toml"] {
        assert!(find(&files, path).is_none(), "{path}");
    }
}

#[test]
fn the_policy_names_this_host_and_only_a_host() {
    let policy_for = |host| content_security_policy("/", &headers([(header::HOST, host)]), "");
    assert!(
        policy_for("127.0.0.1:8000").contains("connect-src 'self' ws://127.0.0.1:8000 wss://127.0.0.1:8000;")
    );
    assert!(policy_for("[::1]:8000").contains("ws://[::1]:8000"));
    assert!(policy_for("a; script-src *").contains("connect-src 'self';"));
    assert!(!policy_for("127.0.0.1").contains("unsafe-inline"));
}

#[test]
fn the_tester_alone_may_talk_to_other_servers() {
    let open = "connect-src 'self' http: https: ws: wss:;";
    for path in ["/chat-ws-test/", "/chat-ws-test", "chat-ws-test/"] {
        assert!(content_security_policy(path, &HeaderMap::new(), "").contains(open), "{path}");
    }
    for path in ["/", "/chats/7", "/index.html", "/chat-ws-test-not"] {
        assert!(
            content_security_policy(path, &HeaderMap::new(), "").contains("connect-src 'self';"),
            "{path}"
        );
    }
}
