//! The work that is due after every input: the connection's actions, timeouts, and frames that can be sent now.

use causerie_protocol::rest::ChatCursor;
use causerie_protocol::{ChatId, ClientFrame, MessageId};
use causerie_texts::say;

use super::frames::NO_CAPACITY_RETRY_MS;
use super::{ChatState, Client};
use crate::chat_list::ChatEntry;
use crate::clock::Millis;
use crate::connection::{ConnectionAction, ConnectionId, ConnectionState};
use crate::effect::{Effect, Invalidation};
use crate::words;

/// When more than one in this many chats must be loaded again, the list is loaded instead of each chat.
const FEW_CHATS: usize = 8;

impl Client {
    pub(super) fn apply_connection_actions(&mut self, actions: Vec<ConnectionAction>) {
        for action in actions {
            match action {
                ConnectionAction::Connect(connection) => self.effects.push(Effect::Connect(connection)),
                ConnectionAction::Disconnect(connection) => {
                    self.effects.push(Effect::Disconnect(connection));
                    self.on_disconnect();
                }
                ConnectionAction::Probe => self.probe(),
                ConnectionAction::AskSignIn(reason) => self.effects.push(Effect::AskSignIn { reason }),
            }
        }
    }

    /// The socket closed: it is unknown whether what was on its way has arrived.
    pub(super) fn on_disconnect(&mut self) {
        for state in self.chat_states.values_mut() {
            state.stream.disconnected();
            state.read_sent = causerie_protocol::Seq::ZERO;
        }
        for chat in self.outbox.chats() {
            self.changed.insert(Invalidation::Timeline(chat));
        }
        self.outbox.disconnected();
    }

    /// Does everything that is due; afterwards nothing is due before [`Client::deadline`].
    pub(super) fn run_due_work(&mut self) {
        let actions = self.connection.tick(self.now, self.random);
        self.apply_connection_actions(actions);
        for chat in self.typing.tick(self.now) {
            self.changed.insert(Invalidation::Typing(chat));
        }
        self.start_due_loads();
        self.update_streams();
        self.flush_outbox();
        self.send_reaction();
        self.send_deletion();
        self.unmark_opened();
        self.end_mutes();
    }

    /// When the next work is due; always later than the last input.
    pub(super) fn deadline(&self) -> Option<Millis> {
        let mut due = vec![
            self.connection.deadline(),
            self.typing.deadline(),
            self.list_loading.retry_at,
            self.fetches.deadline(),
            self.next_end_of_mute(),
            self.deletions.deadline(self.connection.online().is_some()),
        ];
        if let ConnectionState::Waiting { until, .. } = self.connection.state() {
            // The banner counts down, once a second.
            due.push(Some(until - (until.saturating_sub(self.now + 1)) / 1_000 * 1_000));
        }
        if let Some(open) = self.open {
            due.push(self.chat_states.get(&open).and_then(|state| state.timeline.retry_at()));
        }
        if self.connection.online().is_some() {
            due.push(self.list_loading.recount_at);
            due.push(self.outbox.deadline(self.now));
            due.push(self.reactions.deadline());
            due.extend(self.chat_states.values().map(|state| state.stream.due()));
        }
        due.into_iter().flatten().filter(|due| *due > self.now).min()
    }

    /// The device's clock jumped relative to the monotonic one. After a sleep the state of the connection is unknown.
    pub(super) fn on_clock_step(&mut self, by: i64) {
        if self.clock.stepped(by) {
            self.changed.insert(Invalidation::Clock);
        }
        if by > 0 {
            let actions = self.connection.after_sleep(self.now);
            self.apply_connection_actions(actions);
        }
    }

    /// The seconds that the banner shows.
    pub(super) fn countdown(&self) -> Option<u64> {
        match self.connection.state() {
            ConnectionState::Waiting { until, .. } => Some(until.saturating_sub(self.now).div_ceil(1_000)),
            _ => None,
        }
    }

    /// Announces once that the connection was lost, and once that it is back.
    pub(super) fn announce_connection_change(&mut self, before: &ConnectionState) {
        self.changed.insert(Invalidation::Connection);
        let state = self.connection.state();
        let words = match state {
            ConnectionState::Online if self.was_lost => say!(ConnectedAgain).to_owned(),
            ConnectionState::Stopped { .. }
            | ConnectionState::Offline
            | ConnectionState::SignedOut { reason: Some(_) } => {
                self.banner(self.now).map(|banner| banner.line()).unwrap_or_default()
            }
            ConnectionState::Waiting { after, .. } | ConnectionState::Connecting { after: Some(after) }
                if *before == ConnectionState::Online =>
            {
                say!(Reconnecting, what = words::close(after.code).what)
            }
            _ => String::new(),
        };
        self.was_lost = match state {
            ConnectionState::Online => false,
            _ => self.was_lost || *before == ConnectionState::Online,
        };
        if !words.is_empty() {
            self.effects.push(Effect::Announce(words));
        }
    }

    /// Subscribes to a chat again: the reply shows that the socket is alive.
    fn probe(&mut self) {
        let Some(connection) = self.connection.online() else { return };
        let Some(state) = self.chat_states.values_mut().find(|state| state.stream.is_followed()) else {
            return;
        };
        let frame = state.stream.subscribe_frame(self.now);
        self.effects.push(Effect::send(connection, &frame));
    }

    /// Sends the `subscribe` frames that are due: the open chat first, then those with the newest messages.
    ///
    /// When the socket has as many subscriptions as it may, the oldest one is ended.
    fn subscribe_due(&mut self, connection: ConnectionId) {
        let now = self.now;
        let is_due = |state: &ChatState| state.stream.due().is_some_and(|due| due <= now);
        let due = self.chat_states.iter().filter(|(_, state)| is_due(state));
        let mut due: Vec<(bool, ChatCursor)> = due.map(|(chat, _)| self.rank(*chat)).collect();
        crate::sorted::sort_by(&mut due, |a, b| b.cmp(a));
        if due.is_empty() {
            return;
        }
        let mut followed =
            self.chat_states.values().filter(|state| state.stream.takes_subscription()).count();
        for rank in due {
            let chat = rank.1.id;
            let takes_subscription =
                self.chat_states.get(&chat).is_some_and(|state| state.stream.takes_subscription());
            if !takes_subscription && followed >= self.limits.subscriptions {
                let placed = self.chat_states.iter().filter(|(_, state)| state.stream.takes_subscription());
                let oldest = placed.map(|(chat, _)| self.rank(*chat)).min().filter(|oldest| *oldest < rank);
                let leaves = oldest.map_or(chat, |(_, oldest)| oldest.id);
                if let Some(state) = self.chat_states.get_mut(&leaves) {
                    state.stream.hold_over_limit(now + NO_CAPACITY_RETRY_MS);
                }
                if leaves == chat {
                    continue;
                }
                let frame = ClientFrame::Unsubscribe { chat_id: leaves };
                self.effects.push(Effect::send(connection, &frame));
            } else if !takes_subscription {
                followed += 1;
            }
            if let Some(state) = self.chat_states.get_mut(&chat) {
                self.effects.push(Effect::send(connection, &state.stream.subscribe_frame(now)));
            }
        }
    }

    /// When not all chats can have a subscription, the greatest ranks have one.
    fn rank(&self, chat: ChatId) -> (bool, ChatCursor) {
        let none = ChatCursor { sort_key: MessageId(0), id: chat };
        (self.open == Some(chat), self.chat_list.get(chat).map_or(none, ChatEntry::cursor))
    }

    /// Subscribes where that is due, and sends read positions.
    fn update_streams(&mut self) {
        let Some(connection) = self.connection.online() else { return };
        self.subscribe_due(connection);
        for (chat, state) in self.chat_states.iter_mut() {
            let read = self.chat_list.get(*chat).map(ChatEntry::read).unwrap_or_default();
            if state.stream.is_followed() && read > state.read_known.max(state.read_sent) {
                state.read_sent = read;
                let frame = ClientFrame::Read { chat_id: Some(*chat), seq: read };
                self.effects.push(Effect::send(connection, &frame));
            }
        }
        // The last subscription may be decided by a reply, by a refusal, for now or for good, or because the chat is
        // not in the list any more. A chat that was refused for now is loaded once more when it is subscribed after
        // all.
        let settled = |state: &ChatState| state.stream.is_followed() || !state.stream.is_subscribing();
        if self.list_loading.request.is_none()
            && !self.list_loading.just_subscribed.is_empty()
            && self.chat_states.values().all(settled)
        {
            let chats = std::mem::take(&mut self.list_loading.just_subscribed);
            // A few of many chats are loaded one by one.
            if chats.len() * FEW_CHATS > self.chat_states.len() {
                self.list_loading.listing = chats;
                self.request_chats();
            } else {
                chats.into_iter().for_each(|chat| self.queue_fetch(chat));
                self.start_next_fetch();
            }
        }
    }

    /// Sends the next reaction of the person's; by REST, whose answer says what became of it.
    ///
    /// What the events have brought needs not be laid over them any more.
    fn send_reaction(&mut self) {
        let position = |chat| self.chat_states.get(&chat).map(|state| state.stream.position());
        for chat in self.reactions.forget_settled(position) {
            self.changed.insert(Invalidation::Timeline(chat));
        }
        if self.connection.online().is_none() {
            return;
        }
        let ticket = self.next_ticket();
        if let Some(request) = self.reactions.take_next(self.now, ticket) {
            self.effects.push(Effect::React(request));
        }
    }

    /// Sends the messages that may be sent, in order, one of a chat at a time.
    ///
    /// The server takes messages for any chat of the user, with or without a subscription. A message that still waits
    /// for a chat that is lost was sent before, and only the server knows whether it was stored.
    fn flush_outbox(&mut self) {
        let Some(connection) = self.connection.online() else { return };
        self.outbox.tick(self.now);
        for chat in self.outbox.chats() {
            while let Some(message) = self.outbox.take_next(chat, connection, self.now) {
                self.changed.insert(Invalidation::Timeline(chat));
                let frame = ClientFrame::Message {
                    text: message.text,
                    client_id: Some(message.client_id.clone()),
                    chat_id: Some(chat),
                    reply_to: message.reply_to.map(|original| original.seq),
                    plain: message.plain,
                };
                let frame = frame.encode();
                if frame.len() > self.limits.frame_bytes {
                    self.fail(&message.client_id, say!(TooLarge));
                } else {
                    self.effects.push(Effect::SendFrame(connection, frame));
                }
            }
        }
    }
}
