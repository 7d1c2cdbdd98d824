//! The components: the sign-in page, or the list of chats and a conversation.

mod account_form;
mod avatar;
mod banner;
mod boundaries;
mod chats;
mod composer;
mod conversation;
mod dialog;
mod door;
mod erased;
mod form;
mod icon;
mod installation;
mod join;
mod members;
mod menu;
mod message;
mod new_chat;
pub mod parts;
mod people;
mod qr;
mod report;
mod reports;
mod rows;
mod second_factor;
mod settings;
mod sign_in;
mod timeline;
mod widgets;

use causerie_client::{ChatEntry, ConnectionState, Invalidation};
use causerie_protocol::limits::UNREAD;
use causerie_texts::say;
use leptos::prelude::*;

use self::erased::{reactive, text};
use self::parts::{Part, Parts};
use crate::app::{App, app};
use crate::browser;
use crate::route::{self, Link};

/// The root component.
#[component]
pub fn Page(parts: Parts) -> impl IntoView {
    let app = App::start();
    provide_context(app);
    let conversation = Part::new(parts.conversation);
    let dialogs = Part::new(parts.dialogs);
    // It is wanted as soon as somebody is signed in, and arrives while the chats are loaded or a password is typed.
    conversation.load();
    menu::close_with_clicks_elsewhere();
    publish_connection_state(app);
    update_title(app);
    let people = Part::new(parts.people);
    // An invitation is the sign-in page's.
    let door = RwSignal::new(route::link().filter(|link| !matches!(link, Link::Join(_))));
    let page = reactive(move || {
        if let Some(link) = door.get() {
            dialogs
                .draw(|dialogs| (dialogs.door)(link, door), |failed| parts::instead_of_door(dialogs, failed))
        } else if app.user.read().is_some() {
            view! { <Home conversation dialogs people /> }.into_any()
        } else {
            view! { <sign_in::SignIn /> }.into_any()
        }
    });
    view! {
        {page}
        <div class="visually-hidden" role="status" aria-live="polite">{text(move || app.announcement.get())}</div>
    }
}

/// The dialog that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    None,
    NewChat,
    /// The account, the user's sign-ins, and signing out.
    Settings,
    /// The people of the installation, what they reported, its invitations, settings and audit log.
    People,
    /// An invitation that somebody with an account has opened.
    Join,
}

/// The page of a user who is signed in.
#[component]
fn Home(
    conversation: Part<parts::Conversation>,
    dialogs: Part<parts::Dialogs>,
    people: Part<parts::People>,
) -> impl IntoView {
    let app = app();
    let is_invited = matches!(route::link(), Some(Link::Join(_)));
    let dialog = RwSignal::new(if is_invited { Dialog::Join } else { Dialog::None });
    let narrow = browser::matches("(max-width: 45rem)");
    // A phone shows one pane at a time; the banner is in that one.
    let said_in_list = Signal::derive(move || narrow.get() && app.route.get().is_none());
    let class = text(move || if app.route.get().is_some() { "app reading" } else { "app" }.to_owned());
    let conversation = reactive(move || match app.route.get() {
        Some(chat) => {
            let instead = move |failed| parts::instead_of_conversation(app, conversation, failed);
            conversation.draw(|draw| draw(chat), instead)
        }
        None => {
            let banner = (!said_in_list.get()).then(|| view! { <banner::Banner /> });
            let hint = widgets::hint("", say!(ChooseChat).to_owned());
            view! { {banner} <ul class="nothing">{hint}</ul> }.into_any()
        }
    });
    let instead = move |failed| parts::instead_of_dialog(dialogs, dialog, failed);
    let dialogs = reactive(move || match dialog.get() {
        Dialog::NewChat => dialogs.draw(|dialogs| (dialogs.new_chat)(dialog), instead),
        Dialog::Settings => dialogs.draw(|dialogs| (dialogs.settings)(dialog), instead),
        Dialog::Join => dialogs.draw(|dialogs| (dialogs.join)(dialog), instead),
        Dialog::People => {
            people.draw(|people| people(dialog), |failed| parts::instead_of_dialog(people, dialog, failed))
        }
        Dialog::None => ().into_any(),
    });
    view! {
        <div class=class>
            <chats::Chats dialog said_here=said_in_list />
            <main class="conversation">{conversation}</main>
        </div>
        {dialogs}
    }
}

/// Writes the connection's state into the body's `data-connection`, for styles and tests.
fn publish_connection_state(app: App) {
    Effect::new(move || {
        let name = app.read(Invalidation::Connection, |client| match client.connection() {
            ConnectionState::Online => "online",
            ConnectionState::Connecting { .. } => "connecting",
            ConnectionState::Waiting { .. } => "waiting",
            ConnectionState::Offline => "offline",
            ConnectionState::SignedOut { .. } | ConnectionState::Stopped { .. } => "stopped",
        });
        if let Some(body) = causerie_web::document().body() {
            let _ = body.dataset().set("connection", name);
        }
    });
}

/// Writes the unread count and the open chat into the page's title.
fn update_title(app: App) {
    Effect::new(move || {
        let open = app.route.get();
        let ids: Vec<_> = app.read(Invalidation::Chats, |client| {
            client.chats().into_iter().chain(client.requests()).map(ChatEntry::id).collect()
        });
        let (mut unread, mut most) = (0, 0);
        let mut title = "Causerie".to_owned();
        for id in ids {
            app.read(Invalidation::Chat(id), |client| {
                let Some(chat) = client.chat(id) else { return };
                unread += chat.unread().min(UNREAD);
                most = most.max(chat.unread());
                if open == Some(id) {
                    title = format!("{} – Causerie", client.title(chat, &browser::fold));
                }
            });
        }
        let count = match unread {
            0 => String::new(),
            _ => format!("({}) ", widgets::unread_words(unread, most)),
        };
        causerie_web::document().set_title(&format!("{count}{title}"));
    });
}
