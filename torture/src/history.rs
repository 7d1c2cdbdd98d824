//! Histories: what each client did and received, as compact facts with a logical time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::label::{Label, digest};

pub type Chat = i64;
pub type User = i64;

/// The logical clock that orders everything in a run, and the count of acks.
#[derive(Debug)]
pub struct Clock {
    tick: AtomicU64,
    start: Instant,
    acked: AtomicU64,
}

impl Clock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { tick: AtomicU64::new(1), start: Instant::now(), acked: AtomicU64::new(0) })
    }

    /// The next logical time.
    pub fn tick(&self) -> u64 {
        self.tick.fetch_add(1, Ordering::SeqCst)
    }

    /// Milliseconds since the start of the run.
    pub fn ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A client received the first ack of one of its messages.
    pub fn count_acked(&self) {
        self.acked.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages are acknowledged so far.
    pub fn acked(&self) -> u64 {
        self.acked.load(Ordering::Relaxed)
    }
}

/// Something that a client did, received or showed.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The person wrote a message.
    Queued { chat: Chat, number: u32 },
    /// The person retried a failed message; for its order this time counts.
    Retried { number: u32 },
    /// An ack came.
    Acked { chat: Chat, number: u32, id: i64, seq: u64, duplicate: bool },
    /// The client shows a message as sent, after its ack or its event.
    ShownSent { chat: Chat, number: u32 },
    /// The client shows a message as failed.
    Failed { number: u32 },
    /// The person deleted a pending message.
    GivenUp { number: u32 },
    /// The client sent `subscribe` with a position.
    Subscribing { chat: Chat, after: u64 },
    /// The reply to `subscribe` came.
    Subscribed { chat: Chat, head: u64, reset: bool },
    /// An event came; with the label if it is a message with the text of that label.
    Event { chat: Chat, seq: u64, id: Option<i64>, label: Option<Label> },
    /// A read position came.
    ReadTo { chat: Chat, user: User, seq: u64 },
    /// Any other frame came, so the connection is alive.
    OtherFrame,
    /// The rows that the client shows of a chat.
    Shown { chat: Chat, window: Box<Window> },
    /// The connection closed; 0 when the client itself gave it up.
    Closed { code: u16 },
    /// The client started again; only its stored pending messages survived.
    Reloaded,
}

/// A fact with its time.
#[derive(Clone, Debug)]
pub struct TimedFact {
    /// The logical time.
    pub tick: u64,
    /// Milliseconds since the start of the run.
    pub ms: u64,
    pub fact: Fact,
}

/// A piece of a chat as it was shown: its messages as a digest, and the pending ones after them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// How many messages of the log.
    pub count: u64,
    /// The seq of the first of them.
    pub first: u64,
    /// The seq of the last of them.
    pub last: u64,
    /// The sum of their [`digest`]s.
    pub sum: u64,
    /// Whether older messages exist that are not shown.
    pub older: bool,
    /// Whether messages were out of order, or a row's key was there twice.
    pub disordered: bool,
    /// The own messages at the end that are shown as sent: seq, id and label.
    /// Events before them may still be on their way.
    pub sent: Vec<(u64, i64, Label)>,
    /// The numbers of the pending messages.
    pub pending: Vec<u32>,
}

impl Window {
    pub fn push(&mut self, seq: u64, id: i64, label: Option<Label>) {
        self.disordered |= self.count > 0 && seq <= self.last;
        if self.count == 0 {
            self.first = seq;
        }
        self.count += 1;
        self.last = seq;
        self.sum = self.sum.wrapping_add(digest(seq, id, label));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The page's own state machine on `/ws/`.
    Page,
    /// An independent client on `/ws/chats/{id}/`, which trusts the stream and resumes with `?after=`.
    Watcher,
}

/// A reply at a seq: the seq of its original, what is shown of its text, and whether it is deleted.
pub type Reply = (u64, (u64, String, bool));

/// The reactions of the message at a seq: each emoji with its people.
pub type Reactions = (u64, Vec<(String, Vec<User>)>);

/// A chat as a client shows it when everything has settled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub chat: Chat,
    pub window: Window,
    pub unread: u64,
    /// The id of the last message in the list.
    pub last_line: Option<i64>,
    pub title: String,
    /// The participants and their read positions.
    pub people: Vec<(User, u64)>,
    /// The reactions of each message that is loaded.
    pub reactions: Vec<Reactions>,
    /// The replies that are loaded.
    pub replies: Vec<Reply>,
}

/// The state of a client at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ending {
    /// A page's chats.
    pub views: Vec<View>,
    /// A watcher's chat, and the position that it reached without a gap.
    pub reached: Option<(Chat, u64)>,
    /// Messages that are neither acknowledged nor refused.
    pub waiting: usize,
}

/// The history of one client.
#[derive(Debug)]
pub struct History {
    /// The client's number in labels.
    pub client: u32,
    pub user: User,
    pub kind: Kind,
    /// The facts in the order of time.
    pub facts: Vec<TimedFact>,
    /// `None` when the client's task was lost.
    pub ending: Option<Ending>,
    clock: Arc<Clock>,
}

impl History {
    pub fn new(client: u32, user: User, kind: Kind, clock: Arc<Clock>) -> Self {
        Self { client, user, kind, facts: Vec::new(), ending: None, clock }
    }

    /// Adds a fact with the current time.
    pub fn note(&mut self, fact: Fact) {
        if fact == Fact::OtherFrame && self.facts.last().is_some_and(|last| last.fact == Fact::OtherFrame) {
            self.facts.pop();
        }
        self.facts.push(TimedFact { tick: self.clock.tick(), ms: self.clock.ms(), fact });
    }

    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    pub fn label(&self, number: u32) -> Label {
        Label { client: self.client, number }
    }

    /// Adds the fact of a server's frame.
    pub fn frame(&mut self, frame: &causerie_protocol::ServerFrame) {
        use causerie_protocol::{Event, ServerFrame};
        match frame {
            ServerFrame::Event(event) => {
                let (id, label) = match event {
                    Event::Message(message) => (Some(message.id.0), Label::of_text(&message.content)),
                    _ => (None, None),
                };
                self.note(Fact::Event { chat: event.chat_id().0, seq: event.seq().0, id, label });
            }
            ServerFrame::Ack(ack) => {
                let own = Label::of_client_id(ack.client_id.as_str()).filter(|own| own.client == self.client);
                if let Some(Label { number, .. }) = own {
                    let (chat, id, seq) = (ack.chat_id.0, ack.id.0, ack.seq.0);
                    self.note(Fact::Acked { chat, number, id, seq, duplicate: ack.duplicate });
                }
            }
            ServerFrame::Subscribed(reply) => {
                let (chat, head) = (reply.chat_id.0, reply.head.0);
                self.note(Fact::Subscribed { chat, head, reset: reply.reset });
            }
            ServerFrame::Read(read) => {
                self.note(Fact::ReadTo { chat: read.chat_id.0, user: read.user_id.0, seq: read.seq.0 });
            }
            _ => self.note(Fact::OtherFrame),
        }
    }
}
