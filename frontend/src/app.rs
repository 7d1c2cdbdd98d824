//! The page's state, the one way to change it, and the effects carried out.
//!
//! Components read with [`App::read`], which tracks one [`Invalidation`], and act with [`App::dispatch`];
//! nothing else changes the client's state.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use causerie_client::clock::TOLERANCE_MS;
use causerie_client::connection::ConnectionId;
use causerie_client::reactions::Request;
use causerie_client::sorted::{SortedMap, SortedSet};
use causerie_client::{Client, Effect, HistoryPlace, HistoryRequest, Input, Invalidation, SocketInput};
use causerie_protocol::rest::{ChatCursor, React, SignedIn};
use causerie_protocol::{ChatId, MessageId, Seq, UpdateChatSettings, User, paths};
use causerie_web::api::Api;
use causerie_web::socket::Socket;
use causerie_web::storage;
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;

use crate::api::{change_error, load_error, setting_error};
use crate::socket;
use crate::storage::drafts::{self, TextStorage};
use crate::storage::pending::PendingStorage;
use crate::storage::tab;
use crate::time::{self, Clock};
use crate::{browser, route};

/// How often the page checks the clock, in milliseconds: in every time zone a day begins with a minute.
const MINUTE_MS: u64 = 60_000;

/// A handle to the page's state, cheap to copy into any closure.
#[derive(Clone, Copy)]
pub struct App {
    core: StoredValue<Core, LocalStorage>,
    /// The user; without one the sign-in page is shown.
    pub user: RwSignal<Option<User>>,
    /// Why the last sign-in ended, unless the person signed out.
    pub reason: RwSignal<String>,
    /// The chat in the page's address.
    pub route: RwSignal<Option<ChatId>>,
    /// The position in the page's address; set again each time that the person goes to it.
    pub place: RwSignal<Option<Seq>>,
    /// The next announcement for screen readers.
    pub announcement: RwSignal<String>,
    /// The key in the browser's storage that another tab has just changed.
    pub stored: RwSignal<Option<String>>,
}

struct Core {
    client: RefCell<Client>,
    socket: RefCell<Option<(ConnectionId, Socket)>>,
    api: RefCell<Api>,
    session: RefCell<Option<SignedIn>>,
    /// Counts sign-ins, so that a response to a request of an earlier one is ignored.
    generation: Cell<u32>,
    pending: PendingStorage,
    timer: Cell<Option<TimeoutHandle>>,
    triggers: RefCell<SortedMap<Invalidation, ArcTrigger>>,
    /// What frames of the socket changed and is not drawn yet.
    changed: RefCell<SortedSet<Invalidation>>,
    /// Whether something was drawn since the last frame of the screen.
    waits_for_screen: Cell<bool>,
    clock: RefCell<Clock>,
    /// By how many milliseconds the device's clock was ahead of the monotonic one at the last `ClockStepped`.
    clock_ahead: Cell<f64>,
    /// The number of the day that is shown as today.
    today: Cell<i64>,
}

impl App {
    /// The state of a page that has just been opened; signed in when the browser has stored a sign-in.
    pub fn start() -> Self {
        let core = Core {
            client: RefCell::new(Client::new(browser::now())),
            socket: RefCell::default(),
            api: RefCell::new(Api::new("")),
            session: RefCell::default(),
            generation: Cell::new(0),
            pending: PendingStorage::open(&tab()),
            timer: Cell::default(),
            triggers: RefCell::default(),
            changed: RefCell::default(),
            waits_for_screen: Cell::default(),
            clock: RefCell::default(),
            clock_ahead: Cell::default(),
            today: Cell::default(),
        };
        let app = Self {
            core: StoredValue::new_local(core),
            user: RwSignal::new(None),
            reason: RwSignal::new(String::new()),
            route: RwSignal::new(route::current()),
            place: RwSignal::new(route::current_place().and_then(|(_, seq)| seq)),
            announcement: RwSignal::new(String::new()),
            stored: RwSignal::new(None),
        };
        if let Some(session) = storage::session() {
            app.start_session(session);
        }
        app.add_listeners();
        app
    }

    /// Gives an input to the client, and carries out its effects.
    pub fn dispatch(self, input: Input) {
        let ahead = causerie_web::wall_clock() - browser::now() as f64;
        let step = self.core.with_value(|core| ahead - core.clock_ahead.get());
        if step.abs() > TOLERANCE_MS as f64 {
            self.core.with_value(|core| core.clock_ahead.set(ahead));
            self.handle(Input::ClockStepped(step as i64));
        }
        self.handle(input);
        let today = time::day(self.peek(|client| client.server_time(browser::now())) as f64);
        if self.core.with_value(|core| core.today.replace(today)) != today {
            self.carry_out(Effect::Changed(Invalidation::Clock));
        }
        self.schedule_tick();
    }

    fn handle(self, input: Input) {
        // However many frames come, what they change is drawn once for each frame of the screen. A page that is hidden
        // has none of those.
        let is_frame = matches!(input, Input::Socket(_, SocketInput::Frame(_)));
        let draws_with_screen = is_frame && browser::is_visible();
        let effects = self.core.with_value(|core| {
            core.client.borrow_mut().handle(input, browser::now(), causerie_web::random())
        });
        for effect in effects {
            match effect {
                Effect::Changed(part) if draws_with_screen => {
                    self.core.with_value(|core| core.changed.borrow_mut().insert(part));
                }
                effect => self.carry_out(effect),
            }
        }
        if draws_with_screen {
            self.draw_with_screen();
        }
    }

    /// Draws what changed, unless that was done since the last frame of the screen: then after the next one.
    fn draw_with_screen(self) {
        let is_drawn = self
            .core
            .with_value(|core| core.changed.borrow().is_empty() || core.waits_for_screen.replace(true));
        if is_drawn {
            return;
        }
        self.draw_changed();
        // After the frame and not in it, since what scrolls with what was drawn asks for the next frame itself.
        let after_it = move || {
            self.core.with_value(|core| core.waits_for_screen.set(false));
            self.draw_with_screen();
        };
        request_animation_frame(move || set_timeout(after_it, Duration::ZERO));
    }

    fn draw_changed(self) {
        let changed = self.core.with_value(|core| std::mem::take(&mut *core.changed.borrow_mut()));
        for part in changed {
            self.carry_out(Effect::Changed(part));
        }
    }

    /// The time by the server's clock, in milliseconds since 1970; tracked, so that readers run again after a
    /// correction and at midnight.
    pub fn server_time(self) -> f64 {
        self.read(Invalidation::Clock, |client| client.server_time(browser::now())) as f64
    }

    /// Reads the state and tracks one part of it.
    pub fn read<T>(self, part: Invalidation, read: impl FnOnce(&Client) -> T) -> T {
        self.trigger(part).track();
        self.peek(read)
    }

    /// Reads the state without tracking.
    pub fn peek<T>(self, read: impl FnOnce(&Client) -> T) -> T {
        self.core.with_value(|core| read(&core.client.borrow()))
    }

    /// The HTTP API with the user's token.
    pub fn api(self) -> Api {
        self.core.with_value(|core| core.api.borrow().clone())
    }

    pub fn clock<T>(self, write: impl FnOnce(&Clock) -> T) -> T {
        self.core.with_value(|core| write(&core.clock.borrow()))
    }

    /// The person signed in or registered.
    pub fn signed_in(self, answer: SignedIn, keep: bool) {
        storage::keep_session(&answer, keep);
        self.start_session(answer);
    }

    /// The user has another name or address from now on; what is shown already follows with the next load.
    pub fn renamed(self, user: User) {
        let session = self.core.with_value(|core| {
            let mut session = core.session.borrow_mut();
            if let Some(session) = &mut *session {
                session.user = user;
            }
            session.clone()
        });
        if let Some(session) = session {
            storage::change_session(&session);
        }
    }

    /// Signs out, here and in the tabs that share the sign-in.
    pub fn sign_out(self) {
        let api = self.api();
        // When the server can't be reached the token stays valid until it expires; this page signs out anyway.
        causerie_web::run(async move { drop(api.logout().await) });
        storage::forget_session();
        self.end_session();
    }

    pub fn go(self, chat: Option<ChatId>) {
        if chat == self.route.get_untracked() {
            route::replace(chat);
        } else {
            route::go(self.route.get_untracked(), chat);
        }
        self.on_navigated(chat, None);
    }

    /// Goes to a message; `from` is the one of the same chat that led there.
    pub fn go_to_message(self, chat: ChatId, from: Option<Seq>, to: Seq) {
        route::go_to_message(chat, from, to);
        self.on_navigated(Some(chat), Some(to));
    }

    /// Goes to the newest messages of the open chat.
    pub fn to_latest(self, chat: ChatId) {
        if self.place.get_untracked().is_some() {
            route::replace(Some(chat));
            self.place.set(None);
        }
        self.dispatch(Input::ToLatest { chat });
    }

    /// Goes back to the list as the browser's back button would.
    pub fn back(self) {
        if !route::back() {
            self.on_navigated(None, None);
        }
    }

    fn on_navigated(self, chat: Option<ChatId>, seq: Option<Seq>) {
        self.go_to_place(chat, seq);
        if self.route.get_untracked() != chat {
            self.route.set(chat);
        }
        self.dispatch(Input::OpenChat(chat));
        self.place.set(seq);
    }

    /// Before the chat is opened, so that it is loaded around the position from the start.
    fn go_to_place(self, chat: Option<ChatId>, seq: Option<Seq>) {
        match (chat, seq) {
            (Some(chat), Some(seq)) => self.dispatch(Input::Jump { chat, seq }),
            (Some(chat), None) => self.dispatch(Input::ToLatest { chat }),
            (None, _) => {}
        }
    }

    fn start_session(self, session: SignedIn) {
        let user = session.user.clone();
        self.core.with_value(|core| {
            core.generation.set(core.generation.get() + 1);
            *core.api.borrow_mut() = Api::new("").with_token(&session.token);
            *core.session.borrow_mut() = Some(session);
        });
        self.reason.set(String::new());
        self.dispatch(Input::SignedIn { user: user.clone() });
        self.go_to_place(self.route.get_untracked(), self.place.get_untracked());
        self.dispatch(Input::OpenChat(self.route.get_untracked()));
        // Another sign-in of the same user leaves the open dialogs and the chat as they are.
        if self.user.get_untracked().as_ref() != Some(&user) {
            self.user.set(Some(user));
        }
        self.restore();
    }

    /// Forgets the user and all of their data.
    fn end_session(self) {
        let Some(user) = self.core.with_value(|core| core.session.take()).map(|session| session.user) else {
            return;
        };
        let pending = self.core.with_value(|core| {
            core.generation.set(core.generation.get() + 1);
            *core.api.borrow_mut() = Api::new("");
            core.pending.clone()
        });
        TextStorage::of(&user).forget();
        causerie_web::run(async move { pending.forget(user.id).await });
        self.dispatch(Input::SignedOut);
        self.user.set(None);
        self.show_list();
    }

    /// Shows the list, without a way back to the chat that was open.
    fn show_list(self) {
        route::replace(None);
        self.route.set(None);
        self.place.set(None);
    }

    /// Takes over the user's pending messages, also those of tabs that are gone.
    fn restore(self) {
        let Some(user) = self.core.with_value(|core| core.session.borrow().as_ref().map(|s| s.user.id))
        else {
            return;
        };
        let pending = self.core.with_value(|core| core.pending.clone());
        let generation = self.generation();
        causerie_web::run(async move {
            pending.opened().await;
            let (messages, changes) = pending.adopt(user).await;
            if self.generation() == generation && !changes.is_empty() {
                self.dispatch(Input::ChangesRestored(changes));
            }
            if self.generation() == generation && !messages.is_empty() {
                self.dispatch(Input::OutboxRestored(messages));
            }
        });
    }

    fn generation(self) -> u32 {
        self.core.with_value(|core| core.generation.get())
    }

    fn trigger(self, part: Invalidation) -> ArcTrigger {
        self.core
            .with_value(|core| core.triggers.borrow_mut().get_or_insert_with(part, ArcTrigger::new).clone())
    }

    /// Lets every component read again after the page was hidden: the device may be in another time zone.
    fn refresh(self) {
        self.core.with_value(|core| drop(core.clock.take()));
        let all: Vec<_> = self.core.with_value(|core| core.triggers.borrow().values().cloned().collect());
        for trigger in all {
            trigger.notify();
        }
    }

    fn carry_out(self, effect: Effect) {
        match effect {
            Effect::Changed(part) => {
                let known = self.core.with_value(|core| core.triggers.borrow().get(&part).cloned());
                if let Some(trigger) = known {
                    trigger.notify();
                }
            }
            Effect::Connect(connection) => self.connect(connection),
            Effect::Disconnect(connection) => {
                let socket = self.core.with_value(|core| {
                    core.socket.borrow_mut().take_if(|(current, _)| *current == connection)
                });
                drop(socket);
            }
            Effect::SendFrame(connection, frame) => self.core.with_value(|core| {
                if let Some((current, socket)) = &*core.socket.borrow()
                    && *current == connection
                {
                    socket.send(&frame);
                }
            }),
            Effect::LoadChats { ticket, before } => self.load_chats(ticket, before),
            Effect::LoadPinned => self.load_pinned(),
            Effect::LoadChat { ticket, chat } => self.load_chat(ticket, chat),
            Effect::LoadHistory(request) => self.load_history(request),
            Effect::React(request) => self.react(request),
            Effect::Delete { ticket, message } => self.delete(ticket, message),
            Effect::SetChat { ticket, chat, change } => self.set_chat(ticket, chat, change),
            Effect::StorePending(message) => self.core.with_value(|core| core.pending.put(message)),
            Effect::ForgetPending(client_id) => self.core.with_value(|core| core.pending.delete(&client_id)),
            Effect::StoreChange(change) => self.core.with_value(|core| core.pending.put_change(change)),
            Effect::ForgetChange(key) => self.core.with_value(|core| core.pending.delete_change(&key)),
            Effect::Announce(words) => self.announcement.set(words),
            Effect::AskSignIn { reason } => {
                self.reason.set(reason);
                self.user.set(None);
            }
        }
    }

    fn connect(self, connection: ConnectionId) {
        let Some(token) =
            self.core.with_value(|core| core.session.borrow().as_ref().map(|s| s.token.clone()))
        else {
            return;
        };
        let url = format!("{}{}", causerie_web::socket_base(), paths::SOCKET);
        let dispatch_input = move |input: SocketInput| self.dispatch(Input::Socket(connection, input));
        match socket::open(&url, &token, dispatch_input) {
            Ok(socket) => {
                let before =
                    self.core.with_value(|core| core.socket.borrow_mut().replace((connection, socket)));
                drop(before);
            }
            // Dispatched later, as every input of a socket, since the current input is still being handled.
            Err(closed) => causerie_web::run(async move { dispatch_input(closed) }),
        }
    }

    fn load_chat(self, ticket: u64, chat: ChatId) {
        let (api, generation) = (self.api(), self.generation());
        causerie_web::run(async move {
            let answer = api.chat(chat).await.map(Box::new).map_err(load_error);
            if self.generation() == generation {
                self.dispatch(Input::ChatFetched { ticket, answer });
            }
        });
    }

    fn react(self, request: Request) {
        let (api, generation) = (self.api(), self.generation());
        causerie_web::run(async move {
            let Request { ticket, message, emoji, on } = request;
            let answer = api.react(message, &React { emoji, on }).await;
            let answer = answer.map(|decided| decided.seq).map_err(change_error);
            if self.generation() == generation {
                self.dispatch(Input::ReactionAnswered { ticket, answer });
            }
        });
    }

    fn delete(self, ticket: u64, message: MessageId) {
        let (api, generation) = (self.api(), self.generation());
        causerie_web::run(async move {
            let answer = match api.delete(message).await {
                // Somebody else was first.
                Err(error) if error.status == 404 => Ok(()),
                answer => answer.map_err(change_error),
            };
            if self.generation() == generation {
                self.dispatch(Input::DeletionAnswered { ticket, answer });
            }
        });
    }

    fn set_chat(self, ticket: u64, chat: ChatId, change: UpdateChatSettings) {
        let (api, generation) = (self.api(), self.generation());
        causerie_web::run(async move {
            let answer = api.set_chat(chat, &change).await.map_err(setting_error);
            if self.generation() == generation {
                self.dispatch(Input::ChatSet { ticket, chat, answer });
            }
        });
    }

    fn load_chats(self, ticket: u64, before: Option<ChatCursor>) {
        let (api, generation) = (self.api(), self.generation());
        causerie_web::run(async move {
            let answer = api.chats(before).await;
            if self.generation() == generation {
                self.dispatch(match answer {
                    Ok((chats, has_more)) => Input::ChatsLoaded { ticket, chats, has_more },
                    Err(error) => Input::ChatsFailed { ticket, error: load_error(error) },
                });
            }
        });
    }

    fn load_pinned(self) {
        let (api, generation) = (self.api(), self.generation());
        causerie_web::run(async move {
            // What does not arrive is asked for with the next list.
            let chats = api.pinned_chats().await.unwrap_or_default();
            for chat in chats {
                if self.generation() == generation {
                    self.dispatch(Input::ChatLoaded(Box::new(chat)));
                }
            }
        });
    }

    fn load_history(self, request: HistoryRequest) {
        let (api, generation) = (self.api(), self.generation());
        causerie_web::run(async move {
            let chat = request.chat;
            let latest = |(messages, has_older)| (messages, has_older, false);
            let answer = match request.place {
                HistoryPlace::Newest => api.messages(chat, None).await.map(latest),
                HistoryPlace::Before(id) => api.messages(chat, Some(id)).await.map(latest),
                HistoryPlace::After(seq) => api
                    .messages_after(chat, seq)
                    .await
                    .map(|(messages, has_newer)| (messages, true, has_newer)),
                HistoryPlace::Around(seq) => api.messages_around(chat, seq).await,
            };
            if self.generation() == generation {
                self.dispatch(match answer {
                    Ok((messages, has_older, has_newer)) => {
                        Input::HistoryLoaded { request, messages, has_older, has_newer }
                    }
                    Err(error) => Input::HistoryFailed { request, error: load_error(error) },
                });
            }
        });
    }

    /// Sets the one timer to the client's next deadline, or to the end of the minute.
    fn schedule_tick(self) {
        let now = browser::now();
        let (deadline, time) = self.peek(|client| (client.next_deadline(), client.server_time(now)));
        let minute = MINUTE_MS - time % MINUTE_MS;
        // A millisecond late is better than one early, which would find nothing due.
        let wait = deadline.map_or(minute, |deadline| deadline.saturating_sub(now).min(minute)) + 1;
        let next =
            set_timeout_with_handle(move || self.dispatch(Input::Tick), Duration::from_millis(wait)).ok();
        if let Some(before) = self.core.with_value(|core| core.timer.replace(next)) {
            before.clear();
        }
    }

    /// Adds listeners for the network, visibility, other tabs and the back button.
    fn add_listeners(self) {
        browser::on_window("online", move |_| {
            self.dispatch(Input::Network(true));
            self.restore();
        });
        browser::on_window("offline", move |_| self.dispatch(Input::Network(false)));
        browser::on_window("pageshow", move |_| self.dispatch(Input::PageShown));
        browser::on_document("visibilitychange", move |_| {
            if browser::is_visible() {
                self.dispatch(Input::PageShown);
                self.restore();
                self.refresh();
            } else {
                self.dispatch(Input::PageHidden);
                self.draw_changed();
            }
        });
        browser::on_window("pagehide", move |_| self.dispatch(Input::PageHidden));
        browser::on_window("popstate", move |_| {
            let place = route::current_place();
            self.on_navigated(place.map(|(chat, _)| chat), place.and_then(|(_, seq)| seq));
        });
        browser::on_window("storage", move |event| self.other_tab(&event));
        browser::on_window("beforeunload", move |event| {
            let waits = self.peek(|client| {
                let changes = client.deletions_waiting() + client.reactions_waiting();
                client.waiting() + changes > 0 || client.failed().next().is_some()
            });
            let is_durable = self.core.with_value(|core| core.pending.is_durable());
            // Data that is only in this page would be lost with it, so the browser asks first.
            if drafts::is_any_unstored() || (waits && !is_durable) {
                event.prevent_default();
            }
        });
    }

    /// Another tab changed the stored sign-in that all tabs share.
    fn other_tab(self, event: &web_sys::Event) {
        if !storage::is_session_change(event) {
            return self.stored.set(storage::changed_key(event));
        }
        let mine = self.core.with_value(|core| core.session.borrow().clone());
        match (mine, storage::session()) {
            // This tab has a sign-in of its own, or the sign-in did not change.
            (Some(mine), Some(now)) if mine.token == now.token => {}
            (Some(mine), Some(now)) if mine.user.id == now.user.id => self.start_session(now),
            (None, Some(now)) => self.start_session(now),
            (Some(_), Some(now)) => {
                // The first user did not sign out, so their texts stay for when they come back.
                self.show_list();
                self.start_session(now);
            }
            (Some(_), None) => self.end_session(),
            (None, None) => {}
        }
    }
}

/// The page's state, from the context of any component.
///
/// # Panics
/// Never below the root component, which provides it.
pub fn app() -> App {
    expect_context::<App>()
}
