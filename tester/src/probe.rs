//! What the doctor wants to see, seen with a browser's means.

use causerie_doctor::socket_checks::{IdleTest, Opening, Received, RoundTrip};
use causerie_doctor::{Answer, Fetched, HoldResult, Observation, Offer, Probe, Reached, SocketObservation};
use causerie_protocol::handshake;

use crate::browser;

mod live;
mod lookup;

use live::Live;
use lookup::Name;

/// How long a server may take to answer a request.
const ANSWER_MS: u32 = 10_000;
/// How long a server may take from the handshake to `welcome`.
const WELCOME_MS: u32 = 10_000;
/// How long an answer to a ping is waited for.
const PONG_MS: u32 = 5_000;
/// A pause between two pings, so that the answers of one are not in the way of the next.
const BETWEEN_MS: u32 = 50;

/// Who makes the observations of one examination.
pub struct Prober {
    token: String,
    socket: Option<Live>,
}

impl Prober {
    /// An examination with a token, or with an empty one.
    pub fn new(token: String) -> Self {
        Self { token, socket: None }
    }

    /// Makes one.
    pub async fn observe(&mut self, probe: Probe) -> Observation {
        match probe {
            Probe::Online => Observation::Online(browser::is_online()),
            Probe::Reach { host, port, tls, url } => {
                Observation::Reached(reach(&host, port, tls, &url).await)
            }
            Probe::Status { url } => Observation::Status(fetch(&url).await),
            Probe::Trace { url } => Observation::Trace(fetch(&url).await),
            Probe::Socket { url, offer, chat } => Observation::Socket(self.open(&url, offer, chat).await),
            Probe::RoundTrips { count } => Observation::RoundTrips(self.round_trips(count).await),
            Probe::Hold { quiet_ms, at_most_ms } => Observation::Held(self.hold(quiet_ms, at_most_ms).await),
        }
    }

    async fn open(&mut self, url: &str, offer: Offer, chat: bool) -> SocketObservation {
        self.socket = None;
        let protocols = match offer {
            Offer::Token => handshake::offer(&self.token).to_vec(),
            Offer::Version => vec![handshake::VERSIONED.to_owned()],
            Offer::Nothing => Vec::new(),
        };
        let began = browser::now();
        let Ok(mut live) = Live::open(url, &protocols) else { return SocketObservation::Failed };
        let mut opening = Opening::new(chat);
        let on_event = |at: f64, event: Received<'_>| opening.on_event(at - began, event);
        let seen =
            live.listen(began + f64::from(WELCOME_MS), on_event).await.unwrap_or(SocketObservation::Silent);
        if let SocketObservation::Welcomed { .. } = seen {
            self.socket = Some(live);
        }
        seen
    }

    async fn round_trips(&mut self, count: u32) -> Vec<f64> {
        let mut times = Vec::new();
        let Some(live) = &mut self.socket else { return times };
        for t in 0..i64::from(count) {
            let now = browser::now();
            let (mut trip, ping) = RoundTrip::begin(t, now);
            live.send(&ping);
            let on_event = |at: f64, event: Received<'_>| trip.on_event(at, event);
            let Some(Some(time)) = live.listen(now + f64::from(PONG_MS), on_event).await else { break };
            times.push(time);
            browser::pause(BETWEEN_MS).await;
        }
        times
    }

    async fn hold(&mut self, quiet_ms: u64, at_most_ms: u64) -> HoldResult {
        let Some(live) = &mut self.socket else { return HoldResult::Silent };
        let now = browser::now();
        let mut idle_test = IdleTest::begin(quiet_ms, now);
        let on_event = |at: f64, event: Received<'_>| idle_test.on_event(at, event);
        match live.listen(now + at_most_ms as f64, on_event).await {
            Some(held) => held,
            None => idle_test.give_up(),
        }
    }
}

/// Whether anything answers there. The answer can't be read, and need not be.
async fn reach(host: &str, port: u16, tls: bool, url: &str) -> Reached {
    let began = browser::now();
    match browser::get(url, true, ANSWER_MS).await {
        Ok(_) => Reached::Connected { milliseconds: Some(browser::now() - began) },
        Err(browser::GetError::TimedOut) => Reached::TimedOut,
        // The same error for a name that nobody has and for a port that nobody listens on.
        Err(browser::GetError::Failed) => match lookup::look_up(host, port).await {
            Name::NotFound => Reached::NameNotFound,
            // Over TLS it may be the certificate too, which browsers do not tell either.
            Name::Found if !tls => Reached::Refused,
            Name::Found | Name::Unknown => Reached::Failed,
        },
    }
}

/// What a `GET` leads to that may be read, and else whether there is an answer at all.
async fn fetch(url: &str) -> Fetched {
    let (sent_at, began) = (js_sys::Date::now(), browser::now());
    match browser::get(url, false, ANSWER_MS).await {
        Ok(response) => {
            let milliseconds = browser::now() - began;
            let body = browser::body(&response).await;
            Fetched::Answered(Answer {
                status: response.status(),
                server: response.headers().get("server").ok().flatten(),
                location: response.redirected().then(|| response.url()),
                body,
                sent_at_ms: sent_at as i64,
                milliseconds,
            })
        }
        Err(browser::GetError::TimedOut) => Fetched::TimedOut,
        Err(browser::GetError::Failed) => match browser::get(url, true, ANSWER_MS).await {
            Ok(_) => Fetched::Hidden,
            Err(browser::GetError::TimedOut) => Fetched::TimedOut,
            Err(browser::GetError::Failed) => Fetched::Failed,
        },
    }
}
