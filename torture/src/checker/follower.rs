//! Follows the positions of a client's streams through its history.

use std::collections::{BTreeMap, HashMap};

use crate::history::{Chat, Fact, TimedFact};

/// How an event relates to the events before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The next one.
    Next,
    /// A duplicate.
    Repeated,
    /// One behind a gap.
    Ahead,
    /// The one that closed a gap.
    Filled,
}

#[derive(Debug, Default)]
struct Place {
    at: u64,
    /// The seqs that came behind a gap.
    ahead: Vec<u64>,
    hole_since: Option<u64>,
}

#[derive(Debug, Default)]
pub struct Follower {
    places: HashMap<Chat, Place>,
    asked: BTreeMap<Chat, u64>,
}

impl Follower {
    /// Takes the next fact; for an event it returns the step.
    pub fn take(&mut self, noted: &TimedFact) -> Option<Step> {
        match &noted.fact {
            Fact::Subscribing { chat, after } => {
                self.asked.insert(*chat, *after);
                None
            }
            Fact::Subscribed { chat, head, reset } => {
                let after = self.asked.get(chat).copied();
                let place = self.places.entry(*chat).or_default();
                if *reset || after.is_none() {
                    *place = Place { at: *head, ..Place::default() };
                } else if let Some(after) = after.filter(|after| *after > place.at) {
                    // History that came by REST put the client ahead of the events on its sockets.
                    place.at = after;
                    place.skip();
                }
                None
            }
            Fact::Event { chat, seq, .. } => {
                Some(self.places.entry(*chat).or_default().event(*seq, noted.ms))
            }
            Fact::Closed { .. } => {
                self.places.values_mut().for_each(Place::forget_hole);
                None
            }
            Fact::Reloaded => {
                *self = Self::default();
                None
            }
            _ => None,
        }
    }

    /// The oldest open gap: its chat, the last seq before it, and since when, in milliseconds of the run.
    pub fn hole(&self) -> Option<(Chat, u64, u64)> {
        let holes = self.places.iter().filter_map(|(chat, place)| Some((*chat, place.at, place.hole_since?)));
        holes.min_by_key(|(_, _, since)| *since)
    }
}

impl Place {
    fn event(&mut self, seq: u64, ms: u64) -> Step {
        if seq <= self.at || self.ahead.contains(&seq) {
            return Step::Repeated;
        }
        if seq > self.at + 1 {
            self.ahead.push(seq);
            self.hole_since.get_or_insert(ms);
            return Step::Ahead;
        }
        self.at = seq;
        let had_hole = self.hole_since.is_some();
        self.skip();
        if had_hole && self.hole_since.is_none() { Step::Filled } else { Step::Next }
    }

    fn skip(&mut self) {
        self.ahead.retain(|seq| *seq > self.at);
        while let Some(next) = self.ahead.iter().position(|seq| *seq == self.at + 1) {
            self.ahead.swap_remove(next);
            self.at += 1;
        }
        if self.ahead.is_empty() {
            self.hole_since = None;
        }
    }

    fn forget_hole(&mut self) {
        self.ahead.clear();
        self.hole_since = None;
    }
}
