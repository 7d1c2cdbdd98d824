//! A page with its storage and what it waits for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use causerie_client::{Client, HistoryRequest, Input, Millis, PendingMessage};
use causerie_protocol::rest::ChatCursor;
use causerie_protocol::{ChatId, ClientId, Seq, User};

/// A page, its storage, and what it waits for.
pub struct Page {
    pub client: Client,
    pub user: User,
    /// The storage that survives a reload.
    pub storage: BTreeMap<ClientId, PendingMessage>,
    /// What the person sent, in order, and did not give up; by chat.
    pub intents: BTreeMap<ChatId, Vec<ClientId>>,
    /// What a page would show that takes every event as it comes.
    pub naive: BTreeMap<ChatId, Vec<Seq>>,
    /// The name of its current socket.
    pub socket: Option<u64>,
    /// REST requests that the server has not taken.
    pub requests: VecDeque<Request>,
    /// REST responses on their way.
    pub answers: VecDeque<Input>,
    /// Messages that were sent before.
    pub sent_once: BTreeSet<ClientId>,
    /// Whether the page was told that the device has no network.
    pub offline: bool,
    pub count: usize,
}

/// A REST request on its way.
pub enum Request {
    /// For a page of the list of chats, by its ticket.
    Chats(u64, Option<ChatCursor>),
    /// For one chat, by its ticket.
    Chat(u64, ChatId),
    History(HistoryRequest),
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

    /// From now on the message stands where it was tried again, under its new name: the one that was not stored before.
    pub fn tried_again(&mut self, message: &PendingMessage, before: &BTreeMap<ClientId, PendingMessage>) {
        let again = self.storage.keys().find(|name| !before.contains_key(*name)).cloned();
        let intents = self.intents.entry(message.chat_id).or_default();
        intents.retain(|client_id| *client_id != message.client_id);
        intents.extend(again);
    }
}
