//! What each frame from the server, and the close of a socket, changes.

use causerie_protocol::server_frame::{
    Ack, ErrorReply, ReadPosition, Subscribed, Typing, Unsubscribed, Welcome,
};
use causerie_protocol::{ChatId, ClientFrame, CloseCode, ErrorCode, Event, Policy, Seq, ServerFrame, UserId};
use causerie_texts::say;

use super::Client;
use crate::clock::Millis;
use crate::effect::{Effect, Invalidation};
use crate::outbox::PendingState;
use crate::stream;
use crate::words;

/// How long a chat waits that can't have a subscription on this socket, in milliseconds.
pub(super) const NO_CAPACITY_RETRY_MS: Millis = 60_000;

impl Client {
    pub(super) fn on_frame(&mut self, text: &str) {
        self.connection.on_activity(self.now);
        let Ok(frame) = ServerFrame::decode(text) else { return };
        if let ServerFrame::Welcome(welcome) = frame {
            self.on_welcome(welcome);
            return;
        }
        let Some(connection) = self.connection.online() else { return };
        match frame {
            ServerFrame::Welcome(_) | ServerFrame::Unknown(_) => {}
            ServerFrame::Subscribed(reply) => self.on_subscribed(&reply),
            ServerFrame::Unsubscribed(notice) => self.on_unsubscribed(&notice),
            ServerFrame::Event(event) => self.on_event(event),
            ServerFrame::Ack(ack) => self.on_ack(&ack),
            ServerFrame::Error(reply) => self.on_error(reply),
            ServerFrame::Ping(ping) => {
                let pong = ClientFrame::Pong { t: Some(ping.t) };
                self.effects.push(Effect::send(connection, &pong));
                if let Ok(time) = Millis::try_from(ping.t)
                    && self.clock.pinged(time, self.now)
                {
                    self.changed.insert(Invalidation::Clock);
                }
                for (chat, head) in ping.heads {
                    match self.chat_states.get_mut(&chat) {
                        Some(state) if state.stream.takes_subscription() => {
                            state.stream.observe_head(head, self.now);
                        }
                        // The socket has no subscription left for this chat, which has new messages.
                        _ if self.chat_list.get(chat).is_none_or(|entry| entry.chat.head < head) => {
                            self.queue_fetch(chat);
                        }
                        _ => {}
                    }
                }
            }
            ServerFrame::GoAway(notice) => self.connection.going_away(notice.retry_after_ms),
            ServerFrame::Typing(notice) => self.on_typing(&notice),
            ServerFrame::Presence(notice) => {
                for chat in self.chat_list.set_presence(notice.user_id, notice.online) {
                    self.changed.insert(Invalidation::Chat(chat));
                }
            }
            ServerFrame::Read(notice) => self.on_read(&notice),
            ServerFrame::ChatAdded(notice) => self.add_chat(notice.chat),
            ServerFrame::ChatSettings(notice) => self.on_settings(&notice),
            ServerFrame::Blocks(notice) => self.set_blocked(notice.blocked),
        }
    }

    pub(super) fn on_closed(&mut self, code: u16, reason: &str) {
        let code = CloseCode::from_code(code);
        if code == CloseCode::MessageTooBig {
            // The server refused to read the largest message in flight; it must not be sent again.
            let largest = self.outbox.in_flight().max_by_key(|message| message.text.as_str().len());
            if let Some(client_id) = largest.map(|message| message.client_id.clone()) {
                self.fail(&client_id, say!(TooLarge));
            }
        }
        self.on_disconnect();
        let actions = self.connection.closed(self.now, self.random, code, reason);
        self.apply_connection_actions(actions);
    }

    fn on_welcome(&mut self, welcome: Welcome) {
        if !self.is_me(welcome.user.id) {
            // The token belongs to another user than the page assumed.
            self.forget_everything();
        }
        self.me = Some(welcome.user);
        self.limits = welcome.limits;
        self.set_blocked(welcome.blocked);
        if let Some(time) = welcome.server_time.unix_millis()
            && self.clock.welcomed(time, self.now)
        {
            self.changed.insert(Invalidation::Clock);
        }
        self.connection.welcomed(self.now, welcome.heartbeat_seconds);
        self.request_chats();
        self.fetches.retry_now();
        self.retry_failed_loads();
    }

    /// Notes whom the user has blocked: their messages in groups are not shown until the person asks.
    fn set_blocked(&mut self, blocked: Vec<UserId>) {
        if self.blocked == blocked {
            return;
        }
        self.chat_list.set_blocked(&blocked);
        self.blocked = blocked;
        for chat in self.chat_list.ids() {
            self.changed.extend([Invalidation::Chat(chat), Invalidation::Timeline(chat)]);
        }
    }

    fn on_subscribed(&mut self, reply: &Subscribed) {
        let chat = reply.chat_id;
        // A reply that crossed an `unsubscribe` is out of date.
        let state = self.chat_states.get_mut(&chat).filter(|state| !state.stream.is_over_limit());
        let Some(state) = state else { return };
        let another = *state.stream.epoch() != reply.epoch;
        let was_followed = state.stream.is_followed();
        if !was_followed {
            self.list_loading.just_subscribed.insert(chat);
        }
        let afresh = state.stream.subscribed(reply, self.now);
        let Some(state) = self.chat_states.get_mut(&chat).filter(|_| afresh) else { return };
        let had_history = state.timeline.is_loaded();
        state.timeline.reset();
        if another {
            state.read_known = Seq::ZERO;
            state.read_sent = Seq::ZERO;
            self.reactions.forget_decided(chat);
            self.outbox.forget_originals(chat);
            self.target = self.target.filter(|(of, _)| *of != chat);
        }
        if let Some(entry) = self.chat_list.get_mut(chat) {
            entry.unread_mut().restart(reply.head, another);
            entry.restart_settings();
        }
        // Messages that were acknowledged up to the new position are in the history that is loaded now.
        self.outbox.forget_acked(chat, (!another).then_some(reply.head));
        if had_history || self.open == Some(chat) {
            self.load_newest(chat);
        }
        if was_followed {
            self.queue_fetch(chat);
        }
        self.changed.insert(Invalidation::Timeline(chat));
    }

    fn on_unsubscribed(&mut self, notice: &Unsubscribed) {
        let code = CloseCode::from_code(notice.code);
        if code == CloseCode::Normal {
            // It is the reply to `unsubscribe`.
            return;
        }
        match code.policy() {
            _ if code == CloseCode::NotParticipant => self.remove_chat(notice.chat_id),
            Policy::StayClosed | Policy::SignIn => {
                let words = words::close(code);
                self.mark_inaccessible(notice.chat_id, &format!("{} {}", words.what, words.remedy));
            }
            _ => {
                if let Some(state) = self.chat_states.get_mut(&notice.chat_id) {
                    state.stream.postpone(self.now + stream::RESUBSCRIBE_MS);
                }
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        let chat = event.chat_id();
        let Some(state) = self.chat_states.get_mut(&chat) else { return };
        for event in state.stream.accept(event, self.now) {
            self.apply(chat, event);
        }
        self.trim(chat);
    }

    /// Applies the next event of a stream.
    fn apply(&mut self, chat: ChatId, event: Event) {
        let Some(state) = self.chat_states.get_mut(&chat) else { return };
        let Some(entry) = self.chat_list.get_mut(chat) else { return };
        self.changed.insert(Invalidation::Chat(chat));
        let (mut last_line_gone, mut out_of_date) = (false, false);
        match &event {
            Event::Message(message) => {
                entry.message(message);
                // What the two see of each other from now on comes with the chat.
                out_of_date = entry.accepted_by(message.sender.id);
                self.changed.insert(Invalidation::Chats);
            }
            Event::Edited(edited) => entry.edited(edited),
            Event::Deleted(deleted) => {
                let known = state.timeline.message(deleted.id);
                last_line_gone = entry.deleted(deleted, known);
                out_of_date = entry.unread_mut().is_unsure();
            }
            Event::Joined(data) => entry.joined(data),
            Event::Left(data) => out_of_date |= entry.left(data),
            Event::ChatChanged(data) => {
                entry.changed(data);
                if data.accepted {
                    out_of_date = true;
                    self.changed.insert(Invalidation::Chats);
                }
            }
            Event::RoleChanged(data) => entry.role_changed(data),
            Event::Pinned(data) => {
                entry.pins_changed(data.seq);
                // It names the message, and the chat has what it says.
                out_of_date = true;
            }
            // It is neither unread nor moves the chat.
            Event::Reacted(_) | Event::Unknown { .. } => {}
        }
        entry.change_pinned(&event);
        let own = match &event {
            Event::Message(message) => Some((message.sender.id, message.client_id.clone())),
            _ => None,
        };
        if self.outbox.change_originals(&event) | state.timeline.apply(event) {
            self.changed.insert(Invalidation::Timeline(chat));
        }
        if last_line_gone {
            entry.chat.last_message = state.timeline.last_message().cloned();
            out_of_date |= entry.chat.last_message.is_none();
        }
        if out_of_date {
            self.queue_fetch(chat);
        }
        if let Some((sender, client_id)) = own {
            if self.typing.stopped(chat, sender) {
                self.changed.insert(Invalidation::Typing(chat));
            }
            if let Some(client_id) = client_id {
                self.resolve_echo(chat, sender, &client_id);
            }
        }
    }

    /// A message came as the log has it, so its local echo is removed.
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
            self.changed.insert(Invalidation::Timeline(chat));
            if !matches!(pending.state, PendingState::Acked { .. }) {
                self.effects.push(Effect::ForgetPending(pending.message.client_id));
            }
        }
    }

    fn on_ack(&mut self, ack: &Ack) {
        if !self.outbox.acked(ack) {
            return;
        }
        self.effects.push(Effect::ForgetPending(ack.client_id.clone()));
        self.changed.insert(Invalidation::Timeline(ack.chat_id));
        let Some(state) = self.chat_states.get_mut(&ack.chat_id) else { return };
        state.stream.observe_head(ack.seq, self.now);
        if ack.seq <= state.stream.position().max(state.timeline.newest()) {
            // The event is here already, or belongs to a page that is not loaded.
            self.outbox.resolve(ack.chat_id, &ack.client_id);
        }
        self.drop_lost(ack.chat_id);
    }

    fn on_error(&mut self, reply: ErrorReply) {
        let temporary = reply.code.is_temporary();
        if let Some(client_id) = reply.client_id {
            if !temporary {
                self.fail(&client_id, &words::error(&reply.code, None, reply.detail));
            } else {
                let limited = reply.code == ErrorCode::RateLimited;
                let after = reply.retry_after_ms;
                if self.outbox.postpone(&client_id, self.now, after, limited, self.random) {
                    self.touch_pending(&client_id);
                }
            }
            return;
        }
        let Some(chat) = reply.chat_id else { return };
        let Some(state) = self.chat_states.get_mut(&chat) else { return };
        match reply.code {
            ErrorCode::NoSuchChat => self.remove_chat(chat),
            ErrorCode::TooManySubscriptions => state.stream.hold_over_limit(self.now + NO_CAPACITY_RETRY_MS),
            _ if state.stream.is_followed() => {}
            _ => {
                let wait = reply.retry_after_ms.unwrap_or(stream::ANSWER_MS);
                state.stream.postpone(self.now + wait);
            }
        }
    }

    fn on_typing(&mut self, notice: &Typing) {
        if !self.is_me(notice.user_id) && self.typing.started(notice.chat_id, notice.user_id, self.now) {
            self.changed.insert(Invalidation::Typing(notice.chat_id));
        }
    }

    fn on_read(&mut self, notice: &ReadPosition) {
        let (chat, mine) = (notice.chat_id, self.is_me(notice.user_id));
        let Some(state) = self.chat_states.get_mut(&chat) else { return };
        let Some(entry) = self.chat_list.get_mut(chat) else { return };
        if mine {
            state.read_known = state.read_known.max(notice.seq);
        }
        if entry.participant(notice.user_id).is_none() {
            // The frame overtook the `joined` event, and the server does not send it again.
            if !entry.is_partial() {
                self.queue_fetch(chat);
            }
            return;
        }
        if entry.advance_read(notice.user_id, notice.seq, state.stream.position()) {
            self.changed.insert(Invalidation::Chat(chat));
            if !mine {
                self.changed.insert(Invalidation::Timeline(chat));
            } else if entry.unread_mut().is_unsure() {
                self.queue_fetch(chat);
            }
        }
    }
}
