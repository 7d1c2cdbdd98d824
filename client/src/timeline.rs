//! The messages of one chat: a piece of the log without a gap, made of history pages and events. It reaches up to now,
//! unless the person went to an older message.

use causerie_protocol::event::{ChatChanged, Membership, Pinned, RoleChanged};
use causerie_protocol::{ChatId, ClientId, Event, Message, MessageId, Seq, UserId};

use crate::backoff::Backoff;
use crate::clock::Millis;
use crate::input::{HistoryPlace, HistoryRequest};
use crate::row::{MessageRow, Row, RowKey, RowState, RowTime, SystemEvent, SystemRow};
use crate::sorted::SortedMap;

/// How far a chat's history is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Whether the newest page is loaded.
    pub loaded: bool,
    pub loading: bool,
    /// Whether the server has older messages.
    pub has_older: bool,
    /// Whether it has newer ones, so that the rows do not reach up to now.
    pub has_newer: bool,
    /// Why the last request failed, while it is tried again.
    pub failed: Option<String>,
}

/// What the log has at one seq.
#[derive(Debug)]
enum Entry {
    Message(Message),
    Joined(Membership),
    Left(Membership),
    Changed(ChatChanged),
    Role(RoleChanged),
    Pinned(Pinned),
}

/// A page that could not be loaded, and when it is requested again.
#[derive(Debug)]
struct Retry {
    place: HistoryPlace,
    at: Millis,
    detail: String,
}

/// The messages of one chat.
///
/// The events come in order and without gaps; [`crate::stream`] ensures that.
/// A history page is made some time after its request, so it may overlap with events either way:
/// a message that is here already stays as it is, since every change that it lacks is an event that is still to come.
#[derive(Debug)]
pub struct Timeline {
    chat: ChatId,
    entries: SortedMap<Seq, Entry>,
    seq_by_id: SortedMap<MessageId, Seq>,
    loaded: bool,
    has_older: bool,
    has_newer: bool,
    request: Option<HistoryRequest>,
    /// Events since a page was requested, which it may lack: edits, deletions and reactions, and of a page that may reach
    /// up to now also what was added.
    patches: Vec<Event>,
    retry: Option<Retry>,
    tries: Backoff,
}

impl Timeline {
    pub fn new(chat: ChatId) -> Self {
        Self {
            chat,
            entries: SortedMap::new(),
            seq_by_id: SortedMap::new(),
            loaded: false,
            has_older: false,
            has_newer: false,
            request: None,
            patches: Vec::new(),
            retry: None,
            tries: Backoff::default(),
        }
    }

    pub fn history(&self) -> History {
        History {
            loaded: self.loaded,
            loading: self.request.is_some(),
            has_older: self.has_older,
            has_newer: self.has_newer,
            failed: self.retry.as_ref().map(|retry| retry.detail.clone()),
        }
    }

    /// Whether a page is loaded.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    pub fn message(&self, id: MessageId) -> Option<&Message> {
        match self.entries.get(self.seq_by_id.get(&id)?)? {
            Entry::Message(message) => Some(message),
            _ => None,
        }
    }

    /// Whether the rows reach up to now, or will once a page is loaded.
    pub fn is_latest(&self) -> bool {
        !self.has_newer
            && !matches!(self.request, Some(HistoryRequest { place: HistoryPlace::Around(_), .. }))
    }

    /// Whether a position is within the rows, or behind their end, where they go on by themselves.
    pub fn holds(&self, seq: Seq) -> bool {
        self.loaded && !self.is_below(seq) && (!self.has_newer || seq <= self.newest())
    }

    /// The message at a position.
    pub fn message_at(&self, seq: Seq) -> Option<&Message> {
        match self.entries.get(&seq)? {
            Entry::Message(message) => Some(message),
            _ => None,
        }
    }

    /// The newest message that is not deleted, if it is loaded.
    pub fn last_message(&self) -> Option<&Message> {
        if self.has_newer {
            return None;
        }
        self.messages().rev().find(|message| message.deleted_at.is_none())
    }

    /// The loaded messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            _ => None,
        })
    }

    /// The greatest seq that is loaded; a page may be ahead of the events.
    pub fn newest(&self) -> Seq {
        self.entries.last_key_value().map_or(Seq::ZERO, |(seq, _)| *seq)
    }

    /// Applies the next event of the stream; returns whether the rows changed.
    pub fn apply(&mut self, event: Event) -> bool {
        if !self.loaded && self.request.is_none() {
            return false;
        }
        if let Event::Edited(_) | Event::Deleted(_) | Event::Reacted(_) = event {
            let changed = self.change(&event);
            if self.request.is_some() {
                self.patches.push(event);
            }
            return changed;
        }
        if self.has_newer {
            // It stands behind a gap, until the page that is on its way reaches it.
            if let Some(HistoryRequest { place: HistoryPlace::After(_), .. }) = self.request {
                self.patches.push(event);
            }
            return false;
        }
        self.add(event)
    }

    /// Adds what has a place of its own.
    fn add(&mut self, event: Event) -> bool {
        match event {
            Event::Message(message) => self.insert(message),
            Event::Joined(data) => self.insert_line(data.seq, Entry::Joined(data)),
            Event::Left(data) => self.insert_line(data.seq, Entry::Left(data)),
            Event::ChatChanged(data) => self.insert_line(data.seq, Entry::Changed(data)),
            Event::RoleChanged(data) => self.insert_line(data.seq, Entry::Role(data)),
            Event::Pinned(data) if data.on => self.insert_line(data.seq, Entry::Pinned(data)),
            Event::Edited(_)
            | Event::Deleted(_)
            | Event::Reacted(_)
            | Event::Pinned(_)
            | Event::Unknown { .. } => false,
        }
    }

    /// The request for the newest page, or the one around a position, unless a page is loaded or on its way.
    pub fn load(&mut self, around: Option<Seq>, ticket: u64) -> Option<HistoryRequest> {
        if self.loaded {
            return None;
        }
        self.request(around.map_or(HistoryPlace::Newest, HistoryPlace::Around), ticket)
    }

    /// The request for the page before the oldest message, unless there is none or it is on its way.
    pub fn load_older(&mut self, ticket: u64) -> Option<HistoryRequest> {
        if !self.loaded || !self.has_older {
            return None;
        }
        let before = self.messages().next()?.id;
        self.request(HistoryPlace::Before(before), ticket)
    }

    /// The request for the page after the newest message, unless the rows reach up to now or it is on its way.
    pub fn load_newer(&mut self, ticket: u64) -> Option<HistoryRequest> {
        if !self.loaded || !self.has_newer {
            return None;
        }
        self.request(HistoryPlace::After(self.newest()), ticket)
    }

    /// A page came; returns false when it answers no current request.
    pub fn page(
        &mut self,
        request: HistoryRequest,
        messages: Vec<Message>,
        has_older: bool,
        has_newer: bool,
    ) -> bool {
        if self.request != Some(request) {
            return false;
        }
        self.request = None;
        self.retry = None;
        self.tries.reset();
        let seqs = || messages.iter().map(|message| message.seq);
        let (floor, ceiling) = (seqs().min(), seqs().max());
        for message in messages {
            self.insert_at_place(message);
        }
        match request.place {
            HistoryPlace::Before(_) => self.has_older = has_older,
            HistoryPlace::After(_) => self.has_newer = has_newer,
            HistoryPlace::Newest | HistoryPlace::Around(_) => {
                self.loaded = true;
                self.has_older = has_older;
                self.has_newer = has_newer && request.place != HistoryPlace::Newest;
                // Events beyond the page's first and last message would leave a gap; they come again with other pages.
                if let Some(floor) = floor.filter(|_| has_older) {
                    self.cut_below(floor);
                }
                if let Some(ceiling) = ceiling.filter(|_| self.has_newer) {
                    self.entries.remove_above(&ceiling);
                    self.seq_by_id.retain(|_, seq| *seq <= ceiling);
                }
            }
        }
        for patch in std::mem::take(&mut self.patches) {
            if !self.change(&patch) && !self.has_newer {
                self.add(patch);
            }
        }
        true
    }

    /// A request failed; returns false when it is not the current one.
    pub fn page_failed(&mut self, request: HistoryRequest, detail: String, now: Millis, random: f64) -> bool {
        if self.request != Some(request) {
            return false;
        }
        self.request = None;
        self.patches.clear();
        if !self.loaded {
            // Events that came meanwhile are older than the next request and so part of its page.
            self.entries.clear();
            self.seq_by_id.clear();
        }
        self.retry = Some(Retry { place: request.place, at: now + self.tries.fail(random).max(1), detail });
        true
    }

    /// When the failed page is to be requested again.
    pub fn retry_at(&self) -> Option<Millis> {
        self.retry.as_ref().map(|retry| retry.at)
    }

    /// The request for the page that failed.
    pub fn load_again(&mut self, ticket: u64) -> Option<HistoryRequest> {
        let place = self.retry.as_ref()?.place;
        self.request(place, ticket)
    }

    /// Forgets everything; a response that is on its way will be ignored.
    pub fn reset(&mut self) {
        *self = Self::new(self.chat);
    }

    /// How many rows there are; none before the newest page has come, since they would have a gap.
    pub fn len(&self) -> usize {
        if self.loaded { self.entries.len() } else { 0 }
    }

    /// At most so many rows from a place on, oldest first.
    pub fn rows(&self, from: usize, most: usize, me: UserId, read_by_all: Seq) -> Vec<Row> {
        let most = most.min(self.len());
        let entries = self.entries.from_place(from).take(most);
        entries.map(|(seq, entry)| row(*seq, entry, me, read_by_all)).collect()
    }

    /// How many rows are before this seq.
    pub fn place(&self, seq: Seq) -> usize {
        self.entries.place(&seq).min(self.len())
    }

    /// The seq of the row at a place.
    pub fn seq_at(&self, place: usize) -> Option<Seq> {
        self.entries.from_place(place).next().filter(|_| self.loaded).map(|(seq, _)| *seq)
    }

    /// The messages after a seq, newest first.
    pub fn messages_after(&self, seq: Seq) -> impl Iterator<Item = &Message> {
        self.messages().rev().take_while(move |message| message.seq > seq)
    }

    /// Whether a sender's message is in the log under their own name for it, as far as that is loaded.
    pub fn has_own(&self, sender: UserId, client_id: &ClientId) -> bool {
        self.messages()
            .any(|message| message.client_id.as_ref() == Some(client_id) && message.sender.id == sender)
    }

    /// Forgets the oldest rows when there are many more than `kept`; they can be loaded again.
    pub fn trim(&mut self, kept: usize) {
        // A page that is on its way joins what is here now.
        if self.len() < 2 * kept || self.request.is_some() || self.has_newer {
            return;
        }
        // Older pages are requested by a message.
        let message = |(seq, entry): (&Seq, &Entry)| matches!(entry, Entry::Message(_)).then_some(*seq);
        let floor = self.entries.from_place(self.entries.len() - kept).find_map(message);
        if let Some(floor) = floor {
            self.cut_below(floor);
            self.has_older = true;
            self.retry = None;
        }
    }

    /// The seq of the last message that is loaded.
    pub fn last_position(&self) -> Seq {
        self.messages().next_back().filter(|_| self.loaded).map_or(Seq::ZERO, |message| message.seq)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        !self.loaded || self.entries.is_empty()
    }

    fn request(&mut self, place: HistoryPlace, ticket: u64) -> Option<HistoryRequest> {
        if self.request.is_some() {
            return None;
        }
        let request = HistoryRequest { chat: self.chat, place, ticket };
        self.request = Some(request);
        Some(request)
    }

    /// Whether a seq is before the piece that is shown.
    fn is_below(&self, seq: Seq) -> bool {
        self.loaded && self.has_older && self.messages().next().is_some_and(|first| seq < first.seq)
    }

    fn insert(&mut self, message: Message) -> bool {
        !self.is_below(message.seq) && self.insert_at_place(message)
    }

    fn insert_at_place(&mut self, message: Message) -> bool {
        if self.seq_by_id.contains_key(&message.id) || self.entries.contains_key(&message.seq) {
            return false;
        }
        self.seq_by_id.insert(message.id, message.seq);
        self.entries.insert(message.seq, Entry::Message(message));
        true
    }

    fn insert_line(&mut self, seq: Seq, line: Entry) -> bool {
        if self.is_below(seq) || self.entries.contains_key(&seq) {
            return false;
        }
        self.entries.insert(seq, line);
        true
    }

    fn cut_below(&mut self, floor: Seq) {
        self.entries.remove_below(&floor);
        self.seq_by_id.retain(|_, seq| *seq >= floor);
    }

    /// Edits, deletes or marks a loaded message, and what its replies show of it; returns whether anything of it is loaded.
    fn change(&mut self, event: &Event) -> bool {
        let mut is_shown = false;
        if let Event::Edited(_) | Event::Deleted(_) = event {
            for entry in self.entries.values_mut() {
                if let Entry::Message(Message { reply_to: Some(original), .. }) = entry {
                    is_shown |= original.apply(event);
                }
            }
        }
        self.change_message(event) || is_shown
    }

    fn change_message(&mut self, event: &Event) -> bool {
        let id = match event {
            Event::Edited(edited) => edited.id,
            Event::Deleted(deleted) => deleted.id,
            Event::Reacted(reacted) => reacted.id,
            _ => return false,
        };
        let Some(Entry::Message(message)) = self.seq_by_id.get(&id).and_then(|seq| self.entries.get_mut(seq))
        else {
            return false;
        };
        match event {
            Event::Edited(edited) if message.deleted_at.is_none() => {
                message.content.clone_from(&edited.content);
                message.spans.clone_from(&edited.spans);
                message.plain = edited.plain;
                message.edited_at = Some(edited.edited_at.clone());
            }
            Event::Deleted(deleted) => {
                message.content.clear();
                message.spans.clear();
                message.reactions.clear();
                message.deleted_at = Some(deleted.deleted_at.clone());
            }
            Event::Reacted(reacted) if message.deleted_at.is_none() => {
                message.react(reacted.user.id, &reacted.emoji, reacted.on);
            }
            _ => {}
        }
        true
    }
}

fn row(seq: Seq, entry: &Entry, me: UserId, read_by_all: Seq) -> Row {
    let line = |at: &causerie_protocol::Timestamp, kind| {
        Row::System(SystemRow { key: RowKey::Seq(seq), at: at.clone(), kind })
    };
    match entry {
        Entry::Joined(event) => line(&event.at, SystemEvent::Joined(event.user.clone())),
        Entry::Left(event) if event.by.is_some() => line(&event.at, SystemEvent::Removed(event.user.clone())),
        Entry::Left(event) => line(&event.at, SystemEvent::Left(event.user.clone())),
        Entry::Pinned(event) => line(&event.at, SystemEvent::Pinned(event.user.clone())),
        Entry::Role(event) => line(&event.at, SystemEvent::Role(event.user.clone(), event.role)),
        Entry::Changed(event) if event.accepted => line(&event.at, SystemEvent::Accepted),
        Entry::Changed(event) => {
            line(&event.at, SystemEvent::Changed { title: event.title.clone(), status: event.status })
        }
        Entry::Message(message) => {
            let mine = message.sender.id == me;
            let key = match &message.client_id {
                Some(client_id) if mine => RowKey::Own(client_id.clone()),
                _ => RowKey::Seq(seq),
            };
            Row::Message(MessageRow {
                key,
                id: Some(message.id),
                seq: Some(seq),
                sender: message.sender.clone(),
                mine,
                text: message.content.clone(),
                spans: message.spans.clone(),
                plain: message.plain,
                at: RowTime::Server(message.sent_at.clone()),
                edited: message.edited_at.is_some(),
                deleted: message.deleted_at.is_some(),
                deleting: false,
                hidden: false,
                reply_to: message.reply_to.clone(),
                reply_hidden: false,
                reactions: message.reactions.clone(),
                state: if mine && seq <= read_by_all { RowState::Read } else { RowState::Sent },
            })
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
