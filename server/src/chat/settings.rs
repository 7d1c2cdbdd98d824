//! What people have set of chats for themselves. Stored first, then told to the person's own sockets.

use causerie_protocol::{ChatId, ChatSettings, UpdateChatSettings, UserId};

use super::Chats;
use crate::bus::Envelope;
use crate::store::{Refused, StoreError};

impl Chats {
    /// Changes what a participant has set of a chat, and tells all of their sockets. Answers all that is set now.
    pub async fn set(
        &self,
        user: UserId,
        chat: ChatId,
        change: &UpdateChatSettings,
    ) -> Result<Result<ChatSettings, Refused>, StoreError> {
        let changed = self.store.change_settings(user, chat, change).await?;
        if let Ok(settings) = changed {
            self.bus.publish(vec![Envelope::settings(user, chat, settings)]).await;
        }
        Ok(changed)
    }
}
