//! Who has a socket on this node, and who had one a moment ago.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use causerie_protocol::{ChatId, CloseCode, TokenId, UserId};

use super::remote_presence::{NodeId, PresenceChange};
use super::remove;
use crate::outbox::{Closing, Outbox, Scope};

/// How long a revoked token, a parting, a switch and a version of settings are remembered: far longer than a handshake takes from its check to its socket.
const RECENT: Duration = Duration::from_secs(60);

/// The people of this node, with their sockets.
pub(super) struct Users {
    node: NodeId,
    by_id: HashMap<UserId, ConnectedUser>,
    by_token: HashMap<TokenId, Vec<Arc<Outbox>>>,
    /// Who closed their last socket, and when, oldest first; they may be back.
    leaving: VecDeque<(Instant, UserId)>,
    /// Tokens that were revoked a moment ago, and why, for sockets whose token was checked just before.
    revoked: HashMap<TokenId, (Instant, Ending)>,
    /// From whom somebody was parted a moment ago, for sockets whose boundaries were read just before; for both of the two.
    parted: HashMap<UserId, Vec<(UserId, Instant)>>,
    /// Who came together again a moment ago, the smaller id first.
    reunited: HashMap<(UserId, UserId), Instant>,
    /// What somebody hides since a moment ago, online and read, for the same sockets.
    hidden: HashMap<UserId, (bool, bool, Instant)>,
    /// The version of what somebody has set of a chat that was sent a moment ago.
    settings: HashMap<(UserId, ChatId), (i64, Instant)>,
    sockets: usize,
    /// The number of the last change in who is here.
    version: u64,
    /// Changes that were not published yet.
    changes: Vec<PresenceChange>,
}

/// Somebody with a socket, or whose last one closed a moment ago.
struct ConnectedUser {
    sockets: Vec<Arc<Outbox>>,
    left_at: Option<Instant>,
}

impl Users {
    pub(super) fn new(node: NodeId) -> Self {
        Self {
            node,
            by_id: HashMap::new(),
            by_token: HashMap::new(),
            leaving: VecDeque::new(),
            revoked: HashMap::new(),
            parted: HashMap::new(),
            reunited: HashMap::new(),
            hidden: HashMap::new(),
            settings: HashMap::new(),
            sockets: 0,
            version: 0,
            changes: Vec::new(),
        }
    }

    /// True when the socket's user was not online before.
    pub(super) fn register(&mut self, outbox: &Arc<Outbox>) -> bool {
        self.sockets += 1;
        if let Some((_, ending)) = self.revoked.get(&outbox.token) {
            outbox.close(ending.closing());
        }
        for (other, _) in self.parted.get(&outbox.user).into_iter().flatten() {
            outbox.part(*other);
        }
        if let Some((online, read, _)) = self.hidden.get(&outbox.user) {
            outbox.hide(*online, *read);
        }
        self.by_token.entry(outbox.token).or_insert_with(|| Vec::with_capacity(1)).push(outbox.clone());
        match self.by_id.entry(outbox.user) {
            Entry::Occupied(mut user) => {
                let user = user.get_mut();
                user.left_at = None;
                user.sockets.push(outbox.clone());
                false
            }
            Entry::Vacant(vacant) => {
                vacant.insert(ConnectedUser { sockets: vec![outbox.clone()], left_at: None });
                self.note_change(outbox.user, true);
                true
            }
        }
    }

    /// True when it was the node's last socket.
    pub(super) fn unregister(&mut self, outbox: &Arc<Outbox>) -> bool {
        if let Entry::Occupied(mut token) = self.by_token.entry(outbox.token) {
            remove(token.get_mut(), outbox);
            if token.get().is_empty() {
                token.remove();
            }
        }
        if let Some(user) = self.by_id.get_mut(&outbox.user) {
            remove(&mut user.sockets, outbox);
            if user.sockets.is_empty() {
                let now = Instant::now();
                user.left_at = Some(now);
                self.leaving.push_back((now, outbox.user));
            }
        }
        self.sockets -= 1;
        self.sockets == 0
    }

    /// Closes the sockets that a token opened.
    pub(super) fn revoke_token(&mut self, token: TokenId, ending: Ending) {
        self.revoked.insert(token, (Instant::now(), ending));
        for socket in self.by_token.get(&token).into_iter().flatten() {
            socket.close(ending.closing());
        }
    }

    /// Lets nothing pass between two people any more.
    pub(super) fn part(&mut self, one: UserId, other: UserId) {
        let now = Instant::now();
        for (user, other) in [(one, other), (other, one)] {
            let parted = self.parted.entry(user).or_default();
            parted.retain(|(before, _)| *before != other);
            parted.push((other, now));
            self.for_each_socket_of(user, |socket| socket.part(other));
        }
    }

    /// Those of these pairs who are not parted on every socket here, or will not be on one that is about to be opened, unless
    /// they came together again at or after `asked_at`.
    pub(super) fn parted_otherwise(
        &self,
        pairs: impl IntoIterator<Item = (UserId, UserId)>,
        asked_at: Instant,
    ) -> Vec<(UserId, UserId)> {
        let is_known = |user: UserId, other: UserId| {
            let mut is_known =
                self.parted.get(&user).is_some_and(|parted| parted.iter().any(|(known, _)| *known == other));
            self.for_each_socket_of(user, |socket| is_known &= socket.is_parted(other));
            is_known
        };
        let is_stale = |one: UserId, other: UserId| {
            self.reunited.get(&(one.min(other), one.max(other))).is_some_and(|at| *at >= asked_at)
        };
        pairs
            .into_iter()
            .filter(|(one, other)| !is_stale(*one, *other))
            .filter(|(one, other)| !is_known(*one, *other) || !is_known(*other, *one))
            .collect()
    }

    /// The opposite of [`Users::part`].
    pub(super) fn reunite(&mut self, one: UserId, other: UserId) {
        self.reunited.insert((one.min(other), one.max(other)), Instant::now());
        for (user, other) in [(one, other), (other, one)] {
            if let Some(parted) = self.parted.get_mut(&user) {
                parted.retain(|(before, _)| *before != other);
            }
            self.for_each_socket_of(user, |socket| socket.reunite(other));
        }
    }

    /// Everybody with a socket that is kept from somebody.
    pub(super) fn parted_people(&self) -> Vec<UserId> {
        let is_parted = |user: &ConnectedUser| user.sockets.iter().any(|socket| !socket.parted().is_empty());
        self.by_id.iter().filter(|(_, user)| is_parted(user)).map(|(id, _)| *id).collect()
    }

    /// Those from whom a socket of these people is kept although there is no such parting, unless they were parted at or
    /// after `asked_at`.
    pub(super) fn parted_without(
        &self,
        users: &[UserId],
        partings: &HashSet<(UserId, UserId)>,
        asked_at: Instant,
    ) -> Vec<(UserId, UserId)> {
        let mut without = Vec::new();
        for user in users {
            self.for_each_socket_of(*user, |socket| {
                for other in socket.parted() {
                    let is_stored = partings.contains(&(*user, other)) || partings.contains(&(other, *user));
                    let lately = self.parted.get(user).into_iter().flatten();
                    let is_new = lately.into_iter().any(|(known, at)| *known == other && *at >= asked_at);
                    if !is_stored && !is_new {
                        without.push((*user, other));
                    }
                }
            });
        }
        without
    }

    /// Changes what somebody hides.
    pub(super) fn hide(&mut self, user: UserId, online: bool, read: bool) {
        self.hidden.insert(user, (online, read, Instant::now()));
        self.for_each_socket_of(user, |socket| socket.hide(online, read));
    }

    /// Those of these people of whom a socket does not know that this is what they hide, unless that changed at or after
    /// `asked_at`.
    pub(super) fn hide_otherwise(
        &self,
        users: &[UserId],
        hidden: &HashMap<UserId, (bool, bool)>,
        asked_at: Instant,
    ) -> Vec<(UserId, bool, bool)> {
        let mut otherwise = Vec::new();
        for user in users {
            let (online, read) = hidden.get(user).copied().unwrap_or_default();
            let mut differs = false;
            self.for_each_socket_of(*user, |socket| {
                differs |= (socket.hides_online(), socket.hides_read()) != (online, read);
            });
            if differs && self.hidden.get(user).is_none_or(|(_, _, at)| *at < asked_at) {
                otherwise.push((*user, online, read));
            }
        }
        otherwise
    }

    /// Notes that what somebody has set of a chat is sent; false when it is not newer than what was sent, or they have no
    /// socket.
    pub(super) fn note_settings(&mut self, user: UserId, chat: ChatId, version: i64) -> bool {
        let sent = self.settings.get(&(user, chat)).is_some_and(|(sent, _)| version <= *sent);
        let is_news = !sent && self.by_id.contains_key(&user);
        if is_news {
            self.settings.insert((user, chat), (version, Instant::now()));
        }
        is_news
    }

    /// Calls `change` for every socket of a person.
    fn for_each_socket_of(&self, user: UserId, change: impl FnMut(&Arc<Outbox>)) {
        if let Some(user) = self.by_id.get(&user) {
            user.sockets.iter().for_each(change);
        }
    }

    pub(super) fn tokens(&self) -> Vec<TokenId> {
        self.by_token.keys().copied().collect()
    }

    /// Takes out who closed their last socket at or before `until` and did not come back.
    pub(super) fn expire(&mut self, until: Instant) -> Vec<UserId> {
        self.revoked.retain(|_, (at, _)| at.elapsed() < RECENT);
        self.parted.retain(|_, parted| {
            parted.retain(|(_, at)| at.elapsed() < RECENT);
            !parted.is_empty()
        });
        self.reunited.retain(|_, at| at.elapsed() < RECENT);
        self.hidden.retain(|_, (_, _, at)| at.elapsed() < RECENT);
        self.settings.retain(|_, (_, at)| at.elapsed() < RECENT);
        let mut expired = Vec::new();
        while self.leaving.front().is_some_and(|(left_at, _)| *left_at <= until) {
            let Some((_, user)) = self.leaving.pop_front() else { break };
            if let Entry::Occupied(connected) = self.by_id.entry(user)
                && connected.get().left_at.is_some_and(|left_at| left_at <= until)
            {
                connected.remove();
                expired.push(user);
            }
        }
        for user in &expired {
            self.note_change(*user, false);
        }
        expired
    }

    fn note_change(&mut self, user: UserId, online: bool) {
        self.version += 1;
        self.changes.push(PresenceChange { node: self.node, version: self.version, user, online });
    }

    pub(super) fn take_changes(&mut self) -> Vec<PresenceChange> {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn contains(&self, user: UserId) -> bool {
        self.by_id.contains_key(&user)
    }

    pub(super) fn ids(&self) -> HashSet<UserId> {
        self.by_id.keys().copied().collect()
    }

    /// How many people have a socket just now.
    pub(super) fn count_connected(&self) -> usize {
        self.by_id.values().filter(|user| !user.sockets.is_empty()).count()
    }

    /// Calls `send` for each of these people's sockets that are for many chats.
    pub(super) fn for_each_of(&self, users: &[UserId], mut send: impl FnMut(&Arc<Outbox>)) {
        let users = users.iter().filter_map(|user| self.by_id.get(user));
        for socket in users.flat_map(|user| &user.sockets) {
            if socket.scope == Scope::Many {
                send(socket);
            }
        }
    }

    pub(super) fn sockets(&self) -> Vec<Arc<Outbox>> {
        self.by_id.values().flat_map(|user| user.sockets.iter().cloned()).collect()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_token.is_empty() && self.sockets == 0
    }
}

/// Why a sign-in was revoked, as far as its sockets are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its person signed out, here or elsewhere, or somebody signed them out.
    Revoked,
    /// The account was suspended.
    Suspended,
}

impl Ending {
    fn closing(self) -> Closing {
        match self {
            Self::Revoked => Closing::new(CloseCode::Unauthorized, "token revoked: sign in again"),
            Self::Suspended => Closing::new(CloseCode::Suspended, SUSPENDED),
        }
    }
}

/// The reason of a close with 4004, wherever it comes from.
pub(crate) const SUSPENDED: &str = "this account is suspended: ask whoever runs the server";
