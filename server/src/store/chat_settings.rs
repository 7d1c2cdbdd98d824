//! What participants have set of chats for themselves, as it is stored.

use causerie_protocol::{ChatId, ChatSettings, UserId};

/// The settings of one participant of one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSettings {
    pub user: UserId,
    pub chat: ChatId,
    pub settings: ChatSettings,
}

impl StoredSettings {
    /// Where it stands in the order of [`Store::settings_after`](super::Store::settings_after).
    #[must_use]
    pub fn place(&self) -> (i64, ChatId, UserId) {
        (self.settings.version, self.chat, self.user)
    }
}
