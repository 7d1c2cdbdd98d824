//! What the client asks the page to do.

use causerie_protocol::rest::ChatCursor;
use causerie_protocol::{ChatId, ClientFrame, ClientId, MessageId, UpdateChatSettings};

use crate::connection::ConnectionId;
use crate::input::HistoryRequest;
use crate::kept::KeptChange;
use crate::outbox::PendingMessage;

/// Something that the page carries out, in the given order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket to `/ws/` with the subprotocols `causerie.v1`, `Bearer` and the token; its inputs carry this id.
    Connect(ConnectionId),
    /// Close this socket with 1000; inputs that still come from it are ignored.
    Disconnect(ConnectionId),
    /// Send this encoded frame as a text message.
    SendFrame(ConnectionId, String),
    /// Fetch a page of the list of chats; answered by `ChatsLoaded` or `ChatsFailed`.
    LoadChats {
        /// Identifies the request; the answer carries it.
        ticket: u64,
        /// Chats after this cursor; the first ones when it is missing.
        before: Option<ChatCursor>,
    },
    /// Fetch the pinned chats, which may be further down the list than it is loaded; each comes as `ChatLoaded`.
    LoadPinned,
    /// Fetch one chat; answered by `ChatFetched`.
    LoadChat {
        /// Identifies the request; the answer carries it.
        ticket: u64,
        chat: ChatId,
    },
    /// Fetch a page of history; answered by `HistoryLoaded` or `HistoryFailed`.
    LoadHistory(HistoryRequest),
    /// Put a reaction under a message or take it back; answered by `ReactionAnswered`.
    React(crate::reactions::Request),
    /// Delete a message, also if the page is closed meanwhile; answered by `DeletionAnswered`.
    Delete {
        /// Identifies the request; the answer carries it.
        ticket: u64,
        message: MessageId,
    },
    /// Change what the person has set of a chat; answered by `ChatSet`.
    SetChat {
        /// Identifies the request; the answer carries it.
        ticket: u64,
        chat: ChatId,
        change: UpdateChatSettings,
    },
    /// Store a pending message, so that it survives a reload; it replaces the one with the same `client_id`.
    StorePending(PendingMessage),
    /// The message is acknowledged or was given up: delete it from storage.
    ForgetPending(ClientId),
    /// Store a reaction or a deletion, so that it survives a reload; it replaces the one with the same key.
    StoreChange(KeptChange),
    /// The server has decided about the change with this key, or the person took it back: delete it from storage.
    ForgetChange(String),
    /// Announce this to people who use a screen reader.
    Announce(String),
    /// The token is invalid: ask the person to sign in.
    AskSignIn {
        /// One sentence for the person.
        reason: String,
    },
    /// This part of the state has changed: what components read of it is out of date.
    Changed(Invalidation),
}

impl Effect {
    pub(crate) fn send(connection: ConnectionId, frame: &ClientFrame) -> Self {
        Self::SendFrame(connection, frame.encode())
    }
}

/// A part of the state; components that read it read it again when it has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invalidation {
    /// [`crate::Client::connection`] and [`crate::Client::banner`].
    Connection,
    /// The list of chats and its order.
    Chats,
    /// One entry of the list: title, last message, unread count, who is online.
    Chat(ChatId),
    /// [`crate::Client::rows`] of one chat.
    Timeline(ChatId),
    /// [`crate::Client::undoable`].
    Deletions,
    /// [`crate::Client::typing`] of one chat.
    Typing(ChatId),
    /// [`crate::Client::server_time`] was corrected, or another day began.
    Clock,
}
