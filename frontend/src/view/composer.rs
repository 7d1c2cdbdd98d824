//! The composer: a draft for every chat; Enter sends on devices with a keyboard, unless an input method composes.

use causerie_client::draft::{Drafts, Target};
use causerie_client::{Input, Invalidation, Name, words};
use causerie_protocol::client_frame::{text_code, text_detail};
use causerie_protocol::event::Original;
use causerie_protocol::rest::EditMessage;
use causerie_protocol::text::TextError;
use causerie_protocol::{ChatId, ClientId, MessageText, Seq, UserId};
use causerie_texts::{page, say};
use leptos::ev::{Event, KeyboardEvent, MouseEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlTextAreaElement, InputEvent};

use super::erased::{click, event, reactive, submit, text};
use super::message::ToEdit;
use super::parts::{Emoji, Part};
use super::picking::For;
use super::short_codes::{self, ShortCodes};
use super::widgets::{alert, button, icon_button, named};
use super::{icon, marks, reply};
use crate::api::sentence;
use crate::app::app;
use crate::storage::drafts::TextStorage;
use crate::{browser, keys};

/// The key code that browsers report while an input method composes.
const COMPOSING: u32 = 229;

/// The properties of the composer, and the signals that it shares with the conversation.
#[derive(Clone, Copy, Debug)]
pub struct Composing {
    pub chat: ChatId,
    /// The chat's title, for the accessible name.
    pub title: Signal<Name>,
    /// The message to edit; reset once it is taken.
    pub to_edit: RwSignal<Option<ToEdit>>,
    /// The message to reply to; reset once it is taken.
    pub to_reply: RwSignal<Option<Seq>>,
    /// The emoji to insert; reset once it is taken.
    pub to_insert: RwSignal<Option<String>>,
    /// For what an emoji is being chosen.
    pub picking: RwSignal<Option<For>>,
    pub emoji: Part<Emoji>,
    /// The error that is shown.
    pub error: RwSignal<String>,
    /// Counts the messages that were sent.
    pub sent: RwSignal<u32>,
}

pub fn composer(composing: Composing) -> AnyView {
    let Composing { chat, title, to_edit, to_reply, to_insert, picking, emoji, error, sent } = composing;
    let app = app();
    let area = NodeRef::<html::Textarea>::new();
    // On a touch screen only Enter begins a new line, so there the button sends.
    let touch = browser::matches("(pointer: coarse)");
    let editing = RwSignal::new(None::<Target>);
    let replying = RwSignal::new(None::<Original>);
    // Whether the text is to be shown as it is, such as code that was pasted.
    let plain = RwSignal::new(false);
    let Some(me) = app.user.get_untracked() else { return ().into_any() };
    let store = TextStorage::of(&me);
    let me_id = me.id;
    let drafts = StoredValue::new(Drafts::new(store.clone(), chat));
    let keep =
        move |text: &str| drafts.with_value(|drafts| drafts.keep(editing.get_untracked().as_ref(), text));
    let fill = move |text: &str| {
        if let Some(area) = area.get_untracked() {
            area.set_value(text);
            grow(&area);
        }
    };
    let kept = move |target: Option<&Target>| drafts.with_value(|drafts| drafts.text(target));
    let set_reply = move |original: Option<Original>| {
        drafts.with_value(|drafts| drafts.keep_reply(original.as_ref()));
        replying.set(original);
    };
    let kept_plain = move |target: Option<&Target>| drafts.with_value(|drafts| drafts.plain(target));
    let set_plain = move |target: Option<&Target>, value: bool| {
        // Of an edit it is known from its beginning on, since the message may be plain.
        let kept = (value || target.is_some()).then_some(value);
        drafts.with_value(|drafts| drafts.keep_plain(target, kept));
        plain.set(value);
    };
    // Ends an edit.
    let end = move || {
        editing.set(None);
        plain.set(kept_plain(None).unwrap_or_default());
        fill(&kept(None).unwrap_or_default());
    };
    let release = move |target: &Target| {
        let has_text = drafts.with_value(|drafts| drafts.release(target));
        end();
        if has_text {
            error.set(say!(EditedGone).to_owned());
        }
    };

    // Restores the text that was being written, and focuses the field where that opens no on-screen keyboard.
    Effect::new(move || {
        if let Some(area) = area.get() {
            let target = drafts.with_value(Drafts::resume);
            area.set_value(&kept(target.as_ref()).unwrap_or_default());
            plain.set(kept_plain(target.as_ref()).unwrap_or_default());
            editing.set(target);
            replying.set(drafts.with_value(Drafts::reply));
            grow(&area);
            if browser::has_keyboard() {
                let _ = area.focus();
            }
        }
    });
    Effect::new(move || {
        let Some(ToEdit { target, text, plain: was_plain }) = to_edit.get() else { return };
        to_edit.set(None);
        set_plain(Some(&target), kept_plain(Some(&target)).unwrap_or(was_plain));
        fill(&kept(Some(&target)).unwrap_or(text));
        editing.set(Some(target));
        focus(area);
    });
    Effect::new(move || {
        let Some(seq) = to_reply.get() else { return };
        to_reply.set(None);
        if let Some(original) = app.peek(|client| client.original(chat, seq)) {
            if editing.get_untracked().is_some() {
                end();
            }
            set_reply(Some(original));
            focus(area);
        }
    });
    let short_codes = ShortCodes::new(emoji, area);
    Effect::new(move || {
        let Some(emoji) = to_insert.get() else { return };
        to_insert.set(None);
        if let Some(area) = area.get_untracked() {
            marks::insert(&area, &emoji);
        }
    });
    // What is replied to may be edited or deleted meanwhile.
    Effect::new(move || {
        let Some(original) = replying.get() else { return };
        let now = app.read(Invalidation::Timeline(chat), |client| client.original(chat, original.seq));
        if let Some(now) = now.filter(|now| *now != original) {
            set_reply(Some(now));
        }
    });
    // Another tab of the same user changed the text.
    Effect::new(move || {
        let Some(changed) = app.stored.get() else { return };
        let target = editing.get_untracked();
        if changed != drafts.with_value(|drafts| store.full_key(&drafts.key(target.as_ref()))) {
            return;
        }
        match kept(target.as_ref()) {
            Some(text) => fill(&text),
            None => end(),
        }
    });
    // The message that is being edited may be deleted elsewhere.
    Effect::new(move || {
        if let Some(target @ Target::Sent(id)) = editing.get()
            && app.read(Invalidation::Timeline(chat), |client| client.is_deleted(chat, id))
        {
            release(&target);
        }
    });

    let cancel = move || {
        if let Some(target) = editing.get_untracked() {
            drafts.with_value(|drafts| drafts.cancel(&target));
        }
        error.set(String::new());
        end();
        focus(area);
    };
    let send = move || {
        short_codes.close();
        let Some(element) = area.get_untracked() else { return };
        let text = match MessageText::new(element.value()) {
            Ok(text) => text,
            Err(TextError::Blank) => return,
            Err(problem) => return error.set(words::error(&text_code(problem), None, text_detail(problem))),
        };
        error.set(String::new());
        let target = editing.get_untracked();
        let is_plain = plain.get_untracked();
        if let Some(target @ Target::Sent(id)) = target {
            let (api, drafts) = (app.api(), drafts.get_value());
            causerie_web::run(async move {
                let saved = text.as_str().to_owned();
                let answer = api.edit(id, &EditMessage { content: text, plain: is_plain }).await;
                // The person may have opened another chat by now.
                let is_here = editing.try_get_untracked().flatten().as_ref() == Some(&target);
                match answer {
                    Ok(()) => {
                        if drafts.saved(&target, &saved) && is_here {
                            end();
                        }
                    }
                    Err(problem) if problem.status == 404 && is_here => release(&target),
                    Err(problem) => drop(error.try_set(sentence(problem))),
                }
            });
            return;
        }
        let Ok(client_id) = ClientId::new(causerie_web::uuid()) else { return };
        let reply_to = match &target {
            Some(Target::Unsent(unsent)) => app.peek(|client| client.original_of_unsent(unsent)),
            _ => replying.get_untracked(),
        };
        app.dispatch(Input::Send { chat, text, client_id, reply_to, plain: is_plain });
        if let Some(Target::Unsent(client_id)) = target {
            app.dispatch(Input::DeleteUnsent { client_id });
            cancel();
        } else {
            set_reply(None);
            set_plain(None, false);
            keep("");
            fill("");
            focus(area);
        }
        sent.update(|sent| *sent = sent.wrapping_add(1));
    };
    let edit_last = move |event: &KeyboardEvent| {
        if !keys::EDIT_LAST.is(event) || editing.get_untracked().is_some() {
            return false;
        }
        let last = app.peek(|client| client.last_editable(chat, browser::now()));
        let Some((id, text, plain)) = last else { return false };
        event.prevent_default();
        to_edit.set(Some(ToEdit { target: Target::Sent(id), text, plain }));
        true
    };
    let key = move |event: KeyboardEvent| {
        if event.is_composing() || event.key_code() == COMPOSING {
            return;
        }
        if keys::NEW_LINE.is(&event) {
            return;
        }
        if short_codes.key(&event) {
            return;
        }
        if keys::EMOJI.is(&event) {
            event.prevent_default();
            return picking.set(Some(For::Text));
        }
        if let Some(area) = area.get_untracked()
            && (marks::mark(&area, &event) || area.value().is_empty() && edit_last(&event))
        {
            return;
        }
        if keys::SEND_ANYWAY.is(&event) || keys::SEND.is(&event) && !touch.get_untracked() {
            event.prevent_default();
            send();
        } else if keys::CLOSE.is(&event) {
            if editing.get_untracked().is_some() {
                cancel();
            } else if replying.get_untracked().is_some() {
                set_reply(None);
            }
        }
    };
    let write = move |event: Event| {
        let Some(area) = area.get_untracked() else { return };
        if !event.dyn_ref::<InputEvent>().is_some_and(InputEvent::is_composing) {
            short_codes.typed();
        }
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
    let note = reactive(move || {
        let what = match editing.get() {
            None => {
                let Some(original) = replying.get() else { return ().into_any() };
                return replies_to(&original, me_id, move |_| set_reply(None));
            }
            Some(Target::Sent(_)) => say!(ChangesSent),
            Some(Target::Unsent(_)) => say!(ChangesUnsent),
        };
        page! {
            <div class="editing">
                <span>{what}</span>
                {button("link", None, say!(Cancel), move |_| cancel())}
            </div>
        }
        .into_any()
    });
    let toggle = click(move |_| {
        set_plain(editing.get_untracked().as_ref(), !plain.get_untracked());
    });
    let pressed = text(move || if plain.get() { "true" } else { "false" }.to_owned());
    let action = text(move || {
        if matches!(editing.get(), Some(Target::Sent(_))) { say!(Save) } else { say!(Send) }.to_owned()
    });
    let key_hint = text(move || if touch.get() { "enter" } else { "send" }.to_owned());
    let button_hint = text(move || if touch.get() { say!(Send) } else { say!(SendWithEnter) }.to_owned());
    page! {
        {note}
        {short_codes.draw()}
        <div class="trouble">{alert(error)}</div>
        <form class="composer" on:submit=submitted>
            {icon_button("icon", Some("emoji"), say!(Emoji), icon::smile, move |_| picking.set(Some(For::Text)))}
            <textarea node_ref=area aria-autocomplete="list" aria-controls=short_codes::LIST aria-activedescendant=move || short_codes.active_id() name="message" rows="1" dir="auto" placeholder=say!(Message) enterkeyhint=key_hint
                aria-label=named(say!(MessageTo), title) on:keydown=key on:input=event(write) on:blur=move |_| short_codes.close()></textarea>
            <button class="icon plain" type="button" data-testid="plain" title=say!(PlainText) aria-label=say!(PlainText)
                aria-pressed=pressed on:click=toggle>{icon::plain()}</button>
            <button class="send" type="submit" data-testid="send" title=button_hint aria-label=action>
                {icon::plane()}
            </button>
        </form>
    }
    .into_any()
}

/// What the message will reply to, and how to reply to nothing.
fn replies_to(original: &Original, me: UserId, cancel: impl Fn(MouseEvent) + 'static) -> AnyView {
    let (who, words) = reply::note(original, me);
    page! {
        <div class="editing" data-testid="replying">
            <span class="replies">{who}<bdi>{words}</bdi></span>
            {button("link", None, say!(Cancel), cancel)}
        </div>
    }
    .into_any()
}

/// Makes the field as high as its text, within the limits of the style sheet.
fn grow(area: &HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(area);
    let _ = style.set_property("height", "auto");
    // `scrollHeight` does not include the border.
    let _ = style.set_property("height", &format!("{}px", area.scroll_height() + 2));
}

fn focus(area: NodeRef<html::Textarea>) {
    if let Some(area) = area.get_untracked() {
        let _ = area.focus();
    }
}
