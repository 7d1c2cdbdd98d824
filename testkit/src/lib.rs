//! What the tests of several crates share.
//!
//! In reading order: [`eventually`] waits for a state, for so long and no longer; [`process`] starts a program, and
//! [`ReservedPort`] gives a port to one that can't choose it itself. [`Serving`] is a Causerie that runs, and [`Server`] one
//! with a folder and settings, which may be killed and started again. [`Postgres`], [`PgBouncer`] and [`Redis`] are what it
//! stands on; [`TcpProxy`] and [`ReverseProxy`] stand before it, and [`OtherProgram`] in its place. [`Account`] is who uses
//! it, [`Api`] and [`socket`] are how.
//!
//! Everything ends with its value: processes are killed and folders removed.

mod api;
mod certificate;
mod other_program;
mod people;
mod pgbouncer;
mod port;
mod postgres;
pub mod process;
mod redis;
mod reverse_proxy;
mod server;
mod serving;
pub mod socket;
mod tcp_proxy;
mod wait;

pub use api::{Api, read_body};
pub use certificate::write_certificate;
pub use other_program::OtherProgram;
pub use people::Account;
pub use pgbouncer::PgBouncer;
pub use port::ReservedPort;
pub use postgres::{Postgres, Stop, database, database_server, database_with};
pub use redis::Redis;
pub use reverse_proxy::{Remedy, ReverseProxy};
pub use server::{Server, Settings};
pub use serving::Serving;
pub use tcp_proxy::{State, TcpProxy};
pub use wait::{LIMIT, TooLate, eventually};
