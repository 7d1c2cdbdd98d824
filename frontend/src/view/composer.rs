//! Where one writes: a draft for every chat, Enter to send where there is a keyboard, and input methods left in peace.

use causerie_client::{Input, Name, words};
use causerie_protocol::client_frame::{text_code, text_detail};
use causerie_protocol::rest::EditMessage;
use causerie_protocol::text::TextError;
use causerie_protocol::{ChatId, ClientId, MessageId, MessageText};
use causerie_texts::{page, say};
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlTextAreaElement;

use super::erased::{event, part, submit, text};
use super::icon;
use super::message::ToEdit;
use super::parts::{alert, button, named};
use crate::app::app;
use crate::{browser, storage};

/// What browsers report as the key while an input method composes.
const COMPOSING: u32 = 229;

/// The form below the messages.
#[component]
pub fn Composer(
    /// Which chat.
    chat: ChatId,
    /// Its title, for its name.
    title: Signal<Name>,
    /// What is to be edited; taken when it comes.
    to_edit: RwSignal<Option<ToEdit>>,
    /// What did not work, in words.
    error: RwSignal<String>,
    /// Counts what is sent.
    sent: RwSignal<u32>,
) -> impl IntoView {
    let app = app();
    let area = NodeRef::<html::Textarea>::new();
    let editing = RwSignal::new(None::<MessageId>);
    // The keyboard on a touch screen has no other way to begin a line than Enter; there the button sends.
    let touch = browser::matches("(pointer: coarse)");
    let keep = move |text: &str| {
        // The text of a sent message is no draft.
        if let (Some(me), None) = (app.user.get_untracked(), editing.get_untracked()) {
            storage::keep_draft(&me, chat, text);
        }
    };
    let fill = move |text: &str| {
        if let Some(area) = area.get_untracked() {
            area.set_value(text);
            grow(&area);
        }
    };
    let draft = move || app.user.get_untracked().map(|me| storage::draft(&me, chat)).unwrap_or_default();

    // The draft is there when the composer is, and the focus on devices where that brings up no keyboard.
    Effect::new(move || {
        if let Some(area) = area.get() {
            area.set_value(&draft());
            grow(&area);
            if browser::has_keyboard() {
                let _ = area.focus();
            }
        }
    });
    Effect::new(move || {
        let Some(what) = to_edit.get() else { return };
        to_edit.set(None);
        match what {
            ToEdit::Sent(id, text) => {
                editing.set(Some(id));
                fill(&text);
            }
            ToEdit::Unsent(text) => {
                editing.set(None);
                fill(&text);
                keep(&text);
            }
        }
        focus(area);
    });

    let cancel = move || {
        editing.set(None);
        error.set(String::new());
        fill(&draft());
        focus(area);
    };
    let send = move || {
        let Some(element) = area.get_untracked() else { return };
        let text = match MessageText::new(element.value()) {
            Ok(text) => text,
            Err(TextError::Blank) => return,
            Err(problem) => return error.set(words::error(&text_code(problem), None, text_detail(problem))),
        };
        error.set(String::new());
        if let Some(id) = editing.get_untracked() {
            let api = app.api();
            browser::run(async move {
                match api.edit(id, &EditMessage { content: text }).await {
                    Ok(()) => {
                        if editing.try_get_untracked().flatten() == Some(id) {
                            cancel();
                        }
                    }
                    Err(problem) => drop(error.try_set(problem.detail)),
                }
            });
            return;
        }
        let Ok(client_id) = ClientId::new(browser::uuid()) else { return };
        app.dispatch(Input::Send { chat, text, client_id });
        keep("");
        fill("");
        focus(area);
        sent.update(|sent| *sent = sent.wrapping_add(1));
    };
    let key = move |event: KeyboardEvent| {
        if event.is_composing() || event.key_code() == COMPOSING {
            return;
        }
        match &*event.key() {
            "Enter"
                if event.ctrl_key() || event.meta_key() || !(event.shift_key() || touch.get_untracked()) =>
            {
                event.prevent_default();
                send();
            }
            "Escape" if editing.get_untracked().is_some() => cancel(),
            _ => {}
        }
    };
    let write = move |_| {
        let Some(area) = area.get_untracked() else { return };
        grow(&area);
        let text = area.value();
        keep(&text);
        error.set(String::new());
        if !text.is_empty() && editing.get_untracked().is_none() {
            app.dispatch(Input::Typing { chat });
        }
    };
    let submitted = submit(move |event: SubmitEvent| {
        event.prevent_default();
        send();
    });
    let note = part(move || {
        if editing.get().is_none() {
            return ().into_any();
        }
        page! {
            <div class="editing">
                <span>say!(ChangesSent)</span>
                {button("link", None, say!(Cancel), move |_| cancel())}
            </div>
        }
        .into_any()
    });
    let action = text(move || if editing.get().is_some() { say!(Save) } else { say!(Send) }.to_owned());
    let key_hint = text(move || if touch.get() { "enter" } else { "send" }.to_owned());
    let button_hint = text(move || if touch.get() { say!(Send) } else { say!(SendWithEnter) }.to_owned());
    page! {
        {note}
        <div class="trouble">{alert(error)}</div>
        <form class="composer" on:submit=submitted>
            <textarea node_ref=area name="message" rows="1" dir="auto" placeholder=say!(Message) enterkeyhint=key_hint
                aria-label=named(say!(MessageTo), title) on:keydown=key on:input=event(write)></textarea>
            <button class="send" type="submit" data-testid="send" title=button_hint aria-label=action>
                {icon::plane()}
            </button>
        </form>
    }
}

/// As high as its text, as far as the styles allow.
fn grow(area: &HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(area);
    let _ = style.set_property("height", "auto");
    // The scroll height leaves out the border.
    let _ = style.set_property("height", &format!("{}px", area.scroll_height() + 2));
}

fn focus(area: NodeRef<html::Textarea>) {
    if let Some(area) = area.get_untracked() {
        let _ = area.focus();
    }
}
