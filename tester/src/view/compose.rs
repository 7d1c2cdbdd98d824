//! Sending: a message, a raw frame of any type, or a close with any code.

use causerie_protocol::limits;
use causerie_texts::Tester as Text;
use causerie_web::uuid;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use super::{conversation, say};
use crate::pane::ConnectionPane;
use crate::template;

#[component]
pub fn Compose(pane: ConnectionPane) -> impl IntoView {
    view! {
        <Message pane />
        <conversation::Conversation pane />
        <Raw pane />
        <CloseWith pane />
    }
}

#[component]
fn Message(pane: ConnectionPane) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        if pane.say(text.get_untracked()) {
            text.set(String::new());
        }
    };
    view! {
        <form class="line" data-testid="say" on:submit=send>
            <label class="field">
                <span>{say(Text::Message)}</span>
                <input name="message" type="text" autocomplete="off"
                    prop:value=text on:input=move |event| text.set(event_target_value(&event)) />
            </label>
            <button type="submit" class="button main">{say(Text::Send)}</button>
        </form>
    }
}

#[component]
fn Raw(pane: ConnectionPane) -> impl IntoView {
    let draft = pane.draft;
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        pane.send(draft.get_untracked());
    };
    let templates = move || template::all(pane.chat_id().ok().flatten(), &uuid(), causerie_web::now() as i64);
    let options: Vec<_> = templates()
        .into_iter()
        .map(|template| {
            let kind = template.kind;
            view! { <option value=kind.clone() title=template.purpose>{kind.clone()}</option> }
        })
        .collect();
    let choose = move |event| {
        let kind = event_target_value(&event);
        // Created again, with the current chat and a new `client_id`.
        if let Some(template) = templates().into_iter().find(|template| template.kind == kind) {
            draft.set(template.text);
        }
    };
    // The section opens when a frame is edited, and does not close while the person types.
    let fold = NodeRef::<html::Details>::new();
    Effect::new(move || {
        if let (false, Some(fold)) = (draft.with(String::is_empty), fold.get()) {
            fold.set_open(true);
        }
    });
    let rows = move || draft.with(|text| text.lines().count().clamp(3, 12).to_string());
    view! {
        <details class="fold" node_ref=fold>
            <summary>{say(Text::RawFrame)}</summary>
            <form class="stack" data-testid="raw" on:submit=send>
                <label class="field">
                    <span>{say(Text::Template)}</span>
                    <select name="template" on:change=choose>
                        <option value="">{say(Text::ChooseTemplate)}</option>
                        {options}
                    </select>
                </label>
                <label class="field">
                    <span>{say(Text::RawFrame)}</span>
                    <textarea name="frame" rows=rows spellcheck="false" autocomplete="off"
                        prop:value=draft on:input=move |event| draft.set(event_target_value(&event))></textarea>
                </label>
                <div class="actions"><button type="submit" class="button">{say(Text::SendFrame)}</button></div>
            </form>
        </details>
    }
}

#[component]
fn CloseWith(pane: ConnectionPane) -> impl IntoView {
    let (code, reason) = (RwSignal::new("1000".to_owned()), RwSignal::new(String::new()));
    let close = move |event: SubmitEvent| {
        event.prevent_default();
        let (code, reason) = (code.get_untracked(), reason.get_untracked());
        let fits = reason.len() <= limits::CLOSE_REASON_BYTES;
        let may = code.trim().parse().ok().filter(|code| fits && matches!(code, 1000 | 3000..=4999));
        if !may.is_some_and(|code| pane.close(code, &reason)) {
            pane.complain(Text::CloseWrong);
        }
    };
    view! {
        <details class="fold">
            <summary>{say(Text::CloseWith)}</summary>
            <form class="where" data-testid="close" on:submit=close>
                <label class="field">
                    <span>{say(Text::CloseCode)}</span>
                    <input name="code" type="text" inputmode="numeric" autocomplete="off"
                        prop:value=code on:input=move |event| code.set(event_target_value(&event)) />
                </label>
                <label class="field">
                    <span>{say(Text::CloseReason)}</span>
                    <input name="reason" type="text" autocomplete="off"
                        prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
                </label>
                <div class="actions wide"><button type="submit" class="button">{say(Text::CloseWith)}</button></div>
            </form>
        </details>
    }
}
