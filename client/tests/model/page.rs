//! A page with its storage and its REST requests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use causerie_client::{Client, HistoryRequest, Input, Millis, PendingMessage};
use causerie_protocol::rest::ChatCursor;
use causerie_protocol::{ChatId, ClientId, Seq, User};

/// A page, its storage, and its REST requests.
pub struct Page {
    pub client: Client,
    pub user: User,
    /// The storage that survives a reload.
    pub storage: BTreeMap<ClientId, PendingMessage>,
    /// By chat, the messages that the person sent and did not delete, in order.
    pub intents: BTreeMap<ChatId, Vec<ClientId>>,
    /// By chat, the messages that a page would show if it applied every event as it comes.
    pub naive: BTreeMap<ChatId, Vec<Seq>>,
    /// The id of its current socket.
    pub socket: Option<u64>,
    /// REST requests that the server has not handled yet.
    pub requests: VecDeque<Request>,
    /// REST responses in flight.
    pub answers: VecDeque<Input>,
    /// Messages that were sent at least once.
    pub sent_once: BTreeSet<ClientId>,
    /// Whether the page was told that the device has no network.
    pub offline: bool,
    pub count: usize,
}

/// A REST request in flight.
pub enum Request {
    /// For a page of the list of chats, by its ticket.
    Chats(u64, Option<ChatCursor>),
    /// For one chat, by its ticket.
    Chat(u64, ChatId),
    History(HistoryRequest),
    React(causerie_client::reactions::Request),
}

impl Page {
    pub fn new(user: User, now: Millis) -> Self {
        Self {
            client: Client::new(now),
            user,
            storage: BTreeMap::new(),
            intents: BTreeMap::new(),
            naive: BTreeMap::new(),
            socket: None,
            requests: VecDeque::new(),
            answers: VecDeque::new(),
            sent_once: BTreeSet::new(),
            offline: false,
            count: 0,
        }
    }

    /// Records a retry: the message moves to the end of its chat, under the new `client_id` that the page has stored.
    pub fn tried_again(&mut self, message: &PendingMessage, before: &BTreeMap<ClientId, PendingMessage>) {
        let again = self.storage.keys().find(|name| !before.contains_key(*name)).cloned();
        let intents = self.intents.entry(message.chat_id).or_default();
        intents.retain(|client_id| *client_id != message.client_id);
        intents.extend(again);
    }
}
