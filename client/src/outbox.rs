//! What is not acknowledged yet: in order, one on its way in each chat, resent until it is acknowledged or refused.

use causerie_protocol::read_fields;
use causerie_protocol::server_frame::Ack;
use causerie_protocol::{ChatId, ClientId, MessageId, MessageText, Seq, Timestamp, UserId, limits};
use serde::Serialize;

use crate::backoff::Backoff;
use crate::clock::Millis;
use crate::connection::ConnectionId;
use crate::sorted::SortedSet;

/// How long an answer may take on a living socket until the message is sent again, in milliseconds.
pub const ANSWER_MS: Millis = 10_000;

/// What every further try adds to a message's name.
const RETRY_MARK: char = '~';

/// An unsent message, as the page's storage keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PendingMessage {
    /// The sender's name for it, by which the server recognises a repeat.
    pub client_id: ClientId,
    /// Who wrote it: the storage may hold messages of several people.
    pub owner: UserId,
    /// Where.
    pub chat_id: ChatId,
    /// What.
    pub text: MessageText,
    /// When, by the server's clock as far as it was known; gives the order.
    pub created_ms: Millis,
    /// Why it was refused, if it was; it is not sent again until the person says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

read_fields! {
    PendingMessage {
        "client_id" => client_id: required,
        "owner" => owner: required,
        "chat_id" => chat_id: required,
        "text" => text: required,
        "created_ms" => created_ms: required,
        "failed" => failed: optional,
    }
}

/// How far a message got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// Not sent, or not on this socket; not before this time.
    Queued {
        /// When it may go out.
        not_before: Millis,
    },
    /// Sent on a socket, no answer yet.
    InFlight {
        /// On which.
        on: ConnectionId,
        /// When it was sent.
        at: Millis,
    },
    /// Durable, while the event itself is still to come; shown as sent.
    Acked {
        /// The message's id.
        id: MessageId,
        /// Its position in the log.
        seq: Seq,
        /// When the server accepted it.
        sent_at: Timestamp,
    },
    /// Refused; the reason is with the message.
    Failed,
}

/// An entry of the outbox.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What is kept in storage.
    pub message: PendingMessage,
    /// How far it got.
    pub state: PendingState,
    tries: Backoff,
    /// A copy may be on its way to a server, from this page or from one before a reload: only an answer says what became of it.
    sent: bool,
}

impl Pending {
    fn new(message: PendingMessage, sent: bool) -> Self {
        let state = if message.failed.is_some() {
            PendingState::Failed
        } else {
            PendingState::Queued { not_before: 0 }
        };
        Self { message, state, tries: Backoff::default(), sent }
    }

    /// Whether the server has it for good.
    pub fn is_acked(&self) -> bool {
        matches!(self.state, PendingState::Acked { .. })
    }

    fn is_unsent(&self) -> bool {
        matches!(self.state, PendingState::Queued { .. } | PendingState::InFlight { .. })
    }
}

/// All unsent messages of one person.
///
/// Only one message of a chat is on its way at a time:
/// were a second one sent before the first is answered, a temporary refusal of the first would swap them.
#[derive(Debug, Default)]
pub struct Outbox {
    /// In sending order; small, since it holds what a person wrote while the server did not answer.
    entries: Vec<Pending>,
    /// Names that were acknowledged or given up, so that a late copy from storage is not sent or shown again.
    done: SortedSet<(ChatId, ClientId)>,
}

impl Outbox {
    /// The entries of one chat, in order.
    pub fn entries_of(&self, chat: ChatId) -> impl Iterator<Item = &Pending> {
        self.entries.iter().filter(move |entry| entry.message.chat_id == chat)
    }

    /// All entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Pending> {
        self.entries.iter()
    }

    /// How many are neither acknowledged nor refused.
    pub fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_unsent()).count()
    }

    /// The entry of this name.
    pub fn get(&self, client_id: &ClientId) -> Option<&Pending> {
        self.entries.iter().find(|entry| entry.message.client_id == *client_id)
    }

    /// The time to write on a message that is added now: later than all others, so that the times alone give the order.
    ///
    /// Two messages may come within a millisecond, and a device's clock may have been set back since a reload.
    pub fn stamp(&self, now: Millis) -> Millis {
        self.entries.iter().map(|entry| entry.message.created_ms + 1).fold(now, Millis::max)
    }

    /// Adds a message at the end; a name that was used before is refused with `false`.
    pub fn push(&mut self, message: PendingMessage) -> bool {
        if self.get(&message.client_id).is_some() || self.is_done(message.chat_id, &message.client_id) {
            return false;
        }
        self.entries.push(Pending::new(message, false));
        true
    }

    /// Puts a message from storage at its place by time, behind what is on its way already.
    pub fn restore(&mut self, message: PendingMessage) -> bool {
        if self.get(&message.client_id).is_some() || self.is_done(message.chat_id, &message.client_id) {
            return false;
        }
        let later = |entry: &Pending| {
            matches!(entry.state, PendingState::Queued { .. } | PendingState::Failed)
                && entry.message.created_ms > message.created_ms
        };
        // Only the queued tail may be passed: what was sent already keeps its place in front.
        let settled = self.entries.iter().rposition(|entry| !later(entry)).map_or(0, |last| last + 1);
        self.entries.insert(settled, Pending::new(message, true));
        true
    }

    /// The next message of a chat that may go out now, marked as sent on this socket.
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

    /// The server has it: whether that is news.
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

    /// The message itself is in the log as this page knows it; takes the entry out.
    ///
    /// The log may have it by the name of a later try, which another tab made.
    pub fn resolve(&mut self, chat: ChatId, client_id: &ClientId) -> Option<Pending> {
        self.done.insert((chat, client_id.clone()));
        let first = client_id.as_str().trim_end_matches(RETRY_MARK);
        // The last, since a later try stands behind what is left of the one before.
        let at = self.entries.iter().rposition(|entry| {
            let PendingMessage { chat_id, client_id: name, failed, .. } = &entry.message;
            *chat_id == chat
                && (name == client_id
                    || failed.is_some() && name.as_str().trim_end_matches(RETRY_MARK) == first)
        })?;
        Some(self.entries.remove(at))
    }

    /// Takes out what is acknowledged at or below a position, or all of it without one.
    pub fn forget_acked(&mut self, chat: ChatId, up_to: Option<Seq>) {
        self.entries.retain(|entry| match entry.state {
            PendingState::Acked { seq, .. } if entry.message.chat_id == chat => {
                up_to.is_some_and(|up_to| seq > up_to)
            }
            _ => true,
        });
    }

    /// The server refused it for good, or it can't be sent; gives what storage should hold.
    pub fn fail(&mut self, client_id: &ClientId, reason: String) -> Option<PendingMessage> {
        let entry = self.get_mut(client_id).filter(|entry| entry.is_unsent())?;
        entry.state = PendingState::Failed;
        entry.message.failed = Some(reason);
        Some(entry.message.clone())
    }

    /// The server can't take it just now: it stays first in its chat and is sent again after a while.
    pub fn postpone(
        &mut self,
        client_id: &ClientId,
        now: Millis,
        after: Option<Millis>,
        random: f64,
    ) -> bool {
        let Some(entry) = self.get_mut(client_id).filter(|entry| entry.is_unsent()) else { return false };
        let backoff = entry.tries.fail(random);
        entry.state = PendingState::Queued { not_before: now + after.unwrap_or(backoff) };
        true
    }

    /// A failed message is to be sent after all, at the end of the queue, where the person sees it go.
    ///
    /// Under another name, since the server refuses the first one from now on.
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

    /// Gives an unsent message up; one that is acknowledged can't be.
    pub fn delete(&mut self, client_id: &ClientId) -> Option<PendingMessage> {
        let at = self.entries.iter().position(|entry| {
            entry.message.client_id == *client_id && !matches!(entry.state, PendingState::Acked { .. })
        })?;
        let message = self.entries.remove(at).message;
        self.done.insert((message.chat_id, message.client_id.clone()));
        Some(message)
    }

    /// The socket is gone: what was on its way goes out again on the next one.
    pub fn disconnected(&mut self) {
        for entry in &mut self.entries {
            if matches!(entry.state, PendingState::InFlight { .. }) {
                entry.state = PendingState::Queued { not_before: 0 };
            }
        }
    }

    /// What was sent and is not answered.
    pub fn in_flight(&self) -> impl Iterator<Item = &PendingMessage> {
        self.entries
            .iter()
            .filter(|entry| matches!(entry.state, PendingState::InFlight { .. }))
            .map(|entry| &entry.message)
    }

    /// Queues again what got no answer for too long; repeating is safe.
    pub fn tick(&mut self, now: Millis) {
        for entry in &mut self.entries {
            if let PendingState::InFlight { at, .. } = entry.state
                && now >= at + ANSWER_MS
            {
                entry.state = PendingState::Queued { not_before: 0 };
            }
        }
    }

    /// When, after now, the next message may go out or counts as unanswered.
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

    /// What of a chat was never sent, so that nothing but this page knows of it.
    pub fn never_sent(&self, chat: ChatId) -> Vec<ClientId> {
        self.entries_of(chat)
            .filter(|entry| !entry.sent)
            .map(|entry| entry.message.client_id.clone())
            .collect()
    }

    /// The chats that have unsent messages.
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

/// The name for the next try, which follows from the one before: two tabs that try a message again send one.
fn retry_client_id(name: &ClientId) -> ClientId {
    let next = format!("{name}{RETRY_MARK}");
    let room = next.len().saturating_sub(limits::CLIENT_ID_BYTES);
    // Visible ASCII and short enough, so it is valid.
    ClientId::new(&next[room..]).unwrap_or_else(|_| name.clone())
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
