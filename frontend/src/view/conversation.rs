//! A conversation: who it is with, the messages, and where one writes.

use causerie_client::{ChatEntry, Client, Scope};
use causerie_protocol::ChatId;
use causerie_protocol::rest::{AddParticipant, ChatKind, ChatStatus, UpdateChat, UserRef};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::avatar::Avatar;
use super::banner::Banner;
use super::composer::Composer;
use super::dialog::modal;
use super::erased::{part, submit};
use super::message::ToEdit;
use super::parts::{alert, button, field, hint, icon_button, submit_button};
use super::timeline::Timeline;
use super::{form, icon, menu};
use crate::api::ApiError;
use crate::app::{App, app};
use crate::browser;

/// What the header shows.
struct About {
    title: String,
    avatar: Avatar,
    online: bool,
    people: String,
    group: bool,
    closed: bool,
}

impl About {
    fn of(chat: &ChatEntry) -> Self {
        let group = chat.chat.kind == ChatKind::Group;
        let online = chat.online();
        let people = if group {
            let mut names: Vec<_> = chat.others().map(|other| &*other.user.name).collect();
            names.push("you");
            names.join(", ")
        } else if online {
            "online".to_owned()
        } else {
            "away".to_owned()
        };
        Self {
            title: chat.title(),
            avatar: Avatar::of_chat(chat),
            online,
            people,
            group,
            closed: chat.chat.status == ChatStatus::Closed,
        }
    }
}

/// What is below the messages.
#[derive(Clone, PartialEq, Eq)]
enum Foot {
    Nothing,
    Words(String),
    Composer,
}

impl Foot {
    fn of(chat: Option<&ChatEntry>) -> Self {
        let Some(chat) = chat else { return Self::Nothing };
        if let Some(lost) = &chat.lost {
            Self::Words(lost.clone())
        } else if chat.chat.status == ChatStatus::Closed {
            Self::Words("This chat is closed: nobody can write here until it is opened again.".to_owned())
        } else {
            Self::Composer
        }
    }
}

/// One conversation.
#[component]
pub fn Conversation(
    /// Which chat.
    chat: ChatId,
) -> impl IntoView {
    let app = app();
    let known = Memo::new(move |_| app.read(Scope::Chats, |client| client.chat(chat).is_some()));
    let foot = Memo::new(move |_| app.read(Scope::Chat(chat), |client| Foot::of(client.chat(chat))));
    let title = Signal::derive(move || {
        app.read(Scope::Chat(chat), |client| client.chat(chat).map(ChatEntry::title)).unwrap_or_default()
    });
    let to_edit = RwSignal::new(None::<ToEdit>);
    let error = RwSignal::new(String::new());
    let sent = RwSignal::new(0);
    let adding = RwSignal::new(false);

    let heading =
        part(move || match app.read(Scope::Chat(chat), |client| client.chat(chat).map(About::of)) {
            Some(about) => head(app, chat, &about, adding, error),
            None => ().into_any(),
        });
    let messages = part(move || {
        if known.get() {
            view! { <Timeline chat title to_edit error sent /> }.into_any()
        } else {
            unknown(app)
        }
    });
    let foot = part(move || match foot.get() {
        Foot::Nothing => ().into_any(),
        Foot::Words(words) => view! { <p class="closed">{words}</p> }.into_any(),
        Foot::Composer => view! { <Composer chat title to_edit error sent /> }.into_any(),
    });
    let dialog = part(move || if adding.get() { add_person(app, chat, adding) } else { ().into_any() });
    view! {
        <header>
            {icon_button("icon back", None, "Back to chats", icon::back, move |_| app.back())}
            {heading}
        </header>
        <Banner />
        {messages}
        {foot}
        {dialog}
    }
}

/// Who it is with, and the menu.
fn head(app: App, chat: ChatId, about: &About, adding: RwSignal<bool>, error: RwSignal<String>) -> AnyView {
    view! {
        {about.avatar.draw("medium", about.online)}
        <div><h2>{about.title.clone()}</h2><span class="soft">{about.people.clone()}</span></div>
        {choices(app, chat, about, adding, error)}
    }
    .into_any()
}

/// What stands in place of a chat that is not in the list.
fn unknown(app: App) -> AnyView {
    let hint = app
        .read(Scope::Chats, Client::chats_loaded)
        .then(|| hint("No such chat", "It does not exist, or you are not in it.".to_owned()));
    view! { <ul class="nothing">{hint}</ul> }.into_any()
}

/// What one does to a chat from the header's menu.
enum Act {
    Change(ChatStatus),
    Leave,
    Add(String),
}

/// Does it; what comes of it the log tells, to this page as to all.
async fn act(app: App, chat: ChatId, act: Act) -> Result<(), ApiError> {
    let api = app.api();
    match act {
        Act::Change(status) => api.update_chat(chat, &UpdateChat { status: Some(status), title: None }).await,
        Act::Leave => api.leave(chat).await,
        Act::Add(email) => api.add(chat, &AddParticipant { user: UserRef::Email(email) }).await,
    }
}

/// The menu in the header.
fn choices(
    app: App,
    chat: ChatId,
    about: &About,
    adding: RwSignal<bool>,
    error: RwSignal<String>,
) -> AnyView {
    let (closed, group) = (about.closed, about.group);
    let run = move |what: Act, back: bool| {
        menu::close_all();
        browser::run(async move {
            match act(app, chat, what).await {
                Ok(()) if back => app.back(),
                Ok(()) => {}
                Err(problem) => drop(error.try_set(problem.detail)),
            }
        });
    };
    let status = if closed { ChatStatus::Active } else { ChatStatus::Closed };
    let toggle = move |_| run(Act::Change(status), false);
    let leave = move |_| {
        if browser::confirm("Leave this group? You will not see its messages any more.") {
            run(Act::Leave, true);
        }
    };
    let add = move |_| {
        menu::close_all();
        adding.set(true);
    };
    let word = if closed { "Open the chat again" } else { "Close the chat" };
    view! {
        <details class="menu">
            <summary class="icon" aria-label="More" title="More">{icon::more()}</summary>
            <div>
                {group.then(|| button("", None, "Add somebody…", add))}
                {button("", Some("toggle-closed"), word, toggle)}
                {group.then(|| button("bad", None, "Leave the group…", leave))}
            </div>
        </details>
    }
    .into_any()
}

/// The dialog that adds somebody to a group.
fn add_person(app: App, chat: ChatId, adding: RwSignal<bool>) -> AnyView {
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let add = submit(move |event: SubmitEvent| {
        event.prevent_default();
        let email = form::reader(&event)("email").trim().to_owned();
        browser::run(async move {
            match act(app, chat, Act::Add(email)).await {
                Ok(()) => drop(adding.try_set(false)),
                Err(problem) => drop(error.try_set(problem.detail)),
            }
        });
    });
    let content = view! {
        <form on:submit=add>
            {field("E-mail", "email", "email", "off", "They see the messages from before, too.")}
            {alert(error)}
            <div class="actions">{submit_button("Add", busy)}</div>
        </form>
    };
    modal("Add somebody", "add-dialog", move || adding.set(false), content.into_any())
}
