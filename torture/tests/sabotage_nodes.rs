//! Tests the prober: a node that does not recover after a fault is reported.
//!
//! Needs a built server, named by `CAUSERIE_BIN`, Postgres and Redis, and the feature `real-nodes`; `cargo xtask test`
//! sees to all of it.

use std::process::Command;

#[test]
fn a_node_that_stays_cut_off_from_the_bus_is_reported() {
    let output = Command::new(env!("CARGO_BIN_EXE_causerie-torture"))
        .args(["--server-bin", &std::env::var("CAUSERIE_BIN").expect("CAUSERIE_BIN names the built server")])
        .args(["--nodes", "2", "--clients", "2", "--watchers", "1", "--chats", "1", "--seed", "5"])
        .args(["--only", "cut-redis", "--sabotage", "stay-deaf"])
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("VIOLATED with seed 5: not whole"), "{said}");
    assert!(said.contains("bus: false"), "it says what is missing\n{said}");
    assert_eq!(output.status.code(), Some(1), "{said}");
}
