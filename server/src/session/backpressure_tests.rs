//! A client that sends without end and takes nothing: how much is read of it, and how much waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use causerie_protocol::event::User;
use causerie_protocol::{ChatId, Seq, TokenId, limits};
use serde_json::{Value, json};

use super::{Disconnected, Incoming, Opening, Outgoing, Services, Transport, run};
use crate::bus::MemoryBus;
use crate::chat::{AppendError, Chats};
use crate::clock::UnixMicros;
use crate::config::Limits;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::{Frame, MAX_PENDING_REQUESTS, Scope};
use crate::rate_limit::UserRates;
use crate::store::{Append, Change, Created, NewChat, SqliteStore, Store};

/// Frames that a transport takes.
const TAKES: usize = 40;

/// A transport whose other end sends the same for ever and takes so many frames and no more.
struct Flood {
    sent: Frame,
    takes: Arc<AtomicUsize>,
    read: Arc<AtomicUsize>,
}

impl Transport for Flood {
    fn poll_recv(&mut self, _: &mut Context<'_>) -> Poll<Incoming> {
        self.read.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(if self.sent.is_empty() { Incoming::Control } else { Incoming::Text(self.sent.clone()) })
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        if self.takes.load(Ordering::Relaxed) == 0 { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn start_send(&mut self, _: Outgoing) -> Result<(), Disconnected> {
        self.takes.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        // What a control frame leads to takes room as well.
        if self.sent.is_empty() {
            let _ =
                self.takes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |takes| takes.checked_sub(1));
        }
        self.poll_ready(cx)
    }
}

struct World {
    services: Arc<Services>,
    user: User,
    chat: ChatId,
    _folder: tempfile::TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("causerie.db").display());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&url).await.unwrap());
    let user = store.create_user("ana@example.org", "Ana", "hash").await.unwrap().unwrap();
    let other = store.create_user("ben@example.org", "Ben", "hash").await.unwrap().unwrap();
    let participants = vec![user.id, other.id];
    let new = NewChat {
        creator: user.id,
        participants,
        title: None,
        direct: true,
        client_id: None,
        asks: false,
        unseen: false,
    };
    let Created::New(chat) = store.create_chat(new).await.unwrap() else { panic!("it was there") };
    let hub = Hub::new();
    let metrics = Arc::<Metrics>::default();
    let bus = Arc::new(MemoryBus::new(hub.clone()));
    let chats = Chats::start(store.clone(), bus, hub.clone(), metrics.clone(), Duration::from_secs(15));
    let services =
        Arc::new(Services { store, chats, hub, heartbeat: Duration::from_secs(25), edit_for: None, metrics });
    World { services, user, chat, _folder: folder }
}

impl World {
    /// Runs a session over this flood until it waits; how many frames were read of it.
    async fn flood(&self, sent: &str, scope: Scope) -> usize {
        let (takes, read) = (Arc::new(AtomicUsize::new(TAKES)), Arc::new(AtomicUsize::new(0)));
        let transport = Flood { sent: Frame::from(sent), takes: takes.clone(), read: read.clone() };
        let limits = Limits { frames_per_second: 0, frames_per_second_per_user: 0, ..Limits::default() };
        let opening = Opening {
            user: self.user.clone(),
            token: TokenId(1),
            expires_at: UnixMicros(i64::MAX),
            scope,
            after: None,
            epoch: None,
            has_boundaries: false,
            rate: UserRates::new(limits).socket(self.user.id),
        };
        let session = tokio::spawn(run(transport, self.services.clone(), opening));
        // Once no more is taken, what was asked for is answered, and then what is read stays the same.
        let mut before = usize::MAX;
        loop {
            let change = Change::Read { seq: Seq(1) };
            let refused = Append { actor: self.user.id, chat: ChatId(98), change };
            let refused = self.services.chats.append(refused).await;
            assert!(matches!(refused, Err(AppendError::Refused(_))), "{refused:?}");
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            let now = read.load(Ordering::Relaxed);
            assert!(now < 100_000, "{sent}: it is read for ever");
            if now == before && takes.load(Ordering::Relaxed) == 0 {
                break;
            }
            before = now;
        }
        let stats = self.services.hub.stats();
        assert!(stats.frames <= limits::OUTBOX_FRAMES, "{sent}: {stats:?}");
        assert!(stats.bytes <= limits::OUTBOX_BYTES, "{sent}: {stats:?}");
        session.abort();
        let _ = session.await;
        before
    }
}

#[tokio::test]
async fn nothing_is_read_of_a_client_that_takes_no_answers_whatever_needs_one() {
    let world = world().await;
    let (one, chat) = (Scope::One(world.chat), world.chat);
    let long = "a".repeat(limits::TEXT_BYTES);
    for (frame, scope) in [
        (json!({"type": "ping", "t": 1}), one),
        (json!({"type": "subscribe", "chat_id": chat, "after": 0}), one),
        (json!({"type": "subscribe", "chat_id": 99}), Scope::Many),
        (json!({"type": "message", "text": "Hello"}), one),
        (json!({"type": "message", "text": long, "client_id": "long", "chat_id": chat}), Scope::Many),
        (json!({"type": "message", "text": "Hello", "client_id": "one"}), one),
        (json!({"type": "message", "text": "Hello", "client_id": "two", "chat_id": 99}), Scope::Many),
        (Value::Null, one),
    ] {
        let sent = if frame.is_null() { String::new() } else { frame.to_string() };
        let read = world.flood(&sent, scope).await;
        assert!(read <= TAKES + 2 * MAX_PENDING_REQUESTS as usize, "{sent}: {read} were read");
    }
}

#[tokio::test]
async fn what_others_do_counts_towards_the_same_bound() {
    let world = world().await;
    let (takes, read) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicUsize::new(0)));
    let transport = Flood { sent: Frame::from_static(r#"{"type":"ping"}"#), takes: takes.clone(), read };
    let opening = Opening {
        user: world.user.clone(),
        token: TokenId(1),
        expires_at: UnixMicros(i64::MAX),
        scope: Scope::Many,
        after: None,
        epoch: None,
        has_boundaries: false,
        rate: UserRates::new(Limits::default()).socket(world.user.id),
    };
    let hub = &world.services.hub;
    let session = tokio::spawn(run(transport, world.services.clone(), opening));
    let welcomed = async {
        while takes.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), welcomed).await.unwrap();
    // Somebody takes the person out of chats without end: each is a frame, though none is in the queue.
    for chat in 0..10 * limits::OUTBOX_FRAMES as i64 {
        hub.left(ChatId(1_000 + chat), world.user.id);
        if chat % 64 == 0 {
            tokio::task::yield_now().await;
        }
        assert!(hub.stats().frames <= limits::OUTBOX_FRAMES + 1);
    }
    let closed = async {
        while !world.services.metrics.encode().contains("causerie_socket_closes_total{code=\"4201\"} 1") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), closed).await.unwrap();
    session.abort();
}
