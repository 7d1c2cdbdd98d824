//! Small elements that many views use; each is compiled once.

use causerie_client::Name;
use causerie_client::draft::Store;
use causerie_protocol::limits::UNREAD;
use causerie_texts::{page, say};
use leptos::ev::{Event, MouseEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::erased::{click, event, flag, text};
use super::icon;
use crate::app::App;
use crate::language;
use crate::storage::drafts::TextStorage;

pub fn button(
    class: &'static str,
    testid: Option<&'static str>,
    word: &'static str,
    on_click: impl Fn(MouseEvent) + 'static,
) -> AnyView {
    fn draw(
        class: &'static str,
        testid: Option<&'static str>,
        word: &'static str,
        on_click: impl Fn(MouseEvent) + Clone + 'static,
    ) -> AnyView {
        view! { <button class=class type="button" data-testid=testid on:click=on_click>{word}</button> }
            .into_any()
    }
    draw(class, testid, word, click(on_click))
}

/// A round button with an icon and an accessible name.
pub fn icon_button(
    class: &'static str,
    testid: Option<&'static str>,
    name: &'static str,
    icon: fn() -> AnyView,
    on_click: impl Fn(MouseEvent) + 'static,
) -> AnyView {
    let on_click = click(on_click);
    view! {
        <button class=class type="button" data-testid=testid aria-label=name title=name on:click=on_click>
            {icon()}
        </button>
    }
    .into_any()
}

/// On a phone, the way from a conversation to the list of chats.
pub fn back(app: App) -> AnyView {
    icon_button("icon back", None, say!(BackToChats), icon::back, move |_| app.back())
}

/// The button that submits a form; it is disabled while `busy`.
pub fn submit_button(word: &'static str, busy: RwSignal<bool>) -> AnyView {
    view! { <button class="button main" type="submit" disabled=flag(move || busy.get())>{word}</button> }
        .into_any()
}

/// The error of a form; screen readers announce it at once.
pub fn alert(error: RwSignal<String>) -> AnyView {
    view! { <p class="alert" role="alert">{text(move || error.get())}</p> }.into_any()
}

/// An input handler that stores a field's text, so that it survives closing the form and reloading the page.
pub fn keeping(texts: &TextStorage, key: &str) -> impl Fn(Event) + Clone + 'static {
    let (texts, key) = (texts.clone(), key.to_owned());
    event(move |event| {
        let written = event_target_value(&event);
        texts.set(&key, (!written.is_empty()).then_some(&*written));
    })
}

/// A labelled field of a form, filled with its stored text.
pub fn field(
    label: &'static str,
    name: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    hint: &'static str,
    texts: &TextStorage,
    key: &str,
) -> AnyView {
    let hint = (!hint.is_empty()).then(|| view! { <small>{hint}</small> });
    let written = texts.get(key).unwrap_or_default();
    let keep = keeping(texts, key);
    view! {
        <label class="field">
            <span>{label}</span>
            <input name=name type=kind autocomplete=autocomplete required dir="auto" prop:value=written on:input=keep />
            {hint}
        </label>
    }
    .into_any()
}

/// A text to be copied: the whole of it is chosen at once.
pub fn to_copy(testid: &'static str, label: &'static str, text: String) -> AnyView {
    let choose = click(|event| {
        if let Some(field) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) {
            field.select();
        }
    });
    view! { <input readonly data-testid=testid aria-label=label prop:value=text on:click=choose /> }
        .into_any()
}

/// The unread count: `7`, or `1,000+` when the count of one chat, at most `most`, reached the server's limit.
pub fn unread_words(unread: u64, most: u64) -> String {
    language::number(unread) + if most >= UNREAD { "+" } else { "" }
}

/// The text of an empty list.
pub fn hint(heading: &'static str, words: String) -> AnyView {
    view! { <li class="hint"><strong>{heading}</strong>{words}</li> }.into_any()
}

/// A name or a title in markup, isolated from its surroundings.
pub fn bdi(name: &Name) -> AnyView {
    view! { <bdi>{name.alone().to_owned()}</bdi> }.into_any()
}

/// A label with a title that may change, such as `Messages with Ana`.
pub fn named(prefix: &'static str, title: Signal<Name>) -> impl Fn() -> String + Clone + Send + 'static {
    text(move || format!("{prefix} {}", title.get()))
}

/// The button that switches to the other language; it shows that language's own name.
pub fn language_choice() -> AnyView {
    let choose = click(|_| language::choose(say!(OtherTag)));
    page! {
        <p class="other">
            <button class="link" type="button" lang=say!(OtherTag) data-testid="language" on:click=choose>say!(OtherName)</button>
        </p>
    }
    .into_any()
}
