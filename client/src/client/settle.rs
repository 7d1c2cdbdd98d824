//! What follows every input: the link's wishes, what the time brings, and whatever can go out now.

use causerie_protocol::rest::ChatCursor;
use causerie_protocol::{ChatId, ClientFrame, MessageId};
use causerie_texts::say;

use super::frames::FULL_MS;
use super::{Client, Room};
use crate::Millis;
use crate::effect::{Effect, Scope};
use crate::link::{Connection, LinkAction, LinkState};
use crate::words;

/// The list is loaded again for so great a part of its chats: one of this many.
const FEW: usize = 8;

impl Client {
    /// Carries out what the link machine asks.
    pub(super) fn act(&mut self, actions: Vec<LinkAction>) {
        for action in actions {
            match action {
                LinkAction::Connect(connection) => self.effects.push(Effect::Connect(connection)),
                LinkAction::Disconnect(connection) => {
                    self.effects.push(Effect::Disconnect(connection));
                    self.cut();
                }
                LinkAction::Probe => self.probe(),
                LinkAction::AskSignIn(reason) => self.effects.push(Effect::AskSignIn { reason }),
            }
        }
    }

    /// The socket is gone: whatever was on its way is not known to have arrived.
    pub(super) fn cut(&mut self) {
        for room in self.rooms.values_mut() {
            room.stream.disconnected();
            room.read_told = causerie_protocol::Seq::ZERO;
        }
        for chat in self.outbox.chats() {
            self.changed.insert(Scope::Timeline(chat));
        }
        self.outbox.disconnected();
    }

    /// Brings everything to rest: after it, nothing is due before [`Client::deadline`].
    pub(super) fn settle(&mut self) {
        let actions = self.link.tick(self.now, self.random);
        self.act(actions);
        for chat in self.typing.tick(self.now) {
            self.changed.insert(Scope::Typing(chat));
        }
        self.settle_loads();
        self.settle_streams();
        self.settle_outbox();
    }

    /// When the next thing is due; always later than the last input.
    pub(super) fn deadline(&self) -> Option<Millis> {
        let mut due =
            vec![self.link.deadline(), self.typing.deadline(), self.list.retry_at, self.fetches.deadline()];
        if let LinkState::Waiting { until, .. } = self.link.state() {
            // The banner counts down: it changes once a second.
            due.push(Some(until - (until.saturating_sub(self.now + 1)) / 1_000 * 1_000));
        }
        if let Some(open) = self.open {
            due.push(self.rooms.get(&open).and_then(|room| room.timeline.retry_at()));
        }
        if self.link.online().is_some() {
            due.push(self.list.recount_at);
            due.push(self.outbox.deadline(self.now));
            due.extend(self.rooms.values().map(|room| room.stream.due()));
        }
        due.into_iter().flatten().filter(|due| *due > self.now).min()
    }

    /// The device's clock moved beside the monotonic one. After a sleep nothing is known of the connection.
    pub(super) fn clock_stepped(&mut self, by: i64) {
        if self.clock.stepped(by) {
            self.changed.insert(Scope::Clock);
        }
        if by > 0 {
            let actions = self.link.slept(self.now);
            self.act(actions);
        }
    }

    /// The whole seconds that the banner shows.
    pub(super) fn countdown(&self) -> Option<u64> {
        match self.link.state() {
            LinkState::Waiting { until, .. } => Some(until.saturating_sub(self.now).div_ceil(1_000)),
            _ => None,
        }
    }

    /// Says aloud that the connection was lost or is back, once each.
    pub(super) fn say_link_changed(&mut self, before: &LinkState) {
        self.changed.insert(Scope::Link);
        let state = self.link.state();
        let words = match state {
            LinkState::Online if self.was_lost => say!(ConnectedAgain).to_owned(),
            LinkState::Stopped { .. } | LinkState::Offline | LinkState::SignedOut { reason: Some(_) } => {
                self.banner(self.now).map(|banner| banner.line()).unwrap_or_default()
            }
            LinkState::Waiting { after, .. } | LinkState::Connecting { after: Some(after) }
                if *before == LinkState::Online =>
            {
                say!(Reconnecting, what = words::close(after.code).what)
            }
            _ => String::new(),
        };
        self.was_lost = match state {
            LinkState::Online => false,
            _ => self.was_lost || *before == LinkState::Online,
        };
        if !words.is_empty() {
            self.effects.push(Effect::Announce(words));
        }
    }

    /// Asks for the first chat's stream again, whose answer shows that the socket is alive.
    fn probe(&mut self) {
        let Some(connection) = self.link.online() else { return };
        let Some(room) = self.rooms.values_mut().find(|room| room.stream.is_followed()) else { return };
        let frame = room.stream.ask(self.now);
        self.effects.push(Effect::SendFrame(connection, frame));
    }

    /// Subscribes where that is due: the open chat before all others, then those with the newest messages.
    ///
    /// When the socket follows as many chats as it may, the oldest makes room.
    fn subscribe_due(&mut self, connection: Connection) {
        let now = self.now;
        let is_due = |room: &Room| room.stream.due().is_some_and(|due| due <= now);
        let due = self.rooms.iter().filter(|(_, room)| is_due(room));
        let mut due: Vec<(bool, ChatCursor)> = due.map(|(chat, _)| self.rank(*chat)).collect();
        crate::sorted::sort_by(&mut due, |a, b| b.cmp(a));
        if due.is_empty() {
            return;
        }
        let mut followed = self.rooms.values().filter(|room| room.stream.has_place()).count();
        for rank in due {
            let chat = rank.1.id;
            let has_place = self.rooms.get(&chat).is_some_and(|room| room.stream.has_place());
            if !has_place && followed >= self.limits.subscriptions {
                let placed = self.rooms.iter().filter(|(_, room)| room.stream.has_place());
                let oldest = placed.map(|(chat, _)| self.rank(*chat)).min().filter(|oldest| *oldest < rank);
                let leaves = oldest.map_or(chat, |(_, oldest)| oldest.id);
                if let Some(room) = self.rooms.get_mut(&leaves) {
                    room.stream.park(now + FULL_MS);
                }
                if leaves == chat {
                    continue;
                }
                let frame = ClientFrame::Unsubscribe { chat_id: leaves };
                self.effects.push(Effect::SendFrame(connection, frame));
            } else if !has_place {
                followed += 1;
            }
            if let Some(room) = self.rooms.get_mut(&chat) {
                self.effects.push(Effect::SendFrame(connection, room.stream.ask(now)));
            }
        }
    }

    /// Which chats are followed when not all can be: the greatest.
    fn rank(&self, chat: ChatId) -> (bool, ChatCursor) {
        let none = ChatCursor { sort_key: MessageId(0), id: chat };
        (self.open == Some(chat), self.roster.get(chat).map_or(none, crate::ChatEntry::cursor))
    }

    /// Subscribes where that is due and tells read positions.
    fn settle_streams(&mut self) {
        let Some(connection) = self.link.online() else { return };
        self.subscribe_due(connection);
        for (chat, room) in self.rooms.iter_mut() {
            let read = self.roster.get(*chat).map(crate::ChatEntry::read).unwrap_or_default();
            if room.stream.is_followed() && read > room.read_known.max(room.read_told) {
                room.read_told = read;
                let frame = ClientFrame::Read { chat_id: Some(*chat), seq: read };
                self.effects.push(Effect::SendFrame(connection, frame));
            }
        }
        // Whichever way the last chat was settled: an answer, a refusal, for now or for good, or that it is not in the
        // list any more. One that was refused for now is loaded once more when it is followed after all.
        let settled = |room: &Room| room.stream.is_followed() || !room.stream.is_asked();
        if self.list.request.is_none() && !self.list.catch_up.is_empty() && self.rooms.values().all(settled) {
            let chats = std::mem::take(&mut self.list.catch_up);
            // A few of many are asked for one by one.
            if chats.len() * FEW > self.rooms.len() {
                self.list.caught = chats;
                self.request_chats();
            } else {
                chats.into_iter().for_each(|chat| self.want(chat));
                self.settle_fetches();
            }
        }
    }

    /// Sends what may go out, in order, one of a chat at a time.
    ///
    /// The server takes a message for any chat of the person's, whether this socket follows it or not. What still waits
    /// for a chat that is lost was sent before, and only the server can say what became of it.
    fn settle_outbox(&mut self) {
        let Some(connection) = self.link.online() else { return };
        self.outbox.tick(self.now);
        for chat in self.outbox.chats() {
            while let Some(message) = self.outbox.take_next(chat, connection, self.now) {
                self.changed.insert(Scope::Timeline(chat));
                let frame = ClientFrame::Message {
                    text: message.text,
                    client_id: Some(message.client_id.clone()),
                    chat_id: Some(chat),
                };
                if frame.encode().len() > self.limits.frame_bytes {
                    self.fail(&message.client_id, say!(TooLarge));
                } else {
                    self.effects.push(Effect::SendFrame(connection, frame));
                }
            }
        }
    }
}
