//! The page while one version of it follows another.

use causerie_server::config::Config;
use causerie_server::store::{PageFile, SqliteStore, Store};
use reqwest::{StatusCode, header};

use crate::common::page::node;
use crate::common::server::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_of_the_version_before_still_finds_its_files_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("causerie.db");
    let store = SqliteStore::open(&format!("sqlite:{}", database.display())).await.unwrap();
    keep_in(&store, 1).await;
    store.close().await;
    let client = reqwest::Client::new();
    let now = node(Config::new(&database), 2).await;
    let get = async |path: &str| client.get(format!("{now}/{path}")).send().await.unwrap();
    let old = get("page-0000000000000001.js").await;
    assert_eq!(old.status(), StatusCode::OK);
    assert_eq!(old.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(old.text().await.unwrap(), "version 1");
    assert_eq!(get("page-0000000000000002.js").await.text().await.unwrap(), "version 2");
    // Held in memory the second time.
    assert_eq!(get("page-0000000000000001.js").await.text().await.unwrap(), "version 1");
    for none in ["page-0000000000000003.js", "page-1.js", "a/page-0000000000000001.js"] {
        assert_eq!(get(none).await.status(), StatusCode::NOT_FOUND, "{none}");
    }
}

async fn keep_in(store: &SqliteStore, number: u32) {
    let file = PageFile {
        path: format!("page-{number:016x}.js"),
        content_type: "text/javascript; charset=utf-8".to_owned(),
        encoding: String::new(),
        content: format!("version {number}").into(),
    };
    store.keep_page_files(&[file]).await.unwrap();
}

#[tokio::test]
async fn what_can_be_no_file_of_the_page_is_not_looked_for() {
    let server = TestServer::start().await;
    let looks = async || {
        let text = server.client.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let count = "causerie_database_operation_seconds_count{operation=\"page_file\"} ";
        text.lines().find_map(|line| line.strip_prefix(count).map(str::to_owned)).unwrap_or_default()
    };
    let before = looks().await;
    let long = format!("/page-{}.js", "0".repeat(200));
    for path in ["/favicon.ico", "/wp-login.php", "/page-123.js", "/x/page-0123456789abcdef.js", &long] {
        let answer = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(looks().await, before);
    server.client.get(server.url("/page-0123456789abcdef.js")).send().await.unwrap();
    assert_ne!(looks().await, before, "the counter counts");
}
