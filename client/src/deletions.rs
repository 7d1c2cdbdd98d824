//! The person's deletions on their way to the server: for a while they can be taken back, then they are sent until the
//! server has decided.

use causerie_protocol::{ChatId, MessageId, UserId};

use crate::backoff::Backoff;
use crate::clock::Millis;
use crate::kept::KeptChange;

/// For how long a deletion can be taken back before it is sent.
pub const UNDO_MS: Millis = 5_000;

/// The messages that the person deletes, in the order in which they did.
#[derive(Debug, Default)]
pub struct Deletions {
    entries: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    chat: ChatId,
    message: MessageId,
    state: State,
    tries: Backoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The person can take it back.
    Undoable {
        until: Millis,
    },
    Queued {
        not_before: Millis,
    },
    InFlight {
        ticket: u64,
    },
    /// The server has deleted it, and the event is still to come.
    Done,
}

/// A deletion that the person can take back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undoable {
    pub chat: ChatId,
    pub message: MessageId,
}

impl Deletions {
    /// The person deletes a message; a second time changes nothing.
    pub fn add(&mut self, chat: ChatId, message: MessageId, now: Millis) {
        if !self.is_deleting(message) {
            let state = State::Undoable { until: now + UNDO_MS };
            self.entries.push(Waiting { chat, message, state, tries: Backoff::default() });
        }
    }

    /// Takes over one of an earlier page, which can not be taken back any more; false if it is known.
    pub fn restore(&mut self, chat: ChatId, message: MessageId) -> bool {
        let is_new = !self.is_deleting(message);
        if is_new {
            let state = State::Queued { not_before: 0 };
            self.entries.push(Waiting { chat, message, state, tries: Backoff::default() });
        }
        is_new
    }

    /// Those that the server has not decided about.
    pub fn kept(&self, owner: UserId) -> impl Iterator<Item = KeptChange> {
        let undecided = self.entries.iter().filter(|one| one.state != State::Done);
        undecided.map(move |one| KeptChange {
            owner,
            chat_id: one.chat,
            message_id: one.message,
            emoji: None,
            on: false,
        })
    }

    /// The person takes a deletion back; answers its chat, unless it is too late.
    pub fn undo(&mut self, message: MessageId) -> Option<ChatId> {
        let is_it = |one: &Waiting| one.message == message && matches!(one.state, State::Undoable { .. });
        let at = self.entries.iter().position(is_it)?;
        Some(self.entries.remove(at).chat)
    }

    /// Whether a message is being deleted, or can still be kept.
    pub fn is_deleting(&self, message: MessageId) -> bool {
        self.entries.iter().any(|one| one.message == message)
    }

    /// The last one that can be taken back.
    pub fn undoable(&self) -> Option<Undoable> {
        let last = self.entries.iter().rev().find(|one| matches!(one.state, State::Undoable { .. }))?;
        Some(Undoable { chat: last.chat, message: last.message })
    }

    /// How many the server has not decided about.
    pub fn waiting(&self) -> usize {
        self.entries.iter().filter(|one| one.state != State::Done).count()
    }

    /// Lets none be taken back any more, because the page goes away.
    pub fn release(&mut self) {
        for waiting in &mut self.entries {
            if matches!(waiting.state, State::Undoable { .. }) {
                waiting.state = State::Queued { not_before: 0 };
            }
        }
    }

    /// Ends the time to take them back where it is over; answers whether there was one.
    pub fn expire(&mut self, now: Millis) -> bool {
        let mut expired = false;
        for waiting in &mut self.entries {
            if matches!(waiting.state, State::Undoable { until } if until <= now) {
                waiting.state = State::Queued { not_before: 0 };
                expired = true;
            }
        }
        expired
    }

    /// Takes the next one that may be sent.
    pub fn take_next(&mut self, now: Millis, ticket: u64) -> Option<MessageId> {
        let is_due =
            |one: &&mut Waiting| matches!(one.state, State::Queued { not_before } if not_before <= now);
        let next = self.entries.iter_mut().find(is_due)?;
        next.state = State::InFlight { ticket };
        Some(next.message)
    }

    /// The server has deleted it, or there is no such message.
    pub fn done(&mut self, ticket: u64) {
        if let Some(at) = self.in_flight(ticket) {
            self.entries[at].state = State::Done;
        }
    }

    /// The server will not delete it; answers its chat.
    pub fn refused(&mut self, ticket: u64) -> Option<ChatId> {
        let at = self.in_flight(ticket)?;
        Some(self.entries.remove(at).chat)
    }

    /// It is unknown what became of a request: it is repeated, which is safe.
    pub fn postpone(&mut self, ticket: u64, now: Millis, random: f64) {
        if let Some(at) = self.in_flight(ticket) {
            let waiting = &mut self.entries[at];
            waiting.state = State::Queued { not_before: now + waiting.tries.fail(random).max(1) };
        }
    }

    /// Responses to requests of an earlier token are ignored, so the requests are repeated.
    pub fn restart(&mut self) {
        for waiting in &mut self.entries {
            if matches!(waiting.state, State::InFlight { .. }) {
                waiting.state = State::Queued { not_before: 0 };
            }
        }
    }

    /// Forgets those that are done and whose message is seen to be gone.
    pub fn forget_settled(&mut self, is_gone: impl Fn(ChatId, MessageId) -> bool) {
        self.entries.retain(|one| one.state != State::Done || !is_gone(one.chat, one.message));
    }

    /// When the time to take one back is over, and with a connection when the next one may be sent.
    pub fn deadline(&self, online: bool) -> Option<Millis> {
        let due = self.entries.iter().filter_map(|one| match one.state {
            State::Undoable { until } => Some(until),
            State::Queued { not_before } if online => Some(not_before),
            _ => None,
        });
        due.min()
    }

    fn in_flight(&self, ticket: u64) -> Option<usize> {
        self.entries.iter().position(|one| one.state == State::InFlight { ticket })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(1);

    fn two() -> Deletions {
        let mut deletions = Deletions::default();
        deletions.add(CHAT, MessageId(7), 0);
        deletions.add(CHAT, MessageId(8), 1_000);
        deletions
    }

    #[test]
    fn a_deletion_is_sent_when_it_can_not_be_taken_back_any_more() {
        let mut deletions = two();
        assert_eq!(deletions.take_next(4_999, 1), None);
        assert_eq!(deletions.deadline(false), Some(UNDO_MS));
        assert!(!deletions.expire(4_999) && deletions.expire(5_000));
        assert_eq!(deletions.take_next(5_000, 1), Some(MessageId(7)));
        assert_eq!(deletions.take_next(5_999, 2), None);
        deletions.done(1);
        deletions.expire(6_000);
        assert_eq!(deletions.take_next(6_000, 2), Some(MessageId(8)));
        assert_eq!(deletions.waiting(), 1);
    }

    #[test]
    fn the_last_one_is_taken_back_first_and_none_that_is_sent() {
        let mut deletions = two();
        assert_eq!(deletions.undoable(), Some(Undoable { chat: CHAT, message: MessageId(8) }));
        assert_eq!(deletions.undo(MessageId(8)), Some(CHAT));
        assert_eq!(deletions.undoable().map(|one| one.message), Some(MessageId(7)));
        deletions.release();
        assert_eq!((deletions.undo(MessageId(7)), deletions.undoable()), (None, None));
        assert!(deletions.is_deleting(MessageId(7)) && !deletions.is_deleting(MessageId(8)));
    }

    #[test]
    fn what_got_no_answer_is_sent_again_later() {
        let mut deletions = two();
        deletions.release();
        deletions.take_next(0, 1);
        deletions.postpone(1, 0, 1.0);
        // Another one does not wait for it.
        assert_eq!(deletions.take_next(0, 2), Some(MessageId(8)));
        deletions.done(2);
        assert_eq!(deletions.deadline(false), None);
        let due = deletions.deadline(true).unwrap();
        assert_eq!(deletions.take_next(due, 3), Some(MessageId(7)));
    }

    #[test]
    fn a_refused_deletion_is_none_any_more() {
        let mut deletions = two();
        deletions.release();
        deletions.take_next(0, 1);
        assert_eq!(deletions.refused(1), Some(CHAT));
        assert!(!deletions.is_deleting(MessageId(7)));
        assert_eq!(deletions.refused(1), None, "that was an answer to an earlier request");
    }

    #[test]
    fn one_that_is_done_stays_until_the_message_is_seen_to_be_gone() {
        let mut deletions = two();
        deletions.release();
        deletions.take_next(0, 1);
        deletions.done(1);
        deletions.forget_settled(|_, _| false);
        assert!(deletions.is_deleting(MessageId(7)));
        deletions.forget_settled(|_, message| message == MessageId(7));
        assert!(!deletions.is_deleting(MessageId(7)));
    }
}
