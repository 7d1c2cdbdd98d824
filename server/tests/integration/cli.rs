//! The program as a person starts it: options, `.env`, signals, and sentences about what is wrong.

mod account;
mod clock;
mod configuration;
mod database;
mod files;
mod log;
mod refusals;
mod serving;
mod tls;
