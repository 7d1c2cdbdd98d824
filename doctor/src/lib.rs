//! The doctor: finds out why a connection to Causerie fails, and names one cause.
//!
//! It does no input or output: its caller asks [`Doctor::probe`] what to try next, tries it with the means of a browser
//! or a terminal, and passes what it observed to [`Doctor::observe`], until there is nothing more to try. A browser can
//! observe less than a terminal (no DNS error, no status of a refused handshake), so observations have variants for
//! that, and the server's record of the handshake ([`causerie_protocol::doctor`]) adds what is missing.
//!
//! Reading order:
//!
//! 1. [`target`]: the address that a person gave, without the secrets that it may contain.
//! 2. [`probe`]: what to try, and what can be observed.
//! 3. [`state`]: the state machine that orders the probes.
//! 4. [`diagnose`]: what an observation means.
//! 5. [`socket_checks`]: the checks over an open socket.
//! 6. [`report`]: the checks and the finding, as text and JSON.
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
