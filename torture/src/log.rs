//! The log as the database holds it at the end: what every history is compared with.

use std::collections::{BTreeMap, HashMap};

use crate::history::{Chat, User};
use crate::label::{Label, digest};

/// The logs of all chats.
pub type Logs = BTreeMap<Chat, Log>;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message {
        /// Its label, when the text is exactly the label's.
        label: Option<Label>,
        /// Whether the stored client id is the label's.
        named: bool,
    },
    /// Somebody joined.
    Joined(User),
    /// Somebody left.
    Left(User),
    /// Anything else.
    Other,
}

/// An entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position.
    pub seq: u64,
    /// Its id.
    pub id: i64,
    /// Who did it.
    pub actor: User,
    /// What it is.
    pub kind: Kind,
}

impl Entry {
    /// The message's label, if it is a message with one.
    pub fn label(&self) -> Option<Label> {
        match self.kind {
            Kind::Message { label, .. } => label,
            _ => None,
        }
    }
}

/// One chat's log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The head that the chat claims.
    pub head: u64,
    /// How far everybody in it has read.
    pub reads: HashMap<User, u64>,
    entries: Vec<Entry>,
    /// The messages alone: position, and count and digests up to and with it.
    messages: Vec<(u64, u64)>,
    places: HashMap<Label, u64>,
}

impl Log {
    /// The log with these entries, in the order of their positions.
    pub fn new(head: u64, reads: HashMap<User, u64>, entries: Vec<Entry>) -> Self {
        let mut log = Self { head, reads, ..Self::default() };
        let mut sum = 0u64;
        for entry in &entries {
            if let Kind::Message { label, .. } = entry.kind {
                sum = sum.wrapping_add(digest(entry.seq, entry.id, label));
                log.messages.push((entry.seq, sum));
                if let Some(label) = label {
                    log.places.entry(label).or_insert(entry.seq);
                }
            }
        }
        log.entries = entries;
        log
    }

    /// The entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry at a position.
    pub fn at(&self, seq: u64) -> Option<&Entry> {
        let place = self.entries.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
        self.entries.get(place)
    }

    /// Where a message stands, the first time if it is there twice.
    pub fn place(&self, label: Label) -> Option<u64> {
        self.places.get(&label).copied()
    }

    /// How many messages stand in a range of positions, and the sum of their digests.
    pub fn piece(&self, first: u64, last: u64) -> (u64, u64) {
        let from = self.messages.partition_point(|(seq, _)| *seq < first);
        let to = self.messages.partition_point(|(seq, _)| *seq <= last);
        let sum = |end: usize| if end == 0 { 0 } else { self.messages[end - 1].1 };
        ((to.saturating_sub(from)) as u64, sum(to).wrapping_sub(sum(from)))
    }

    /// The position of the last message.
    pub fn last_message(&self) -> u64 {
        self.messages.last().map_or(0, |(seq, _)| *seq)
    }
}
