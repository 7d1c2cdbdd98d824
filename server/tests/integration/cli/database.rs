//! The file of a SQLite database: who has it, who may read it, where it is, and how it is backed up and put back.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use causerie_protocol::paths;
use causerie_protocol::rest::Readiness;
use causerie_testkit::Serving;
use reqwest::{Client, StatusCode};
use rustix::process::Signal;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::process::Command;

use super::refusals::refused;
use crate::common::program::{causerie, folder_with, output, run};

async fn serve(folder: &TempDir) -> Serving {
    Serving::start(&mut causerie(folder, &["serve", "-p", "0"])).await.unwrap()
}

/// Makes an account.
async fn register(serving: &Serving, name: &str) -> StatusCode {
    let body = json!({"email": format!("{name}@example.org"), "password": "correct horse", "name": name});
    let request = Client::new().post(format!("{}{}", serving.url, paths::REGISTER)).json(&body);
    request.send().await.unwrap().status()
}

/// The value of a key in the table `meta`, of a database that nobody serves.
async fn meta(file: &Path, key: &str) -> Option<String> {
    let mut database = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    sqlx::query_scalar("SELECT value FROM meta WHERE key = $1")
        .bind(key)
        .fetch_optional(&mut database)
        .await
        .unwrap()
}

async fn said(folder: &TempDir, args: &[&str]) -> String {
    let output = output(folder, args).await;
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_second_server_names_the_one_that_has_the_file_under_whatever_name() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(&folder).await;
    let in_folder = |name: &str| folder.path().join(name);
    symlink("causerie.db", in_folder("link.db")).unwrap();
    fs::hard_link(in_folder("causerie.db"), in_folder("hard.db")).unwrap();
    let address = serving.url.trim_start_matches("http://").to_owned();
    let (pid, start) = (serving.pid().unwrap().to_string(), ["serve", "-p", "0", "--database-url"]);
    for name in ["causerie.db", "./causerie.db", "link.db"] {
        let url = format!("sqlite:{name}");
        let again = output(&folder, &[&start[..], &[&url]].concat()).await;
        refused(&again, &["in use", "stop the server", "DATABASE_URL", &pid, &address]);
    }
    refused(&output(&folder, &[&start[..], &["sqlite:hard.db"]].concat()).await, &["in use", &pid]);
    // Moved away while it is served, it is still the same database.
    fs::rename(in_folder("causerie.db"), in_folder("moved.db")).unwrap();
    refused(&output(&folder, &[&start[..], &["sqlite:moved.db"]].concat()).await, &["in use", &pid]);
    // And another file that takes its name is not this server's to share.
    refused(&output(&folder, &[&start[..], &["sqlite:causerie.db"]].concat()).await, &["in use", &pid]);
}

#[tokio::test]
async fn a_killed_server_leaves_the_file_free() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        serve(&folder).await.end(Signal::KILL).await.unwrap();
    }
}

#[tokio::test]
async fn a_start_says_where_the_accounts_are_and_how_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(folder.path()).unwrap().join("causerie.db");
    let serving = serve(&folder).await;
    for name in ["alice", "bob"] {
        assert!(register(&serving, name).await.is_success());
    }
    let line = |log: &str| {
        let shown = path.display().to_string();
        log.lines().find(|line| line.contains(&shown)).unwrap_or_else(|| panic!("{log}")).to_owned()
    };
    let made = line(&serving.end(Signal::TERM).await.unwrap().1);
    assert!(made.contains("a new database was made") && made.contains("accounts=0"), "{made}");
    let opened = line(&serve(&folder).await.end(Signal::TERM).await.unwrap().1);
    assert!(opened.contains("the database was opened") && opened.contains("accounts=2"), "{opened}");
}

#[tokio::test]
async fn only_its_owner_reads_a_database_whatever_the_mask_and_the_modes_before() {
    let folder = tempfile::tempdir().unwrap();
    let open_to_all = |folder: &TempDir, args: &[&str]| {
        let program = causerie(folder, args);
        let mut command = Command::new("/bin/sh");
        command.current_dir(folder.path()).env_clear().env("CAUSERIE_REGISTRATION", "open");
        command.args(["-c", "umask 0; exec \"$0\" \"$@\""]);
        command.arg(program.as_std().get_program()).args(args);
        command
    };
    let modes = || {
        let mut modes: Vec<(String, u32)> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap())
            .map(|file| {
                (
                    file.file_name().into_string().unwrap(),
                    file.metadata().unwrap().permissions().mode() & 0o777,
                )
            })
            .collect();
        modes.sort();
        modes
    };
    let all = |names: &[&str]| names.iter().map(|&name| (name.to_owned(), 0o600)).collect::<Vec<_>>();
    let files = ["causerie.db", "causerie.db-run", "causerie.db-shm", "causerie.db-wal"];
    let serving = Serving::start(&mut open_to_all(&folder, &["serve", "-p", "0"])).await.unwrap();
    assert!(register(&serving, "alice").await.is_success());
    assert_eq!(modes(), all(&files));
    serving.end(Signal::KILL).await.unwrap();
    for (name, _) in modes() {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o664)).unwrap();
    }
    let serving = Serving::start(&mut open_to_all(&folder, &["serve", "-p", "0"])).await.unwrap();
    assert!(register(&serving, "bob").await.is_success());
    assert_eq!(modes(), all(&files));
    assert!(run(&mut open_to_all(&folder, &["backup", "saved.db"])).await.status.success());
    serving.end(Signal::TERM).await.unwrap();
    assert!(run(&mut open_to_all(&folder, &["restore", "saved.db"])).await.status.success());
    assert!(modes().len() >= 4, "{:?}", modes());
    assert!(modes().iter().all(|(_, mode)| *mode == 0o600), "{:?}", modes());
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_noticed_and_takes_nothing_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(&folder).await;
    assert!(register(&serving, "alice").await.is_success());
    let ready = async || {
        let answer = reqwest::get(format!("{}{}", serving.url, paths::READY)).await.unwrap();
        (answer.status(), answer.json::<Readiness>().await.unwrap())
    };
    assert_eq!(ready().await.0, StatusCode::OK);
    let (file, away) = (folder.path().join("causerie.db"), folder.path().join("away.db"));
    fs::rename(&file, &away).unwrap();
    for replaced in [false, true] {
        if replaced {
            fs::copy(&away, &file).unwrap();
        }
        let (status, readiness) = ready().await;
        assert_eq!(
            (status, readiness.ready, readiness.database),
            (StatusCode::SERVICE_UNAVAILABLE, false, false)
        );
        let detail = readiness.detail.unwrap();
        assert!(detail.contains("moved, replaced or deleted") && !detail.contains('/'), "{detail}");
        assert_eq!(register(&serving, "bob").await, StatusCode::SERVICE_UNAVAILABLE);
    }
    fs::rename(&away, &file).unwrap();
    assert_eq!(ready().await.0, StatusCode::OK);
    assert!(register(&serving, "bob").await.is_success());
}

#[tokio::test]
async fn a_backup_of_a_served_database_is_put_back_under_a_new_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("causerie.db");
    let serving = serve(&folder).await;
    assert!(register(&serving, "alice").await.is_success());
    let told = said(&folder, &["backup", "saved.db"]).await;
    assert!(told.contains("verified") && told.contains("saved.db (1 accounts, 0 chats"), "{told}");
    refused(&output(&folder, &["backup", "saved.db"]).await, &["saved.db", "already", "name a new one"]);
    assert!(register(&serving, "bob").await.is_success());
    refused(&output(&folder, &["restore", "saved.db"]).await, &["in use", "stop the server"]);
    refused(&output(&folder, &["renew-epoch"]).await, &["in use", "stop the server"]);
    assert!(register(&serving, "carol").await.is_success(), "a refused restore disturbs nobody");
    serving.end(Signal::TERM).await.unwrap();

    let epoch = meta(&file, "epoch").await;
    let told = said(&folder, &["restore", "saved.db"]).await;
    assert!(told.contains("1 accounts") && told.contains("start the server"), "{told}");
    let restored = meta(&file, "epoch").await;
    assert!(restored.is_some() && restored != epoch);
    let kept = told.lines().find_map(|line| line.split_once("is kept as ")).unwrap().1;
    let mut old = SqliteConnection::connect(&format!("sqlite:{kept}")).await.unwrap();
    let accounts: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut old).await.unwrap();
    assert_eq!(accounts, 3);

    let serving = serve(&folder).await;
    assert!(register(&serving, "bob").await.is_success(), "that account came after the backup");
    serving.end(Signal::TERM).await.unwrap();
    assert_eq!(meta(&file, "epoch").await, restored, "one new epoch is enough");
    said(&folder, &["renew-epoch"]).await;
    assert_ne!(meta(&file, "epoch").await, restored);
}

#[tokio::test]
async fn a_restore_after_a_crash_keeps_what_was_only_in_the_log_of_the_old_database() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(&folder).await;
    said(&folder, &["backup", "saved.db"]).await;
    assert!(register(&serving, "alice").await.is_success());
    serving.end(Signal::KILL).await.unwrap();
    assert!(fs::metadata(folder.path().join("causerie.db-wal")).unwrap().len() > 0);
    let told = said(&folder, &["restore", "saved.db"]).await;
    let kept = told.lines().find_map(|line| line.split_once("is kept as ")).unwrap().1;
    let mut old = SqliteConnection::connect(&format!("sqlite:{kept}")).await.unwrap();
    let accounts: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut old).await.unwrap();
    assert_eq!(accounts, 1);
    let (_, log) = serve(&folder).await.end(Signal::TERM).await.unwrap();
    assert!(log.contains("accounts=0"), "{log}");
}

#[tokio::test]
async fn a_database_to_a_folder_without_one_is_a_restore_too() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let serving = serve(&folder).await;
    assert!(register(&serving, "alice").await.is_success());
    let saved = other.path().join("saved.db");
    said(&folder, &["backup", saved.to_str().unwrap()]).await;
    let told = said(&other, &["restore", "saved.db"]).await;
    assert!(told.contains("1 accounts") && !told.contains("is kept as"), "{told}");
    let (_, log) = serve(&other).await.end(Signal::TERM).await.unwrap();
    assert!(log.contains("accounts=1"), "{log}");
}

#[tokio::test]
async fn what_can_not_be_backed_up_or_put_back_is_named_and_nothing_is_changed() {
    let folder = folder_with("letter.db", &b"This is a letter, and not a database.".repeat(100));
    fs::write(folder.path().join("empty.db"), "").unwrap();
    let files = || fs::read_dir(&folder).unwrap().count();
    let before = files();
    for (args, words) in [
        (&["backup", "saved.db"][..], &["no database causerie.db", "--database-url"][..]),
        (&["backup"], &["FILE", "--help"]),
        (&["restore", "none.db"], &["no backup none.db"]),
        (&["restore", "letter.db"], &["letter.db is not a SQLite database"]),
        (&["restore", "empty.db"], &["empty.db is not a database of Causerie"]),
        (&["renew-epoch"], &["no database causerie.db"]),
        (&["backup", "x", "--database-url", "postgres://u:sesame@h/d"], &["pg_dump", "CONFIGURATION"]),
        (
            &["restore", "empty.db", "--database-url", "postgres://u:sesame@h/d"],
            &["pg_restore", "renew-epoch"],
        ),
        (&["backup", "letter.db", "--database-url", "sqlite:letter.db"], &["already"]),
        (
            &["backup", "saved.db", "--database-url", "sqlite:letter.db"],
            &["letter.db is not a SQLite database"],
        ),
    ] {
        refused(&output(&folder, args).await, words);
        assert_eq!(files(), before, "{args:?}");
    }
    let serving = serve(&folder).await;
    serving.end(Signal::TERM).await.unwrap();
    refused(&output(&folder, &["backup", "none/saved.db"]).await, &["folder", "none/saved.db"]);
    refused(&output(&folder, &["restore", "causerie.db"]).await, &["the database itself"]);
    let (_, log) = serve(&folder).await.end(Signal::TERM).await.unwrap();
    assert!(log.contains("the database was opened"), "{log}");
}

#[tokio::test]
async fn an_earlier_file_that_was_copied_over_the_database_gets_another_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("causerie.db"), folder.path().join("copy.db"));
    serve(&folder).await.end(Signal::TERM).await.unwrap();
    fs::copy(&file, &copy).unwrap();
    let first = meta(&file, "epoch").await;
    let (_, log) = serve(&folder).await.end(Signal::TERM).await.unwrap();
    assert!(!log.contains("its epoch was renewed"), "{log}");
    assert_eq!(meta(&file, "epoch").await, first);
    fs::copy(&copy, &file).unwrap();
    let (_, log) = serve(&folder).await.end(Signal::TERM).await.unwrap();
    assert!(log.contains("its epoch was renewed") && log.contains("WARN"), "{log}");
    assert_ne!(meta(&file, "epoch").await, first);
}

#[tokio::test]
async fn a_url_with_the_options_of_another_program_opens_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["sqlite:causerie.db?mode=rwc", "sqlite://causerie.db?mode=rw&cache=private"] {
        let serving =
            Serving::start(causerie(&folder, &["serve", "-p", "0"]).env("DATABASE_URL", url)).await.unwrap();
        serving.end(Signal::TERM).await.unwrap();
        assert!(folder.path().join("causerie.db").exists());
    }
    let options = ["serve", "-p", "0", "--database-url", "sqlite:causerie.db?mode=ro"];
    refused(&output(&folder, &options).await, &["DATABASE_URL", "only to be read"]);
}

#[tokio::test]
async fn the_commands_explain_themselves() {
    let folder = tempfile::tempdir().unwrap();
    for (command, word) in [("backup", "FILE"), ("restore", "new epoch"), ("renew-epoch", "pg_restore")] {
        let help = said(&folder, &[command, "--help"]).await.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(word) && help.contains("DATABASE_URL"), "{help}");
    }
}
