//! Histories: what each client was told, in compact facts with a logical time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::label::{Label, digest};

/// A chat's id.
pub type Chat = i64;
/// A person's id.
pub type User = i64;

/// One order over everything that happens in a run, and what must be counted while it runs.
#[derive(Debug)]
pub struct Clock {
    tick: AtomicU64,
    start: Instant,
    acked: AtomicU64,
}

impl Clock {
    /// A clock at zero.
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

    /// A client was told for the first time that a message of its own is durable.
    pub fn count_acked(&self) {
        self.acked.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages were acknowledged so far.
    pub fn acked(&self) -> u64 {
        self.acked.load(Ordering::Relaxed)
    }
}

/// Something that a client did or was told.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The person wrote a message.
    Queued { chat: Chat, number: u32 },
    /// The person sends a message again that failed: that is its turn now.
    Retried { number: u32 },
    /// The server said that a message is durable.
    Acked { chat: Chat, number: u32, id: i64, seq: u64, duplicate: bool },
    /// The client shows a message as sent, by an ack or because it saw it in the log.
    ShownSent { chat: Chat, number: u32 },
    /// The client shows a message as not sent, with the reason.
    Failed { number: u32 },
    /// The person deleted an unsent message.
    GivenUp { number: u32 },
    /// The client asked for a chat's stream after a position.
    Subscribing { chat: Chat, after: u64 },
    /// The answer to that.
    Subscribed { chat: Chat, head: u64, reset: bool },
    /// An entry of a chat's log came; the label is that of a message whose text is right.
    Event { chat: Chat, seq: u64, id: Option<i64>, label: Option<Label> },
    /// A person's read position was told.
    ReadTo { chat: Chat, user: User, seq: u64 },
    /// Any other frame came: the connection lives.
    OtherFrame,
    /// What the client shows of a chat.
    Shown { chat: Chat, window: Box<Window> },
    /// The connection ended; 0 when the client itself gave it up.
    Closed { code: u16 },
    /// The client started again from nothing but its stored unsent messages.
    Reloaded,
}

/// A fact and when it came about.
#[derive(Clone, Debug)]
pub struct TimedFact {
    /// The logical time.
    pub tick: u64,
    /// Milliseconds since the start of the run.
    pub ms: u64,
    /// What.
    pub fact: Fact,
}

/// A piece of a chat as it was shown: its messages as a digest, and the unsent ones behind them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// How many messages of the log.
    pub count: u64,
    /// The position of the first of them.
    pub first: u64,
    /// The position of the last of them.
    pub last: u64,
    /// The sum of their [`digest`]s.
    pub sum: u64,
    /// Whether older ones exist that are not shown.
    pub older: bool,
    /// A message stood before one with a smaller or the same position, or a row's key was there twice.
    pub disordered: bool,
    /// The person's own messages at the very end that are shown as sent: position, id and label.
    /// What stands before them in the log may still be on its way.
    pub sent: Vec<(u64, i64, Label)>,
    /// The numbers of the own messages behind, which are not sent.
    pub pending: Vec<u32>,
}

impl Window {
    /// Adds the next message that is shown.
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

/// What kind of client it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The page's own state machine on `/ws/`.
    Page,
    /// A program of its own on `/ws/chats/{id}/`, which trusts the stream and resumes with `?after=`.
    Watcher,
}

/// A chat as a client shows it when everything has settled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Which chat.
    pub chat: Chat,
    /// Its messages.
    pub window: Window,
    /// Unread messages of others.
    pub unread: u64,
    /// The id of the last line in the list.
    pub last_line: Option<i64>,
    /// The title, as the list shows it.
    pub title: String,
    /// Who is in it and how far they have read.
    pub people: Vec<(User, u64)>,
}

/// Where a client stood at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ending {
    /// A page's chats.
    pub views: Vec<View>,
    /// A watcher's chat and the position that it reached without a hole.
    pub reached: Option<(Chat, u64)>,
    /// Messages that are neither acknowledged nor refused.
    pub waiting: usize,
}

/// Everything that one client was told.
#[derive(Debug)]
pub struct History {
    /// Names the client in labels.
    pub client: u32,
    /// Whose client it is.
    pub user: User,
    /// What it is.
    pub kind: Kind,
    /// The facts, by time.
    pub facts: Vec<TimedFact>,
    /// The end; none when the client's task was lost.
    pub ending: Option<Ending>,
    clock: Arc<Clock>,
}

impl History {
    /// An empty one.
    pub fn new(client: u32, user: User, kind: Kind, clock: Arc<Clock>) -> Self {
        Self { client, user, kind, facts: Vec::new(), ending: None, clock }
    }

    /// Adds a fact as of now.
    pub fn note(&mut self, fact: Fact) {
        if fact == Fact::OtherFrame && self.facts.last().is_some_and(|last| last.fact == Fact::OtherFrame) {
            self.facts.pop();
        }
        self.facts.push(TimedFact { tick: self.clock.tick(), ms: self.clock.ms(), fact });
    }

    /// The run's clock.
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// A label of this client's.
    pub fn label(&self, number: u32) -> Label {
        Label { client: self.client, number }
    }

    /// Notes what a server's frame tells; `number` gives the own message of a client id.
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
