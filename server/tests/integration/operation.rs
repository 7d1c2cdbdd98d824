//! What whoever runs a server relies on: metrics, limits, TLS, the log.

mod closing;
mod dashboard;
mod floods;
mod limits;
mod metrics;
mod silence;
mod tls;
