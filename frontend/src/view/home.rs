//! The page of a user who is signed in: the list of chats, a conversation, and the dialog that is open.

use causerie_client::{ChatEntry, Invalidation};
use causerie_protocol::limits::UNREAD;
use causerie_texts::say;
use leptos::ev::keydown;
use leptos::prelude::*;

use super::erased::{reactive, text};
use super::parts::{self, HomeParts};
use super::{Dialog, banner, chats, undo, widgets};
use crate::app::{App, app};
use crate::route::{self, Link};
use crate::{browser, keys};

/// The title without a chat.
const NAME: &str = "Causerie";

/// The page of a user who is signed in.
pub fn home(parts: HomeParts) -> AnyView {
    let HomeParts { conversation, dialogs, people, search, .. } = parts;
    let app = app();
    update_title(app);
    let is_invited = matches!(route::link(), Some(Link::Join(_)));
    let dialog = RwSignal::new(if is_invited { Dialog::Join } else { Dialog::None });
    open_with_keys(dialog);
    let narrow = browser::matches("(max-width: 45rem)");
    // A phone shows one pane at a time; the banner is in that one.
    let said_in_list = Signal::derive(move || narrow.get() && app.route.get().is_none());
    let class = text(move || if app.route.get().is_some() { "app reading" } else { "app" }.to_owned());
    let conversation = reactive(move || match app.route.get() {
        Some(chat) => {
            let instead = move |failed| parts::instead_of_conversation(app, conversation, failed);
            conversation.draw(|draw| draw(chat, parts), instead)
        }
        None => {
            let banner = (!said_in_list.get()).then(|| view! { <banner::Banner /> });
            let hint = widgets::hint("", say!(ChooseChat).to_owned());
            view! { {banner} <ul class="nothing">{hint}</ul> }.into_any()
        }
    });
    let close = move || dialog.set(Dialog::None);
    let instead = move |failed| parts::instead_of_dialog(dialogs, close, failed);
    let dialogs = reactive(move || match dialog.get() {
        Dialog::NewChat => dialogs.draw(|dialogs| (dialogs.new_chat)(dialog), instead),
        Dialog::Settings => dialogs.draw(|dialogs| (dialogs.settings)(dialog), instead),
        Dialog::Join => dialogs.draw(|dialogs| (dialogs.join)(dialog), instead),
        Dialog::Keys => dialogs.draw(|dialogs| (dialogs.keys)(dialog), instead),
        Dialog::People => {
            people.draw(|people| people(dialog), |failed| parts::instead_of_dialog(people, close, failed))
        }
        Dialog::Search => {
            search.draw(|search| search(dialog), |failed| parts::instead_of_dialog(search, close, failed))
        }
        Dialog::None => ().into_any(),
    });
    view! {
        <div class=class>
            <chats::Chats dialog said_here=said_in_list />
            <main class="conversation">{conversation}</main>
        </div>
        {undo::undo(app)}
        {dialogs}
    }
    .into_any()
}

/// Opens the search, and what shows the keys, with their keys, unless another dialog is open.
fn open_with_keys(dialog: RwSignal<Dialog>) {
    let listener = window_event_listener(keydown, move |event| {
        let open = if keys::SEARCH.is(&event) {
            Dialog::Search
        } else if keys::KEYS.is(&event) && !keys::is_writing() {
            Dialog::Keys
        } else {
            return;
        };
        event.prevent_default();
        if dialog.get_untracked() == Dialog::None {
            dialog.set(open);
        }
    });
    on_cleanup(move || listener.remove());
}

/// Writes the unread count and the open chat into the page's title.
fn update_title(app: App) {
    on_cleanup(|| causerie_web::document().set_title(NAME));
    Effect::new(move || {
        let open = app.route.get();
        let ids: Vec<_> = app
            .read(Invalidation::Chats, |client| client.all_chats().into_iter().map(ChatEntry::id).collect());
        let (mut unread, mut most) = (0, 0);
        let mut title = "Causerie".to_owned();
        for id in ids {
            app.read(Invalidation::Chat(id), |client| {
                let Some(chat) = client.chat(id) else { return };
                let counted = client.counted(chat);
                unread += counted.min(UNREAD);
                most = most.max(counted);
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
