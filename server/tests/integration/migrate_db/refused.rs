//! What is not moved, and what a person is told.

use std::process::{Command, Output};

use causerie_server::store::transfer::Table;
use causerie_server::store::{PostgresStore, SqliteStore, Store};
use causerie_testkit::database;
use sqlx::Connection as _;

use super::world::{World, serve};

/// The program, as a person runs it.
fn migrate(from: &str, to: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causerie"));
    command.env_clear().current_dir(std::env::temp_dir());
    command.args(["migrate-db", "--from", from, "--to", to]).output().unwrap()
}

fn refused(output: &Output, words: &[&str]) {
    let sentence = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success(), "{sentence}");
    assert!(sentence.starts_with("causerie: ") && sentence.lines().count() == 1, "{sentence:?}");
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in {sentence:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_says_what_it_moved_and_verified() {
    let world = World::new().await;
    let to = database().await.unwrap();
    for words in ["moved: start the server", "nothing was written"] {
        let output = migrate(&world.url(), &to);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{:?}", output.stderr);
        assert!(said.contains(words) && said.contains("verified: ") && said.contains("users"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_served_is_refused() {
    let world = World::new().await;
    let from = world.url();
    let server = serve(&from).await;
    refused(&migrate(&from, &database().await.unwrap()), &["in use", "stop the server"]);
    drop(server.stop().await);
    let to = database().await.unwrap();
    let server = serve(&to).await;
    refused(&migrate(&from, &to), &["--to", "in use", "stop every server"]);
    drop(server.stop().await);
    assert!(migrate(&from, &to).status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_with_another_installation_is_refused_and_left_alone() {
    let world = World::new().await;
    let to = database().await.unwrap();
    let other = PostgresStore::open(&to).await.unwrap();
    other.create_user("else@example.org", "Else", "hash").await.unwrap();
    other.close().await;
    refused(&migrate(&world.url(), &to), &["--to", "another installation", "empty"]);
    let other = PostgresStore::open(&to).await.unwrap();
    assert!(other.account("else@example.org").await.unwrap().is_some());
    assert!(other.account("alice@example.org").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_went_on_since_its_move_is_refused() {
    let world = World::new().await;
    let to = database().await.unwrap();
    world.move_to(&to).await;
    let gone_on = PostgresStore::open(&to).await.unwrap();
    gone_on.create_user("new@example.org", "New", "hash").await.unwrap();
    gone_on.close().await;
    refused(&migrate(&world.url(), &to), &["--to", "changed since"]);
}

#[tokio::test]
async fn a_log_with_a_gap_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("c.db").display());
    SqliteStore::open(&url).await.unwrap().close().await;
    let mut damage = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO chats (direct, head, created_at, updated_at) VALUES (0, 2, 1, 1);
         INSERT INTO events (chat_id, seq, kind, actor_id, at) VALUES (1, 2, 0, 1, 1)",
    )
    .execute(&mut damage)
    .await
    .unwrap();
    damage.close().await.unwrap();
    refused(&migrate(&url, &database().await.unwrap()), &["chat 1", "--from", "Nothing was moved"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_url_is_said_by_the_options_name() {
    let to = database().await.unwrap();
    for (from, to, words) in [
        ("sqlite:no-such-file.db", &*to, &["--from", "no-such-file.db"][..]),
        ("sqlite:no-such-file.db", "postgres://h", &["--to", "write postgres://"]),
        ("postgres://u@127.0.0.1:1/d", "sqlite:new.db", &["--from", "127.0.0.1:1"]),
        ("no url", &*to, &["--from", "sqlite:PATH"]),
        (&*to, &*to, &["--from", "--to", "same"]),
    ] {
        refused(&migrate(from, to), words);
    }
}

#[tokio::test]
async fn no_table_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("c.db").display());
    SqliteStore::open(&url).await.unwrap().close().await;
    let mut look = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlx_%' ORDER BY name",
    )
    .fetch_all(&mut look)
    .await
    .unwrap();
    // Refusals are for copies of messages that wait in a server that runs, and none does during a move.
    // The page's files are kept again by every server that starts.
    let others = ["meta", "page_files", "refusals"];
    // The index of the search is made again from the messages.
    let index = ["search", "search_changes", "search_config", "search_data", "search_idx", "search_state"];
    let mut moved: Vec<&str> = Table::ALL.map(Table::name).into_iter().chain(others).chain(index).collect();
    moved.sort_unstable();
    assert_eq!(tables, moved);
}
