//! Sockets of a real server, as clients see them.

mod again;
mod endings;
mod frames;
mod handshake;
mod many;
mod resume;
mod talk;
