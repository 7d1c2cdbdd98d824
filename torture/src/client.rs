//! The clients: the page's own state machine, and an independent one.

pub mod page;
pub mod person;
pub mod resident;
pub mod screen;
pub mod socket;
pub mod watcher;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use causerie_protocol::rest::Chat;
use causerie_protocol::{ChatId, UserId};
use tokio::sync::{mpsc, watch};

use crate::api::Api;
use crate::population::SignIn;

/// The phase of the run.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Write, read, reload.
    Running,
    /// Write nothing more, and wait until no message is pending.
    Emptying,
    /// Reach the state of the server: these are every user's chats.
    Settling(Arc<HashMap<UserId, Vec<Chat>>>),
    /// End.
    Over,
}

/// What a client reports to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// This client has no pending message any more.
    Empty(u32),
    /// This client shows the state of the server.
    Settled(u32),
}

#[derive(Clone, Debug)]
pub struct ClientSetup {
    /// The client's number in labels.
    pub client: u32,
    pub sign_in: Arc<SignIn>,
    /// The proxy, for its sockets.
    pub address: SocketAddr,
    /// The API through the proxy.
    pub api: Api,
    /// The API without the proxy, for signing in again.
    pub direct: Api,
    /// The phase of the run.
    pub phase: watch::Receiver<Phase>,
    pub progress: mpsc::UnboundedSender<Progress>,
    pub seed: u64,
    pub chats: Vec<ChatId>,
}
