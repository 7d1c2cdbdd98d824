//! Small interfaces of the browser that only the page uses: events, locks between tabs, media queries, letters.

use causerie_client::Millis;
use causerie_web::window::property;
use causerie_web::{document, window};
use js_sys::{Array, Function, JsString, Object, Promise, RegExp};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::MediaQueryListEvent;

/// The time by the monotonic clock, for the client.
pub fn now() -> Millis {
    causerie_web::now() as Millis
}

pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Adds an event listener to the window for as long as the page lives.
pub fn on_window(event: &str, call: impl Fn(web_sys::Event) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(call);
    let _ = window().add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Adds an event listener to the document for as long as the page lives.
pub fn on_document(event: &str, call: impl Fn(web_sys::Event) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(call);
    let _ = document().add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Holds a Web Lock for as long as this tab lives; does nothing without Web Locks.
pub fn hold_lock(name: &str) {
    let Some(locks) = locks() else { return };
    let Some(request) = function(&locks, "request") else { return };
    // The promise never resolves: the browser releases the lock when the tab is closed.
    let hold = Closure::once_into_js(|| Promise::new(&mut |_, _| {}));
    let _ = request.call2(&locks, &JsValue::from_str(name), &hold);
}

/// The names of the Web Locks that are held by any tab; empty without Web Locks.
pub async fn held_locks() -> Vec<String> {
    held().await.unwrap_or_default()
}

async fn held() -> Option<Vec<String>> {
    let locks = locks()?;
    let promise = function(&locks, "query")?.call0(&locks).ok()?.dyn_into::<Promise>().ok()?;
    let snapshot = JsFuture::from(promise).await.ok()?;
    let held = property(&snapshot, "held")?.dyn_into::<Array>().ok()?;
    Some(held.iter().filter_map(|lock| property(&lock, "name")?.as_string()).collect())
}

/// `navigator.locks`, which exists on secure origins only.
fn locks() -> Option<Object> {
    property(&window().navigator(), "locks")?.dyn_into().ok()
}

fn function(object: &JsValue, name: &str) -> Option<Function> {
    property(object, name)?.dyn_into().ok()
}

/// Whether a media query matches, as a signal.
pub fn matches(query: &str) -> RwSignal<bool> {
    let Ok(Some(list)) = window().match_media(query) else { return RwSignal::new(false) };
    let signal = RwSignal::new(list.matches());
    let changed = Closure::<dyn Fn(MediaQueryListEvent)>::new(move |event: MediaQueryListEvent| {
        // The component may be gone by now.
        let _ = signal.try_set(event.matches());
    });
    list.set_onchange(Some(changed.as_ref().unchecked_ref()));
    // The listener works only while the list is held; both are dropped with the component.
    let held = StoredValue::new_local((list, changed));
    on_cleanup(move || held.dispose());
    signal
}

/// Whether the device has a mouse, and so a keyboard that is always there.
pub fn has_keyboard() -> bool {
    matches!(window().match_media("(hover: hover) and (pointer: fine)"), Ok(Some(list)) if list.matches())
}

#[must_use]
pub fn confirm(question: &str) -> bool {
    window().confirm_with_message(question).unwrap_or(false)
}

/// What a search ignores: invisible characters, and combining marks in every script except the Japanese voicing marks,
/// which make other letters.
const IGNORED_IN_SEARCH: &str = r"(?![\u3099\u309a])[\p{sc=Zinh}\p{DI}\u0591-\u05c7\u0640]";

/// A text as a search compares it: without case, accents and invisible characters.
///
/// The browser does it, since Rust's own tables of letters would be a twentieth of the page.
pub fn search_key(text: &str) -> String {
    let text = JsString::from(text).normalize("NFKD");
    let text = text.replace_by_pattern(&RegExp::new(IGNORED_IN_SEARCH, "gu"), "");
    // Both ways, since some letters have no capital of their own, such as ẞ, and some share one, such as ı and i.
    let text = String::from(text.to_lower_case().to_upper_case());
    // Strokes and ligatures are not combining marks in Unicode, and people leave them out as well.
    let mut key = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            'Đ' | 'Ð' => key.push('D'),
            'Ł' => key.push('L'),
            'Ø' => key.push('O'),
            'Ħ' => key.push('H'),
            'Æ' => key.push_str("AE"),
            'Œ' => key.push_str("OE"),
            _ => key.push(char),
        }
    }
    key
}

/// A name in a form in which two spellings of it are equal: without case and invisible characters, and with composed
/// letters.
pub fn fold(name: &str) -> String {
    thread_local! {
        static UNSEEN: RegExp = RegExp::new(r"\p{Default_Ignorable_Code_Point}", "gu");
    }
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    UNSEEN.with(|unseen| {
        JsString::from(name).normalize("NFKC").replace_by_pattern(unseen, "").to_lower_case().into()
    })
}

/// A text in capitals, by the browser.
pub fn upper_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    JsString::from(text).to_upper_case().into()
}
