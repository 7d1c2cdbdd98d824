//! What the doctor wants to see, seen with a browser's means.

use causerie_doctor::{Answer, Fetched, Held, Observation, Offer, Probe, Reached, SocketSeen};
use causerie_protocol::server_frame::Pong;
use causerie_protocol::{ClientFrame, handshake};

use crate::browser;
use crate::frame::Head;
use crate::socket::SocketEvent;

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
    #[must_use]
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

    async fn open(&mut self, url: &str, offer: Offer, chat: bool) -> SocketSeen {
        self.socket = None;
        let protocols = match offer {
            Offer::Token => handshake::offer(&self.token).to_vec(),
            Offer::Version => vec![handshake::VERSIONED.to_owned()],
            Offer::Nothing => Vec::new(),
        };
        let began = browser::now();
        let Ok(mut live) = Live::open(url, &protocols) else { return SocketSeen::Failed };
        let end = began + f64::from(WELCOME_MS);
        let mut version = None;
        loop {
            let Some((at, event)) = live.next_until(end).await else { return SocketSeen::Silent };
            match event {
                SocketEvent::Opened { .. } | SocketEvent::Binary(_) => {}
                SocketEvent::Closed { code, reason } => {
                    // 1006 is the browser's own: no close frame came.
                    return match code {
                        1006 => SocketSeen::Failed,
                        _ => SocketSeen::Closed { code, reason, welcomed: version.is_some() },
                    };
                }
                SocketEvent::Text(text) => {
                    let head = Head::read(&text);
                    match head.kind.as_deref() {
                        Some("welcome") => version = Some(version_of(&text)),
                        Some("ping") => live.send(&ClientFrame::Pong { t: head.t }),
                        _ => {}
                    }
                    let is_ready = !chat || head.kind.as_deref() == Some("subscribed");
                    if let (Some(version), true) = (version, is_ready) {
                        self.socket = Some(live);
                        return SocketSeen::Welcomed { version, milliseconds: at - began };
                    }
                }
            }
        }
    }

    async fn round_trips(&mut self, count: u32) -> Vec<f64> {
        let mut times = Vec::new();
        let Some(live) = &mut self.socket else { return times };
        for t in 0..i64::from(count) {
            let sent = browser::now();
            live.send(&ClientFrame::Ping { t: Some(t) });
            let end = sent + f64::from(PONG_MS);
            let arrived = loop {
                match live.next_until(end).await {
                    Some((at, SocketEvent::Text(text))) => {
                        if Pong::decode(&text).is_some_and(|pong| pong.t == Some(t)) {
                            break Some(at);
                        }
                        live.answer(&text);
                    }
                    Some((_, SocketEvent::Opened { .. } | SocketEvent::Binary(_))) => {}
                    // The connection is gone; what comes next finds out why.
                    Some((at, SocketEvent::Closed { code, reason })) => {
                        live.put_back(at, SocketEvent::Closed { code, reason });
                        break None;
                    }
                    None => break None,
                }
            };
            let Some(arrived) = arrived else { break };
            times.push(arrived - sent);
            browser::pause(BETWEEN_MS).await;
        }
        times
    }

    async fn hold(&mut self, quiet_ms: u64, at_most_ms: u64) -> Held {
        let Some(live) = &mut self.socket else { return Held::Silent };
        let began = browser::now();
        let end = began + at_most_ms as f64;
        let (mut quiet_since, mut heard) = (began, false);
        while let Some((at, event)) = live.next_until(end).await {
            let pause = (at - quiet_since).max(0.0) as u64;
            match event {
                SocketEvent::Closed { code: 1006, .. } => return Held::Cut { quiet_ms: pause },
                SocketEvent::Closed { code, reason } => return Held::Closed { code, reason },
                SocketEvent::Opened { .. } => {}
                SocketEvent::Binary(_) | SocketEvent::Text(_) if pause >= quiet_ms => {
                    return Held::Lasted { quiet_ms: pause };
                }
                SocketEvent::Binary(_) => (quiet_since, heard) = (at, true),
                SocketEvent::Text(text) => {
                    live.answer(&text);
                    (quiet_since, heard) = (at, true);
                }
            }
        }
        if heard { Held::Busy } else { Held::Silent }
    }
}

fn version_of(welcome: &str) -> u32 {
    let welcome: Option<serde_json::Value> = serde_json::from_str(welcome).ok();
    welcome.and_then(|welcome| u32::try_from(welcome["version"].as_u64()?).ok()).unwrap_or_default()
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
        Err(_) => match browser::get(url, true, ANSWER_MS).await {
            Ok(_) => Fetched::Hidden,
            Err(_) => Fetched::Failed,
        },
    }
}
