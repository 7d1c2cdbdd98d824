//! The composition root: opens what the server is made of, serves, and drains.

use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::accounts::Registration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::auth::people::ChangeError;
use crate::auth::{Auth, PasswordError};
use crate::bus::{Bus, MemoryBus, PollingBus, RedisBus, RedisOptions, RedisUnusable};
use crate::chat::Chats;
use crate::config::{self, Config};
use crate::connections::Connections;
use crate::hub::Hub;
use crate::mail::{self, MailUnusable, Mailer, Postman};
use crate::metrics::Metrics;
use crate::page::{self, Page};
use crate::rate_limit::UserRates;
use crate::session::Services;
use crate::socket_limiter::SocketLimiter;
use crate::state::{App, AppState};
use crate::store::{Addresses, PostgresStore, SqliteStore, Store, StoreError};
use crate::tls::{Certificate, TlsUnusable};
use crate::words::{Words, WordsUnusable};
use crate::{caretaker, demo, heartbeat, http, indexer, listener};

/// How long requests, and then the last appends, may take once the sockets are closed, which takes some seconds itself.
/// Container managers kill after ten seconds by default.
const DRAIN_LIMIT: Duration = Duration::from_millis(1_500);

/// Searches at once, of which each holds a connection to the database while it looks.
const SEARCHES: usize = 2;

/// A server that has opened its database and does not serve yet.
pub struct Server {
    state: AppState,
    certificate: Option<Arc<Certificate>>,
    has_owner: bool,
    postman: Option<Postman>,
}

/// Why the server could not start; one sentence.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bus(#[from] RedisUnusable),
    #[error(transparent)]
    Tls(#[from] TlsUnusable),
    #[error(transparent)]
    Mail(#[from] MailUnusable),
    #[error(transparent)]
    Words(#[from] WordsUnusable),
}

impl Server {
    pub async fn open(config: Config) -> Result<Self, RunError> {
        Self::open_with_page(config, page::built_in()).await
    }

    /// As [`Server::open`], with another page than the one in the program.
    pub async fn open_with_page(config: Config, files: Vec<page::File>) -> Result<Self, RunError> {
        let certificate = config.tls.clone().map(Certificate::load).transpose()?;
        let words = match &config.words {
            Some((path, action)) => Some(Arc::new(Words::load(path, *action)?)),
            None => None,
        };
        let metrics = Arc::<Metrics>::default();
        let hub = Hub::new();
        let addresses = if config.legacy_email { Addresses::Legacy } else { Addresses::Hidden };
        let is_shared = config::is_postgres(&config.database_url);
        let store: Arc<dyn Store> = if is_shared {
            let store = PostgresStore::open_for(&config.database_url, hub.node()).await?;
            Arc::new(store.with_addresses(addresses).measured(metrics.clone(), config.slow_query))
        } else {
            let store = SqliteStore::open_at(&config.database_url, config.address, config.page()).await?;
            Arc::new(store.with_addresses(addresses).measured(metrics.clone(), config.slow_query))
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
            None => Arc::new(MemoryBus::start(store.clone(), hub.clone())),
        };
        let grace = config.presence.grace;
        let chats = Chats::start(store.clone(), Arc::clone(&bus), hub.clone(), metrics.clone(), grace);
        let chats = chats.with_words(words);
        let socket_limiter = SocketLimiter::new(config.limits);
        let connections = Connections::new(config.limits.connections, metrics.clone());
        let rates = UserRates::new(config.limits);
        let page = Arc::new(Page::open(files, &config.base_path, store.clone()).await);
        let session_services = Arc::new(Services {
            store: store.clone(),
            chats: chats.clone(),
            hub: hub.clone(),
            heartbeat: config.heartbeat,
            edit_for: config.edit_for,
            metrics: metrics.clone(),
        });
        let page_address = config.public_url.clone().unwrap_or_default();
        let (mailer, postman) = match &config.smtp {
            Some(smtp) => {
                let (mailer, postman) = mail::open(smtp, &page_address)?;
                (mailer, Some(postman))
            }
            None => (Mailer::default(), None),
        };
        let state = Arc::new(App {
            auth: Auth::new(
                store.clone(),
                bus.clone(),
                hub.clone(),
                &config.limits,
                config.registration,
                config.require_2fa,
                config.who_invites,
            ),
            store,
            bus,
            chats,
            hub,
            config: Arc::new(config),
            draining: CancellationToken::new(),
            probes: Arc::default(),
            metrics,
            socket_limiter,
            rates,
            connections,
            page,
            mailer,
            searches: Semaphore::new(SEARCHES),
            session_services,
        });
        if state.config.demo {
            demo::prepare(&*state.store, &state.auth).await?;
        }
        let has_owner = state.store.ensure_owner().await?;
        Ok(Self { state, certificate, has_owner, postman })
    }

    /// The secret of a link by which somebody becomes the owner, if there is none; each call makes another one.
    ///
    /// Whoever may register becomes the owner as the first who does, and then no link is needed.
    pub async fn owner_invitation(&self) -> Result<Option<String>, RunError> {
        if self.has_owner || self.state.auth.registration().await? == Registration::Open {
            return Ok(None);
        }
        match self.state.auth.invite_owner().await {
            Ok(link) => Ok(Some(link.token)),
            Err(ChangeError::Password(PasswordError::Store(error))) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }

    /// The certificate, when the server speaks TLS itself.
    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// Serves until `shutdown` completes. The graceful shutdown after that takes a bounded time.
    ///
    /// When the future is dropped, the listener and every connection that is not a WebSocket are closed at once.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send + 'static) {
        let Self { state, certificate, postman, .. } = self;
        // A set aborts its tasks when it is dropped.
        let mut heartbeat = JoinSet::new();
        heartbeat.spawn(heartbeat::run(state.hub.clone(), state.config.heartbeat));
        let deleted_messages = state.config.deleted_messages;
        heartbeat.spawn(caretaker::run(
            state.store.clone(),
            state.auth.clone(),
            state.chats.clone(),
            deleted_messages,
        ));
        heartbeat.spawn(indexer::run(state.store.clone(), state.chats.clone(), state.metrics.clone()));
        if let Some(postman) = postman {
            heartbeat.spawn(postman.run(state.store.clone(), state.auth.clone(), state.chats.clone()));
        }
        let stop = CancellationToken::new();
        let acceptor = certificate.as_ref().map(Certificate::acceptor);
        let router = http::router(state.clone());
        let mut serving = JoinSet::new();
        serving.spawn(listener::serve(
            listener,
            acceptor,
            router,
            state.connections.clone(),
            state.config.timeouts,
            stop.clone(),
        ));
        tokio::select! {
            () = shutdown => {}
            Some(ended) = serving.join_next() => ended.expect("accepting connections does not end by itself"),
        }
        tracing::info!("draining");
        state.draining.cancel();
        // The sockets first: what their senders wait for is stored and acknowledged before they close.
        // New requests are still accepted and get 503 with Retry-After, which a closed port could not say.
        state.hub.drain().await;
        stop.cancel();
        if timeout(DRAIN_LIMIT, serving.join_next()).await.is_err() {
            tracing::warn!("some requests did not end in time and are dropped");
            serving.abort_all();
        }
        if timeout(DRAIN_LIMIT, state.chats.drain()).await.is_err() {
            tracing::warn!("the database did not take what was sent last; nobody was told that it did");
        }
        heartbeat.abort_all();
        state.store.close().await;
        tracing::info!("ended");
    }
}

/// Opens, serves until `shutdown` completes, and drains.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    Server::open(config).await?.serve(listener, shutdown).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use causerie_testkit::{LIMIT, eventually};
    use futures_util::FutureExt;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_server_whose_future_is_dropped_listens_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(&folder.path().join("causerie.db"));
        let server = Server::open_with_page(config, Vec::new()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = Box::pin(server.serve(listener, pending()));
        assert!((&mut serving).now_or_never().is_none());
        TcpStream::connect(address).await.unwrap();
        drop(serving);
        let is_closed = async || TcpStream::connect(address).await.is_err().then_some(());
        eventually("the port is closed", LIMIT, is_closed).await.unwrap();
    }
}
