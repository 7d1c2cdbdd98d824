//! After the move nobody notices anything.

use std::sync::{Arc, Mutex};

use causerie_protocol::{Event, Seq, ServerFrame, paths};
use causerie_server::store::transfer::{Progress, Step, Table, transfer};
use causerie_testkit::{LIMIT, database, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Connection as _;
use tokio::sync::Notify;

use super::world::{MESSAGES, World, chats, serve, trip};
use crate::common::server::TestServer;

/// Checks what a person relies on, on a server over the moved database.
async fn nothing_changed(world: &World, server: &TestServer) {
    let World { alice, bob, pair, head, .. } = world;
    let (pair, head) = (*pair, *head);
    // Old tokens work, and a revoked one stays revoked.
    assert_eq!(chats(server, bob).await, world.chats);
    let (status, _) =
        server.request(Method::GET, paths::ME, Some(&world.signed_out.token), Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    // The password is the same.
    server.login(alice).await;
    assert_eq!(server.history(alice, pair).await, world.history);
    assert_eq!(server.history(alice, world.group).await, world.group_history);
    // A client resumes with its old position and epoch.
    let mut socket = server.many(bob).await;
    let after = Seq(head.0 - 3);
    socket.subscribe(pair, Some(after), Some(&world.epoch)).await;
    let subscribed = socket.subscribed().await;
    assert!(!subscribed.reset && subscribed.head == head, "{subscribed:?}");
    for seq in after.0 + 1..=head.0 {
        assert_eq!(socket.message().await.seq, Seq(seq));
    }
    // A message that was sent before the move and whose ack got lost is recognised.
    let mut sender = server.one(alice, pair).await;
    sender.say(pair, &format!("message {MESSAGES} ☔\0"), &format!("m-{MESSAGES}")).await;
    let again = sender.ack().await;
    assert!(again.duplicate && again.seq == Seq(MESSAGES), "{again:?}");
    // Positions and ids go on, and the ids of what was deleted are not given again.
    let last_id = world.history.iter().map(|message| message.id).max().unwrap();
    sender.say(pair, "after the move", "a-1").await;
    let new = sender.ack().await;
    assert!(new.seq == head.next() && new.id > last_id && !new.duplicate, "{new:?}");
    let heard = socket
        .until(|frame| match frame {
            ServerFrame::Event(Event::Message(message)) => Some(message),
            _ => None,
        })
        .await;
    assert_eq!(heard.content, "after the move");
    let carol = server.register("carol").await;
    assert!(carol.user.id > bob.user.id);
    let chat = server.start_group(&carol, &[alice]).await;
    assert!(chat > world.deleted, "{chat} was given before");
    let body = json!({"participants": [bob.email()]});
    let (status, same) = server.request(Method::POST, paths::CHATS, Some(&alice.token), body).await;
    assert_eq!((status, &same["id"]), (StatusCode::OK, &json!(pair)), "the pair has its chat still");
    // A request for a chat whose answer got lost before the move is recognised.
    let (status, same) = server.request(Method::POST, paths::CHATS, Some(&alice.token), trip(bob)).await;
    assert_eq!((status, &same["id"]), (StatusCode::OK, &json!(world.trip)));
    // The index of the search is made again.
    let search = async || {
        let found =
            server.call(Method::POST, paths::SEARCH, bob, json!({"query": MESSAGES.to_string()})).await;
        (found["hits"].as_array().unwrap().len() == 1).then_some(())
    };
    eventually("a message from before the move is found", LIMIT, search).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgres_nobody_notices() {
    let world = World::new().await;
    let url = database().await.unwrap();
    let report = world.move_to(&url).await;
    assert!(!report.was_there);
    let rows: Vec<_> = report.rows.iter().map(|(table, rows)| (table.name(), *rows)).collect();
    // The log holds the messages, the answer, and in the group two messages, an edit, two reactions and a deletion.
    let events = MESSAGES + 1 + 6;
    assert_eq!(
        rows,
        [
            ("users", 2),
            ("tokens", 3),
            ("chats", 3),
            ("participants", 6),
            ("events", events),
            ("reactions", 2),
            ("created_chats", 1),
            ("links", 1),
            ("asks", 0),
            ("audit", 3),
            ("partings", 0),
            ("removed_copies", 0),
            ("reports", 1),
            ("reported_messages", 1),
            ("second_factors", 1)
        ]
    );
    let again = world.move_to(&url).await;
    assert!(again.was_there && again.rows == report.rows, "a repeat only compares");
    nothing_changed(&world, &serve(&url).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_back_to_a_new_file() {
    let world = World::new().await;
    let url = database().await.unwrap();
    world.move_to(&url).await;
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("new.db").display());
    transfer(&url, &file, &mut |_| {}).await.unwrap();
    nothing_changed(&world, &serve(&file).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_broken_off_leaves_nothing_and_the_next_one_moves_all() {
    let world = World::new().await;
    let url = database().await.unwrap();
    let deep_in = Arc::new(Notify::new());
    let reached = deep_in.clone();
    let from = world.url();
    let mut watch = |progress: Progress| {
        if progress.table == Table::Events && progress.step == Step::Copying && progress.done > 0 {
            deep_in.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = reached.notified() => {}
        _ = transfer(&from, &url, &mut watch) => panic!("it ran to its end"),
    }
    let mut look = sqlx::PgConnection::connect(&url).await.unwrap();
    // Waits until the server has undone what the broken connection had begun.
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut look).await.unwrap();
    assert_eq!(left, 0);
    look.close().await.unwrap();
    assert!(!world.move_to(&url).await.was_there);
    nothing_changed(&world, &serve(&url).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_told_for_each_table_up_to_its_end() {
    let world = World::new().await;
    let told = Mutex::new(Vec::new());
    let mut note = |progress: Progress| told.lock().unwrap().push(progress);
    transfer(&world.url(), &database().await.unwrap(), &mut note).await.unwrap();
    let told = told.into_inner().unwrap();
    for step in [Step::Copying, Step::Comparing] {
        for table in Table::ALL {
            let of_table: Vec<_> =
                told.iter().filter(|progress| (progress.table, progress.step) == (table, step)).collect();
            assert_eq!(of_table.first().unwrap().done, 0);
            let last = of_table.last().unwrap();
            assert_eq!(last.done, last.total, "{step:?} {table}");
        }
    }
}
