//! A session: decides what a socket's frames lead to, without input or output.

use std::time::Duration;

use causerie_protocol::event::Original;
use causerie_protocol::server_frame::{ErrorReply, Pong};
use causerie_protocol::{
    ChatId, ClientFrame, ClientId, CloseCode, Epoch, ErrorCode, Event, FrameError, MessageId, Seq,
    ServerFrame, UserId, limits,
};

use crate::auth::AuthError;
use crate::chat::encode_event;
use crate::clock::UnixMicros;
use crate::outbox::{Closing, Frame, Scope};
use crate::refusal::Refusal;
use crate::store::{Append, Change, Position};

mod requests;
mod task;
mod transport;

pub(crate) use task::{Opening, Services, run};
pub(crate) use transport::{Disconnected, Incoming, Outgoing, Transport, refuse};

/// The shortest time between two typing notices of one chat that are passed on.
const TYPING_PAUSE: Duration = Duration::from_secs(1);
const BAD_FRAME_WINDOW: Duration = Duration::from_secs(limits::BAD_FRAME_SECONDS);

/// The state of one socket: what it is for, and what it has been sent.
#[derive(Debug)]
pub(crate) struct Session {
    pub user: UserId,
    pub scope: Scope,
    /// When the token expires.
    expires_at: UnixMicros,
    /// The subscribed chats with the last position that was sent of each, sorted by chat.
    follows: Vec<(ChatId, Seq)>,
    /// Those of them of which the user does not see the beginning, up to this position; few.
    partial: Vec<(ChatId, Seq)>,
    /// When the last bad frames came.
    bad_frames: Vec<UnixMicros>,
    /// The last typing notice that was passed on, and when.
    typed: Option<(ChatId, UnixMicros)>,
    /// Once the socket follows as many chats as it may: the newest message in any of the user's chats, as seen by
    /// the last ping but one and by the last one.
    ///
    /// The next ping names what is newer than the first: a message may become visible behind one that got its id later.
    pub(super) newest_seen: Option<(MessageId, MessageId)>,
}

/// What a frame leads to.
#[derive(Debug)]
pub(crate) enum Action {
    Nothing,
    Reply(Frame),
    /// Hand a change to the appender.
    Submit(Append),
    Subscribe {
        chat: ChatId,
        after: Option<Seq>,
        /// The epoch that `after` belongs to.
        epoch: Option<Epoch>,
    },
    Unsubscribe(ChatId),
    Typing(ChatId),
    Close(Closing),
}

/// Whether an event is the next one to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Send,
    /// It was sent already, or the chat is not subscribed.
    Skip,
    /// Events before it are missing: read them from the log first.
    Gap,
}

impl Session {
    pub(crate) fn new(user: UserId, expires_at: UnixMicros, scope: Scope) -> Self {
        Self {
            user,
            scope,
            expires_at,
            follows: Vec::new(),
            partial: Vec::new(),
            bad_frames: Vec::new(),
            typed: None,
            newest_seen: None,
        }
    }

    /// How the socket is closed if its token has expired at `now`.
    pub(crate) fn expired(&self, now: UnixMicros) -> Option<Closing> {
        (now >= self.expires_at)
            .then(|| Closing::new(CloseCode::Unauthorized, AuthError::Expired.to_string()))
    }

    /// What a text frame leads to.
    pub(crate) fn on_text(&mut self, json: &str, now: UnixMicros) -> Action {
        if let Some(closing) = self.expired(now) {
            return Action::Close(closing);
        }
        match ClientFrame::decode(json).and_then(|frame| self.decide(frame, now)) {
            Ok(action) => action,
            Err(error) => self.bad_frame(error, now),
        }
    }

    fn decide(&mut self, frame: ClientFrame, now: UnixMicros) -> Result<Action, FrameError> {
        Ok(match frame {
            ClientFrame::Message { text, client_id, chat_id, reply_to, plain } => {
                let chat = self.chat(chat_id, client_id.as_ref())?;
                let change = Change::Message { text, client_id, reply_to, plain };
                Action::Submit(Append { actor: self.user, chat, change })
            }
            ClientFrame::Read { chat_id, seq } => {
                let chat = self.chat(chat_id, None)?;
                Action::Submit(Append { actor: self.user, chat, change: Change::Read { seq } })
            }
            ClientFrame::Subscribe { chat_id, after, epoch } => {
                let chat = self.chat(Some(chat_id), None)?;
                if self.last(chat).is_none() && self.follows.len() >= limits::SUBSCRIPTIONS {
                    return Ok(Action::Reply(Refusal::too_many_subscriptions().into_frame(Some(chat), None)));
                }
                Action::Subscribe { chat, after, epoch }
            }
            ClientFrame::Unsubscribe { chat_id } => {
                let chat = self.chat(Some(chat_id), None)?;
                if self.scope == Scope::One(chat) {
                    return Err(FrameError {
                        code: ErrorCode::InvalidField,
                        detail: "This socket is for one chat: close it to leave.".to_owned(),
                        client_id: None,
                        chat_id: Some(chat),
                    });
                }
                Action::Unsubscribe(chat)
            }
            ClientFrame::Typing { chat_id } => {
                let chat = self.chat(chat_id, None)?;
                let is_recent = |at| now.saturating_since(at) < TYPING_PAUSE;
                let again = self.typed.is_some_and(|(typed, at)| typed == chat && is_recent(at));
                if again || self.last(chat).is_none() {
                    return Ok(Action::Nothing);
                }
                self.typed = Some((chat, now));
                Action::Typing(chat)
            }
            ClientFrame::Pong { .. } => Action::Nothing,
            ClientFrame::Ping { t } => Action::Reply(Frame::from(Pong { t }.encode())),
        })
    }

    fn chat(&self, named: Option<ChatId>, client_id: Option<&ClientId>) -> Result<ChatId, FrameError> {
        let fail = |code, detail: &str| FrameError {
            code,
            detail: detail.to_owned(),
            client_id: client_id.cloned(),
            chat_id: named,
        };
        match (self.scope, named) {
            (Scope::One(own), Some(chat)) if chat != own => Err(fail(
                ErrorCode::InvalidField,
                "This socket is for one chat; the field \"chat_id\" names another.",
            )),
            (Scope::One(own), _) => Ok(own),
            (Scope::Many, Some(chat)) => Ok(chat),
            (Scope::Many, None) => Err(fail(
                ErrorCode::MissingField,
                "The field \"chat_id\" is missing: this socket is for many chats.",
            )),
        }
    }

    fn bad_frame(&mut self, error: FrameError, now: UnixMicros) -> Action {
        self.bad_frames.retain(|at| now.saturating_since(*at) < BAD_FRAME_WINDOW);
        self.bad_frames.push(now);
        if self.bad_frames.len() >= limits::BAD_FRAMES {
            let reason = "too many frames that make no sense: this client is broken";
            return Action::Close(Closing::new(CloseCode::BrokenClient, reason));
        }
        let FrameError { code, detail, client_id, chat_id } = error;
        let reply = ErrorReply { code, detail, client_id, chat_id, retry_after_ms: None };
        Action::Reply(Frame::from(ServerFrame::Error(reply).encode()))
    }

    pub(crate) fn follow(&mut self, chat: ChatId, from: Seq) {
        match self.index_of(chat) {
            Ok(index) => self.follows[index].1 = from,
            Err(index) => self.follows.insert(index, (chat, from)),
        }
    }

    /// Notes whether the user sees a chat from its beginning, as read from the store.
    pub(super) fn sees(&mut self, chat: ChatId, from: Seq) {
        self.partial.retain(|(partial, _)| *partial != chat);
        if from > Seq::ZERO {
            self.partial.push((chat, from));
        }
    }

    /// Whether the socket follows a chat that its user sees from the beginning.
    pub(super) fn sees_all(&self, chat: ChatId) -> bool {
        self.last(chat).is_some() && self.partial.iter().all(|(partial, _)| *partial != chat)
    }

    /// A live event as the user may see it: of what a message replies to nothing but the position, when it is from before
    /// their time. Events that were read from the store for the user are so already.
    pub(super) fn shown(&self, chat: ChatId, frame: Frame) -> Frame {
        let Some((_, from)) = self.partial.iter().find(|(partial, _)| *partial == chat) else { return frame };
        // Most messages reply to nothing, and are not decoded again for each socket.
        if !frame.as_str().contains(r#""reply_to""#) {
            return frame;
        }
        match ServerFrame::decode(frame.as_str()) {
            Ok(ServerFrame::Event(Event::Message(mut message)))
                if message.reply_to.as_ref().is_some_and(|it| it.seq <= *from) =>
            {
                message.reply_to = message.reply_to.map(|it| Box::new(Original::unseen(it.seq)));
                encode_event(&Event::Message(message))
            }
            _ => frame,
        }
    }

    pub(crate) fn unfollow(&mut self, chat: ChatId) {
        self.partial.retain(|(partial, _)| *partial != chat);
        if let Ok(index) = self.index_of(chat) {
            self.follows.remove(index);
        }
    }

    /// Whether the socket has as many subscriptions as it may, with this chat.
    pub(crate) fn is_filled_by(&self, chat: ChatId) -> bool {
        self.follows.len() + usize::from(self.last(chat).is_none()) >= limits::SUBSCRIPTIONS
    }

    /// The last position that was sent of a chat, if it is subscribed.
    pub(crate) fn last(&self, chat: ChatId) -> Option<Seq> {
        self.index_of(chat).ok().map(|index| self.follows[index].1)
    }

    pub(crate) fn chats(&self) -> impl Iterator<Item = ChatId> {
        self.follows.iter().map(|(chat, _)| *chat)
    }

    pub(crate) fn delivery(&self, chat: ChatId, seq: Seq) -> Delivery {
        match self.last(chat) {
            Some(last) if seq == last.next() => Delivery::Send,
            Some(last) if seq > last => Delivery::Gap,
            _ => Delivery::Skip,
        }
    }

    pub(crate) fn sent(&mut self, chat: ChatId, seq: Seq) {
        if let Ok(index) = self.index_of(chat) {
            self.follows[index].1 = seq;
        }
    }

    fn index_of(&self, chat: ChatId) -> Result<usize, usize> {
        self.follows.binary_search_by_key(&chat, |(chat, _)| *chat)
    }
}

/// Where a subscription begins, and whether the client must load the chat afresh.
pub(crate) fn start(position: &Position, after: Option<Seq>, epoch: Option<&Epoch>) -> (Seq, bool) {
    let head = position.head;
    match after {
        None => (head, false),
        Some(after) => {
            let foreign = epoch.is_some_and(|epoch| *epoch != position.epoch);
            // What the participant may not see is no part of the log to them.
            let reset =
                foreign || after > head || after < position.from || head.0 - after.0 > limits::RESUME_EVENTS;
            (if reset { head } else { after }, reset)
        }
    }
}

#[cfg(test)]
mod backpressure_tests;
#[cfg(test)]
mod healing_tests;
#[cfg(test)]
mod tests;
