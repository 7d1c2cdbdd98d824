//! The reconnect machine: by close code and state, whether to connect again, when, or to wait for a person.

use causerie_protocol::{CloseCode, Policy};

use crate::Millis;
use crate::backoff::{Backoff, part_of};
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
pub struct Connection(pub u64);

/// Where the connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
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
pub enum Next {
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
#[must_use]
pub fn after_close(code: CloseCode, failures: u32) -> Next {
    match (code.policy(), failures) {
        (Policy::StayClosed, _) => Next::Stop,
        (Policy::SignIn, _) => Next::SignIn,
        (Policy::ResumeNow, 0) => Next::Now,
        (Policy::ResumeJittered, 0) => Next::Jitter(JITTER_MS),
        (Policy::ResumeNow | Policy::ResumeJittered | Policy::BackOff | Policy::BackOffAndDiagnose, _) => {
            Next::BackOff
        }
    }
}

/// What the machine asks its owner to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkAction {
    /// Open a socket.
    Connect(Connection),
    /// Close a socket and forget it.
    Disconnect(Connection),
    /// Ask the server something that it answers, to learn whether the socket is alive.
    Probe,
    /// Ask the person to sign in.
    AskSignIn(String),
}

/// The machine.
#[derive(Debug)]
pub struct Link {
    state: LinkState,
    /// The socket whose inputs count, while there is one.
    connection: Option<Connection>,
    next_connection: u64,
    backoff: Backoff,
    network: bool,
    /// When the current socket was asked for, and later when it became online.
    since: Millis,
    heard: Millis,
    silence: Millis,
    probe_until: Option<Millis>,
    go_away: Millis,
}

impl Link {
    /// A machine at rest, for a page on which nobody is signed in.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: LinkState::SignedOut { reason: None },
            connection: None,
            next_connection: 1,
            backoff: Backoff::default(),
            network: true,
            since: 0,
            heard: 0,
            silence: 2 * causerie_protocol::limits::HEARTBEAT_SECONDS * 1_000 + SILENCE_SLACK_MS,
            probe_until: None,
            go_away: 0,
        }
    }

    /// Where the connection stands.
    #[must_use]
    pub fn state(&self) -> &LinkState {
        &self.state
    }

    /// The socket to send on, when the link is online.
    #[must_use]
    pub fn online(&self) -> Option<Connection> {
        if self.state == LinkState::Online { self.connection } else { None }
    }

    /// Whether this is the socket whose inputs count.
    #[must_use]
    pub fn is_current(&self, connection: Connection) -> bool {
        self.connection == Some(connection)
    }

    /// There is a token: connect, whatever was before.
    pub fn signed_in(&mut self, now: Millis) -> Vec<LinkAction> {
        self.backoff.reset();
        let mut actions = self.drop_socket();
        actions.extend(self.connect(now, None));
        actions
    }

    /// The person signed out.
    pub fn signed_out(&mut self) -> Vec<LinkAction> {
        let actions = self.drop_socket();
        self.state = LinkState::SignedOut { reason: None };
        actions
    }

    /// The token turned out to be no good, by REST or by 4001.
    pub fn token_refused(&mut self, reason: String) -> Vec<LinkAction> {
        let mut actions = self.drop_socket();
        self.state = LinkState::SignedOut { reason: Some(reason.clone()) };
        actions.push(LinkAction::AskSignIn(reason));
        actions
    }

    /// The server knows us; `heartbeat_seconds` is its promise to be heard that often.
    pub fn welcomed(&mut self, now: Millis, heartbeat_seconds: u64) {
        self.state = LinkState::Online;
        self.since = now;
        self.heard = now;
        self.go_away = 0;
        self.silence = heartbeat_seconds.clamp(1, 3_600) * 2_000 + SILENCE_SLACK_MS;
    }

    /// Any frame came from the current socket.
    pub fn heard(&mut self, now: Millis) {
        self.heard = now;
        self.probe_until = None;
    }

    /// The server is about to close and asks to stay away for this many milliseconds.
    pub fn going_away(&mut self, retry_after_ms: Millis) {
        self.go_away = retry_after_ms.min(crate::backoff::CAP_MS);
    }

    /// The current socket ended.
    pub fn closed(&mut self, now: Millis, random: f64, code: CloseCode, reason: &str) -> Vec<LinkAction> {
        if self.state == LinkState::Online && now.saturating_sub(self.since) >= STABLE_MS {
            self.backoff.reset();
        }
        self.connection = None;
        self.probe_until = None;
        let next = after_close(code, self.backoff.failures());
        let asked = std::mem::take(&mut self.go_away);
        let backoff = self.backoff.fail(random);
        let after = Closed { code, reason: reason.to_owned(), failures: self.backoff.failures() };
        let wait = match next {
            Next::Stop => {
                self.state = LinkState::Stopped { after };
                return Vec::new();
            }
            Next::SignIn => {
                return self.token_refused(words::reason(code, reason));
            }
            Next::Now => 0,
            Next::Jitter(window) => asked + part_of(window, random),
            Next::BackOff => asked.max(backoff),
        };
        if !self.network {
            self.state = LinkState::Offline;
        } else if wait == 0 {
            return self.connect(now, Some(after));
        } else {
            self.state = LinkState::Waiting { until: now + wait, after };
        }
        Vec::new()
    }

    /// The browser says that the device has, or has not, a network.
    pub fn network(&mut self, now: Millis, online: bool) -> Vec<LinkAction> {
        self.network = online;
        if online {
            return self.woke(now);
        }
        match self.state {
            LinkState::Waiting { .. } => self.state = LinkState::Offline,
            // An open socket says nothing when the network goes, and may even live on (loopback): ask it.
            LinkState::Online => return self.probe(now),
            _ => {}
        }
        Vec::new()
    }

    /// The page came back from sleep or from the background, or the network did.
    pub fn woke(&mut self, now: Millis) -> Vec<LinkAction> {
        match &self.state {
            LinkState::Waiting { after, .. } => {
                let after = after.clone();
                self.connect(now, Some(after))
            }
            LinkState::Offline => self.connect(now, None),
            LinkState::Online if now.saturating_sub(self.heard) > PROBE_MS => self.probe(now),
            _ => Vec::new(),
        }
    }

    /// The device may have slept, by a clock that stood still meanwhile: whether a socket lives must be asked.
    pub fn slept(&mut self, now: Millis) -> Vec<LinkAction> {
        if self.state == LinkState::Online { self.probe(now) } else { self.woke(now) }
    }

    /// The person asks to connect now.
    pub fn try_now(&mut self, now: Millis) -> Vec<LinkAction> {
        match &self.state {
            LinkState::Waiting { after, .. } | LinkState::Stopped { after } => {
                let after = after.clone();
                self.connect(now, Some(after))
            }
            LinkState::Offline => self.connect(now, None),
            _ => Vec::new(),
        }
    }

    /// The time that [`Self::deadline`] named has come.
    pub fn tick(&mut self, now: Millis, random: f64) -> Vec<LinkAction> {
        if self.deadline().is_none_or(|due| now < due) {
            return Vec::new();
        }
        match &self.state {
            LinkState::Waiting { after, .. } => {
                let after = after.clone();
                self.connect(now, Some(after))
            }
            LinkState::Connecting { .. } => self.lost(now, random, CloseCode::Abnormal),
            LinkState::Online => self.lost(now, random, CloseCode::NoHeartbeat),
            LinkState::SignedOut { .. } | LinkState::Offline | LinkState::Stopped { .. } => Vec::new(),
        }
    }

    /// When [`Self::tick`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        match self.state {
            LinkState::Waiting { until, .. } => Some(until),
            LinkState::Connecting { .. } => Some(self.since + WELCOME_MS),
            LinkState::Online => {
                let silent = self.heard + self.silence;
                Some(self.probe_until.map_or(silent, |probe| probe.min(silent)))
            }
            LinkState::SignedOut { .. } | LinkState::Offline | LinkState::Stopped { .. } => None,
        }
    }

    /// The socket is given up because nothing comes from it.
    fn lost(&mut self, now: Millis, random: f64, code: CloseCode) -> Vec<LinkAction> {
        let mut actions = self.drop_socket();
        actions.extend(self.closed(now, random, code, ""));
        actions
    }

    fn probe(&mut self, now: Millis) -> Vec<LinkAction> {
        if self.probe_until.is_some() {
            return Vec::new();
        }
        self.probe_until = Some(now + PROBE_MS);
        vec![LinkAction::Probe]
    }

    fn connect(&mut self, now: Millis, after: Option<Closed>) -> Vec<LinkAction> {
        let connection = Connection(self.next_connection);
        self.next_connection += 1;
        self.connection = Some(connection);
        self.since = now;
        self.probe_until = None;
        self.state = LinkState::Connecting { after };
        vec![LinkAction::Connect(connection)]
    }

    fn drop_socket(&mut self) -> Vec<LinkAction> {
        self.probe_until = None;
        self.connection.take().map(LinkAction::Disconnect).into_iter().collect()
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
