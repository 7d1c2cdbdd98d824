//! Causerie's server: one program serves the API, the sockets and the page.
//!
//! In reading order, from the program down to the bytes. A module imports only from those below it, which
//! `cargo xtask check` holds; what is public is what the program, the tests and the benchmark use.
//!
//! - [`config`]: the settings; the only place that reads the environment.
//! - [`serve`]: the composition root: `run(listener, config, shutdown)`. [`demo`]: two accounts and a chat to try.
//! - [`operator`]: what whoever runs the server does to accounts. `caretaker`: what has to be done by the clock.
//!   `indexer`: lets the words of messages be written into the index.
//! - `mail`: links to set a new password, by mail.
//! - `listener`: connections, plain or over TLS ([`tls`]). `connections`: how many there may be, and which makes room.
//! - `http`: the router, the REST handlers, and the handshake of sockets. `state`: what every handler is given.
//! - [`access`]: who may do what: the table of all routes.
//! - [`page`]: the page that is built into the program.
//! - `session`: what one socket's frames lead to. `socket_limiter`: how many sockets there may be.
//! - `chat`: appends to the log in groups, and announces what it stored. `words`: what no message may have in it.
//! - `refusal`: what a client is told when something is not done.
//! - `auth`: passwords and tokens. `rate_limit`: how fast a user may send. `probes`: handshakes that are being examined.
//! - [`bus`]: between nodes. [`store`]: the log, durable. [`hub`]: who is here. `known_tokens`: which need no look at the
//!   store. [`outbox`]: bounded, one a socket.
//! - [`metrics`]: what is counted and measured. [`clock`]: points in time. `email`: which addresses are the same.
//!   [`second_factor`]: codes besides a password. [`search`]: the words of texts and queries.

#![expect(clippy::disallowed_methods, reason = "a server has timers; the ban is for what waits for a state")]
#![warn(unreachable_pub)]

pub mod access;
mod auth;
pub mod bus;
mod caretaker;
mod chat;
pub mod clock;
pub mod config;
mod connections;
pub mod demo;
mod email;
pub mod emoji;
pub mod format;
mod heartbeat;
mod http;
pub mod hub;
mod indexer;
mod known_tokens;
mod listener;
mod mail;
pub mod metrics;
mod moderation;
pub mod operator;
pub mod outbox;
pub mod page;
mod probes;
mod rate_limit;
mod refusal;
pub mod search;
pub mod second_factor;
pub mod serve;
mod session;
mod socket_limiter;
mod state;
pub mod store;
pub mod tls;
mod words;
