//! Presence of the installation: who is here, and what other nodes said about who is there.

use std::collections::{HashMap, HashSet};
use std::sync::{MutexGuard, PoisonError};

use causerie_protocol::server_frame::Presence;
use causerie_protocol::{ServerFrame, UserId};
use serde::{Deserialize, Serialize};

use super::Hub;
use crate::outbox::Frame;

/// A node's name for its lifetime; drawn at random, so that a restarted node is another one.
pub type NodeId = u64;

/// Somebody came to a node or left it. The changes of a node are numbered 1, 2, 3 …, so that a lost one is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The node, which between nodes is told of every envelope and not here.
    #[serde(skip)]
    pub node: NodeId,
    /// The change's number.
    pub version: u64,
    /// Who.
    pub user: UserId,
    /// Came or left.
    pub online: bool,
}

/// The people of the other nodes, as far as they were heard of.
#[derive(Default)]
pub(super) struct Elsewhere(HashMap<NodeId, Node>);

#[derive(Default)]
struct Node {
    /// The number of the last change that `people` holds.
    version: u64,
    people: HashSet<UserId>,
}

impl Elsewhere {
    fn has(&self, user: UserId) -> bool {
        self.0.values().any(|node| node.people.contains(&user))
    }

    /// Takes a change in. `None`: one before it is missing, so the whole roster has to be read.
    /// Otherwise whether it changed where the person is, seen over all other nodes.
    fn apply(&mut self, change: Change) -> Option<bool> {
        if !self.0.contains_key(&change.node) && change.version != 1 {
            return None;
        }
        let before = self.has(change.user);
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
        Some(before != self.has(change.user))
    }

    /// Puts a node's whole roster in place of what was known of it; who came or left by that.
    fn replace(&mut self, id: NodeId, node: Option<Node>) -> Vec<(UserId, bool)> {
        let old = self.0.remove(&id).unwrap_or_default();
        let new = node.as_ref().map(|node| node.people.clone()).unwrap_or_default();
        let others = |user: &&UserId| !self.has(**user);
        let came = new.difference(&old.people).filter(others).map(|user| (*user, true));
        let left = old.people.difference(&new).filter(others).map(|user| (*user, false));
        let changes = came.chain(left).collect();
        if let Some(node) = node {
            self.0.insert(id, node);
        }
        changes
    }
}

/// The frame that tells of a person's presence.
#[must_use]
pub fn presence_frame(user: UserId, online: bool) -> Frame {
    Frame::from(ServerFrame::Presence(Presence { user_id: user, online }).encode())
}

impl Hub {
    fn elsewhere(&self) -> MutexGuard<'_, Elsewhere> {
        self.0.elsewhere.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This node's name.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// Whether a person has a socket on some node, or had one a moment ago.
    #[must_use]
    pub fn is_online(&self, user: UserId) -> bool {
        self.is_here(user) || self.elsewhere().has(user)
    }

    fn is_here(&self, user: UserId) -> bool {
        self.people().users.contains_key(&user)
    }

    /// Who came and left here since the last call, in order.
    #[must_use]
    pub fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.people().changes)
    }

    /// The number of the last change here.
    #[must_use]
    pub fn presence_version(&self) -> u64 {
        self.people().version
    }

    /// Everybody who is here, and the number of the last change that this holds.
    #[must_use]
    pub fn roster(&self) -> (u64, HashSet<UserId>) {
        let people = self.people();
        (people.version, people.users.keys().copied().collect())
    }

    /// Takes a change on some node in, and tells these people's sockets here if it changed whether the person is online.
    pub fn presence(&self, change: Change, users: &[UserId], frame: &Frame) {
        let news = if change.node == self.node() {
            !self.elsewhere().has(change.user)
        } else {
            let applied = self.elsewhere().apply(change);
            if applied.is_none() {
                self.0.presence_lost.notify_one();
            }
            applied == Some(true) && !self.is_here(change.user)
        };
        if news {
            self.notice_to(users, frame);
        }
    }

    /// Waits until a change of another node turned out to be lost.
    pub async fn presence_lost(&self) {
        self.0.presence_lost.notified().await;
    }

    /// The other nodes that are known, each with the number of its last change.
    #[must_use]
    pub fn other_nodes(&self) -> HashMap<NodeId, u64> {
        self.elsewhere().0.iter().map(|(id, node)| (*id, node.version)).collect()
    }

    /// Puts another node's whole roster in place of what was known of it, unless that is newer.
    /// Answers who came online or went offline by that.
    #[must_use]
    pub fn set_roster(&self, id: NodeId, version: u64, people: HashSet<UserId>) -> Vec<(UserId, bool)> {
        let changes = {
            let mut elsewhere = self.elsewhere();
            if elsewhere.0.get(&id).is_some_and(|node| node.version >= version) {
                return Vec::new();
            }
            elsewhere.replace(id, Some(Node { version, people }))
        };
        self.not_here(changes)
    }

    /// Forgets a node that is gone. Answers who went offline with it.
    #[must_use]
    pub fn forget_node(&self, id: NodeId) -> Vec<(UserId, bool)> {
        let changes = self.elsewhere().replace(id, None);
        self.not_here(changes)
    }

    fn not_here(&self, mut changes: Vec<(UserId, bool)>) -> Vec<(UserId, bool)> {
        let people = self.people();
        changes.retain(|(user, _)| !people.users.contains_key(user));
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: UserId = UserId(1);
    const BEN: UserId = UserId(2);

    fn change(node: NodeId, version: u64, user: UserId, online: bool) -> Change {
        Change { node, version, user, online }
    }

    #[test]
    fn a_person_is_online_until_the_last_node_lets_them_go() {
        let mut elsewhere = Elsewhere::default();
        assert_eq!(elsewhere.apply(change(7, 1, ANA, true)), Some(true));
        assert_eq!(elsewhere.apply(change(8, 1, ANA, true)), Some(false), "online already");
        assert_eq!(elsewhere.apply(change(7, 2, ANA, false)), Some(false), "still on the other node");
        assert_eq!(elsewhere.apply(change(8, 2, ANA, false)), Some(true));
        assert!(!elsewhere.has(ANA));
    }

    #[test]
    fn a_lost_change_is_noticed_and_an_old_one_changes_nothing() {
        let mut elsewhere = Elsewhere::default();
        assert_eq!(elsewhere.apply(change(7, 3, ANA, true)), None, "nothing is known of this node");
        elsewhere.replace(7, Some(Node { version: 3, people: [ANA].into() }));
        assert_eq!(elsewhere.apply(change(7, 5, BEN, true)), None, "the fourth is missing");
        assert_eq!(elsewhere.apply(change(7, 2, ANA, false)), Some(false));
        assert!(elsewhere.has(ANA) && !elsewhere.has(BEN));
        assert_eq!(elsewhere.apply(change(7, 4, BEN, true)), Some(true));
    }

    #[test]
    fn a_roster_tells_who_came_and_left_and_the_end_of_a_node_who_left_with_it() {
        let hub = Hub::new();
        assert_eq!(hub.set_roster(7, 2, [ANA].into()), [(ANA, true)]);
        assert_eq!(hub.set_roster(8, 1, [ANA].into()), []);
        assert_eq!(hub.set_roster(7, 1, [BEN].into()), [], "older than what is known");
        assert_eq!(hub.set_roster(7, 4, [BEN].into()), [(BEN, true)], "the other one is on another node");
        assert!(hub.is_online(ANA) && hub.is_online(BEN));
        assert_eq!(hub.forget_node(7), [(BEN, false)]);
        assert_eq!(hub.forget_node(8), [(ANA, false)]);
        assert!(hub.other_nodes().is_empty());
    }
}
