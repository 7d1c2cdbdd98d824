//! What a participant has set of a chat for themself, which nobody else sees.

use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::{MessageId, Seq};
use crate::read::read_fields;

/// Of which messages of a chat a participant wants to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// Of all.
    #[default]
    All,
    /// Of those that mention the participant.
    Mentions,
    /// Of none.
    Nothing,
}

impl Notify {
    /// Every value, from the loudest to the quietest.
    pub const ALL: [Self; 3] = [Self::All, Self::Mentions, Self::Nothing];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::Nothing => "nothing",
        }
    }

    /// The value of a name, if this version knows it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notify| notify.as_str() == name)
    }

    fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// A value that this version does not know reads as [`Notify::All`], so that nothing is missed.
impl<'de> Deserialize<'de> for Notify {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_name(&String::deserialize(deserializer)?).unwrap_or_default())
    }
}

/// A participant's own settings of a chat; times are in milliseconds since 1970, by the server's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChatSettings {
    /// Grows with every change; of two, the one with the greater version is newer. 0 while nothing was ever set.
    pub version: i64,
    /// Of which messages the participant wants to be told.
    #[serde(skip_serializing_if = "Notify::is_all")]
    pub notify: Notify,
    /// When `notify` ends and is [`Notify::All`] again; without it, never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<i64>,
    /// Since when the chat stands on top of the list, where the first that was pinned comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<i64>,
    /// The chat's `sort_key` when it was archived, see [`ChatSettings::is_archived`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<MessageId>,
    /// Up to where the participant had read when they marked the chat as unread; reading further takes the mark away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_unread: Option<Seq>,
}

read_fields! {
    ChatSettings {
        "version" => version: required,
        "notify" => notify: optional,
        "muted_until" => muted_until: optional,
        "pinned_at" => pinned_at: optional,
        "archived_at" => archived_at: optional,
        "marked_unread" => marked_unread: optional,
    }
}

/// Where a chat stands at the moment when its settings are read or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The chat's [`sort_key`](crate::rest::Chat::sort_key).
    pub sort_key: MessageId,
    /// Up to where the participant has read.
    pub read_seq: Seq,
    /// The time, in milliseconds since 1970.
    pub now: i64,
}

impl ChatSettings {
    /// Whether nothing was ever set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the participant is not to be told of every message.
    #[must_use]
    pub fn is_muted(&self, now: i64) -> bool {
        self.notify != Notify::All && self.muted_until.is_none_or(|until| until > now)
    }

    /// Whether the chat is archived: until it gets a message, and while it is muted, longer.
    #[must_use]
    pub fn is_archived(&self, sort_key: MessageId, now: i64) -> bool {
        self.archived_at.is_some_and(|at| sort_key <= at || self.is_muted(now))
    }

    /// Whether the participant marked the chat as unread and has not read further since.
    #[must_use]
    pub fn is_marked_unread(&self, read_seq: Seq) -> bool {
        self.marked_unread.is_some_and(|at| read_seq <= at)
    }

    /// Makes a change; the version stays. An archived chat is not pinned, and what has come back is not archived by being
    /// muted.
    pub fn change(&mut self, change: &UpdateChatSettings, at: Standing) {
        if !self.is_archived(at.sort_key, at.now) {
            self.archived_at = None;
        }
        if let Some(notify) = change.notify {
            self.notify = notify;
            self.muted_until = change.muted_until.filter(|_| notify != Notify::All);
        }
        match change.pinned {
            Some(true) => {
                self.pinned_at = self.pinned_at.or(Some(at.now));
                self.archived_at = None;
            }
            Some(false) => self.pinned_at = None,
            None => {}
        }
        match change.archived {
            Some(true) => {
                self.archived_at = Some(at.sort_key);
                self.pinned_at = None;
            }
            Some(false) => self.archived_at = None,
            None => {}
        }
        if let Some(marked) = change.marked_unread {
            self.marked_unread = marked.then_some(at.read_seq);
        }
    }
}

/// `PATCH /api/chats/{id}/settings/`; a field that is missing stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateChatSettings {
    /// Of which messages the caller wants to be told from now on.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    pub notify: Option<Notify>,
    /// When that ends, in milliseconds since 1970; only together with `notify`, and without it, never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<i64>,
    /// Whether the chat stands on top of the list; an archived one comes back for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Whether the chat is archived; a pinned one is not pinned any more then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Whether the chat is shown as unread until it is read or opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked_unread: Option<bool>,
}

/// Unlike what is read, what is asked for must be known.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Notify>, D::Error> {
    let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    match Notify::from_name(&name) {
        Some(notify) => Ok(Some(notify)),
        None => Err(serde::de::Error::unknown_variant(&name, &["all", "mentions", "nothing"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sort_key: i64, now: i64) -> Standing {
        Standing { sort_key: MessageId(sort_key), read_seq: Seq(4), now }
    }

    fn changed(mut settings: ChatSettings, change: UpdateChatSettings, at: Standing) -> ChatSettings {
        settings.change(&change, at);
        settings
    }

    const NONE: UpdateChatSettings = UpdateChatSettings {
        notify: None,
        muted_until: None,
        pinned: None,
        archived: None,
        marked_unread: None,
    };
    const ARCHIVE: UpdateChatSettings = UpdateChatSettings { archived: Some(true), ..NONE };
    const PIN: UpdateChatSettings = UpdateChatSettings { pinned: Some(true), ..NONE };
    const MUTE: UpdateChatSettings = UpdateChatSettings { notify: Some(Notify::Nothing), ..NONE };

    #[test]
    fn settings_are_what_was_set_and_a_value_of_a_later_version_is_read() {
        let json = r#"{"version":5,"notify":"nothing","muted_until":9,"pinned_at":3,"archived_at":7,"marked_unread":4}"#;
        let settings = ChatSettings {
            version: 5,
            notify: Notify::Nothing,
            muted_until: Some(9),
            pinned_at: Some(3),
            archived_at: Some(MessageId(7)),
            marked_unread: Some(Seq(4)),
        };
        assert_eq!(serde_json::to_string(&settings).unwrap(), json);
        assert_eq!(serde_json::from_str::<ChatSettings>(json).unwrap(), settings);
        let later = r#"{"version":6,"notify":"replies","colour":"blue"}"#;
        let read: ChatSettings = serde_json::from_str(later).unwrap();
        assert_eq!(read, ChatSettings { version: 6, ..ChatSettings::default() });
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"version":6}"#);
    }

    #[test]
    fn a_change_names_what_is_known() {
        let change: UpdateChatSettings = serde_json::from_str(r#"{"notify":"mentions"}"#).unwrap();
        assert_eq!(change.notify, Some(Notify::Mentions));
        assert_eq!(serde_json::from_str::<UpdateChatSettings>("{}").unwrap(), NONE);
        let wrong = serde_json::from_str::<UpdateChatSettings>(r#"{"notify":"sometimes"}"#);
        assert!(wrong.unwrap_err().to_string().contains("`mentions`"));
    }

    #[test]
    fn a_mute_ends_at_its_time_and_without_one_never() {
        let for_ever = changed(ChatSettings::default(), MUTE, at(1, 10));
        assert!(for_ever.is_muted(i64::MAX));
        let an_hour = UpdateChatSettings { muted_until: Some(20), ..MUTE };
        let an_hour = changed(for_ever, an_hour, at(1, 10));
        assert!(an_hour.is_muted(19) && !an_hour.is_muted(20));
        let loud = UpdateChatSettings { notify: Some(Notify::All), muted_until: Some(30), ..NONE };
        assert_eq!(changed(an_hour, loud, at(1, 10)), ChatSettings::default());
    }

    #[test]
    fn an_archived_chat_comes_back_with_a_message_unless_it_is_muted() {
        let archived = changed(ChatSettings::default(), ARCHIVE, at(7, 10));
        assert!(archived.is_archived(MessageId(7), 10) && !archived.is_archived(MessageId(8), 10));
        let muted = changed(archived, UpdateChatSettings { muted_until: Some(20), ..MUTE }, at(7, 10));
        assert!(muted.is_archived(MessageId(8), 19) && !muted.is_archived(MessageId(8), 20));
        // What has come back is an ordinary chat: muting it does not archive it again.
        let back = changed(archived, MUTE, at(8, 10));
        assert!(!back.is_archived(MessageId(8), 10));
    }

    #[test]
    fn a_chat_is_pinned_or_archived_and_keeps_its_place_when_it_is_pinned_again() {
        let pinned = changed(ChatSettings::default(), PIN, at(7, 10));
        assert_eq!(changed(pinned, PIN, at(7, 20)).pinned_at, Some(10));
        let archived = changed(pinned, ARCHIVE, at(7, 20));
        assert_eq!((archived.pinned_at, archived.archived_at), (None, Some(MessageId(7))));
        let pinned = changed(archived, PIN, at(7, 30));
        assert_eq!((pinned.pinned_at, pinned.archived_at), (Some(30), None));
    }

    #[test]
    fn a_mark_as_unread_goes_when_more_is_read_or_it_is_taken_back() {
        let mark = |marked| UpdateChatSettings { marked_unread: Some(marked), ..NONE };
        let marked = changed(ChatSettings::default(), mark(true), at(7, 10));
        assert!(marked.is_marked_unread(Seq(4)) && !marked.is_marked_unread(Seq(5)));
        assert!(!changed(marked, mark(false), at(7, 10)).is_marked_unread(Seq(4)));
    }
}
