//! What the person sets of a chat for themself: shown at once, and taken back when it does not go through.

use causerie_protocol::chat_settings::Standing;
use causerie_protocol::server_frame::SetOfChat;
use causerie_protocol::{ChatId, ChatSettings, UpdateChatSettings};
use causerie_texts::say;

use super::Client;
use crate::chat_list::{ChatEntry, Setting};
use crate::clock::Millis;
use crate::effect::{Effect, Invalidation};
use crate::input::SettingError;

impl Client {
    /// Why the person's last change of what they have set of a chat did not go through, until the next one.
    pub fn setting_refused(&self) -> Option<(ChatId, &str)> {
        self.setting_refused.as_ref().map(|(chat, why)| (*chat, why.as_str()))
    }

    /// Whether a chat is muted just now.
    pub fn is_muted(&self, entry: &ChatEntry) -> bool {
        entry.settings().is_muted(self.time())
    }

    /// Whether a chat stands among the archived ones, and not among those that disturb.
    pub fn is_archived(&self, entry: &ChatEntry) -> bool {
        entry.is_archived(self.time())
    }

    /// The unread messages of a chat that count beside its own entry: none of one that is muted or archived.
    pub fn counted(&self, entry: &ChatEntry) -> u64 {
        if self.is_muted(entry) || self.is_archived(entry) { 0 } else { entry.unread() }
    }

    pub(super) fn set(&mut self, chat: ChatId, change: UpdateChatSettings) {
        self.setting_refused = None;
        self.changed.insert(Invalidation::Chats);
        if self.connection.online().is_none() {
            return self.refuse_setting(chat, say!(NotSetOffline).to_owned());
        }
        self.push_setting(chat, change);
    }

    fn push_setting(&mut self, chat: ChatId, change: UpdateChatSettings) {
        let now = self.time();
        let ticket = self.next_ticket();
        let Some(entry) = self.chat_list.get_mut(chat) else { return };
        let at = Standing { sort_key: entry.cursor().sort_key, read_seq: entry.read(), now };
        entry.push_setting(Setting { ticket, change, at });
        self.changed.extend([Invalidation::Chats, Invalidation::Chat(chat)]);
        self.effects.push(Effect::SetChat { ticket, chat, change });
    }

    pub(super) fn on_set(&mut self, ticket: u64, chat: ChatId, answer: Result<ChatSettings, SettingError>) {
        let Some(entry) = self.chat_list.get_mut(chat) else { return };
        let Some(setting) = entry.take_setting(ticket) else { return };
        if let Ok(settings) = answer {
            entry.set_settings(settings);
        }
        self.changed.extend([Invalidation::Chats, Invalidation::Chat(chat)]);
        match answer {
            Ok(_) => {}
            Err(SettingError::Unauthorized) => self.token_refused(),
            // The person did not ask for it in words: the chat is opened again some time.
            Err(SettingError::Failed { .. }) if setting.change == UNMARK => {}
            Err(SettingError::Failed { detail }) => self.refuse_setting(chat, detail),
        }
    }

    fn refuse_setting(&mut self, chat: ChatId, why: String) {
        self.effects.push(Effect::Announce(why.clone()));
        self.setting_refused = Some((chat, why));
    }

    /// The person set it, on this or another device.
    pub(super) fn on_settings(&mut self, notice: &SetOfChat) {
        let chat = notice.chat_id;
        if self.chat_list.get_mut(chat).is_some_and(|entry| entry.set_settings(notice.settings)) {
            self.changed.extend([Invalidation::Chats, Invalidation::Chat(chat)]);
        }
    }

    /// The person opened a chat, which takes away its mark as unread; as soon as there is a connection.
    pub(super) fn unmark_opened(&mut self) {
        if self.connection.online().is_none() {
            return;
        }
        let Some(chat) = self.to_unmark.take() else { return };
        if self.chat_list.get(chat).is_some_and(ChatEntry::is_marked_unread) {
            self.push_setting(chat, UNMARK);
        }
    }

    /// Has what is muted shown as it is once its time has come.
    pub(super) fn end_mutes(&mut self) {
        let now = self.time();
        let since = std::mem::replace(&mut self.mutes_ended, now);
        let ended = |entry: &&ChatEntry| {
            entry.settings().muted_until.is_some_and(|until| since < until && until <= now)
        };
        let ended: Vec<ChatId> = self.chat_list.entries().filter(ended).map(ChatEntry::id).collect();
        for chat in ended {
            self.changed.extend([Invalidation::Chats, Invalidation::Chat(chat)]);
        }
    }

    /// When the next mute ends.
    pub(super) fn next_end_of_mute(&self) -> Option<Millis> {
        let now = self.time();
        let ends = self.chat_list.entries().filter_map(|entry| entry.settings().muted_until);
        let next = ends.filter(|until| *until > now).min()?;
        Some(self.now.saturating_add_signed(next.saturating_sub(now)))
    }

    /// The time by the server's clock.
    fn time(&self) -> i64 {
        i64::try_from(self.clock.at(self.now)).unwrap_or(i64::MAX)
    }
}

/// What opening a chat sets.
const UNMARK: UpdateChatSettings = UpdateChatSettings {
    notify: None,
    muted_until: None,
    pinned: None,
    archived: None,
    marked_unread: Some(false),
};
