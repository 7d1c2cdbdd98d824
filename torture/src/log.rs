//! The log in the database at the end, with which every history is compared.

use std::collections::{BTreeMap, HashMap};

use crate::history::{Chat, User};
use crate::label::{Label, digest};

pub type Logs = BTreeMap<Chat, Log>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Message {
        /// Its label, when the text is exactly the label's.
        label: Option<Label>,
        /// Whether the stored client id is the label's.
        named: bool,
    },
    Joined(User),
    Left(User),
    Closed,
    Opened,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    pub id: i64,
    pub actor: User,
    pub kind: Kind,
}

impl Entry {
    pub fn label(&self) -> Option<Label> {
        match self.kind {
            Kind::Message { label, .. } => label,
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The stored head.
    pub head: u64,
    /// The read positions.
    pub reads: HashMap<User, u64>,
    entries: Vec<Entry>,
    /// The messages alone: seq, and the sum of the digests up to it.
    messages: Vec<(u64, u64)>,
    places: HashMap<Label, u64>,
}

impl Log {
    /// The entries must be in the order of their seqs.
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

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn at(&self, seq: u64) -> Option<&Entry> {
        let place = self.entries.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
        self.entries.get(place)
    }

    /// The seq of a message; the first one if it is there twice.
    pub fn place(&self, label: Label) -> Option<u64> {
        self.places.get(&label).copied()
    }

    /// The number of messages in a range of seqs, and the sum of their digests.
    pub fn piece(&self, first: u64, last: u64) -> (u64, u64) {
        let from = self.messages.partition_point(|(seq, _)| *seq < first);
        let to = self.messages.partition_point(|(seq, _)| *seq <= last);
        let sum = |end: usize| if end == 0 { 0 } else { self.messages[end - 1].1 };
        ((to.saturating_sub(from)) as u64, sum(to).wrapping_sub(sum(from)))
    }

    pub fn last_message(&self) -> u64 {
        self.messages.last().map_or(0, |(seq, _)| *seq)
    }
}
