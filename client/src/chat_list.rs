//! The list of chats, the one with the newest message first.

use causerie_protocol::chat_settings::Standing;
use causerie_protocol::event::{ChatChanged, Deleted, Edited, Event, Membership, RoleChanged};
use causerie_protocol::rest::{Chat, ChatCursor, ChatKind, ChatRole, ChatStatus, Participant};
use causerie_protocol::{ChatId, ChatSettings, Message, MessageId, Seq, UpdateChatSettings, User, UserId};
use causerie_texts::say;

use crate::names::{Fold, Name, People};
use crate::sorted::SortedMap;
use crate::unread::Unread;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatEntry {
    /// The chat, updated by events; its `head`, `unread`, `read_seq` and `updated_at` are those of the last response.
    pub chat: Chat,
    /// Why the user has lost access to this chat, if so.
    pub lost: Option<String>,
    me: UserId,
    unread: Unread,
    /// What the person set and the server has not answered, in order.
    setting: Vec<Setting>,
    /// The position of the last event about what is pinned: what was made before it tells nothing of that.
    pins_at: Seq,
}

/// A change of what the person has set of a chat, on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) ticket: u64,
    pub(crate) change: UpdateChatSettings,
    /// Where the chat stood when the person made it.
    pub(crate) at: Standing,
}

impl ChatEntry {
    fn new(chat: Chat, me: UserId) -> Self {
        let mut unread = Unread::default();
        unread.counted(chat.head, chat.unread, chat.read_seq);
        Self { chat, lost: None, me, unread, setting: Vec::new(), pins_at: Seq::ZERO }
    }

    pub fn id(&self) -> ChatId {
        self.chat.id
    }

    /// The participants other than the user.
    pub fn others(&self) -> impl Iterator<Item = &Participant> {
        self.chat.participants.iter().filter(|participant| participant.user.id != self.me)
    }

    /// The other user of a direct chat.
    pub fn other(&self) -> Option<&User> {
        self.others().next().filter(|_| self.is_direct()).map(|other| &other.user)
    }

    /// The chat's title, or the names of the other participants.
    pub fn title(&self) -> Name {
        if let Some(title) = &self.chat.title {
            return Name::new(title);
        }
        let mut names: Vec<Name> = self.others().map(|other| Name::of(&other.user)).collect();
        if self.is_partial() {
            names.push(Name::new("…"));
        }
        if names.is_empty() { Name::new(say!(OnlyYou)) } else { Name::list(&names) }
    }

    /// What the user may do here, as far as it is a group.
    pub fn role(&self) -> ChatRole {
        self.role_of(self.me)
    }

    fn role_of(&self, user: UserId) -> ChatRole {
        self.participant(user).map(|one| one.role).unwrap_or_default()
    }

    /// Whether the last response named only some of the participants.
    pub fn is_partial(&self) -> bool {
        is_partial(&self.chat)
    }

    /// The sort key of the list, the greatest first.
    pub fn cursor(&self) -> ChatCursor {
        let newest = self.chat.last_message.as_ref().map(|last| last.id);
        // A server of an older version sends no key.
        let sort_key = self.chat.sort_key.max(newest).unwrap_or(MessageId(0));
        ChatCursor { sort_key, id: self.chat.id }
    }

    /// The names of the participants, and of the sender of the last message, who may have left.
    pub fn people(&self, fold: Fold<'_>) -> People {
        let last = self.chat.last_message.iter().map(|message| &message.sender);
        let known = self.chat.participants.iter().map(|one| &one.user);
        People::new(known.chain(last), fold).whole_unless(self.knows_all_participants())
    }

    /// Whether all participants are known: the list of chats names some of many.
    pub fn knows_all_participants(&self) -> bool {
        self.chat.participant_count <= self.chat.participants.len() as u64
    }

    /// Whether another participant is online.
    pub fn online(&self) -> bool {
        self.others().any(|other| other.online)
    }

    /// Messages of others that the user has not read; [`causerie_protocol::limits::UNREAD`] means that many or more.
    ///
    /// A request has none: it does not disturb.
    pub fn unread(&self) -> u64 {
        if self.is_request() { 0 } else { self.unread.count() }
    }

    /// Whether the chat is a request to the user that is not accepted.
    pub fn is_request(&self) -> bool {
        self.chat.requested_by.is_some_and(|by| by != self.me)
    }

    /// Whether the user asked for this chat, and the other one has not accepted it.
    pub fn is_asked(&self) -> bool {
        self.chat.requested_by == Some(self.me)
    }

    /// What the person has set of the chat, with what is on its way to the server.
    pub fn settings(&self) -> ChatSettings {
        let mut settings = self.chat.settings;
        for setting in &self.setting {
            settings.change(&setting.change, setting.at);
        }
        settings
    }

    /// Whether the chat is archived at this time, by the server's clock.
    pub(crate) fn is_archived(&self, now: i64) -> bool {
        self.settings().is_archived(self.cursor().sort_key, now)
    }

    /// Whether the person marked the chat as unread, and has not read further since.
    pub fn is_marked_unread(&self) -> bool {
        self.settings().is_marked_unread(self.read())
    }

    pub(crate) fn push_setting(&mut self, setting: Setting) {
        self.setting.push(setting);
    }

    /// Takes out a change that was answered.
    pub(crate) fn take_setting(&mut self, ticket: u64) -> Option<Setting> {
        let at = self.setting.iter().position(|setting| setting.ticket == ticket)?;
        Some(self.setting.remove(at))
    }

    /// Takes what is set as the server has it, unless something newer is known; returns whether it changed.
    pub(crate) fn set_settings(&mut self, settings: ChatSettings) -> bool {
        let is_news = settings.version > self.chat.settings.version;
        if is_news {
            self.chat.settings = settings;
        }
        is_news
    }

    /// What the next response says counts, whatever its version: the person may have left and joined again meanwhile.
    pub(crate) fn restart_settings(&mut self) {
        self.chat.settings.version = 0;
    }

    /// How far the user has read, here or on another device.
    pub fn read(&self) -> Seq {
        self.unread.read()
    }

    /// The newest message that is not deleted.
    pub fn last_message(&self) -> Option<&Message> {
        self.chat.last_message.as_ref()
    }

    pub fn is_writable(&self) -> bool {
        self.chat.status == ChatStatus::Active && self.lost.is_none()
    }

    pub fn is_direct(&self) -> bool {
        self.chat.kind == ChatKind::Direct
    }

    /// The position up to which all other participants have read; zero without others, or while not all are known.
    pub fn read_by_all(&self) -> Seq {
        if self.is_partial() {
            return Seq::ZERO;
        }
        self.others().map(|other| other.read_seq).min().unwrap_or_default()
    }

    pub fn participant(&self, user: UserId) -> Option<&Participant> {
        self.chat.participants.iter().find(|participant| participant.user.id == user)
    }

    pub fn unread_mut(&mut self) -> &mut Unread {
        &mut self.unread
    }

    /// Merges another response about this chat; `stream` is the position up to which events were applied.
    ///
    /// What the stream changed after the response was made stays, and with `keep_people` the known participants stay
    /// too.
    pub fn refresh(&mut self, mut chat: Chat, stream: Seq, keep_people: bool) {
        let is_same_log = chat.epoch == self.chat.epoch;
        if !is_same_log {
            self.pins_at = Seq::ZERO;
            self.unread.restart(Seq::ZERO, true);
        }
        self.unread.counted(chat.head, chat.unread, chat.read_seq);
        let was_lost = self.lost.take().is_some();
        if is_same_log && !was_lost && chat.settings.version < self.chat.settings.version {
            chat.settings = self.chat.settings;
        }
        for participant in chat.participants.iter_mut().filter(|_| is_same_log) {
            let id = participant.user.id;
            if let Some(known) = self.chat.participants.iter_mut().find(|known| known.user.id == id) {
                // Read positions are not in the stream: either side may have the newer one, whichever list is kept.
                known.read_seq = known.read_seq.max(participant.read_seq);
                participant.read_seq = known.read_seq;
            }
        }
        if is_same_log {
            if chat.head < self.pins_at {
                chat.pinned = std::mem::take(&mut self.chat.pinned);
            }
            // The sort key only grows.
            chat.sort_key = chat.sort_key.max(self.chat.sort_key);
            let is_late = chat.head < stream;
            if is_late {
                chat.title = self.chat.title.take();
                chat.status = self.chat.status;
                chat.hides_past = self.chat.hides_past;
                chat.requested_by = self.chat.requested_by;
                chat.last_message = self.chat.last_message.take();
                chat.participant_count = self.chat.participant_count;
            }
            if is_late || keep_people {
                chat.participants = std::mem::take(&mut self.chat.participants);
            }
        }
        self.chat = chat;
    }

    pub fn message(&mut self, message: &Message) {
        self.chat.sort_key = self.chat.sort_key.max(Some(message.id));
        if message.deleted_at.is_some() {
            return;
        }
        if self.chat.last_message.as_ref().is_none_or(|last| last.seq <= message.seq) {
            self.chat.last_message = Some(message.clone());
        }
        if message.sender.id != self.me {
            self.unread.message(message.seq, message.id);
        }
    }

    /// Notes that a message of this person accepts the chat, if they were asked for it; returns whether it did.
    pub fn accepted_by(&mut self, sender: UserId) -> bool {
        self.chat.requested_by.take_if(|asked_by| *asked_by != sender).is_some()
    }

    pub fn edited(&mut self, edited: &Edited) {
        if let Some(last) = self.chat.last_message.as_mut().filter(|last| last.id == edited.id) {
            last.content.clone_from(&edited.content);
            last.spans.clone_from(&edited.spans);
            last.plain = edited.plain;
            last.edited_at = Some(edited.edited_at.clone());
        }
    }

    /// What is pinned is another since this event.
    pub fn pins_changed(&mut self, at: Seq) {
        self.pins_at = at;
    }

    /// Applies an edit or a deletion to what is pinned.
    pub fn change_pinned(&mut self, event: &Event) {
        for original in &mut self.chat.pinned {
            if original.apply(event) {
                self.pins_at = event.seq();
            }
        }
        self.chat.pinned.retain(|original| !original.deleted);
    }

    /// Whether the user may pin messages in it: in a group, its moderators.
    pub fn may_pin(&self) -> bool {
        self.is_writable()
            && self.chat.requested_by.is_none()
            && (self.is_direct() || self.role() >= ChatRole::Moderator)
    }

    /// Returns whether the deleted message was the last one, so that another must be found.
    pub fn deleted(&mut self, event: &Deleted, known: Option<&Message>) -> bool {
        let message = known.map(|message| (message.seq, message.sender.id != self.me));
        self.unread.deleted(event.seq, event.id, message);
        self.chat.last_message.as_ref().is_some_and(|last| last.id == event.id)
    }

    pub fn joined(&mut self, event: &Membership) {
        if event.user.id == self.me && event.seq > self.chat.head {
            // What was set before went with the leaving.
            self.chat.settings = ChatSettings::default();
        }
        if self.participant(event.user.id).is_none() {
            self.count_people(event.seq, 1);
            let user = event.user.clone();
            // As on the server, everything before the joining counts as read.
            let read_seq = Seq(event.seq.0.saturating_sub(1));
            self.chat.participants.push(Participant {
                user,
                read_seq,
                online: false,
                role: ChatRole::Member,
                blocked: false,
            });
            crate::sorted::sort_by(&mut self.chat.participants, |a, b| a.user.id.cmp(&b.user.id));
        }
    }

    /// Returns whether the group may have another owner now, whom only the server can name.
    pub fn left(&mut self, event: &Membership) -> bool {
        let was_owner = self.role_of(event.user.id) == ChatRole::Owner;
        self.count_people(event.seq, -1);
        self.chat.participants.retain(|participant| participant.user.id != event.user.id);
        was_owner
    }

    pub fn role_changed(&mut self, event: &RoleChanged) {
        let id = event.user.id;
        if let Some(one) = self.chat.participants.iter_mut().find(|one| one.user.id == id) {
            one.role = event.role;
        }
    }

    pub fn changed(&mut self, event: &ChatChanged) {
        self.chat.title.clone_from(&event.title);
        self.chat.status = event.status;
        self.chat.hides_past = event.hides_past;
        if event.accepted {
            self.chat.requested_by = None;
        }
    }

    /// Moves a read position forward, while events were applied up to `stream`; returns whether it changed.
    pub fn advance_read(&mut self, user: UserId, seq: Seq, stream: Seq) -> bool {
        let mut news = user == self.me && self.unread.read_up_to(seq, stream);
        if let Some(at) = self.chat.participants.iter_mut().find(|one| one.user.id == user)
            && seq > at.read_seq
        {
            at.read_seq = seq;
            news = true;
        }
        news
    }

    /// The last response already counted changes up to its head.
    fn count_people(&mut self, seq: Seq, change: i64) {
        if seq > self.chat.head {
            self.chat.participant_count = self.chat.participant_count.saturating_add_signed(change);
        }
    }
}

/// Whether a response names only some of the participants.
pub(crate) fn is_partial(chat: &Chat) -> bool {
    chat.participants.len() < usize::try_from(chat.participant_count).unwrap_or(usize::MAX)
}

#[derive(Debug, Default)]
pub struct ChatList {
    entries: SortedMap<ChatId, ChatEntry>,
}

impl ChatList {
    /// All entries, by their ids.
    pub fn entries(&self) -> impl Iterator<Item = &ChatEntry> {
        self.entries.values()
    }

    pub fn newest_first(&self) -> Vec<&ChatEntry> {
        let mut entries: Vec<&ChatEntry> = self.entries.values().collect();
        crate::sorted::sort_by(&mut entries, |a, b| b.cursor().cmp(&a.cursor()));
        entries
    }

    /// As [`ChatList::newest_first`], with the pinned ones before, in the order in which they were pinned.
    pub fn pinned_first(&self) -> Vec<&ChatEntry> {
        let mut entries = self.newest_first();
        let place = |entry: &ChatEntry| entry.settings().pinned_at.unwrap_or(i64::MAX);
        crate::sorted::sort_by(&mut entries, |a, b| place(a).cmp(&place(b)));
        entries
    }

    /// Forgets what is on its way to the server, whose answers are ignored.
    pub fn restart_settings(&mut self) {
        for entry in self.entries.values_mut() {
            entry.setting.clear();
        }
    }

    pub fn get(&self, chat: ChatId) -> Option<&ChatEntry> {
        self.entries.get(&chat)
    }

    pub fn get_mut(&mut self, chat: ChatId) -> Option<&mut ChatEntry> {
        self.entries.get_mut(&chat)
    }

    pub fn ids(&self) -> Vec<ChatId> {
        self.entries.keys().copied().collect()
    }

    /// Takes a response about a chat, for a known chat as [`ChatEntry::refresh`]; returns whether the chat is new.
    pub fn upsert(&mut self, chat: Chat, me: UserId, stream: Seq, keep_people: bool) -> bool {
        if let Some(entry) = self.entries.get_mut(&chat.id) {
            entry.refresh(chat, stream, keep_people);
            return false;
        }
        self.entries.insert(chat.id, ChatEntry::new(chat, me));
        true
    }

    pub fn remove(&mut self, chat: ChatId) -> bool {
        self.entries.remove(&chat).is_some()
    }

    /// A user went online or offline; returns the chats that changed.
    pub fn set_presence(&mut self, user: UserId, online: bool) -> Vec<ChatId> {
        let mut changed = Vec::new();
        for entry in self.entries.values_mut() {
            if let Some(at) = entry.chat.participants.iter_mut().find(|one| one.user.id == user)
                && at.online != online
            {
                at.online = online;
                changed.push(entry.chat.id);
            }
        }
        changed
    }

    /// Notes whom the user has blocked.
    pub fn set_blocked(&mut self, blocked: &[UserId]) {
        for entry in self.entries.values_mut() {
            for one in &mut entry.chat.participants {
                one.blocked = blocked.contains(&one.user.id);
            }
        }
    }

    /// The chats whose count of unread messages only the server can give.
    pub fn unsure(&self) -> impl Iterator<Item = ChatId> {
        self.entries.values().filter(|entry| entry.unread.is_unsure()).map(|entry| entry.chat.id)
    }

    pub fn participant(&self, chat: ChatId, user: UserId) -> Option<&User> {
        Some(&self.get(chat)?.participant(user)?.user)
    }
}

#[cfg(test)]
#[path = "chat_list_tests.rs"]
mod tests;
