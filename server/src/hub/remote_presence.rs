//! Who is online on the other nodes, by what they published.

use std::collections::{HashMap, HashSet};

use causerie_protocol::server_frame::Presence;
use causerie_protocol::{ServerFrame, UserId};
use serde::{Deserialize, Serialize};

use crate::outbox::Frame;

/// A node's name for its lifetime; drawn at random, so that a restarted node is another one.
pub type NodeId = u64;

/// Somebody came to a node or left it. The changes of a node are numbered 1, 2, 3 …, so that a lost one is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceChange {
    /// On the wire, the header of the envelope names the node.
    #[serde(skip)]
    pub node: NodeId,
    pub version: u64,
    pub user: UserId,
    /// Came or left.
    pub online: bool,
}

/// The people of the other nodes.
#[derive(Default)]
pub(super) struct RemotePresence(HashMap<NodeId, Node>);

#[derive(Default)]
struct Node {
    /// The number of the last change that `people` holds.
    version: u64,
    people: HashSet<UserId>,
}

impl RemotePresence {
    pub(super) fn contains(&self, user: UserId) -> bool {
        self.0.values().any(|node| node.people.contains(&user))
    }

    /// Applies a change. `None`: one before it is missing, so all of the node's people have to be read.
    /// Otherwise whether it changed if the person is online on some other node.
    pub(super) fn apply(&mut self, change: PresenceChange) -> Option<bool> {
        if !self.0.contains_key(&change.node) && change.version != 1 {
            return None;
        }
        let before = self.contains(change.user);
        let node = self.0.entry(change.node).or_default();
        if change.version <= node.version {
            return Some(false);
        }
        if change.version != node.version + 1 {
            return None;
        }
        node.version = change.version;
        if change.online {
            node.people.insert(change.user);
        } else {
            node.people.remove(&change.user);
        }
        Some(before != self.contains(change.user))
    }

    /// The nodes, each with the number of its last change.
    pub(super) fn versions(&self) -> HashMap<NodeId, u64> {
        self.0.iter().map(|(id, node)| (*id, node.version)).collect()
    }

    /// Puts all of a node's people in place of what was known of it, unless that is newer. Answers who came online or
    /// went offline by that, seen over all other nodes.
    pub(super) fn replace_node(
        &mut self,
        id: NodeId,
        version: u64,
        people: HashSet<UserId>,
    ) -> Vec<(UserId, bool)> {
        if self.0.get(&id).is_some_and(|node| node.version >= version) {
            return Vec::new();
        }
        self.replace(id, Some(Node { version, people }))
    }

    /// Forgets a node. Answers who went offline with it.
    pub(super) fn remove_node(&mut self, id: NodeId) -> Vec<(UserId, bool)> {
        self.replace(id, None)
    }

    fn replace(&mut self, id: NodeId, node: Option<Node>) -> Vec<(UserId, bool)> {
        let old = self.0.remove(&id).unwrap_or_default();
        let new = node.as_ref().map(|node| node.people.clone()).unwrap_or_default();
        let others = |user: &&UserId| !self.contains(**user);
        let came = new.difference(&old.people).filter(others).map(|user| (*user, true));
        let left = old.people.difference(&new).filter(others).map(|user| (*user, false));
        let changes = came.chain(left).collect();
        if let Some(node) = node {
            self.0.insert(id, node);
        }
        changes
    }
}

/// The `presence` frame.
#[must_use]
pub fn presence_frame(user: UserId, online: bool) -> Frame {
    Frame::from(ServerFrame::Presence(Presence { user_id: user, online }).encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: UserId = UserId(1);
    const BEN: UserId = UserId(2);

    fn change(node: NodeId, version: u64, user: UserId, online: bool) -> PresenceChange {
        PresenceChange { node, version, user, online }
    }

    #[test]
    fn a_person_is_online_until_the_last_node_lets_them_go() {
        let mut remote = RemotePresence::default();
        assert_eq!(remote.apply(change(7, 1, ANA, true)), Some(true));
        assert_eq!(remote.apply(change(8, 1, ANA, true)), Some(false), "online already");
        assert_eq!(remote.apply(change(7, 2, ANA, false)), Some(false), "still on the other node");
        assert_eq!(remote.apply(change(8, 2, ANA, false)), Some(true));
        assert!(!remote.contains(ANA));
    }

    #[test]
    fn a_lost_change_is_noticed_and_an_old_one_changes_nothing() {
        let mut remote = RemotePresence::default();
        assert_eq!(remote.apply(change(7, 3, ANA, true)), None, "nothing is known of this node");
        remote.replace(7, Some(Node { version: 3, people: [ANA].into() }));
        assert_eq!(remote.apply(change(7, 5, BEN, true)), None, "the fourth is missing");
        assert_eq!(remote.apply(change(7, 2, ANA, false)), Some(false));
        assert!(remote.contains(ANA) && !remote.contains(BEN));
        assert_eq!(remote.apply(change(7, 4, BEN, true)), Some(true));
    }
}
