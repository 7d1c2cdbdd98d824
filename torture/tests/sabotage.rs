//! Tests the checker: a server with a simulated fault is reported, by the invariant that the fault violates.
//!
//! Needs a built server, named by `CAUSERIE_BIN`, and the feature `real-server`; `cargo xtask test` sees to both.

use std::process::Command;

/// The program's verdict on a short run.
fn torture(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_causerie-torture"))
        .args(["--server-bin", &std::env::var("CAUSERIE_BIN").expect("CAUSERIE_BIN names the built server")])
        .args(["--kills", "0", "--clients", "4", "--watchers", "4", "--chats", "4", "--seed", "5"])
        .args(arguments)
        .output()
        .expect("the program runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn caught(fault: &str, seconds: &str, invariant: &str) {
    let (code, said) = torture(&["--sabotage", fault, "--seconds", seconds]);
    assert!(said.contains(&format!("VIOLATED with seed 5: {invariant} (")), "{fault}:\n{said}");
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn an_ack_before_the_commit_is_reported() {
    caught("ack-before-commit", "4", "I1");
}

#[test]
fn a_message_that_is_stored_again_when_it_is_sent_again_is_reported() {
    // In this time some message is certainly sent again.
    caught("no-dedup", "20", "I3");
}

#[test]
fn what_reaches_somebody_who_blocked_its_author_is_reported() {
    caught("tell-everybody", "20", "I11");
}

#[test]
fn events_that_are_dropped_from_a_full_queue_are_reported() {
    caught("drop-on-full", "14", "I6");
}
