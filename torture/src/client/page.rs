//! A page: the state machine of the real client over real sockets and requests, used by a simulated person.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causerie_client::{
    Client, ConnectionId, ConnectionState, Effect, Input, Invalidation, PendingMessage, Row, SocketInput,
};
use causerie_protocol::event::Original;
use causerie_protocol::rest::React;
use causerie_protocol::{ChatId, ClientFrame, ClientId, ServerFrame, paths};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::person::{self, Action};
use super::screen;
use super::socket::{self, Received};
use super::{ClientSetup, Phase, Progress};
use crate::history::{Clock, Ending, Fact, History, Kind};
use crate::label::Label;

/// How far the clocks of some devices are off, in milliseconds: a day in either direction.
const CLOCK_SKEW_MS: i64 = 24 * 60 * 60 * 1_000;
/// With this many pending messages the person stops writing.
const PATIENCE: usize = 12;
/// The person reacts, or replies, to one of this many rows at the end of a chat.
const REACTED_ROWS: usize = 20;
/// The last of them is not fully qualified, so the server writes it otherwise.
const EMOJI: [&str; 3] = ["\u{1f44d}", "\u{1f602}", "\u{2764}"];
/// Frames that wait for a busy page; further ones wait in the network.
const INBOX: usize = 16;
/// How often a page checks its state when nothing else happens, in milliseconds.
const LOOK_MS: u64 = 50;

#[derive(Debug)]
struct Socket {
    name: ConnectionId,
    frames: mpsc::UnboundedSender<String>,
    inbox: mpsc::Receiver<Received>,
}

/// How often the rows of a chat changed since they were last recorded, and how many rows there were.
#[derive(Debug, Default)]
struct Screen {
    changes: usize,
    rows: usize,
}

pub struct Page {
    setup: ClientSetup,
    /// The device's clock at the start of the run, in milliseconds since 1970.
    clock_start: u64,
    history: History,
    random: StdRng,
    client: Client,
    socket: Option<Socket>,
    answers: mpsc::UnboundedReceiver<Input>,
    answer: mpsc::UnboundedSender<Input>,
    tasks: JoinSet<()>,
    /// The browser's storage, which survives a reload.
    storage: BTreeMap<ClientId, PendingMessage>,
    given_up: HashSet<u32>,
    screens: HashMap<ChatId, Screen>,
    next_number: u32,
    next_action: u64,
    stalled_until: u64,
    reported_empty: bool,
    reported_settled: bool,
    /// The first difference from the server at the last comparison.
    difference: Option<String>,
}

impl Page {
    pub fn new(setup: ClientSetup, clock: std::sync::Arc<Clock>) -> Self {
        let (answer, answers) = mpsc::unbounded_channel();
        let history = History::new(setup.client, setup.sign_in.person.user.id.0, Kind::Page, clock);
        let clock_start = clock_start(setup.client);
        Self {
            clock_start,
            random: StdRng::seed_from_u64(setup.seed),
            client: Client::new(clock_start),
            socket: None,
            answers,
            answer,
            tasks: JoinSet::new(),
            storage: BTreeMap::new(),
            given_up: HashSet::new(),
            screens: HashMap::new(),
            next_number: 1,
            next_action: 0,
            stalled_until: 0,
            reported_empty: false,
            reported_settled: false,
            difference: None,
            setup,
            history,
        }
    }

    /// Runs until the phase is [`Phase::Over`]; returns the history.
    pub async fn run(mut self) -> History {
        self.load_page();
        loop {
            let phase = self.setup.phase.borrow_and_update().clone();
            match &phase {
                Phase::Running => self.live(),
                Phase::Emptying => self.empty(),
                Phase::Settling(chats) => {
                    self.empty();
                    let user = self.setup.sign_in.person.user.id;
                    self.settle(chats.get(&user).map_or(&[], Vec::as_slice));
                }
                Phase::Over => break,
            }
            self.wait().await;
        }
        if let Some(difference) = self.difference.filter(|_| !self.reported_settled) {
            println!("  client {} is at odds with the server: {difference}", self.setup.client);
        }
        let ending =
            Ending { views: screen::views(&self.client), reached: None, waiting: self.client.waiting() };
        self.history.ending = Some(ending);
        self.history
    }

    fn now(&self) -> u64 {
        self.clock_start + self.history.clock().ms()
    }

    /// Waits for the next event and handles it.
    async fn wait(&mut self) {
        let now = self.now();
        let mut due = now + LOOK_MS;
        due = due.min(self.client.next_deadline().unwrap_or(u64::MAX)).min(self.next_action.max(now + 1));
        let is_stalled = now < self.stalled_until;
        tokio::select! {
            received = receive(&mut self.socket), if !is_stalled => self.received(received),
            Some(input) = self.answers.recv(), if !is_stalled => self.take(input),
            () = sleep(Duration::from_millis(due.saturating_sub(now))) => {
                if !is_stalled {
                    self.take(Input::Tick);
                }
            }
            _ = self.setup.phase.changed() => {}
        }
        while self.tasks.try_join_next().is_some() {}
    }

    fn received(&mut self, received: Received) {
        let Some(socket) = &self.socket else { return };
        let name = socket.name;
        let input = match received {
            Received::Opened => SocketInput::Opened,
            Received::Frame(text) => {
                match ServerFrame::decode(&text) {
                    Ok(frame) => self.history.frame(&frame),
                    Err(_) => self.history.note(Fact::OtherFrame),
                }
                SocketInput::Frame(text)
            }
            Received::Closed(code, reason) => {
                self.history.note(Fact::Closed { code });
                self.socket = None;
                SocketInput::Closed { code, reason }
            }
        };
        self.take(Input::Socket(name, input));
    }

    fn take(&mut self, input: Input) {
        let (now, random) = (self.now(), self.random.random());
        for effect in self.client.handle(input, now, random) {
            self.carry_out(effect);
        }
        self.note_screens();
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Connect(name) => {
                let (frames, outgoing) = mpsc::unbounded_channel();
                let (sender, inbox) = mpsc::channel(INBOX);
                let token = self.setup.sign_in.token();
                let path = paths::SOCKET.to_owned();
                self.tasks.spawn(socket::run(self.setup.address, path, token, sender, outgoing));
                self.socket = Some(Socket { name, frames, inbox });
            }
            Effect::Disconnect(name) => {
                if self.socket.as_ref().is_some_and(|socket| socket.name == name) {
                    self.history.note(Fact::Closed { code: 0 });
                    self.socket = None;
                }
            }
            Effect::SendFrame(name, frame) => {
                if let Ok(ClientFrame::Subscribe { chat_id, after, .. }) = ClientFrame::decode(&frame) {
                    self.history
                        .note(Fact::Subscribing { chat: chat_id.0, after: after.map_or(0, |after| after.0) });
                }
                if let Some(socket) = self.socket.as_ref().filter(|socket| socket.name == name) {
                    // When the socket is closing, the send fails and its `Closed` follows.
                    let _ = socket.frames.send(frame);
                }
            }
            Effect::LoadChat { ticket, chat } => {
                let (api, token, answer) = self.for_a_load();
                self.tasks.spawn(async move {
                    let fetched = api.chat(&token, chat).await.map(Box::new);
                    let _ = answer.send(Input::ChatFetched { ticket, answer: fetched });
                });
            }
            Effect::LoadChats { ticket, before } => {
                let (api, token, answer) = self.for_a_load();
                self.tasks.spawn(async move {
                    let input = match api.chats_before(&token, before).await {
                        Ok((chats, has_more)) => Input::ChatsLoaded { ticket, chats, has_more },
                        Err(error) => Input::ChatsFailed { ticket, error },
                    };
                    let _ = answer.send(input);
                });
            }
            Effect::LoadHistory(request) => {
                let (api, token, answer) = self.for_a_load();
                self.tasks.spawn(async move {
                    let input = match api.messages_at(&token, request.chat, request.place).await {
                        Ok((messages, has_older, has_newer)) => {
                            Input::HistoryLoaded { request, messages, has_older, has_newer }
                        }
                        Err(error) => Input::HistoryFailed { request, error },
                    };
                    let _ = answer.send(input);
                });
            }
            Effect::React(request) => {
                let (api, token, answer) = self.for_a_load();
                self.tasks.spawn(async move {
                    let body = React { emoji: request.emoji, on: request.on };
                    let decided = api.react(&token, request.message, &body).await;
                    let _ = answer.send(Input::ReactionAnswered { ticket: request.ticket, answer: decided });
                });
            }
            Effect::StorePending(message) => {
                if let Some(number) = number(&message.client_id).filter(|_| message.failed.is_some()) {
                    self.history.note(Fact::Failed { number });
                }
                self.storage.insert(message.client_id.clone(), message);
            }
            Effect::ForgetPending(client_id) => {
                let (Some(number), Some(message)) = (number(&client_id), self.storage.remove(&client_id))
                else {
                    return;
                };
                // This is the id before a retry; the message is still pending under its next id.
                let is_tried_again = self.storage.keys().any(|name| self::number(name) == Some(number));
                if !self.given_up.contains(&number) && !is_tried_again {
                    self.history.note(Fact::ShownSent { chat: message.chat_id.0, number });
                    self.history.clock().count_acked();
                }
            }
            Effect::AskSignIn { .. } => {
                let (sign_in, direct) = (self.setup.sign_in.clone(), self.setup.direct.clone());
                let answer = self.answer.clone();
                self.tasks.spawn(async move {
                    if sign_in.renew(&direct).await.is_ok() {
                        let _ = answer.send(Input::SignedIn { user: sign_in.person.user.clone() });
                    }
                });
            }
            Effect::Changed(Invalidation::Timeline(chat)) => {
                self.screens.entry(chat).or_default().changes += 1;
            }
            // Nobody here sets anything of a chat, so none is pinned.
            // Nor deletes anybody a message, and what waits lives as long as the page.
            Effect::SetChat { .. }
            | Effect::LoadPinned
            | Effect::Delete { .. }
            | Effect::StoreChange(_)
            | Effect::ForgetChange(_)
            | Effect::Changed(_)
            | Effect::Announce(_) => {}
        }
    }

    fn for_a_load(&self) -> (crate::api::Api, String, mpsc::UnboundedSender<Input>) {
        (self.setup.api.clone(), self.setup.sign_in.token(), self.answer.clone())
    }

    /// Records the rows that are shown. When they are many it skips some changes, since the cost grows with the rows.
    fn note_screens(&mut self) {
        for (chat, screen) in &mut self.screens {
            if screen.changes * 16 > screen.rows + 64 {
                let window = screen::window(&self.client, *chat, false);
                *screen = Screen { changes: 0, rows: usize::try_from(window.count).unwrap_or_default() };
                self.history.note(Fact::Shown { chat: chat.0, window: Box::new(window) });
            }
        }
    }

    /// Reloads the page: only the stored pending messages survive.
    fn load_page(&mut self) {
        self.history.note(Fact::Reloaded);
        self.socket = None;
        // Responses for the page before the reload are dropped.
        (self.answer, self.answers) = mpsc::unbounded_channel();
        self.tasks.abort_all();
        self.screens.clear();
        self.client = Client::new(self.now());
        self.take(Input::SignedIn { user: self.setup.sign_in.person.user.clone() });
        self.take(Input::OutboxRestored(self.storage.values().cloned().collect()));
    }

    /// Performs the next action of the person when it is due.
    fn live(&mut self) {
        let now = self.now();
        if now < self.next_action || now < self.stalled_until {
            return;
        }
        self.next_action = now + self.random.random_range(2..40);
        match person::draw(&mut self.random) {
            Action::Write => self.write(),
            Action::Open => {
                let chats: Vec<ChatId> = self.client.chats().iter().map(|entry| entry.id()).collect();
                let chat = chats.choose(&mut self.random).copied();
                self.take(Input::OpenChat(chat));
            }
            Action::Look => self.with_open(|chat| Input::SeenBottom { chat }),
            Action::ScrollBack => self.with_open(|chat| Input::LoadOlder { chat }),
            Action::React => self.react(),
            Action::Type => self.with_open(|chat| Input::Typing { chat }),
            Action::Wake => self.take(Input::PageShown),
            Action::SetClock => {
                let step = self.random.random_range(-CLOCK_SKEW_MS..CLOCK_SKEW_MS);
                self.take(Input::ClockStepped(step));
            }
            Action::TryNow => self.take(Input::TryNow),
            Action::LoseNetwork => self.take(Input::Network(false)),
            Action::FindNetwork => self.take(Input::Network(true)),
            Action::Reload => self.load_page(),
            Action::Decide => self.decide(),
            Action::Stall => self.stalled_until = now + self.random.random_range(200..12_000),
        }
    }

    fn with_open(&mut self, input: impl FnOnce(ChatId) -> Input) {
        if let Some(chat) = self.client.open_chat() {
            self.take(input(chat));
        }
    }

    fn write(&mut self) {
        for _ in 0..self.random.random_range(1..=3) {
            if self.client.waiting() >= PATIENCE {
                return;
            }
            let Some(chat) = self.setup.chats.choose(&mut self.random).copied() else { return };
            let label = self.history.label(self.next_number);
            self.next_number += 1;
            self.history.note(Fact::Queued { chat: chat.0, number: label.number });
            let reply_to = self.original(chat);
            self.take(Input::Send {
                chat,
                text: label.message(),
                client_id: label.client_id(),
                reply_to,
                plain: false,
            });
        }
    }

    /// One of the last messages of a chat, for one message in three to reply to.
    fn original(&mut self, chat: ChatId) -> Option<Original> {
        if self.random.random_bool(0.67) {
            return None;
        }
        let rows = self.client.rows(chat);
        let last = rows.iter().rev().take(REACTED_ROWS).filter_map(|row| match row {
            Row::Message(message) => message.seq,
            Row::System(_) => None,
        });
        let last: Vec<_> = last.collect();
        self.client.original(chat, *last.choose(&mut self.random)?)
    }

    /// Changes one reaction of the person's under one of the last messages of the open chat.
    fn react(&mut self) {
        let Some(chat) = self.client.open_chat().filter(|_| self.client.reactions_waiting() < PATIENCE)
        else {
            return;
        };
        let rows = self.client.rows(chat);
        let last = rows.iter().rev().take(REACTED_ROWS).filter_map(|row| match row {
            Row::Message(message) => message.id,
            Row::System(_) => None,
        });
        let last: Vec<_> = last.collect();
        let Some(message) = last.choose(&mut self.random).copied() else { return };
        let Some(emoji) = EMOJI.choose(&mut self.random) else { return };
        let on = self.random.random_bool(0.6);
        self.take(Input::React { chat, message, emoji: (*emoji).to_owned(), on });
    }

    /// Retries or deletes one failed message.
    fn decide(&mut self) {
        let Some(client_id) = self.client.failed().next().map(|message| message.client_id.clone()) else {
            return;
        };
        let Some(number) = number(&client_id) else { return };
        if self.random.random_bool(0.5) {
            self.history.note(Fact::Retried { number });
            self.take(Input::Retry { client_id });
        } else {
            self.history.note(Fact::GivenUp { number });
            self.given_up.insert(number);
            self.take(Input::DeleteUnsent { client_id });
        }
    }

    /// Reconnects without waiting, and reports when no message is pending; the person writes nothing more.
    fn empty(&mut self) {
        self.stalled_until = 0;
        let now = self.now();
        if *self.client.connection() != ConnectionState::Online {
            if now >= self.next_action {
                self.next_action = now + 500;
                self.take(Input::Network(true));
                self.take(Input::TryNow);
            }
        } else if self.client.waiting() + self.client.reactions_waiting() == 0 && !self.reported_empty {
            self.reported_empty = true;
            let _ = self.setup.progress.send(Progress::Empty(self.setup.client));
        }
        self.next_action = self.next_action.max(now + LOOK_MS);
    }

    /// Opens one chat after the other until all are loaded, and reports when they equal those of the server.
    fn settle(&mut self, chats: &[causerie_protocol::rest::Chat]) {
        let unloaded = self
            .client
            .chats()
            .iter()
            .find(|entry| entry.lost.is_none() && !self.client.history(entry.id()).loaded)
            .map(|entry| entry.id());
        match unloaded {
            Some(chat) => {
                let history = self.client.history(chat);
                self.difference = Some(format!("chat {chat} is not loaded yet ({history:?})"));
                if self.client.open_chat() != Some(chat) {
                    self.take(Input::OpenChat(Some(chat)));
                }
            }
            None if !self.reported_settled => match screen::compare(&self.client, chats) {
                Ok(()) => {
                    self.reported_settled = true;
                    let _ = self.setup.progress.send(Progress::Settled(self.setup.client));
                }
                Err(difference) => self.difference = Some(difference),
            },
            None => {}
        }
    }
}

/// Every third device has the right time; the others are a day behind or ahead.
fn clock_start(client: u32) -> u64 {
    let right = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let skew = CLOCK_SKEW_MS * (i64::from(client % 3) - 1);
    u64::try_from(right).unwrap_or_default().saturating_add_signed(skew)
}

/// The next event of the socket; pending forever without one.
async fn receive(socket: &mut Option<Socket>) -> Received {
    match socket {
        Some(socket) => match socket.inbox.recv().await {
            Some(received) => received,
            None => Received::Closed(1006, String::new()),
        },
        None => std::future::pending().await,
    }
}

/// The message number in one of our client ids.
fn number(client_id: &ClientId) -> Option<u32> {
    Label::of_client_id(client_id.as_str()).map(|label| label.number)
}
