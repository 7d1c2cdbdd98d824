//! The bus over Redis: a publisher, a subscriber, the exchange of presence, and a reconciler, each of which recovers by itself.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use causerie_protocol::{ChatId, Epoch};
use futures_util::StreamExt;
use redis::RedisError;
use redis::aio::PubSubSink;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::neighbours::Neighbours;
use super::reconcile::{Dirty, Reconciler};
use super::{Bus, Envelope, TOKEN_TRUST, deliver_all, wire};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::store::Store;

mod connector;
mod keys;
mod presence;

use connector::{Connector, with_timeout};
use keys::Keys;
use presence::PresenceSync;

/// Envelopes that wait for the publisher; more are lost, which the other nodes find when they reconcile.
const QUEUE: usize = 4_096;
/// Envelopes of one round trip to Redis.
const BATCH: usize = 256;
/// The pause between two checks that a quiet connection still lives.
const PROBE: Duration = Duration::from_secs(2);
/// The first pause before connecting again, and the longest.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Chats of one subscription.
const CHATS: usize = 1_000;

/// Why Redis can't be used; one sentence that names the setting and the remedy, and never the URL's password.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RedisUnusable(String);

/// Envelopes reach this node's sockets at once and the other nodes through Redis.
pub struct RedisBus {
    hub: Hub,
    keys: Keys,
    outgoing: mpsc::Sender<(String, Vec<u8>)>,
    connected: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
    /// Something was not published, and the other nodes were not told to resync yet.
    others_must_resync: Arc<AtomicBool>,
    /// Other nodes use the database and do not come by this Redis.
    misses_other_nodes: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

/// Where Redis is, and how often a node renews its lease there.
#[derive(Clone, Debug)]
pub struct Options {
    /// `redis://`, `rediss://`, `redis-sentinel://` or `rediss-sentinel://`.
    pub url: String,
    /// The certificate, as PEM, of the authority that signed Redis' own, when it is not one that the system trusts.
    pub authority: Option<PathBuf>,
    /// Whose nodes hear each other: the epoch of the installation's log. Others may use the same Redis.
    pub installation: Epoch,
    /// The pause between two renewals. A lease is three of them long.
    pub beat: Duration,
}

impl RedisBus {
    /// Whether a node could use Redis now: connects once and does what a node needs to be allowed to do.
    ///
    /// # Errors
    /// As [`RedisBus::start`].
    pub async fn preflight(url: &str, authority: Option<&PathBuf>) -> Result<(), RedisUnusable> {
        Connector::new(url, authority)?.check().await
    }

    /// Connects, and starts the tasks that keep the connection, renew this node's lease, and read from the store what was lost.
    ///
    /// They end with the value.
    ///
    /// # Errors
    /// When the URL is wrong or Redis does not answer now; later it may go and come back.
    pub async fn start(
        options: &Options,
        store: Arc<dyn Store>,
        hub: Hub,
        metrics: Arc<Metrics>,
    ) -> Result<Self, RedisUnusable> {
        let connector = Connector::new(&options.url, options.authority.as_ref())?;
        // Once now, so that a wrong setting is an error at the start and not a warning for ever.
        connector.check().await?;
        let keys = Keys::of(&options.installation);
        let (outgoing, queue) = mpsc::channel(QUEUE);
        let connected = Arc::<AtomicBool>::default();
        // This node may have been killed after it stored read positions and before it published them.
        let others_must_resync = Arc::new(AtomicBool::new(true));
        let dirty = Arc::new(Dirty::default());
        let newly_followed = hub.newly_followed();
        let mut tasks = JoinSet::new();
        let publisher = Publisher {
            connector: connector.clone(),
            nodes: keys.nodes(),
            node: hub.node(),
            others_must_resync: others_must_resync.clone(),
        };
        tasks.spawn(publisher.run(queue));
        tasks.spawn(
            Subscriber {
                connector: connector.clone(),
                keys: keys.clone(),
                hub: hub.clone(),
                connected: connected.clone(),
                dirty: dirty.clone(),
                metrics: metrics.clone(),
            }
            .run(newly_followed),
        );
        let presence = PresenceSync::new(
            connector,
            keys.clone(),
            store.clone(),
            hub.clone(),
            dirty.clone(),
            options.beat,
        );
        tasks.spawn(presence.run());
        let misses_other_nodes = Arc::<AtomicBool>::default();
        let patience = options.beat * (2 * presence::LEASE);
        let neighbours = Neighbours::with_bus(
            hub.clone(),
            connected.clone(),
            store.clone(),
            patience,
            misses_other_nodes.clone(),
        );
        tasks.spawn(neighbours.run());
        let reconciler =
            Reconciler::new(store, hub.clone(), dirty, others_must_resync.clone(), metrics.clone());
        tasks.spawn(reconciler.run());
        Ok(Self {
            misses_other_nodes,
            hub,
            keys,
            outgoing,
            connected,
            metrics,
            others_must_resync,
            _tasks: tasks,
        })
    }
}

#[async_trait]
impl Bus for RedisBus {
    async fn publish(&self, batch: Vec<Envelope>) {
        for envelope in &batch {
            let address = match envelope {
                Envelope::Event { chat, .. }
                | Envelope::Read { chat, .. }
                | Envelope::Notice { chat, .. } => self.keys.chat(*chat),
                _ => self.keys.nodes(),
            };
            let bytes = wire::encode(self.hub.node(), envelope);
            if self.outgoing.try_send((address, bytes)).is_err() {
                self.others_must_resync.store(true, Ordering::Release);
                self.metrics.bus_dropped.inc();
                tracing::debug!("the queue for Redis is full: other nodes will read from the store");
            }
        }
        deliver_all(&batch, &self.hub).await;
    }

    fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    fn misses_other_nodes(&self) -> bool {
        self.is_connected() && self.misses_other_nodes.load(Ordering::Acquire)
    }

    fn trusts_tokens_for(&self) -> Option<Duration> {
        (self.is_connected() && !self.misses_other_nodes()).then_some(TOKEN_TRUST)
    }
}

/// Publishes what is queued. While Redis is away the queue is dropped: the bus is a hint, and old hints are of no use.
struct Publisher {
    connector: Connector,
    /// The channel that all nodes are subscribed to.
    nodes: String,
    node: u64,
    others_must_resync: Arc<AtomicBool>,
}

impl Publisher {
    async fn run(self, mut queue: mpsc::Receiver<(String, Vec<u8>)>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut pause = RECONNECT.0;
        loop {
            let mut connection = match self.connector.connect().await {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::warn!(%error, "Redis can't be reached to publish");
                    sleep(pause).await;
                    pause = (pause * 2).min(RECONNECT.1);
                    while queue.try_recv().is_ok() {
                        self.others_must_resync.store(true, Ordering::Release);
                    }
                    if queue.is_closed() {
                        return;
                    }
                    continue;
                }
            };
            pause = RECONNECT.0;
            loop {
                batch.clear();
                if self.others_must_resync.swap(false, Ordering::AcqRel) {
                    batch.push((self.nodes.clone(), wire::encode(self.node, &Envelope::Resync)));
                } else {
                    match timeout(PROBE, queue.recv_many(&mut batch, BATCH)).await {
                        Ok(0) => return,
                        Ok(_) => {}
                        // Time to see whether something was lost.
                        Err(_) => continue,
                    }
                }
                let mut pipeline = redis::pipe();
                for (address, bytes) in &batch {
                    pipeline.publish(address, bytes.as_slice()).ignore();
                }
                if let Err(error) = pipeline.query_async::<()>(&mut connection).await {
                    tracing::warn!(%error, "Redis did not take what was published");
                    self.others_must_resync.store(true, Ordering::Release);
                    break;
                }
            }
        }
    }
}

/// Subscribes to the channels of the chats that somebody follows here, and delivers what comes.
struct Subscriber {
    connector: Connector,
    keys: Keys,
    hub: Hub,
    connected: Arc<AtomicBool>,
    dirty: Arc<Dirty>,
    metrics: Arc<Metrics>,
}

impl Subscriber {
    async fn run(self, mut newly_followed: mpsc::UnboundedReceiver<ChatId>) {
        let mut pause = RECONNECT.0;
        let mut first = true;
        loop {
            if let Err(error) = self.listen(&mut newly_followed, &mut pause, &mut first).await {
                tracing::warn!(%error, "Redis can't be heard: messages of other nodes are read from the store");
            }
            self.connected.store(false, Ordering::Release);
            sleep(pause).await;
            pause = (pause * 2).min(RECONNECT.1);
        }
    }

    /// One connection's life.
    async fn listen(
        &self,
        newly_followed: &mut mpsc::UnboundedReceiver<ChatId>,
        pause: &mut Duration,
        first: &mut bool,
    ) -> Result<(), RedisError> {
        let (mut sink, mut stream) = self.connector.listen().await?.split();
        with_timeout(sink.subscribe(self.keys.nodes())).await?;
        let mut listening: HashSet<ChatId> = HashSet::new();
        self.adjust(&mut sink, &mut listening).await?;
        self.connected.store(true, Ordering::Release);
        *pause = RECONNECT.0;
        if !std::mem::take(first) {
            self.metrics.bus_reconnects.inc();
        }
        tracing::info!("Redis connected");
        // What was published before this moment was missed.
        self.dirty.mark(listening.iter().copied());
        let mut probe = tokio::time::interval(PROBE);
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(message) => self.deliver(message.get_payload_bytes()).await,
                    None => return Ok(()),
                },
                Some(_) = newly_followed.recv() => {
                    while newly_followed.try_recv().is_ok() {}
                    self.adjust(&mut sink, &mut listening).await?;
                }
                _ = probe.tick() => {
                    with_timeout(sink.ping::<redis::Value>()).await?;
                    self.adjust(&mut sink, &mut listening).await?;
                }
            }
        }
    }

    /// Makes the subscriptions those of the chats that are followed now.
    async fn adjust(&self, sink: &mut PubSubSink, listening: &mut HashSet<ChatId>) -> Result<(), RedisError> {
        let wanted: HashSet<ChatId> = self.hub.followed().into_iter().collect();
        let new: Vec<ChatId> = wanted.difference(listening).copied().collect();
        let old: Vec<ChatId> = listening.difference(&wanted).copied().collect();
        for chats in new.chunks(CHATS) {
            with_timeout(sink.subscribe(self.channels(chats))).await?;
        }
        for chats in old.chunks(CHATS) {
            with_timeout(sink.unsubscribe(self.channels(chats))).await?;
        }
        *listening = wanted;
        if !new.is_empty() {
            // Between a session's look at the store and this subscription something may have come.
            self.dirty.mark(new);
        }
        Ok(())
    }

    fn channels(&self, chats: &[ChatId]) -> Vec<String> {
        chats.iter().map(|chat| self.keys.chat(*chat)).collect()
    }

    async fn deliver(&self, bytes: &[u8]) {
        match wire::decode(bytes) {
            Some((node, _)) if node == self.hub.node() => {}
            Some((_, Envelope::Resync)) => self.dirty.mark(self.hub.followed()),
            Some((_, envelope)) => {
                envelope.deliver(&self.hub).await;
            }
            None => tracing::debug!("something on the bus is no envelope of this version"),
        }
    }
}
