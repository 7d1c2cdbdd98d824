//! The checker: reads the histories and the log, and says which invariant was violated first.
//!
//! It knows nothing of servers and sockets. The invariants are checked in an order in which a fault shows as what it
//! is: a message that was stored twice, say, also stands twice on a screen, and is reported as stored twice.

mod follower;
mod log;
mod sender;
mod settled;
#[cfg(test)]
mod tests;
mod viewer;

use std::fmt;

use crate::history::{Chat, History, User, View};
use crate::log::Logs;
use crate::node_view::NodeView;

pub use follower::{Follower, Step};

/// What is promised, by the numbers of the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Acknowledged means in the log, after any crash.
    I1,
    /// A chat's positions are 1 to its head.
    I2,
    /// One event for a sender's client id, for ever, and the same ack.
    I3,
    /// A client shows a piece of the log and its own unsent messages, each once.
    I4,
    /// A sender's messages keep their order.
    I5,
    /// No client stays live over a hole for more than a few seconds.
    I6,
    /// Read positions never go back and never pass the head.
    I7,
    /// Nothing reaches a person after leaving.
    I8,
    /// What was sent ends as acknowledged or as visibly failed.
    I9,
    /// A client that resumed shows what one shows that loads afresh.
    I10,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 10] =
        [Self::I1, Self::I2, Self::I3, Self::I4, Self::I5, Self::I6, Self::I7, Self::I8, Self::I9, Self::I10];

    /// What it says, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::I1 => "what was acknowledged is in the log",
            Self::I2 => "a chat's positions run from 1 to its head, and each means one thing",
            Self::I3 => "a sender's message is in the log once, and its acks agree",
            Self::I4 => "a client shows a piece of the log and its own unsent messages, each once",
            Self::I5 => "a sender's messages keep their order",
            Self::I6 => "no client stays live over a hole",
            Self::I7 => "read positions never go back and never pass the head",
            Self::I8 => "nothing reaches a person after leaving",
            Self::I9 => "what was sent ends as acknowledged or as visibly failed",
            Self::I10 => "who resumed shows what one shows who loads afresh",
        }
    }
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// Who, where and what.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({}): {}", self.invariant, self.invariant.meaning(), self.detail)
    }
}

/// A time during which a person was not in a chat; the nth one belongs to the nth leaving in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Who.
    pub user: User,
    /// Where.
    pub chat: Chat,
    /// When they were about to be added again, by logical time, if they were.
    pub until: Option<u64>,
}

/// Everything that is known at the end.
#[derive(Debug)]
pub struct Evidence {
    /// The log of every chat.
    pub logs: Logs,
    /// What each client was told.
    pub histories: Vec<History>,
    /// What a client that loads afresh shows, by person.
    pub fresh: Vec<(User, Vec<View>)>,
    /// What each node shows of the logs.
    pub node_views: Vec<NodeView>,
    /// Who left when.
    pub absences: Vec<Absence>,
}

type Check = Result<(), Violation>;

/// Checks everything.
pub fn check(evidence: &Evidence) -> Check {
    log::messages_are_there_once(evidence)?;
    sender::acked_is_stored(evidence)?;
    log::positions_are_whole(evidence)?;
    sender::acks_agree(evidence)?;
    sender::order_is_kept(evidence)?;
    viewer::nothing_comes_after_leaving(evidence)?;
    viewer::reading_goes_forward(evidence)?;
    viewer::nobody_lives_over_a_hole(evidence)?;
    viewer::what_is_shown_is_the_log(evidence)?;
    sender::everything_ends(evidence)?;
    log::nodes_agree(evidence)?;
    settled::resumed_is_as_fresh(evidence)
}

/// A violation, as an error.
fn broken<T>(invariant: Invariant, detail: impl Into<String>) -> Result<T, Violation> {
    Err(Violation { invariant, detail: detail.into() })
}
