//! The list of chats.

use causerie_client::{ChatEntry, Client, ConnectionState, Input, Invalidation, Name};
use causerie_protocol::ChatId;
use causerie_protocol::limits::UNREAD;
use causerie_texts::{bidi, page, say};
use leptos::prelude::*;

use super::Dialog;
use super::avatar::Avatar;
use super::banner::Banner;
use super::erased::{click, event, reactive, text};
use super::icon;
use super::widgets::{bdi, button, hint, icon_button, unread_words};
use crate::app::{App, app};
use crate::{browser, route, time};

/// The pane with the list of chats and the user.
#[component]
pub fn Chats(
    dialog: RwSignal<Dialog>,
    /// Whether the banner is shown in this pane.
    said_here: Signal<bool>,
) -> impl IntoView {
    let app = app();
    let query = RwSignal::new(String::new());
    // Whether the list holds what others ask for, instead of the chats.
    let asked = RwSignal::new(false);
    let found = Memo::new(move |_| {
        let query = browser::search_key(query.get().trim());
        let asked = asked.get();
        app.read(Invalidation::Chats, |client| {
            let chats = if asked { client.requests() } else { client.chats() }.into_iter();
            chats.filter(|chat| matches(chat, &query)).map(ChatEntry::id).collect::<Vec<_>>()
        })
    });
    let me = reactive(move || match app.user.get() {
        Some(me) => {
            view! { {Avatar::of(&me).draw("small", false)} <span class="name">{bdi(&Name::of(&me))}</span> }
                .into_any()
        }
        None => ().into_any(),
    });
    let banner =
        reactive(move || if said_here.get() { view! { <Banner /> }.into_any() } else { ().into_any() });
    let new_chat = move |_| dialog.set(Dialog::NewChat);
    let settings = move |_| dialog.set(Dialog::Settings);
    let search_all = move |_| dialog.set(Dialog::Search);
    let search = event(move |event| query.set(event_target_value(&event)));
    let requests = reactive(move || requests(app, asked));
    let more = reactive(move || {
        if asked.get() || !app.read(Invalidation::Chats, Client::has_more_chats) {
            ().into_any()
        } else if query.read().trim().is_empty() {
            let load = move |_| app.dispatch(Input::MoreChats);
            let load = button("button", Some("more-chats"), say!(MoreChats), load);
            view! { <li class="hint">{load}</li> }.into_any()
        } else {
            // A match may be further down the list.
            causerie_web::run(async move { app.dispatch(Input::MoreChats) });
            ().into_any()
        }
    });
    let empty =
        reactive(move || if found.read().is_empty() { nothing(app, query, dialog) } else { ().into_any() });
    page! {
        <nav class="chats" aria-label=say!(Chats)>
            <header>
                <h1>"Causerie"</h1>
                {icon_button("icon", Some("search"), say!(SearchAll), icon::lens, search_all)}
                {icon_button("icon", Some("new-chat"), say!(NewChat), icon::plus, new_chat)}
            </header>
            {banner}
            <div class="search">
                <input type="search" aria-label=say!(SearchChats) placeholder=say!(Search) autocomplete="off" on:input=search />
            </div>
            {requests}
            <ul>
                <For each=move || found.get() key=|id| *id let:id>{entry(app, id)}</For>
                {empty}
                {more}
            </ul>
            <div class="me">
                {me}
                {icon_button("icon", Some("settings"), say!(Settings), icon::gear, settings)}
            </div>
        </nav>
    }
}

/// The way to what others ask for, where there is any, and back; it does not disturb.
fn requests(app: App, asked: RwSignal<bool>) -> AnyView {
    let (all, open) = app.read(Invalidation::Chats, |client| {
        let all = client.requests();
        (all.len(), all.iter().filter(|chat| chat.is_writable()).count())
    });
    if all == 0 {
        if asked.get() {
            // Not while the view is drawn that reads it.
            causerie_web::run(async move { asked.set(false) });
        }
        return ().into_any();
    }
    let words = match (asked.get(), open) {
        (true, _) => say!(BackToChats).to_owned(),
        (false, 0) => say!(Requests).to_owned(),
        (false, open) => say!(RequestsCount, count = open),
    };
    let switch = click(move |_| asked.update(|asked| *asked = !*asked));
    view! { <button class="link requests" type="button" data-testid="requests" on:click=switch>{words}</button> }
        .into_any()
}

/// What an empty list shows.
fn nothing(app: App, query: RwSignal<String>, dialog: RwSignal<Dialog>) -> AnyView {
    let (loaded, failed) = app.read(Invalidation::Chats, |client| {
        (client.chats_loaded(), client.chats_failed().map(str::to_owned))
    });
    if !query.read().trim().is_empty() {
        return hint(say!(NothingFound), say!(NoChatSo).to_owned());
    }
    if loaded {
        let start = button("button", None, say!(NewChat), move |_| dialog.set(Dialog::NewChat));
        let hint = hint(say!(NoChats), say!(StartOne).to_owned());
        return view! { {hint} <li class="hint">{start}</li> }.into_any();
    }
    match failed {
        Some(reason) => hint("", reason),
        None => {
            let bones = || {
                view! {
                    <li class="bones" aria-hidden="true">
                        <span class="bone round"></span><span class="bone"></span>
                    </li>
                }
                .into_any()
            };
            [bones(), bones(), bones()].into_any()
        }
    }
}

/// Whether a chat matches a query, given as its [`browser::search_key`].
fn matches(chat: &ChatEntry, query: &str) -> bool {
    if query.is_empty() {
        return true;
    }
    // One text, since every call of the browser is expensive; a query has no line break.
    let mut people = chat.title().alone().to_owned();
    for other in chat.others() {
        people.push('\n');
        people.push_str(&other.user.name);
    }
    let has = |text: &str| browser::search_key(text).contains(query);
    has(&people) || chat.last_message().is_some_and(|message| has(&message.content))
}

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    title: Name,
    avatar: Avatar,
    online: bool,
    last: String,
    time: String,
    unread: u64,
}

impl Entry {
    fn of(app: App, client: &Client, chat: &ChatEntry, online: bool, now: f64) -> Self {
        let me = client.me();
        let message = chat.last_message();
        let last = message.map_or_else(
            || say!(SayHello).to_owned(),
            |message| {
                // The list shows the beginning of one line; a message may have 16 KiB.
                let said = bidi::isolated(&message.content.chars().take(200).collect::<String>());
                if client.hides_message(message) {
                    // Without the mark that stands before the button in the conversation.
                    say!(HiddenMessage).trim_end_matches([' ', '·']).to_owned()
                } else if me.is_some_and(|me| me.id == message.sender.id) {
                    say!(YouSaid, text = said)
                } else if chat.is_direct() {
                    said
                } else {
                    format!("{}: {said}", chat.people(&browser::fold).short(&message.sender))
                }
            },
        );
        let at = time::millis(message.map_or(&chat.chat.created_at, |message| &message.sent_at));
        Self {
            title: client.title(chat, &browser::fold),
            avatar: Avatar::of_chat(chat),
            online: online && chat.online(),
            last,
            time: app.clock(|clock| clock.short(at, now)),
            unread: chat.unread().min(UNREAD),
        }
    }
}

fn entry(app: App, id: ChatId) -> AnyView {
    let entry = move || {
        // Presence is known only while the connection is online.
        let online =
            app.read(Invalidation::Connection, |client| *client.connection() == ConnectionState::Online);
        let now = app.server_time();
        app.read(Invalidation::Chat(id), |client| {
            client.chat(id).map(|chat| Entry::of(app, client, chat, online, now))
        })
    };
    let class = text(move || {
        let unread =
            app.read(Invalidation::Chat(id), |client| client.chat(id).is_some_and(|chat| chat.unread() > 0));
        if unread { "chat unread" } else { "chat" }.to_owned()
    });
    // `aria-current` is "false" for the other links, and the style sheet selects "page".
    let current = text(move || if app.route.get() == Some(id) { "page" } else { "false" }.to_owned());
    let open = click(move |event| {
        // With a modifier key the browser opens a tab or a window, as for every link.
        if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
            event.prevent_default();
            app.go(Some(id));
        }
    });
    let content = reactive(move || entry().map_or_else(|| ().into_any(), draw));
    view! {
        <li>
            <a class=class data-testid="chat" href=route::path(Some(id)) aria-current=current on:click=open>
                {content}
            </a>
        </li>
    }
    .into_any()
}

fn draw(entry: Entry) -> AnyView {
    let present = entry.online.then(|| page! { <span class="visually-hidden">say!(OnlineMark)</span> });
    let badge = (entry.unread > 0).then(|| {
        page! { <span class="badge">{unread_words(entry.unread, entry.unread)}<span class="visually-hidden">say!(UnreadMark)</span></span> }
    });
    view! {
        {entry.avatar.draw("", entry.online)}
        <strong>{bdi(&entry.title)}{present}</strong>
        <time>{entry.time}</time>
        <span class="last">{entry.last}</span>
        {badge}
    }
    .into_any()
}
