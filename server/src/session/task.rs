//! The socket's task: one a socket, with one place where it waits, for the transport and the outbox at once.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use causerie_protocol::event::User;
use causerie_protocol::{ChatId, CloseCode, Epoch, Seq, TokenId};
use tokio::time::timeout;

use super::transport::{CLOSE_WAIT, Disconnected, Incoming, Outgoing, Transport, finish, finish_unreadable};
use super::{Action, Delivery, Session};
use crate::chat::{Chats, Responder};
use crate::clock::{self, UnixMicros};
use crate::hub::Hub;
use crate::metrics::{Closed, Frames, Metrics};
use crate::outbox::{Closing, Item, Outbox, Scope, Signal};
use crate::rate_limit::{self, SocketRate, Throttle};
use crate::refusal::Refusal;
use crate::store::{Append, Change, Store};

/// Frames that are sent before the task yields.
const TURN: usize = 128;
/// Events that are read from a log at once.
pub(super) const PAGE: u64 = 200;
/// The buffer of `pending` that is kept while the socket is idle, in items.
const KEPT: usize = 64;

/// What sessions work with.
pub struct Services {
    pub store: Arc<dyn Store>,
    pub chats: Chats,
    pub hub: Hub,
    /// The time between two pings.
    pub heartbeat: Duration,
    /// For how long after it was sent a message may be edited; `None`: for ever.
    pub edit_for: Option<Duration>,
    pub metrics: Arc<Metrics>,
}

/// A handshake that was accepted.
pub(crate) struct Opening {
    pub user: User,
    pub token: TokenId,
    /// When the token expires.
    pub expires_at: UnixMicros,
    pub scope: Scope,
    /// Where the one chat of the socket is resumed.
    pub after: Option<Seq>,
    /// The epoch that `after` belongs to.
    pub epoch: Option<Epoch>,
    /// Whether something stands between the user and others.
    pub has_boundaries: bool,
    pub rate: SocketRate,
}

/// The part of an [`Opening`] that is not needed after the welcome.
pub(super) struct Opened {
    pub(super) user: User,
    pub(super) scope: Scope,
    pub(super) after: Option<Seq>,
    pub(super) epoch: Option<Epoch>,
    pub(super) has_boundaries: bool,
}

pub(super) struct SocketTask<T> {
    pub(super) transport: T,
    pub(super) services: Arc<Services>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) session: Session,
    /// What was taken from the outbox and is not sent yet.
    pub(super) pending: VecDeque<Item>,
    rate: SocketRate,
    /// A change that waits for room in the appender's queue, or the pause of a client that is over its rate; nothing
    /// is read meanwhile.
    paused_until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// How many events are read from the log at once: fewer after some that were large.
    pub(super) page: u64,
    /// The close that follows once every request was answered; nothing is read meanwhile.
    closing_after_replies: Option<Closing>,
    /// Something was sent since the last flush.
    unflushed: bool,
    /// The transport took no more the last time. Backpressure: nothing is read meanwhile, since each frame may need an
    /// answer.
    blocked: bool,
    /// The transport's buffer was not written out the last time; nothing is read meanwhile.
    flushing: bool,
}

/// How a session ends.
pub(super) enum CloseCause {
    /// With our close frame.
    Close(Closing),
    /// With our close frame, after something that makes the rest unreadable.
    Bad(Closing),
    /// With the client's close frame.
    Closed(Option<u16>),
    /// With the connection, without a close frame.
    Disconnected,
}

impl CloseCause {
    fn code(&self) -> CloseCode {
        match self {
            Self::Close(closing) | Self::Bad(closing) => closing.code,
            // 1005: the client gave no code (RFC 6455, section 7.1.5).
            Self::Closed(code) => CloseCode::from_code(code.unwrap_or(1005)),
            Self::Disconnected => CloseCode::Abnormal,
        }
    }
}

impl From<Disconnected> for CloseCause {
    fn from(_: Disconnected) -> Self {
        Self::Disconnected
    }
}

/// Everything that a session waits for.
pub(super) enum Step {
    End(CloseCause),
    /// Subscriptions ended, with the reason for each.
    Revoked(Vec<(ChatId, &'static str)>),
    /// The heartbeat is due.
    Ping,
    /// Events of a chat are missing before the next one to send.
    Gap(ChatId),
    /// The user is in a new chat.
    ChatAdded(ChatId),
    /// Everything that was pending is sent.
    Drained,
    Incoming(Incoming),
}

/// What a wait is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    All,
    /// Only until what is pending is sent.
    Drained,
}

/// Runs a session from its welcome to its end, and returns the close code: ours, the client's, or 1006.
///
/// The socket is registered by the call itself, before the future is polled.
/// Futures that run once are boxed, since an idle socket keeps the whole future for as long as it is open.
pub(crate) fn run<T: Transport>(
    transport: T,
    services: Arc<Services>,
    opening: Opening,
) -> impl Future<Output = CloseCode> + Send + 'static {
    let Opening { user, token, expires_at, scope, after, epoch, has_boundaries, rate } = opening;
    let outbox = Outbox::new(user.id, token, scope);
    let session = Session::new(user.id, expires_at, scope);
    if services.hub.register(&outbox) {
        services.chats.came_online(outbox.user);
    }
    let mut task = Box::new(SocketTask {
        transport,
        services,
        outbox,
        session,
        pending: VecDeque::new(),
        rate,
        paused_until: None,
        page: PAGE,
        closing_after_replies: None,
        unflushed: false,
        blocked: false,
        flushing: false,
    });
    let opened = Box::new(Opened { user, scope, after, epoch, has_boundaries });
    async move {
        let end = match Box::pin(task.open(*opened)).await {
            Ok(()) => task.serve().await,
            Err(end) => end,
        };
        Box::pin(task.end(end)).await
    }
}

impl<T: Transport> SocketTask<T> {
    async fn serve(&mut self) -> CloseCause {
        loop {
            let step = poll_fn(|cx| self.poll_step(cx, Wait::All)).await;
            let done = match step {
                Step::Incoming(incoming) => self.on_incoming(incoming).await,
                Step::Drained => Ok(()),
                Step::End(end) => Err(end),
                rare => Box::pin(self.handle_control(rare)).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn on_incoming(&mut self, incoming: Incoming) -> Result<(), CloseCause> {
        self.outbox.mark_alive();
        match incoming {
            Incoming::Text(json) => {
                self.services.metrics.frames_received.inc();
                let action = self.session.on_text(&json, clock::now());
                drop(json);
                let is_repeat = self.is_repeat(&action);
                self.count(is_repeat)?;
                match action {
                    Action::Nothing => {}
                    Action::Reply(frame) => self.pending.push_back(Item::Reply(frame)),
                    Action::Submit(append) => match self.wait_for_message(&append, is_repeat) {
                        None => self.submit(append),
                        Some(wait) => {
                            let refusal = Refusal::too_many_messages(wait);
                            let frame = refusal.into_frame(Some(append.chat), append.client_id().cloned());
                            self.pending.push_back(Item::Reply(frame));
                        }
                    },
                    // A signal may say that the user is out, and is looked at before the next frame.
                    Action::Typing(_) if self.outbox.hides_online() || self.outbox.has_signal() => {}
                    Action::Typing(chat) => {
                        let (chats, user) = (&self.services.chats, self.session.user);
                        Box::pin(chats.typing(chat, user)).await;
                    }
                    Action::Subscribe { chat, after, epoch } => {
                        Box::pin(self.subscribe(chat, after, epoch)).await?;
                    }
                    Action::Unsubscribe(chat) => Box::pin(self.unsubscribe(chat)).await?,
                    Action::Close(closing) => return Err(CloseCause::Close(closing)),
                }
                Ok(())
            }
            Incoming::Control => {
                // The transport answers a ping by itself; the next frame is read once that is written.
                self.unflushed = true;
                self.count(false)
            }
            Incoming::Bad(closing) => Err(CloseCause::Bad(closing)),
            Incoming::Closed(code) => Err(CloseCause::Closed(code)),
            Incoming::Disconnected => Err(CloseCause::Disconnected),
        }
    }

    fn submit(&mut self, append: Append) {
        self.outbox.request_started();
        let responder = Responder::Socket(self.outbox.clone());
        if let Err((append, responder)) = self.services.chats.try_submit(append, responder) {
            let chats = self.services.chats.clone();
            self.pause(async move { chats.submit(append, responder).await });
        }
    }

    /// Whether a frame is a message that came a moment ago, as after a lost connection.
    fn is_repeat(&self, action: &Action) -> bool {
        let Action::Submit(Append { chat, change: Change::Message { client_id: Some(id), .. }, .. }) = action
        else {
            return false;
        };
        self.rate.user().is_repeat(*chat, id)
    }

    /// Counts a new message; how long its sender has to wait, if they send more than one may.
    fn wait_for_message(&self, append: &Append, is_repeat: bool) -> Option<Duration> {
        let Change::Message { client_id, .. } = &append.change else { return None };
        if is_repeat {
            return None;
        }
        self.rate.user().try_message(append.chat, client_id.as_ref(), clock::monotonic()).err()
    }

    /// Counts a frame that was read: a client that sends faster than it may is read more slowly, so that its connection
    /// holds it back, and is closed when it goes on.
    fn count(&mut self, is_repeat: bool) -> Result<(), CloseCause> {
        match self.rate.count(is_repeat, clock::monotonic()) {
            Throttle::Read => {}
            Throttle::Pause(wait) => self.pause(tokio::time::sleep(wait)),
            Throttle::Close => {
                let reason = format!(
                    "too many frames a second for {} s: reconnect in {} s and send more slowly",
                    rate_limit::MAX_OVER.as_secs(),
                    rate_limit::BURST.as_secs()
                );
                return Err(CloseCause::Close(Closing::new(CloseCode::RateLimited, reason)));
            }
        }
        Ok(())
    }

    /// Reads nothing until this future, and the one before it, is done.
    fn pause(&mut self, until: impl Future<Output = ()> + Send + 'static) {
        self.paused_until = Some(match self.paused_until.take() {
            None => Box::pin(until),
            Some(before) => Box::pin(async move {
                before.await;
                until.await;
            }),
        });
    }

    /// Sends until everything pending is sent; nothing is read and nothing new is taken meanwhile.
    pub(super) async fn drain(&mut self) -> Result<(), CloseCause> {
        loop {
            match poll_fn(|cx| self.poll_step(cx, Wait::Drained)).await {
                Step::Drained => return Ok(()),
                Step::End(end) => return Err(end),
                Step::Revoked(chats) => self.revoked(chats)?,
                Step::Gap(chat) => self.fill_gap(chat).await?,
                Step::ChatAdded(chat) => self.chat_added(chat).await?,
                Step::Ping | Step::Incoming(_) => {}
            }
        }
    }

    /// The one place where the task waits.
    fn poll_step(&mut self, cx: &mut Context<'_>, wait: Wait) -> Poll<Step> {
        // Before anything is polled, so that no wake-up is missed in between.
        self.outbox.register(cx.waker());
        let mut left = TURN;
        loop {
            if self.outbox.has_signal()
                && let Some(step) = self.poll_signal(wait)
            {
                return Poll::Ready(step);
            }
            match self.poll_send(cx) {
                Poll::Ready(Some(step)) => return Poll::Ready(step),
                Poll::Ready(None) => {}
                Poll::Pending => break,
            }
            if self.pending.is_empty() {
                if wait == Wait::Drained {
                    return Poll::Ready(Step::Drained);
                }
                if !self.outbox.take(&mut self.pending) {
                    match self.poll_idle(cx) {
                        Poll::Ready(step) => return Poll::Ready(step),
                        Poll::Pending => break,
                    }
                }
            }
            left -= 1;
            if left == 0 {
                cx.waker().wake_by_ref();
                break;
            }
        }
        if wait == Wait::Drained {
            return Poll::Pending;
        }
        if let Some(paused_until) = &mut self.paused_until {
            ready!(paused_until.as_mut().poll(cx));
            self.paused_until = None;
        }
        if self.blocked
            || self.flushing
            || self.closing_after_replies.is_some()
            || self.outbox.at_request_limit()
        {
            return Poll::Pending;
        }
        self.transport.poll_recv(cx).map(Step::Incoming)
    }

    /// A signal as a step. A ping waits until it can be sent in order.
    fn poll_signal(&mut self, wait: Wait) -> Option<Step> {
        if wait == Wait::Drained && self.outbox.has_only_ping() {
            return None;
        }
        self.outbox.signal().map(|signal| match signal {
            Signal::Close(closing) => Step::End(CloseCause::Close(closing)),
            Signal::Revoked(chats) => Step::Revoked(chats),
            Signal::Ping => Step::Ping,
        })
    }

    /// Sends the next pending item. `None`: it was sent or skipped, or there is none. Pending: the transport takes no more.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        let sendable = match self.pending.front() {
            None => return Poll::Ready(None),
            Some(Item::Event { chat, seq, .. }) => match self.session.delivery(*chat, *seq) {
                Delivery::Send => true,
                Delivery::Skip => false,
                Delivery::Gap => return Poll::Ready(Some(Step::Gap(*chat))),
            },
            // Who is parted now was not, perhaps, when it was put into the queue.
            Some(Item::Read { chat, of, .. }) => {
                self.session.last(*chat).is_some() && !self.outbox.is_parted(*of)
            }
            Some(Item::Notice { chat, of, .. }) => {
                chat.is_none_or(|chat| self.session.last(chat).is_some())
                    && !of.is_some_and(|of| self.outbox.is_parted(of))
            }
            Some(Item::Reply(_) | Item::Ping) => true,
            Some(Item::ChatAdded(_) | Item::Close(_)) => false,
        };
        if sendable {
            match self.transport.poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(Disconnected)) => {
                    return Poll::Ready(Some(Step::End(CloseCause::Disconnected)));
                }
                Poll::Pending => {
                    if !std::mem::replace(&mut self.blocked, true) {
                        self.count_pending();
                    }
                    return Poll::Pending;
                }
            }
            if std::mem::take(&mut self.blocked) {
                self.outbox.mark_writable();
                // The peer took something, so it is alive, though it may be too slow to answer pings.
                self.outbox.mark_alive();
            }
        }
        let Some(item) = self.pending.pop_front() else { return Poll::Ready(None) };
        let frame = match item {
            Item::Ping => {
                self.unflushed = true;
                return match self.transport.start_send(Outgoing::Ping) {
                    Ok(()) => Poll::Ready(None),
                    Err(Disconnected) => Poll::Ready(Some(Step::End(CloseCause::Disconnected))),
                };
            }
            Item::ChatAdded(chat) => return Poll::Ready(Some(Step::ChatAdded(chat))),
            Item::Close(closing) => {
                self.closing_after_replies = Some(closing);
                return Poll::Ready(None);
            }
            _ if !sendable => return Poll::Ready(None),
            Item::Event { chat, seq, frame } => {
                self.session.sent(chat, seq);
                self.services.metrics.frames_sent.inc(Frames::Event);
                self.session.shown(chat, frame)
            }
            Item::Reply(frame) | Item::Read { frame, .. } | Item::Notice { frame, .. } => {
                self.services.metrics.frames_sent.inc(Frames::Other);
                frame
            }
        };
        self.unflushed = true;
        match self.transport.start_send(Outgoing::Text(frame)) {
            Ok(()) => Poll::Ready(None),
            Err(Disconnected) => Poll::Ready(Some(Step::End(CloseCause::Disconnected))),
        }
    }

    /// Nothing is pending: flushes, ends a session that waited for this, and frees large buffers.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if self.closing_after_replies.is_some()
            && self.outbox.has_no_pending_requests()
            && !self.outbox.has_items()
            && let Some(closing) = self.closing_after_replies.take()
        {
            return Poll::Ready(Step::End(CloseCause::Close(closing)));
        }
        if self.pending.capacity() > KEPT {
            self.pending = VecDeque::new();
        }
        if self.unflushed {
            let flushed = self.transport.poll_flush(cx);
            self.flushing = flushed.is_pending();
            match flushed {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(Disconnected)) => return Poll::Ready(Step::End(CloseCause::Disconnected)),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }

    /// Counts what is pending towards the bound of the outbox while the transport takes no more.
    pub(super) fn count_pending(&self) {
        if self.blocked {
            self.outbox.mark_blocked(self.pending.len(), self.pending.iter().map(Item::bytes).sum());
        }
    }

    /// Closes as far as the connection lets it, and returns the close code.
    async fn end(&mut self, cause: CloseCause) -> CloseCode {
        // Nothing more is sent, so the outbox need not fill up.
        self.outbox.close(Closing::new(CloseCode::Normal, ""));
        self.pending = VecDeque::new();
        let code = cause.code();
        self.services.metrics.socket_closes.inc(Closed(code));
        match cause {
            CloseCause::Close(closing) => finish(&mut self.transport, closing).await,
            CloseCause::Bad(closing) => finish_unreadable(&mut self.transport, closing).await,
            CloseCause::Closed(_) => {
                // Reading on lets the transport answer the close frame.
                let answered = poll_fn(|cx| self.transport.poll_recv(cx));
                let _ = timeout(CLOSE_WAIT, answered).await;
            }
            CloseCause::Disconnected => {}
        }
        code
    }
}

impl<T> SocketTask<T> {
    /// Lets the hub send nothing more of a chat.
    pub(super) fn unsubscribe_from_hub(&self, chat: ChatId) {
        // Who comes back to a chat that the hub remembers sees it from its beginning.
        if self.session.sees_all(chat) {
            self.services.hub.unsubscribe_participant(chat, &self.outbox);
        } else {
            self.services.hub.unsubscribe(chat, &self.outbox);
        }
    }
}

impl<T> Drop for SocketTask<T> {
    fn drop(&mut self) {
        for chat in self.session.chats() {
            self.unsubscribe_from_hub(chat);
        }
        self.services.hub.unregister(&self.outbox);
    }
}
