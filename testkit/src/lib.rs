//! What the tests of several crates share.
//!
//! In reading order: [`eventually`] waits for a state with a timeout; [`process`] starts a program, and [`ReservedPort`]
//! reserves a port for a program that can't choose one itself. [`Serving`] is a running Causerie server, and [`Server`]
//! one with a folder and settings, which may be killed and started again. [`Postgres`], [`PgBouncer`] and [`Redis`] are
//! the services behind it; [`TcpProxy`] and [`ReverseProxy`] stand in front of it, and [`OtherProgram`] takes its place
//! or locks its database. [`Account`] is a user, [`Api`] and [`socket`] are clients,
//! an [`Authenticator`] is the app on a telephone, and a [`MailServer`] shows what mails it gets.
//!
//! Dropping a value kills its processes and removes its folders.

mod api;
mod authenticator;
mod certificate;
mod mail_server;
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
pub use authenticator::Authenticator;
pub use certificate::write_certificate;
pub use mail_server::{MailServer, secret_in};
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
