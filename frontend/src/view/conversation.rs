//! A conversation: who it is with, the messages, and where one writes.

use causerie_client::{ChatEntry, Scope};
use causerie_protocol::ChatId;
use causerie_protocol::rest::{AddParticipant, ChatKind, ChatStatus, UpdateChat, UserRef};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::avatar::Avatar;
use super::banner::Banner;
use super::composer::Composer;
use super::dialog::Modal;
use super::icon::{BACK, Icon, MORE};
use super::message::ToEdit;
use super::timeline::Timeline;
use super::{form, menu};
use crate::app::{App, app};

/// What the parts around the messages show.
#[derive(Clone, PartialEq, Eq)]
struct About {
    title: String,
    avatar: Avatar,
    online: bool,
    people: String,
    group: bool,
    closed: bool,
    lost: Option<String>,
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
            lost: chat.lost.clone(),
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
    let about = Memo::new(move |_| app.read(Scope::Chat(chat), |client| client.chat(chat).map(About::of)));
    let known = Memo::new(move |_| {
        app.read(Scope::Chats, |client| client.chat(chat).is_some()) || about.read().is_some()
    });
    let title =
        Memo::new(move |_| about.read().as_ref().map(|about| about.title.clone()).unwrap_or_default());
    let to_edit = RwSignal::new(None);
    let error = RwSignal::new(String::new());
    let sent = RwSignal::new(0);
    let adding = RwSignal::new(false);
    let edit = Callback::new(move |what: ToEdit| to_edit.set(Some(what)));
    let fail = Callback::new(move |words: String| error.set(words));

    let heading = move || {
        about.get().map(|about| view! {
        <span class=about.avatar.class("medium", about.online) aria-hidden="true">{about.avatar.initials.clone()}</span>
        <div><h2>{about.title.clone()}</h2><span class="soft">{about.people.clone()}</span></div>
        {choices(app, chat, &about, adding, fail)}
    })
    };
    let foot = move || {
        let about = about.get()?;
        Some(if let Some(lost) = about.lost {
            view! { <p class="closed">{lost}</p> }.into_any()
        } else if about.closed {
            view! { <p class="closed">"This chat is closed: nobody can write here until it is opened again."</p> }.into_any()
        } else {
            view! { <Composer chat title to_edit error sent /> }.into_any()
        })
    };
    view! {
        <header>
            <button class="icon back" type="button" aria-label="Back to chats" on:click=move |_| app.back()>
                <Icon path=BACK />
            </button>
            {heading}
        </header>
        <Banner />
        {move || if known.get() {
            view! { <Timeline chat title edit fail sent /> }.into_any()
        } else {
            unknown(app)
        }}
        {foot}
        {move || adding.get().then(|| view! { <AddPerson chat adding /> })}
    }
}

/// What stands in place of a chat that is not in the list.
fn unknown(app: App) -> AnyView {
    if app.read(Scope::Chats, |client| client.chats_loaded()) {
        view! {
            <div class="nothing">
                <p class="hint"><strong>"No such chat"</strong>"It does not exist, or you are not in it."</p>
            </div>
        }
        .into_any()
    } else {
        view! { <div class="nothing"></div> }.into_any()
    }
}

/// The menu in the header.
fn choices(app: App, chat: ChatId, about: &About, adding: RwSignal<bool>, fail: Callback<String>) -> AnyView {
    let (closed, group) = (about.closed, about.group);
    let toggle = move |_| {
        menu::close_all();
        let status = if closed { ChatStatus::Active } else { ChatStatus::Closed };
        let api = app.api();
        spawn_local(async move {
            let body = UpdateChat { status: Some(status), title: None };
            if let Err(error) = api.update_chat(chat, &body).await {
                let _ = fail.try_run(error.detail);
            }
        });
    };
    let leave = move |_| {
        menu::close_all();
        if !crate::browser::confirm("Leave this group? You will not see its messages any more.") {
            return;
        }
        let api = app.api();
        spawn_local(async move {
            match api.leave(chat).await {
                Ok(()) => app.back(),
                Err(error) => drop(fail.try_run(error.detail)),
            }
        });
    };
    let add = move |_| {
        menu::close_all();
        adding.set(true);
    };
    view! {
        <details class="menu">
            <summary class="icon" aria-label="More" title="More"><Icon path=MORE /></summary>
            <div>
                {group.then(|| view! { <button type="button" on:click=add>"Add somebody…"</button> })}
                <button type="button" data-testid="toggle-closed" on:click=toggle>
                    {if closed { "Open the chat again" } else { "Close the chat" }}
                </button>
                {group.then(|| view! { <button type="button" class="bad" on:click=leave>"Leave the group…"</button> })}
            </div>
        </details>
    }
    .into_any()
}

/// Adds somebody to a group.
#[component]
fn AddPerson(chat: ChatId, adding: RwSignal<bool>) -> impl IntoView {
    let app = app();
    let error = RwSignal::new(String::new());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let email = form::reader(&event)("email").trim().to_owned();
        let api = app.api();
        spawn_local(async move {
            match api.add(chat, &AddParticipant { user: UserRef::Email(email) }).await {
                Ok(()) => drop(adding.try_set(false)),
                Err(problem) => drop(error.try_set(problem.detail)),
            }
        });
    };
    view! {
        <Modal title="Add somebody" name="add-dialog" on_close=Callback::new(move |()| adding.set(false))>
            <form on:submit=submit>
                <label class="field">
                    <span>"E-mail"</span>
                    <input name="email" type="email" required autocomplete="off" />
                    <small>"They see the messages from before, too."</small>
                </label>
                <p class="alert" role="alert">{move || error.get()}</p>
                <div class="actions"><button class="button main" type="submit">"Add"</button></div>
            </form>
        </Modal>
    }
}
