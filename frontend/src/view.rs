//! What a person sees: the door when signed out, else the list and a conversation.

mod avatar;
mod banner;
mod chats;
mod composer;
mod conversation;
mod dialog;
mod door;
mod form;
mod icon;
mod menu;
mod message;
mod new_chat;
mod rows;
mod settings;
mod timeline;

use causerie_client::{LinkState, Scope};
use leptos::prelude::*;

use crate::app::{App, app};
use crate::browser;

/// The root: everything is below it.
#[component]
pub fn Page() -> impl IntoView {
    let app = App::start();
    provide_context(app);
    menu::close_with_clicks_elsewhere();
    tell_link(app);
    tell_title(app);
    view! {
        {move || if app.user.read().is_some() { view! { <Home /> }.into_any() } else { view! { <door::Door /> }.into_any() }}
        <div class="visually-hidden" role="status" aria-live="polite">{move || app.spoken.get()}</div>
    }
}

/// Which dialog is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Start a chat.
    NewChat,
    /// Who am I, where am I signed in, sign out.
    Settings,
}

/// The page of somebody who is signed in.
#[component]
fn Home() -> impl IntoView {
    let app = app();
    let dialog = RwSignal::new(None::<Dialog>);
    let narrow = browser::matches("(max-width: 45rem)");
    // One pane shows at a time on a phone; what the connection does is said in that one.
    let said_in_list = Memo::new(move |_| narrow.get() && app.route.get().is_none());
    view! {
        <div class="app" class:reading=move || app.route.read().is_some()>
            <chats::Chats dialog said_here=said_in_list />
            <main class="conversation">
                {move || match app.route.get() {
                    Some(chat) => view! { <conversation::Conversation chat /> }.into_any(),
                    None => {
                        let said_here = move || !said_in_list.get();
                        view! {
                            <Show when=said_here><banner::Banner /></Show>
                            <div class="nothing"><p class="hint">"Choose a chat, or start a new one."</p></div>
                        }.into_any()
                    }
                }}
            </main>
        </div>
        {move || match dialog.get() {
            Some(Dialog::NewChat) => view! { <new_chat::NewChat dialog /> }.into_any(),
            Some(Dialog::Settings) => view! { <settings::Settings dialog /> }.into_any(),
            None => ().into_any(),
        }}
    }
}

/// Writes the state of the connection on the body, for styles and tests.
fn tell_link(app: App) {
    Effect::new(move || {
        let name = app.read(Scope::Link, |client| match client.link() {
            LinkState::Online => "online",
            LinkState::Connecting { .. } => "connecting",
            LinkState::Waiting { .. } => "waiting",
            LinkState::Offline => "offline",
            LinkState::SignedOut { .. } | LinkState::Stopped { .. } => "stopped",
        });
        if let Some(body) = browser::document().body() {
            let _ = body.dataset().set("link", name);
        }
    });
}

/// Writes how much is unread, and where one is, into the tab.
fn tell_title(app: App) {
    Effect::new(move || {
        let open = app.route.get();
        let ids: Vec<_> =
            app.read(Scope::Chats, |client| client.chats().iter().map(|chat| chat.id()).collect());
        let mut unread = 0;
        let mut title = "Causerie".to_owned();
        for id in ids {
            app.read(Scope::Chat(id), |client| {
                let Some(chat) = client.chat(id) else { return };
                unread += chat.unread();
                if open == Some(id) {
                    title = format!("{} – Causerie", chat.title());
                }
            });
        }
        let count = if unread > 0 { format!("({unread}) ") } else { String::new() };
        browser::document().set_title(&format!("{count}{title}"));
    });
}
