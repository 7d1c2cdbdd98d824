//! Chats: every change goes through one appender, which commits in groups, and is published after the commit.

use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::server_frame::Typing;
use causerie_protocol::{ChatId, ServerFrame, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::bus::{Bus, Envelope};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::{Frame, Outbox};
use crate::refusal::Refusal;
use crate::store::{Append, Appended, Store};

mod announcer;
mod appender;
mod lifecycle;
pub(crate) mod presence;

pub(crate) use crate::refusal::AppendError;
pub(crate) use announcer::encode_event;
use announcer::error_frame;
pub(crate) use lifecycle::CreateOutcome;

/// Changes that wait for the appender; more wait in their senders.
const QUEUE: usize = 2_048;
/// Committed groups that wait to be announced, so that one is announced while the next is committed.
const COMMITTED: usize = 2;

/// A handle to the node's appender; clones share it. The tasks behind it end when the last clone is dropped.
#[derive(Clone)]
pub struct Chats {
    commands: mpsc::Sender<Command>,
    presence: mpsc::Sender<UserId>,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    hub: Hub,
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

enum Command {
    Append(Submitted),
    /// Nothing is taken after it; answered once everything before it was committed and announced.
    Flush(oneshot::Sender<()>),
}

/// A change on its way into the log.
struct Submitted {
    append: Append,
    responder: Responder,
    received_at: Instant,
}

impl Responder {
    /// Whether it is a socket's of which something was not stored, so that nothing later may be.
    fn is_aborted(&self) -> bool {
        matches!(self, Self::Socket(outbox) if outbox.is_aborted())
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
        let (commands, queue) = mpsc::channel(QUEUE);
        let (committed, to_announce) = mpsc::channel(COMMITTED);
        let (presence, came) = mpsc::channel(QUEUE);
        tokio::spawn(appender::run(store.clone(), queue, committed, metrics.clone()));
        tokio::spawn(announcer::run(bus.clone(), to_announce, metrics));
        tokio::spawn(presence::run(store.clone(), bus.clone(), hub.clone(), grace, came));
        Self { commands, presence, store, bus, hub }
    }

    /// Hands a change to the appender and returns before it is stored; its outcome goes to `responder`.
    ///
    /// Waits while the queue is full. Changes of one caller are stored in the order of these calls.
    /// For a socket, [`Outbox::request_started`] must have been called before.
    pub async fn submit(&self, append: Append, responder: Responder) {
        let received_at = Instant::now();
        if let Err((append, responder)) = self.try_submit(append, responder) {
            let command = Command::Append(Submitted { append, responder, received_at });
            if let Err(mpsc::error::SendError(Command::Append(lost))) = self.commands.send(command).await {
                lost.responder.fail(&lost.append, AppendError::Draining);
            }
        }
    }

    /// As [`Chats::submit`], but gives the change back when the queue is full.
    pub fn try_submit(&self, append: Append, responder: Responder) -> Result<(), (Append, Responder)> {
        match self.commands.try_reserve() {
            Ok(place) => {
                place.send(Command::Append(Submitted { append, responder, received_at: Instant::now() }));
            }
            Err(mpsc::error::TrySendError::Full(())) => return Err((append, responder)),
            Err(mpsc::error::TrySendError::Closed(())) => responder.fail(&append, AppendError::Draining),
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

    /// Refuses new changes, and returns once every change that was taken is stored and answered.
    pub async fn drain(&self) {
        let (flushed, done) = oneshot::channel();
        if self.commands.send(Command::Flush(flushed)).await.is_ok() {
            let _ = done.await;
        }
    }
}
