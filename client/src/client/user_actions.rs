//! What the person does.

use causerie_protocol::event::Original;
use causerie_protocol::{ChatId, ClientFrame, ClientId, MessageId, MessageText, Seq};
use causerie_texts::say;

use super::Client;
use crate::chat_list::ChatEntry;
use crate::effect::{Effect, Invalidation};
use crate::input::ChangeError;
use crate::outbox::PendingMessage;

/// How many of a chat's newest rows stay when there are twice as many.
pub(super) const KEPT_ROWS: usize = 500;

impl Client {
    pub(super) fn send(
        &mut self,
        chat: ChatId,
        text: MessageText,
        client_id: ClientId,
        reply_to: Option<Original>,
        plain: bool,
    ) {
        let Some(me) = &self.me else { return };
        let message = PendingMessage {
            client_id,
            owner: me.id,
            chat_id: chat,
            text,
            reply_to,
            plain,
            created_ms: self.outbox.stamp(self.clock.at(self.now)),
            failed: None,
        };
        if !self.outbox.push(message.clone()) {
            return;
        }
        // It stands at the end, where the person is to see it.
        self.show_latest(chat);
        self.typing.sent(chat);
        self.changed.insert(Invalidation::Timeline(chat));
        let client_id = message.client_id.clone();
        self.effects.push(Effect::StorePending(message));
        let lost = match self.chat_list.get(chat) {
            Some(entry) => entry.lost.clone(),
            None => self.is_absent(chat).then(|| say!(NoAccess).to_owned()),
        };
        if let Some(why) = lost {
            self.fail(&client_id, &why);
        }
    }

    pub(super) fn react(&mut self, chat: ChatId, message: MessageId, emoji: &str, on: bool) {
        self.reaction_refused = None;
        self.reactions.set(chat, message, emoji, on);
        self.changed.insert(Invalidation::Timeline(chat));
    }

    pub(super) fn on_reaction_answered(&mut self, ticket: u64, answer: Result<Seq, ChangeError>) {
        match answer {
            Ok(seq) => self.reactions.stored(ticket, seq),
            Err(ChangeError::Temporary) => self.reactions.postpone(ticket, self.now, self.random),
            Err(ChangeError::Unauthorized) => {
                self.reactions.restart();
                self.token_refused();
            }
            Err(ChangeError::Refused { detail }) => {
                let Some(chat) = self.reactions.refused(ticket) else { return };
                self.changed.insert(Invalidation::Timeline(chat));
                self.effects.push(Effect::Announce(detail.clone()));
                self.reaction_refused = Some((chat, detail));
            }
        }
    }

    /// Takes over pending messages of an earlier page or of another tab.
    pub(super) fn restore(&mut self, mut messages: Vec<PendingMessage>) {
        crate::sorted::sort_by(&mut messages, |a, b| a.created_ms.cmp(&b.created_ms));
        for message in messages {
            if !self.is_me(message.owner) {
                continue;
            }
            let (chat, client_id) = (message.chat_id, message.client_id.clone());
            let state = self.chat_states.get(&chat);
            let is_here = state.is_some_and(|state| state.timeline.has_own(message.owner, &client_id));
            if is_here {
                self.effects.push(Effect::ForgetPending(client_id));
            } else if self.outbox.restore(message) {
                self.changed.insert(Invalidation::Timeline(chat));
            }
        }
    }

    pub(super) fn retry(&mut self, client_id: &ClientId) {
        if let Some(message) = self.outbox.retry(client_id, self.clock.at(self.now)) {
            let (chat, again) = (message.chat_id, message.client_id.clone());
            self.changed.insert(Invalidation::Timeline(chat));
            self.effects.push(Effect::StorePending(message));
            self.effects.push(Effect::ForgetPending(client_id.clone()));
            if let Some(why) = self.chat_list.get(chat).and_then(|entry| entry.lost.clone()) {
                self.fail(&again, &why);
            }
        }
    }

    pub(super) fn delete_unsent(&mut self, client_id: &ClientId) {
        if let Some(message) = self.outbox.delete(client_id) {
            self.changed.insert(Invalidation::Timeline(message.chat_id));
            self.effects.push(Effect::ForgetPending(message.client_id));
            self.drop_lost(message.chat_id);
        }
    }

    pub(super) fn set_open_chat(&mut self, chat: Option<ChatId>) {
        let left = std::mem::replace(&mut self.open, chat).filter(|left| Some(*left) != chat);
        if let Some(left) = left {
            self.drop_lost(left);
        }
        if self.target.is_some_and(|(of, _)| Some(of) != chat) {
            self.target = None;
        }
        self.to_unmark = chat;
        let Some(chat) = chat else { return };
        if self.target.is_none() {
            self.show_latest(chat);
        }
        self.load_newest(chat);
        let is_partial = self.chat_list.get(chat).map(ChatEntry::is_partial);
        // A chat that no page of the list had may be further down.
        if is_partial.unwrap_or(self.list_loading.loaded && self.list_loading.next.is_some()) {
            self.queue_fetch(chat);
        }
        if let Some(state) = self.chat_states.get_mut(&chat) {
            state.stream.retry_over_limit();
        }
    }

    /// Goes to a position: what is loaded stays if it holds it, and is replaced by the messages around it if not.
    pub(super) fn jump(&mut self, chat: ChatId, seq: Seq) {
        self.target = Some((chat, seq));
        self.changed.insert(Invalidation::Timeline(chat));
        let Some(state) = self.chat_states.get_mut(&chat) else { return };
        if state.timeline.holds(seq) {
            self.target = self.target.filter(|_| !state.timeline.is_latest());
        } else {
            state.timeline.reset();
            self.load_newest(chat);
        }
    }

    /// Goes to the newest messages, if what is loaded does not reach up to them.
    pub(super) fn show_latest(&mut self, chat: ChatId) {
        if self.target.is_some_and(|(of, _)| of == chat) {
            self.target = None;
        }
        if let Some(state) = self.chat_states.get_mut(&chat).filter(|state| !state.timeline.is_latest()) {
            state.timeline.reset();
            self.changed.insert(Invalidation::Timeline(chat));
            self.load_newest(chat);
        }
    }

    pub(super) fn seen_bottom(&mut self, chat: ChatId) {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return };
        let Some(state) = self.chat_states.get(&chat).filter(|state| state.timeline.is_loaded()) else {
            return;
        };
        if !state.timeline.is_latest() {
            return;
        }
        let at = state.stream.position();
        let seen = at.max(state.timeline.newest());
        if self.chat_list.get_mut(chat).is_some_and(|entry| entry.advance_read(me, seen, at)) {
            self.changed.insert(Invalidation::Chat(chat));
        }
    }

    pub(super) fn reads_above(&mut self, chat: Option<ChatId>) {
        let before = std::mem::replace(&mut self.reads_above, chat).filter(|before| Some(*before) != chat);
        if let Some(before) = before {
            self.trim(before);
        }
    }

    /// Forgets the oldest of very many messages, unless the person is looking at them.
    pub(super) fn trim(&mut self, chat: ChatId) {
        if self.reads_above != Some(chat)
            && let Some(state) = self.chat_states.get_mut(&chat)
        {
            state.timeline.trim(KEPT_ROWS);
        }
    }

    pub(super) fn send_typing(&mut self, chat: ChatId) {
        let Some(connection) = self.connection.online() else { return };
        let followed = self.chat_states.get(&chat).is_some_and(|state| state.stream.is_followed());
        if followed && self.typing.should_send(chat, self.now) {
            let frame = ClientFrame::Typing { chat_id: Some(chat) };
            self.effects.push(Effect::send(connection, &frame));
        }
    }

    /// A message can't be sent: it stays, with the reason, until the person retries or deletes it.
    pub(super) fn fail(&mut self, client_id: &ClientId, reason: &str) {
        if let Some(message) = self.outbox.fail(client_id, reason.to_owned()) {
            self.changed.insert(Invalidation::Timeline(message.chat_id));
            self.effects.push(Effect::StorePending(message));
            self.effects.push(Effect::Announce(say!(WasNotSent, reason = reason)));
        }
    }

    /// Nothing can be sent to a chat any more: messages that were never sent fail.
    ///
    /// A copy of a message that was sent may still be on its way and be stored, so it is sent again and the reply
    /// decides.
    pub(super) fn fail_never_sent(&mut self, chat: ChatId, reason: &str) {
        for client_id in self.outbox.never_sent(chat) {
            self.fail(&client_id, reason);
        }
    }

    pub(super) fn touch_pending(&mut self, client_id: &ClientId) {
        if let Some(pending) = self.outbox.get(client_id) {
            self.changed.insert(Invalidation::Timeline(pending.message.chat_id));
        }
    }
}
