//! One of the two connections: its fields, its socket, and its record.

use causerie_doctor::Target;
use causerie_protocol::{ChatId, ClientFrame, ClientId, MessageText, client_frame, paths};
use causerie_texts::{Language, Tester as Text};
use causerie_web::socket::{Socket, SocketEvent};
use causerie_web::uuid;
use causerie_web::window::property;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Blob;

use crate::browser;
use crate::conversation::Conversation;
use crate::frame::{Direction, Head, KIND_BINARY};
use crate::handshake::{Form, Handshake};
use crate::rate::Rate;
use crate::record::Record;
use crate::round_trip::RoundTrips;
use crate::share_link::Fields;

mod examine;
mod rest;
mod view_model;

pub use examine::Examination;
pub use rest::SignInFields;

/// The state of the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Idle,
    Connecting,
    Open,
    Closing,
    Closed {
        code: u16,
        reason: String,
    },
}

/// What the handshake chose and how long it took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beginning {
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
    /// Milliseconds until the response to the handshake.
    pub open_ms: Option<f64>,
    /// Milliseconds until `welcome`.
    pub welcome_ms: Option<f64>,
}

/// Data that changes with every frame; it is not in signals, so that a frame does not set any.
#[derive(Default)]
struct Inner {
    record: Record,
    conversation: Conversation,
    trips: RoundTrips,
    sent_rate: Rate,
    received_rate: Rate,
    socket: Option<Socket>,
    /// Counts the connections; events of an older one are ignored.
    generation: u32,
    began: f64,
    /// Whether a redraw is scheduled.
    will_draw: bool,
}

/// A handle to one connection.
#[derive(Clone, Copy)]
pub struct ConnectionPane {
    pub title: Text,
    /// The prefix of the ids of its elements.
    pub id: &'static str,
    /// Another server's address, or empty.
    pub base: RwSignal<String>,
    /// The chat id as it was typed.
    pub chat: RwSignal<String>,
    pub token: RwSignal<String>,
    pub form: RwSignal<Form>,
    /// The state of the connection.
    pub status: RwSignal<Status>,
    /// The error of the person's last action.
    pub trouble: RwSignal<String>,
    /// The result of the person's last action.
    pub said: RwSignal<String>,
    pub handshake: RwSignal<Option<Handshake>>,
    pub beginning: RwSignal<Beginning>,
    /// Whether to answer the server's pings.
    pub answer_pings: RwSignal<bool>,
    /// Whether to send pings regularly.
    pub measure: RwSignal<bool>,
    /// The number of the selected frame.
    pub selected: RwSignal<Option<u64>>,
    pub examination: RwSignal<Option<Examination>>,
    /// The search in the frames.
    pub search: RwSignal<String>,
    /// The text of the raw frame to send.
    pub draft: RwSignal<String>,
    /// Counts the redraws, to track them.
    drawn: RwSignal<u32>,
    language: RwSignal<Language>,
    inner: StoredValue<Inner, LocalStorage>,
}

impl ConnectionPane {
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

    /// The fields for a share link.
    pub fn fields(self) -> Fields {
        Fields { base: self.base.get_untracked(), chat: self.chat.get_untracked() }
    }

    /// The server's address; the error is a sentence for the person.
    pub fn target(self) -> Result<Target, String> {
        let base = self.base.get_untracked();
        let address = if base.trim().is_empty() { causerie_web::base() } else { base };
        Target::parse(&address).map_err(|finding| {
            let words = finding.explanation(self.language.get_untracked());
            format!("{} {}", words.what, words.remedy)
        })
    }

    /// The chat in the field, `None` when it is empty; the error is a sentence for the person.
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

    /// Opens a socket; it replaces an open one.
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
            inner.began = causerie_web::now();
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
                // So the browser refuses a `ws:` address on an https page.
                let name = property(&error, "name").and_then(|name| name.as_string());
                let is_forbidden = name.as_deref() == Some("SecurityError");
                let text = if is_forbidden { Text::MixedContent } else { Text::NotAccepted };
                self.note("refused", self.text(text).to_owned());
                self.trouble.set(self.text(text).to_owned());
                self.status.set(Status::Idle);
            }
        }
    }

    /// Closes with 1000.
    pub fn disconnect(self) {
        let _ = self.close(1000, "");
    }

    /// Closes with a code and a reason; returns false when a browser may not send these.
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
        let now = causerie_web::now();
        let elapsed = now - self.with(|inner| inner.began);
        match event {
            SocketEvent::Opened => {
                let protocol =
                    self.with(|inner| inner.socket.as_ref().map(Socket::protocol)).unwrap_or_default();
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
            SocketEvent::Binary(data) => {
                let bytes = data.dyn_ref::<Blob>().map_or(0.0, Blob::size) as usize;
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
        // So that there is a round trip without any action.
        if kind == "welcome" {
            self.ping();
        }
    }

    /// Sends a ping, to measure the round trip.
    pub fn ping(self) {
        if self.is_open() {
            self.send_frame(&ClientFrame::Ping { t: Some(causerie_web::now() as i64) });
        }
    }

    fn is_open(self) -> bool {
        self.status.with_untracked(|status| *status == Status::Open)
    }

    /// Sends a message to the chat; returns whether it was sent.
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
                self.send_frame(&ClientFrame::Message {
                    text,
                    client_id,
                    chat_id,
                    reply_to: None,
                    plain: false,
                })
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

    /// Sends any text; returns whether it was sent.
    pub fn send(self, text: String) -> bool {
        let sent = self
            .with(|inner| inner.socket.as_ref().is_some_and(|socket| socket.is_open() && socket.send(&text)));
        if !sent {
            self.trouble.set(self.text(Text::NotOpen).to_owned());
            return false;
        }
        self.trouble.set(String::new());
        let now = causerie_web::now();
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
