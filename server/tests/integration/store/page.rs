//! The files of the page, for nodes of other versions.

use bytes::Bytes;
use causerie_server::store::{PAGE_VERSIONS, PageFile};

use super::world::World;

/// The two files of a version: one of its own, and one that all share.
fn version(number: i64) -> [PageFile; 2] {
    let file = |path: String, content: Vec<u8>| PageFile {
        path,
        content_type: "text/javascript".to_owned(),
        encoding: "br".to_owned(),
        content: Bytes::from(content),
    };
    [file(format!("page-{number:016x}.js"), vec![0, 255, u8::try_from(number).unwrap()]), shared()]
}

fn shared() -> PageFile {
    PageFile {
        path: "style-0123456789abcdef.css".to_owned(),
        content_type: "text/css".to_owned(),
        encoding: String::new(),
        content: Bytes::from_static(b"p {}"),
    }
}

pub async fn the_files_of_the_last_versions_are_kept_and_older_ones_let_go(world: World) {
    let store = &world.store;
    assert_eq!(store.page_file(&version(1)[0].path).await.unwrap(), None);
    for number in 1..=PAGE_VERSIONS {
        store.keep_page_files(&version(number)).await.unwrap();
    }
    // Every node of a version keeps the same files, however often it starts.
    for _ in 0..=PAGE_VERSIONS {
        store.keep_page_files(&version(PAGE_VERSIONS)).await.unwrap();
    }
    for number in 1..=PAGE_VERSIONS {
        for file in version(number) {
            assert_eq!(store.page_file(&file.path).await.unwrap(), Some(file));
        }
    }
    store.keep_page_files(&version(PAGE_VERSIONS + 1)).await.unwrap();
    assert_eq!(store.page_file(&version(1)[0].path).await.unwrap(), None);
    assert_eq!(store.page_file(&version(2)[0].path).await.unwrap(), Some(version(2)[0].clone()));
    assert_eq!(store.page_file(&shared().path).await.unwrap(), Some(shared()));
}

pub async fn nodes_of_two_versions_that_start_at_once_both_keep_their_files(world: World) {
    let (one, other) = (version(1), version(2));
    let (first, second) =
        tokio::join!(world.store.keep_page_files(&one), world.store.keep_page_files(&other));
    first.unwrap();
    second.unwrap();
    for file in one.into_iter().chain(other) {
        assert_eq!(world.store.page_file(&file.path).await.unwrap(), Some(file));
    }
}
