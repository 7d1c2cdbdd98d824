//! The state machine of an examination: which probe comes next, given the observations so far.

use causerie_protocol::doctor::ServerStatus;
use causerie_protocol::{ChatId, handshake, limits, paths};
use causerie_texts::{Check, Finding};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::diagnose::Cause;
use crate::probe::{Observation, Offer, Probe, SocketObservation};
use crate::report::{Report, ServerSeen, Step};
use crate::target::Target;

mod transitions;

const ROUND_TRIPS: u32 = 5;

/// The shape of the text that a person gave as a token; the doctor never gets the token itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenShape {
    Missing,
    /// It can't be a token of Causerie, and a browser may refuse to send it.
    Malformed,
    /// It may be a token.
    WellFormed,
}

impl TokenShape {
    pub fn of(token: Option<&str>) -> Self {
        match token {
            None | Some("") => Self::Missing,
            Some(token) if handshake::is_token(token) => Self::WellFormed,
            Some(_) => Self::Malformed,
        }
    }
}

/// Where the examination runs, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The probe id of this examination's handshakes: a new UUID.
    pub probe: String,
    /// The origin of the page, such as `https://chat.example.org`; none in a terminal.
    pub origin: Option<String>,
    pub token: TokenShape,
    /// The chat to open; the address may name one too.
    pub chat: Option<ChatId>,
    /// Whether to test an idle connection, which takes up to two heartbeats.
    pub hold: bool,
}

impl Situation {
    /// A terminal, without a token.
    pub fn terminal(probe: &str) -> Self {
        Self { probe: probe.to_owned(), origin: None, token: TokenShape::Missing, chat: None, hold: true }
    }
}

/// The current step.
#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Online,
    Reach,
    Status,
    Socket,
    /// Requests the server's record of the handshake that failed.
    Trace {
        left: u32,
        seen: SocketObservation,
    },
    /// The server accepted the handshake, and its response got lost: does the socket open without subprotocols?
    Bare,
    RoundTrips,
    Hold,
    /// The connection was cut: does the server still run?
    AfterCut {
        quiet_ms: u64,
    },
    Ended,
}

/// The state of one examination.
#[derive(Debug)]
pub struct Doctor {
    target: Option<Target>,
    situation: Situation,
    phase: Phase,
    status: Option<ServerStatus>,
    skew: Option<(f64, f64)>,
    /// Why the page's origin may not be allowed, by the server's response over HTTP.
    foreign: Option<Cause>,
    report: Report,
}

impl Doctor {
    pub fn new(target: Target, situation: Situation) -> Self {
        let mut report = Report::new(target.base());
        let chat = situation.chat.or(target.chat());
        report.chat = chat;
        report.page.clone_from(&situation.origin);
        let situation = Situation { chat, ..situation };
        report.pass(Check::Address, Some(target.base()));
        let secure_page = situation.origin.as_deref().is_some_and(|page| page.starts_with("https://"));
        let mut doctor = Self {
            target: None,
            situation,
            phase: Phase::Online,
            status: None,
            skew: None,
            foreign: None,
            report,
        };
        // Browsers trust loopback addresses (W3C Mixed Content, section 4.1).
        if secure_page && !target.is_secure() && !target.is_loopback() {
            doctor.fail(Check::Mixed, Cause::from(Finding::MixedContent).with("host", target.host()));
        } else if doctor.situation.origin.is_some() {
            doctor.report.pass(Check::Mixed, None);
        }
        doctor.target = Some(target);
        doctor
    }

    /// The examination of an address that [`Target::parse`] refused; it is over at once.
    pub fn refused(finding: Finding, situation: Situation) -> Self {
        let mut doctor = Self {
            target: None,
            report: Report::new(String::new()),
            situation,
            phase: Phase::Ended,
            status: None,
            skew: None,
            foreign: None,
        };
        doctor.fail(Check::Address, finding.into());
        doctor
    }

    /// The next probe; `None` when the examination is over.
    pub fn probe(&self) -> Option<Probe> {
        let target = self.target.as_ref()?;
        Some(match &self.phase {
            Phase::Online => Probe::Online,
            Phase::Reach => Probe::Reach {
                host: target.host().to_owned(),
                port: target.port(),
                tls: target.is_secure(),
                url: target.http(paths::HEALTH),
            },
            Phase::Status | Phase::AfterCut { .. } => {
                let query = self
                    .situation
                    .origin
                    .as_deref()
                    .map(|origin| format!("?origin={}", utf8_percent_encode(origin, NON_ALPHANUMERIC)));
                Probe::Status { url: target.http(paths::DOCTOR) + &query.unwrap_or_default() }
            }
            Phase::Socket => self.socket(target, self.offer()),
            Phase::Bare => self.socket(target, Offer::Nothing),
            Phase::Trace { .. } => Probe::Trace { url: target.http(&paths::probe(&self.situation.probe)) },
            Phase::RoundTrips => Probe::RoundTrips { count: ROUND_TRIPS },
            Phase::Hold => {
                let heartbeat = self.heartbeat_ms();
                // A little less than the heartbeat, since a ping may come a little early.
                Probe::Hold { quiet_ms: heartbeat * 9 / 10, at_most_ms: heartbeat * 2 + 5_000 }
            }
            Phase::Ended => return None,
        })
    }

    /// The check that the current probe is for, to be shown while it runs.
    pub fn running(&self) -> Option<Check> {
        Some(match self.phase {
            Phase::Online => Check::Online,
            Phase::Reach => Check::Listening,
            Phase::Status => Check::Causerie,
            Phase::Socket | Phase::Trace { .. } | Phase::Bare => Check::Upgrade,
            Phase::RoundTrips => Check::RoundTrip,
            Phase::Hold | Phase::AfterCut { .. } => Check::Idle,
            Phase::Ended => return None,
        })
    }

    /// The longest time that the current probe may take, in milliseconds, if it takes long.
    pub fn at_most_ms(&self) -> Option<u64> {
        match self.probe() {
            Some(Probe::Hold { at_most_ms, .. }) => Some(at_most_ms),
            _ => None,
        }
    }

    /// The result so far; final when [`Doctor::probe`] is `None`.
    pub fn report(&self) -> &Report {
        &self.report
    }

    pub fn into_report(self) -> Report {
        self.report
    }

    /// Takes the observation of the current probe; returns the checks that it decided.
    pub fn observe(&mut self, observation: Observation) -> &[Step] {
        let before = self.report.steps.len();
        match (self.phase.clone(), observation) {
            (Phase::Online, Observation::Online(online)) => self.online(online),
            (Phase::Reach, Observation::Reached(reached)) => self.reached(&reached),
            (Phase::Status, Observation::Status(fetched)) => self.status(fetched),
            (Phase::Socket, Observation::Socket(seen)) => self.socket_seen(seen),
            (Phase::Trace { left, seen }, Observation::Trace(fetched)) => self.trace(left, seen, &fetched),
            (Phase::Bare, Observation::Socket(seen)) => self.after_bare_handshake(&seen),
            (Phase::RoundTrips, Observation::RoundTrips(times)) => self.round_trips(&times),
            (Phase::Hold, Observation::Held(held)) => self.held(held),
            (Phase::AfterCut { quiet_ms }, Observation::Status(fetched)) => {
                self.after_cut(quiet_ms, &fetched);
            }
            (Phase::Ended, _) => {}
            // The caller answered another probe, from which nothing can be concluded.
            (_, _) => self.fail(self.running().unwrap_or(Check::Address), Finding::Unexplained.into()),
        }
        &self.report.steps[before..]
    }

    fn opened(&mut self, note: Option<String>) {
        if self.foreign.take().is_some() {
            self.report.pass(Check::Origin, None);
        }
        self.report.pass(Check::Upgrade, note);
        self.report.pass(Check::Subprotocol, None);
    }

    fn record_server(&mut self, status: &ServerStatus) {
        self.report.server = Some(ServerSeen {
            version: status.version.clone(),
            protocol: status.protocol,
            node: status.node.clone(),
        });
    }

    fn fail(&mut self, check: Check, cause: Cause) {
        let Cause { finding, details, note } = cause;
        self.report.fail(check, finding, details, note);
        self.phase = Phase::Ended;
    }

    fn target(&self) -> &Target {
        self.target.as_ref().expect("without a target there is no probe, so nothing is observed")
    }

    fn offer(&self) -> Offer {
        match self.situation.token {
            TokenShape::WellFormed => Offer::Token,
            // A browser throws an exception for a malformed token; that it is malformed is known already.
            TokenShape::Missing | TokenShape::Malformed => Offer::Version,
        }
    }

    fn socket(&self, target: &Target, offer: Offer) -> Probe {
        let chat = self.situation.chat;
        let url = target.ws(&paths::probe_socket(chat, &self.situation.probe));
        Probe::Socket { url, offer, chat: chat.is_some() }
    }

    fn heartbeat_ms(&self) -> u64 {
        let usual = limits::HEARTBEAT_SECONDS * 1_000;
        self.status.as_ref().map_or(usual, |status| status.heartbeat_ms)
    }
}
