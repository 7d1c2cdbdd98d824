//! Sockets on a node and the bus that somebody publishes on, which may be another node's.

use std::collections::VecDeque;
use std::sync::Arc;

use causerie_protocol::{ChatId, Seq, TokenId, UserId};
use causerie_server::bus::{Bus, Envelope};
use causerie_server::hub::Hub;
use causerie_server::outbox::{Frame, Item, Outbox, Scope, Signal};
use causerie_testkit::{LIMIT, eventually};

/// What tells that a chat is heard.
const PROBE: &str = "probe";

pub const ALICE: UserId = UserId(1);
pub const BOB: UserId = UserId(2);

/// Where a test publishes, and where it looks.
pub struct World {
    pub bus: Arc<dyn Bus>,
    /// The node that publishes.
    pub near: Hub,
    /// The node that has the sockets; on a bus of one node, the same.
    pub far: Hub,
    /// What has to live as long as the test.
    _kept: Box<dyn std::any::Any + Send>,
}

/// Waits for a state.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    eventually(what, LIMIT, async || is_so().then_some(())).await.unwrap();
}

/// A person's socket.
pub struct Socket {
    outbox: Arc<Outbox>,
    came: VecDeque<Item>,
}

impl World {
    pub fn new(bus: Arc<dyn Bus>, near: &Hub, far: &Hub, kept: impl std::any::Any + Send) -> Self {
        Self { bus, near: near.clone(), far: far.clone(), _kept: Box::new(kept) }
    }

    /// A socket for many chats, on the node that listens.
    pub fn socket(&self, user: UserId) -> Socket {
        let outbox = Outbox::new(user, TokenId(user.0), Scope::Many);
        self.far.register(&outbox);
        Socket { outbox, came: VecDeque::new() }
    }

    /// A socket that follows a chat, which the bus has taken notice of.
    pub async fn follower(&self, user: UserId, chat: ChatId) -> Socket {
        let mut socket = self.socket(user);
        self.follow(&mut socket, chat).await;
        socket
    }

    pub async fn follow(&self, socket: &mut Socket, chat: ChatId) {
        self.far.subscribe(chat, &socket.outbox);
        let is_heard = async || {
            self.publish(Envelope::Notice { chat, except: None, frame: Frame::from_static(PROBE) }).await;
            let mut items = VecDeque::new();
            socket.outbox.take(&mut items);
            items.iter().any(is_probe).then_some(())
        };
        eventually("that the chat is heard", LIMIT, is_heard).await.unwrap();
    }

    pub async fn publish(&self, envelope: Envelope) {
        self.bus.publish(vec![envelope]).await;
    }
}

impl Socket {
    /// Waits until this many things came, and answers them.
    pub async fn came(&mut self, count: usize) -> Vec<String> {
        until("not everything came", || {
            self.take();
            self.came.len() >= count
        })
        .await;
        self.so_far()
    }

    /// What came until now.
    pub fn so_far(&mut self) -> Vec<String> {
        self.take();
        self.came.drain(..).map(shown).collect()
    }

    fn take(&mut self) {
        let mut items = VecDeque::new();
        self.outbox.take(&mut items);
        self.came.extend(items.into_iter().filter(|item| !is_probe(item)));
    }

    /// The next signal.
    pub async fn signal(&self) -> Signal {
        until("no signal came", || self.outbox.has_signal()).await;
        self.outbox.signal().unwrap()
    }

    pub fn has_signal(&self) -> bool {
        self.outbox.has_signal()
    }
}

fn is_probe(item: &Item) -> bool {
    matches!(item, Item::Notice { frame, .. } if frame.as_str() == PROBE)
}

fn shown(item: Item) -> String {
    match item {
        Item::Event { chat, seq, frame } => format!("event {chat} {seq} {frame}"),
        Item::Notice { frame, .. } => format!("notice {frame}"),
        Item::ChatAdded(chat) => format!("added {chat}"),
        other => format!("{other:?}"),
    }
}

pub fn event(chat: ChatId, seq: u64) -> Envelope {
    Envelope::Event { chat, seq: Seq(seq), left: None, frame: Frame::from_static("x") }
}

pub fn notice(chat: ChatId, except: Option<UserId>, text: &'static str) -> Envelope {
    Envelope::Notice { chat, except, frame: Frame::from_static(text) }
}
