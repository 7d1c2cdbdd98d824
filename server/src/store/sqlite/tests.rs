//! What the store says of a database that it can't use, and that a write that fails loses nothing.

use causerie_protocol::{ChatId, ClientId, Event, MessageId, MessageText, Seq, UserId};
use futures_util::FutureExt;
use sqlx::Connection as _;

use super::*;
use crate::store::{Change, Created, NewChat, Refused, Store};

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
        asks: false,
        unseen: false,
    };
    let Created::New(chat) = store.create_chat(chat).await.unwrap() else { panic!("the pair had a chat") };
    (users[0], chat)
}

/// Sets something of the connection that appends.
async fn set(store: &SqliteStore, pragma: &'static str) {
    let set = store.appender.run(move |writer| {
        let (connection, ..) = writer.connected().map_err(writer::into_sqlx)?;
        connection.execute_batch(pragma).map_err(writer::into_sqlx)
    });
    set.await.unwrap();
}

fn say(actor: UserId, chat: ChatId, text: &str) -> [Append; 1] {
    let change = Change::Message {
        text: MessageText::new(text).unwrap(),
        client_id: None,
        reply_to: None,
        plain: false,
    };
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
    let limit = async |pages: &'static str| set(&store, pages).await;
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
    set(&store, "PRAGMA busy_timeout = 1").await;
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
        let client_id = Some(ClientId::new(name).unwrap());
        let change =
            Change::Message { text: MessageText::new("a").unwrap(), client_id, reply_to: None, plain: false };
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

/// A message with the sender's own name for it.
fn named(actor: UserId, chat: ChatId, name: &str) -> Append {
    let client_id = Some(ClientId::new(name).unwrap());
    Append {
        actor,
        chat,
        change: Change::Message {
            text: MessageText::new("hello").unwrap(),
            client_id,
            reply_to: None,
            plain: false,
        },
    }
}

#[tokio::test]
async fn a_batch_sees_what_another_connection_committed_since_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let (ana, chat) = pair(&store).await;
    assert_eq!(stored(&store, &say(ana, chat, "before")).await, Seq(1));
    for change in [
        "UPDATE users SET name = 'another'",
        "UPDATE chats SET head = 6",
        "INSERT INTO events (id, chat_id, seq, kind, actor_id, at) VALUES (40, 1, 6, 0, 1, 0)",
    ] {
        sqlx::raw_sql(change).execute(&store.writer).await.unwrap();
    }
    let Ok(Appended::Event(Event::Message(message))) =
        store.append(&say(ana, chat, "a")).await.unwrap().remove(0)
    else {
        panic!("not stored")
    };
    assert_eq!((message.seq, message.id, &*message.sender.name), (Seq(7), MessageId(41), "another"));
    sqlx::raw_sql("UPDATE chats SET closed = 1").execute(&store.writer).await.unwrap();
    assert_eq!(store.append(&say(ana, chat, "b")).await.unwrap(), [Err(Refused::ChatClosed)]);
    store.delete_chat(ana, chat).await.unwrap().unwrap();
    assert_eq!(store.append(&say(ana, chat, "c")).await.unwrap(), [Err(Refused::NoSuchChat)]);
}

#[tokio::test]
async fn repeats_among_new_messages_are_found_and_the_new_ones_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let (ana, chat) = pair(&store).await;
    let first = store.append(&[named(ana, chat, "m-1")]).await.unwrap().remove(0);
    let Ok(Appended::Event(Event::Message(first))) = first else { panic!("not stored: {first:?}") };
    let batch = ["m-2", "m-1", "m-2", "m-3"].map(|name| named(ana, chat, name));
    let results = store.append(&batch).await.unwrap();
    let seqs: Vec<_> = results
        .iter()
        .map(|result| match result {
            Ok(Appended::Event(event)) => (event.seq(), false),
            Ok(Appended::Duplicate(message)) => (message.seq, true),
            other => panic!("neither stored nor a repeat: {other:?}"),
        })
        .collect();
    assert_eq!(seqs, [(Seq(2), false), (Seq(1), true), (Seq(2), true), (Seq(3), false)]);
    assert_eq!(results[1], Ok(Appended::Duplicate(first)));
}

#[tokio::test]
async fn reads_between_messages_are_clipped_to_the_head_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let (ana, chat) = pair(&store).await;
    let read = || Append { actor: ana, chat, change: Change::Read { seq: Seq(9) } };
    let batch = [read(), named(ana, chat, "m-1"), read(), named(ana, chat, "m-2"), read()];
    let results = store.append(&batch).await.unwrap();
    let reads: Vec<_> = results.into_iter().step_by(2).map(Result::unwrap).collect();
    let read = |seq, moved| Appended::Read { seq: Seq(seq), moved };
    assert_eq!(reads, [read(0, false), read(1, true), read(2, true)]);
}

#[tokio::test]
async fn an_append_that_nobody_waits_for_any_more_is_run_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let (ana, chat) = pair(&store).await;
    let batch = [named(ana, chat, "m-1")];
    assert!(store.append(&batch).now_or_never().is_none(), "it was done before it was handed over");
    assert_eq!(stored(&store, &[named(ana, chat, "m-2")]).await, Seq(2));
}

#[tokio::test]
async fn a_panic_on_the_thread_that_appends_costs_its_batch_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let (ana, chat) = pair(&store).await;
    let panicked = store.appender.run::<()>(|writer| {
        let (connection, ..) = writer.connected().map_err(writer::into_sqlx)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(writer::into_sqlx)?;
        panic!("in the middle of a transaction");
    });
    let panicked = classify(panicked.await.unwrap_err());
    assert!(matches!(panicked, StoreError::Unavailable(_)), "{panicked:?}");
    assert_eq!(stored(&store, &say(ana, chat, "after")).await, Seq(1));
}

#[tokio::test]
async fn room_in_the_write_ahead_log_is_made_in_advance_and_a_copy_of_the_files_has_every_message() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let (ana, chat) = pair(&store).await;
    let log = folder.path().join("c.db-wal");
    let length = || std::fs::metadata(&log).unwrap().len();
    stored(&store, &say(ana, chat, "first")).await;
    let with_room = length();
    assert!(with_room > 1 << 20, "there is room for more: {with_room}");
    let mut last = Seq(0);
    while length() == with_room {
        last = stored(&store, &say(ana, chat, "more")).await;
    }
    assert!(last > Seq(20), "most commits leave the file as long as it is: {last:?}");
    // SQLite cuts the log off, as after a checkpoint that says so.
    set(&store, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    stored(&store, &say(ana, chat, "room again")).await;
    last = stored(&store, &say(ana, chat, "the last")).await;
    assert!(length() >= 1 << 20, "there is room again: {}", length());

    // As they are on the disk after the process was killed.
    let copy = tempfile::tempdir().unwrap();
    for name in ["c.db", "c.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let (copied, _) = open(&copy).await;
    assert_eq!(stored(&copied, &say(ana, chat, "in the copy")).await, last.next());
}
