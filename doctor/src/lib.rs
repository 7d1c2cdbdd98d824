//! The doctor: finds out why a connection to Causerie fails, and names one cause.
//!
//! It decides and does nothing: whoever runs it asks [`Doctor::probe`] what to try next, tries that with the means
//! of its place (a browser, a terminal), and hands [`Doctor::observe`] what it saw, until there is nothing more to try.
//! A browser sees less than a terminal (no DNS error, no status of a refused handshake), so what is seen says how much
//! that is, and the server's own account of the handshake ([`causerie_protocol::doctor`]) fills the gaps.
//!
//! Reading order:
//!
//! 1. [`target`]: the address that a person gave, without the secrets that may stand in it.
//! 2. [`probe`]: what to try, and what can be seen of it.
//! 3. [`state`]: the order of the probes.
//! 4. [`diagnose`]: what an observation means.
//! 5. [`socket_checks`]: what is said over a socket.
//! 6. [`report`]: what was tried, what was found, as text and JSON.
//!
//! ```
//! use causerie_doctor::{Doctor, Observation, Probe, Reached, Situation, Target};
//!
//! let target = Target::parse("http://127.0.0.1:9/").unwrap();
//! let mut doctor = Doctor::new(target, Situation::terminal("0b9b5b0e-3f0a-4d7e-9d43-6a1f5f0f9a11"));
//! assert_eq!(doctor.probe(), Some(Probe::Online));
//! doctor.observe(Observation::Online(true));
//! assert!(matches!(doctor.probe(), Some(Probe::Reach { .. })));
//! doctor.observe(Observation::Reached(Reached::Refused));
//! assert_eq!(doctor.probe(), None);
//! assert_eq!(doctor.report().finding.as_str(), "nothing_listens");
//! ```

pub mod diagnose;
pub mod probe;
pub mod report;
pub mod socket_checks;
pub mod state;
pub mod target;

pub use probe::{Answer, Fetched, HoldResult, Observation, Offer, Probe, Reached, SocketObservation};
pub use report::{Outcome, Report, Step};
pub use state::{Doctor, Situation, TokenShape};
pub use target::Target;
