//! The events of one chat in order and without gaps, and when to subscribe again.

use causerie_protocol::server_frame::Subscribed;
use causerie_protocol::{ChatId, ClientFrame, Epoch, Event, Seq};

use crate::clock::Millis;
use crate::sorted::SortedMap;

/// A `subscribe` without a reply is sent again after this many milliseconds.
pub const ANSWER_MS: Millis = 3_000;
/// How long the stream may lag behind a known head before it subscribes again, in milliseconds.
pub const LAG_MS: Millis = 1_000;
/// The least time between two `subscribe` frames of one chat on one socket, in milliseconds.
pub const RESUBSCRIBE_MS: Millis = 1_000;
/// Most events that are buffered behind a gap; the rest is replayed after the next `subscribe`.
pub const MAX_BUFFERED: usize = 2_000;

/// The state of the subscription on the current socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscription {
    /// `subscribe` is still to be sent.
    Idle,
    /// `subscribe` was sent with this position.
    Pending { after: Seq },
    /// The reply has come.
    Live,
    /// The server ended it for good.
    Ended,
}

/// Puts the events of one chat in order: it gives them out one after the other without a gap, each once.
#[derive(Debug)]
pub struct Stream {
    chat: ChatId,
    epoch: Epoch,
    /// Every event up to here was given out.
    position: Seq,
    /// The greatest seq that the server is known to have.
    head: Seq,
    buffered: SortedMap<Seq, Event>,
    subscription: Subscription,
    /// Whether this socket is subscribed, also while another `subscribe` is on its way.
    followed: bool,
    next_subscribe: Millis,
    /// Whether it waits because the socket has as many subscriptions as it may.
    over_limit: bool,
    /// When the stream fell behind the head, or last came closer to it.
    last_progress: Millis,
}

impl Stream {
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
            over_limit: false,
            last_progress: 0,
        }
    }

    /// The seq up to which every event was given out.
    pub fn position(&self) -> Seq {
        self.position
    }

    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Whether the current socket is subscribed.
    pub fn is_followed(&self) -> bool {
        self.followed
    }

    /// Whether the reply to a `subscribe` is still to come.
    pub fn is_subscribing(&self) -> bool {
        matches!(self.subscription, Subscription::Pending { .. })
    }

    /// Whether it waits because the socket has as many subscriptions as it may.
    pub fn is_over_limit(&self) -> bool {
        self.over_limit
    }

    /// Whether it counts towards the socket's limit of subscriptions.
    pub fn takes_subscription(&self) -> bool {
        self.followed || self.is_subscribing()
    }

    /// Whether the server ended it for good.
    pub fn is_ended(&self) -> bool {
        self.subscription == Subscription::Ended
    }

    /// Takes an event and returns those that are in order now: none for a duplicate, or behind a gap.
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

    /// The server is known to have an event with this seq.
    pub fn observe_head(&mut self, seq: Seq, now: Millis) {
        if seq > self.head {
            if self.head <= self.position {
                self.last_progress = now;
            }
            self.head = seq;
        }
    }

    /// The reply to a `subscribe`; returns whether the chat must be loaded afresh.
    pub fn subscribed(&mut self, reply: &Subscribed, now: Millis) -> bool {
        let after = match self.subscription {
            Subscription::Pending { after } => after,
            _ => Seq::ZERO,
        };
        self.subscription = Subscription::Live;
        self.followed = true;
        // A head before our position in the same epoch is impossible, so this is another log with the old epoch.
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

    /// The frame that subscribes from the current position on; it counts as sent.
    pub fn subscribe_frame(&mut self, now: Millis) -> ClientFrame {
        self.subscription = Subscription::Pending { after: self.position };
        self.next_subscribe = now + RESUBSCRIBE_MS;
        self.over_limit = false;
        self.last_progress = now;
        ClientFrame::Subscribe {
            chat_id: self.chat,
            after: Some(self.position),
            epoch: Some(self.epoch.clone()),
        }
    }

    /// When [`Self::subscribe_frame`] is due on a socket that is online; 0 means at once.
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

    /// The server could not serve it: it subscribes again at this time.
    pub fn postpone(&mut self, until: Millis) {
        if !self.is_ended() {
            self.subscription = Subscription::Idle;
            self.next_subscribe = until;
        }
    }

    pub fn disconnected(&mut self) {
        self.followed = false;
        self.buffered.clear();
        self.head = self.position;
        self.next_subscribe = 0;
        self.over_limit = false;
        if !self.is_ended() {
            self.subscription = Subscription::Idle;
        }
    }

    /// The socket has as many subscriptions as it may: this one waits until this time, or until [`Self::retry_over_limit`].
    pub fn hold_over_limit(&mut self, until: Millis) {
        self.disconnected();
        self.next_subscribe = until;
        self.over_limit = true;
    }

    /// A subscription may be possible now.
    pub fn retry_over_limit(&mut self) {
        if self.over_limit {
            self.next_subscribe = 0;
        }
    }

    /// The server ended it for good.
    pub fn end(&mut self) {
        self.followed = false;
        self.buffered.clear();
        self.subscription = Subscription::Ended;
    }

    /// The user is in the chat again.
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
