//! One of the two connections: its fields, its socket, and what happened on it.

use causerie_doctor::Target;
use causerie_frontend::browser::uuid;
use causerie_protocol::words::Language;
use causerie_protocol::{ChatId, ClientFrame, ClientId, MessageText, client_frame, paths};
use leptos::prelude::*;

use crate::browser;
use crate::conversation::Conversation;
use crate::frame::{Direction, Head, KIND_BINARY};
use crate::handshake::{Form, Handshake};
use crate::rate::Rate;
use crate::record::Record;
use crate::round_trip::RoundTrips;
use crate::share_link::Fields;
use crate::socket::{OpenError, Socket, SocketEvent};
use crate::texts::Text;

mod examine;
mod rest;
mod view_model;

pub use examine::Examination;

/// What the connection does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It was never opened.
    #[default]
    Idle,
    /// The handshake is on its way.
    Connecting,
    /// A server answered.
    Open,
    /// A close is on its way.
    Closing,
    /// It ended.
    Closed {
        /// The close code.
        code: u16,
        /// What the server said.
        reason: String,
    },
}

/// What was measured and chosen when the connection began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beginning {
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
    /// Milliseconds until the handshake was answered.
    pub open_ms: Option<f64>,
    /// Milliseconds until the server's first frame.
    pub welcome_ms: Option<f64>,
}

/// What grows with every frame, so that no signal is set for each.
#[derive(Default)]
struct Inner {
    record: Record,
    conversation: Conversation,
    trips: RoundTrips,
    sent_rate: Rate,
    received_rate: Rate,
    socket: Option<Socket>,
    /// Which connection this is; what an older one still says is not for this.
    generation: u32,
    began: f64,
    /// Whether the view will look soon.
    will_draw: bool,
}

/// One connection.
#[derive(Clone, Copy)]
pub struct ConnectionPane {
    /// What it is called.
    pub title: Text,
    /// Sets its elements apart from those of the other.
    pub id: &'static str,
    /// Another server's address, or empty.
    pub base: RwSignal<String>,
    /// The chat's number as it was typed.
    pub chat: RwSignal<String>,
    /// The token.
    pub token: RwSignal<String>,
    /// How the token is offered.
    pub form: RwSignal<Form>,
    /// What the connection does.
    pub status: RwSignal<Status>,
    /// What is wrong with what the person asked for.
    pub trouble: RwSignal<String>,
    /// What was done, for the person.
    pub said: RwSignal<String>,
    /// The last handshake.
    pub handshake: RwSignal<Option<Handshake>>,
    /// How the connection began.
    pub beginning: RwSignal<Beginning>,
    /// Answer the server's pings.
    pub answer_pings: RwSignal<bool>,
    /// Send pings of one's own.
    pub measure: RwSignal<bool>,
    /// The line that is looked at.
    pub selected: RwSignal<Option<u64>>,
    /// What the doctor found, or finds.
    pub examination: RwSignal<Option<Examination>>,
    /// What is searched in the frames.
    pub search: RwSignal<String>,
    /// The raw frame that waits to be sent.
    pub draft: RwSignal<String>,
    /// Counts the times that the view should look at the record again.
    drawn: RwSignal<u32>,
    language: RwSignal<Language>,
    inner: StoredValue<Inner, LocalStorage>,
}

impl ConnectionPane {
    /// A connection with its fields filled.
    pub fn new(title: Text, id: &'static str, fields: Fields, language: RwSignal<Language>) -> Self {
        Self {
            title,
            id,
            base: RwSignal::new(fields.base),
            chat: RwSignal::new(fields.chat),
            token: RwSignal::new(String::new()),
            form: RwSignal::new(Form::default()),
            status: RwSignal::new(Status::Idle),
            trouble: RwSignal::new(String::new()),
            said: RwSignal::new(String::new()),
            handshake: RwSignal::new(None),
            beginning: RwSignal::new(Beginning::default()),
            answer_pings: RwSignal::new(true),
            measure: RwSignal::new(false),
            selected: RwSignal::new(None),
            examination: RwSignal::new(None),
            search: RwSignal::new(String::new()),
            draft: RwSignal::new(String::new()),
            drawn: RwSignal::new(0),
            language,
            inner: StoredValue::new_local(Inner::default()),
        }
    }

    /// The fields, for a link.
    pub fn fields(self) -> Fields {
        Fields { base: self.base.get_untracked(), chat: self.chat.get_untracked() }
    }

    /// Where the server is.
    pub fn target(self) -> Result<Target, String> {
        let base = self.base.get_untracked();
        let address = if base.trim().is_empty() { causerie_frontend::browser::base() } else { base };
        Target::parse(&address).map_err(|finding| {
            let words = finding.explanation(self.language.get_untracked());
            format!("{} {}", words.what, words.remedy)
        })
    }

    /// The chat that the field names; `None` when it is empty.
    pub fn chat_id(self) -> Result<Option<ChatId>, String> {
        let text = self.chat.get_untracked();
        match text.trim() {
            "" => Ok(None),
            number => match number.parse() {
                Ok(id) => Ok(Some(id)),
                Err(_) => Err(self.text(Text::ChatWrong).to_owned()),
            },
        }
    }

    fn text(self, text: Text) -> &'static str {
        text.in_language(self.language.get_untracked())
    }

    /// Opens a socket, in the place of the one that there may be.
    pub fn connect(self) {
        self.trouble.set(String::new());
        let (target, chat) = match (self.target(), self.chat_id()) {
            (Ok(target), Ok(chat)) => (target, chat),
            (Err(trouble), _) | (_, Err(trouble)) => return self.trouble.set(trouble),
        };
        let token = self.token.get_untracked().trim().to_owned();
        let form = self.form.get_untracked();
        let path = chat.map_or_else(|| paths::SOCKET.to_owned(), |chat| paths::chat_socket(chat, None));
        let url = target.ws(&path);
        let handshake = Handshake::new(url.clone(), browser::origin(), form, &token);
        let generation = self.with(|inner| {
            inner.generation += 1;
            inner.socket = None;
            inner.began = browser::now();
            inner.trips.disconnect();
            inner.generation
        });
        self.note("handshake", handshake.request());
        self.handshake.set(Some(handshake));
        self.beginning.set(Beginning::default());
        let on_event = move |event| {
            if self.with(|inner| inner.generation) == generation {
                self.on_socket(event);
            }
        };
        match Socket::open(&url, &form.offer(&token), on_event) {
            Ok(socket) => {
                self.with(|inner| inner.socket = Some(socket));
                self.status.set(Status::Connecting);
            }
            Err(error) => {
                let text = match error {
                    OpenError::Forbidden => Text::MixedContent,
                    OpenError::Malformed => Text::NotAccepted,
                };
                self.note("refused", self.text(text).to_owned());
                self.trouble.set(self.text(text).to_owned());
                self.status.set(Status::Idle);
            }
        }
    }

    /// Closes as a person who leaves.
    pub fn disconnect(self) {
        let _ = self.close(1000, "");
    }

    /// Closes with a code and a reason; false when a browser may not send them.
    #[must_use]
    pub fn close(self, code: u16, reason: &str) -> bool {
        let closing = self.with(|inner| inner.socket.as_ref().map(|socket| socket.close(code, reason)));
        if closing == Some(true)
            && self.status.with_untracked(|status| matches!(status, Status::Connecting | Status::Open))
        {
            self.status.set(Status::Closing);
        }
        closing.unwrap_or(true)
    }

    fn on_socket(self, event: SocketEvent) {
        let now = browser::now();
        let elapsed = now - self.with(|inner| inner.began);
        match event {
            SocketEvent::Opened { protocol } => {
                let named = if protocol.is_empty() { self.text(Text::NoneChosen) } else { &protocol };
                let language = self.language.get_untracked();
                self.note("open", Text::Opened.fill(language, &[("protocol", named)]));
                self.beginning.update(|beginning| {
                    beginning.protocol = Some(protocol);
                    beginning.open_ms = Some(elapsed);
                });
                self.status.set(Status::Open);
            }
            SocketEvent::Text(text) => self.on_text(now, elapsed, text),
            SocketEvent::Binary(bytes) => {
                self.with(|inner| {
                    inner.received_rate.count(now, bytes);
                    inner.record.push(now, Direction::Received, KIND_BINARY.to_owned(), bytes, String::new());
                });
                self.draw_soon();
            }
            SocketEvent::Closed { code, reason } => {
                let language = self.language.get_untracked();
                let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                let notice =
                    Text::ClosedNotice.fill(language, &[("code", &code.to_string()), ("reason", &said)]);
                self.note("close", notice);
                self.with(|inner| {
                    inner.socket = None;
                    inner.trips.disconnect();
                });
                self.status.set(Status::Closed { code, reason });
            }
        }
    }

    fn on_text(self, now: f64, elapsed: f64, text: String) {
        let head = Head::read(&text);
        let kind = head.kind();
        if kind == "welcome" && self.beginning.with_untracked(|beginning| beginning.welcome_ms.is_none()) {
            self.beginning.update(|beginning| beginning.welcome_ms = Some(elapsed));
        }
        let is_ping = kind == "ping";
        self.with(|inner| {
            inner.received_rate.count(now, text.len());
            inner.trips.received(now, &head);
            inner.conversation.received(&kind, &text);
            inner.record.push(now, Direction::Received, kind.clone(), text.len(), text);
        });
        self.draw_soon();
        if is_ping && self.answer_pings.get_untracked() {
            self.send_frame(&ClientFrame::Pong { t: head.t });
        }
        // So that there is a figure without anything to do.
        if kind == "welcome" {
            self.ping();
        }
    }

    /// Sends a ping of one's own, which a server of this version answers.
    pub fn ping(self) {
        if self.is_open() {
            self.send_frame(&ClientFrame::Ping { t: Some(browser::now() as i64) });
        }
    }

    /// Whether something can be sent.
    fn is_open(self) -> bool {
        self.status.with_untracked(|status| *status == Status::Open)
    }

    /// Says something in the chat; whether it was sent.
    #[must_use]
    pub fn say(self, text: String) -> bool {
        let chat_id = match self.chat_id() {
            Ok(chat) => chat,
            Err(trouble) => {
                self.trouble.set(trouble);
                return false;
            }
        };
        match MessageText::new(text) {
            Ok(text) => {
                let client_id = ClientId::new(uuid()).ok();
                self.send_frame(&ClientFrame::Message { text, client_id, chat_id })
            }
            Err(error) => {
                self.trouble.set(client_frame::text_detail(error));
                false
            }
        }
    }

    fn send_frame(self, frame: &ClientFrame) -> bool {
        self.send(frame.encode())
    }

    /// Sends any text; whether it was.
    pub fn send(self, text: String) -> bool {
        let sent = self.with(|inner| inner.socket.as_ref().is_some_and(|socket| socket.send(&text)));
        if !sent {
            self.trouble.set(self.text(Text::NotOpen).to_owned());
            return false;
        }
        self.trouble.set(String::new());
        let now = browser::now();
        let head = Head::read(&text);
        self.with(|inner| {
            inner.sent_rate.count(now, text.len());
            inner.trips.sent(now, &head);
            inner.record.push(now, Direction::Sent, head.kind(), text.len(), text);
        });
        self.draw_soon();
        true
    }
}
