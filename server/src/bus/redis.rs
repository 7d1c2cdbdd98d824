//! The bus over Redis: one publisher, one subscriber and a backstop, each of which mends itself.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use causerie_protocol::server_frame::ReadPosition;
use causerie_protocol::{ChatId, ServerFrame};
use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubSink};
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, RedisError};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use super::{Bus, Envelope, deliver_all, wire};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::Frame;
use crate::store::{Store, StoreError};

/// The channel that every node listens to: what concerns people and sign-ins.
const NODES: &str = "causerie:nodes";
/// Envelopes that wait for the publisher; more are lost, which the backstop of the other nodes finds.
const QUEUE: usize = 4_096;
/// Envelopes of one round trip to Redis.
const BATCH: usize = 256;
/// How long Redis may take to answer before the connection counts as dead.
const ANSWER: Duration = Duration::from_secs(3);
/// The pause between two checks that a quiet connection still lives.
const PROBE: Duration = Duration::from_secs(2);
/// The first pause before connecting again, and the longest.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// The pause between two looks at the heads in the store: the longest that a hole stays when Redis is away.
const BACKSTOP: Duration = Duration::from_secs(2);
/// What is asked for within this time is one look.
const GATHER: Duration = Duration::from_millis(20);
/// Chats of one look at the heads.
const HEADS: usize = 1_000;

/// Why Redis can't be used; one sentence that names the setting and the remedy, and never the URL's password.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RedisUnusable(String);

/// Envelopes reach this node's sockets at once and the other nodes through Redis.
pub struct RedisBus {
    node: u64,
    hub: Hub,
    outgoing: mpsc::Sender<(String, Vec<u8>)>,
    connected: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
    /// Something was not published, and the other nodes are not told yet.
    lost: Arc<AtomicBool>,
}

/// What this node may have missed.
#[derive(Default)]
struct Missed {
    /// Asks the backstop to look at the heads at once.
    look: Notify,
    /// Chats whose read positions may be other than what was told here.
    reads: Mutex<HashSet<ChatId>>,
}

impl Missed {
    /// Something of these chats may have been missed: look at once.
    fn all_of(&self, chats: impl IntoIterator<Item = ChatId>) {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).extend(chats);
        self.look.notify_one();
    }

    fn take_reads(&self) -> Vec<ChatId> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}

impl RedisBus {
    /// Connects, and starts the tasks that keep the connection and read from the store what it lost.
    ///
    /// # Errors
    /// When the URL is wrong or Redis does not answer now; later it may go and come back.
    pub async fn start(
        url: &str,
        store: Arc<dyn Store>,
        hub: Hub,
        metrics: Arc<Metrics>,
    ) -> Result<Self, RedisUnusable> {
        let info = url.into_connection_info().map_err(|_| {
            RedisUnusable(
                "REDIS_URL is not a Redis URL: write redis://HOST:PORT/ or rediss://USER:PASSWORD@HOST:PORT/DATABASE".to_owned(),
            )
        })?;
        let place = info.addr().to_string();
        let client = Client::open(info).map_err(|error| unusable(&place, &error))?;
        // Once now, so that a wrong setting is an error at the start and not a warning for ever.
        connect(&client).await.map_err(|error| unusable(&place, &error))?;
        let (outgoing, queue) = mpsc::channel(QUEUE);
        let bus = Self {
            node: rand::random(),
            hub: hub.clone(),
            outgoing,
            connected: Arc::default(),
            metrics: metrics.clone(),
            lost: Arc::default(),
        };
        let missed = Arc::new(Missed::default());
        let opened = hub.watch_rooms();
        tokio::spawn(Publisher { client: client.clone(), node: bus.node, lost: bus.lost.clone() }.run(queue));
        tokio::spawn(
            Subscriber {
                client,
                node: bus.node,
                hub: hub.clone(),
                connected: bus.connected.clone(),
                missed: missed.clone(),
                metrics: metrics.clone(),
            }
            .run(opened),
        );
        tokio::spawn(backstop(store, hub, missed, bus.lost.clone(), metrics));
        Ok(bus)
    }
}

fn unusable(place: &str, error: &RedisError) -> RedisUnusable {
    use redis::{ErrorKind, ServerErrorKind};
    RedisUnusable(match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => {
            format!("Redis at {place} refuses the user or the password: correct them in REDIS_URL")
        }
        ErrorKind::InvalidClientConfig => {
            format!("REDIS_URL asks for something that this build does not have ({error}): correct it")
        }
        _ => format!(
            "Redis does not answer at {place}: start it, correct REDIS_URL, or unset USE_REDIS to run one server"
        ),
    })
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER)).set_response_timeout(Some(ANSWER));
    client.get_multiplexed_async_connection_with_config(&config).await
}

fn channel(chat: ChatId) -> String {
    format!("causerie:chat:{chat}")
}

#[async_trait]
impl Bus for RedisBus {
    async fn publish(&self, batch: Vec<Envelope>) {
        for envelope in &batch {
            let address = match envelope {
                Envelope::Event { chat, .. }
                | Envelope::Read { chat, .. }
                | Envelope::Notice { chat, .. } => channel(*chat),
                _ => NODES.to_owned(),
            };
            let bytes = wire::encode(self.node, envelope);
            if self.outgoing.try_send((address, bytes)).is_err() {
                self.lost.store(true, Ordering::Release);
                self.metrics.bus_dropped.inc();
                tracing::debug!("the queue for Redis is full: other nodes will read from the store");
            }
        }
        deliver_all(&batch, &self.hub).await;
    }

    fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }
}

/// Publishes what waits. While Redis is away it is thrown away: the bus is a hint, and old hints help nobody.
struct Publisher {
    client: Client,
    node: u64,
    lost: Arc<AtomicBool>,
}

impl Publisher {
    async fn run(self, mut queue: mpsc::Receiver<(String, Vec<u8>)>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut pause = RECONNECT.0;
        loop {
            let mut connection = match connect(&self.client).await {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::warn!(%error, "Redis can't be reached to publish");
                    sleep(pause).await;
                    pause = (pause * 2).min(RECONNECT.1);
                    while queue.try_recv().is_ok() {
                        self.lost.store(true, Ordering::Release);
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
                if self.lost.swap(false, Ordering::AcqRel) {
                    batch.push((NODES.to_owned(), wire::encode(self.node, &Envelope::Lost)));
                } else {
                    match timeout(PROBE, queue.recv_many(&mut batch, BATCH)).await {
                        Ok(0) => return,
                        Ok(_) => {}
                        // Time to look whether something was lost.
                        Err(_) => continue,
                    }
                }
                let mut pipeline = redis::pipe();
                for (address, bytes) in &batch {
                    pipeline.publish(address, bytes.as_slice()).ignore();
                }
                if let Err(error) = pipeline.query_async::<()>(&mut connection).await {
                    tracing::warn!(%error, "Redis did not take what was published");
                    self.lost.store(true, Ordering::Release);
                    break;
                }
            }
        }
    }
}

/// Listens for the chats that somebody follows here.
struct Subscriber {
    client: Client,
    node: u64,
    hub: Hub,
    connected: Arc<AtomicBool>,
    missed: Arc<Missed>,
    metrics: Arc<Metrics>,
}

impl Subscriber {
    async fn run(self, mut opened: mpsc::UnboundedReceiver<ChatId>) {
        let mut pause = RECONNECT.0;
        let mut first = true;
        loop {
            if let Err(error) = self.listen(&mut opened, &mut pause, &mut first).await {
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
        opened: &mut mpsc::UnboundedReceiver<ChatId>,
        pause: &mut Duration,
        first: &mut bool,
    ) -> Result<(), RedisError> {
        let (mut sink, mut stream) = timed(self.client.get_async_pubsub()).await?.split();
        timed(sink.subscribe(NODES)).await?;
        let mut listening: HashSet<ChatId> = HashSet::new();
        self.adjust(&mut sink, &mut listening).await?;
        self.connected.store(true, Ordering::Release);
        *pause = RECONNECT.0;
        if !std::mem::take(first) {
            self.metrics.bus_reconnects.inc();
        }
        tracing::info!("Redis connected");
        // What was published before this moment was missed.
        self.missed.all_of(listening.iter().copied());
        let mut probe = tokio::time::interval(PROBE);
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(message) => self.deliver(message.get_payload_bytes()).await,
                    None => return Ok(()),
                },
                Some(_) = opened.recv() => {
                    while opened.try_recv().is_ok() {}
                    self.adjust(&mut sink, &mut listening).await?;
                }
                _ = probe.tick() => {
                    timed(sink.ping::<redis::Value>()).await?;
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
        for chats in new.chunks(HEADS) {
            timed(sink.subscribe(chats.iter().map(|chat| channel(*chat)).collect::<Vec<_>>())).await?;
        }
        for chats in old.chunks(HEADS) {
            timed(sink.unsubscribe(chats.iter().map(|chat| channel(*chat)).collect::<Vec<_>>())).await?;
        }
        *listening = wanted;
        if !new.is_empty() {
            // Between a session's look at the store and this subscription something may have come.
            self.missed.all_of(new);
        }
        Ok(())
    }

    async fn deliver(&self, bytes: &[u8]) {
        match wire::decode(bytes) {
            Some((node, _)) if node == self.node => {}
            Some((_, Envelope::Lost)) => self.missed.all_of(self.hub.followed()),
            Some((_, envelope)) => {
                envelope.deliver(&self.hub).await;
            }
            None => tracing::debug!("something on the bus is no envelope of this version"),
        }
    }
}

/// A Redis that does not answer is as good as gone.
async fn timed<T>(answer: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

/// Reads the heads of followed chats from the store now and then, and when asked to, and reveals what the bus lost.
async fn backstop(
    store: Arc<dyn Store>,
    hub: Hub,
    missed: Arc<Missed>,
    lost: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
) {
    let mut was_away = false;
    loop {
        let _ = timeout(BACKSTOP, missed.look.notified()).await;
        // A storm of newly followed chats is one look, not one each.
        sleep(GATHER).await;
        let mut is_away = false;
        for chats in hub.followed().chunks(HEADS) {
            match store.heads(chats).await {
                Ok(heads) => {
                    let there: HashSet<ChatId> = heads.iter().map(|(chat, _)| *chat).collect();
                    for (chat, head) in heads {
                        if hub.reveal(chat, head) {
                            metrics.bus_backstop_finds.inc();
                            tracing::debug!(%chat, %head, "the bus had lost something; read from the store");
                        }
                    }
                    for gone in chats.iter().filter(|chat| !there.contains(chat)) {
                        hub.chat_deleted(*gone, &[]);
                    }
                }
                Err(error) => {
                    is_away = true;
                    tracing::warn!(%error, "the heads can't be read");
                }
            }
        }
        if was_away && !is_away {
            // What was stored while its answer did not arrive was told to nobody.
            lost.store(true, Ordering::Release);
            missed.all_of(hub.followed());
        }
        was_away = is_away;
        for chats in missed.take_reads().chunks(HEADS) {
            if let Err(error) = tell_reads(&*store, &hub, chats).await {
                tracing::warn!(%error, "the read positions can't be read");
                missed.reads.lock().unwrap_or_else(PoisonError::into_inner).extend(chats);
            }
        }
        match store.revoked(&hub.tokens()).await {
            Ok(tokens) => tokens.into_iter().for_each(|token| hub.token_revoked(token)),
            Err(error) => tracing::warn!(%error, "the sign-ins can't be read"),
        }
    }
}

/// Tells how far everybody has read; the hub drops what it told before.
async fn tell_reads(store: &dyn Store, hub: &Hub, chats: &[ChatId]) -> Result<(), StoreError> {
    for (chat_id, user_id, seq) in store.reads(chats).await? {
        let read = ServerFrame::Read(ReadPosition { chat_id, user_id, seq });
        hub.read(chat_id, user_id, seq, &Frame::from(read.encode()));
    }
    Ok(())
}
