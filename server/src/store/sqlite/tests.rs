//! What the store says of a database that it can't use, and that a write that fails loses nothing.

use causerie_protocol::{ChatId, MessageText, Seq, UserId};
use sqlx::Connection as _;

use super::*;
use crate::store::{Append, Appended, Change, Created, NewChat, Store};

async fn open(folder: &tempfile::TempDir) -> (SqliteStore, String) {
    let url = format!("sqlite:{}", folder.path().join("c.db").display());
    (SqliteStore::open(&url).await.unwrap(), url)
}

/// Two people and their chat.
async fn pair(store: &SqliteStore) -> (UserId, ChatId) {
    let mut users = Vec::new();
    for email in ["ana@example.org", "ben@example.org"] {
        users.push(store.create_user(email, "name", "hash").await.unwrap().unwrap().id);
    }
    let chat = NewChat {
        creator: users[0],
        participants: users.clone(),
        title: None,
        direct: true,
        client_id: None,
    };
    let Created::New(chat) = store.create_chat(chat).await.unwrap() else { panic!("the pair had a chat") };
    (users[0], chat)
}

fn say(actor: UserId, chat: ChatId, text: &str) -> [Append; 1] {
    let change = Change::Message { text: MessageText::new(text).unwrap(), client_id: None };
    [Append { actor, chat, change }]
}

/// The position of a message that was stored.
async fn stored(store: &SqliteStore, append: &[Append]) -> Seq {
    match &store.append(append).await.unwrap()[0] {
        Ok(Appended::Event(event)) => event.seq(),
        other => panic!("not stored: {other:?}"),
    }
}

#[tokio::test]
async fn a_database_that_cant_be_used_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    std::fs::write(folder.path().join("text.db"), "this is a letter, not a database".repeat(64)).unwrap();
    for (url, named) in [
        (at("text.db"), "is not a SQLite database"),
        (at("missing/x.db"), "does not exist"),
        (format!("sqlite:{}", folder.path().display()), "is a folder"),
    ] {
        let Err(StoreError::Unusable(sentence)) = SqliteStore::open(&url).await else {
            panic!("{url} opened")
        };
        assert!(sentence.contains(named), "{sentence}");
        assert!(sentence.contains("DATABASE_URL"), "{sentence}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("c.db").display());
    let store = SqliteStore::open(&url).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', 1, x'00', 0)",
    )
    .execute(&store.writer)
    .await
    .unwrap();
    store.close().await;
    drop(store);
    let Err(StoreError::Unusable(sentence)) = SqliteStore::open(&url).await else { panic!("opened") };
    assert!(sentence.contains("newer version"), "{sentence}");
}

#[tokio::test]
async fn a_full_disk_refuses_for_now_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let (ana, chat) = pair(&store).await;
    assert_eq!(stored(&store, &say(ana, chat, "before")).await, Seq(1));
    let limit = async |pages: &'static str| {
        sqlx::raw_sql(pages).execute(&store.writer).await.unwrap();
    };
    // SQLite answers as for a full disk when the file may not grow.
    limit("PRAGMA max_page_count = 1").await;
    let long = "x".repeat(16_000);
    let mut stored_before = 1;
    let refused = loop {
        match store.append(&say(ana, chat, &long)).await {
            Ok(_) => stored_before += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    let position = store.position(ana, chat).await.unwrap().unwrap();
    assert_eq!(position.head, Seq(stored_before), "a refused message leaves no trace");
    limit("PRAGMA max_page_count = 1000000").await;
    assert_eq!(stored(&store, &say(ana, chat, "after")).await, Seq(stored_before + 1));
}

#[tokio::test]
async fn a_locked_database_refuses_for_now_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, url) = open(&folder).await;
    let (ana, chat) = pair(&store).await;
    sqlx::raw_sql("PRAGMA busy_timeout = 1").execute(&store.writer).await.unwrap();
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = store.append(&say(ana, chat, "now")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(stored(&store, &say(ana, chat, "later")).await, Seq(1));
}

#[tokio::test]
async fn what_was_refused_long_ago_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let (_, chat) = pair(&store).await;
    let stranger = store.create_user("cleo@example.org", "name", "hash").await.unwrap().unwrap().id;
    let refuse = async |name: &str| {
        let client_id = Some(causerie_protocol::ClientId::new(name).unwrap());
        let change = Change::Message { text: MessageText::new("a").unwrap(), client_id };
        store.append(&[Append { actor: stranger, chat, change }]).await.unwrap().remove(0).unwrap_err();
    };
    let kept = async || -> Vec<String> {
        let names = sqlx::query_scalar("SELECT client_id FROM refusals ORDER BY client_id");
        names.fetch_all(&store.readers).await.unwrap()
    };
    let age = async |name: &str, days: i64| {
        sqlx::query("UPDATE refusals SET at = at - $2 * 86400000000 WHERE client_id = $1")
            .bind(name)
            .bind(days)
            .execute(&store.writer)
            .await
            .unwrap();
    };
    for name in ["m-1", "m-2"] {
        refuse(name).await;
    }
    age("m-1", causerie_protocol::limits::REFUSED_DAYS + 1).await;
    age("m-2", causerie_protocol::limits::REFUSED_DAYS - 1).await;
    refuse("m-3").await;
    assert_eq!(kept().await, ["m-2", "m-3"]);
}
