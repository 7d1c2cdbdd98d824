//! What a bus between nodes needs of the hub: which chats are followed here, and a way to reveal what the bus lost.

use std::sync::atomic::Ordering;

use causerie_protocol::{ChatId, Seq, TokenId};
use tokio::sync::mpsc;

use super::Hub;

impl Hub {
    /// From now on tells of each chat that somebody starts to follow and nobody did before. One watcher; a second call changes nothing.
    ///
    /// That nobody follows a chat any more is not told: [`Hub::is_followed`] and [`Hub::followed`] say so.
    #[must_use]
    pub fn watch_rooms(&self) -> mpsc::UnboundedReceiver<ChatId> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ = self.0.opened.set(sender);
        receiver
    }

    /// Whether somebody follows this chat here.
    #[must_use]
    pub fn is_followed(&self, chat: ChatId) -> bool {
        self.rooms().contains_key(&chat)
    }

    /// The chats that somebody follows here.
    #[must_use]
    pub fn followed(&self) -> Vec<ChatId> {
        self.rooms().keys().copied().collect()
    }

    /// Makes it known that a chat's log goes up to `head`. Who was sent less reads the rest from the store. True when that is news.
    pub fn reveal(&self, chat: ChatId, head: Seq) -> bool {
        let rooms = self.rooms();
        let Some(room) = rooms.get(&chat) else { return false };
        if room.head.fetch_max(head.0, Ordering::AcqRel) >= head.0 {
            return false;
        }
        for socket in &room.sockets {
            // A ping names the heads, and a session reads what leads up to them first.
            socket.ping_now();
        }
        true
    }

    /// The sign-ins that have a socket here.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenId> {
        self.people().tokens.keys().copied().collect()
    }
}
