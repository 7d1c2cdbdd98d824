//! A setting that can't be used: not 0, and one sentence that names it and the remedy.

use std::net::TcpListener;
use std::process::Output;

use crate::common::program::{causerie, folder_with, output, run};

/// Checks that a run failed with one sentence that holds these words.
pub fn refused(output: &Output, words: &[&str]) {
    let sentence = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success(), "{sentence}");
    assert!(output.stdout.is_empty(), "{:?}", output.stdout);
    assert!(sentence.starts_with("causerie: ") && sentence.ends_with(".\n"), "{sentence:?}");
    assert_eq!(sentence.lines().count(), 1, "{sentence:?}");
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in {sentence:?}");
    }
    assert!(!sentence.contains("sesame"), "{sentence}");
}

#[tokio::test]
async fn bad_options_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (args, words) in [
        (&["serve", "--colour"][..], &["--colour", "--help"][..]),
        (&["serve", "--port", "many"], &["--port", "--help"]),
        (&["serve", "--port", "70000"], &["--port", "--help"]),
        (&["serve", "--bind", "here"], &["--bind", "127.0.0.1"]),
        (&["serve", "--log-format", "xml"], &["--log-format"]),
        (&["serve", "--allow-origin", "*"], &["--allow-origin", "https://"]),
        (&["serve", "--demo", "--bind", "0.0.0.0"], &["--demo", "--bind"]),
        (&["serve", "--use-redis"], &["USE_REDIS", "Postgres"]),
        (
            &["serve", "--port", "0", "--database-url", "postgres://u:sesame@127.0.0.1:1/d"],
            &["DATABASE_URL", "start it"],
        ),
        (&["serve", "--database-url", "causerie.db"], &["DATABASE_URL", "sqlite:"]),
        (&["serve", "--port", "0", "--database-url", "sqlite:none/a.db"], &["DATABASE_URL", "none/a.db"]),
        (&["serve", "--port", "0", "--database-url", "sqlite:."], &["DATABASE_URL"]),
        (&["serve", "--max-sockets", "many"], &["--max-sockets", "--help"]),
        (&["serve", "--trusted-proxy", "the one next door"], &["--trusted-proxy", "10.0.0.0/8"]),
        (&["serve", "--smtp-url", "smtp://localhost"], &["--smtp-url", "--mail-from"]),
        (&["serve", "--public-url", "chat.example.org"], &["--public-url", "https://"]),
        (&["serve", "--metrics-token", "open sesame"], &["--metrics-token", "choose another"]),
        (&["serve", "--tls-cert", "cert.pem"], &["--tls-cert", "--tls-key"]),
        (
            &["serve", "-p", "0", "--tls-cert", "none.pem", "--tls-key", "none.key"],
            &["none.pem", "--tls-cert"],
        ),
        (&["sing"], &["sing", "--help"]),
        (&[], &["serve", "--help"]),
    ] {
        refused(&output(&folder, args).await, words);
    }
}

#[tokio::test]
async fn bad_variables_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, words) in [
        ("CAUSERIE_PORT", "many", &["--port"][..]),
        ("DATABASE_URL", "mysql://u:sesame@h/d", &["DATABASE_URL", "sqlite:"]),
        ("USE_REDIS", "true", &["USE_REDIS"]),
        ("CAUSERIE_ALLOWED_ORIGINS", "https://a.example,nonsense", &["CAUSERIE_ALLOWED_ORIGINS"]),
    ] {
        refused(&run(causerie(&folder, &["serve"]).env(name, value)).await, words);
    }
}

#[tokio::test]
async fn a_line_of_env_that_makes_no_sense_is_named_by_its_number() {
    let folder = folder_with(".env", b"# Settings\nCAUSERIE_PORT=0\n\nsesame sesame\n");
    refused(&output(&folder, &["serve"]).await, &["line 4 of .env", "NAME=value"]);
    let folder = folder_with(".env", b"NAME=\xff\n");
    refused(&output(&folder, &["serve"]).await, &[".env"]);
}

#[tokio::test]
async fn a_key_of_another_certificate_and_a_file_without_one_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join(format!("{name}.pem")), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join(format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
    }
    for (cert, key, words) in [
        ("a.pem", "b.key", ["b.key", "a.pem", "--tls-key"]),
        ("a.key", "a.key", ["a.key", "BEGIN CERTIFICATE", "--tls-cert"]),
        ("a.pem", "a.pem", ["a.pem", "BEGIN PRIVATE KEY", "--tls-key"]),
    ] {
        refused(&output(&folder, &["serve", "-p", "0", "--tls-cert", cert, "--tls-key", key]).await, &words);
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused(&output(&folder, &["serve", "-p", &port]).await, &[&port, "--port"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let text = b"This is my diary, and not a database of anybody's program.".repeat(100);
    let folder = folder_with("causerie.db", &text);
    refused(&output(&folder, &["serve", "-p", "0"]).await, &["causerie.db", "DATABASE_URL"]);
    assert_eq!(std::fs::read(folder.path().join("causerie.db")).unwrap(), text);
}
