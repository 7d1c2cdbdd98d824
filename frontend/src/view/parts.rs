//! The parts of the page that are loaded on demand: what the sign-in page does not need.

use std::pin::Pin;

use causerie_client::{ConnectionState, Invalidation};
use causerie_protocol::{ChatId, MessageId};
use causerie_texts::say;
use leptos::prelude::*;

use super::asking::Asking;
use super::banner::Banner;
use super::composer::Composing;
use super::dialog::modal;
use super::group::Open;
use super::picking::{Coded, Picked};
use super::widgets::{back, button, hint};
use super::{
    Dialog, asking, composer, conversation, door, emoji, group, home, join, keys, new_chat, people, report,
    search, settings,
};
use crate::app::{App, app};
use crate::route::Link;

/// How each part is loaded. The programs provide it, since that is where they are split.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub home: Load<Home>,
    pub conversation: Load<Conversation>,
    pub composer: Load<Composer>,
    pub dialogs: Load<Dialogs>,
    pub people: Load<People>,
    pub search: Load<Search>,
    pub emoji: Load<Emoji>,
}

pub type Load<T> = fn() -> Pin<Box<dyn Future<Output = Result<T, NotLoaded>>>>;

/// The file did not arrive, or the browser did not accept it. To load it again is worthwhile.
#[derive(Clone, Copy, Debug)]
pub struct NotLoaded;

/// The page of a user who is signed in, made with the parts that it draws when they are wanted.
pub type Home = fn(HomeParts) -> AnyView;

/// A chat, without its composer and dialogs.
pub type Conversation = fn(ChatId, HomeParts) -> AnyView;

pub type Composer = fn(Composing) -> AnyView;

pub type People = fn(RwSignal<Dialog>) -> AnyView;

pub type Search = fn(RwSignal<Dialog>) -> AnyView;

/// The emoji: a dialog to choose one, and the short codes.
#[derive(Clone, Copy, Debug)]
pub struct Emoji {
    pub(super) picker: fn(App, RwSignal<bool>, Picked) -> AnyView,
    /// The short codes that begin so, each with its emoji and what that is called.
    pub(super) codes: fn(&str) -> Vec<Coded>,
    /// The emoji with this short code.
    pub(super) code: fn(&str) -> Option<String>,
}

/// The parts that the page of a user who is signed in draws.
#[derive(Clone, Copy, Debug)]
pub struct HomeParts {
    pub conversation: Part<Conversation>,
    pub composer: Part<Composer>,
    pub dialogs: Part<Dialogs>,
    pub people: Part<People>,
    pub search: Part<Search>,
    pub emoji: Part<Emoji>,
}

#[derive(Clone, Copy, Debug)]
pub struct Dialogs {
    pub(super) new_chat: fn(RwSignal<Dialog>) -> AnyView,
    pub(super) settings: fn(RwSignal<Dialog>) -> AnyView,
    pub(super) join: fn(RwSignal<Dialog>) -> AnyView,
    pub(super) keys: fn(RwSignal<Dialog>) -> AnyView,
    pub(super) group: fn(ChatId, Open, RwSignal<Open>) -> AnyView,
    pub(super) asking: fn(App, ChatId, Asking, RwSignal<Option<Asking>>) -> AnyView,
    pub(super) report: fn(App, MessageId, RwSignal<Option<MessageId>>) -> AnyView,
    pub(super) door: fn(Link, RwSignal<Option<Link>>) -> AnyView,
}

/// The code of the part; only the function that the program is split at may call this.
#[must_use]
pub fn home() -> Home {
    home::home
}

/// The code of the part; only the function that the program is split at may call this.
#[must_use]
pub fn conversation() -> Conversation {
    |chat, parts| view! { <conversation::Conversation chat parts /> }.into_any()
}

/// The code of the part; only the function that the program is split at may call this.
#[must_use]
pub fn composer() -> Composer {
    composer::composer
}

/// The code of the part; only the function that the program is split at may call this.
#[must_use]
pub fn dialogs() -> Dialogs {
    Dialogs {
        new_chat: new_chat::new_chat,
        settings: settings::settings,
        join: join::join,
        keys: keys::keys,
        group: group::group,
        asking: asking::asking,
        report: report::report,
        door: door::door,
    }
}

/// The code of the part; only the function that the program is split at may call this.
#[must_use]
pub fn people() -> People {
    people::people
}

/// The code of the part; only the function that the program is split at may call this.
#[must_use]
pub fn search() -> Search {
    search::search
}

/// The code of the part; only the function that the program is split at may call this.
#[must_use]
pub fn emoji() -> Emoji {
    Emoji { picker: emoji::picker, codes: emoji::codes, code: emoji::code }
}

#[derive(Clone, Copy, Debug)]
enum State<T> {
    Unloaded,
    Loading,
    Loaded(T),
    Failed,
}

/// One part, which is loaded at most once.
#[derive(Debug)]
pub struct Part<T: 'static> {
    load: Load<T>,
    state: RwSignal<State<T>>,
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Part<T> {}

impl<T: Copy + Send + Sync + 'static> Part<T> {
    pub fn new(load: Load<T>) -> Self {
        let part = Self { load, state: RwSignal::new(State::Unloaded) };
        // What did not arrive for want of a connection is loaded again as soon as there is one.
        let app = app();
        let online = Memo::new(move |_| {
            app.read(Invalidation::Connection, |client| *client.connection() == ConnectionState::Online)
        });
        Effect::new(move || {
            if online.get() && matches!(part.state.get_untracked(), State::Failed) {
                part.load();
            }
        });
        part
    }

    /// Begins to load it, unless it is loaded or being loaded.
    pub fn load(self) {
        if matches!(self.state.get_untracked(), State::Loading | State::Loaded(_)) {
            return;
        }
        self.state.set(State::Loading);
        causerie_web::run(async move {
            let loaded = (self.load)().await;
            let _ = self.state.try_set(loaded.map_or(State::Failed, State::Loaded));
        });
    }

    /// The part, if it is loaded.
    pub fn loaded(self) -> Option<T> {
        match self.state.get() {
            State::Loaded(part) => Some(part),
            State::Unloaded | State::Loading | State::Failed => None,
        }
    }

    /// As [`Part::loaded`], without tracking.
    pub fn loaded_now(self) -> Option<T> {
        match self.state.get_untracked() {
            State::Loaded(part) => Some(part),
            State::Unloaded | State::Loading | State::Failed => None,
        }
    }

    /// Draws it, or what stands for it until it is there; `instead` is told whether loading it failed.
    pub fn draw(self, draw: impl FnOnce(T) -> AnyView, instead: impl FnOnce(bool) -> AnyView) -> AnyView {
        match self.state.get() {
            State::Loaded(part) => draw(part),
            State::Loading => instead(false),
            State::Failed => instead(true),
            State::Unloaded => {
                // Not while the view is drawn that reads the state.
                causerie_web::run(async move { self.load() });
                instead(false)
            }
        }
    }
}

/// In the place of the conversation until it is there: the way back, the connection, and how to load it again.
pub(super) fn instead_of_conversation(app: App, part: Part<Conversation>, failed: bool) -> AnyView {
    let again = failed.then(|| {
        let again = button("button main", Some("load-part"), say!(TryAgain), move |_| part.load());
        view! { <li class="hint">{again}</li> }
    });
    let words = if failed { say!(PartMissing) } else { say!(Loading) };
    view! {
        <header>{back(app)}</header>
        <Banner />
        <ul class="nothing">{hint("", words.to_owned())}{again}</ul>
    }
    .into_any()
}

/// In the place of the composer until it is there: how to load it again.
pub(super) fn instead_of_composer(part: Part<Composer>, failed: bool) -> AnyView {
    let again = button("link", Some("load-part"), say!(TryAgain), move |_| part.load());
    failed.then(|| view! { <p class="closed">{say!(PartMissing)}{again}</p> }).into_any()
}

/// In the place of what a link leads to, until it is there.
pub(super) fn instead_of_door<T: Copy + Send + Sync + 'static>(part: Part<T>, failed: bool) -> AnyView {
    let again =
        failed.then(|| button("button main", Some("load-part"), say!(TryAgain), move |_| part.load()));
    let words = if failed { say!(PartMissing) } else { say!(Loading) };
    view! { <main class="sign-in"><p>{words}</p>{again}</main> }.into_any()
}

/// In the place of a dialog that could not be loaded: how to load it again.
pub(super) fn instead_of_dialog<T: Copy + Send + Sync + 'static>(
    part: Part<T>,
    on_close: impl Fn() + 'static,
    failed: bool,
) -> AnyView {
    if !failed {
        return ().into_any();
    }
    let again = button("button main", Some("load-part"), say!(TryAgain), move |_| part.load());
    let content = view! { <p>{say!(PartMissing)}</p><div class="actions">{again}</div> };
    modal(say!(PartMissingTitle), "part-missing", on_close, content.into_any())
}
