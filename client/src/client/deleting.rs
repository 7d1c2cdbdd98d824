//! What the person deletes: shown so at once, and sent when it can not be taken back any more.

use causerie_protocol::{ChatId, MessageId};

use super::Client;
use crate::effect::{Effect, Invalidation};
use crate::input::ChangeError;

impl Client {
    pub(super) fn delete(&mut self, chat: ChatId, message: MessageId) {
        self.reaction_refused = None;
        self.deletions.add(chat, message, self.now);
        self.changed.extend([Invalidation::Timeline(chat), Invalidation::Deletions]);
    }

    pub(super) fn undo_delete(&mut self, message: MessageId) {
        if let Some(chat) = self.deletions.undo(message) {
            self.changed.extend([Invalidation::Timeline(chat), Invalidation::Deletions]);
        }
    }

    pub(super) fn release_deletions(&mut self) {
        self.deletions.release();
        self.changed.insert(Invalidation::Deletions);
    }

    pub(super) fn on_deletion_answered(&mut self, ticket: u64, answer: Result<(), ChangeError>) {
        match answer {
            Ok(()) => self.deletions.done(ticket),
            Err(ChangeError::Temporary) => self.deletions.postpone(ticket, self.now, self.random),
            Err(ChangeError::Unauthorized) => {
                self.deletions.restart();
                self.token_refused();
            }
            Err(ChangeError::Refused { detail }) => {
                let Some(chat) = self.deletions.refused(ticket) else { return };
                self.changed.insert(Invalidation::Timeline(chat));
                self.effects.push(Effect::Announce(detail.clone()));
                self.reaction_refused = Some((chat, detail));
            }
        }
    }

    /// Sends the next deletion that can not be taken back any more; by REST, whose answer says what became of it.
    pub(super) fn send_deletion(&mut self) {
        if self.deletions.expire(self.now) {
            self.changed.insert(Invalidation::Deletions);
        }
        let (states, chats) = (&self.chat_states, &self.chat_list);
        self.deletions.forget_settled(|chat, message| {
            // Of a chat that is not there nothing is shown, and a message that is not loaded is loaded as it is then.
            let known = states.get(&chat).and_then(|state| state.timeline.message(message));
            chats.get(chat).is_none() || known.is_none_or(|message| message.deleted_at.is_some())
        });
        if self.connection.online().is_none() {
            return;
        }
        // All at once, since the page may be about to close.
        loop {
            let ticket = self.next_ticket();
            let Some(message) = self.deletions.take_next(self.now, ticket) else { break };
            self.effects.push(Effect::Delete { ticket, message });
        }
    }
}
