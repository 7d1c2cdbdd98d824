//! Chats as a whole: a new one, one that is deleted, and where a log stands for somebody.

use causerie_protocol::{ChatId, ClientId, Epoch, Seq, UserId};

use super::Parting;

#[derive(Clone, Debug)]
pub struct NewChat {
    pub creator: UserId,
    /// Everybody in it, the creator among them, each once.
    pub participants: Vec<UserId>,
    pub title: Option<String>,
    /// A pair: the same two people get the same chat again.
    pub direct: bool,
    /// The creator's own name for the request: with it, a repeat makes no second chat.
    pub client_id: Option<ClientId>,
    /// A pair that shares no chat yet: the other one has to accept it.
    pub asks: bool,
    /// The creator of a pair that has to be accepted is not in it before.
    pub unseen: bool,
}

/// What became of a [`NewChat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    New(ChatId),
    /// The pair has this chat already.
    Existing(ChatId),
    /// An earlier request under the same `client_id` led to this chat, which may be gone since.
    Repeated(ChatId),
    /// The `client_id` is taken by a request for another chat.
    ClientIdReused,
    /// The creator and somebody else in it are apart.
    Parted,
}

/// What became of a request to delete a chat.
#[derive(Clone, Debug, PartialEq)]
pub enum Deletion {
    /// A group is gone with its log; who was in it.
    ForAll(Vec<UserId>),
    /// A chat of two has ended for both and is gone for the one who asked, with its log once both have asked.
    OwnCopy(Option<Box<Parting>>),
}

/// Where a chat's log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub head: Seq,
    /// Nothing up to here is shown to the participant.
    pub from: Seq,
    pub epoch: Epoch,
}

/// How far somebody has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRead {
    pub chat: ChatId,
    pub user: UserId,
    pub seq: Seq,
    /// Whether the user hides it from others.
    pub hidden: bool,
}
