//! What the page reports to the client.

use causerie_protocol::event::Original;
use causerie_protocol::rest::Chat;
use causerie_protocol::{
    ChatId, ChatSettings, ClientId, Message, MessageId, MessageText, Seq, UpdateChatSettings, User,
};

use crate::connection::ConnectionId;
use crate::kept::KeptChange;
use crate::outbox::PendingMessage;

/// Anything that happens to a page, from the network, the clock or the person.
#[derive(Clone, Debug)]
pub enum Input {
    /// There is a valid token of this user: at start, or after signing in.
    ///
    /// The same user continues with everything as it was; another user starts empty.
    SignedIn {
        user: User,
    },
    /// The person signed out on purpose; everything is forgotten, pending messages too.
    SignedOut,
    Socket(ConnectionId, SocketInput),
    /// The time of [`crate::Client::next_deadline`] has come; harmless at any other time.
    Tick,
    /// The browser's `online` (true) and `offline` (false) events.
    Network(bool),
    /// The page became visible or was restored: the browser's `visibilitychange` and `pageshow` events.
    PageShown,
    /// The device's clock moved by this many milliseconds more, or less, than the monotonic clock of the inputs:
    /// the device slept, its clock was set, or the two differed from the start.
    ClockStepped(i64),
    /// The person asks to connect now.
    TryNow,
    /// The answer to [`crate::Effect::LoadChats`].
    ChatsLoaded {
        ticket: u64,
        /// The chat with the newest message comes first.
        chats: Vec<Chat>,
        has_more: bool,
    },
    /// [`crate::Effect::LoadChats`] failed.
    ChatsFailed {
        ticket: u64,
        error: LoadError,
    },
    /// The answer to [`crate::Effect::LoadChat`].
    ChatFetched {
        ticket: u64,
        answer: Result<Box<Chat>, LoadError>,
    },
    /// The person asks for more of the list of chats.
    MoreChats,
    /// One chat from a REST response, for example after it was created.
    ChatLoaded(Box<Chat>),
    /// The answer to [`crate::Effect::LoadHistory`].
    HistoryLoaded {
        /// The request from the effect, unchanged.
        request: HistoryRequest,
        /// The oldest message comes first.
        messages: Vec<Message>,
        has_older: bool,
        has_newer: bool,
    },
    /// [`crate::Effect::LoadHistory`] failed.
    HistoryFailed {
        /// The request from the effect, unchanged.
        request: HistoryRequest,
        error: LoadError,
    },
    /// Pending messages from the page's storage, after [`Input::SignedIn`]; those of other users are ignored.
    OutboxRestored(Vec<PendingMessage>),
    /// Changes from the page's storage, after [`Input::SignedIn`]; those of other users are ignored.
    ChangesRestored(Vec<KeptChange>),
    Send {
        chat: ChatId,
        text: MessageText,
        /// A new random UUID.
        client_id: ClientId,
        /// What it replies to, from [`crate::Client::original`].
        reply_to: Option<Original>,
        /// Whether it is to be shown as it is, without formatting.
        plain: bool,
    },
    /// The person puts a reaction under a message, or takes it back.
    React {
        chat: ChatId,
        message: MessageId,
        /// Fully qualified, where the page knows that form.
        emoji: String,
        on: bool,
    },
    /// The answer to [`crate::Effect::React`].
    ReactionAnswered {
        ticket: u64,
        /// The position of the chat's log at which the server had it so.
        answer: Result<Seq, ChangeError>,
    },
    /// The person deletes a message; for [`crate::deletions::UNDO_MS`] that can be taken back.
    Delete {
        chat: ChatId,
        message: MessageId,
    },
    /// The person takes a deletion back.
    UndoDelete {
        message: MessageId,
    },
    /// The answer to [`crate::Effect::Delete`]; that there is no such message is a success.
    DeletionAnswered {
        ticket: u64,
        answer: Result<(), ChangeError>,
    },
    /// The page is hidden, or about to be closed: what waits for the person to change their mind is sent.
    PageHidden,
    /// The person changes what they have set of a chat for themself.
    SetChat {
        chat: ChatId,
        change: UpdateChatSettings,
    },
    /// The answer to [`crate::Effect::SetChat`].
    ChatSet {
        ticket: u64,
        chat: ChatId,
        /// All that is set now.
        answer: Result<ChatSettings, SettingError>,
    },
    /// The person sends a failed message again; it moves to the end of its chat's queue.
    Retry {
        client_id: ClientId,
    },
    /// The person deletes a pending message.
    DeleteUnsent {
        client_id: ClientId,
    },
    /// The person opens a chat, or goes back to the list.
    OpenChat(Option<ChatId>),
    /// The newest message of a chat is on screen and the page is visible.
    SeenBottom {
        chat: ChatId,
    },
    /// The person types in the composer.
    Typing {
        chat: ChatId,
    },
    /// The person scrolls towards older messages.
    LoadOlder {
        chat: ChatId,
    },
    /// The person scrolls towards newer messages, of a piece of the log that does not reach up to now.
    LoadNewer {
        chat: ChatId,
    },
    /// The person goes to the message at this position, which may be far from what is loaded. Comes before
    /// [`Input::OpenChat`], when that is due too.
    Jump {
        chat: ChatId,
        seq: Seq,
    },
    /// The person goes to the newest messages.
    ToLatest {
        chat: ChatId,
    },
    /// The person looks at messages of this chat above the newest ones, or of none any more. Of the other chats only the
    /// newest messages are kept.
    ReadsAbove(Option<ChatId>),
    /// The person asks to see a message of somebody whom they blocked.
    Reveal {
        chat: ChatId,
        message: MessageId,
    },
}

#[derive(Clone, Debug)]
pub enum SocketInput {
    /// The handshake succeeded; only the `welcome` frame makes the connection online.
    Opened,
    Frame(String),
    /// It closed, or never opened (1006).
    Closed {
        code: u16,
        reason: String,
    },
}

/// A request for a page of history. The answer carries it unchanged, so that a late answer is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HistoryRequest {
    pub chat: ChatId,
    pub place: HistoryPlace,
    /// Identifies the request.
    pub ticket: u64,
}

/// Which messages a page of history has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HistoryPlace {
    /// The newest ones.
    Newest,
    /// Those before a message.
    Before(MessageId),
    /// Those after a position.
    After(Seq),
    /// As many up to a position as after it.
    Around(Seq),
}

/// Why a change did not go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// 401: the token is not valid any more.
    Unauthorized,
    /// The server will not do it, now or later.
    Refused {
        /// One sentence for the person.
        detail: String,
    },
    /// Anything else; the request is tried again.
    Temporary,
}

/// Why a change of what the person has set of a chat did not go through; it is not tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// 401: the token is not valid any more.
    Unauthorized,
    /// Anything else.
    Failed {
        /// One sentence for the person.
        detail: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// 401: the token is not valid any more.
    Unauthorized,
    /// 404 or 403: it does not exist for this user.
    NotFound,
    /// Anything else; the request is tried again.
    Temporary {
        /// One sentence for the person.
        detail: String,
    },
}
