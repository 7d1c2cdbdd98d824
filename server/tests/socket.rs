//! Sockets of a real server, as clients see them.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "common/socket.rs"]
mod client;
#[path = "common/scrape.rs"]
mod scrape;
#[path = "common/server.rs"]
mod server;

#[path = "socket/endings.rs"]
mod endings;
#[path = "socket/frames.rs"]
mod frames;
#[path = "socket/handshake.rs"]
mod handshake;
#[path = "socket/many.rs"]
mod many;
#[path = "socket/resume.rs"]
mod resume;
#[path = "socket/talk.rs"]
mod talk;
