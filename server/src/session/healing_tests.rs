//! A session over a bus that loses everything: the log is the truth, and the session reads it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use causerie_protocol::{ChatId, Event, MessageText, Seq, ServerFrame, TokenId, UserId};
use tokio::sync::mpsc;

use super::{Disconnected, Incoming, Opening, Outgoing, Services, Transport, run};
use crate::bus::{Bus, Envelope};
use crate::chat::Chats;
use crate::clock::UnixMicros;
use crate::config::Limits;
use crate::hub::{HEARTBEAT_SLOTS, Hub};
use crate::metrics::Metrics;
use crate::outbox::{Frame, Scope};
use crate::rate_limit::UserRates;
use crate::store::{Append, Change, Created, NewChat, SqliteStore, Store};

/// Loses every envelope, as the contract allows.
struct LossyBus;

#[async_trait]
impl Bus for LossyBus {
    async fn publish(&self, _: Vec<Envelope>) {}

    fn trusts_tokens_for(&self) -> Option<Duration> {
        None
    }
}

/// A transport whose other end is the test.
struct Wire {
    incoming: mpsc::UnboundedReceiver<Incoming>,
    outgoing: mpsc::UnboundedSender<Outgoing>,
}

impl Transport for Wire {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        self.incoming.poll_recv(cx).map(|incoming| incoming.unwrap_or(Incoming::Disconnected))
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, frame: Outgoing) -> Result<(), Disconnected> {
        self.outgoing.send(frame).map_err(|_| Disconnected)
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        Poll::Ready(Ok(()))
    }
}

async fn next(frames: &mut mpsc::UnboundedReceiver<Outgoing>) -> ServerFrame {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(30), frames.recv()).await;
        match frame.expect("nothing came").expect("the session ended") {
            Outgoing::Text(json) => return ServerFrame::decode(&json).unwrap(),
            Outgoing::Ping => {}
            Outgoing::Close(closing) => panic!("{closing:?}"),
        }
    }
}

async fn next_seq(frames: &mut mpsc::UnboundedReceiver<Outgoing>) -> u64 {
    match next(frames).await {
        ServerFrame::Event(event) => event.seq().0,
        other => panic!("no event: {other:?}"),
    }
}

async fn say(chats: &Chats, actor: UserId, chat: ChatId) -> Seq {
    let change = Change::Message {
        text: MessageText::new("Hello").unwrap(),
        client_id: None,
        reply_to: None,
        plain: false,
    };
    let appended = chats.append(Append { actor, chat, change }).await.unwrap();
    match appended {
        crate::store::Appended::Event(Event::Message(message)) => message.seq,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn gaps_and_lost_tails_are_filled_from_the_log() {
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
    let Created::New(chat) = store.create_chat(new).await.unwrap() else { panic!("the pair had a chat") };
    let hub = Hub::new();
    let metrics = Arc::<Metrics>::default();
    let chats = Chats::start(
        store.clone(),
        Arc::new(LossyBus),
        hub.clone(),
        metrics.clone(),
        Duration::from_secs(15),
    );

    let (_client, incoming) = mpsc::unbounded_channel();
    let (outgoing, mut frames) = mpsc::unbounded_channel();
    let services = Arc::new(Services {
        store: store.clone(),
        chats: chats.clone(),
        hub: hub.clone(),
        heartbeat: Duration::from_secs(25),
        edit_for: None,
        metrics: metrics.clone(),
    });
    let user_id = user.id;
    let opening = Opening {
        user,
        token: TokenId(1),
        expires_at: UnixMicros(i64::MAX),
        scope: Scope::One(chat),
        after: None,
        epoch: None,
        has_boundaries: false,
        rate: UserRates::new(Limits::default()).socket(user_id),
    };
    let session = tokio::spawn(run(Wire { incoming, outgoing }, services, opening));
    assert!(matches!(next(&mut frames).await, ServerFrame::Welcome(_)));
    assert!(matches!(next(&mut frames).await, ServerFrame::Subscribed(_)));

    // Three are stored and only the last of them is heard of, twice: a gap, and a repetition.
    for _ in 0..3 {
        say(&chats, other.id, chat).await;
    }
    for _ in 0..2 {
        hub.event(chat, Seq(3), &Frame::from_static("never sent: the log's own entry is"));
    }
    for seq in 1..=3 {
        assert_eq!(next_seq(&mut frames).await, seq);
    }

    // The fourth is not heard of at all, until the heartbeat compares the heads.
    let head = say(&chats, other.id, chat).await;
    hub.note_head(chat, head);
    for _ in 0..HEARTBEAT_SLOTS {
        hub.advance_heartbeat();
    }
    assert_eq!(next_seq(&mut frames).await, 4);
    match next(&mut frames).await {
        ServerFrame::Ping(ping) => {
            let heads: Vec<_> = ping.heads.into_iter().collect();
            assert_eq!(heads, [(chat, Seq(4))]);
        }
        other => panic!("{other:?}"),
    }
    let counted = metrics.encode();
    for found_by in ["event", "ping"] {
        let line = format!("causerie_gaps_filled_total{{found_by=\"{found_by}\"}} 1");
        assert!(counted.lines().any(|found| found == line), "{line} is not in\n{counted}");
    }
    session.abort();
}
