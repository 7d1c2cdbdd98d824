//! What whoever runs a server relies on: metrics, limits, TLS, the log.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "common/socket.rs"]
mod client;
#[path = "common/raw.rs"]
mod raw;
#[path = "common/scrape.rs"]
mod scrape;
#[path = "common/server.rs"]
mod server;

#[path = "operation/closing.rs"]
mod closing;
#[path = "operation/dashboard.rs"]
mod dashboard;
#[path = "operation/floods.rs"]
mod floods;
#[path = "operation/limits.rs"]
mod limits;
#[path = "operation/metrics.rs"]
mod metrics;
#[path = "operation/silence.rs"]
mod silence;
#[path = "operation/tls.rs"]
mod tls;
