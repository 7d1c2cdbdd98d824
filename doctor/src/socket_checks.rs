//! The checks over a socket, the same for a browser and a terminal.
//!
//! The owner of the socket passes what it received and when, in milliseconds since any fixed moment, and does what
//! [`Next`] says.

use causerie_protocol::ClientFrame;
use causerie_protocol::server_frame::Pong;
use serde::Deserialize;

use crate::probe::{HoldResult, SocketObservation};

/// What came from the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    Text(&'a str),
    /// Causerie does not send binary messages.
    Binary,
    Closed {
        code: u16,
        reason: &'a str,
    },
    /// The connection ended without a close frame; a browser reports 1006 (RFC 6455, section 7.1.5).
    Cut,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<T> {
    Listen,
    /// Send this and wait.
    Answer(ClientFrame),
    /// The check is over.
    Over(T),
}

/// The fields of any frame that the checks need.
#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    t: Option<i64>,
    version: Option<u32>,
}

impl Frame {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// Answers a ping, so that the server does not close the socket.
fn answer<T>(text: &str) -> Next<T> {
    match Frame::read(text) {
        Some(frame) if frame.kind == "ping" => Next::Answer(ClientFrame::Pong { t: frame.t }),
        _ => Next::Listen,
    }
}

/// Waits for `welcome`, and for `subscribed` on the socket of a chat.
#[derive(Debug)]
pub struct Opening {
    chat: bool,
    version: Option<u32>,
}

impl Opening {
    pub fn new(chat: bool) -> Self {
        Self { chat, version: None }
    }

    /// Handles what the socket received `at_ms` after the start of the handshake.
    pub fn on_event(&mut self, at_ms: f64, event: Received<'_>) -> Next<SocketObservation> {
        let text = match event {
            Received::Text(text) => text,
            Received::Binary => return Next::Listen,
            Received::Cut => return Next::Over(SocketObservation::Failed),
            Received::Closed { code, reason } => {
                let (reason, welcomed) = (reason.to_owned(), self.version.is_some());
                return Next::Over(SocketObservation::Closed { code, reason, welcomed });
            }
        };
        let Some(frame) = Frame::read(text) else { return Next::Listen };
        let is_subscribed = frame.kind == "subscribed";
        if frame.kind == "welcome" {
            self.version = Some(frame.version.unwrap_or_default());
        }
        match self.version {
            Some(version) if is_subscribed || !self.chat => {
                Next::Over(SocketObservation::Welcomed { version, milliseconds: at_ms })
            }
            _ => answer(text),
        }
    }
}

/// Measures the time from a `ping` to its answer.
#[derive(Debug)]
pub struct RoundTrip {
    t: i64,
    sent_at_ms: f64,
}

impl RoundTrip {
    /// Starts the measurement; returns the frame to send.
    pub fn begin(t: i64, sent_at_ms: f64) -> (Self, ClientFrame) {
        (Self { t, sent_at_ms }, ClientFrame::Ping { t: Some(t) })
    }

    /// Handles what the socket received; the result is the time in milliseconds, or `None` when the connection ended.
    pub fn on_event(&mut self, at_ms: f64, event: Received<'_>) -> Next<Option<f64>> {
        match event {
            Received::Text(text) if Pong::decode(text).is_some_and(|pong| pong.t == Some(self.t)) => {
                Next::Over(Some(at_ms - self.sent_at_ms))
            }
            Received::Text(text) => answer(text),
            Received::Binary => Next::Listen,
            Received::Closed { .. } | Received::Cut => Next::Over(None),
        }
    }
}

/// Holds a connection on which this end sends only answers to pings.
#[derive(Debug)]
pub struct IdleTest {
    quiet_ms: u64,
    since_ms: f64,
    received: bool,
}

impl IdleTest {
    /// Starts the test, which is over when a frame comes after a pause of `quiet_ms`.
    pub fn begin(quiet_ms: u64, now_ms: f64) -> Self {
        Self { quiet_ms, since_ms: now_ms, received: false }
    }

    pub fn on_event(&mut self, at_ms: f64, event: Received<'_>) -> Next<HoldResult> {
        // A pause can't be negative, and a fraction of a millisecond does not matter.
        let pause = (at_ms - self.since_ms).max(0.0) as u64;
        match event {
            Received::Cut => Next::Over(HoldResult::Cut { quiet_ms: pause }),
            Received::Closed { code, reason } => {
                Next::Over(HoldResult::Closed { code, reason: reason.to_owned() })
            }
            Received::Text(_) | Received::Binary if pause >= self.quiet_ms => {
                Next::Over(HoldResult::Lasted { quiet_ms: pause })
            }
            Received::Text(text) => {
                (self.since_ms, self.received) = (at_ms, true);
                answer(text)
            }
            Received::Binary => {
                (self.since_ms, self.received) = (at_ms, true);
                Next::Listen
            }
        }
    }

    /// The result when the time is up.
    pub fn give_up(self) -> HoldResult {
        if self.received { HoldResult::Busy } else { HoldResult::Silent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELCOME: Received<'_> = Received::Text(r#"{"type":"welcome","version":1,"user":{}}"#);
    const SUBSCRIBED: Received<'_> = Received::Text(r#"{"type":"subscribed","chat_id":1}"#);
    const PING: Received<'_> = Received::Text(r#"{"type":"ping","t":7,"heads":{}}"#);
    const PONG: ClientFrame = ClientFrame::Pong { t: Some(7) };

    fn closed(code: u16) -> Received<'static> {
        Received::Closed { code, reason: "why" }
    }

    #[test]
    fn a_socket_is_open_with_its_welcome_and_its_chat() {
        let welcomed = |milliseconds| Next::Over(SocketObservation::Welcomed { version: 1, milliseconds });
        assert_eq!(Opening::new(false).on_event(12.0, WELCOME), welcomed(12.0));
        let mut opening = Opening::new(true);
        assert_eq!(opening.on_event(12.0, WELCOME), Next::Listen);
        assert_eq!(opening.on_event(13.0, PING), Next::Answer(PONG));
        assert_eq!(opening.on_event(14.0, Received::Text("no JSON")), Next::Listen);
        assert_eq!(opening.on_event(15.0, Received::Binary), Next::Listen);
        assert_eq!(opening.on_event(16.0, SUBSCRIBED), welcomed(16.0));
    }

    #[test]
    fn a_close_says_whether_the_welcome_came_before() {
        for (welcome, welcomed) in [(false, false), (true, true)] {
            let mut opening = Opening::new(true);
            if welcome {
                opening.on_event(1.0, WELCOME);
            }
            let seen = SocketObservation::Closed { code: 4003, reason: "why".to_owned(), welcomed };
            assert_eq!(opening.on_event(2.0, closed(4003)), Next::Over(seen));
        }
        assert_eq!(Opening::new(false).on_event(1.0, Received::Cut), Next::Over(SocketObservation::Failed));
    }

    #[test]
    fn a_round_trip_ends_with_its_own_answer() {
        let (mut trip, frame) = RoundTrip::begin(3, 100.0);
        assert_eq!(frame, ClientFrame::Ping { t: Some(3) });
        assert_eq!(trip.on_event(101.0, PING), Next::Answer(PONG));
        assert_eq!(trip.on_event(102.0, Received::Text(r#"{"type":"pong","t":2}"#)), Next::Listen);
        assert_eq!(trip.on_event(103.0, Received::Text(r#"{"type":"pong","t":3}"#)), Next::Over(Some(3.0)));
        assert_eq!(RoundTrip::begin(0, 0.0).0.on_event(1.0, closed(1012)), Next::Over(None));
        assert_eq!(RoundTrip::begin(0, 0.0).0.on_event(1.0, Received::Cut), Next::Over(None));
    }

    #[test]
    fn a_quiet_connection_lasts_until_something_comes_after_the_pause() {
        let mut idle_test = IdleTest::begin(1_000, 500.0);
        assert_eq!(idle_test.on_event(700.0, PING), Next::Answer(PONG));
        assert_eq!(idle_test.on_event(1_600.0, Received::Binary), Next::Listen);
        assert_eq!(idle_test.on_event(2_600.0, PING), Next::Over(HoldResult::Lasted { quiet_ms: 1_000 }));
        let mut cut = IdleTest::begin(1_000, 0.0);
        assert_eq!(cut.on_event(300.0, Received::Cut), Next::Over(HoldResult::Cut { quiet_ms: 300 }));
        let held = HoldResult::Closed { code: 1012, reason: "why".to_owned() };
        assert_eq!(cut.on_event(300.0, closed(1012)), Next::Over(held));
        assert_eq!(IdleTest::begin(1, 0.0).give_up(), HoldResult::Silent);
        let mut busy = IdleTest::begin(1_000, 0.0);
        busy.on_event(10.0, PING);
        assert_eq!(busy.give_up(), HoldResult::Busy);
    }
}
