//! Makes the doctor's probes with the means of a browser.

use causerie_doctor::socket_checks::{IdleTest, Opening, Received, RoundTrip};
use causerie_doctor::{Answer, Fetched, HoldResult, Observation, Offer, Probe, Reached, SocketObservation};
use causerie_protocol::handshake;

use crate::browser;

mod live;
mod lookup;

use live::Live;
use lookup::Name;

/// How long a server may take to respond.
const ANSWER_MS: u32 = 10_000;
/// How long a server may take from the handshake to `welcome`.
const WELCOME_MS: u32 = 10_000;
/// How long the answer to a ping may take.
const PONG_MS: u32 = 5_000;
/// The pause between two pings, so that they do not delay one another.
const BETWEEN_MS: u32 = 50;

/// Makes the probes of one examination.
pub struct Prober {
    token: String,
    socket: Option<Live>,
}

impl Prober {
    pub fn new(token: String) -> Self {
        Self { token, socket: None }
    }

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
        let began = causerie_web::now();
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
            let now = causerie_web::now();
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
        let now = causerie_web::now();
        let mut idle_test = IdleTest::begin(quiet_ms, now);
        let on_event = |at: f64, event: Received<'_>| idle_test.on_event(at, event);
        match live.listen(now + at_most_ms as f64, on_event).await {
            Some(held) => held,
            None => idle_test.give_up(),
        }
    }
}

/// Whether anything responds. The response can't be read, and need not be.
async fn reach(host: &str, port: u16, tls: bool, url: &str) -> Reached {
    let began = causerie_web::now();
    match browser::get(url, true, ANSWER_MS).await {
        Ok(_) => Reached::Connected { milliseconds: Some(causerie_web::now() - began) },
        Err(browser::GetError::TimedOut) => Reached::TimedOut,
        // The error is the same for a name without an address and for a port without a listener.
        Err(browser::GetError::Failed) => match lookup::look_up(host, port).await {
            Name::NotFound => Reached::NameNotFound,
            // Over TLS the cause may also be the certificate, which browsers do not report either.
            Name::Found if !tls => Reached::Refused,
            Name::Found | Name::Unknown => Reached::Failed,
        },
    }
}

/// The response to a `GET`; if the page may not read it, whether there is one at all.
async fn fetch(url: &str) -> Fetched {
    let (sent_at, began) = (js_sys::Date::now(), causerie_web::now());
    match browser::get(url, false, ANSWER_MS).await {
        Ok(response) => {
            let milliseconds = causerie_web::now() - began;
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
