//! The order of the probes: what to try next, given what was seen so far.

use causerie_protocol::doctor::ServerStatus;
use causerie_protocol::words::checks::Check;
use causerie_protocol::{ChatId, Finding, handshake, limits, paths};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::diagnose::Cause;
use crate::probe::{Observation, Offer, Probe, SocketObservation};
use crate::report::{Report, ServerSeen, Step};
use crate::target::Target;

mod transitions;

/// Round trips that are measured.
const ROUND_TRIPS: u32 = 5;

/// The shape of what a person gave as a token; the doctor never sees the token itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenShape {
    /// None was given.
    Missing,
    /// It can't be a token of Causerie, and a browser may refuse to send it.
    Malformed,
    /// It may be one.
    WellFormed,
}

impl TokenShape {
    /// The shape of a text.
    pub fn of(token: Option<&str>) -> Self {
        match token {
            None | Some("") => Self::Missing,
            Some(token) if handshake::is_token(token) => Self::WellFormed,
            Some(_) => Self::Malformed,
        }
    }
}

/// Where the doctor looks from, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The name of this examination's handshakes: a fresh UUID.
    pub probe: String,
    /// The origin of the page that looks, as `https://chat.example.org`; none for a program.
    pub origin: Option<String>,
    /// What was given as a token.
    pub token: TokenShape,
    /// The chat to open; the address may name one too.
    pub chat: Option<ChatId>,
    /// Whether a quiet connection is held, which takes up to two heartbeats.
    pub hold: bool,
}

impl Situation {
    /// A terminal, without a token.
    pub fn terminal(probe: &str) -> Self {
        Self { probe: probe.to_owned(), origin: None, token: TokenShape::Missing, chat: None, hold: true }
    }
}

/// What is tried now.
#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Online,
    Reach,
    Status,
    Socket,
    /// Ask for the server's account of the handshake that failed.
    Trace {
        left: u32,
        seen: SocketObservation,
    },
    /// Everything arrived and was accepted, but not for this end: does it open when nothing is offered?
    Bare,
    RoundTrips,
    Hold,
    /// The connection was cut; is the server still there?
    AfterCut {
        quiet_ms: u64,
    },
    Ended,
}

/// One examination.
#[derive(Debug)]
pub struct Doctor {
    target: Option<Target>,
    situation: Situation,
    phase: Phase,
    status: Option<ServerStatus>,
    skew: Option<(f64, f64)>,
    /// Why the page's origin may not be allowed, as the server said when it was asked.
    foreign: Option<Cause>,
    report: Report,
}

impl Doctor {
    /// An examination of a server.
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
        // Browsers take this machine itself for safe (W3C Mixed Content, section 4.1).
        if secure_page && !target.is_secure() && !target.is_loopback() {
            doctor.fail(Check::Mixed, Cause::from(Finding::MixedContent).with("host", target.host()));
        } else if doctor.situation.origin.is_some() {
            doctor.report.pass(Check::Mixed, None);
        }
        doctor.target = Some(target);
        doctor
    }

    /// An examination of an address that [`Target::parse`] refused: it is over at once.
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

    /// What to try now; `None`: it is over.
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
                // A little less than the heartbeat: its ping comes when it comes.
                Probe::Hold { quiet_ms: heartbeat * 9 / 10, at_most_ms: heartbeat * 2 + 5_000 }
            }
            Phase::Ended => return None,
        })
    }

    /// The check that [`Doctor::probe`] is for, to be shown while it runs.
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

    /// The most that the probe may take, in milliseconds, for those that take long.
    pub fn at_most_ms(&self) -> Option<u64> {
        match self.probe() {
            Some(Probe::Hold { at_most_ms, .. }) => Some(at_most_ms),
            _ => None,
        }
    }

    /// The result so far; final when there is nothing more to try.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The result.
    pub fn into_report(self) -> Report {
        self.report
    }

    /// Takes what was seen of the probe; answers the checks that it decided.
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
            // Whoever runs the doctor mixed something up; nothing may be concluded from it.
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
            // A browser throws instead of sending one that is malformed; what it is, is known already.
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
