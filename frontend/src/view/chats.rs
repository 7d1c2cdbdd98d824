//! The list of chats.

use causerie_client::{ChatEntry, Scope};
use causerie_protocol::{ChatId, User};
use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::Dialog;
use super::avatar::{Avatar, first_name};
use super::banner::Banner;
use super::icon::{Icon, PLUS, SETTINGS};
use crate::app::{App, app};
use crate::{browser, route, time};

/// The pane with the list, and who is signed in.
#[component]
pub fn Chats(
    /// Opens a dialog.
    dialog: RwSignal<Option<Dialog>>,
    /// Whether the state of the connection is said here.
    #[prop(into)]
    said_here: Signal<bool>,
) -> impl IntoView {
    let app = app();
    let query = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let query = browser::lower_case(query.get().trim());
        app.read(Scope::Chats, |client| {
            let chats = client.chats().into_iter();
            chats.filter(|chat| matches(chat, &query)).map(ChatEntry::id).collect::<Vec<_>>()
        })
    });
    let me = move || {
        app.user.get().map(|me| view! {
        <span class=Avatar::of(&me).class("small", false) aria-hidden="true">{Avatar::of(&me).initials}</span>
        <span>{me.name}</span>
    })
    };
    view! {
        <nav class="chats" aria-label="Chats">
            <header>
                <h1>"Causerie"</h1>
                <button class="icon" type="button" data-testid="new-chat" aria-label="New chat" title="New chat"
                    on:click=move |_| dialog.set(Some(Dialog::NewChat))>
                    <Icon path=PLUS />
                </button>
            </header>
            <Show when=move || said_here.get()><Banner /></Show>
            <div class="search">
                <input type="search" aria-label="Search chats" placeholder="Search" autocomplete="off"
                    on:input=move |event| query.set(event_target_value(&event)) />
            </div>
            <ul>
                <For each=move || found.get() key=|id| *id let:id>
                    <Chat id />
                </For>
                {move || found.read().is_empty().then(|| nothing(app, query, dialog))}
            </ul>
            <div class="me">
                {me}
                <button class="icon" type="button" data-testid="settings" aria-label="Settings" title="Settings"
                    on:click=move |_| dialog.set(Some(Dialog::Settings))>
                    <Icon path=SETTINGS />
                </button>
            </div>
        </nav>
    }
}

/// What the list says when there is nothing in it.
fn nothing(app: App, query: RwSignal<String>, dialog: RwSignal<Option<Dialog>>) -> AnyView {
    let (loaded, failed) =
        app.read(Scope::Chats, |client| (client.chats_loaded(), client.chats_failed().map(str::to_owned)));
    if !query.read().trim().is_empty() {
        return view! { <li class="hint">"No chat is called so."</li> }.into_any();
    }
    if loaded {
        return view! {
            <li class="hint">
                <strong>"No chats yet"</strong>
                "Start one with somebody's e-mail."
                <div>
                    <button class="button" type="button" on:click=move |_| dialog.set(Some(Dialog::NewChat))>
                        "New chat"
                    </button>
                </div>
            </li>
        }
        .into_any();
    }
    match failed {
        Some(reason) => view! { <li class="hint">{reason}</li> }.into_any(),
        None => {
            let bones = || {
                view! {
                    <li class="bones" aria-hidden="true"><span class="bone round"></span><span class="bone"></span></li>
                }
            };
            view! { {bones()} {bones()} {bones()} }.into_any()
        }
    }
}

/// Whether a chat is one that somebody looks for, in lower case.
fn matches(chat: &ChatEntry, query: &str) -> bool {
    let has = |text: &str| browser::lower_case(text).contains(query);
    query.is_empty()
        || has(&chat.title())
        || chat.others().any(|other| has(&other.user.name) || has(&other.user.email))
        || chat.last_message().is_some_and(|message| has(&message.content))
}

/// What one entry of the list shows.
#[derive(Clone, PartialEq, Eq)]
struct Entry {
    title: String,
    avatar: Avatar,
    online: bool,
    last: String,
    time: String,
    unread: u64,
}

impl Entry {
    fn of(app: App, chat: &ChatEntry, me: Option<&User>) -> Self {
        let message = chat.last_message();
        let last = match message {
            None => "Say hello".to_owned(),
            Some(message) if me.is_some_and(|me| me.id == message.sender.id) => {
                format!("You: {}", message.content)
            }
            Some(message) if chat.is_direct() => message.content.clone(),
            Some(message) => format!("{}: {}", first_name(&message.sender.name), message.content),
        };
        let at = time::millis(message.map_or(&chat.chat.created_at, |message| &message.sent_at));
        Self {
            title: chat.title(),
            avatar: Avatar::of_chat(chat),
            online: chat.online(),
            // The list shows the beginning of a line; a message may be 16 KiB.
            last: last.chars().take(200).collect(),
            time: app.clock(|clock| clock.short(at, browser::now() as f64)),
            unread: chat.unread(),
        }
    }
}

/// One entry of the list.
#[component]
fn Chat(id: ChatId) -> impl IntoView {
    let app = app();
    let entry = Memo::new(move |_| {
        app.read(Scope::Chat(id), |client| client.chat(id).map(|chat| Entry::of(app, chat, client.me())))
    });
    let current = move || (app.route.get() == Some(id)).then_some("page");
    let unread = move || entry.read().as_ref().is_some_and(|entry| entry.unread > 0);
    let open = move |event: MouseEvent| {
        // With a key held the browser opens a tab or a window, as with every link.
        if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
            event.prevent_default();
            app.go(Some(id));
        }
    };
    view! {
        <li>
            <a class="chat" class:unread=unread data-testid="chat" href=route::path(Some(id)) aria-current=current
                on:click=open>
                {move || entry.get().map(|entry| {
                    let present = entry.online.then(|| view! { <span class="visually-hidden">" (online)"</span> });
                    let badge = (entry.unread > 0).then(|| view! {
                        <span class="badge">
                            {entry.unread}<span class="visually-hidden">" unread"</span>
                        </span>
                    });
                    view! {
                        <span class=entry.avatar.class("", entry.online) aria-hidden="true">{entry.avatar.initials.clone()}</span>
                        <strong>{entry.title}{present}</strong>
                        <time>{entry.time}</time>
                        <span class="last">{entry.last}</span>
                        {badge}
                    }
                })}
            </a>
        </li>
    }
}
