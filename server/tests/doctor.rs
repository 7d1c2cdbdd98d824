//! The doctor over real sockets: what the server tells of itself, and every cause as the terminal finds it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "common/socket.rs"]
mod client;
#[path = "common/server.rs"]
mod server;

#[path = "doctor/told.rs"]
mod told;
