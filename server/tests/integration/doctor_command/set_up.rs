//! The set-up in a folder: what `causerie serve` would meet there.

use std::fs;
use std::net::TcpListener;

use causerie_testkit::{Redis, ReservedPort, Serving, database};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use super::looked::{Looked, look, program};
use crate::common::program::{causerie, folder_with};

/// Looks at a folder's set-up, at a free port unless `.env` names one.
async fn set_up(folder: &TempDir, env: &[(&str, &str)]) -> Looked {
    let mut command = causerie(folder, &["doctor", "--json"]);
    let port = ReservedPort::new().unwrap();
    command.env("CAUSERIE_PORT", port.number().to_string()).envs(env.iter().copied());
    look(command, &[]).await
}

#[tokio::test]
async fn an_empty_folder_is_all_that_is_needed_and_nothing_is_made_in_it() {
    let folder = tempfile::tempdir().unwrap();
    set_up(&folder, &[]).await.found("all_well");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[tokio::test]
async fn the_set_up_of_a_server_that_runs_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["chat.example.org".to_owned()]).unwrap();
    fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    for options in [&[][..], &tls] {
        let port = ReservedPort::new().unwrap();
        let number = port.number().to_string();
        let options = [&["--port", &number], options].concat();
        let serving = Serving::start(causerie(&folder, &["serve"]).args(&options)).await.unwrap();
        let looked = look(causerie(&folder, &["doctor", "--json", "--"]), &options).await;
        looked.found("all_well");
        assert!(looked.printed.contains("causerie 0."), "who has the port is told: {}", looked.printed);
        serving.end(Signal::TERM).await.unwrap();
    }
}

#[tokio::test]
async fn a_setting_that_cant_be_used_is_named_wherever_it_stands() {
    let folder = folder_with(".env", b"CAUSERIE_ALLOWED_ORIGINS\n");
    let words = set_up(&folder, &[]).await.found("setting_unusable");
    assert!(words.contains("line 1 of .env"), "{words}");
    fs::write(folder.path().join(".env"), "CAUSERIE_ALLOWED_ORIGINS=https://chat.example.org\n").unwrap();
    set_up(&folder, &[]).await.found("all_well");

    for (name, value, named) in [
        ("CAUSERIE_PORT", "many", "--port"),
        ("DATABASE_URL", "mysql://u:sesame@h/d", "DATABASE_URL"),
        ("USE_REDIS", "true", "USE_REDIS"),
        ("CAUSERIE_TLS_CERT", "cert.pem", "--tls-key"),
    ] {
        let looked = set_up(&folder, &[(name, value)]).await;
        let words = looked.found("setting_unusable");
        assert!(words.contains(named), "{words}");
        assert!(!looked.printed.contains("sesame"), "{}", looked.printed);
    }
    let looked = look(causerie(&folder, &["doctor", "--json"]), &["--", "--colour"]).await;
    assert!(looked.found("setting_unusable").contains("--colour"));
}

#[tokio::test]
async fn a_folder_that_is_not_there_until_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let database = [("DATABASE_URL", "sqlite:data/causerie.db")];
    let words = set_up(&folder, &database).await.found("folder_not_writable");
    assert!(words.contains("mkdir -p data"), "{words}");
    fs::create_dir(folder.path().join("data")).unwrap();
    set_up(&folder, &database).await.found("all_well");
}

#[tokio::test]
async fn a_database_that_cant_be_used() {
    let folder = folder_with("causerie.db", &b"no database at all ".repeat(400));
    let words = set_up(&folder, &[]).await.found("database_unusable");
    assert!(words.contains("causerie.db is not a SQLite database"), "{words}");

    let port = ReservedPort::new().unwrap();
    let away = format!("postgres://u:sesame@{}/d", port.address());
    let looked = set_up(&folder, &[("DATABASE_URL", &away)]).await;
    let words = looked.found("database_unusable");
    assert!(
        words.contains(&port.number().to_string()) && words.contains("systemctl start postgresql"),
        "{words}"
    );
    assert!(!looked.printed.contains("sesame"), "{}", looked.printed);
    set_up(&folder, &[("DATABASE_URL", &database().await.unwrap())]).await.found("all_well");
}

#[tokio::test]
async fn a_database_that_another_server_has_until_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&mut causerie(&folder, &["serve", "--port", "0"])).await.unwrap();
    let words = set_up(&folder, &[]).await.found("database_unusable");
    let address = serving.url.trim_start_matches("http://");
    assert!(words.contains("in use") && words.contains(address), "{words}");
    serving.end(Signal::TERM).await.unwrap();
    set_up(&folder, &[("DATABASE_URL", "sqlite:causerie.db?mode=rwc")]).await.found("all_well");
}

#[tokio::test]
async fn redis_that_is_away_until_it_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let mut redis = Redis::start().await.unwrap();
    redis.kill().await.unwrap();
    let (database, url) = (database().await.unwrap(), redis.url());
    let settings = [("DATABASE_URL", database.as_str()), ("USE_REDIS", "true"), ("REDIS_URL", &url)];
    let words = set_up(&folder, &settings).await.found("redis_unusable");
    assert!(words.contains("REDIS_URL"), "{words}");
    redis.launch().await.unwrap();
    set_up(&folder, &settings).await.found("all_well");
}

#[tokio::test]
async fn a_port_that_another_program_has_until_another_one_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let look_at = async |port: &str| {
        look(causerie(&folder, &["doctor", "--json", "--timeout", "1", "--"]), &["-p", port]).await
    };
    let words = look_at(&port).await.found("port_taken");
    assert!(words.contains(&format!("sport = :{port}")), "{words}");
    let free = ReservedPort::new().unwrap();
    look_at(&free.number().to_string()).await.found("all_well");
}

#[tokio::test]
async fn a_limit_of_files_that_is_too_low_until_it_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let port = ReservedPort::new().unwrap();
    let limited = |limit: u32| {
        let mut shell = Command::new("sh");
        shell.current_dir(folder.path()).env_clear().env("CAUSERIE_PORT", port.number().to_string());
        shell.args(["-c", &format!("ulimit -n {limit} && exec \"$0\" \"$@\"")]);
        shell.arg(program()).args(["doctor", "--json"]);
        shell
    };
    let words = look(limited(1_024), &[]).await.found("too_few_files");
    assert!(words.contains("1024") && words.contains("ulimit -n 8200"), "{words}");
    look(limited(8_200), &[]).await.found("all_well");
    let asked = ["--", "--max-sockets", "9000"];
    look(limited(8_200), &asked).await.found("too_few_files");
}
