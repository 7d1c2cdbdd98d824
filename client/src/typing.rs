//! Who is typing, and how often the user's own typing is sent.

use causerie_protocol::{ChatId, UserId};

use crate::clock::Millis;
use crate::sorted::SortedMap;

/// How long a user counts as typing after the last `typing` frame, in milliseconds.
pub const SHOWN_MS: Millis = 5_000;
/// The least time between two `typing` frames of ours, in milliseconds.
pub const SEND_INTERVAL_MS: Millis = 3_000;

/// Who is typing in which chat.
#[derive(Debug, Default)]
pub struct Typing {
    others: SortedMap<(ChatId, UserId), Millis>,
    last_sent: SortedMap<ChatId, Millis>,
}

impl Typing {
    /// A user is typing; returns whether they were not before.
    pub fn started(&mut self, chat: ChatId, user: UserId, now: Millis) -> bool {
        self.others.insert((chat, user), now + SHOWN_MS).is_none()
    }

    /// A user's message came; returns whether they were shown as typing.
    pub fn stopped(&mut self, chat: ChatId, user: UserId) -> bool {
        self.others.remove(&(chat, user)).is_some()
    }

    /// Whether a `typing` frame is due; it counts as sent.
    pub fn should_send(&mut self, chat: ChatId, now: Millis) -> bool {
        let due = self.last_sent.get(&chat).is_none_or(|sent| now >= sent + SEND_INTERVAL_MS);
        if due {
            self.last_sent.insert(chat, now);
        }
        due
    }

    /// Our message was sent: the next `typing` frame is due at once.
    pub fn sent(&mut self, chat: ChatId) {
        self.last_sent.remove(&chat);
    }

    pub fn users_in(&self, chat: ChatId) -> impl Iterator<Item = UserId> {
        self.others.keys().filter(move |(at, _)| *at == chat).map(|(_, user)| *user)
    }

    /// Forgets users who have stopped; returns the chats that changed.
    pub fn tick(&mut self, now: Millis) -> Vec<ChatId> {
        let mut changed = Vec::new();
        self.others.retain(|(chat, _), until| {
            let keep = now < *until;
            if !keep && changed.last() != Some(chat) {
                changed.push(*chat);
            }
            keep
        });
        changed
    }

    /// When the next user counts as having stopped.
    pub fn deadline(&self) -> Option<Millis> {
        self.others.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_lasts_a_while_and_ends_with_the_message() {
        let (chat, ana, ben) = (ChatId(1), UserId(1), UserId(2));
        let mut typing = Typing::default();
        assert!(typing.started(chat, ana, 0));
        assert!(!typing.started(chat, ana, 1_000));
        assert!(typing.started(chat, ben, 2_000));
        assert_eq!(typing.users_in(chat).collect::<Vec<_>>(), [ana, ben]);
        assert!(typing.stopped(chat, ben));
        assert_eq!(typing.deadline(), Some(6_000));
        assert_eq!(typing.tick(5_999), []);
        assert_eq!(typing.tick(6_000), [chat]);
        assert_eq!(typing.users_in(chat).count(), 0);
    }

    #[test]
    fn our_typing_is_sent_at_most_every_three_seconds() {
        let chat = ChatId(1);
        let mut typing = Typing::default();
        assert!(typing.should_send(chat, 0));
        assert!(!typing.should_send(chat, 2_999));
        assert!(typing.should_send(chat, 3_000));
        typing.sent(chat);
        assert!(typing.should_send(chat, 3_001));
    }
}
