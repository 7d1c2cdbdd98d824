//! What the tests share: servers, people, sockets, and the programs around a server.

pub mod page;
#[cfg(feature = "test-services")]
pub mod pgbouncer;
#[cfg(feature = "test-services")]
pub mod postgres;
pub mod program;
pub mod raw;
#[cfg(feature = "test-services")]
pub mod redis;
pub mod scrape;
pub mod server;
pub mod socket;
#[cfg(feature = "test-services")]
pub mod way;
