//! What a page tells the client.

use causerie_protocol::rest::Chat;
use causerie_protocol::{ChatId, ClientId, Message, MessageId, MessageText, User};

use crate::connection::ConnectionId;
use crate::outbox::PendingMessage;

/// Anything that happens to a page, from the network, the clock or the person.
#[derive(Clone, Debug)]
pub enum Input {
    /// There is a valid token of this person: at start, or after signing in.
    ///
    /// The same person again continues where everything was; another person starts empty.
    SignedIn {
        /// Who.
        user: User,
    },
    /// The person signed out on purpose; everything is forgotten, unsent messages too.
    SignedOut,
    /// Something came from a socket.
    Socket(ConnectionId, SocketInput),
    /// The time that [`crate::Client::next_deadline`] named has come; harmless at any other time.
    Tick,
    /// The browser's `online` (true) and `offline` (false) events.
    Network(bool),
    /// The page became visible or came back: `visibilitychange`, `pageshow`.
    PageShown,
    /// The device's clock moved by this many milliseconds more, or less, than the monotonic clock that inputs come with:
    /// the device slept, its clock was set, or the two differ from the start.
    ClockStepped(i64),
    /// The person asks to connect now.
    TryNow,
    /// The answer to [`crate::Effect::LoadChats`].
    ChatsLoaded {
        /// The request's.
        ticket: u64,
        /// The page, the chat with the newest message first.
        chats: Vec<Chat>,
        /// Whether the list goes on.
        has_more: bool,
    },
    /// [`crate::Effect::LoadChats`] failed.
    ChatsFailed {
        /// The request's.
        ticket: u64,
        /// Why.
        error: LoadError,
    },
    /// The answer to [`crate::Effect::LoadChat`].
    ChatFetched {
        /// The request's.
        ticket: u64,
        /// The chat, or why it could not be fetched.
        answer: Result<Box<Chat>, LoadError>,
    },
    /// The person wants to see more of the list of chats.
    MoreChats,
    /// One chat as a REST call gave it, for example after starting it.
    ChatLoaded(Box<Chat>),
    /// The answer to [`crate::Effect::LoadHistory`].
    HistoryLoaded {
        /// The request, as the effect held it.
        request: HistoryRequest,
        /// The page, oldest first.
        messages: Vec<Message>,
        /// Whether there are older ones.
        has_older: bool,
    },
    /// [`crate::Effect::LoadHistory`] failed.
    HistoryFailed {
        /// The request, as the effect held it.
        request: HistoryRequest,
        /// Why.
        error: LoadError,
    },
    /// Unsent messages from the page's storage, after [`Input::SignedIn`]; those of other people are left alone.
    OutboxRestored(Vec<PendingMessage>),
    /// The person sends a message.
    Send {
        /// Where.
        chat: ChatId,
        /// What.
        text: MessageText,
        /// A new random UUID.
        client_id: ClientId,
    },
    /// The person sends a failed message again; it goes to the end of its chat's queue.
    Retry {
        /// Which.
        client_id: ClientId,
    },
    /// The person gives an unsent message up.
    DeleteUnsent {
        /// Which.
        client_id: ClientId,
    },
    /// The person opens a chat, or none.
    OpenChat(Option<ChatId>),
    /// The end of a chat is on screen and the page is visible.
    SeenBottom {
        /// Which chat.
        chat: ChatId,
    },
    /// The person changes the text of the composer.
    Typing {
        /// Where.
        chat: ChatId,
    },
    /// The person scrolls towards the beginning.
    LoadOlder {
        /// Which chat.
        chat: ChatId,
    },
}

/// What comes from one socket.
#[derive(Clone, Debug)]
pub enum SocketInput {
    /// It is open; only the `welcome` frame makes the connection online.
    Opened,
    /// A text frame.
    Frame(String),
    /// It is closed, or never opened (1006).
    Closed {
        /// The close code.
        code: u16,
        /// The reason that came with it.
        reason: String,
    },
}

/// A page of history that was asked for; to be given back as it is, so that an answer that came too late is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HistoryRequest {
    /// Which chat.
    pub chat: ChatId,
    /// Messages older than this one; the newest when missing.
    pub before: Option<MessageId>,
    /// Tells this request from others.
    pub ticket: u64,
}

/// Why something could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// 401: the token is no good any more.
    Unauthorized,
    /// 404 or 403: there is no such thing for this person.
    NotFound,
    /// Anything else; it is tried again.
    Temporary {
        /// One sentence for the person.
        detail: String,
    },
}
