//! The transitions: each observation decides checks and leads to the next phase.

use causerie_protocol::limits;
use causerie_texts::{Check, Finding};

use super::{Doctor, Phase, TokenShape};
use crate::diagnose::{self, Cause};
use crate::probe::{Fetched, HoldResult, Reached, SocketObservation};
use crate::target::Target;

/// How often the server's record of a handshake is requested before the handshake counts as never arrived:
/// there may be several servers behind one address, and each has only the handshakes that reached it.
const TRACES: u32 = 3;
/// The same, when the server says that it is one of several.
const TRACES_CLUSTERED: u32 = 16;

impl Doctor {
    pub(super) fn online(&mut self, online: bool) {
        // The loopback interface needs no network.
        if !online && !self.target().is_loopback() {
            return self.fail(Check::Online, Finding::PageOffline.into());
        }
        if self.situation.origin.is_some() {
            self.report.pass(Check::Online, None);
        }
        self.phase = Phase::Reach;
    }

    pub(super) fn reached(&mut self, reached: &Reached) {
        let target = self.target();
        let at = |finding| at(target, finding);
        let (check, cause) = match reached {
            Reached::Connected { milliseconds } => {
                let note = milliseconds.map(|ms| format!("{ms:.0} ms"));
                let secure = target.is_secure();
                self.report.pass(Check::Listening, note);
                if secure {
                    self.report.pass(Check::Certificate, None);
                }
                self.phase = Phase::Status;
                return;
            }
            Reached::NameNotFound => (Check::Name, at(Finding::NameNotFound)),
            Reached::Refused => (Check::Listening, at(Finding::NothingListens)),
            Reached::TimedOut => (Check::Listening, at(Finding::NoAnswer)),
            Reached::CertificateRefused(why) => {
                (Check::Certificate, at(Finding::CertificateRefused).with_note(why.clone()))
            }
            Reached::TlsNotSpoken => (Check::Certificate, at(Finding::TlsNotSpoken)),
            Reached::Failed => (Check::Listening, at(Finding::Unreachable)),
        };
        self.fail(check, cause);
    }

    pub(super) fn status(&mut self, fetched: Fetched) {
        let answer = match fetched {
            Fetched::Answered(answer) => answer,
            // It accepts connections and does not respond: a program that hangs, or a machine that is overloaded.
            Fetched::TimedOut => {
                return self.fail(Check::Causerie, at(self.target(), Finding::NoAnswer));
            }
            Fetched::Hidden | Fetched::Failed => {
                return self.fail(Check::Causerie, Finding::NotCauserie.into());
            }
        };
        let status = match diagnose::identity(&answer, self.target()) {
            Ok(status) => status,
            Err(cause) if cause.finding == Finding::VersionsDiffer => {
                return self.fail(Check::Version, cause);
            }
            Err(cause) => return self.fail(Check::Causerie, cause),
        };
        self.record_server(&status);
        self.report.pass(Check::Causerie, Some(status.version.clone()));
        if let Some(cause) = diagnose::versions(&status.version, status.protocol) {
            return self.fail(Check::Version, cause);
        }
        self.report.pass(Check::Version, None);
        let bus = if status.unheard { Finding::NodesUnheard } else { Finding::RedisUnreachable };
        for (check, bad, finding) in [
            (Check::Serving, status.draining, Finding::Draining),
            (Check::Database, !status.database, Finding::DatabaseUnreachable),
            (Check::Redis, !status.bus || status.unheard, bus),
        ] {
            if bad {
                return self.fail(check, finding.into());
            }
            // A single server has no Redis.
            if check != Check::Redis || status.clustered {
                self.report.pass(check, None);
            }
        }
        if let Some(origin) = &status.origin {
            // A proxy may forward another origin or host for a socket than for this request, so the socket decides.
            self.foreign = diagnose::origin(origin, status.host.as_deref(), self.target());
            if self.foreign.is_none() {
                self.report.pass(Check::Origin, Some(origin.origin.clone()));
            }
        }
        let skew = diagnose::skew(&answer, status.time_ms);
        self.report.figures.skew_ms = Some(skew.0.round() as i64);
        self.skew = Some(skew);
        self.status = Some(status);
        self.phase = Phase::Socket;
    }

    pub(super) fn socket_seen(&mut self, seen: SocketObservation) {
        let offer = self.offer();
        if diagnose::needs_trace(&seen, offer) {
            let clustered = self.status.as_ref().is_some_and(|status| status.clustered);
            let left = if clustered { TRACES_CLUSTERED } else { TRACES };
            self.phase = Phase::Trace { left, seen };
            return;
        }
        match seen {
            SocketObservation::Welcomed { version, milliseconds } => {
                self.report.figures.connect_ms = Some(milliseconds);
                self.opened(Some(format!("{milliseconds:.0} ms")));
                if version != limits::VERSION {
                    let cause = Cause::from(Finding::VersionsDiffer)
                        .with("ours", limits::VERSION.to_string())
                        .with("theirs", version.to_string());
                    return self.fail(Check::Version, cause);
                }
                self.report.pass(Check::Token, None);
                if let Some(chat) = self.situation.chat {
                    self.report.pass(Check::Chat, Some(chat.to_string()));
                }
                if let Some(cause) = self.skew.and_then(diagnose::clock) {
                    return self.fail(Check::Clock, cause);
                }
                let skew = self.report.figures.skew_ms.map(|ms| format!("{ms:+} ms"));
                self.report.pass(Check::Clock, skew);
                self.phase = Phase::RoundTrips;
            }
            SocketObservation::Closed { code, reason, welcomed } => {
                self.opened(None);
                self.closed(code, &reason, welcomed);
            }
            SocketObservation::Silent => self.fail(Check::Upgrade, Finding::SocketSilent.into()),
            // These need the server's record and were handled above.
            SocketObservation::Refused { .. } | SocketObservation::NotEchoed | SocketObservation::Failed => {
                self.fail(Check::Upgrade, Finding::Unexplained.into());
            }
        }
    }

    /// The server closed the socket, which shows that sockets open and that subprotocols arrive.
    fn closed(&mut self, code: u16, reason: &str, welcomed: bool) {
        let chat = self.situation.chat.map(|chat| chat.to_string());
        let mut cause = diagnose::close(code, reason, chat.as_deref());
        let check = match cause.finding {
            Finding::NoToken if self.situation.token == TokenShape::Malformed => {
                cause = Finding::TokenMalformed.into();
                Check::Token
            }
            // With a clock that is days off, sign-ins expire too early.
            Finding::TokenExpired => match self.skew.and_then(diagnose::clock) {
                Some(skewed) => {
                    cause = skewed;
                    Check::Clock
                }
                None => Check::Token,
            },
            Finding::NoToken | Finding::TokenMalformed | Finding::TokenUnknown | Finding::TokenRevoked => {
                Check::Token
            }
            Finding::VersionsDiffer => Check::Version,
            Finding::ChatNotFound => {
                self.report.pass(Check::Token, None);
                Check::Chat
            }
            Finding::DatabaseUnreachable => Check::Database,
            Finding::Draining | Finding::Full | Finding::TooOften => Check::Serving,
            _ if welcomed => Check::Idle,
            _ => Check::Upgrade,
        };
        self.fail(check, cause);
    }

    pub(super) fn trace(&mut self, left: u32, seen: SocketObservation, fetched: &Fetched) {
        let traced = match fetched {
            Fetched::Answered(answer) => diagnose::traced(answer),
            Fetched::Hidden | Fetched::TimedOut | Fetched::Failed => None,
        };
        if let Some(trace) = traced.and_then(|traced| traced.trace) {
            return match diagnose::trace(&trace, self.offer(), self.target()) {
                Some(cause) => {
                    let check = match cause.finding {
                        Finding::ProxyDropsSubprotocol => {
                            self.report.pass(Check::Upgrade, None);
                            Check::Subprotocol
                        }
                        Finding::OriginNotAllowed | Finding::ProxyChangesHost => Check::Origin,
                        Finding::Draining | Finding::Full | Finding::TooOften => Check::Serving,
                        _ => Check::Upgrade,
                    };
                    self.fail(check, cause);
                }
                None if seen == SocketObservation::NotEchoed => {
                    self.report.pass(Check::Upgrade, None);
                    self.fail(Check::Subprotocol, Finding::ProxyDropsSubprotocol.into());
                }
                None => self.phase = Phase::Bare,
            };
        }
        if left > 1 {
            self.phase = Phase::Trace { left: left - 1, seen };
            return;
        }
        if let Some(foreign) = self.foreign.take() {
            return self.fail(Check::Origin, foreign);
        }
        // The handshake reached no server, so a proxy in front of it answered.
        let cause = match seen {
            SocketObservation::Refused { status, code } => diagnose::refused(status, code.as_ref()),
            SocketObservation::NotEchoed => Finding::ProxyDropsSubprotocol.into(),
            _ => Finding::SocketBlocked.into(),
        };
        self.fail(Check::Upgrade, cause);
    }

    pub(super) fn after_bare_handshake(&mut self, seen: &SocketObservation) {
        let opens = matches!(seen, SocketObservation::Welcomed { .. } | SocketObservation::Closed { .. });
        if opens {
            self.report.pass(Check::Upgrade, None);
            self.fail(Check::Subprotocol, Finding::ProxyDropsSubprotocol.into());
        } else {
            self.fail(Check::Upgrade, Finding::SocketBlocked.into());
        }
    }

    pub(super) fn round_trips(&mut self, times: &[f64]) {
        match diagnose::median(times) {
            None => self.report.skip(Check::RoundTrip),
            Some(median) => {
                self.report.figures.round_trip_ms = Some(median);
                if median > diagnose::SLOW_MS {
                    let cause =
                        Cause::from(Finding::SlowRoundTrip).with("milliseconds", format!("{median:.0}"));
                    return self.fail(Check::RoundTrip, cause);
                }
                self.report.pass(Check::RoundTrip, Some(format!("{median:.1} ms")));
            }
        }
        if self.situation.hold {
            self.phase = Phase::Hold;
        } else {
            self.report.skip(Check::Idle);
            self.phase = Phase::Ended;
        }
    }

    pub(super) fn held(&mut self, held: HoldResult) {
        match held {
            HoldResult::Lasted { quiet_ms } => {
                self.report.figures.quiet_ms = Some(quiet_ms);
                self.report.pass(Check::Idle, Some(seconds(quiet_ms)));
                self.phase = Phase::Ended;
            }
            HoldResult::Busy => {
                self.report.skip(Check::Idle);
                self.phase = Phase::Ended;
            }
            HoldResult::Cut { quiet_ms } => self.phase = Phase::AfterCut { quiet_ms },
            HoldResult::Closed { code, reason } => self.closed(code, &reason, true),
            HoldResult::Silent => self.fail(Check::Idle, Finding::SocketSilent.into()),
        }
    }

    /// A server that was stopped cuts its connections too.
    pub(super) fn after_cut(&mut self, quiet_ms: u64, fetched: &Fetched) {
        let status = match fetched {
            Fetched::Answered(answer) => diagnose::identity(answer, self.target()),
            Fetched::TimedOut => return self.fail(Check::Causerie, at(self.target(), Finding::NoAnswer)),
            Fetched::Hidden | Fetched::Failed => {
                return self.fail(Check::Listening, at(self.target(), Finding::NothingListens));
            }
        };
        match status {
            Err(cause) => self.fail(Check::Causerie, cause),
            Ok(status) if status.draining => self.fail(Check::Serving, Finding::Draining.into()),
            Ok(_) => {
                self.report.figures.quiet_ms = Some(quiet_ms);
                let cause = Cause::from(Finding::ProxyCutsIdle)
                    .with("seconds", format!("{:.0}", quiet_ms as f64 / 1_000.0))
                    .with("heartbeat", format!("{:.0}", self.heartbeat_ms() as f64 / 1_000.0));
                self.fail(Check::Idle, cause.with_note(seconds(quiet_ms)));
            }
        }
    }
}

/// A cause whose placeholders are parts of the server's address.
fn at(target: &Target, finding: Finding) -> Cause {
    let mut cause = Cause::from(finding);
    for (name, _) in finding.details() {
        let value = match *name {
            "host" => target.host().to_owned(),
            "port" => target.port().to_string(),
            _ => target.http("/"),
        };
        cause = cause.with(name, value);
    }
    cause
}

fn seconds(milliseconds: u64) -> String {
    format!("{:.1} s", milliseconds as f64 / 1_000.0)
}
