//! A node without sockets' servers: a hub, a bus over Redis, and a store to read from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::Epoch;
use causerie_server::bus::{Bus, RedisBus, RedisOptions, RedisUnusable};
use causerie_server::hub::Hub;
use causerie_server::store::{NewChat, SqliteStore, Store};
use tempfile::TempDir;

use crate::bus::world::{ALICE, BOB, until};

/// The pause between two renewals of a lease.
pub const BEAT: Duration = Duration::from_millis(100);

/// Dropped, it is gone as a node that was killed: it says goodbye to nobody.
pub struct Node {
    pub hub: Hub,
    pub bus: Arc<RedisBus>,
    pub store: Arc<dyn Store>,
    _folder: TempDir,
}

impl Node {
    /// A node that hears the bus.
    pub async fn start(url: &str) -> Self {
        Self::of("one", url).await
    }

    /// As [`Node::start`], of an installation.
    pub async fn of(installation: &str, url: &str) -> Self {
        let node = Self::open(installation, url, None).await.unwrap();
        until("Redis is not heard", || node.bus.is_connected()).await;
        node
    }

    pub async fn open(
        installation: &str,
        url: &str,
        authority: Option<PathBuf>,
    ) -> Result<Self, RedisUnusable> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.db");
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&format!("sqlite:{}", path.display())).await.unwrap());
        fill(&*store).await;
        let hub = Hub::new();
        let options = RedisOptions {
            url: url.to_owned(),
            authority,
            installation: Epoch(installation.to_owned()),
            beat: BEAT,
        };
        let bus = Arc::new(RedisBus::start(&options, store.clone(), hub.clone(), Arc::default()).await?);
        Ok(Self { hub, bus, store, _folder: folder })
    }
}

/// Alice and Bob, the first two people, with the first two chats: one that is in no store would be taken for deleted.
async fn fill(store: &dyn Store) {
    for email in ["alice@example.org", "bob@example.org"] {
        store.create_user(email, "name", "hash").await.unwrap();
    }
    for title in ["One", "Other"] {
        let (participants, title) = (vec![ALICE, BOB], Some(title.to_owned()));
        let chat = NewChat {
            creator: ALICE,
            participants,
            title,
            direct: false,
            client_id: None,
            asks: false,
            unseen: false,
        };
        store.create_chat(chat).await.unwrap();
    }
}
