//! The bus: carries to every node what was committed or done on one of them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use causerie_protocol::server_frame::SetOfChat;
use causerie_protocol::{ChatId, ChatSettings, Seq, ServerFrame, TokenId, UserId};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::hub::{Ending, Hub, PresenceChange};
use crate::outbox::{Frame, wait_until_drained};
use crate::store::Store;

mod neighbours;
mod polling;
mod reconcile;
mod redis;
mod wire;

use reconcile::{PeopleReconciler, RECONCILE_INTERVAL};

pub use polling::PollingBus;
pub use redis::{Options as RedisOptions, RedisBus, RedisUnusable};

/// How long a token is trusted after the store was asked about it: until the next reconciliation, which asks again, and
/// some more for its answer. A revocation that did not come over the bus is felt after this time at the latest.
const TOKEN_TRUST: Duration = Duration::from_secs(RECONCILE_INTERVAL.as_secs() + 1);

/// Something that every node should know. Frames are encoded once, by the node where it happened, and travel beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// An entry of a chat's log, committed before this is published.
    Event {
        chat: ChatId,
        seq: Seq,
        /// Who is out of the chat by it, and gets neither this nor anything after. Said here too, since `Left` may be lost alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<UserId>,
        #[serde(skip)]
        frame: Frame,
    },
    /// A person's read position, for everybody who follows the chat. One that is behind what was sent before is dropped.
    Read {
        chat: ChatId,
        user: UserId,
        seq: Seq,
        /// Whether the person hides it from others: then it is for their own sockets.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        hidden: bool,
        #[serde(skip)]
        frame: Frame,
    },
    /// Something of a node reached no other, so that read positions have to be read from the store.
    #[serde(rename = "lost")]
    Resync,
    /// Typing, for everybody who follows the chat except one person.
    Notice {
        chat: ChatId,
        /// Who is writing, and need not be told.
        except: Option<UserId>,
        #[serde(skip)]
        frame: Frame,
    },
    /// Somebody came to a node or left it.
    Presence {
        /// Who, where, and came or left.
        #[serde(flatten)]
        change: PresenceChange,
        users: Vec<UserId>,
        #[serde(skip)]
        frame: Frame,
    },
    /// These people are in a chat that they were not in before.
    ChatAdded { chat: ChatId, users: Vec<UserId> },
    /// A chat is gone with its log.
    ChatDeleted { chat: ChatId, users: Vec<UserId> },
    /// A person left a chat: nothing of it may reach them from now on.
    Left { chat: ChatId, user: UserId },
    /// A sign-in was revoked: its sockets are closed.
    TokenRevoked { token: TokenId },
    /// Somebody was suspended: the sockets of these sign-ins are closed and told so.
    Suspended { tokens: Vec<TokenId> },
    /// The account of a user changed: what nodes keep of it is read again.
    UserChanged { user: UserId },
    /// Nothing passes between two people from now on.
    Parted { one: UserId, other: UserId },
    /// One asked the other for a chat: nothing but the messages there passes between the two until it is accepted.
    Asked { one: UserId, other: UserId },
    /// Something may pass between them again.
    Reunited { one: UserId, other: UserId },
    /// What a person hides from others, and so does not see of them, is this from now on.
    Hidden { user: UserId, online: bool, read: bool },
    /// What a person has set of a chat, for their sockets for many chats. A version that is not newer than what was sent is
    /// dropped.
    ChatSettings {
        user: UserId,
        chat: ChatId,
        version: i64,
        #[serde(skip)]
        frame: Frame,
    },
    /// Something for these people's sockets for many chats.
    Personal {
        users: Vec<UserId>,
        #[serde(skip)]
        frame: Frame,
    },
}

impl Envelope {
    /// What a person has set of a chat.
    pub(crate) fn settings(user: UserId, chat_id: ChatId, settings: ChatSettings) -> Self {
        let frame = ServerFrame::ChatSettings(SetOfChat { chat_id, settings }).encode();
        Self::ChatSettings { user, chat: chat_id, version: settings.version, frame: Frame::from(frame) }
    }

    fn frame(&self) -> Option<&Frame> {
        match self {
            Self::Event { frame, .. }
            | Self::Read { frame, .. }
            | Self::Notice { frame, .. }
            | Self::Presence { frame, .. }
            | Self::ChatSettings { frame, .. }
            | Self::Personal { frame, .. } => Some(frame),
            _ => None,
        }
    }

    fn frame_mut(&mut self) -> Option<&mut Frame> {
        match self {
            Self::Event { frame, .. }
            | Self::Read { frame, .. }
            | Self::Notice { frame, .. }
            | Self::Presence { frame, .. }
            | Self::ChatSettings { frame, .. }
            | Self::Personal { frame, .. } => Some(frame),
            _ => None,
        }
    }

    fn event(&self) -> Option<(ChatId, (Seq, &Frame))> {
        match self {
            Self::Event { chat, seq, frame, .. } => Some((*chat, (*seq, frame))),
            _ => None,
        }
    }

    /// Hands this to the sockets of this node at once; then waits a moment if a burst has filled their outboxes.
    pub async fn deliver(&self, hub: &Hub) {
        match self {
            Self::Event { chat, seq, left, frame } => {
                if let Some(user) = left {
                    hub.left(*chat, *user);
                }
                if hub.event(*chat, *seq, frame) {
                    wait_until_drained(|| hub.is_backlogged(*chat)).await;
                }
            }
            Self::Read { chat, user, seq, hidden, frame } => hub.read(*chat, *user, *seq, *hidden, frame),
            // Between the buses of the nodes; no socket is concerned.
            Self::Resync => {}
            Self::Notice { chat, except, frame } => hub.notice(*chat, *except, frame),
            Self::Presence { change, users, frame } => hub.presence(*change, users, frame),
            Self::ChatAdded { chat, users } => hub.chat_added(*chat, users),
            Self::ChatDeleted { chat, users } => hub.chat_deleted(*chat, users),
            Self::Left { chat, user } => hub.left(*chat, *user),
            Self::TokenRevoked { token } => hub.token_revoked(*token),
            Self::Suspended { tokens } => {
                tokens.iter().for_each(|token| hub.sign_in_ended(*token, Ending::Suspended));
            }
            Self::UserChanged { user } => hub.user_changed(*user),
            Self::Parted { one, other } => hub.part(*one, *other),
            Self::Asked { one, other } => hub.keep_apart(*one, *other),
            Self::Reunited { one, other } => hub.reunite(*one, *other),
            Self::Hidden { user, online, read } => hub.hide(*user, *online, *read),
            Self::ChatSettings { user, chat, version, frame } => {
                hub.chat_settings(*user, *chat, *version, frame);
            }
            Self::Personal { users, frame } => hub.notice_to(users, None, frame),
        }
    }
}

/// As [`Envelope::deliver`] for a batch. Events that stand together are handed over a chat at a time, which wakes
/// each session once. The order within a chat is kept, and the order relative to other envelopes.
pub async fn deliver_all(batch: &[Envelope], hub: &Hub) {
    let as_event = |envelope: &'_ Envelope| matches!(envelope, Envelope::Event { left: None, .. });
    for part in batch.chunk_by(|a, b| as_event(a) && as_event(b)) {
        let mut events: Vec<(ChatId, (Seq, &Frame))> = part.iter().filter_map(Envelope::event).collect();
        if events.len() < 2 {
            for envelope in part {
                envelope.deliver(hub).await;
            }
            continue;
        }
        // Stable, so that positions stay in order.
        events.sort_by_key(|(chat, _)| *chat);
        for of_chat in events.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((chat, _)) = of_chat.first() else { continue };
            let of_chat: Vec<_> = of_chat.iter().map(|(_, event)| *event).collect();
            if hub.events(*chat, &of_chat) {
                wait_until_drained(|| hub.is_backlogged(*chat)).await;
            }
        }
    }
}

/// Between nodes, a hint and never the truth: the log is in the store.
///
/// An envelope reaches each node, the publishing one included, at most once.
/// It may be lost and it may overtake another; sessions look at positions and read the log where there is a gap,
/// and the heads in the heartbeat reveal a lost tail.
/// `Left`, `ChatDeleted`, `TokenRevoked`, `Suspended`, `UserChanged`, `Parted`, `Reunited` and `Hidden` take effect on the
/// publishing node before [`Bus::publish`] returns.
/// Presence is numbered per node, so that a node notices what it lost and reads all of that node's people again; where
/// there are other nodes, each holds a lease that it renews, and who was on a node whose lease ended is offline.
/// Frames come from this program's own encoder and are trusted as far as the broker is.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Publishes a batch, in order. Never fails: what could not be published is logged and counts as lost.
    async fn publish(&self, batch: Vec<Envelope>);

    /// Whether messages of other nodes can arrive just now; always true of a bus without other nodes.
    fn is_connected(&self) -> bool {
        true
    }

    /// Whether other nodes use the same database and are not on this bus, however long one waits: it misses what they
    /// publish.
    fn misses_other_nodes(&self) -> bool {
        false
    }

    /// For how long a token may be taken for good after the store was asked about it, while nothing is heard of its
    /// revocation; `None` where other nodes' revocations are not heard, so that the store has to be asked every time.
    fn trusts_tokens_for(&self) -> Option<Duration>;
}

/// The bus of a single node. Loses nothing and keeps the order, which is more than the contract asks.
pub struct MemoryBus {
    hub: Hub,
    _tasks: JoinSet<()>,
}

impl MemoryBus {
    #[must_use]
    pub fn new(hub: Hub) -> Self {
        hub.hears_everything();
        Self { hub, _tasks: JoinSet::new() }
    }

    /// As [`MemoryBus::new`], and asks the store for what another program than a node changed there, or a change of this one whose answer was lost. The task ends with
    /// the value.
    #[must_use]
    pub fn start(store: Arc<dyn Store>, hub: Hub) -> Self {
        let mut bus = Self::new(hub.clone());
        let mut people = PeopleReconciler::new(store, hub);
        bus._tasks.spawn(async move {
            loop {
                people.reconcile().await;
                sleep(RECONCILE_INTERVAL).await;
            }
        });
        bus
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, batch: Vec<Envelope>) {
        deliver_all(&batch, &self.hub).await;
    }

    fn trusts_tokens_for(&self) -> Option<Duration> {
        Some(TOKEN_TRUST)
    }
}
