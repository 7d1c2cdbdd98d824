//! What the person asks about one message: what it said before its edits, and whether it is to be deleted.

use causerie_client::Input;
use causerie_protocol::rest::FormerText;
use causerie_protocol::{ChatId, MessageId};
use causerie_texts::{page, say};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::dialog::modal;
use super::erased::reactive;
use super::widgets::{alert, button};
use crate::api::sentence;
use crate::app::App;
use crate::{browser, time};

/// The dialog about a message that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// What it said before its edits.
    Former(MessageId),
    /// Whether it is to be deleted.
    Delete(MessageId),
}

/// `open` holds what is asked, and nothing once the dialog is to close.
pub fn asking(app: App, chat: ChatId, what: Asking, open: RwSignal<Option<Asking>>) -> AnyView {
    match what {
        Asking::Former(message) => former(app, message, open),
        Asking::Delete(message) => deletion(app, chat, message, open),
    }
}

fn former(app: App, message: MessageId, open: RwSignal<Option<Asking>>) -> AnyView {
    let texts = RwSignal::new(Vec::<FormerText>::new());
    let has_more = RwSignal::new(true);
    let error = RwSignal::new(String::new());
    let load = move || {
        let before = texts.with_untracked(|texts| texts.last().map(|last| last.seq));
        error.set(String::new());
        causerie_web::run(async move {
            match app.api().former_texts(message, before).await {
                Ok((older, goes_on)) => {
                    let _ = texts.try_update(|texts| texts.extend(older));
                    let _ = has_more.try_set(goes_on);
                }
                Err(problem) => drop(error.try_set(sentence(problem))),
            }
        });
    };
    load();
    let list = reactive(move || {
        let items: Vec<_> = texts.with(|texts| texts.iter().map(|text| version(app, text)).collect());
        let nothing = (items.is_empty() && !has_more.get()).then(|| say!(NothingFormer));
        view! { <ol class="former">{items}</ol>{nothing} }.into_any()
    });
    let more = reactive(move || {
        let is_begun = texts.with(|texts| !texts.is_empty());
        let more = || button("button", Some("older-texts"), say!(OlderTexts), move |_| load());
        (is_begun && has_more.get()).then(more).into_any()
    });
    let content = view! { <div class="stack">{list}{alert(error)}<div class="actions">{more}</div></div> };
    modal(say!(FormerTexts), "former-dialog", move || open.set(None), content.into_any())
}

/// A former text, and from when to when the message had it.
fn version(app: App, text: &FormerText) -> AnyView {
    let shown = |time| app.clock(|clock| clock.full(time::millis(time)));
    let when = say!(FromTo, from = shown(&text.written_at), to = shown(&text.replaced_at));
    view! { <li><span class="soft">{when}</span><p dir="auto">{text.content.clone()}</p></li> }.into_any()
}

fn deletion(app: App, chat: ChatId, message: MessageId, open: RwSignal<Option<Asking>>) -> AnyView {
    let delete = move |_| {
        close();
        app.dispatch(Input::Delete { chat, message });
        // The menu that led here is gone with what can be done with the message.
        focus_conversation();
    };
    let content = page! {
        <div class="stack">
            <p>say!(AskDelete)</p>
            <div class="actions">
                {button("button", None, say!(Cancel), move |_| close())}
                {button("button bad", Some("delete-message"), say!(Delete), delete)}
            </div>
        </div>
    };
    modal(say!(DeleteTheMessage), "delete-dialog", move || open.set(None), content.into_any())
}

/// Closes the open dialog as the browser does at Escape, which gives the focus back.
fn close() {
    if let Ok(Some(dialog)) = causerie_web::document().query_selector("dialog[open]")
        && let Ok(dialog) = dialog.dyn_into::<web_sys::HtmlDialogElement>()
    {
        dialog.close();
    }
}

/// The composer, or where that opens an on-screen keyboard the messages.
fn focus_conversation() {
    let selector = if browser::has_keyboard() { ".composer textarea" } else { ".scroller" };
    if let Ok(Some(element)) = causerie_web::document().query_selector(selector)
        && let Some(element) = element.dyn_ref::<HtmlElement>()
    {
        let _ = element.focus();
    }
}
