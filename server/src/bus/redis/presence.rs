//! The exchange of presence: who is on which node, in Redis, under leases (keys with a TTL) that expire when a node dies.
//! The lease is renewed by this task's heartbeat.
//!
//! A node writes its people into a set and renews the set's lease with every beat; a number beside it says up to which
//! change the set goes. Changes travel over the bus at once, with the same numbers, so that the sets are read only where
//! something was lost.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use causerie_protocol::UserId;
use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::time::{MissedTickBehavior, interval};

use super::connector::Connector;
use super::keys::Keys;
use crate::bus::reconcile::Dirty;
use crate::hub::{Hub, NodeId, presence_frame};
use crate::store::Store;

/// Beats of a lease: two may be lost.
pub(super) const LEASE: u32 = 3;
/// People of one command.
const CHUNK: usize = 1_000;

pub(super) struct PresenceSync {
    connector: Connector,
    keys: Keys,
    store: Arc<dyn Store>,
    hub: Hub,
    dirty: Arc<Dirty>,
    beat: Duration,
    lease: Duration,
    /// What Redis holds of this node.
    written: Option<(u64, HashSet<UserId>)>,
    /// Nodes without a lease are believed until then, since a Redis that came back may have lost them.
    grace_until: Instant,
}

impl PresenceSync {
    pub(super) fn new(
        connector: Connector,
        keys: Keys,
        store: Arc<dyn Store>,
        hub: Hub,
        dirty: Arc<Dirty>,
        beat: Duration,
    ) -> Self {
        let grace_until = Instant::now();
        Self { connector, keys, store, hub, dirty, beat, lease: beat * LEASE, written: None, grace_until }
    }

    pub(super) async fn run(mut self) {
        let mut ticks = interval(self.beat);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connection = None;
        let mut last_good = Instant::now();
        loop {
            let hub = self.hub.clone();
            tokio::select! {
                _ = ticks.tick() => {}
                () = hub.presence_lost() => {}
            }
            match self.beat(&mut connection).await {
                Ok(()) => last_good = Instant::now(),
                Err(error) => {
                    tracing::debug!(%error, "presence could not be exchanged");
                    connection = None;
                    if last_good.elapsed() > self.lease {
                        // What is known of the other nodes is stale; the presence of this node's users stays.
                        for node in self.hub.other_nodes().into_keys() {
                            self.forget(node).await;
                        }
                    }
                }
            }
        }
    }

    async fn beat(&mut self, connection: &mut Option<MultiplexedConnection>) -> Result<(), RedisError> {
        let connection = match connection {
            Some(connection) => connection,
            None => {
                let fresh = self.connector.connect().await?;
                self.grace_until = Instant::now() + self.lease;
                self.written = None;
                connection.insert(fresh)
            }
        };
        self.write(connection).await?;
        self.read(connection).await
    }

    /// Renews this node's lease and writes what changed since the last time.
    async fn write(&mut self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        let node = self.hub.node();
        let (version_key, people_key) = (self.keys.node(node), self.keys.people(node));
        let lease = i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX);
        let renewed: (bool, bool) = redis::pipe()
            .pexpire(&version_key, lease)
            .pexpire(&people_key, lease)
            .query_async(connection)
            .await?;
        let is_there = renewed.0 && self.written.is_some();
        if is_there
            && self.written.as_ref().is_some_and(|(version, _)| *version == self.hub.presence_version())
        {
            return Ok(());
        }
        let (version, people) = self.hub.presence_snapshot();
        let mut change = redis::pipe();
        change.atomic();
        let old = match self.written.take() {
            Some((_, old)) if is_there => old,
            _ => {
                change.del(&people_key).ignore();
                HashSet::new()
            }
        };
        let ids = |people: Vec<&UserId>| people.into_iter().map(|user| user.0).collect::<Vec<_>>();
        for came in ids(people.difference(&old).collect()).chunks(CHUNK) {
            change.sadd(&people_key, came).ignore();
        }
        for left in ids(old.difference(&people).collect()).chunks(CHUNK) {
            change.srem(&people_key, left).ignore();
        }
        change.cmd("SET").arg(&version_key).arg(version).arg("PX").arg(lease).ignore();
        change.pexpire(&people_key, lease).ignore();
        change.sadd(self.keys.nodes(), node).ignore();
        change.exec_async(connection).await?;
        self.written = Some((version, people));
        Ok(())
    }

    /// Reads the people of nodes of which more changed than is known, and lets the nodes go whose lease has ended.
    async fn read(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        // Any node that finds another without a lease removes it.
        let mut nodes: Vec<NodeId> =
            redis::cmd("SMEMBERS").arg(self.keys.nodes()).query_async(connection).await?;
        nodes.retain(|node| *node != self.hub.node());
        let versions: Vec<Option<u64>> = if nodes.is_empty() {
            Vec::new()
        } else {
            let keys: Vec<String> = nodes.iter().map(|node| self.keys.node(*node)).collect();
            redis::cmd("MGET").arg(keys).query_async(connection).await?
        };
        let versions: HashMap<NodeId, Option<u64>> = nodes.into_iter().zip(versions).collect();
        let mut known = self.hub.other_nodes();
        for (node, version) in versions {
            let Some(version) = version else {
                let _: () =
                    redis::cmd("SREM").arg(self.keys.nodes()).arg(node).query_async(connection).await?;
                continue;
            };
            if known.remove(&node).is_some_and(|known| known >= version) {
                continue;
            }
            let (version, people): (Option<u64>, Vec<i64>) = redis::pipe()
                .atomic()
                .get(self.keys.node(node))
                .smembers(self.keys.people(node))
                .query_async(connection)
                .await?;
            if let Some(version) = version {
                let people = people.into_iter().map(UserId).collect();
                self.tell(self.hub.replace_node_presence(node, version, people)).await;
            }
        }
        if Instant::now() >= self.grace_until {
            for node in known.into_keys() {
                tracing::info!(node, "another node's lease has ended");
                // It may have stored read positions that it did not publish.
                self.dirty.mark(self.hub.followed());
                self.forget(node).await;
            }
        }
        Ok(())
    }

    async fn forget(&self, node: NodeId) {
        self.tell(self.hub.expire_node(node)).await;
    }

    /// Tells this node's sockets; every other node finds out by itself.
    async fn tell(&self, changes: Vec<(UserId, bool)>) {
        for (user, online) in changes {
            match self.store.acquaintances(user).await {
                Ok(users) => {
                    self.hub.notice_to(&users, online.then_some(user), &presence_frame(user, online));
                }
                Err(error) => tracing::warn!(%error, "presence could not be told"),
            }
        }
    }
}
