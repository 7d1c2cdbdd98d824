//! The composition root: what the server is made of, and how it starts and ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::auth::Auth;
use crate::auth::attempts::Attempts;
use crate::bus::{Bus, MemoryBus, PollingBus, RedisBus, RedisOptions, RedisUnusable};
use crate::chat::Chats;
use crate::config::{self, Config};
use crate::connections::Connections;
use crate::gate::Gate;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::pace::People;
use crate::page::{self, Page};
use crate::probes::Probes;
use crate::store::{PostgresStore, SqliteStore, Store, StoreError};
use crate::tls::{Certificate, TlsUnusable};
use crate::{demo, heartbeat, http, listener};

/// How long requests, and then the last appends, may take once the sockets are gone, which takes some seconds at most.
/// A container's manager kills after ten seconds by default.
const DRAIN_LIMIT: Duration = Duration::from_millis(1_500);

/// Everything a request may need; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Accounts, chats and logs.
    pub store: Arc<dyn Store>,
    /// Between nodes.
    pub bus: Arc<dyn Bus>,
    /// The way to append to a log.
    pub chats: Chats,
    /// Who is here.
    pub hub: Hub,
    /// Who is calling.
    pub auth: Auth,
    /// The settings.
    pub config: Arc<Config>,
    /// Whether the server is about to end.
    pub drain: Drain,
    /// Who guesses at passwords.
    pub attempts: Arc<Attempts>,
    /// Which handshakes were looked at.
    pub probes: Arc<Probes>,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
    /// How many sockets there may be.
    pub gate: Gate,
    /// How fast each person may send.
    pub people: People,
    /// Connections of all kinds.
    pub connections: Connections,
    /// The certificate, when the server speaks TLS itself.
    pub certificate: Option<Arc<Certificate>>,
    /// What browsers load.
    pub page: Arc<Page>,
}

/// Why the server ended although nobody asked it to, or could not start; one sentence.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redis can't be used.
    #[error(transparent)]
    Bus(#[from] RedisUnusable),
    /// The certificate can't be used.
    #[error(transparent)]
    Tls(#[from] TlsUnusable),
}

/// Whether the server is about to end: asked by new sockets, which are then refused, and waited for by tasks.
#[derive(Clone, Debug)]
pub struct Drain(Arc<watch::Sender<bool>>);

impl Default for Drain {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Drain {
    /// From now on the server ends; can't be taken back.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it has begun.
    pub async fn begun(&self) {
        let mut changes = self.0.subscribe();
        // The sender lives in `self`, so waiting can't fail.
        let _ = changes.wait_for(|begun| *begun).await;
    }
}

impl App {
    /// Opens the database and puts the parts together.
    ///
    /// # Errors
    /// When the database can't be used.
    pub async fn open(config: Config) -> Result<Self, RunError> {
        Self::open_with_page(config, page::built_in()).await
    }

    /// As [`App::open`], with another page than the one in the program.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_with_page(config: Config, files: Vec<page::File>) -> Result<Self, RunError> {
        let certificate = config.tls.clone().map(Certificate::load).transpose()?;
        let metrics = Arc::<Metrics>::default();
        let hub = Hub::new();
        let is_shared = config::is_postgres(&config.database_url);
        let store: Arc<dyn Store> = if is_shared {
            let store = PostgresStore::open_for(&config.database_url, hub.node()).await?;
            Arc::new(store.measured(metrics.clone(), config.slow_query))
        } else {
            let store = SqliteStore::open_at(&config.database_url, config.address).await?;
            Arc::new(store.measured(metrics.clone(), config.slow_query))
        };
        let bus: Arc<dyn Bus> = match &config.redis_url {
            Some(url) => {
                let options = RedisOptions {
                    url: url.clone(),
                    authority: config.redis_ca.clone(),
                    installation: store.epoch(),
                    beat: config.presence.beat,
                };
                Arc::new(RedisBus::start(&options, store.clone(), hub.clone(), metrics.clone()).await?)
            }
            None if is_shared => Arc::new(PollingBus::start(store.clone(), hub.clone(), metrics.clone())),
            None => Arc::new(MemoryBus::new(hub.clone())),
        };
        let grace = config.presence.grace;
        let chats = Chats::start(store.clone(), Arc::clone(&bus), hub.clone(), metrics.clone(), grace);
        let gate = Gate::new(config.limits);
        let connections = Connections::new(config.limits.connections, metrics.clone());
        let people = People::new(config.limits);
        let attempts = Arc::new(Attempts::new(&config.limits));
        let page = Arc::new(Page::open(files, &config.base_path, store.clone()).await);
        let app = Self {
            auth: Auth::new(store.clone()),
            store,
            bus,
            chats,
            hub,
            config: Arc::new(config),
            drain: Drain::default(),
            attempts,
            probes: Arc::default(),
            metrics,
            gate,
            people,
            connections,
            certificate,
            page,
        };
        if app.config.demo {
            demo::prepare(&app).await?;
        }
        Ok(app)
    }

    /// Serves until `shutdown` comes true, then lets what runs come to its end, in bounded time.
    ///
    /// # Errors
    /// None at present; a socket that can't accept is tried again.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), RunError> {
        let heartbeat = heartbeat::start(self.hub.clone(), self.config.heartbeat);
        let drain = self.drain.clone();
        let (stop, stopped) = watch::channel(false);
        let acceptor = self.certificate.as_ref().map(Certificate::acceptor);
        let router = http::router(self.clone());
        let serving = listener::serve(
            listener,
            acceptor,
            router,
            self.connections.clone(),
            self.config.timeouts,
            stopped,
        );
        let mut serving = tokio::spawn(serving);
        tokio::select! {
            () = shutdown => {}
            ended = &mut serving => ended.expect("accepting connections does not end by itself"),
        }
        tracing::info!("draining");
        drain.begin();
        // The sockets first, whose senders wait for acks: what they sent is stored before they close.
        // Who comes meanwhile is told so, which a closed door would not.
        self.hub.drain().await;
        stop.send_replace(true);
        if timeout(DRAIN_LIMIT, &mut serving).await.is_err() {
            tracing::warn!("some requests did not end in time and are dropped");
            serving.abort();
        }
        if timeout(DRAIN_LIMIT, self.chats.drain()).await.is_err() {
            tracing::warn!("the database did not take what was sent last; nobody was told that it did");
        }
        heartbeat.abort();
        self.store.close().await;
        tracing::info!("ended");
        Ok(())
    }
}

/// Opens the database, serves until `shutdown` comes true, and drains.
///
/// # Errors
/// When the database can't be used.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    App::open(config).await?.serve(listener, shutdown).await
}
