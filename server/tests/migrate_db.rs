//! Moving an installation between databases: what its people may rely on afterwards.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "common/socket.rs"]
mod client;
#[path = "common/postgres.rs"]
mod postgres;
#[path = "common/server.rs"]
mod server;

#[path = "migrate_db/moved.rs"]
mod moved;
#[path = "migrate_db/refused.rs"]
mod refused;
#[path = "migrate_db/world.rs"]
mod world;
