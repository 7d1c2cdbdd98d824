//! The list of chats.

use causerie_client::{ChatEntry, Client, ConnectionState, Input, Invalidation, Name};
use causerie_protocol::ChatId;
use causerie_protocol::limits::UNREAD;
use causerie_protocol::spans;
use causerie_texts::{bidi, page, say};
use leptos::ev::keydown;
use leptos::prelude::*;

use super::avatar::Avatar;
use super::banner::Banner;
use super::erased::{click, reactive, text};
use super::press::Press;
use super::widgets::{bdi, button, hint, icon_button, unread_words};
use super::{Dialog, chat_menu, icon};
use crate::app::{App, app};
use crate::{browser, keys, route, time};

/// Which of the chats the list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Chats,
    /// What others ask for.
    Requests,
    Archived,
}

/// What the list is narrowed to; forgotten with the page.
#[derive(Clone, Copy)]
struct Filters {
    unread: RwSignal<bool>,
    groups: RwSignal<bool>,
}

/// The pane with the list of chats and the user.
#[component]
pub fn Chats(
    dialog: RwSignal<Dialog>,
    /// Whether the banner is shown in this pane.
    said_here: Signal<bool>,
) -> impl IntoView {
    let app = app();
    let shown = RwSignal::new(Shown::Chats);
    let filters = Filters { unread: RwSignal::new(false), groups: RwSignal::new(false) };
    let listed = Memo::new(move |_| listed(app, shown.get(), filters));
    let menu_at = RwSignal::new(None::<chat_menu::Place>);
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
    let search = click(move |_| dialog.set(Dialog::Search));
    let places = reactive(move || places(app, shown));
    let narrow = reactive(move || if shown.get() == Shown::Chats { narrow(filters) } else { ().into_any() });
    let more = reactive(move || {
        if shown.get() == Shown::Requests || !app.read(Invalidation::Chats, Client::has_more_chats) {
            return ().into_any();
        }
        let load = move |_| app.dispatch(Input::MoreChats);
        let load = button("button", Some("more-chats"), say!(MoreChats), load);
        view! { <li class="hint">{load}</li> }.into_any()
    });
    let empty =
        reactive(
            move || {
                if listed.read().is_empty() { nothing(app, filters, dialog) } else { ().into_any() }
            },
        );
    let refused = text(move || {
        app.read(Invalidation::Chats, |client| {
            client.setting_refused().map(|(_, why)| why.to_owned()).unwrap_or_default()
        })
    });
    let press = Press::new(app, menu_at);
    go_with_keys(app, listed);
    page! {
        <nav class="chats" aria-label=say!(Chats)>
            <header>
                <h1>"Causerie"</h1>
                {icon_button("icon", Some("new-chat"), say!(NewChat), icon::plus, new_chat)}
            </header>
            {banner}
            <div class="search">
                <button type="button" data-testid="search" title=say!(SearchAll) on:click=search>{icon::lens()}<span>say!(Search)</span></button>
            </div>
            {narrow}
            <p class="alert" role="alert" data-testid="setting-refused">{refused}</p>
            {places}
            <ul on:contextmenu=move |event| press.menu(&event) on:keydown=move |event| press.key(&event)
                on:pointerdown=move |event| press.down(&event) on:pointermove=move |event| press.moved(&event)
                on:pointerup=move |_| press.up() on:pointercancel=move |_| press.up()>
                <For each=move || listed.get() key=|id| *id let:id>{entry(app, id, press)}</For>
                {empty}
                {more}
            </ul>
            <div class="me">
                {me}
                {icon_button("icon", Some("settings"), say!(Settings), icon::gear, settings)}
            </div>
            {chat_menu::of_entry(app, menu_at, press.held)}
        </nav>
    }
}

/// The chats of the list, as they stand in it.
fn listed(app: App, shown: Shown, filters: Filters) -> Vec<ChatId> {
    let ids: Vec<(ChatId, bool)> = app.read(Invalidation::Chats, |client| {
        let chats = match shown {
            Shown::Chats => client.chats(),
            Shown::Requests => client.requests(),
            Shown::Archived => client.archived(),
        };
        chats.into_iter().map(|chat| (chat.id(), chat.is_direct())).collect()
    });
    if shown != Shown::Chats {
        return ids.into_iter().map(|(id, _)| id).collect();
    }
    let (only_unread, only_groups) = (filters.unread.get(), filters.groups.get());
    let open = only_unread.then(|| app.route.get()).flatten();
    let is_unread = |id| {
        // The open one stays while it is read.
        open == Some(id)
            || app.read(Invalidation::Chat(id), |client| {
                client.chat(id).is_some_and(|chat| chat.unread() > 0 || chat.is_marked_unread())
            })
    };
    ids.into_iter()
        .filter(|(id, is_direct)| !(only_groups && *is_direct) && (!only_unread || is_unread(*id)))
        .map(|(id, _)| id)
        .collect()
}

/// Goes to the chat before or after the open one, in the order of the list.
fn go_with_keys(app: App, listed: Memo<Vec<ChatId>>) {
    let listener = window_event_listener(keydown, move |event| {
        let is_next = keys::NEXT_CHAT.is(&event);
        if !(is_next || keys::PREVIOUS_CHAT.is(&event)) || keys::is_dialog_open() {
            return;
        }
        let ids = listed.get_untracked();
        let open = app.route.get_untracked();
        let at = ids.iter().position(|id| open == Some(*id));
        let to = match (at, is_next) {
            (Some(at), true) => ids.get(at + 1),
            (Some(at), false) => at.checked_sub(1).and_then(|at| ids.get(at)),
            (None, true) => ids.first(),
            (None, false) => ids.last(),
        };
        if let Some(to) = to {
            event.prevent_default();
            app.go(Some(*to));
        }
    });
    on_cleanup(move || listener.remove());
}

/// The buttons that narrow the list.
fn narrow(filters: Filters) -> AnyView {
    let toggle = |name: &'static str, words: &'static str, on: RwSignal<bool>| {
        let pressed = text(move || on.get().to_string());
        let press = click(move |_| on.update(|on| *on = !*on));
        view! { <button type="button" data-testid=name aria-pressed=pressed on:click=press>{words}</button> }
    };
    page! {
        <div class="filters" role="group" aria-label=say!(Filters)>
            {toggle("only-unread", say!(OnlyUnread), filters.unread)}
            {toggle("only-groups", say!(OnlyGroups), filters.groups)}
        </div>
    }
    .into_any()
}

/// The ways to what others ask for and to the archived chats, where there is any, and back.
fn places(app: App, shown: RwSignal<Shown>) -> AnyView {
    let (requests, open, archived) = app.read(Invalidation::Chats, |client| {
        let requests = client.requests();
        let open = requests.iter().filter(|chat| chat.is_writable()).count();
        (requests.len(), open, client.archived().len())
    });
    let to = |place: Shown, name: &'static str, words: String| {
        let switch = click(move |_| shown.set(place));
        view! { <button class="link requests" type="button" data-testid=name on:click=switch>{words}</button> }
            .into_any()
    };
    let back = |name| to(Shown::Chats, name, say!(BackToChats).to_owned());
    let is_empty = match shown.get() {
        Shown::Chats => false,
        Shown::Requests => requests == 0,
        Shown::Archived => archived == 0,
    };
    if is_empty {
        // Not while the view is drawn that reads it.
        causerie_web::run(async move { shown.set(Shown::Chats) });
        return ().into_any();
    }
    match shown.get() {
        Shown::Requests => back("requests"),
        Shown::Archived => back("archived"),
        Shown::Chats => {
            let requests = (requests > 0).then(|| {
                let words = match open {
                    0 => say!(Requests).to_owned(),
                    open => say!(RequestsCount, count = open),
                };
                to(Shown::Requests, "requests", words)
            });
            let archived = (archived > 0)
                .then(|| to(Shown::Archived, "archived", say!(ArchivedCount, count = archived)));
            view! { {requests}{archived} }.into_any()
        }
    }
}

/// What an empty list shows.
fn nothing(app: App, filters: Filters, dialog: RwSignal<Dialog>) -> AnyView {
    let (loaded, failed, has_chats) = app.read(Invalidation::Chats, |client| {
        let failed = client.chats_failed().map(str::to_owned);
        (client.chats_loaded(), failed, !client.all_chats().is_empty())
    });
    if has_chats && (filters.unread.get() || filters.groups.get()) {
        return hint(say!(NothingFound), say!(NothingFiltered).to_owned());
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

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    title: Name,
    avatar: Avatar,
    online: bool,
    last: String,
    time: String,
    unread: u64,
    muted: bool,
    pinned: bool,
    /// Marked as unread, where nothing is unread.
    marked: bool,
}

impl Entry {
    fn of(app: App, client: &Client, chat: &ChatEntry, online: bool, now: f64) -> Self {
        let me = client.me();
        let message = chat.last_message();
        let last = message.map_or_else(
            || say!(SayHello).to_owned(),
            |message| {
                // The list shows the beginning of one line; a message may have 16 KiB.
                let said = bidi::isolated(
                    &spans::words(&message.content, &message.spans).chars().take(200).collect::<String>(),
                );
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
            muted: client.is_muted(chat),
            pinned: chat.settings().pinned_at.is_some(),
            marked: chat.is_marked_unread(),
        }
    }
}

fn entry(app: App, id: ChatId, press: Press) -> AnyView {
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
        app.read(Invalidation::Chat(id), |client| match client.chat(id) {
            Some(chat) if client.is_muted(chat) => "chat muted",
            Some(chat) if chat.unread() > 0 || chat.is_marked_unread() => "chat unread",
            _ => "chat",
        })
        .to_owned()
    });
    // `aria-current` is "false" for the other links, and the style sheet selects "page".
    let current = text(move || if app.route.get() == Some(id) { "page" } else { "false" }.to_owned());
    let open = click(move |event| {
        if press.took(&event) {
            return;
        }
        // With a modifier key the browser opens a tab or a window, as for every link.
        if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
            event.prevent_default();
            app.go(Some(id));
        }
    });
    let content = reactive(move || entry().map_or_else(|| ().into_any(), draw));
    view! {
        <li>
            <a class=class data-testid="chat" data-chat=id.to_string() href=route::path(Some(id)) aria-current=current on:click=open>
                {content}
            </a>
        </li>
    }
    .into_any()
}

fn draw(entry: Entry) -> AnyView {
    let present = entry.online.then(|| page! { <span class="visually-hidden">say!(OnlineMark)</span> });
    let badge = if entry.unread > 0 {
        page! { <span class="badge">{unread_words(entry.unread, entry.unread)}<span class="visually-hidden">say!(UnreadMark)</span></span> }.into_any()
    } else if entry.marked {
        page! { <span class="badge dot"><span class="visually-hidden">say!(UnreadMark)</span></span> }
            .into_any()
    } else {
        ().into_any()
    };
    let pinned = entry.pinned.then(|| page! { <span class="sign" title=say!(Pinned)>{icon::pin()}<span class="visually-hidden">say!(Pinned)</span></span> });
    let muted = entry.muted.then(|| page! { <span class="sign" title=say!(Muted)>{icon::muted()}<span class="visually-hidden">say!(Muted)</span></span> });
    view! {
        {entry.avatar.draw("", entry.online)}
        <strong>{bdi(&entry.title)}{present}</strong>
        <span class="signs-of-chat">{pinned}{muted}<time>{entry.time}</time></span>
        <span class="last">{entry.last}</span>
        {badge}
    }
    .into_any()
}
