//! The program as a person starts it: options, `.env`, signals, and sentences about what is wrong.

#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/program.rs"]
mod program;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/serving.rs"]
mod serving;
