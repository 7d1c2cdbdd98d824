//! The person's own reactions on their way to the server: shown at once, and sent until the server has decided.

use causerie_protocol::event::Reaction;
use causerie_protocol::{ChatId, MessageId, Seq, UserId};

use crate::backoff::Backoff;
use crate::clock::Millis;
use crate::kept::KeptChange;

/// The reactions that wait, in the order in which the person gave them; one request is on its way at a time.
#[derive(Debug, Default)]
pub struct Reactions {
    entries: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    chat: ChatId,
    message: MessageId,
    emoji: String,
    /// How the person wants it.
    on: bool,
    state: State,
    tries: Backoff,
}

#[derive(Debug)]
enum State {
    Queued {
        not_before: Millis,
    },
    InFlight {
        ticket: u64,
        on: bool,
    },
    /// The server has it at this position of the chat's log; the events up to there are still to come.
    Decided {
        seq: Seq,
    },
}

/// A request that may be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub ticket: u64,
    pub message: MessageId,
    pub emoji: String,
    pub on: bool,
}

impl Reactions {
    /// The person wants a reaction to be there, or not.
    pub fn set(&mut self, chat: ChatId, message: MessageId, emoji: &str, on: bool) {
        let known = self.entries.iter_mut().find(|one| one.message == message && one.emoji == emoji);
        match known {
            Some(waiting) => {
                waiting.on = on;
                if matches!(waiting.state, State::Decided { .. }) {
                    waiting.state = State::Queued { not_before: 0 };
                }
            }
            None => self.entries.push(Waiting {
                chat,
                message,
                emoji: emoji.to_owned(),
                on,
                state: State::Queued { not_before: 0 },
                tries: Backoff::default(),
            }),
        }
    }

    /// Takes over one of an earlier page; false if the person wants something of it by now.
    pub fn restore(&mut self, chat: ChatId, message: MessageId, emoji: &str, on: bool) -> bool {
        let is_new = !self.entries.iter().any(|one| one.message == message && one.emoji == emoji);
        if is_new {
            self.set(chat, message, emoji, on);
        }
        is_new
    }

    /// Those that the server has not decided about.
    pub fn kept(&self, owner: UserId) -> impl Iterator<Item = KeptChange> {
        let undecided = self.entries.iter().filter(|one| !matches!(one.state, State::Decided { .. }));
        undecided.map(move |one| KeptChange {
            owner,
            chat_id: one.chat,
            message_id: one.message,
            emoji: Some(one.emoji.clone()),
            on: one.on,
        })
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.entries.len()
    }

    /// Lays what waits over the reactions of a message.
    pub fn overlay(&self, message: MessageId, me: UserId, reactions: &mut Vec<Reaction>) {
        for waiting in self.entries.iter().filter(|one| one.message == message) {
            Reaction::set(reactions, me, &waiting.emoji, waiting.on);
        }
    }

    /// Takes the next one that may be sent.
    pub fn take_next(&mut self, now: Millis, ticket: u64) -> Option<Request> {
        let is_busy = self.entries.iter().any(|one| matches!(one.state, State::InFlight { .. }));
        // Only the first may go, so that they arrive in the order in which they were given.
        let is_queued = |one: &&mut Waiting| matches!(one.state, State::Queued { .. });
        let first = self.entries.iter_mut().find(is_queued).filter(|_| !is_busy)?;
        let State::Queued { not_before } = first.state else { return None };
        if not_before > now {
            return None;
        }
        first.state = State::InFlight { ticket, on: first.on };
        Some(Request { ticket, message: first.message, emoji: first.emoji.clone(), on: first.on })
    }

    /// The server has it as it was sent; what the person wants otherwise since then is sent next.
    pub fn stored(&mut self, ticket: u64, seq: Seq) {
        let Some((at, sent)) = self.in_flight(ticket) else { return };
        let waiting = &mut self.entries[at];
        waiting.tries.reset();
        waiting.state =
            if waiting.on == sent { State::Decided { seq } } else { State::Queued { not_before: 0 } };
    }

    /// The server refused it: nothing of it waits any more. Answers its chat.
    pub fn refused(&mut self, ticket: u64) -> Option<ChatId> {
        let (at, _) = self.in_flight(ticket)?;
        Some(self.entries.remove(at).chat)
    }

    /// Removes what the events have brought, since `position` has every event of a chat up to it; answers the chats.
    pub fn forget_settled(&mut self, position: impl Fn(ChatId) -> Option<Seq>) -> Vec<ChatId> {
        let mut chats = Vec::new();
        self.entries.retain(|one| {
            let State::Decided { seq } = one.state else { return true };
            // A chat without a stream shows nothing, and is loaded as the server has it.
            let is_to_come = position(one.chat).is_some_and(|position| position < seq);
            if !is_to_come {
                chats.push(one.chat);
            }
            is_to_come
        });
        chats
    }

    /// It is unknown what became of a request: it is repeated, which is safe.
    pub fn postpone(&mut self, ticket: u64, now: Millis, random: f64) {
        if let Some((at, _)) = self.in_flight(ticket) {
            let waiting = &mut self.entries[at];
            waiting.state = State::Queued { not_before: now + waiting.tries.fail(random).max(1) };
        }
    }

    /// The positions of a chat are those of another log now: what the server had decided is as that log has it.
    pub fn forget_decided(&mut self, chat: ChatId) {
        self.entries.retain(|one| one.chat != chat || !matches!(one.state, State::Decided { .. }));
    }

    /// Responses to requests of an earlier token are ignored, so the requests are repeated.
    pub fn restart(&mut self) {
        for waiting in &mut self.entries {
            if matches!(waiting.state, State::InFlight { .. }) {
                waiting.state = State::Queued { not_before: 0 };
            }
        }
    }

    /// When the next one may be sent.
    pub fn deadline(&self) -> Option<Millis> {
        let is_busy = self.entries.iter().any(|one| matches!(one.state, State::InFlight { .. }));
        self.entries.iter().filter(|_| !is_busy).find_map(|one| match one.state {
            State::Queued { not_before } => Some(not_before),
            _ => None,
        })
    }

    fn in_flight(&self, ticket: u64) -> Option<(usize, bool)> {
        self.entries.iter().enumerate().find_map(|(at, one)| match one.state {
            State::InFlight { ticket: asked, on } if asked == ticket => Some((at, on)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(1);
    const MESSAGE: MessageId = MessageId(7);

    fn sent(reactions: &mut Reactions, now: Millis, ticket: u64) -> Option<(String, bool)> {
        reactions.take_next(now, ticket).map(|request| (request.emoji, request.on))
    }

    #[test]
    fn reactions_are_sent_one_after_the_other() {
        let mut reactions = Reactions::default();
        reactions.set(CHAT, MESSAGE, "a", true);
        reactions.set(CHAT, MESSAGE, "b", true);
        assert_eq!(sent(&mut reactions, 0, 1), Some(("a".to_owned(), true)));
        assert_eq!(sent(&mut reactions, 0, 2), None, "one is on its way");
        reactions.stored(1, Seq(5));
        assert_eq!(sent(&mut reactions, 0, 2), Some(("b".to_owned(), true)));
        reactions.postpone(2, 0, 1.0);
        assert_eq!((sent(&mut reactions, 499, 3), reactions.deadline()), (None, Some(500)));
        assert_eq!(sent(&mut reactions, 500, 3), Some(("b".to_owned(), true)));
        reactions.stored(2, Seq(6));
        assert_eq!(sent(&mut reactions, 9_000, 4), None, "that was an answer to an earlier request");
    }

    #[test]
    fn what_the_person_changes_while_it_is_on_its_way_is_sent_next() {
        let mut reactions = Reactions::default();
        reactions.set(CHAT, MESSAGE, "a", true);
        sent(&mut reactions, 0, 1);
        reactions.set(CHAT, MESSAGE, "a", false);
        let mut shown = Vec::new();
        reactions.overlay(MESSAGE, UserId(1), &mut shown);
        assert_eq!(shown, []);
        reactions.stored(1, Seq(5));
        assert_eq!(sent(&mut reactions, 0, 2), Some(("a".to_owned(), false)));
    }

    #[test]
    fn a_stored_reaction_is_laid_over_until_its_events_have_come() {
        let mut reactions = Reactions::default();
        reactions.set(CHAT, MESSAGE, "a", true);
        sent(&mut reactions, 0, 1);
        reactions.stored(1, Seq(5));
        assert_eq!(reactions.forget_settled(|_| Some(Seq(4))), []);
        assert_eq!(reactions.waiting(), 1);
        assert_eq!(reactions.forget_settled(|_| Some(Seq(5))), [CHAT]);
        assert_eq!(reactions.waiting(), 0);
    }

    #[test]
    fn a_refused_reaction_is_not_shown_any_more() {
        let mut reactions = Reactions::default();
        reactions.set(CHAT, MESSAGE, "a", true);
        let mut shown = Vec::new();
        reactions.overlay(MESSAGE, UserId(1), &mut shown);
        assert_eq!(shown.len(), 1);
        sent(&mut reactions, 0, 1);
        assert_eq!(reactions.refused(1), Some(CHAT));
        let mut shown = Vec::new();
        reactions.overlay(MESSAGE, UserId(1), &mut shown);
        assert_eq!((shown.len(), sent(&mut reactions, 0, 2)), (0, None));
    }
}
