//! The outbox: what waits for one socket, bounded in frames and bytes, and what its session must know at once.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::task::Waker;
use std::time::Duration;

use causerie_protocol::{ChatId, CloseCode, Seq, TokenId, UserId, limits};
use futures_util::task::AtomicWaker;
use parking_lot::{Mutex, MutexGuard};

/// An encoded frame; its bytes are shared by every socket that gets it.
pub type Frame = axum::extract::ws::Utf8Bytes;

/// Typing and presence are shed when more than this many frames wait.
const SHED_ABOVE: usize = limits::OUTBOX_FRAMES / 4;
/// Requests of one socket that may be pending before its session stops reading.
///
/// Each is answered with an ack and an event, so that a sender's own traffic can't fill its outbox.
pub const MAX_PENDING_REQUESTS: u32 = limits::OUTBOX_FRAMES as u32 / 4;

const CLOSING: u8 = 1;
const REVOKED: u8 = 2;
const PING: u8 = 4;

/// Of whom nothing reaches a socket, and what its user does not see of anybody.
#[derive(Debug, Default)]
struct Filter {
    parted: HashSet<UserId>,
    hides_online: bool,
    hides_read: bool,
}

/// Which chats a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `/ws/`: the client subscribes to what it wants.
    Many,
    /// `/ws/chats/{id}/`: this chat and no other.
    One(ChatId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The code of the close frame.
    pub code: CloseCode,
    /// Its reason, for a person.
    pub reason: Cow<'static, str>,
}

impl Closing {
    /// An end with a code and its reason.
    pub fn new(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// Something that waits for a socket, in order.
#[derive(Clone, Debug)]
pub enum Item {
    /// An entry of a chat's log; the session checks its position against what it has sent.
    Event { chat: ChatId, seq: Seq, frame: Frame },
    /// An answer to this socket alone.
    Reply(Frame),
    /// A read position. Not shed: it is not sent again.
    Read {
        chat: ChatId,
        /// Whose; nothing passes of who is parted when it would be sent.
        of: UserId,
        frame: Frame,
    },
    /// Typing or presence: may be shed, since it is outdated soon.
    Notice {
        /// The chat that it belongs to, if any.
        chat: Option<ChatId>,
        /// Whose, as in `Read`; nobody's if it may reach everybody.
        of: Option<UserId>,
        frame: Frame,
    },
    /// The user is in a chat that they were not in before; the session loads it as they see it.
    ChatAdded(ChatId),
    /// A control ping (RFC 6455, section 5.5.2).
    Ping,
    /// Close, once everything before this was sent.
    Close(Closing),
}

impl Item {
    /// The bytes of its frame.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Event { frame, .. }
            | Self::Reply(frame)
            | Self::Read { frame, .. }
            | Self::Notice { frame, .. } => frame.len(),
            Self::ChatAdded(_) | Self::Ping | Self::Close(_) => 0,
        }
    }

    /// The chat that this is about, if it is about one.
    #[must_use]
    pub fn chat(&self) -> Option<ChatId> {
        match self {
            Self::Event { chat, .. } | Self::Read { chat, .. } => Some(*chat),
            Self::Notice { chat, .. } => *chat,
            Self::Reply(_) | Self::ChatAdded(_) | Self::Ping | Self::Close(_) => None,
        }
    }
}

/// What a session must do before it sends anything else.
#[derive(Debug)]
pub enum Signal {
    /// Close now; what waits is not sent.
    Close(Closing),
    /// These chats' streams ended; nothing of them may be sent any more. The sentence says why.
    Revoked(Vec<(ChatId, &'static str)>),
    Ping,
}

#[derive(Default)]
struct Inner {
    queue: VecDeque<Item>,
    bytes: usize,
    /// Frames and bytes that the session took and can't send.
    unsent: (usize, usize),
    revoked: Vec<(ChatId, &'static str)>,
    closing: Option<Closing>,
}

impl Inner {
    /// Everything that waits, wherever it does.
    fn frames(&self) -> usize {
        self.queue.len() + self.unsent.0 + self.revoked.len()
    }
}

/// The end of a slow consumer: a client that is too slow to take what its socket is sent.
fn fell_behind() -> Closing {
    Closing::new(CloseCode::FellBehind, "the connection is too slow: reconnect and resume")
}

/// The bounded queue of one socket. The hub pushes, the socket's one session takes.
pub struct Outbox {
    pub user: UserId,
    /// The sign-in that opened it.
    pub token: TokenId,
    /// Which chats it is for.
    pub scope: Scope,
    signals: AtomicU8,
    alive: AtomicBool,
    pinged: AtomicBool,
    pending_requests: AtomicU32,
    blocked: AtomicBool,
    refuses_requests: AtomicBool,
    waker: AtomicWaker,
    inner: Mutex<Inner>,
    /// None for most: nobody is kept from them.
    filter: Mutex<Option<Box<Filter>>>,
}

impl Outbox {
    /// An empty outbox; it allocates nothing until something waits.
    #[must_use]
    pub fn new(user: UserId, token: TokenId, scope: Scope) -> Arc<Self> {
        Arc::new(Self {
            user,
            token,
            scope,
            signals: AtomicU8::new(0),
            alive: AtomicBool::new(true),
            pinged: AtomicBool::new(false),
            pending_requests: AtomicU32::new(0),
            blocked: AtomicBool::new(false),
            refuses_requests: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            inner: Mutex::default(),
            filter: Mutex::default(),
        })
    }

    /// Takes in what was read of the user's boundaries; who was parted since stays so.
    pub fn limit(&self, parted: impl IntoIterator<Item = UserId>, hides_online: bool, hides_read: bool) {
        let mut filter = self.filter.lock();
        let filter = filter.get_or_insert_default();
        filter.parted.extend(parted);
        (filter.hides_online, filter.hides_read) = (hides_online, hides_read);
    }

    /// From now on nothing of this person passes.
    pub fn part(&self, other: UserId) {
        self.filter.lock().get_or_insert_default().parted.insert(other);
    }

    /// Those of whom nothing passes.
    #[must_use]
    pub fn parted(&self) -> Vec<UserId> {
        let filter = self.filter.lock();
        filter.iter().flat_map(|filter| filter.parted.iter().copied()).collect()
    }

    /// The opposite of [`Outbox::part`].
    pub fn reunite(&self, other: UserId) {
        if let Some(filter) = &mut *self.filter.lock() {
            filter.parted.remove(&other);
        }
    }

    /// Whether nothing of this person passes.
    #[must_use]
    pub fn is_parted(&self, other: UserId) -> bool {
        self.filter.lock().as_ref().is_some_and(|filter| filter.parted.contains(&other))
    }

    /// Changes what the user hides, and so does not see of others.
    pub fn hide(&self, online: bool, read: bool) {
        let mut filter = self.filter.lock();
        let filter = filter.get_or_insert_default();
        (filter.hides_online, filter.hides_read) = (online, read);
    }

    #[must_use]
    pub fn hides_online(&self) -> bool {
        self.filter.lock().as_ref().is_some_and(|filter| filter.hides_online)
    }

    #[must_use]
    pub fn hides_read(&self) -> bool {
        self.filter.lock().as_ref().is_some_and(|filter| filter.hides_read)
    }

    /// Whether typing of a person may reach this socket.
    #[must_use]
    pub fn takes_typing(&self, of: UserId) -> bool {
        let filter = self.filter.lock();
        filter.as_ref().is_none_or(|filter| !filter.hides_online && !filter.parted.contains(&of))
    }

    /// Whether the read position of a person may, who hides it from others or not; one's own always may.
    #[must_use]
    pub fn takes_read(&self, of: UserId, hidden: bool) -> bool {
        if of == self.user {
            return true;
        }
        let filter = self.filter.lock();
        !hidden && filter.as_ref().is_none_or(|filter| !filter.hides_read && !filter.parted.contains(&of))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    fn raise(&self, signal: u8) {
        self.signals.fetch_or(signal, Ordering::Release);
        self.waker.wake();
    }

    /// Queues something. When the queue is full the socket is closed with 4201 instead, so nothing is lost silently.
    ///
    /// True when the outbox is backlogged now, see [`Outbox::is_backlogged`].
    pub fn push(&self, item: Item) -> bool {
        self.push_all(std::iter::once(item))
    }

    /// As [`Outbox::push`] for several, which cost one lock and wake the session once.
    pub fn push_all(&self, items: impl Iterator<Item = Item>) -> bool {
        let mut inner = self.lock();
        if inner.closing.is_some() {
            return false;
        }
        let was_empty = inner.queue.is_empty();
        for item in items {
            if matches!(item, Item::Notice { .. }) && inner.frames() >= SHED_ABOVE {
                continue;
            }
            let bytes = inner.bytes + item.bytes();
            let full =
                inner.frames() >= limits::OUTBOX_FRAMES || bytes + inner.unsent.1 > limits::OUTBOX_BYTES;
            if full && !matches!(item, Item::Close(_)) {
                let depth = (inner.frames(), inner.bytes + inner.unsent.1);
                drop(inner);
                log_slow_consumer(self.user, item.chat(), depth);
                self.close(fell_behind());
                return false;
            }
            inner.bytes = bytes;
            inner.queue.push_back(item);
        }
        let length = inner.queue.len();
        drop(inner);
        // A session that sleeps has emptied the queue, so only the first items must wake it.
        if was_empty && length > 0 {
            self.waker.wake();
        }
        length >= SHED_ABOVE && !self.blocked.load(Ordering::Relaxed)
    }

    /// Whether much waits although the client takes it: the session only needs a turn to run.
    ///
    /// Whoever publishes in bulk should wait with [`wait_until_drained`] then, or a burst would close sockets that are not slow.
    #[must_use]
    pub fn is_backlogged(&self) -> bool {
        !self.blocked.load(Ordering::Relaxed) && self.lock().queue.len() >= SHED_ABOVE
    }

    /// Closes the socket now; what waits is dropped. The first reason stays.
    pub fn close(&self, closing: Closing) {
        {
            let mut inner = self.lock();
            inner.closing.get_or_insert(closing);
            inner.queue = VecDeque::new();
            inner.bytes = 0;
        }
        self.raise(CLOSING);
    }

    /// Ends a chat's stream at once: what waits of it is purged and the session is told.
    pub fn revoke(&self, chat: ChatId, reason: &'static str) {
        {
            let mut inner = self.lock();
            inner.queue.retain(|item| item.chat() != Some(chat));
            inner.bytes = inner.queue.iter().map(Item::bytes).sum();
            if inner.frames() >= limits::OUTBOX_FRAMES {
                let depth = (inner.frames(), inner.bytes + inner.unsent.1);
                drop(inner);
                log_slow_consumer(self.user, Some(chat), depth);
                self.close(fell_behind());
                return;
            }
            if !inner.revoked.iter().any(|(revoked, _)| *revoked == chat) {
                inner.revoked.push((chat, reason));
            }
        }
        self.raise(REVOKED);
    }

    /// The heartbeat is due: asks for a ping, or closes with 4202 when the last one brought no sign of life.
    pub fn heartbeat_tick(&self) {
        let was_alive = self.alive.swap(false, Ordering::Relaxed);
        // A session that waits for the store does not read, which is not the client's fault.
        let excused = self.pending_requests.load(Ordering::Relaxed) > 0;
        if self.pinged.swap(true, Ordering::Relaxed) && !was_alive && !excused {
            self.close(Closing::new(CloseCode::NoHeartbeat, "no answer to the ping: reconnect and resume"));
        } else {
            self.raise(PING);
        }
    }

    /// Asks for a ping before the heartbeat is due: it names the heads, and what leads up to them is sent first.
    pub fn request_ping(&self) {
        self.raise(PING);
    }

    /// The client gave a sign of life.
    pub fn mark_alive(&self) {
        self.alive.store(true, Ordering::Relaxed);
    }

    /// A request went to the appender and will be answered.
    pub fn request_started(&self) {
        self.pending_requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was answered, with a frame or without.
    pub fn request_finished(&self, frame: Option<Frame>) -> bool {
        // The frame first: a session that sees no pending request may close.
        let long = frame.is_some_and(|frame| self.push(Item::Reply(frame)));
        let before = self.pending_requests.fetch_sub(1, Ordering::AcqRel);
        if before == MAX_PENDING_REQUESTS || before == 1 {
            // The session may have stopped reading, or wait for this to close.
            self.waker.wake();
        }
        long
    }

    /// Lets nothing more of this socket be stored, after something of it could not be: what it asked for later must not
    /// stand before that. The socket closes once everything was answered, and its client sends all of it again, in order.
    pub fn refuse_later_requests(&self) {
        if !self.refuses_requests.swap(true, Ordering::AcqRel) {
            self.push(Item::Close(Closing::new(
                CloseCode::InternalError,
                "the server could not store everything just now: reconnect and send it again",
            )));
        }
    }

    /// Whether [`Outbox::refuse_later_requests`] was called.
    #[must_use]
    pub fn refuses_requests(&self) -> bool {
        self.refuses_requests.load(Ordering::Acquire)
    }

    /// Whether every request was answered.
    #[must_use]
    pub fn has_no_pending_requests(&self) -> bool {
        self.pending_requests.load(Ordering::Acquire) == 0
    }

    /// Whether the session should read no more for now: the backpressure on a client that asks faster than it is answered.
    #[must_use]
    pub fn at_request_limit(&self) -> bool {
        self.pending_requests.load(Ordering::Relaxed) >= MAX_PENDING_REQUESTS
    }

    // The session's side.

    /// The client takes no more just now; so many frames and bytes were taken out and wait all the same. Nothing is read
    /// from the socket meanwhile, which is the backpressure on a client that does not read its answers.
    pub fn mark_blocked(&self, frames: usize, bytes: usize) {
        self.lock().unsent = (frames, bytes);
        self.blocked.store(true, Ordering::Relaxed);
    }

    /// The client takes more.
    pub fn mark_writable(&self) {
        self.lock().unsent = (0, 0);
        self.blocked.store(false, Ordering::Relaxed);
    }

    /// Whom to wake when something is pushed or raised. To be called before looking.
    pub fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Whether [`Outbox::signal`] would answer; one load of an atomic.
    #[must_use]
    pub fn has_signal(&self) -> bool {
        self.signals.load(Ordering::Acquire) != 0
    }

    /// Whether a ping is all that [`Outbox::signal`] would answer.
    #[must_use]
    pub fn has_only_ping(&self) -> bool {
        self.signals.load(Ordering::Acquire) == PING
    }

    /// How many frames wait, and their bytes.
    #[must_use]
    pub fn depth(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.frames(), inner.bytes + inner.unsent.1)
    }

    #[must_use]
    pub fn has_items(&self) -> bool {
        !self.lock().queue.is_empty()
    }

    /// The most urgent signal. A close stays, the others are taken.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        let raised = self.signals.load(Ordering::Acquire);
        if raised & CLOSING != 0 {
            return self.lock().closing.clone().map(Signal::Close);
        }
        if raised & REVOKED != 0 {
            let mut inner = self.lock();
            self.signals.fetch_and(!REVOKED, Ordering::AcqRel);
            return Some(Signal::Revoked(std::mem::take(&mut inner.revoked)));
        }
        if raised & PING != 0 {
            self.signals.fetch_and(!PING, Ordering::AcqRel);
            return Some(Signal::Ping);
        }
        None
    }

    /// Moves everything that waits into `empty`, which becomes the queue's next buffer. False when nothing waits.
    pub fn take(&self, empty: &mut VecDeque<Item>) -> bool {
        debug_assert!(empty.is_empty());
        let mut inner = self.lock();
        if inner.queue.is_empty() {
            return false;
        }
        std::mem::swap(&mut inner.queue, empty);
        inner.bytes = 0;
        true
    }

    /// Frees the buffer of an idle queue.
    pub fn shrink(&self) {
        let mut inner = self.lock();
        if inner.queue.is_empty() {
            inner.queue = VecDeque::new();
        }
    }
}

/// Names the user, the chat of the frame that did not fit, and how much waits; never the content.
fn log_slow_consumer(user: UserId, chat: Option<ChatId>, (frames, bytes): (usize, usize)) {
    let chat = chat.map(|chat| chat.0);
    tracing::warn!(user = user.0, chat, frames, bytes, "slow consumer");
}

/// Backpressure: holds up whoever publishes in bulk, 100 ms at most, until sessions had a turn to empty their outboxes.
///
/// It blocks the publisher, and so every chat that waits behind the one whose outboxes are full.
pub async fn wait_until_drained(is_backlogged: impl Fn() -> bool) {
    for turn in 0..100 {
        if !is_backlogged() {
            return;
        }
        if turn < 4 {
            tokio::task::yield_now().await;
        } else {
            // The thread that the session is on does not run at all: the machine is busy.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[cfg(test)]
mod tests;
