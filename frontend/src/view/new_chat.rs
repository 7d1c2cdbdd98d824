//! The dialog that creates a chat with one or several users.

use causerie_client::draft::Store;
use causerie_client::{Input, idempotency, words};
use causerie_protocol::rest::{CreateChat, UserRef};
use causerie_protocol::text::title_detail;
use causerie_protocol::{ChatTitle, ErrorCode};
use causerie_texts::{page, say};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::dialog::modal;
use super::erased::{event, flag, submit, text};
use super::widgets::{alert, keeping, submit_button};
use super::{Dialog, form};
use crate::api::sentence;
use crate::app::{App, app};
use crate::storage::drafts::TextStorage;

/// The storage keys of the form's fields.
const PEOPLE: &str = "new.people";
const TITLE: &str = "new.title";

pub fn new_chat(dialog: RwSignal<Dialog>) -> AnyView {
    let app = app();
    let Some(me) = app.user.get_untracked() else { return ().into_any() };
    let texts = TextStorage::of(&me);
    let requests = texts.clone();
    let (people, title) = (texts.get(PEOPLE).unwrap_or_default(), texts.get(TITLE));
    let several = RwSignal::new(emails(&people).count() > 1);
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let asked = RwSignal::new(false);
    let start = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let field = form::reader(&event);
        let participants = emails(&field("email")).map(|email| UserRef::Email(email.to_owned())).collect();
        let title = field("title");
        let title = match ChatTitle::new(title.trim()) {
            Ok(title) => Some(title),
            Err(_) if title.trim().is_empty() => None,
            Err(problem) => {
                let detail = title_detail(problem);
                return error.set(words::error(&ErrorCode::InvalidField, Some("title"), detail));
            }
        };
        busy.set(true);
        error.set(String::new());
        let language = Some(say!(Tag).to_owned());
        let body = CreateChat { participants, title, client_id: None, language };
        let wanted = serde_json::to_string(&body).unwrap_or_default();
        let client_id = idempotency::key(&requests, &wanted, causerie_web::uuid);
        causerie_web::run(send(app, CreateChat { client_id, ..body }, Shown { dialog, asked, error, busy }));
    });
    let keep_people = keeping(&texts, PEOPLE);
    let count = event(move |event| {
        several.set(emails(&event_target_value(&event)).count() > 1);
        keep_people(event);
    });
    let content = page! {
        <form on:submit=start hidden=flag(move || asked.get())>
            <label class="field">
                <span>say!(Email)</span>
                <input name="email" type="email" multiple required autofocus autocomplete="off" prop:value=people on:input=count />
                <small>say!(NewChatHint)</small>
            </label>
            <label class="field" hidden=flag(move || !several.get())>
                <span>say!(GroupTitle)</span>
                <input name="title" type="text" maxlength="200" autocomplete="off" dir="auto" prop:value=title.unwrap_or_default()
                    on:input=keeping(&texts, TITLE) />
                <small>say!(GroupTitleHint)</small>
            </label>
            {alert(error)}
            <div class="actions">{submit_button(say!(StartChat), busy)}</div>
        </form>
        <p role="status" data-testid="was-asked">{text(move || if asked.get() { say!(WasAsked) } else { "" }.to_owned())}</p>
    };
    modal(say!(NewChat), "new-chat-dialog", move || dialog.set(Dialog::None), content.into_any())
}

/// What the dialog shows.
#[derive(Clone, Copy)]
struct Shown {
    dialog: RwSignal<Dialog>,
    /// The person was asked for the chat.
    asked: RwSignal<bool>,
    error: RwSignal<String>,
    busy: RwSignal<bool>,
}

async fn send(app: App, body: CreateChat, shown: Shown) {
    let Shown { dialog, asked, error, busy } = shown;
    match app.api().create_chat(&body).await {
        Ok(chat) => {
            if let Some(texts) = app.user.get_untracked().map(|me| TextStorage::of(&me)) {
                for key in [PEOPLE, TITLE] {
                    texts.set(key, None);
                }
                idempotency::forget_key(&texts);
            }
            let Some(chat) = chat else {
                let _ = asked.try_set(true);
                return;
            };
            let id = chat.id;
            app.dispatch(Input::ChatLoaded(Box::new(chat)));
            app.go(Some(id));
            let _ = dialog.try_set(Dialog::None);
        }
        Err(problem) => {
            // Only these statuses mean that no chat was created; an earlier attempt whose response was lost may have
            // created one.
            if matches!(problem.status, 400 | 404 | 409)
                && let Some(me) = app.user.get_untracked()
            {
                idempotency::forget_key(&TextStorage::of(&me));
            }
            let _ = error.try_set(sentence(problem));
            let _ = busy.try_set(false);
        }
    }
}

fn emails(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|email| !email.is_empty())
}
