//! Whether one chat's stream is complete, and when to ask for it again.

use causerie_protocol::server_frame::Subscribed;
use causerie_protocol::{ChatId, ClientFrame, Epoch, Event, Seq};

use crate::clock::Millis;
use crate::sorted::SortedMap;

/// How long a `subscribe` may stay without an answer until it is sent again, in milliseconds.
pub const ANSWER_MS: Millis = 3_000;
/// How long the stream may lag behind a head that is known before it is asked for again, in milliseconds.
pub const LAG_MS: Millis = 1_000;
/// The least time between two `subscribe` frames of one chat on one socket, in milliseconds.
pub const RESUBSCRIBE_MS: Millis = 1_000;
/// Most events that are held back behind a hole; the rest comes again with the answer.
pub const MAX_BUFFERED: usize = 2_000;

/// How the chat stands with the current socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscription {
    /// To be asked for.
    Idle,
    /// Asked for from a position on.
    Pending { after: Seq },
    /// Answered.
    Live,
    /// The server ended it for good; nothing is asked any more.
    Ended,
}

/// The order of one chat's events: they leave here one after the other without a hole, each once.
#[derive(Debug)]
pub struct Stream {
    chat: ChatId,
    epoch: Epoch,
    /// Everything up to here has left.
    position: Seq,
    /// The greatest position that the server is known to have.
    head: Seq,
    buffered: SortedMap<Seq, Event>,
    subscription: Subscription,
    /// Whether this socket follows the chat, also while it is asked again.
    followed: bool,
    next_subscribe: Millis,
    /// Whether it waits because the socket has no room for one more chat.
    parked: bool,
    /// When the stream fell behind the head or last came closer to it.
    last_progress: Millis,
}

impl Stream {
    /// A stream that begins after a position.
    pub fn new(chat: ChatId, epoch: Epoch, position: Seq) -> Self {
        Self {
            chat,
            epoch,
            position,
            head: position,
            buffered: SortedMap::new(),
            subscription: Subscription::Idle,
            followed: false,
            next_subscribe: 0,
            parked: false,
            last_progress: 0,
        }
    }

    /// The last position that left without a hole.
    pub fn position(&self) -> Seq {
        self.position
    }

    /// The log's epoch.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Whether the current socket follows the chat.
    pub fn is_followed(&self) -> bool {
        self.followed
    }

    /// Whether an answer to a `subscribe` is to come.
    pub fn is_subscribing(&self) -> bool {
        matches!(self.subscription, Subscription::Pending { .. })
    }

    /// Whether it counts for how many chats the socket follows.
    pub fn takes_subscription(&self) -> bool {
        self.followed || self.is_subscribing()
    }

    /// Whether the server ended it for good.
    pub fn is_ended(&self) -> bool {
        self.subscription == Subscription::Ended
    }

    /// Takes an event and gives those that are due now, in order: none for a duplicate or behind a hole.
    pub fn accept(&mut self, event: Event, now: Millis) -> Vec<Event> {
        let seq = event.seq();
        if self.is_ended() || seq <= self.position {
            return Vec::new();
        }
        self.observe_head(seq, now);
        if seq > self.position.next() {
            if self.buffered.len() < MAX_BUFFERED {
                self.buffered.insert(seq, event);
            }
            return Vec::new();
        }
        let mut ready = vec![event];
        self.position = seq;
        while let Some(event) = self.buffered.remove(&self.position.next()) {
            self.position = self.position.next();
            ready.push(event);
        }
        self.last_progress = now;
        ready
    }

    /// The server is known to have this position.
    pub fn observe_head(&mut self, seq: Seq, now: Millis) {
        if seq > self.head {
            if self.head <= self.position {
                self.last_progress = now;
            }
            self.head = seq;
        }
    }

    /// The answer to a `subscribe`; true when the messages held so far are of no use and must be loaded afresh.
    pub fn subscribed(&mut self, reply: &Subscribed, now: Millis) -> bool {
        let after = match self.subscription {
            Subscription::Pending { after } => after,
            _ => Seq::ZERO,
        };
        self.subscription = Subscription::Live;
        self.followed = true;
        // A head before the position that we hold from this very log can't be: it is another log under the old name.
        if !reply.reset && reply.epoch == self.epoch && reply.head >= after {
            self.observe_head(reply.head, now);
            self.last_progress = now;
            return false;
        }
        self.epoch = reply.epoch.clone();
        self.position = reply.head;
        self.head = reply.head;
        self.buffered.clear();
        self.last_progress = now;
        true
    }

    /// The frame that asks for everything after the last complete position; counts as sent.
    pub fn subscribe_frame(&mut self, now: Millis) -> ClientFrame {
        self.subscription = Subscription::Pending { after: self.position };
        self.next_subscribe = now + RESUBSCRIBE_MS;
        self.parked = false;
        self.last_progress = now;
        ClientFrame::Subscribe {
            chat_id: self.chat,
            after: Some(self.position),
            epoch: Some(self.epoch.clone()),
        }
    }

    /// When [`Self::subscribe_frame`] is due on a socket that is online; 0 for at once.
    pub fn due(&self) -> Option<Millis> {
        match self.subscription {
            Subscription::Idle => Some(self.next_subscribe),
            Subscription::Pending { .. } => Some(self.next_subscribe.max(self.last_progress + ANSWER_MS)),
            Subscription::Live if !self.buffered.is_empty() => Some(self.next_subscribe),
            Subscription::Live if self.head > self.position => {
                Some(self.next_subscribe.max(self.last_progress + LAG_MS))
            }
            Subscription::Live | Subscription::Ended => None,
        }
    }

    /// The server could not serve it just now: not before this time.
    pub fn postpone(&mut self, until: Millis) {
        if !self.is_ended() {
            self.subscription = Subscription::Idle;
            self.next_subscribe = until;
        }
    }

    /// The socket is gone.
    pub fn disconnected(&mut self) {
        self.followed = false;
        self.buffered.clear();
        self.head = self.position;
        self.next_subscribe = 0;
        self.parked = false;
        if !self.is_ended() {
            self.subscription = Subscription::Idle;
        }
    }

    /// The socket has no room for it: it is not asked for before this time, unless [`Self::unpark`] says so.
    pub fn park(&mut self, until: Millis) {
        self.disconnected();
        self.next_subscribe = until;
        self.parked = true;
    }

    /// There may be room for it after all.
    pub fn unpark(&mut self) {
        if self.parked {
            self.next_subscribe = 0;
        }
    }

    /// The server ended it for good.
    pub fn end(&mut self) {
        self.followed = false;
        self.buffered.clear();
        self.subscription = Subscription::Ended;
    }

    /// The chat is ours again.
    pub fn reopen(&mut self) {
        if self.is_ended() {
            self.subscription = Subscription::Idle;
            self.next_subscribe = 0;
        }
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
