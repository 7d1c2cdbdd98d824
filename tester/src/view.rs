//! The components: the bar, and one or two connections side by side.

mod compose;
mod connection;
mod conversation;
mod doctor;
mod figures;
mod frames;
mod selected;

use causerie_texts::{Language, Tester as Text};
use causerie_web::storage;
use leptos::prelude::*;

use crate::browser;
use crate::pane::ConnectionPane;
use crate::share_link::ShareLink;

/// The language of the page.
pub fn language() -> RwSignal<Language> {
    expect_context::<RwSignal<Language>>()
}

/// A text in the language of the page, reactive.
pub fn say(text: Text) -> impl Fn() -> &'static str + Copy + Send + 'static {
    let language = language();
    move || text.in_language(language.get())
}

/// The root component.
#[component]
pub fn Tester() -> impl IntoView {
    let language = RwSignal::new(browser::language());
    provide_context(language);
    Effect::new(move || {
        browser::tell_language(language.get());
        causerie_web::document()
            .set_title(&format!("{} – Causerie", Text::Title.in_language(language.get())));
    });
    let link = ShareLink::parse(&browser::query());
    let first = ConnectionPane::new(Text::First, "first", link.first, language);
    let second =
        ConnectionPane::new(Text::Second, "second", link.second.clone().unwrap_or_default(), language);
    let two = RwSignal::new(link.second.is_some());
    if link.doctor {
        // A person who comes from the chat page asks about the connection of that page.
        if first.base.with_untracked(String::is_empty) {
            first.use_my_sign_in();
        }
        first.examine();
    }
    view! {
        <div class="tester">
            <Bar first second two />
            <main class="sides" class:two=move || two.get()>
                <connection::Connection pane=first />
                {move || two.get().then(|| view! { <connection::Connection pane=second /> })}
            </main>
        </div>
    }
}

/// The bar at the top: title, link to the chats, and settings of the whole page.
#[component]
fn Bar(first: ConnectionPane, second: ConnectionPane, two: RwSignal<bool>) -> impl IntoView {
    let language = language();
    let said = RwSignal::new(None::<Text>);
    let copy_link = move |_| {
        let second = two.get_untracked().then(|| second.fields());
        let link = ShareLink { first: first.fields(), second, doctor: false };
        let address = link.build(&causerie_web::base());
        copy(address, said);
    };
    let add = move |_| {
        // The second connection is most often another participant of the same chat.
        if !two.get_untracked() && second.chat.with_untracked(String::is_empty) {
            second.chat.set(first.chat.get_untracked());
            second.base.set(first.base.get_untracked());
        }
        if two.get_untracked() {
            second.disconnect();
        }
        two.update(|two| *two = !*two);
    };
    let choose = move |event| {
        if let Some(chosen) = Language::from_tag(&event_target_value(&event)) {
            storage::keep_language(chosen.tag());
            language.set(chosen);
        }
    };
    let languages = Language::ALL.iter().map(|each| {
        let each = *each;
        view! { <option value=each.tag() lang=each.tag() selected=move || language.get() == each>{each.name()}</option> }
    });
    view! {
        <header class="bar">
            <h1>{say(Text::Title)}</h1>
            <a href=causerie_web::base() + "/">{say(Text::ToChat)}</a>
            <button type="button" class="button" data-testid="second" aria-pressed=move || two.get().to_string() on:click=add>
                {say(Text::SecondConnection)}
            </button>
            <button type="button" class="button" data-testid="copy-link" on:click=copy_link>{say(Text::CopyLink)}</button>
            <label class="pick">
                <span class="visually-hidden">{say(Text::Language)}</span>
                <select data-testid="language" on:change=choose>{languages.collect_view()}</select>
            </label>
            <Said said />
        </header>
    }
}

/// The result of the last action.
#[component]
fn Said(said: RwSignal<Option<Text>>) -> impl IntoView {
    let language = language();
    view! {
        <p class="said soft" role="status">{move || said.get().map(|text| text.in_language(language.get()))}</p>
    }
}

/// Copies a text and reports whether that worked.
fn copy(text: String, said: RwSignal<Option<Text>>) {
    said.set(None);
    causerie_web::run(async move {
        let copied = browser::copy(text).await;
        said.try_set(Some(if copied { Text::Copied } else { Text::NotCopied }));
    });
}

/// Whether this browser has a sign-in to this server.
fn is_signed_in() -> bool {
    storage::session().is_some()
}
