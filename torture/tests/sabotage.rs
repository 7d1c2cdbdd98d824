//! The checker is checked: a server that seems to have a fault is caught, and by the right invariant.
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
fn acknowledging_before_the_commit_is_caught() {
    caught("ack-before-commit", "4", "I1");
}

#[test]
fn forgetting_what_was_sent_before_is_caught() {
    // Long enough that some message is sent again for certain.
    caught("no-dedup", "20", "I3");
}

#[test]
fn dropping_events_of_a_full_queue_is_caught() {
    caught("drop-on-full", "14", "I6");
}
