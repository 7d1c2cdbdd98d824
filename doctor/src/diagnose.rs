//! What an observation means. Each function takes one observation and is independent of the order.

use causerie_protocol::doctor::{NAME, OriginStatus, RecordedTrace, ServerStatus, Trace};
use causerie_protocol::{CloseCode, ErrorCode, limits};
use causerie_texts::{Finding, Language, close};
use serde::Deserialize;

use crate::probe::{Answer, Offer, SocketObservation};
use crate::target::Target;

/// A clock that is off by more than this many milliseconds makes times look wrong and sign-ins expire at the wrong
/// time.
pub const SKEW_MS: f64 = 30_000.0;
/// A round trip of more milliseconds than this is felt as a delay in a conversation.
pub const SLOW_MS: f64 = 500.0;
/// The release of this program or page.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A finding with the values of its placeholders, and a note for its step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub finding: Finding,
    /// The values of the placeholders in its explanation.
    pub details: Vec<(&'static str, String)>,
    /// More about it, the same in every language.
    pub note: Option<String>,
}

impl Cause {
    pub fn new(finding: Finding) -> Self {
        Self { finding, details: Vec::new(), note: None }
    }

    /// With the value of a placeholder.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    pub fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }
}

impl From<Finding> for Cause {
    fn from(finding: Finding) -> Self {
        Self::new(finding)
    }
}

#[derive(Deserialize)]
struct Problem {
    code: ErrorCode,
}

/// The error code in a problem body of Causerie, whatever its status.
pub fn problem(body: &str) -> Option<ErrorCode> {
    serde_json::from_str::<Problem>(body).ok().map(|problem| problem.code)
}

/// Whether Causerie responded; the error says what else did.
pub fn identity(answer: &Answer, target: &Target) -> Result<ServerStatus, Cause> {
    let note = match &answer.server {
        Some(server) => format!("HTTP {}, {server}", answer.status),
        None => format!("HTTP {}", answer.status),
    };
    // A `Location` that begins with a slash leads to the same server.
    let elsewhere = answer.location.as_deref().and_then(|to| Target::parse(to).ok());
    // This comes first: a browser follows redirects, and Causerie may respond there, but sockets do not follow them.
    if let Some(to) = elsewhere.filter(|to| to.origin() != target.origin()) {
        return Err(Cause::from(Finding::Redirected).with("to", to.origin()).with_note(note));
    }
    if let Ok(status) = serde_json::from_str::<ServerStatus>(&answer.body)
        && status.name == NAME
    {
        return Ok(status);
    }
    let cause = match answer.status {
        429 => Finding::TooOften.into(),
        // A version of Causerie without this address.
        404 if problem(&answer.body) == Some(ErrorCode::NotFound) => {
            Cause::from(Finding::VersionsDiffer).with("ours", VERSION).with("theirs", "?")
        }
        502..=504 => Cause::from(Finding::BadGateway).with("status", answer.status.to_string()),
        _ if answer.server.as_deref().is_some_and(|server| server.starts_with("WSGIServer")) => {
            Finding::DjangoRunserver.into()
        }
        _ => Finding::NotCauserie.into(),
    };
    Err(cause.with_note(note))
}

/// Whether the server's protocol and release are compatible with ours.
pub fn versions(version: &str, protocol: u32) -> Option<Cause> {
    (protocol != limits::VERSION || series(version) != series(VERSION))
        .then(|| Cause::from(Finding::VersionsDiffer).with("ours", VERSION).with("theirs", version))
}

/// The part of a version that changes with incompatible changes (Semantic Versioning, items 4 and 8).
fn series(version: &str) -> (&str, &str) {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if major == "0" { (major, minor) } else { (major, "") }
}

/// Why pages of an origin may not connect; `host` is the header `Host` as it reached the server.
pub fn origin(status: &OriginStatus, host: Option<&str>, target: &Target) -> Option<Cause> {
    if status.allowed {
        return None;
    }
    Some(foreign(&status.origin, host, target))
}

fn foreign(origin: &str, host: Option<&str>, target: &Target) -> Cause {
    let own = Target::parse(origin).is_ok_and(|page| page.authority() == target.authority());
    match host {
        Some(seen) if own && !seen.eq_ignore_ascii_case(&target.authority()) => {
            Cause::from(Finding::ProxyChangesHost)
                .with("host", target.authority())
                .with("seen", seen)
                .with("origin", origin)
        }
        _ => Cause::from(Finding::OriginNotAllowed).with("origin", origin),
    }
}

/// How far the server's clock is ahead, and the possible error, in milliseconds.
pub fn skew(answer: &Answer, time_ms: i64) -> (f64, f64) {
    let half = answer.milliseconds / 2.0;
    // Milliseconds since 1970 are exact in a double for some hundred thousand years.
    (time_ms as f64 - (answer.sent_at_ms as f64 + half), half)
}

/// The cause, when the clocks differ too much.
pub fn clock((skew, error): (f64, f64)) -> Option<Cause> {
    (skew.abs() - error > SKEW_MS)
        .then(|| Cause::from(Finding::ClockSkew).with("seconds", format!("{:.0}", skew.abs() / 1_000.0)))
}

/// What a close means; for 4001 the `reason` decides (`docs/PROTOCOL.md`).
pub fn close(code: u16, reason: &str, chat: Option<&str>) -> Cause {
    let cause = match CloseCode::from_code(code) {
        CloseCode::Unauthorized if reason.starts_with("unknown protocol version") => {
            Cause::from(Finding::VersionsDiffer).with("ours", VERSION).with("theirs", "?")
        }
        CloseCode::Unauthorized => token(reason).into(),
        CloseCode::NotParticipant => {
            Cause::from(Finding::ChatNotFound).with("chat", chat.unwrap_or_default())
        }
        CloseCode::GoingAway | CloseCode::ServiceRestart => Finding::Draining.into(),
        CloseCode::TryAgainLater => Finding::Full.into(),
        CloseCode::RateLimited | CloseCode::TooManySockets => Finding::TooOften.into(),
        CloseCode::InternalError => Finding::DatabaseUnreachable.into(),
        other => Cause::from(Finding::ClosedByServer)
            .with("code", code.to_string())
            .with("what", close::explanation(other, Language::English).what.trim_end_matches('.')),
    };
    cause.with_note(format!("{code} {reason}").trim_end())
}

/// The finding for a 4001, by the first words of its reason.
fn token(reason: &str) -> Finding {
    [
        ("no token", Finding::NoToken),
        ("malformed", Finding::TokenMalformed),
        ("token expired", Finding::TokenExpired),
        ("token revoked", Finding::TokenRevoked),
        ("token in the URL", Finding::TokenInAddress),
    ]
    .into_iter()
    .find(|(words, _)| reason.starts_with(words))
    .map_or(Finding::TokenUnknown, |(_, finding)| finding)
}

/// What a status means that came instead of 101.
pub fn refused(status: u16, code: Option<&ErrorCode>) -> Cause {
    let cause = match (status, code) {
        (_, Some(ErrorCode::Draining)) => Finding::Draining.into(),
        (_, Some(ErrorCode::RateLimited)) | (429, _) => Finding::TooOften.into(),
        (503, Some(_)) => Finding::Full.into(),
        (502..=504, None) => Cause::from(Finding::BadGateway).with("status", status.to_string()),
        (404, None) => Finding::NotCauserie.into(),
        _ => Finding::SocketBlocked.into(),
    };
    cause.with_note(format!("HTTP {status}"))
}

/// Why a handshake failed, by the server's record of it; `None` when it arrived whole and was accepted, so that the
/// response got lost.
pub fn trace(trace: &Trace, offer: Offer, target: &Target) -> Option<Cause> {
    if !trace.upgrade {
        return Some(Finding::ProxyDropsUpgrade.into());
    }
    if offer != Offer::Nothing && trace.offered.values == 0 {
        return Some(Finding::ProxyDropsSubprotocol.into());
    }
    match trace.status {
        101 => None,
        403 => {
            let origin = trace.origin.as_deref().unwrap_or_default();
            Some(foreign(origin, trace.host.as_deref(), target).with_note("HTTP 403"))
        }
        status => Some(refused(status, trace.code.as_ref())),
    }
}

/// Parses the server's record of a handshake.
pub fn traced(answer: &Answer) -> Option<RecordedTrace> {
    serde_json::from_str(&answer.body).ok()
}

/// Whether the server's record of the handshake is needed to understand the observation.
pub fn needs_trace(seen: &SocketObservation, offer: Offer) -> bool {
    match seen {
        SocketObservation::Welcomed { .. } | SocketObservation::Silent => false,
        SocketObservation::Refused { .. } | SocketObservation::NotEchoed | SocketObservation::Failed => true,
        // The token was offered and did not arrive.
        SocketObservation::Closed { code, reason, .. } => {
            offer == Offer::Token
                && CloseCode::from_code(*code) == CloseCode::Unauthorized
                && token(reason) == Finding::NoToken
        }
    }
}

pub fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
