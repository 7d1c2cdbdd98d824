//! The server as its clients and whoever runs it see it: its contracts, its program, and real ones around it.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test, in its helpers too")]
#![cfg_attr(
    not(feature = "test-services"),
    allow(dead_code, reason = "some helpers are for the tests that need services")
)]

mod access;
mod bus;
mod cli;
mod common;
mod doctor;
#[cfg(feature = "test-services")]
mod doctor_command;
#[cfg(feature = "test-services")]
mod migrate_db;
#[cfg(feature = "test-services")]
mod nodes;
mod operation;
#[cfg(feature = "test-services")]
mod proxies;
mod requests;
mod rest;
mod safety;
mod socket;
mod store;
mod tokens;

/// Says in the output of a plain `cargo test` what that leaves out.
#[cfg(not(feature = "test-services"))]
#[test]
#[ignore = "Postgres, Redis, nginx and Caddy are needed: `cargo xtask test native` runs these"]
fn tests_of_several_nodes_of_postgres_and_of_proxies() {}
