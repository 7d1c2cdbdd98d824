//! Whole-page tests: a real server, real browsers, and people who use them.
//!
//! In reading order: [`Server`] is the built program with a database of its own, [`Browser`] is Chromium with a fresh
//! profile, and [`Person`] is somebody in front of one, whose methods are what people do: sign in, open a chat, type.
//! [`Tester`] is the same for the connection tester and its doctor; [`Proxy`], [`Line`] and [`Program`] are what may be
//! wrong there, and [`Front`] serves the page badly. Everything ends with its value: processes are killed and folders removed.
//!
//! `cargo xtask test pages` sets up what the tests need and says where it is: the program in `CAUSERIE_BIN`, the driver
//! in `CHROMEDRIVER`, and the rest in `CAUSERIE_TEST_…`, without which it is looked for in `PATH`.

mod browser;
mod certificate;
mod examination;
mod front;
mod line;
mod person;
mod process;
mod program;
mod proxy;
mod server;
mod tester;
mod trunk;

pub use browser::{Browser, Screen};
pub use front::{Fault, Front};
pub use line::Line;
pub use person::{Account, Person};
pub use program::Program;
pub use proxy::{Proxy, Remedy};
pub use server::Server;
pub use tester::{FIRST, Pair, SECOND, Tester};
pub use trunk::Trunk;

use std::time::Duration;

/// How long a person waits for a thing to show before the test fails.
///
/// Far longer than any of it takes, because two browsers share a small machine with a compiler.
pub const WAIT: Duration = Duration::from_secs(20);

/// How long the doctor may take, which holds a connection quiet for up to two heartbeats.
pub const DIAGNOSIS: Duration = Duration::from_secs(90);
