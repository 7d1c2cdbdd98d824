//! The program as a person starts it: options, `.env`, signals, and sentences about what is wrong.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "cli/clock.rs"]
mod clock;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/database.rs"]
mod database;
#[path = "cli/files.rs"]
mod files;
#[path = "cli/log.rs"]
mod log;
#[path = "cli/program.rs"]
mod program;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/serving.rs"]
mod serving;
#[path = "cli/tls.rs"]
mod tls;
