//! Chats: every change goes through one appender, which commits in groups, and is published after the commit.

use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::server_frame::Typing;
use causerie_protocol::{ChatId, ServerFrame, UserId};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bus::{Bus, Envelope};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::{Frame, Outbox};
use crate::refusal::Refusal;
use crate::store::{Append, Appended, Change, Refused, Store};
use crate::words::{NotTaken, Words};

mod announcer;
mod appender;
mod boundaries;
mod lifecycle;
pub(crate) mod presence;
mod settings;

pub(crate) use crate::refusal::AppendError;
use announcer::error_frame;
pub(crate) use announcer::{encode_event, event_envelope};
pub(crate) use boundaries::{BlockOutcome, reunion};
pub(crate) use lifecycle::CreateOutcome;

/// Changes that wait for the appender; more wait in their senders.
const QUEUE: usize = 2_048;
/// Committed groups that wait to be announced, so that one is announced while the next is committed.
const COMMITTED: usize = 2;

/// A handle to the node's appender; clones share it. The tasks behind it end when the last clone is dropped.
#[derive(Clone)]
pub struct Chats {
    queue: mpsc::Sender<Submitted>,
    /// Cancelled when nothing new is taken any more.
    draining: CancellationToken,
    /// Cancelled once everything that was taken is answered.
    drained: CancellationToken,
    presence: mpsc::Sender<UserId>,
    /// Held from the change of what stands between people until it is told, so that what is told last was stored last.
    boundaries: Arc<tokio::sync::Mutex<()>>,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    hub: Hub,
    /// What messages may not have in them.
    words: Option<Arc<Words>>,
    /// Notified when something was committed.
    appended: Arc<Notify>,
}

/// Where the outcome of a change goes.
pub enum Responder {
    /// A socket: an `ack` when the change named a `client_id`, an `error` when it was refused, in its outbox.
    Socket(Arc<Outbox>),
    /// A caller that waits.
    Caller(oneshot::Sender<Outcome>),
}

/// What became of a change.
pub(crate) type Outcome = Result<Appended, AppendError>;

/// A change on its way into the log.
struct Submitted {
    append: Append,
    responder: Responder,
    received_at: Instant,
}

impl Responder {
    /// Whether it is a socket's of which something was not stored, so that nothing later may be.
    fn refuses_requests(&self) -> bool {
        matches!(self, Self::Socket(outbox) if outbox.refuses_requests())
    }

    /// Tells that a change was not stored.
    fn fail(self, append: &Append, error: AppendError) {
        match self {
            Self::Socket(outbox) => {
                outbox.request_finished(Some(error_frame(append, Refusal::not_stored(error))));
            }
            // A caller that went away does not need the answer.
            Self::Caller(caller) => drop(caller.send(Err(error))),
        }
    }
}

impl Chats {
    /// Starts the appender, the announcer and the presence task. Who has had no socket for `grace` is offline.
    #[must_use]
    pub fn start(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        hub: Hub,
        metrics: Arc<Metrics>,
        grace: Duration,
    ) -> Self {
        let (queue, submitted) = mpsc::channel(QUEUE);
        let (committed, to_announce) = mpsc::channel(COMMITTED);
        let (presence, came) = mpsc::channel(QUEUE);
        let (draining, drained) = (CancellationToken::new(), CancellationToken::new());
        tokio::spawn(appender::run(store.clone(), submitted, draining.clone(), committed, metrics.clone()));
        let appended = Arc::<Notify>::default();
        tokio::spawn({
            let (bus, ended) = (bus.clone(), drained.clone().drop_guard());
            let appended = appended.clone();
            async move {
                announcer::run(bus, to_announce, metrics, appended).await;
                drop(ended);
            }
        });
        tokio::spawn(presence::run(store.clone(), bus.clone(), hub.clone(), grace, came));
        let boundaries = Arc::default();
        Self { queue, draining, drained, presence, boundaries, store, bus, hub, words: None, appended }
    }

    /// Waits until something was committed since this was last waited for; for one task.
    pub(crate) async fn appended(&self) {
        self.appended.notified().await;
    }

    /// Checks every text of a message against a list of words from now on.
    #[must_use]
    pub fn with_words(self, words: Option<Arc<Words>>) -> Self {
        Self { words, ..self }
    }

    /// Masks the words of the list in a change, or says why it is refused.
    fn check_words(&self, append: &mut Append) -> Result<(), AppendError> {
        let Some(words) = &self.words else { return Ok(()) };
        let (Change::Message { text, .. } | Change::Edit { text, .. }) = &mut append.change else {
            return Ok(());
        };
        match words.check(text) {
            Ok(None) => Ok(()),
            Ok(Some(masked)) => {
                *text = masked;
                Ok(())
            }
            Err(NotTaken::HasWord) => Err(AppendError::Refused(Refused::NotAllowed)),
            Err(NotTaken::TooLong) => Err(AppendError::Refused(Refused::TooLongMasked)),
        }
    }

    /// Hands a change to the appender and returns before it is stored; its outcome goes to `responder`.
    ///
    /// Waits while the queue is full; refused when that is drained meanwhile. Changes of one caller are stored in the order of these calls.
    /// For a socket, [`Outbox::request_started`] must have been called before.
    pub async fn submit(&self, mut append: Append, responder: Responder) {
        if let Err(error) = self.check_words(&mut append) {
            return responder.fail(&append, error);
        }
        let received_at = Instant::now();
        let place = tokio::select! {
            biased;
            () = self.draining.cancelled() => None,
            place = self.queue.reserve() => place.ok(),
        };
        match place {
            Some(place) => place.send(Submitted { append, responder, received_at }),
            None => responder.fail(&append, AppendError::Draining),
        }
    }

    /// As [`Chats::submit`], but gives the change back when the queue is full.
    pub fn try_submit(&self, mut append: Append, responder: Responder) -> Result<(), (Append, Responder)> {
        if let Err(error) = self.check_words(&mut append) {
            responder.fail(&append, error);
            return Ok(());
        }
        if self.draining.is_cancelled() {
            responder.fail(&append, AppendError::Draining);
            return Ok(());
        }
        match self.queue.try_reserve() {
            Ok(place) => place.send(Submitted { append, responder, received_at: Instant::now() }),
            Err(TrySendError::Full(())) => return Err((append, responder)),
            Err(TrySendError::Closed(())) => responder.fail(&append, AppendError::Draining),
        }
        Ok(())
    }

    /// Appends a change and waits until it is durable and published to this node's sockets.
    ///
    /// # Errors
    /// [`AppendError`]: nothing was stored.
    pub async fn append(&self, append: Append) -> Outcome {
        let (caller, answer) = oneshot::channel();
        self.submit(append, Responder::Caller(caller)).await;
        answer.await.unwrap_or(Err(AppendError::Draining))
    }

    /// Publishes to the others in a chat that a person is writing. Not stored.
    pub async fn typing(&self, chat: ChatId, user: UserId) {
        let frame = Frame::from(ServerFrame::Typing(Typing { chat_id: chat, user_id: user }).encode());
        self.bus.publish(vec![Envelope::Notice { chat, except: Some(user), frame }]).await;
    }

    /// Has it published to acquaintances that a person has come online.
    pub fn came_online(&self, user: UserId) {
        let _ = self.presence.try_send(user);
    }

    /// Refuses new changes from the first poll on, also those that wait for a place in the queue, and returns once every
    /// change in the queue is stored and answered.
    pub async fn drain(&self) {
        self.draining.cancel();
        self.drained.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use causerie_protocol::Seq;
    use futures_util::FutureExt;

    use super::*;
    use crate::bus::MemoryBus;
    use crate::store::SqliteStore;

    /// A change of a chat that does not exist.
    fn change() -> Append {
        Append { actor: UserId(1), chat: ChatId(1), change: Change::Read { seq: Seq(1) } }
    }

    #[tokio::test]
    async fn a_drain_refuses_what_comes_at_once_and_answers_what_is_queued() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("causerie.db").display());
        let store = Arc::new(SqliteStore::open(&url).await.unwrap());
        let hub = Hub::new();
        let bus = Arc::new(MemoryBus::new(hub.clone()));
        let chats = Chats::start(store, bus, hub, Arc::default(), Duration::ZERO);
        // Nothing else runs until this task waits, so the appender takes nothing of it yet.
        let mut queued = Vec::new();
        let refused = loop {
            let (caller, answer) = oneshot::channel();
            match chats.try_submit(change(), Responder::Caller(caller)) {
                Ok(()) => queued.push(answer),
                Err((change, responder)) => break chats.submit(change, responder),
            }
        };
        assert_eq!(queued.len(), QUEUE);
        let mut waiting = Box::pin(refused);
        assert!((&mut waiting).now_or_never().is_none());

        let mut drain = Box::pin(chats.drain());
        assert!((&mut drain).now_or_never().is_none());
        assert_eq!(chats.append(change()).await.unwrap_err(), AppendError::Draining);
        assert!((&mut waiting).now_or_never().is_some());

        drain.await;
        for mut answer in queued {
            let answer = answer.try_recv().unwrap();
            assert_eq!(answer.unwrap_err(), AppendError::Refused(Refused::NoSuchChat));
        }
    }
}
