//! Chats that are loaded one by one, because no page of the list has them or has them up to date.

use causerie_protocol::ChatId;
use causerie_protocol::rest::Chat;

use super::Client;
use crate::backoff::Backoff;
use crate::clock::Millis;
use crate::effect::{Effect, Invalidation};
use crate::input::LoadError;
use crate::sorted::SortedSet;

/// The requests for single chats, of which one is on its way at a time.
#[derive(Debug, Default)]
pub(super) struct Fetches {
    queued: SortedSet<ChatId>,
    in_flight: Option<(u64, ChatId)>,
    /// Chats that do not exist for this user.
    absent: SortedSet<ChatId>,
    retry_at: Option<Millis>,
    tries: Backoff,
}

impl Fetches {
    /// The response to a request with the old token is ignored, so the request is repeated.
    pub(super) fn restart(&mut self) {
        if let Some((_, chat)) = self.in_flight.take() {
            self.queued.insert(chat);
        }
        self.retry_at = None;
    }

    /// The server is reachable again: a failed request is repeated at once.
    pub(super) fn retry_now(&mut self) {
        self.retry_at = None;
    }

    /// The chat came another way, so a response that says otherwise is older.
    pub(super) fn on_received(&mut self, chat: ChatId) {
        self.in_flight.take_if(|(_, asked)| *asked == chat);
        self.absent.remove(&chat);
    }

    pub(super) fn is_absent(&self, chat: ChatId) -> bool {
        self.absent.contains(&chat)
    }

    /// Whether a chat is still to be fetched.
    pub(super) fn is_pending(&self, chat: ChatId) -> bool {
        self.queued.contains(&chat) || self.in_flight.is_some_and(|(_, asked)| asked == chat)
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        self.retry_at.filter(|_| self.in_flight.is_none() && !self.queued.is_empty())
    }
}

impl Client {
    /// Fetches a chat, after those that are queued already.
    pub(super) fn queue_fetch(&mut self, chat: ChatId) {
        self.fetches.queued.insert(chat);
    }

    /// Requests the next chat, the open one first.
    pub(super) fn start_next_fetch(&mut self) {
        let fetches = &mut self.fetches;
        if fetches.in_flight.is_some() || fetches.retry_at.is_some_and(|at| at > self.now) {
            return;
        }
        let open = self.open.filter(|open| fetches.queued.contains(open));
        let Some(chat) = open.or_else(|| fetches.queued.first().copied()) else { return };
        fetches.queued.remove(&chat);
        fetches.retry_at = None;
        let ticket = self.next_ticket();
        self.fetches.in_flight = Some((ticket, chat));
        self.effects.push(Effect::LoadChat { ticket, chat });
    }

    pub(super) fn on_chat_fetched(&mut self, ticket: u64, answer: Result<Box<Chat>, LoadError>) {
        let Some((_, chat)) = self.fetches.in_flight.take_if(|(asked, _)| *asked == ticket) else { return };
        if !matches!(answer, Err(LoadError::Temporary { .. })) {
            self.fetches.tries.reset();
        }
        match answer {
            Ok(answer) => {
                self.changed.insert(Invalidation::Chats);
                self.apply_chat(*answer);
                self.recount();
            }
            Err(LoadError::NotFound) => {
                self.fetches.absent.insert(chat);
                self.changed.insert(Invalidation::Chats);
                self.remove_chat(chat);
            }
            Err(LoadError::Unauthorized) => {
                self.queue_fetch(chat);
                self.token_refused();
            }
            Err(LoadError::Temporary { .. }) => {
                self.queue_fetch(chat);
                self.fetches.retry_at = Some(self.now + self.fetches.tries.fail(self.random).max(1));
            }
        }
    }
}
