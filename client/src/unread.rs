//! How many messages of others a person has not read in one chat.

use std::collections::BTreeMap;

use causerie_protocol::{MessageId, Seq};

/// The server's count at one position, corrected by what came after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// The position that the server's count belongs to.
    as_of: Seq,
    base: u64,
    /// Messages of others after `as_of`.
    later: BTreeMap<Seq, MessageId>,
    read: Seq,
}

impl Unread {
    /// The server counted `unread` at the log's position `head`, the person having read up to `read`.
    ///
    /// An answer that is older than the last one, or than what was read here since, changes nothing.
    pub fn counted(&mut self, head: Seq, unread: u64, read: Seq) {
        if head >= self.as_of && read >= self.read {
            self.as_of = head;
            self.base = unread;
            self.later.retain(|seq, _| *seq > head);
        }
        self.read_up_to(read);
    }

    /// The stream starts anew at a position: the number stays until the server counts again.
    ///
    /// In another log (`another`) the read position means nothing.
    pub fn restart(&mut self, head: Seq, another: bool) {
        let read = if another { Seq::ZERO } else { self.read };
        *self = Self { as_of: head, base: self.count(), later: BTreeMap::new(), read };
    }

    /// Somebody else wrote a message.
    pub fn message(&mut self, seq: Seq, id: MessageId) {
        if seq > self.as_of && seq > self.read {
            self.later.insert(seq, id);
        }
    }

    /// A message was deleted; `earlier` says that it is known to be an unread one of others from before the count.
    pub fn deleted(&mut self, id: MessageId, earlier: bool) {
        let before = self.later.len();
        self.later.retain(|_, later| *later != id);
        if before == self.later.len() && earlier {
            self.base = self.base.saturating_sub(1);
        }
    }

    /// The person has read up to a position, here or elsewhere; whether that is news.
    pub fn read_up_to(&mut self, seq: Seq) -> bool {
        if seq <= self.read {
            return false;
        }
        self.read = seq;
        if seq >= self.as_of {
            self.base = 0;
        }
        self.later.retain(|later, _| *later > seq);
        true
    }

    /// How far the person has read.
    #[must_use]
    pub fn read(&self) -> Seq {
        self.read
    }

    /// The position that the server's count belongs to.
    #[must_use]
    pub fn as_of(&self) -> Seq {
        self.as_of
    }

    /// The number to show.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.base + self.later.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_the_count_is_added_once() {
        let mut unread = Unread::default();
        unread.counted(Seq(10), 3, Seq(7));
        for seq in [9, 10, 11, 11, 12] {
            unread.message(Seq(seq), MessageId(seq.cast_signed()));
        }
        assert_eq!(unread.count(), 5);
        unread.deleted(MessageId(12), false);
        unread.deleted(MessageId(9), true);
        assert_eq!(unread.count(), 3);
        assert!(unread.read_up_to(Seq(11)));
        assert_eq!(unread.count(), 0);
        assert!(!unread.read_up_to(Seq(10)));
    }

    #[test]
    fn a_late_answer_does_not_bring_read_messages_back() {
        let mut unread = Unread::default();
        unread.counted(Seq(10), 3, Seq(7));
        unread.read_up_to(Seq(10));
        unread.counted(Seq(10), 3, Seq(7));
        assert_eq!(unread.count(), 0);
        unread.message(Seq(11), MessageId(11));
        unread.counted(Seq(10), 0, Seq(10));
        assert_eq!(unread.count(), 1);
        unread.counted(Seq(12), 2, Seq(10));
        unread.message(Seq(12), MessageId(12));
        assert_eq!(unread.count(), 2);
    }

    #[test]
    fn a_read_position_within_the_count_keeps_the_count() {
        let mut unread = Unread::default();
        unread.counted(Seq(10), 3, Seq(5));
        unread.read_up_to(Seq(8));
        assert_eq!(unread.count(), 3);
    }
}
