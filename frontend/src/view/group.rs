//! The dialogs of a group: who joins it, and who is in it.

use causerie_client::draft::Store;
use causerie_protocol::ChatId;
use causerie_protocol::rest::{AddParticipant, UserRef};
use causerie_texts::{page, say};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::dialog::modal;
use super::erased::submit;
use super::form;
use super::members::members;
use super::widgets::{alert, field, submit_button};
use crate::api::sentence;
use crate::app::{App, app};
use crate::storage::drafts::TextStorage;

/// The dialog of a group that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    Nothing,
    /// Who joins the group.
    Add,
    /// Who is in the group.
    People,
}

/// `open` is [`Open::Nothing`] once the dialog is closed.
pub fn group(chat: ChatId, opened: Open, open: RwSignal<Open>) -> AnyView {
    let app = app();
    match opened {
        Open::Nothing => ().into_any(),
        Open::Add => add_person(app, chat, open),
        Open::People => members(app, chat, move || open.set(Open::Nothing)),
    }
}

fn add_person(app: App, chat: ChatId, open: RwSignal<Open>) -> AnyView {
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let Some(me) = app.user.get_untracked() else { return ().into_any() };
    let (texts, key) = (TextStorage::of(&me), format!("{chat}.add"));
    let (added, added_key) = (texts.clone(), key.clone());
    let add = submit(move |event: SubmitEvent| {
        event.prevent_default();
        let email = form::reader(&event)("email").trim().to_owned();
        let (texts, key) = (added.clone(), added_key.clone());
        causerie_web::run(async move {
            match app.api().add(chat, &AddParticipant { user: UserRef::Email(email) }).await {
                Ok(()) => {
                    texts.set(&key, None);
                    let _ = open.try_set(Open::Nothing);
                }
                Err(problem) => drop(error.try_set(sentence(problem))),
            }
        });
    });
    let hides_past = app.peek(|client| client.chat(chat).is_some_and(|chat| chat.chat.hides_past));
    let hint = if hides_past { say!(SeeFromNow) } else { say!(SeeBefore) };
    let content = page! {
        <form on:submit=add>
            {field(say!(Email), "email", "email", "off", hint, &texts, &key)}
            {alert(error)}
            <div class="actions">{submit_button(say!(Add), busy)}</div>
        </form>
    };
    modal(say!(AddSomebody), "add-dialog", move || open.set(Open::Nothing), content.into_any())
}
