//! `causerie doctor`: for each cause, a real one, and the finding that names it and no other; and what it recommends helps.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "common/socket.rs"]
mod client;
#[path = "common/postgres.rs"]
mod postgres;
#[allow(dead_code, reason = "shared with the other tests of the program")]
#[path = "cli/program.rs"]
mod program;
#[path = "common/redis.rs"]
mod redis_server;
#[path = "common/server.rs"]
mod server;

#[path = "doctor_command/address.rs"]
mod address;
#[path = "doctor_command/looked.rs"]
mod looked;
#[path = "doctor_command/people.rs"]
mod people;
#[path = "doctor_command/proxies.rs"]
mod proxies;
#[path = "doctor_command/set_up.rs"]
mod set_up;
#[path = "doctor_command/silent.rs"]
mod silent;
#[path = "doctor_command/state.rs"]
mod state;
#[path = "doctor_command/told.rs"]
mod told;
