//! What a request may need: the state that every handler is given.

use std::sync::Arc;

use tokio::sync::watch;

use crate::auth::Auth;
use crate::bus::Bus;
use crate::chat::Chats;
use crate::config::Config;
use crate::connections::Connections;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::pace::People;
use crate::page::Page;
use crate::probes::Probes;
use crate::socket_limiter::SocketLimiter;
use crate::store::Store;

/// Cheap to clone: every part is a handle.
#[derive(Clone)]
pub struct AppState {
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    pub chats: Chats,
    pub hub: Hub,
    pub auth: Auth,
    pub config: Arc<Config>,
    pub drain: Drain,
    pub probes: Arc<Probes>,
    pub metrics: Arc<Metrics>,
    pub socket_limiter: SocketLimiter,
    pub people: People,
    pub connections: Connections,
    pub page: Arc<Page>,
}

/// Whether the server is about to end; new sockets are then refused.
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
}
