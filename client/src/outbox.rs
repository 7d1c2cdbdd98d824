//! The pending messages: in order, one in flight in each chat, sent again until they are acknowledged or refused.

use causerie_protocol::event::Original;
use causerie_protocol::read_fields;
use causerie_protocol::server_frame::Ack;
use causerie_protocol::{ChatId, ClientId, Event, MessageId, MessageText, Seq, Timestamp, UserId, limits};
use serde::Serialize;

use crate::backoff::Backoff;
use crate::clock::Millis;
use crate::connection::ConnectionId;
use crate::sorted::SortedSet;

/// A message that got no reply within this many milliseconds is sent again.
pub const ANSWER_MS: Millis = 10_000;

/// Every retry by the person appends this to the message's `client_id`.
const RETRY_MARK: char = '~';

/// A pending message, as the page's storage keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PendingMessage {
    /// By this id the server recognises a repeat.
    pub client_id: ClientId,
    /// Who wrote it: the storage may hold messages of several users.
    pub owner: UserId,
    pub chat_id: ChatId,
    pub text: MessageText,
    /// What it replies to, as it was known last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Original>,
    /// Whether it is to be shown as it is, without formatting.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
    /// When it was written, by the server's clock as far as it was known; messages are sent in this order.
    pub created_ms: Millis,
    /// Why it failed, if it did; then it is sent again only when the person asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

read_fields! {
    PendingMessage {
        "client_id" => client_id: required,
        "owner" => owner: required,
        "chat_id" => chat_id: required,
        "text" => text: required,
        "reply_to" => reply_to: optional,
        "plain" => plain: optional,
        "created_ms" => created_ms: required,
        "failed" => failed: optional,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// It waits to be sent on this socket.
    Queued { not_before: Millis },
    /// It was sent, and no reply has come yet.
    InFlight { on: ConnectionId, at: Millis },
    /// It is acknowledged, and its event is still to come; it is shown as sent.
    Acked { id: MessageId, seq: Seq, sent_at: Timestamp },
    /// It was refused; the reason is in the message.
    Failed,
}

#[derive(Clone, Debug)]
pub struct Pending {
    pub message: PendingMessage,
    pub state: PendingState,
    tries: Backoff,
    /// A copy may be on its way to a server, from this page or from before a reload, so only a reply can decide it.
    sent: bool,
    /// It waits because the person sends more than one may.
    limited: bool,
}

impl Pending {
    fn new(message: PendingMessage, sent: bool) -> Self {
        let state = if message.failed.is_some() {
            PendingState::Failed
        } else {
            PendingState::Queued { not_before: 0 }
        };
        Self { message, state, tries: Backoff::default(), sent, limited: false }
    }

    pub fn is_acked(&self) -> bool {
        matches!(self.state, PendingState::Acked { .. })
    }

    /// Whether it waits because the person sends more than one may.
    pub fn is_limited(&self) -> bool {
        self.limited && matches!(self.state, PendingState::Queued { .. })
    }

    fn is_unsent(&self) -> bool {
        matches!(self.state, PendingState::Queued { .. } | PendingState::InFlight { .. })
    }
}

/// The pending messages of one user.
///
/// Only one message of a chat is in flight at a time:
/// if a second one were sent before the first is answered, a temporary refusal of the first would swap them.
#[derive(Debug, Default)]
pub struct Outbox {
    /// In the order of sending; short, since it holds what a person wrote while the server did not answer.
    entries: Vec<Pending>,
    /// Ids that were acknowledged or given up, so that a late copy from storage is not sent or shown again.
    done: SortedSet<(ChatId, ClientId)>,
}

impl Outbox {
    /// The entries of one chat, in the order of sending.
    pub fn entries_of(&self, chat: ChatId) -> impl Iterator<Item = &Pending> {
        self.entries.iter().filter(move |entry| entry.message.chat_id == chat)
    }

    /// All entries, in the order of sending.
    pub fn entries(&self) -> impl Iterator<Item = &Pending> {
        self.entries.iter()
    }

    pub fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_unsent()).count()
    }

    pub fn get(&self, client_id: &ClientId) -> Option<&Pending> {
        self.entries.iter().find(|entry| entry.message.client_id == *client_id)
    }

    /// The time for a message that is added now: later than all others, so that the times alone give the order.
    ///
    /// Two messages may be written within a millisecond, and the device's clock may have been set back since a reload.
    pub fn stamp(&self, now: Millis) -> Millis {
        self.entries.iter().map(|entry| entry.message.created_ms + 1).fold(now, Millis::max)
    }

    /// Adds a message at the end; returns `false` for an id that was used before.
    pub fn push(&mut self, message: PendingMessage) -> bool {
        if self.get(&message.client_id).is_some() || self.is_done(message.chat_id, &message.client_id) {
            return false;
        }
        self.entries.push(Pending::new(message, false));
        true
    }

    /// Inserts a message from storage by its time, behind the messages that were sent already.
    pub fn restore(&mut self, message: PendingMessage) -> bool {
        if self.get(&message.client_id).is_some() || self.is_done(message.chat_id, &message.client_id) {
            return false;
        }
        let later = |entry: &Pending| {
            matches!(entry.state, PendingState::Queued { .. } | PendingState::Failed)
                && entry.message.created_ms > message.created_ms
        };
        // It may only go before queued messages; those that were sent stay in front.
        let settled = self.entries.iter().rposition(|entry| !later(entry)).map_or(0, |last| last + 1);
        self.entries.insert(settled, Pending::new(message, true));
        true
    }

    /// Takes the next message of a chat that may be sent now, and marks it as sent on this socket.
    pub fn take_next(&mut self, chat: ChatId, on: ConnectionId, now: Millis) -> Option<PendingMessage> {
        let first =
            self.entries.iter_mut().find(|entry| entry.message.chat_id == chat && entry.is_unsent())?;
        let PendingState::Queued { not_before } = first.state else { return None };
        if now < not_before {
            return None;
        }
        first.state = PendingState::InFlight { on, at: now };
        first.sent = true;
        Some(first.message.clone())
    }

    /// Records an ack; returns whether it is the first one.
    pub fn acked(&mut self, ack: &Ack) -> bool {
        let Some(entry) = self.get_mut(&ack.client_id) else { return false };
        if matches!(entry.state, PendingState::Acked { .. }) {
            return false;
        }
        entry.state = PendingState::Acked { id: ack.id, seq: ack.seq, sent_at: ack.sent_at.clone() };
        let chat = entry.message.chat_id;
        self.done.insert((chat, ack.client_id.clone()));
        true
    }

    /// Removes the entry of a message whose event has come.
    ///
    /// The log may hold it under the id of a later retry, which another tab made.
    pub fn resolve(&mut self, chat: ChatId, client_id: &ClientId) -> Option<Pending> {
        self.done.insert((chat, client_id.clone()));
        let first = client_id.as_str().trim_end_matches(RETRY_MARK);
        // The last one, since a retry stands behind what is left of the attempt before.
        let at = self.entries.iter().rposition(|entry| {
            let PendingMessage { chat_id, client_id: name, failed, .. } = &entry.message;
            *chat_id == chat
                && (name == client_id
                    || failed.is_some() && name.as_str().trim_end_matches(RETRY_MARK) == first)
        })?;
        Some(self.entries.remove(at))
    }

    /// Removes the messages that are acknowledged up to a position; without a position all that are acknowledged.
    pub fn forget_acked(&mut self, chat: ChatId, up_to: Option<Seq>) {
        self.entries.retain(|entry| match entry.state {
            PendingState::Acked { seq, .. } if entry.message.chat_id == chat => {
                up_to.is_some_and(|up_to| seq > up_to)
            }
            _ => true,
        });
    }

    /// Applies an edit or a deletion to what pending messages show of what they reply to; returns whether any does.
    pub fn change_originals(&mut self, event: &Event) -> bool {
        let mut is_shown = false;
        for entry in self.entries.iter_mut().filter(|entry| entry.message.chat_id == event.chat_id()) {
            if let Some(original) = &mut entry.message.reply_to {
                is_shown |= original.apply(event);
            }
        }
        is_shown
    }

    /// The positions of a chat are those of another log now, so what its messages reply to is not known any more.
    pub fn forget_originals(&mut self, chat: ChatId) {
        for entry in self.entries.iter_mut().filter(|entry| entry.message.chat_id == chat) {
            entry.message.reply_to = None;
        }
    }

    /// Marks a message as failed, since the server refused it for good or it can't be sent; returns what to store.
    pub fn fail(&mut self, client_id: &ClientId, reason: String) -> Option<PendingMessage> {
        let entry = self.get_mut(client_id).filter(|entry| entry.is_unsent())?;
        entry.state = PendingState::Failed;
        entry.message.failed = Some(reason);
        Some(entry.message.clone())
    }

    /// The server refused it for now: it stays the first of its chat and is sent again after a wait; `limited` says that the
    /// person sends more than one may.
    pub fn postpone(
        &mut self,
        client_id: &ClientId,
        now: Millis,
        after: Option<Millis>,
        limited: bool,
        random: f64,
    ) -> bool {
        let Some(entry) = self.get_mut(client_id).filter(|entry| entry.is_unsent()) else { return false };
        let backoff = entry.tries.fail(random);
        entry.state = PendingState::Queued { not_before: now + after.unwrap_or(backoff) };
        entry.limited = limited;
        true
    }

    /// Queues a failed message again, at the end, where the person sees it.
    ///
    /// It gets another id, since the server refuses the first one from now on.
    pub fn retry(&mut self, client_id: &ClientId, now: Millis) -> Option<PendingMessage> {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.message.client_id == *client_id && entry.state == PendingState::Failed)?;
        let mut message = self.entries.remove(at).message;
        self.done.insert((message.chat_id, message.client_id));
        message.client_id = retry_client_id(client_id);
        message.failed = None;
        message.created_ms = self.stamp(now);
        self.entries.push(Pending::new(message.clone(), false));
        Some(message)
    }

    /// Removes a message that is not acknowledged.
    pub fn delete(&mut self, client_id: &ClientId) -> Option<PendingMessage> {
        let at = self.entries.iter().position(|entry| {
            entry.message.client_id == *client_id && !matches!(entry.state, PendingState::Acked { .. })
        })?;
        let message = self.entries.remove(at).message;
        self.done.insert((message.chat_id, message.client_id.clone()));
        Some(message)
    }

    /// The socket closed: the messages in flight are queued again.
    pub fn disconnected(&mut self) {
        for entry in &mut self.entries {
            if matches!(entry.state, PendingState::InFlight { .. }) {
                entry.state = PendingState::Queued { not_before: 0 };
            }
            // Now it waits for the connection.
            entry.limited = false;
        }
    }

    /// The messages that were sent and are not answered.
    pub fn in_flight(&self) -> impl Iterator<Item = &PendingMessage> {
        self.entries
            .iter()
            .filter(|entry| matches!(entry.state, PendingState::InFlight { .. }))
            .map(|entry| &entry.message)
    }

    /// Queues messages again that got no reply in time; repeating is safe.
    pub fn tick(&mut self, now: Millis) {
        for entry in &mut self.entries {
            if let PendingState::InFlight { at, .. } = entry.state
                && now >= at + ANSWER_MS
            {
                entry.state = PendingState::Queued { not_before: 0 };
            }
        }
    }

    /// When, after now, the next message may be sent or its reply is overdue.
    pub fn deadline(&self, now: Millis) -> Option<Millis> {
        self.entries
            .iter()
            .filter_map(|entry| match entry.state {
                PendingState::Queued { not_before } if not_before > now => Some(not_before),
                PendingState::InFlight { at, .. } => Some(at + ANSWER_MS),
                _ => None,
            })
            .min()
    }

    /// The messages of a chat that were never sent, so that no server can have them.
    pub fn never_sent(&self, chat: ChatId) -> Vec<ClientId> {
        self.entries_of(chat)
            .filter(|entry| !entry.sent)
            .map(|entry| entry.message.client_id.clone())
            .collect()
    }

    /// The chats that have messages which are neither acknowledged nor failed.
    pub fn chats(&self) -> SortedSet<ChatId> {
        self.entries.iter().filter(|entry| entry.is_unsent()).map(|entry| entry.message.chat_id).collect()
    }

    fn is_done(&self, chat: ChatId, client_id: &ClientId) -> bool {
        self.done.contains(&(chat, client_id.clone()))
    }

    fn get_mut(&mut self, client_id: &ClientId) -> Option<&mut Pending> {
        self.entries.iter_mut().find(|entry| entry.message.client_id == *client_id)
    }
}

/// The id for the next retry. It follows from the one before, so that two tabs that retry a message send one.
fn retry_client_id(name: &ClientId) -> ClientId {
    let next = format!("{name}{RETRY_MARK}");
    let room = next.len().saturating_sub(limits::CLIENT_ID_BYTES);
    // It is visible ASCII and short enough, so it is valid.
    ClientId::new(&next[room..]).unwrap_or_else(|_| name.clone())
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
