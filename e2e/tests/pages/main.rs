//! The page as people in browsers see it, against the built program.

mod accounts;
mod chats;
mod clock;
mod compose;
mod connection;
mod conversation;
mod delivery;
#[cfg(feature = "real-causes")]
mod doctor;
mod formatting;
mod harness;
mod language;
mod layout;
mod list;
mod loading;
mod moderation;
mod others;
mod own_account;
mod people;
mod reactions;
mod replies;
mod requests;
mod safety;
mod search;
mod tester;
mod writing;

/// Says in the output of a plain `cargo test` what that leaves out.
#[cfg(not(feature = "real-causes"))]
#[test]
#[ignore = "nginx, Caddy, Python, libfaketime, Postgres and Redis are needed: `cargo xtask test pages` runs these"]
fn tests_of_the_diagnosis() {}
