//! People between whom nothing passes: by a block, an end, a request that waits, or what one hides.

use causerie_protocol::{ChatId, Event, UserId};

/// What stands between a person and others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boundaries {
    /// Everybody whom nothing passes to and from: who blocked, was blocked, or ended the chat of the two; and but for
    /// messages, who asked the person for a chat or was asked.
    pub parted: Vec<UserId>,
    /// Whom the person has blocked, by id.
    pub blocked: Vec<UserId>,
    /// Others do not see when the person is online, nor the person when others are.
    pub hides_online: bool,
    /// The same of how far somebody has read.
    pub hides_read: bool,
}

/// Two people are apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Parting {
    pub other: UserId,
    /// Their chat was closed by it.
    pub event: Option<Event>,
}

/// Somebody is not blocked any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Unblocking {
    /// The other one has blocked too, or their chat was ended or is not accepted.
    pub still_parted: bool,
    /// Their chat was opened by it.
    pub event: Option<Event>,
}

/// What became of a request to open a chat of two again.
#[derive(Clone, Debug, PartialEq)]
pub enum Reopening {
    /// It is not ended any more.
    Done {
        /// One has blocked the other, so it stays closed.
        still_parted: bool,
        /// Their chat was opened by it.
        event: Option<Box<Event>>,
        /// The chat, and who had removed their copy and has one again, which begins now.
        back: Option<(ChatId, Vec<UserId>)>,
    },
    /// Neither of the two has ended it.
    NotEnded,
}

/// Two people between whom nothing passes, as a node that may have missed it reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredParting {
    /// Its number, which only grows.
    pub id: i64,
    pub one: UserId,
    pub other: UserId,
    /// The one has asked the other for a chat, and messages pass.
    pub is_request: bool,
}

/// What became of a request to end a chat of two.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// It has ended for both, now or before; `None`: nobody else is in it.
    Pair(Option<Box<Parting>>),
    /// It is a group, which people leave.
    Group,
    NoSuchChat,
}
