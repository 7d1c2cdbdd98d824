//! The checker: compares the histories with the logs, and reports the first violated invariant.
//!
//! It is independent of servers and sockets. The invariants are checked in an order in which a fault is reported as
//! what it is: a message that was stored twice, for example, is also shown twice, and is reported as stored twice.

mod apart;
mod follower;
mod log;
mod sender;
mod settled;
#[cfg(test)]
mod tests;
mod viewer;

use std::fmt;

use crate::history::{Chat, History, User, View};
use crate::households::{Kept, Record};
use crate::log::Logs;
use crate::node_view::NodeView;

pub use follower::{Follower, Step};

/// The invariants, by their numbers in `docs/ARCHITECTURE.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Acknowledged means in the log, after any crash.
    I1,
    /// A chat's positions are 1 to its head.
    I2,
    /// One event for a sender's client id, for ever, and the same ack.
    I3,
    /// A client shows a piece of the log and its own pending messages, each once.
    I4,
    /// A sender's messages keep their order.
    I5,
    /// No client stays behind a gap for more than a few seconds.
    I6,
    /// Read positions never go back and never pass the head.
    I7,
    /// Nothing reaches a user after leaving.
    I8,
    /// What was sent ends as acknowledged or as visibly failed.
    I9,
    /// A client that resumed shows the same as one that loads afresh.
    I10,
    /// Nothing passes to whom a block, a removal or a suspension keeps it from.
    I11,
}

impl Invariant {
    pub const ALL: [Self; 11] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I6,
        Self::I7,
        Self::I8,
        Self::I9,
        Self::I10,
        Self::I11,
    ];

    /// The invariant in a sentence.
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
            Self::I11 => "nothing passes that a block, a removal or a suspension keeps",
        }
    }
}

/// A violated invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({}): {}", self.invariant, self.invariant.meaning(), self.detail)
    }
}

/// A time during which a user was not in a chat; the nth one belongs to the nth `left` event in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    pub user: User,
    pub chat: Chat,
    /// The logical time just before they were added again, if they were.
    pub until: Option<u64>,
}

/// Everything that is known at the end of a run.
#[derive(Debug)]
pub struct Evidence {
    pub logs: Logs,
    pub histories: Vec<History>,
    /// What clients show that load afresh, by user.
    pub fresh: Vec<(User, Vec<View>)>,
    pub node_views: Vec<NodeView>,
    pub absences: Vec<Absence>,
    /// What reached the people of the households, and what they sent.
    pub residents: Vec<Record>,
    /// When what was kept from whom.
    pub kept: Vec<Kept>,
    /// The faults of several nodes, from the first strike until every node had recovered, in milliseconds of the run.
    pub troubles: Vec<(u64, u64)>,
}

type Check = Result<(), Violation>;

/// Checks all invariants; the error is the first violation.
pub fn check(evidence: &Evidence) -> Check {
    log::messages_are_there_once(evidence)?;
    apart::nothing_passes_that_is_kept(evidence)?;
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

fn broken<T>(invariant: Invariant, detail: impl Into<String>) -> Result<T, Violation> {
    Err(Violation { invariant, detail: detail.into() })
}
