//! Short forms of observations.

use causerie_doctor::{Answer, Fetched, Observation, Reached, SocketObservation};
use causerie_protocol::doctor::{Offered, RecordedTrace, ServerStatus, Trace};
use causerie_protocol::{ErrorCode, limits};

pub const PROBE: &str = "0b9b5b0e-3f0a-4d7e-9d43-6a1f5f0f9a11";
pub const PAGE: &str = "https://chat.example.org";
pub const NOW: i64 = 1_795_000_000_000;

pub fn status() -> ServerStatus {
    ServerStatus {
        name: "causerie".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: limits::VERSION,
        node: "a1".to_owned(),
        clustered: false,
        time_ms: NOW,
        heartbeat_ms: 25_000,
        host: Some("chat.example.org".to_owned()),
        database: true,
        bus: true,
        draining: false,
        unheard: false,
        origin: None,
    }
}

pub fn trace() -> Trace {
    Trace {
        upgrade: true,
        offered: Offered::read(&format!("causerie.v1, Bearer, {}", "a".repeat(64))),
        origin: Some(PAGE.to_owned()),
        origin_allowed: true,
        host: Some("chat.example.org".to_owned()),
        status: 101,
        code: None,
    }
}

pub fn answer(status: u16, body: impl Into<String>) -> Answer {
    Answer { status, body: body.into(), sent_at_ms: NOW - 10, milliseconds: 20.0, ..Answer::default() }
}

pub fn told(change: impl FnOnce(&mut ServerStatus)) -> Observation {
    let mut status = status();
    change(&mut status);
    Observation::Status(Fetched::Answered(answer(200, serde_json::to_string(&status).unwrap())))
}

pub fn other(answer: Answer) -> Observation {
    Observation::Status(Fetched::Answered(answer))
}

pub fn traced(trace: Option<Trace>) -> Observation {
    let traced = RecordedTrace { node: "a1".to_owned(), trace };
    Observation::Trace(Fetched::Answered(answer(200, serde_json::to_string(&traced).unwrap())))
}

pub fn arrived(change: impl FnOnce(&mut Trace)) -> Observation {
    let mut trace = trace();
    change(&mut trace);
    traced(Some(trace))
}

pub fn closed(code: u16, reason: &str) -> Observation {
    Observation::Socket(SocketObservation::Closed { code, reason: reason.to_owned(), welcomed: false })
}

pub fn failed() -> Observation {
    Observation::Socket(SocketObservation::Failed)
}

pub fn refused(status: u16, code: Option<ErrorCode>) -> Observation {
    Observation::Socket(SocketObservation::Refused { status, code })
}

pub fn welcomed() -> Observation {
    Observation::Socket(SocketObservation::Welcomed { version: limits::VERSION, milliseconds: 12.0 })
}

pub fn quick() -> Observation {
    Observation::RoundTrips(vec![3.0, 1.0, 2.0, 40.0, 2.5])
}

pub fn connected() -> [Observation; 2] {
    [Observation::Online(true), Observation::Reached(Reached::Connected { milliseconds: Some(1.0) })]
}
