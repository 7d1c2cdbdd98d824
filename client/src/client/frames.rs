//! What each frame of the server, and the end of a socket, does to the page.

use causerie_protocol::server_frame::{
    Ack, ErrorReply, ReadPosition, Subscribed, Typing, Unsubscribed, Welcome,
};
use causerie_protocol::{ChatId, ClientFrame, CloseCode, ErrorCode, Event, Policy, Seq, ServerFrame, UserId};
use causerie_texts::say;

use super::Client;
use crate::effect::{Effect, Scope};
use crate::outbox::PendingState;
use crate::words;
use crate::{Millis, stream};

/// How long a chat that can't be followed for want of room on the socket is left alone, in milliseconds.
pub(super) const FULL_MS: Millis = 60_000;

impl Client {
    /// A text frame came from the current socket.
    pub(super) fn frame(&mut self, text: &str) {
        self.link.heard(self.now);
        let Ok(frame) = ServerFrame::decode(text) else { return };
        if let ServerFrame::Welcome(welcome) = frame {
            self.welcome(welcome);
            return;
        }
        let Some(connection) = self.link.online() else { return };
        match frame {
            ServerFrame::Welcome(_) | ServerFrame::Unknown(_) => {}
            ServerFrame::Subscribed(reply) => self.subscribed(&reply),
            ServerFrame::Unsubscribed(notice) => self.unsubscribed(&notice),
            ServerFrame::Event(event) => self.event(event),
            ServerFrame::Ack(ack) => self.ack(&ack),
            ServerFrame::Error(reply) => self.error(reply),
            ServerFrame::Ping(ping) => {
                let pong = ClientFrame::Pong { t: Some(ping.t) };
                self.effects.push(Effect::SendFrame(connection, pong));
                if let Ok(time) = Millis::try_from(ping.t)
                    && self.clock.pinged(time, self.now)
                {
                    self.changed.insert(Scope::Clock);
                }
                for (chat, head) in ping.heads {
                    match self.rooms.get_mut(&chat) {
                        Some(room) if room.stream.has_place() => room.stream.saw_head(head, self.now),
                        // It is not followed for want of room, and has something new.
                        _ if self.roster.get(chat).is_none_or(|entry| entry.chat.head < head) => {
                            self.want(chat);
                        }
                        _ => {}
                    }
                }
            }
            ServerFrame::GoAway(notice) => self.link.going_away(notice.retry_after_ms),
            ServerFrame::Typing(notice) => self.typing_seen(&notice),
            ServerFrame::Presence(notice) => {
                for chat in self.roster.presence(notice.user_id, notice.online) {
                    self.changed.insert(Scope::Chat(chat));
                }
            }
            ServerFrame::Read(notice) => self.read(&notice),
            ServerFrame::ChatAdded(notice) => self.add_chat(notice.chat),
        }
    }

    /// The current socket ended.
    pub(super) fn closed(&mut self, code: u16, reason: &str) {
        let code = CloseCode::from_code(code);
        if code == CloseCode::MessageTooBig {
            // The largest of what was on its way is what the server would not read; it must not be sent again.
            let largest = self.outbox.in_flight().max_by_key(|message| message.text.as_str().len());
            if let Some(client_id) = largest.map(|message| message.client_id.clone()) {
                self.fail(&client_id, say!(TooLarge));
            }
        }
        self.cut();
        let actions = self.link.closed(self.now, self.random, code, reason);
        self.act(actions);
    }

    fn welcome(&mut self, welcome: Welcome) {
        if !self.is_me(welcome.user.id) {
            // The token is another person's than the page thought.
            self.forget_everything();
        }
        self.me = Some(welcome.user);
        self.limits = welcome.limits;
        if let Some(time) = welcome.server_time.unix_millis()
            && self.clock.welcomed(time, self.now)
        {
            self.changed.insert(Scope::Clock);
        }
        self.link.welcomed(self.now, welcome.heartbeat_seconds);
        self.request_chats();
        self.fetches.retry_now();
        self.retry_loads_now();
    }

    fn subscribed(&mut self, reply: &Subscribed) {
        let chat = reply.chat_id;
        let Some(room) = self.rooms.get_mut(&chat) else { return };
        let another = *room.stream.epoch() != reply.epoch;
        let was_followed = room.stream.is_followed();
        if !was_followed {
            self.list.catch_up.insert(chat);
        }
        let afresh = room.stream.subscribed(reply, self.now);
        let Some(room) = self.rooms.get_mut(&chat).filter(|_| afresh) else { return };
        let had_history = room.timeline.is_loaded();
        room.timeline.reset();
        if another {
            room.read_known = Seq::ZERO;
            room.read_told = Seq::ZERO;
        }
        if let Some(entry) = self.roster.get_mut(chat) {
            entry.unread_mut().restart(reply.head, another);
        }
        // What was acknowledged below the new start is in the history that is loaded now.
        self.outbox.forget_acked(chat, (!another).then_some(reply.head));
        if had_history || self.open == Some(chat) {
            self.load_newest(chat);
        }
        if was_followed {
            self.want(chat);
        }
        self.changed.insert(Scope::Timeline(chat));
    }

    fn unsubscribed(&mut self, notice: &Unsubscribed) {
        let code = CloseCode::from_code(notice.code);
        if code == CloseCode::Normal {
            // As asked.
            return;
        }
        match code.policy() {
            Policy::StayClosed | Policy::SignIn => {
                let words = words::close(code);
                self.lose(notice.chat_id, &format!("{} {}", words.what, words.remedy));
            }
            _ => {
                if let Some(room) = self.rooms.get_mut(&notice.chat_id) {
                    room.stream.postpone(self.now + stream::GAP_MS);
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        let chat = event.chat_id();
        let Some(room) = self.rooms.get_mut(&chat) else { return };
        for event in room.stream.accept(event, self.now) {
            self.apply(chat, event);
        }
    }

    /// Takes an event whose turn it is.
    fn apply(&mut self, chat: ChatId, event: Event) {
        let Some(room) = self.rooms.get_mut(&chat) else { return };
        let Some(entry) = self.roster.get_mut(chat) else { return };
        self.changed.insert(Scope::Chat(chat));
        let (mut last_line_gone, mut count_unsure) = (false, false);
        match &event {
            Event::Message(message) => {
                entry.message(message);
                self.changed.insert(Scope::Chats);
            }
            Event::Edited(edited) => entry.edited(edited.id, &edited.content, &edited.edited_at),
            Event::Deleted(deleted) => {
                let known = room.timeline.message(deleted.id);
                last_line_gone = entry.deleted(deleted, known);
                count_unsure = entry.unread_mut().is_unsure();
            }
            Event::Joined(data) => entry.joined(data),
            Event::Left(data) => entry.left(data),
            Event::ChatChanged(data) => entry.changed(data),
            Event::Unknown { .. } => {}
        }
        let own = match &event {
            Event::Message(message) => Some((message.sender.id, message.client_id.clone())),
            _ => None,
        };
        if room.timeline.apply(event) {
            self.changed.insert(Scope::Timeline(chat));
        }
        if last_line_gone {
            entry.chat.last_message = room.timeline.last_message().cloned();
            count_unsure |= entry.chat.last_message.is_none();
        }
        if count_unsure {
            self.want(chat);
        }
        if let Some((sender, client_id)) = own {
            if self.typing.done(chat, sender) {
                self.changed.insert(Scope::Typing(chat));
            }
            if let Some(client_id) = client_id {
                self.resolve_echo(chat, sender, &client_id);
            }
        }
    }

    /// A message is here as the log holds it: the local echo of it goes.
    pub(super) fn resolve_echo(
        &mut self,
        chat: ChatId,
        sender: UserId,
        client_id: &causerie_protocol::ClientId,
    ) {
        if !self.is_me(sender) {
            return;
        }
        if let Some(pending) = self.outbox.resolve(chat, client_id) {
            self.changed.insert(Scope::Timeline(chat));
            if !matches!(pending.state, PendingState::Acked { .. }) {
                self.effects.push(Effect::ForgetPending(pending.message.client_id));
            }
        }
    }

    fn ack(&mut self, ack: &Ack) {
        if !self.outbox.acked(ack) {
            return;
        }
        self.effects.push(Effect::ForgetPending(ack.client_id.clone()));
        self.changed.insert(Scope::Timeline(ack.chat_id));
        let Some(room) = self.rooms.get_mut(&ack.chat_id) else { return };
        room.stream.saw_head(ack.seq, self.now);
        if ack.seq <= room.stream.at().max(room.timeline.newest()) {
            // The message is here already, or belongs to a page that is not loaded.
            self.outbox.resolve(ack.chat_id, &ack.client_id);
        }
    }

    fn error(&mut self, reply: ErrorReply) {
        let temporary = reply.code.is_temporary();
        if let Some(client_id) = reply.client_id {
            if !temporary {
                self.fail(&client_id, &words::error(&reply.code, None, reply.detail));
            } else if self.outbox.postpone(&client_id, self.now, reply.retry_after_ms, self.random) {
                self.touch_pending(&client_id);
            }
            return;
        }
        let Some(chat) = reply.chat_id else { return };
        let Some(room) = self.rooms.get_mut(&chat) else { return };
        match reply.code {
            ErrorCode::NoSuchChat => {
                let words = words::close(CloseCode::NotParticipant);
                self.lose(chat, &format!("{} {}", words.what, words.remedy));
            }
            ErrorCode::TooManySubscriptions => room.stream.park(self.now + FULL_MS),
            _ if room.stream.is_followed() => {}
            _ => {
                let wait = reply.retry_after_ms.unwrap_or(stream::ANSWER_MS);
                room.stream.postpone(self.now + wait);
            }
        }
    }

    fn typing_seen(&mut self, notice: &Typing) {
        if !self.is_me(notice.user_id) && self.typing.saw(notice.chat_id, notice.user_id, self.now) {
            self.changed.insert(Scope::Typing(notice.chat_id));
        }
    }

    fn read(&mut self, notice: &ReadPosition) {
        let (chat, mine) = (notice.chat_id, self.is_me(notice.user_id));
        let Some(room) = self.rooms.get_mut(&chat) else { return };
        let Some(entry) = self.roster.get_mut(chat) else { return };
        if mine {
            room.read_known = room.read_known.max(notice.seq);
        }
        if entry.participant(notice.user_id).is_none() {
            // It overtook the event of their joining, and nobody will tell it again.
            if !entry.is_partial() {
                self.want(chat);
            }
            return;
        }
        if entry.read_by(notice.user_id, notice.seq, room.stream.at()) {
            self.changed.insert(Scope::Chat(chat));
            if !mine {
                self.changed.insert(Scope::Timeline(chat));
            } else if entry.unread_mut().is_unsure() {
                self.want(chat);
            }
        }
    }
}
