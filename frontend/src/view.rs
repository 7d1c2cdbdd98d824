//! The components: the sign-in page, or the list of chats and a conversation.

mod account_form;
mod asking;
mod avatar;
mod banner;
mod boundaries;
mod chat_menu;
mod chats;
mod composer;
mod conversation;
mod dialog;
mod door;
mod emoji;
mod erased;
mod form;
mod formatted;
mod group;
mod home;
mod icon;
mod installation;
mod invite;
mod join;
mod keys;
mod link;
mod marks;
mod members;
mod menu;
mod message;
mod new_chat;
pub mod parts;
mod people;
mod picking;
mod pinned;
mod press;
mod qr;
mod reply;
mod report;
mod reports;
mod rows;
mod search;
mod second_factor;
mod settings;
mod short_codes;
mod sign_in;
mod timeline;
mod undo;
mod widgets;

use causerie_client::{ConnectionState, Invalidation};
use leptos::prelude::*;

use self::erased::{reactive, text};
use self::parts::{HomeParts, Part, Parts};
use crate::app::App;
use crate::browser;
use crate::route::{self, Link};

/// The root component.
#[component]
pub fn Page(parts: Parts) -> impl IntoView {
    let app = App::start();
    provide_context(app);
    let home = Part::new(parts.home);
    let drawn = HomeParts {
        conversation: Part::new(parts.conversation),
        composer: Part::new(parts.composer),
        dialogs: Part::new(parts.dialogs),
        people: Part::new(parts.people),
        search: Part::new(parts.search),
        emoji: Part::new(parts.emoji),
    };
    let dialogs = drawn.dialogs;
    // They are wanted as soon as somebody is signed in, and arrive while the chats are loaded or a password is typed.
    home.load();
    drawn.conversation.load();
    drawn.composer.load();
    menu::close_with_clicks_elsewhere();
    publish_connection_state(app);
    // A link in the address of a page that is open here loads nothing: only what is behind the `#` is another.
    browser::on_window("hashchange", |_| {
        if route::link().is_some() {
            let _ = causerie_web::window().location().reload();
        }
    });
    // An invitation is the sign-in page's.
    let door = RwSignal::new(route::link().filter(|link| !matches!(link, Link::Join(_))));
    let page = reactive(move || {
        if let Some(link) = door.get() {
            dialogs
                .draw(|dialogs| (dialogs.door)(link, door), |failed| parts::instead_of_door(dialogs, failed))
        } else if app.user.read().is_some() {
            let instead = |failed| parts::instead_of_door(home, failed);
            home.draw(|home| home(drawn), instead)
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
    /// The search in chats, people and messages.
    Search,
    /// The keys of the page.
    Keys,
    /// An invitation that somebody with an account has opened.
    Join,
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
