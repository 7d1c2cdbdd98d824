//! Makes the observations that the doctor asks for, from a terminal.

use std::time::Duration;

use causerie_doctor::socket_checks::{IdleTest, Opening, Received, RoundTrip};
use causerie_doctor::{Fetched, HoldResult, Observation, Offer, Probe, Reached, SocketObservation, Target};
use causerie_protocol::handshake;
use tokio::time::{Instant, sleep};

use super::socket::Live;
use super::{connect, fetch};

/// A pause between two pings, so that the answers of one are not in the way of the next.
const BETWEEN: Duration = Duration::from_millis(50);

pub(super) struct Prober {
    target: Target,
    token: String,
    origin: Option<String>,
    /// The timeout of each step.
    patience: Duration,
    socket: Option<Live>,
}

impl Prober {
    pub(super) fn new(target: Target, token: String, origin: Option<String>, patience: Duration) -> Self {
        Self { target, token, origin, patience, socket: None }
    }

    pub(super) async fn observe(&mut self, probe: Probe) -> Observation {
        match probe {
            Probe::Online => Observation::Online(connect::is_online(&self.target, self.patience).await),
            Probe::Reach { .. } => Observation::Reached(self.reach().await),
            Probe::Status { url } => Observation::Status(self.get(&url).await),
            Probe::Trace { url } => Observation::Trace(self.get(&url).await),
            Probe::Socket { url, offer, chat } => Observation::Socket(self.open(&url, offer, chat).await),
            Probe::RoundTrips { count } => Observation::RoundTrips(self.round_trips(count).await),
            Probe::Hold { quiet_ms, at_most_ms } => Observation::Held(self.hold(quiet_ms, at_most_ms).await),
        }
    }

    pub(super) async fn end(self) {
        if let Some(live) = self.socket {
            live.leave().await;
        }
    }

    async fn reach(&self) -> Reached {
        let began = Instant::now();
        match connect::connect(&self.target, self.patience).await {
            Ok(_) => Reached::Connected { milliseconds: Some(began.elapsed().as_secs_f64() * 1_000.0) },
            Err(reached) => reached,
        }
    }

    async fn get(&self, url: &str) -> Fetched {
        fetch::get(&self.target, url, self.origin.as_deref(), self.patience).await
    }

    async fn open(&mut self, url: &str, offer: Offer, chat: bool) -> SocketObservation {
        self.socket = None;
        let protocols = match offer {
            Offer::Token => handshake::offer(&self.token).to_vec(),
            Offer::Version => vec![handshake::VERSIONED.to_owned()],
            Offer::Nothing => Vec::new(),
        };
        let mut live =
            match Live::open(&self.target, url, &protocols, self.origin.as_deref(), self.patience).await {
                Ok(live) => live,
                Err(seen) => return seen,
            };
        let mut opening = Opening::new(chat);
        let seen = live.listen(self.patience, |at, event: Received<'_>| opening.on_event(at, event)).await;
        let seen = seen.unwrap_or(SocketObservation::Silent);
        if let SocketObservation::Welcomed { .. } = seen {
            self.socket = Some(live);
        }
        seen
    }

    async fn round_trips(&mut self, count: u32) -> Vec<f64> {
        let mut times = Vec::new();
        let Some(live) = &mut self.socket else { return times };
        for t in 0..i64::from(count) {
            let (mut trip, ping) = RoundTrip::begin(t, live.now_ms());
            live.send(&ping).await;
            let time = live.listen(self.patience, |at, event: Received<'_>| trip.on_event(at, event)).await;
            let Some(Some(time)) = time else { break };
            times.push(time);
            #[expect(clippy::disallowed_methods, reason = "what it asks comes at intervals")]
            sleep(BETWEEN).await;
        }
        times
    }

    async fn hold(&mut self, quiet_ms: u64, at_most_ms: u64) -> HoldResult {
        let Some(live) = &mut self.socket else { return HoldResult::Silent };
        let mut idle_test = IdleTest::begin(quiet_ms, live.now_ms());
        let limit = Duration::from_millis(at_most_ms);
        match live.listen(limit, |at, event: Received<'_>| idle_test.on_event(at, event)).await {
            Some(held) => held,
            None => idle_test.give_up(),
        }
    }
}
