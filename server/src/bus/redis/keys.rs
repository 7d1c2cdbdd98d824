//! The names of channels and keys in Redis: an installation has its own, so that several may share one Redis.

use std::sync::Arc;

use causerie_protocol::{ChatId, Epoch};

use crate::hub::NodeId;

/// Those of one installation; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Keys(Arc<str>);

impl Keys {
    /// Those of the installation whose log has this epoch.
    pub(super) fn of(installation: &Epoch) -> Self {
        Self(format!("causerie:{}", installation.0).into())
    }

    /// The channel that every node listens to, for what concerns people and sign-ins; and the set of the nodes' ids.
    pub(super) fn nodes(&self) -> String {
        format!("{}:nodes", self.0)
    }

    /// The channel of a chat.
    pub(super) fn chat(&self, chat: ChatId) -> String {
        format!("{}:chat:{chat}", self.0)
    }

    /// The number of the last change that a node's set of people holds; its time to live is the node's lease.
    pub(super) fn node(&self, node: NodeId) -> String {
        format!("{}:node:{node}", self.0)
    }

    /// The set of a node's people.
    pub(super) fn people(&self, node: NodeId) -> String {
        format!("{}:node:{node}:people", self.0)
    }
}
