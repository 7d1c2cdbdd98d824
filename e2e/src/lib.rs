//! Whole-page tests: a real server, real browsers, and people who use them.
//!
//! In reading order: [`Browser`] is Chromium with a fresh profile, and [`Person`] is somebody in front of one, whose
//! methods are what people do: sign in, open a chat, type. [`Tester`] is the same for the connection tester and its doctor;
//! [`Front`] serves the page badly. Servers and what may be wrong around them are those of `causerie_testkit`.
//! Everything ends with its value: processes are killed and folders removed.
//!
//! `cargo xtask test pages` sets up what the tests need and says where it is: the program in `CAUSERIE_BIN` and the driver
//! in `CHROMEDRIVER`; the rest is looked for in `PATH`.

mod browser;
mod examination;
mod front;
mod person;
mod tester;
mod trunk;

pub use browser::{Browser, Screen};
pub use front::{Fault, Front};
pub use person::Person;
pub use tester::{FIRST, Pair, SECOND, Tester};
pub use trunk::Trunk;

use std::time::Duration;

/// How long a person waits for a thing to show before the test fails.
///
/// Far longer than any of it takes, because two browsers share a small machine with a compiler.
pub const WAIT: Duration = Duration::from_secs(20);

/// How long the doctor may take, which holds a connection quiet for up to two heartbeats.
pub const DIAGNOSIS: Duration = Duration::from_secs(90);
