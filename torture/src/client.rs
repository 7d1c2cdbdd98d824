//! The clients: the page's own state machine, and programs of another make.

pub mod page;
pub mod person;
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

/// What the run is at.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Write, read, reload, come and go.
    Running,
    /// Write nothing more and get rid of what is unsent.
    Emptying,
    /// Reach what the server shows: every person's chats.
    Settling(Arc<HashMap<UserId, Vec<Chat>>>),
    /// End as you are.
    Over,
}

/// What a client tells the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing of this client is unsent any more.
    Empty(u32),
    /// This client shows what the server shows.
    Settled(u32),
}

/// What a client needs.
#[derive(Clone, Debug)]
pub struct ClientSetup {
    /// Names the client in labels.
    pub client: u32,
    /// Its sign-in.
    pub sign_in: Arc<SignIn>,
    /// Where its sockets and loads go: the proxy.
    pub address: SocketAddr,
    /// Its loads.
    pub api: Api,
    /// For signing in again: straight to the server.
    pub direct: Api,
    /// What the run is at.
    pub phase: watch::Receiver<Phase>,
    /// What the client tells.
    pub progress: mpsc::UnboundedSender<Progress>,
    /// For its random choices.
    pub seed: u64,
    /// The chats that it may write to.
    pub chats: Vec<ChatId>,
}
