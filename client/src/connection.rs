//! The state machine that keeps one socket open: by close code it decides whether and when to connect again.

use causerie_protocol::{CloseCode, Policy};

use crate::backoff::{Backoff, part_of};
use crate::clock::Millis;
use crate::words;

/// After a connection that lasted this long the backoff starts again, in milliseconds.
pub const STABLE_MS: Millis = 30_000;
/// How long a socket may take from the start to its `welcome`, in milliseconds.
pub const WELCOME_MS: Millis = 15_000;
/// How long the server may take to answer a probe, in milliseconds.
pub const PROBE_MS: Millis = 5_000;
/// The window of the random wait after a server announced a restart, in milliseconds.
pub const JITTER_MS: Millis = 2_000;
/// A socket counts as dead after two heartbeats and this many milliseconds without a frame.
pub const SILENCE_SLACK_MS: Millis = 10_000;

/// Identifies one socket; inputs of any other than the current one are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// No user is signed in; after a 4001 with the server's reason.
    SignedOut {
        /// Why the sign-in ended, unless the person signed out.
        reason: Option<String>,
    },
    /// A socket was requested, and its `welcome` has not come yet.
    Connecting {
        /// How the last connection ended, if there was one.
        after: Option<Closed>,
    },
    /// The `welcome` came and frames flow.
    Online,
    /// The next attempt is due at a time.
    Waiting { until: Millis, after: Closed },
    /// The device has no network; the next attempt follows when it has one again.
    Offline,
    /// No further attempt is made until the person acts.
    Stopped { after: Closed },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// 1006 when the connection broke without a close frame.
    pub code: CloseCode,
    /// The reason of the close frame; often empty.
    pub reason: String,
    /// How many attempts failed in a row, this one included.
    pub failures: u32,
}

/// What follows a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterClose {
    /// Stay closed until the person acts.
    Stop,
    /// Ask the person to sign in.
    SignIn,
    Now,
    /// Connect after a random part of this many milliseconds, added to the wait that the server asked for.
    Jitter(Millis),
    BackOff,
}

/// What follows a close with this code, when `failures` attempts failed in a row before.
///
/// After a failure even "at once" backs off, so that no close code can cause a loop without a wait.
pub fn after_close(code: CloseCode, failures: u32) -> AfterClose {
    match (code.policy(), failures) {
        (Policy::StayClosed, _) => AfterClose::Stop,
        (Policy::SignIn, _) => AfterClose::SignIn,
        (Policy::ResumeNow, 0) => AfterClose::Now,
        (Policy::ResumeJittered, 0) => AfterClose::Jitter(JITTER_MS),
        (Policy::ResumeNow | Policy::ResumeJittered | Policy::BackOff | Policy::BackOffAndDiagnose, _) => {
            AfterClose::BackOff
        }
    }
}

/// What the state machine asks its owner to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionAction {
    Connect(ConnectionId),
    Disconnect(ConnectionId),
    /// Send something that the server answers, to learn whether the socket is alive.
    Probe,
    /// Ask the person to sign in.
    AskSignIn(String),
}

/// The state machine.
#[derive(Debug)]
pub struct Connection {
    state: ConnectionState,
    /// The current socket, while there is one.
    current: Option<ConnectionId>,
    next_id: u64,
    backoff: Backoff,
    has_network: bool,
    /// When the current socket was requested, and later when it became online.
    since: Millis,
    last_activity: Millis,
    silence_limit: Millis,
    probe_until: Option<Millis>,
    go_away_ms: Millis,
}

impl Connection {
    /// The state of a page without a user.
    pub fn new() -> Self {
        Self {
            state: ConnectionState::SignedOut { reason: None },
            current: None,
            next_id: 1,
            backoff: Backoff::default(),
            has_network: true,
            since: 0,
            last_activity: 0,
            silence_limit: 2 * causerie_protocol::limits::HEARTBEAT_SECONDS * 1_000 + SILENCE_SLACK_MS,
            probe_until: None,
            go_away_ms: 0,
        }
    }

    pub fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// The socket to send on, while the connection is online.
    pub fn online(&self) -> Option<ConnectionId> {
        if self.state == ConnectionState::Online { self.current } else { None }
    }

    pub fn is_current(&self, connection: ConnectionId) -> bool {
        self.current == Some(connection)
    }

    /// There is a token: connect, whatever the state was.
    pub fn signed_in(&mut self, now: Millis) -> Vec<ConnectionAction> {
        self.backoff.reset();
        let mut actions = self.drop_socket();
        actions.extend(self.connect(now, None));
        actions
    }

    pub fn signed_out(&mut self) -> Vec<ConnectionAction> {
        let actions = self.drop_socket();
        self.state = ConnectionState::SignedOut { reason: None };
        actions
    }

    /// The server refused the token, by REST or with 4001.
    pub fn token_refused(&mut self, reason: String) -> Vec<ConnectionAction> {
        let mut actions = self.drop_socket();
        self.state = ConnectionState::SignedOut { reason: Some(reason.clone()) };
        actions.push(ConnectionAction::AskSignIn(reason));
        actions
    }

    /// The `welcome` came; the server pings every `heartbeat_seconds`.
    pub fn welcomed(&mut self, now: Millis, heartbeat_seconds: u64) {
        self.state = ConnectionState::Online;
        self.since = now;
        self.last_activity = now;
        self.go_away_ms = 0;
        self.silence_limit = heartbeat_seconds.clamp(1, 3_600) * 2_000 + SILENCE_SLACK_MS;
    }

    /// A frame came from the current socket.
    pub fn on_activity(&mut self, now: Millis) {
        self.last_activity = now;
        self.probe_until = None;
    }

    /// The server is about to close and asks for a wait of this many milliseconds.
    pub fn going_away(&mut self, retry_after_ms: Millis) {
        self.go_away_ms = retry_after_ms.min(crate::backoff::CAP_MS);
    }

    /// The current socket closed.
    pub fn closed(
        &mut self,
        now: Millis,
        random: f64,
        code: CloseCode,
        reason: &str,
    ) -> Vec<ConnectionAction> {
        if self.state == ConnectionState::Online && now.saturating_sub(self.since) >= STABLE_MS {
            self.backoff.reset();
        }
        self.current = None;
        self.probe_until = None;
        let next = after_close(code, self.backoff.failures());
        let asked = std::mem::take(&mut self.go_away_ms);
        let backoff = self.backoff.fail(random);
        let after = Closed { code, reason: reason.to_owned(), failures: self.backoff.failures() };
        let wait = match next {
            AfterClose::Stop => {
                self.state = ConnectionState::Stopped { after };
                return Vec::new();
            }
            AfterClose::SignIn => {
                return self.token_refused(words::reason(code, reason));
            }
            AfterClose::Now => 0,
            AfterClose::Jitter(window) => asked + part_of(window, random),
            AfterClose::BackOff => asked.max(backoff),
        };
        if !self.has_network {
            self.state = ConnectionState::Offline;
        } else if wait == 0 {
            return self.connect(now, Some(after));
        } else {
            self.state = ConnectionState::Waiting { until: now + wait, after };
        }
        Vec::new()
    }

    /// The browser reports whether the device has a network.
    pub fn network(&mut self, now: Millis, online: bool) -> Vec<ConnectionAction> {
        self.has_network = online;
        if online {
            return self.wake(now);
        }
        match self.state {
            ConnectionState::Waiting { .. } => self.state = ConnectionState::Offline,
            // An open socket does not report that the network is gone, and on the loopback interface it lives on: probe
            // it.
            ConnectionState::Online => return self.probe(now),
            _ => {}
        }
        Vec::new()
    }

    /// The page came back from the background, or the network did.
    pub fn wake(&mut self, now: Millis) -> Vec<ConnectionAction> {
        match &self.state {
            ConnectionState::Waiting { after, .. } => {
                let after = after.clone();
                self.connect(now, Some(after))
            }
            ConnectionState::Offline => self.connect(now, None),
            ConnectionState::Online if now.saturating_sub(self.last_activity) > PROBE_MS => self.probe(now),
            _ => Vec::new(),
        }
    }

    /// The device may have slept while the monotonic clock stood still, so an open socket is probed.
    pub fn after_sleep(&mut self, now: Millis) -> Vec<ConnectionAction> {
        if self.state == ConnectionState::Online { self.probe(now) } else { self.wake(now) }
    }

    pub fn try_now(&mut self, now: Millis) -> Vec<ConnectionAction> {
        match &self.state {
            ConnectionState::Waiting { after, .. } | ConnectionState::Stopped { after } => {
                let after = after.clone();
                self.connect(now, Some(after))
            }
            ConnectionState::Offline => self.connect(now, None),
            _ => Vec::new(),
        }
    }

    /// The time of [`Self::deadline`] has come.
    pub fn tick(&mut self, now: Millis, random: f64) -> Vec<ConnectionAction> {
        if self.deadline().is_none_or(|due| now < due) {
            return Vec::new();
        }
        match &self.state {
            ConnectionState::Waiting { after, .. } => {
                let after = after.clone();
                self.connect(now, Some(after))
            }
            ConnectionState::Connecting { .. } => self.lost(now, random, CloseCode::Abnormal),
            ConnectionState::Online => self.lost(now, random, CloseCode::NoHeartbeat),
            ConnectionState::SignedOut { .. }
            | ConnectionState::Offline
            | ConnectionState::Stopped { .. } => Vec::new(),
        }
    }

    /// When [`Self::tick`] is due.
    pub fn deadline(&self) -> Option<Millis> {
        match self.state {
            ConnectionState::Waiting { until, .. } => Some(until),
            ConnectionState::Connecting { .. } => Some(self.since + WELCOME_MS),
            ConnectionState::Online => {
                let silent = self.last_activity + self.silence_limit;
                Some(self.probe_until.map_or(silent, |probe| probe.min(silent)))
            }
            ConnectionState::SignedOut { .. }
            | ConnectionState::Offline
            | ConnectionState::Stopped { .. } => None,
        }
    }

    /// The socket is given up because no frame comes from it.
    fn lost(&mut self, now: Millis, random: f64, code: CloseCode) -> Vec<ConnectionAction> {
        let mut actions = self.drop_socket();
        actions.extend(self.closed(now, random, code, ""));
        actions
    }

    fn probe(&mut self, now: Millis) -> Vec<ConnectionAction> {
        if self.probe_until.is_some() {
            return Vec::new();
        }
        self.probe_until = Some(now + PROBE_MS);
        vec![ConnectionAction::Probe]
    }

    fn connect(&mut self, now: Millis, after: Option<Closed>) -> Vec<ConnectionAction> {
        let connection = ConnectionId(self.next_id);
        self.next_id += 1;
        self.current = Some(connection);
        self.since = now;
        self.probe_until = None;
        self.state = ConnectionState::Connecting { after };
        vec![ConnectionAction::Connect(connection)]
    }

    fn drop_socket(&mut self) -> Vec<ConnectionAction> {
        self.probe_until = None;
        self.current.take().map(ConnectionAction::Disconnect).into_iter().collect()
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
