//! How many messages of others the user has not read in one chat.

use causerie_protocol::{MessageId, Seq, limits};

use crate::sorted::SortedMap;

/// The server's count at one position, corrected by the events after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// The position that the server's count belongs to.
    as_of: Seq,
    base: u64,
    /// Messages of others after `as_of`.
    later: SortedMap<Seq, MessageId>,
    read: Seq,
    unsure: bool,
    last_deletion: Seq,
}

impl Unread {
    /// The server counted `unread` messages at `head`, when the user had read up to `read`.
    ///
    /// A response that is older than the last one changes nothing.
    /// One that does not include the latest read position leaves the number as it was, and unsure.
    pub fn counted(&mut self, head: Seq, unread: u64, read: Seq) {
        if head < self.as_of {
            return;
        }
        self.as_of = head;
        if read >= self.read {
            self.base = unread;
            // The response was made before a deletion that arrived earlier: it may count a deleted message.
            self.unsure = unread > 0 && head < self.last_deletion;
            self.read = read;
        } else if self.read >= head {
            self.base = 0;
            self.unsure = false;
        } else {
            self.base = self.count();
            self.unsure = true;
        }
        let known = head.max(self.read);
        self.later.retain(|seq, _| *seq > known);
    }

    /// The stream was reset to a position: the number stays until the server counts again.
    ///
    /// In another epoch (`another`) the read position means nothing.
    pub fn restart(&mut self, head: Seq, another: bool) {
        let read = if another { Seq::ZERO } else { self.read };
        *self = Self { as_of: head, base: self.count(), later: SortedMap::new(), read, ..Self::default() };
    }

    /// Another user's message came.
    pub fn message(&mut self, seq: Seq, id: MessageId) {
        if seq > self.as_of && seq > self.read {
            self.later.insert(seq, id);
        }
    }

    /// A message was deleted by the event at `at`; `message` is its seq and whether another user sent it.
    ///
    /// A message that is not loaded may or may not be in the count: then the count is unsure.
    pub fn deleted(&mut self, at: Seq, id: MessageId, message: Option<(Seq, bool)>) {
        self.last_deletion = self.last_deletion.max(at);
        let before = self.later.len();
        self.later.retain(|_, later| *later != id);
        // A count from after the event includes it already.
        if before != self.later.len() || at <= self.as_of || self.base == 0 {
            return;
        }
        match message {
            Some((seq, others)) if others && seq > self.read && seq <= self.as_of => {
                // The count is "that many or more", so one less is unknown.
                self.unsure |= self.base >= limits::UNREAD;
                self.base -= u64::from(self.base < limits::UNREAD);
            }
            Some(_) => {}
            None => self.unsure = true,
        }
    }

    /// The user has read up to a position, here or on another device, while events were applied up to `stream`;
    /// returns whether the read position moved.
    pub fn read_up_to(&mut self, seq: Seq, stream: Seq) -> bool {
        if seq <= self.read {
            return false;
        }
        self.read = seq;
        if seq >= self.as_of {
            self.base = 0;
        } else if seq >= stream {
            // The counted messages after this position have not come by the stream yet: they count when they come.
            self.as_of = seq;
            self.base = 0;
        } else if self.base > 0 {
            self.unsure = true;
        }
        self.later.retain(|later, _| *later > seq);
        true
    }

    /// Whether only the server can give the number; the last one is shown until then.
    pub fn is_unsure(&self) -> bool {
        self.unsure
    }

    pub fn read(&self) -> Seq {
        self.read
    }

    pub fn count(&self) -> u64 {
        self.base + self.later.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_after_the_count_are_added_once() {
        let mut unread = Unread::default();
        unread.counted(Seq(10), 3, Seq(7));
        for seq in [9, 10, 11, 11, 12] {
            unread.message(Seq(seq), MessageId(seq.cast_signed()));
        }
        assert_eq!(unread.count(), 5);
        unread.deleted(Seq(13), MessageId(12), None);
        unread.deleted(Seq(14), MessageId(9), Some((Seq(9), true)));
        unread.deleted(Seq(15), MessageId(8), Some((Seq(8), false)));
        unread.deleted(Seq(10), MessageId(7), None);
        assert_eq!(unread.count(), 3);
        assert!(!unread.is_unsure());
        assert!(unread.read_up_to(Seq(12), Seq(15)));
        assert_eq!(unread.count(), 0);
        assert!(!unread.read_up_to(Seq(10), Seq(15)));
    }

    #[test]
    fn a_late_response_does_not_count_read_messages_again() {
        let mut unread = Unread::default();
        unread.counted(Seq(10), 3, Seq(7));
        unread.read_up_to(Seq(10), Seq(10));
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
    fn a_read_position_within_the_count_needs_the_server_unless_the_rest_is_still_to_come() {
        let mut unread = Unread::default();
        unread.counted(Seq(10), 3, Seq(5));
        unread.read_up_to(Seq(7), Seq(10));
        assert!(unread.is_unsure());
        unread.counted(Seq(10), 2, Seq(7));
        assert!(!unread.is_unsure());
        unread.read_up_to(Seq(8), Seq(8));
        assert_eq!((unread.count(), unread.is_unsure()), (0, false));
        unread.message(Seq(9), MessageId(9));
        assert_eq!(unread.count(), 1);
    }

    #[test]
    fn a_deletion_within_a_count_that_ended_at_the_limit_needs_the_server() {
        let mut unread = Unread::default();
        unread.counted(Seq(5_000), limits::UNREAD, Seq(5));
        unread.deleted(Seq(5_001), MessageId(7), Some((Seq(7), true)));
        assert_eq!((unread.count(), unread.is_unsure()), (limits::UNREAD, true));
        unread.counted(Seq(5_001), limits::UNREAD, Seq(5));
        assert!(!unread.is_unsure());
    }

    #[test]
    fn the_deletion_of_a_message_that_is_not_loaded_makes_the_count_unsure() {
        let mut unread = Unread::default();
        unread.counted(Seq(10), 3, Seq(5));
        unread.deleted(Seq(11), MessageId(7), None);
        assert_eq!((unread.count(), unread.is_unsure()), (3, true));
    }
}
