//! What these tests share: servers that run inside a test, people, sockets, and the program.

pub mod everywhere;
pub mod page;
pub mod program;
pub mod raw;
pub mod scrape;
pub mod server;
pub mod socket;
