//! The browser as the page and the connection tester use it; empty for any other target.
//!
//! It speaks no language: what a person reads is put into words above it. So it is built once for all programs.
//!
//! Reading order:
//!
//! 1. [`window`]: the window, its document, and the address of the server.
//! 2. [`time`] and [`random`]: clocks, random numbers and ids.
//! 3. [`storage`]: the sign-in and the chosen language, in the browser's storage.
//! 4. [`clipboard`]: copying texts.
//! 5. [`socket`]: the browser's `WebSocket`. [`api`]: the HTTP API.

#![cfg(target_arch = "wasm32")]

pub mod api;
pub mod clipboard;
pub mod random;
pub mod socket;
pub mod storage;
pub mod time;
pub mod window;

pub use random::{random, uuid};
pub use time::{now, wall_clock};
pub use window::{base, document, run, socket_base, window};
