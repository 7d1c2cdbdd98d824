//! Who writes just now, and how often we say that we do.

use causerie_protocol::{ChatId, UserId};

use crate::clock::Millis;
use crate::sorted::SortedMap;

/// How long somebody counts as writing after the last sign of it, in milliseconds.
pub const SHOWN_MS: Millis = 5_000;
/// How often we say that we write, in milliseconds.
pub const SEND_INTERVAL_MS: Millis = 3_000;

/// Signs of writing, ours and others', in all chats.
#[derive(Debug, Default)]
pub struct Typing {
    others: SortedMap<(ChatId, UserId), Millis>,
    last_sent: SortedMap<ChatId, Millis>,
}

impl Typing {
    /// Somebody writes; whether that is news.
    pub fn started(&mut self, chat: ChatId, user: UserId, now: Millis) -> bool {
        self.others.insert((chat, user), now + SHOWN_MS).is_none()
    }

    /// Somebody's message came, or they left; whether they had been shown as writing.
    pub fn stopped(&mut self, chat: ChatId, user: UserId) -> bool {
        self.others.remove(&(chat, user)).is_some()
    }

    /// Whether it is time to say that we write; counts as said.
    pub fn should_send(&mut self, chat: ChatId, now: Millis) -> bool {
        let due = self.last_sent.get(&chat).is_none_or(|sent| now >= sent + SEND_INTERVAL_MS);
        if due {
            self.last_sent.insert(chat, now);
        }
        due
    }

    /// Our message went out: the next sign of writing is told at once.
    pub fn sent(&mut self, chat: ChatId) {
        self.last_sent.remove(&chat);
    }

    /// Who writes in a chat.
    pub fn users_in(&self, chat: ChatId) -> impl Iterator<Item = UserId> {
        self.others.keys().filter(move |(at, _)| *at == chat).map(|(_, user)| *user)
    }

    /// Forgets old signs and names the chats where that changes something.
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

    /// When a sign of writing is too old.
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
