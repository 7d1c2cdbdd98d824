//! What the client asks of the page.

use causerie_protocol::rest::ChatCursor;
use causerie_protocol::{ChatId, ClientFrame, ClientId};

use crate::connection::ConnectionId;
use crate::input::HistoryRequest;
use crate::outbox::PendingMessage;

/// Something that the page carries out, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket to `/ws/` with the protocols `causerie.v1`, `Bearer` and the token; its inputs carry this name.
    Connect(ConnectionId),
    /// Close this socket with 1000; what it still says is ignored.
    Disconnect(ConnectionId),
    /// Send this encoded frame as a text message.
    SendFrame(ConnectionId, String),
    /// Fetch a page of the list of chats; answered by `ChatsLoaded` or `ChatsFailed`.
    LoadChats {
        /// Tells this request from others; to be given back.
        ticket: u64,
        /// Chats after this place of the list; the first ones when missing.
        before: Option<ChatCursor>,
    },
    /// Fetch one chat; answered by `ChatFetched`.
    LoadChat {
        /// Tells this request from others; to be given back.
        ticket: u64,
        /// Which.
        chat: ChatId,
    },
    /// Fetch a page of history; answered by `HistoryLoaded` or `HistoryFailed`.
    LoadHistory(HistoryRequest),
    /// Keep an unsent message, so that it survives a reload; replaces the one with the same `client_id`.
    StorePending(PendingMessage),
    /// The message is acknowledged or given up: it need not be kept.
    ForgetPending(ClientId),
    /// Say this to people who use a screen reader.
    Announce(String),
    /// The token is no good: ask the person to sign in.
    AskSignIn {
        /// Why, in one sentence.
        reason: String,
    },
    /// This part of the read side is different now.
    Changed(Scope),
}

impl Effect {
    pub(crate) fn send(connection: ConnectionId, frame: &ClientFrame) -> Self {
        Self::SendFrame(connection, frame.encode())
    }
}

/// A part of the read side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// [`crate::Client::connection`] and [`crate::Client::banner`].
    Connection,
    /// The list of chats: which, in what order.
    Chats,
    /// One entry of the list: title, last line, unread, who is online.
    Chat(ChatId),
    /// The rows of one chat.
    Timeline(ChatId),
    /// Who writes in one chat.
    Typing(ChatId),
    /// [`crate::Client::server_time`], other than by passing.
    Clock,
}
