//! Causerie's server: one program serves the API, the sockets and the page.
//!
//! Data flows one way, and a module imports only what stands to its right:
//! `socket → session → chat → store → bus → hub → outbox → socket`.
//!
//! - [`config`]: the settings; the only place that reads the environment.
//! - [`serve`]: the composition root, `run(listener, config, shutdown)`. [`state`]: what every handler is given.
//! - [`http`]: the router, the REST handlers, the handshake of sockets, and the answers to what is refused.
//! - [`page`]: the page that is built into the program.
//! - [`auth`]: passwords, tokens, who is calling.
//! - [`pace`]: how fast somebody may send.
//! - [`listener`]: connections, plain or over TLS. [`connections`]: how many there may be, and which makes room. [`tls`]: the certificate. [`socket_limiter`]: how many sockets there may be.
//! - [`session`]: what one socket's frames lead to.
//! - [`chat`]: appends to the log in groups, and tells the rest of the node.
//! - [`store`]: the log, durable. [`bus`]: between nodes. [`hub`]: who is here. [`outbox`]: bounded, one a socket. [`heartbeat`]: the one timer.
//! - [`probes`]: what arrived of handshakes that somebody examines.
//! - [`refusal`]: what a client is told when something is not done.
//! - [`metrics`]: what is counted and measured.
//! - [`clock`]: times as the wire shows them. [`email`]: which addresses are the same.
//! - [`demo`]: two accounts and a chat to try.

pub mod auth;
pub mod bus;
pub mod chat;
pub mod clock;
pub mod config;
pub mod connections;
pub mod demo;
pub mod email;
pub mod heartbeat;
pub mod http;
pub mod hub;
pub mod listener;
pub mod metrics;
pub mod outbox;
pub mod pace;
pub mod page;
pub mod probes;
pub mod refusal;
pub mod serve;
pub mod session;
pub mod socket_limiter;
pub mod state;
pub mod store;
pub mod tls;
