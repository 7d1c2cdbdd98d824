//! The reconnect machine: by close code and state, whether to connect again, when, or to wait for a person.

use causerie_protocol::{CloseCode, Policy};

use crate::backoff::{Backoff, part_of};
use crate::clock::Millis;
use crate::words;

/// How long a connection must last until earlier failures are forgotten, in milliseconds.
pub const STABLE_MS: Millis = 30_000;
/// How long a socket may take from the start to its `welcome`, in milliseconds.
pub const WELCOME_MS: Millis = 15_000;
/// How long a socket that is in doubt may stay silent, in milliseconds.
pub const PROBE_MS: Millis = 5_000;
/// The window of the random wait after a server said that it restarts, in milliseconds.
pub const JITTER_MS: Millis = 2_000;
/// What is added to twice the heartbeat until a silent socket counts as dead, in milliseconds.
pub const SILENCE_SLACK_MS: Millis = 10_000;

/// The name of one socket; what comes from any other than the current one is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Where the connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Nobody is signed in; after a 4001 with the server's reason.
    SignedOut {
        /// Why the sign-in ended, if it did so by itself.
        reason: Option<String>,
    },
    /// A socket was asked for and has not welcomed us yet.
    Connecting {
        /// What ended the one before, if there was one.
        after: Option<Closed>,
    },
    /// The server knows us and frames flow.
    Online,
    /// The next try is due at a time.
    Waiting {
        /// When.
        until: Millis,
        /// What ended the last connection.
        after: Closed,
    },
    /// The device says that it has no network; the next try is when it has one again.
    Offline,
    /// It stays closed until a person acts.
    Stopped {
        /// What ended the last connection.
        after: Closed,
    },
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The code, 1006 when it broke.
    pub code: CloseCode,
    /// What the server said; often empty.
    pub reason: String,
    /// How many tries failed in a row, this one included.
    pub failures: u32,
}

/// What a close leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterClose {
    /// Stay closed until a person acts.
    Stop,
    /// Ask the person to sign in.
    SignIn,
    /// Connect at once.
    Now,
    /// Connect after a random part of this many milliseconds, on top of what the server asked for.
    Jitter(Millis),
    /// Connect after the backoff's wait.
    BackOff,
}

/// The table: what follows a close with this code, when `failures` tries failed in a row before.
///
/// A server that keeps saying "at once" is backed off from as well, so that no code can make a loop without a wait.
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

/// What the machine asks its owner to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionAction {
    /// Open a socket.
    Connect(ConnectionId),
    /// Close a socket and forget it.
    Disconnect(ConnectionId),
    /// Ask the server something that it answers, to learn whether the socket is alive.
    Probe,
    /// Ask the person to sign in.
    AskSignIn(String),
}

/// The machine.
#[derive(Debug)]
pub struct Connection {
    state: ConnectionState,
    /// The socket whose inputs count, while there is one.
    current: Option<ConnectionId>,
    next_id: u64,
    backoff: Backoff,
    has_network: bool,
    /// When the current socket was asked for, and later when it became online.
    since: Millis,
    last_activity: Millis,
    silence_limit: Millis,
    probe_until: Option<Millis>,
    go_away_ms: Millis,
}

impl Connection {
    /// A machine at rest, for a page on which nobody is signed in.
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

    /// Where the connection stands.
    pub fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// The socket to send on, when the connection is online.
    pub fn online(&self) -> Option<ConnectionId> {
        if self.state == ConnectionState::Online { self.current } else { None }
    }

    /// Whether this is the socket whose inputs count.
    pub fn is_current(&self, connection: ConnectionId) -> bool {
        self.current == Some(connection)
    }

    /// There is a token: connect, whatever was before.
    pub fn signed_in(&mut self, now: Millis) -> Vec<ConnectionAction> {
        self.backoff.reset();
        let mut actions = self.drop_socket();
        actions.extend(self.connect(now, None));
        actions
    }

    /// The person signed out.
    pub fn signed_out(&mut self) -> Vec<ConnectionAction> {
        let actions = self.drop_socket();
        self.state = ConnectionState::SignedOut { reason: None };
        actions
    }

    /// The token turned out to be no good, by REST or by 4001.
    pub fn token_refused(&mut self, reason: String) -> Vec<ConnectionAction> {
        let mut actions = self.drop_socket();
        self.state = ConnectionState::SignedOut { reason: Some(reason.clone()) };
        actions.push(ConnectionAction::AskSignIn(reason));
        actions
    }

    /// The server knows us; `heartbeat_seconds` is its promise to be heard that often.
    pub fn welcomed(&mut self, now: Millis, heartbeat_seconds: u64) {
        self.state = ConnectionState::Online;
        self.since = now;
        self.last_activity = now;
        self.go_away_ms = 0;
        self.silence_limit = heartbeat_seconds.clamp(1, 3_600) * 2_000 + SILENCE_SLACK_MS;
    }

    /// Any frame came from the current socket.
    pub fn on_activity(&mut self, now: Millis) {
        self.last_activity = now;
        self.probe_until = None;
    }

    /// The server is about to close and asks to stay away for this many milliseconds.
    pub fn going_away(&mut self, retry_after_ms: Millis) {
        self.go_away_ms = retry_after_ms.min(crate::backoff::CAP_MS);
    }

    /// The current socket ended.
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

    /// The browser says that the device has, or has not, a network.
    pub fn network(&mut self, now: Millis, online: bool) -> Vec<ConnectionAction> {
        self.has_network = online;
        if online {
            return self.wake(now);
        }
        match self.state {
            ConnectionState::Waiting { .. } => self.state = ConnectionState::Offline,
            // An open socket says nothing when the network goes, and may even live on (loopback): ask it.
            ConnectionState::Online => return self.probe(now),
            _ => {}
        }
        Vec::new()
    }

    /// The page came back from sleep or from the background, or the network did.
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

    /// The device may have slept, by a clock that stood still meanwhile: whether a socket lives must be asked.
    pub fn after_sleep(&mut self, now: Millis) -> Vec<ConnectionAction> {
        if self.state == ConnectionState::Online { self.probe(now) } else { self.wake(now) }
    }

    /// The person asks to connect now.
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

    /// The time that [`Self::deadline`] named has come.
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

    /// When [`Self::tick`] has something to do.
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

    /// The socket is given up because nothing comes from it.
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
