//! The record of a connection: bounded, filtered as it grows, and read in windows.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use crate::filter::Filter;
use crate::frame::{Direction, Frame};
use crate::limits;

/// The traffic in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub frames: u64,
    /// Bytes of payload.
    pub bytes: u64,
}

/// The frames and notices of a connection, the newest at the end.
///
/// It keeps at most [`limits::FRAMES`] lines and about [`limits::TEXT_BYTES`] of text, and forgets the oldest first.
/// Adding a line has a constant cost.
#[derive(Debug, Default)]
pub struct Record {
    frames: VecDeque<Frame>,
    next: u64,
    text: usize,
    filter: Filter,
    /// The numbers of the lines that pass the filter.
    shown: VecDeque<u64>,
    /// The first number that is not shown while paused.
    paused_at: Option<u64>,
    kinds: BTreeMap<String, usize>,
    sent: Count,
    received: Count,
}

impl Record {
    /// Appends a line and returns its number.
    pub fn push(&mut self, at: f64, direction: Direction, kind: String, size: usize, text: String) -> u64 {
        let number = self.next;
        self.next += 1;
        self.text += text.len();
        let count = match direction {
            Direction::Sent => Some(&mut self.sent),
            Direction::Received => Some(&mut self.received),
            Direction::Notice => None,
        };
        if let Some(count) = count {
            count.frames += 1;
            count.bytes += size as u64;
        }
        match self.kinds.get_mut(&kind) {
            Some(count) => *count += 1,
            None => drop(self.kinds.insert(kind.clone(), 1)),
        }
        let frame = Frame { number, at, direction, kind, size, text };
        if self.paused_at.is_none() && self.filter.passes(&frame) {
            self.shown.push_back(number);
        }
        self.frames.push_back(frame);
        while self.frames.len() > limits::FRAMES || (self.text > limits::TEXT_BYTES && self.frames.len() > 1)
        {
            self.forget_oldest();
        }
        number
    }

    fn forget_oldest(&mut self) {
        let Some(frame) = self.frames.pop_front() else { return };
        self.text -= frame.text.len();
        if self.shown.front() == Some(&frame.number) {
            self.shown.pop_front();
        }
        if let Some(count) = self.kinds.get_mut(&frame.kind) {
            *count -= 1;
            if *count == 0 {
                self.kinds.remove(&frame.kind);
            }
        }
    }

    /// Sets the filter for old and new lines.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.apply_filter();
    }

    /// From now on new lines are recorded and not shown.
    pub fn pause(&mut self) {
        self.paused_at.get_or_insert(self.next);
    }

    /// Shows the lines that came while paused.
    pub fn resume(&mut self) {
        self.paused_at = None;
        self.apply_filter();
    }

    pub fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// How many lines came while paused.
    pub fn held_back(&self) -> u64 {
        self.paused_at.map_or(0, |at| self.next - at)
    }

    /// Forgets all lines and counts; the filter stays.
    pub fn clear(&mut self) {
        let next = self.next;
        let filter = std::mem::take(&mut self.filter);
        let paused_at = self.paused_at.map(|_| next);
        *self = Self { next, filter, paused_at, ..Self::default() };
    }

    fn apply_filter(&mut self) {
        let end = self.paused_at.unwrap_or(self.next);
        let passing = self.frames.iter().take_while(|frame| frame.number < end);
        self.shown = passing.filter(|frame| self.filter.passes(frame)).map(|frame| frame.number).collect();
    }

    pub fn len(&self) -> usize {
        self.frames.len()
    }

    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How many lines were forgotten because of the bounds.
    pub fn forgotten(&self) -> u64 {
        self.frames.front().map_or(0, |frame| frame.number)
    }

    pub fn shown_len(&self) -> usize {
        self.shown.len()
    }

    /// The lines that pass the filter, by index among these.
    pub fn shown(&self, places: Range<usize>) -> impl Iterator<Item = (usize, &Frame)> {
        let end = places.end.min(self.shown.len());
        let places = places.start.min(end)..end;
        let numbers = self.shown.range(places.clone());
        places.zip(numbers).filter_map(|(place, number)| Some((place, self.get(*number)?)))
    }

    /// The index of a line among those that pass the filter.
    pub fn place(&self, number: u64) -> Option<usize> {
        self.shown.binary_search(&number).ok()
    }

    pub fn get(&self, number: u64) -> Option<&Frame> {
        let first = self.frames.front()?.number;
        self.frames.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// The types of the kept lines, with their counts.
    pub fn kinds(&self) -> &BTreeMap<String, usize> {
        &self.kinds
    }

    pub fn sent(&self) -> Count {
        self.sent
    }

    pub fn received(&self) -> Count {
        self.received
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(record: &mut Record, kind: &str, text: &str) -> u64 {
        record.push(0.0, Direction::Received, kind.to_owned(), text.len(), text.to_owned())
    }

    fn shown(record: &Record) -> Vec<u64> {
        record.shown(0..usize::MAX).map(|(_, frame)| frame.number).collect()
    }

    fn only(kind: &str) -> Filter {
        Filter::new(None, Some(kind.to_owned()), "")
    }

    #[test]
    fn a_full_record_forgets_the_oldest_and_counts_on() {
        let mut record = Record::default();
        record.set_filter(only("odd"));
        let total = limits::FRAMES as u64 + 5;
        for number in 0..total {
            push(&mut record, if number % 2 == 1 { "odd" } else { "even" }, "x");
        }
        assert_eq!(record.len(), limits::FRAMES);
        assert_eq!(record.forgotten(), 5);
        assert_eq!(record.received(), Count { frames: total, bytes: total });
        assert!(record.get(4).is_none());
        assert_eq!(record.get(5).map(|frame| frame.number), Some(5));
        assert_eq!(shown(&record).first(), Some(&5));
        assert_eq!(record.kinds().values().sum::<usize>(), limits::FRAMES);
        assert_eq!(record.shown_len(), record.kinds()["odd"]);
    }

    #[test]
    fn long_texts_are_bounded_in_bytes_and_the_last_one_stays() {
        let mut record = Record::default();
        push(&mut record, "a", "short");
        push(&mut record, "b", &"x".repeat(limits::TEXT_BYTES + 1));
        assert_eq!(record.len(), 1);
        assert_eq!(record.kinds().keys().collect::<Vec<_>>(), ["b"]);
        push(&mut record, "c", "short");
        assert_eq!(shown(&record), [2]);
    }

    #[test]
    fn a_filter_that_grows_with_the_record_is_the_same_as_one_that_is_set_later() {
        let (mut before, mut after) = (Record::default(), Record::default());
        before.set_filter(only("b"));
        for kind in ["a", "b", "b", "c", "b"] {
            push(&mut before, kind, "");
            push(&mut after, kind, "");
        }
        after.set_filter(only("b"));
        assert_eq!(shown(&before), [1, 2, 4]);
        assert_eq!(shown(&before), shown(&after));
        assert_eq!(before.place(2), Some(1));
        assert_eq!(before.place(3), None);
        before.set_filter(Filter::default());
        assert_eq!(before.shown_len(), 5);
    }

    #[test]
    fn a_pause_holds_back_and_loses_nothing() {
        let mut record = Record::default();
        push(&mut record, "a", "");
        record.pause();
        push(&mut record, "b", "");
        record.pause();
        record.set_filter(Filter::default());
        assert_eq!(shown(&record), [0]);
        assert_eq!((record.held_back(), record.len()), (1, 2));
        record.resume();
        assert_eq!(shown(&record), [0, 1]);
        assert_eq!(record.held_back(), 0);
    }

    #[test]
    fn a_cleared_record_keeps_its_filter_and_never_repeats_a_number() {
        let mut record = Record::default();
        record.set_filter(only("b"));
        push(&mut record, "b", "x");
        record.clear();
        assert!(record.is_empty() && record.kinds().is_empty());
        assert_eq!(record.received(), Count::default());
        push(&mut record, "a", "");
        assert_eq!(push(&mut record, "b", ""), 2);
        assert_eq!(shown(&record), [2]);
    }

    #[test]
    fn a_window_beyond_the_record_is_clamped() {
        let mut record = Record::default();
        for _ in 0..3 {
            push(&mut record, "a", "");
        }
        assert_eq!(record.shown(2..9).map(|(place, _)| place).collect::<Vec<_>>(), [2]);
        assert_eq!(record.shown(7..9).count(), 0);
    }
}
