//! A channel: the sockets that follow one chat, and what they were sent of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use causerie_protocol::{ChatId, Seq, UserId};
use parking_lot::Mutex;

use super::remove;
use crate::outbox::{Frame, Item, Outbox};

/// For how long nothing is passed on of who left: longer than anything is on its way that they did just before.
const WAKE: Duration = Duration::from_secs(2);

/// The subscribers of a chat; a channel without any is removed.
pub(super) struct Channel {
    chat: ChatId,
    subscribers: Vec<Arc<Outbox>>,
    /// The last position that this node knows of.
    head: AtomicU64,
    /// Read positions that were sent here, so that none goes back when two nodes' notices overtake each other.
    reads: Mutex<HashMap<UserId, Seq>>,
    /// Who left a moment ago and did not come back.
    gone: Vec<(UserId, Instant)>,
}

impl Channel {
    pub(super) fn new(chat: ChatId) -> Self {
        let subscribers = Vec::with_capacity(1);
        Self { chat, subscribers, head: AtomicU64::new(0), reads: Mutex::default(), gone: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// True when the socket was not subscribed before.
    pub(super) fn subscribe(&mut self, outbox: &Arc<Outbox>) -> bool {
        let is_new = !self.subscribers.iter().any(|socket| Arc::ptr_eq(socket, outbox));
        if is_new {
            self.subscribers.push(outbox.clone());
        }
        is_new
    }

    /// True when the socket was subscribed.
    pub(super) fn unsubscribe(&mut self, outbox: &Arc<Outbox>) -> bool {
        remove(&mut self.subscribers, outbox)
    }

    /// Ends the stream of one person's sockets, which are returned.
    pub(super) fn revoke_user(&mut self, user: UserId, reason: &'static str) -> Vec<Arc<Outbox>> {
        let revoked: Vec<_> = self.subscribers.extract_if(.., |socket| socket.user == user).collect();
        self.reads.get_mut().remove(&user);
        self.gone.retain(|(_, at)| at.elapsed() < WAKE);
        self.gone.push((user, Instant::now()));
        for socket in &revoked {
            socket.revoke(self.chat, reason);
        }
        revoked
    }

    /// Somebody is in the chat who may have left it a moment ago.
    pub(super) fn came(&mut self, user: UserId) {
        self.gone.retain(|(gone, _)| *gone != user);
    }

    fn is_gone(&self, user: UserId) -> bool {
        self.gone.iter().any(|(gone, at)| *gone == user && at.elapsed() < WAKE)
    }

    /// Ends the stream of every socket; they are returned.
    pub(super) fn revoke_all(self, reason: &'static str) -> Vec<Arc<Outbox>> {
        for socket in &self.subscribers {
            socket.revoke(self.chat, reason);
        }
        self.subscribers
    }

    pub(super) fn head(&self) -> Seq {
        Seq(self.head.load(Ordering::Acquire))
    }

    /// True when that is news.
    pub(super) fn advance_head(&self, head: Seq) -> bool {
        self.head.fetch_max(head.0, Ordering::AcqRel) < head.0
    }

    /// The fan-out: puts events, in their order, into every subscriber's outbox. Returns true if any
    /// subscriber's outbox is backlogged.
    pub(super) fn send_events(&self, events: &[(Seq, &Frame)]) -> bool {
        let chat = self.chat;
        let mut backlogged = false;
        for socket in &self.subscribers {
            backlogged |= socket.push_all(events.iter().map(|&(seq, frame)| Item::Event {
                chat,
                seq,
                frame: frame.clone(),
            }));
        }
        // After the pushes: whoever reads this head finds what leads up to it in the outbox.
        if let Some((seq, _)) = events.last() {
            self.advance_head(*seq);
        }
        backlogged
    }

    /// Sends a read position to those who may see it, unless as much was sent before.
    pub(super) fn send_read(&self, user: UserId, seq: Seq, hidden: bool, frame: &Frame) {
        if self.is_gone(user) {
            return;
        }
        // Held until it is pushed, so that the order in every outbox is that of the positions.
        let mut reads = self.reads.lock();
        let sent = reads.entry(user).or_insert(Seq(0));
        if seq > *sent {
            *sent = seq;
            for socket in self.subscribers.iter().filter(|socket| socket.takes_read(user, hidden)) {
                socket.push(Item::Read { chat: self.chat, of: user, frame: frame.clone() });
            }
        }
    }

    /// Sends a notice to everybody except the person who is writing, and those whom nothing of that person reaches.
    pub(super) fn send_notice(&self, except: Option<UserId>, frame: &Frame) {
        if except.is_some_and(|writer| self.is_gone(writer)) {
            return;
        }
        let takes = |socket: &&Arc<Outbox>| {
            except.is_none_or(|writer| socket.user != writer && socket.takes_typing(writer))
        };
        for socket in self.subscribers.iter().filter(takes) {
            socket.push(Item::Notice { chat: Some(self.chat), of: except, frame: frame.clone() });
        }
    }

    /// Lets every socket ping: a ping names the heads, and a session reads what leads up to them first.
    pub(super) fn ping(&self) {
        for socket in &self.subscribers {
            socket.request_ping();
        }
    }

    pub(super) fn is_backlogged(&self) -> bool {
        self.subscribers.iter().any(|socket| socket.is_backlogged())
    }
}
