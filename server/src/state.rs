//! What a request may need: the state that every handler is given.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::Auth;
use crate::bus::Bus;
use crate::chat::Chats;
use crate::config::Config;
use crate::connections::Connections;
use crate::hub::Hub;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::page::Page;
use crate::probes::Probes;
use crate::rate_limit::UserRates;
use crate::session::Services;
use crate::socket_limiter::SocketLimiter;
use crate::store::Store;

/// The state of axum's router.
pub(crate) type AppState = Arc<App>;

pub struct App {
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    pub chats: Chats,
    pub hub: Hub,
    pub auth: Auth,
    pub config: Arc<Config>,
    /// Cancelled when the server begins to end: new sockets and requests are then refused.
    pub draining: CancellationToken,
    pub probes: Arc<Probes>,
    pub metrics: Arc<Metrics>,
    pub socket_limiter: SocketLimiter,
    pub rates: UserRates,
    /// What every session works with.
    pub session_services: Arc<Services>,
    pub connections: Connections,
    pub page: Arc<Page>,
    pub mailer: Mailer,
    /// How many searches may run at once.
    pub searches: Semaphore,
}
