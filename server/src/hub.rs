//! The hub: which sockets on this node follow which chat, and whose they are.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use causerie_protocol::{ChatId, CloseCode, Seq, TokenId, UserId};
use tokio::sync::{Notify, mpsc};

use crate::outbox::{Closing, Frame, Item, Outbox, Scope};

mod census;
mod drain;
mod nodes;
mod presence;
mod wheel;

pub use census::Census;
pub use presence::{Change, NodeId, presence_frame};

use presence::Elsewhere;
use wheel::Wheel;

/// How long a revoked token is remembered: far longer than a handshake takes from its check to its socket.
const REVOKED_MEMORY: Duration = Duration::from_secs(60);

/// A handle to the node's sockets; clones share them. Nothing here waits or does input or output.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    node: NodeId,
    rooms: RwLock<HashMap<ChatId, Room>>,
    people: Mutex<People>,
    elsewhere: Mutex<Elsewhere>,
    /// Told when a change of another node's people was lost.
    presence_lost: Notify,
    wheel: Mutex<Wheel>,
    draining: AtomicBool,
    emptied: Notify,
    /// Who is told of chats that somebody starts to follow; a single node has none.
    opened: OnceLock<mpsc::UnboundedSender<ChatId>>,
}

/// The sockets that follow a chat; a room without any is removed.
struct Room {
    sockets: Vec<Arc<Outbox>>,
    /// The last position that this node knows of.
    head: AtomicU64,
    /// Read positions that were told here, so that none goes back when two nodes' notices overtake each other.
    reads: Mutex<HashMap<UserId, Seq>>,
}

#[derive(Default)]
struct People {
    users: HashMap<UserId, Person>,
    tokens: HashMap<TokenId, Vec<Arc<Outbox>>>,
    /// Who closed their last socket, and when, oldest first; they may be back.
    leaving: VecDeque<(Instant, UserId)>,
    /// Sign-ins that were revoked a moment ago, for sockets whose token was checked just before.
    revoked: HashMap<TokenId, Instant>,
    sockets: usize,
    /// The number of the last change in who is here.
    version: u64,
    /// Changes that nobody was told of yet.
    changes: Vec<Change>,
}

/// Somebody with a socket, or whose last one closed a moment ago.
struct Person {
    sockets: Vec<Arc<Outbox>>,
    left_at: Option<Instant>,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub without sockets.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            node: rand::random(),
            rooms: RwLock::default(),
            people: Mutex::default(),
            elsewhere: Mutex::default(),
            presence_lost: Notify::new(),
            wheel: Mutex::new(Wheel::new()),
            draining: AtomicBool::new(false),
            emptied: Notify::new(),
            opened: OnceLock::new(),
        }))
    }

    // No section below can leave a map half changed, so a poisoned lock is still good.
    fn rooms(&self) -> RwLockReadGuard<'_, HashMap<ChatId, Room>> {
        self.0.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rooms_mut(&self) -> RwLockWriteGuard<'_, HashMap<ChatId, Room>> {
        self.0.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.0.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wheel(&self) -> MutexGuard<'_, Wheel> {
        self.0.wheel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // Sessions.

    /// Takes a socket in. True when its user was not online before.
    pub fn register(&self, outbox: &Arc<Outbox>) -> bool {
        self.wheel().add(outbox);
        let mut guard = self.people();
        let people = &mut *guard;
        people.sockets += 1;
        if people.revoked.contains_key(&outbox.token) {
            outbox.close(revoked());
        }
        people.tokens.entry(outbox.token).or_insert_with(|| Vec::with_capacity(1)).push(outbox.clone());
        match people.users.entry(outbox.user) {
            Entry::Occupied(mut person) => {
                let person = person.get_mut();
                person.left_at = None;
                person.sockets.push(outbox.clone());
                false
            }
            Entry::Vacant(place) => {
                place.insert(Person { sockets: vec![outbox.clone()], left_at: None });
                people.changed(self.0.node, outbox.user, true);
                true
            }
        }
    }

    /// Forgets a socket; its chats have to be unsubscribed before.
    pub fn unregister(&self, outbox: &Arc<Outbox>) {
        let mut guard = self.people();
        let people = &mut *guard;
        if let Entry::Occupied(mut token) = people.tokens.entry(outbox.token) {
            remove(token.get_mut(), outbox);
            if token.get().is_empty() {
                token.remove();
            }
        }
        if let Some(person) = people.users.get_mut(&outbox.user) {
            remove(&mut person.sockets, outbox);
            if person.sockets.is_empty() {
                let now = Instant::now();
                person.left_at = Some(now);
                people.leaving.push_back((now, outbox.user));
            }
        }
        people.sockets -= 1;
        if people.sockets == 0 {
            self.0.emptied.notify_waiters();
        }
    }

    /// Lets a socket follow a chat: what is published from now on waits in its outbox. True when it did not before.
    pub fn subscribe(&self, chat: ChatId, outbox: &Arc<Outbox>) -> bool {
        let mut rooms = self.rooms_mut();
        let room = rooms.entry(chat).or_insert_with(|| {
            if let Some(opened) = self.0.opened.get() {
                let _ = opened.send(chat);
            }
            Room { sockets: Vec::with_capacity(1), head: AtomicU64::new(0), reads: Mutex::default() }
        });
        let fresh = !room.sockets.iter().any(|socket| Arc::ptr_eq(socket, outbox));
        if fresh {
            room.sockets.push(outbox.clone());
        }
        fresh
    }

    /// Ends that.
    pub fn unsubscribe(&self, chat: ChatId, outbox: &Arc<Outbox>) {
        let mut rooms = self.rooms_mut();
        if let Entry::Occupied(mut room) = rooms.entry(chat) {
            remove(&mut room.get_mut().sockets, outbox);
            if room.get().sockets.is_empty() {
                room.remove();
            }
        }
    }

    /// Notes where a chat's log stands, as read from the store.
    pub fn note_head(&self, chat: ChatId, head: Seq) {
        if let Some(room) = self.rooms().get(&chat) {
            room.head.fetch_max(head.0, Ordering::AcqRel);
        }
    }

    /// The last position that this node knows of, for each of these chats that somebody follows.
    pub fn heads(&self, chats: impl IntoIterator<Item = ChatId>) -> Vec<(ChatId, Seq)> {
        let rooms = self.rooms();
        chats
            .into_iter()
            .filter_map(|chat| Some((chat, Seq(rooms.get(&chat)?.head.load(Ordering::Acquire)))))
            .collect()
    }

    // The bus.

    /// Hands an event to everybody who follows the chat. True when somebody's outbox is crowded.
    pub fn event(&self, chat: ChatId, seq: Seq, frame: &Frame) -> bool {
        self.events(chat, &[(seq, frame)])
    }

    /// As [`Hub::event`] for several of one chat, in their order.
    pub fn events(&self, chat: ChatId, events: &[(Seq, &Frame)]) -> bool {
        let rooms = self.rooms();
        let Some(room) = rooms.get(&chat) else { return false };
        let mut crowded = false;
        for socket in &room.sockets {
            crowded |= socket.push_all(events.iter().map(|&(seq, frame)| Item::Event {
                chat,
                seq,
                frame: frame.clone(),
            }));
        }
        // After the pushes: whoever reads this head finds what leads up to it in the outbox.
        if let Some((seq, _)) = events.last() {
            room.head.fetch_max(seq.0, Ordering::AcqRel);
        }
        crowded
    }

    /// Whether the outbox of somebody who follows the chat is crowded.
    #[must_use]
    pub fn is_crowded(&self, chat: ChatId) -> bool {
        self.rooms().get(&chat).is_some_and(|room| room.sockets.iter().any(|socket| socket.is_crowded()))
    }

    /// Hands a person's read position to everybody who follows the chat, unless they were told as much before.
    pub fn read(&self, chat: ChatId, user: UserId, seq: Seq, frame: &Frame) {
        let rooms = self.rooms();
        let Some(room) = rooms.get(&chat) else { return };
        // Held until it is pushed, so that the order in every outbox is that of the positions.
        let mut reads = room.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let told = reads.entry(user).or_insert(Seq(0));
        if seq > *told {
            *told = seq;
            for socket in &room.sockets {
                socket.push(Item::Read { chat, frame: frame.clone() });
            }
        }
    }

    /// Hands a notice to everybody who follows the chat, except one person.
    pub fn notice(&self, chat: ChatId, except: Option<UserId>, frame: &Frame) {
        if let Some(room) = self.rooms().get(&chat) {
            for socket in room.sockets.iter().filter(|socket| Some(socket.user) != except) {
                socket.push(Item::Notice { chat: Some(chat), frame: frame.clone() });
            }
        }
    }

    /// Hands a notice to these people's sockets for many chats.
    pub fn notice_to(&self, users: &[UserId], frame: &Frame) {
        self.people().for_each_of(users, |socket| {
            socket.push(Item::Notice { chat: None, frame: frame.clone() });
        });
    }

    /// Tells these people's sockets for many chats that there is a chat that they were not in before.
    pub fn chat_added(&self, chat: ChatId, users: &[UserId]) {
        self.people().for_each_of(users, |socket| {
            socket.push(Item::ChatAdded(chat));
        });
    }

    /// Ends a chat's stream for everybody, and tells the sockets for many chats of who was in it.
    pub fn chat_deleted(&self, chat: ChatId, users: &[UserId]) {
        let reason = "the chat was deleted, or you are not in it";
        let room = self.rooms_mut().remove(&chat);
        let followers = room.map(|room| room.sockets).unwrap_or_default();
        for socket in &followers {
            socket.revoke(chat, reason);
        }
        self.people().for_each_of(users, |socket| {
            if !followers.iter().any(|follower| Arc::ptr_eq(follower, socket)) {
                socket.revoke(chat, reason);
            }
        });
    }

    /// Ends a chat's stream for one person, and tells their sockets for many chats.
    pub fn left(&self, chat: ChatId, user: UserId) {
        let reason = "you are not in this chat any more";
        let mut followers = Vec::new();
        if let Entry::Occupied(mut room) = self.rooms_mut().entry(chat) {
            followers.extend(room.get_mut().sockets.extract_if(.., |socket| socket.user == user));
            room.get_mut().reads.get_mut().unwrap_or_else(PoisonError::into_inner).remove(&user);
            if room.get().sockets.is_empty() {
                room.remove();
            }
            // Still under the lock: no event of the chat may get in between.
            for socket in &followers {
                socket.revoke(chat, reason);
            }
        }
        self.people().for_each_of(&[user], |socket| {
            if !followers.iter().any(|follower| Arc::ptr_eq(follower, socket)) {
                socket.revoke(chat, reason);
            }
        });
    }

    /// Closes the sockets that a sign-in opened.
    pub fn token_revoked(&self, token: TokenId) {
        let mut people = self.people();
        people.revoked.insert(token, Instant::now());
        for socket in people.tokens.get(&token).into_iter().flatten() {
            socket.close(revoked());
        }
    }

    // Presence, heartbeat, drain.

    /// How many sockets there are.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.people().sockets
    }

    /// Takes out who closed their last socket at or before this time and did not come back: they are offline now.
    pub fn take_departed(&self, until: Instant) -> Vec<UserId> {
        let mut guard = self.people();
        let people = &mut *guard;
        people.revoked.retain(|_, at| at.elapsed() < REVOKED_MEMORY);
        let mut departed = Vec::new();
        while people.leaving.front().is_some_and(|(left_at, _)| *left_at <= until) {
            let Some((_, user)) = people.leaving.pop_front() else { break };
            if let Entry::Occupied(person) = people.users.entry(user)
                && person.get().left_at.is_some_and(|left_at| left_at <= until)
            {
                person.remove();
                departed.push(user);
            }
        }
        for user in &departed {
            people.changed(self.0.node, *user, false);
        }
        departed
    }

    /// One of [`crate::heartbeat::SLOTS`] steps of a heartbeat's period: every socket has its turn once a period.
    pub fn beat(&self) {
        self.wheel().turn();
    }
}

impl People {
    fn changed(&mut self, node: NodeId, user: UserId, online: bool) {
        self.version += 1;
        self.changes.push(Change { node, version: self.version, user, online });
    }

    fn for_each_of(&self, users: &[UserId], mut tell: impl FnMut(&Arc<Outbox>)) {
        let people = users.iter().filter_map(|user| self.users.get(user));
        for socket in people.flat_map(|person| &person.sockets) {
            if socket.scope == Scope::Many {
                tell(socket);
            }
        }
    }

    fn all(&self) -> Vec<Arc<Outbox>> {
        self.users.values().flat_map(|person| person.sockets.iter().cloned()).collect()
    }
}

fn revoked() -> Closing {
    Closing::new(CloseCode::Unauthorized, "token revoked: sign in again")
}

fn remove(sockets: &mut Vec<Arc<Outbox>>, outbox: &Arc<Outbox>) {
    if let Some(place) = sockets.iter().position(|socket| Arc::ptr_eq(socket, outbox)) {
        sockets.swap_remove(place);
    }
}

#[cfg(test)]
mod tests;
