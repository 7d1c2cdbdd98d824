//! The list of chats: titles, last lines, counts, who is there, newest first.

use causerie_protocol::event::{ChatChanged, Deleted, Membership};
use causerie_protocol::rest::{Chat, ChatCursor, ChatKind, ChatStatus, Participant};
use causerie_protocol::{ChatId, Message, MessageId, Seq, Timestamp, User, UserId};
use causerie_texts::say;

use crate::names::{Fold, Name, People};
use crate::sorted::SortedMap;
use crate::unread::Unread;

/// A chat as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatEntry {
    /// The chat, kept up with the events; `head`, `unread`, `read_seq` and `updated_at` in it are the server's of the last
    /// load.
    pub chat: Chat,
    /// Why the person can't follow this chat any more, if so.
    pub lost: Option<String>,
    me: UserId,
    unread: Unread,
}

impl ChatEntry {
    fn new(chat: Chat, me: UserId) -> Self {
        let mut unread = Unread::default();
        unread.counted(chat.head, chat.unread, chat.read_seq);
        Self { chat, lost: None, me, unread }
    }

    /// The chat's id.
    pub fn id(&self) -> ChatId {
        self.chat.id
    }

    /// Everybody else in it.
    pub fn others(&self) -> impl Iterator<Item = &Participant> {
        self.chat.participants.iter().filter(|participant| participant.user.id != self.me)
    }

    /// The other person of a direct chat.
    pub fn other(&self) -> Option<&User> {
        self.others().next().filter(|_| self.is_direct()).map(|other| &other.user)
    }

    /// What to call the chat: its title, or the names of the others.
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

    /// Whether there are more people in it than the last answer named.
    pub fn is_partial(&self) -> bool {
        is_partial(&self.chat)
    }

    /// Where it stands in the list, the greatest first.
    pub fn cursor(&self) -> ChatCursor {
        let newest = self.chat.last_message.as_ref().map(|last| last.id);
        // A server of an older version tells no key.
        let sort_key = self.chat.sort_key.max(newest).unwrap_or(MessageId(0));
        ChatCursor { sort_key, id: self.chat.id }
    }

    /// What its people are called: also who is not in it any more, and wrote the last message.
    pub fn people(&self, fold: Fold<'_>) -> People {
        let last = self.chat.last_message.iter().map(|message| &message.sender);
        let known = self.chat.participants.iter().map(|one| &one.user);
        People::new(known.chain(last), fold).whole_unless(self.knows_everybody())
    }

    /// Whether everybody in it is known: the list of chats names some of many.
    pub fn knows_everybody(&self) -> bool {
        self.chat.participant_count <= self.chat.participants.len() as u64
    }

    /// Whether anybody else in it has a socket open.
    pub fn online(&self) -> bool {
        self.others().any(|other| other.online)
    }

    /// Messages of others that the person has not read; [`causerie_protocol::limits::UNREAD`] means that many or more.
    pub fn unread(&self) -> u64 {
        self.unread.count()
    }

    /// How far the person has read, here or elsewhere.
    pub fn read(&self) -> Seq {
        self.unread.read()
    }

    /// The newest message that is not deleted.
    pub fn last_message(&self) -> Option<&Message> {
        self.chat.last_message.as_ref()
    }

    /// Whether messages can be sent here.
    pub fn is_writable(&self) -> bool {
        self.chat.status == ChatStatus::Active && self.lost.is_none()
    }

    /// Whether it is a direct chat.
    pub fn is_direct(&self) -> bool {
        self.chat.kind == ChatKind::Direct
    }

    /// The position up to which everybody else has read; nothing in a chat without others, or while not all are known.
    pub fn read_by_all(&self) -> Seq {
        if self.is_partial() {
            return Seq::ZERO;
        }
        self.others().map(|other| other.read_seq).min().unwrap_or_default()
    }

    /// The participant with this id.
    pub fn participant(&self, user: UserId) -> Option<&Participant> {
        self.chat.participants.iter().find(|participant| participant.user.id == user)
    }

    /// The counts of unread messages.
    pub fn unread_mut(&mut self) -> &mut Unread {
        &mut self.unread
    }

    /// A newer answer of the server about this chat; `stream` is the position up to which events were applied.
    ///
    /// What the stream told later than the answer stays, and with `keep_people` who is known to be in the chat.
    pub fn refresh(&mut self, mut chat: Chat, stream: Seq, keep_people: bool) {
        let is_same_log = chat.epoch == self.chat.epoch;
        if !is_same_log {
            self.unread.restart(Seq::ZERO, true);
        }
        self.unread.counted(chat.head, chat.unread, chat.read_seq);
        self.lost = None;
        for participant in chat.participants.iter_mut().filter(|_| is_same_log) {
            let id = participant.user.id;
            if let Some(known) = self.chat.participants.iter_mut().find(|known| known.user.id == id) {
                // Read positions are not in the stream: either side may know the newer one, whichever list is kept.
                known.read_seq = known.read_seq.max(participant.read_seq);
                participant.read_seq = known.read_seq;
            }
        }
        if is_same_log {
            // It only grows.
            chat.sort_key = chat.sort_key.max(self.chat.sort_key);
            let is_late = chat.head < stream;
            if is_late {
                chat.title = self.chat.title.take();
                chat.status = self.chat.status;
                chat.last_message = self.chat.last_message.take();
                chat.participant_count = self.chat.participant_count;
            }
            if is_late || keep_people {
                chat.participants = std::mem::take(&mut self.chat.participants);
            }
        }
        self.chat = chat;
    }

    /// A new message in its place of the log.
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

    /// A message got another text.
    pub fn edited(&mut self, id: MessageId, content: &str, at: &Timestamp) {
        if let Some(last) = self.chat.last_message.as_mut().filter(|last| last.id == id) {
            content.clone_into(&mut last.content);
            last.edited_at = Some(at.clone());
        }
    }

    /// A message is gone; whether it was the last line, so that another one must be found.
    pub fn deleted(&mut self, event: &Deleted, known: Option<&Message>) -> bool {
        let message = known.map(|message| (message.seq, message.sender.id != self.me));
        self.unread.deleted(event.seq, event.id, message);
        self.chat.last_message.as_ref().is_some_and(|last| last.id == event.id)
    }

    /// Somebody was added.
    pub fn joined(&mut self, event: &Membership) {
        if self.participant(event.user.id).is_none() {
            self.count_people(event.seq, 1);
            let user = event.user.clone();
            // As the server has it: everything before the joining counts as read.
            let read_seq = Seq(event.seq.0.saturating_sub(1));
            self.chat.participants.push(Participant { user, read_seq, online: false });
            crate::sorted::sort_by(&mut self.chat.participants, |a, b| a.user.id.cmp(&b.user.id));
        }
    }

    /// Somebody left.
    pub fn left(&mut self, event: &Membership) {
        self.count_people(event.seq, -1);
        self.chat.participants.retain(|participant| participant.user.id != event.user.id);
    }

    /// Title or status are others now.
    pub fn changed(&mut self, event: &ChatChanged) {
        self.chat.title.clone_from(&event.title);
        self.chat.status = event.status;
    }

    /// Somebody read up to a position, while events were applied up to `stream`; whether that is news.
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

    /// The answer counted those who came or left before it was made.
    fn count_people(&mut self, seq: Seq, change: i64) {
        if seq > self.chat.head {
            self.chat.participant_count = self.chat.participant_count.saturating_add_signed(change);
        }
    }
}

/// Whether a chat has more people than it names.
pub(crate) fn is_partial(chat: &Chat) -> bool {
    chat.participants.len() < usize::try_from(chat.participant_count).unwrap_or(usize::MAX)
}

/// All chats of the person.
#[derive(Debug, Default)]
pub struct ChatList {
    entries: SortedMap<ChatId, ChatEntry>,
}

impl ChatList {
    /// All entries, by their ids.
    pub fn entries(&self) -> impl Iterator<Item = &ChatEntry> {
        self.entries.values()
    }

    /// All entries, the one with the newest message first.
    pub fn newest_first(&self) -> Vec<&ChatEntry> {
        let mut entries: Vec<&ChatEntry> = self.entries.values().collect();
        crate::sorted::sort_by(&mut entries, |a, b| b.cursor().cmp(&a.cursor()));
        entries
    }

    /// The entry of a chat.
    pub fn get(&self, chat: ChatId) -> Option<&ChatEntry> {
        self.entries.get(&chat)
    }

    /// The entry of a chat, to change it.
    pub fn get_mut(&mut self, chat: ChatId) -> Option<&mut ChatEntry> {
        self.entries.get_mut(&chat)
    }

    /// The ids of all chats.
    pub fn ids(&self) -> Vec<ChatId> {
        self.entries.keys().copied().collect()
    }

    /// Takes the server's answer about a chat as [`ChatEntry::refresh`]; whether the chat is new here.
    pub fn upsert(&mut self, chat: Chat, me: UserId, stream: Seq, keep_people: bool) -> bool {
        if let Some(entry) = self.entries.get_mut(&chat.id) {
            entry.refresh(chat, stream, keep_people);
            return false;
        }
        self.entries.insert(chat.id, ChatEntry::new(chat, me));
        true
    }

    /// A chat is gone.
    pub fn remove(&mut self, chat: ChatId) -> bool {
        self.entries.remove(&chat).is_some()
    }

    /// Somebody came or went; the chats where that shows.
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

    /// The chats whose count of unread messages is one that only the server can tell.
    pub fn unsure(&self) -> impl Iterator<Item = ChatId> {
        self.entries.values().filter(|entry| entry.unread.is_unsure()).map(|entry| entry.chat.id)
    }

    /// Somebody who is in one of the chats.
    pub fn participant(&self, chat: ChatId, user: UserId) -> Option<&User> {
        Some(&self.get(chat)?.participant(user)?.user)
    }
}

#[cfg(test)]
#[path = "chat_list_tests.rs"]
mod tests;
