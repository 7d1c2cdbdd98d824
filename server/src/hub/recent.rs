//! Chats that sockets followed until a while ago: who was in them, and where their logs stand.
//!
//! Who reconnects needs no look at the store then. That is only sound where every change of every chat passes this hub:
//! on a bus that is the only one of its database, which says so.

use std::time::{Duration, Instant};

use causerie_protocol::{ChatId, Seq, UserId};
use hashlink::LruCache;

/// Chats that are kept; the least recently used one is dropped.
const CHATS: usize = 8_192;
/// People of a chat that are kept; the one who was noted first is dropped.
const PEOPLE: usize = 32;
/// How long after a socket has gone its user is known to be in the chat.
const MAX_AGE: Duration = Duration::from_secs(60);

pub(super) struct RecentChats {
    /// None while other nodes may change chats without this one's knowledge.
    chats: Option<LruCache<ChatId, RecentChat>>,
}

struct RecentChat {
    /// Kept up to date while nobody follows the chat; while somebody does, its channel knows better.
    head: Seq,
    people: Vec<(UserId, Instant)>,
}

impl RecentChats {
    pub(super) fn off() -> Self {
        Self { chats: None }
    }

    /// From now on notes who was where.
    pub(super) fn switch_on(&mut self) {
        self.chats.get_or_insert_with(|| LruCache::new(CHATS));
    }

    /// Notes a participant who sees the chat from its beginning, and of whom a socket stops to follow it.
    pub(super) fn note(&mut self, chat: ChatId, user: UserId, head: Seq, now: Instant) {
        let Some(chats) = &mut self.chats else { return };
        let Some(recent) = chats.get_mut(&chat) else {
            chats.insert(chat, RecentChat { head, people: vec![(user, now)] });
            return;
        };
        recent.head = recent.head.max(head);
        recent.people.retain(|(known, _)| *known != user);
        if recent.people.len() >= PEOPLE {
            recent.people.remove(0);
        }
        recent.people.push((user, now));
    }

    /// Notes that a chat's log goes on.
    pub(super) fn advance(&mut self, chat: ChatId, head: Seq) {
        if let Some(recent) = self.chats.as_mut().and_then(|chats| chats.peek_mut(&chat)) {
            recent.head = recent.head.max(head);
        }
    }

    /// Where the log of a chat stands, if that is known.
    pub(super) fn head(&self, chat: ChatId) -> Option<Seq> {
        Some(self.chats.as_ref()?.peek(&chat)?.head)
    }

    /// Whether a user was in a chat a while ago and has not left it.
    pub(super) fn is_participant(&mut self, chat: ChatId, user: UserId, now: Instant) -> bool {
        let Some(recent) = self.chats.as_mut().and_then(|chats| chats.get(&chat)) else { return false };
        recent.people.iter().any(|(known, at)| *known == user && now.duration_since(*at) < MAX_AGE)
    }

    pub(super) fn left(&mut self, chat: ChatId, user: UserId) {
        if let Some(recent) = self.chats.as_mut().and_then(|chats| chats.peek_mut(&chat)) {
            recent.people.retain(|(known, _)| *known != user);
        }
    }

    pub(super) fn deleted(&mut self, chat: ChatId) {
        if let Some(chats) = &mut self.chats {
            chats.remove(&chat);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(1);
    const USER: UserId = UserId(1);

    fn on() -> RecentChats {
        let mut recent = RecentChats::off();
        recent.switch_on();
        recent
    }

    #[test]
    fn nothing_is_kept_until_it_is_switched_on() {
        let now = Instant::now();
        let mut recent = RecentChats::off();
        recent.note(CHAT, USER, Seq(3), now);
        assert!(!recent.is_participant(CHAT, USER, now));
        recent.switch_on();
        recent.note(CHAT, USER, Seq(3), now);
        assert!(recent.is_participant(CHAT, USER, now));
        assert!(!recent.is_participant(CHAT, UserId(2), now) && !recent.is_participant(ChatId(2), USER, now));
    }

    #[test]
    fn who_left_or_has_been_away_for_long_is_not_known() {
        let now = Instant::now();
        let mut recent = on();
        for user in [1, 2, 3] {
            recent.note(CHAT, UserId(user), Seq(3), now);
        }
        recent.left(CHAT, UserId(2));
        assert_eq!([1, 2, 3].map(|user| recent.is_participant(CHAT, UserId(user), now)), [true, false, true]);
        assert!(!recent.is_participant(CHAT, USER, now + MAX_AGE));
        recent.deleted(CHAT);
        assert!(!recent.is_participant(CHAT, USER, now));
    }

    #[test]
    fn the_head_goes_on_and_never_back() {
        let now = Instant::now();
        let mut recent = on();
        recent.note(CHAT, USER, Seq(3), now);
        recent.advance(CHAT, Seq(5));
        recent.note(CHAT, UserId(2), Seq(4), now);
        assert_eq!(recent.head(CHAT), Some(Seq(5)));
        recent.advance(ChatId(2), Seq(1));
        assert_eq!(recent.head(ChatId(2)), None);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let now = Instant::now();
        let mut recent = on();
        for user in 0..PEOPLE as i64 + 1 {
            recent.note(CHAT, UserId(user), Seq(1), now);
        }
        assert!(!recent.is_participant(CHAT, UserId(0), now) && recent.is_participant(CHAT, UserId(1), now));
        for chat in 2..CHATS as i64 + 2 {
            recent.note(ChatId(chat), USER, Seq(1), now);
        }
        assert!(!recent.is_participant(CHAT, UserId(1), now));
    }
}
