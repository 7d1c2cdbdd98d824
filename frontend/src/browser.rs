//! Small things that only a browser knows: the time, chance, the address, locks between tabs.

use std::pin::Pin;

use causerie_client::Millis;
use js_sys::{Array, Function, JsString, Object, Promise, Reflect, RegExp};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, MediaQueryListEvent, Window};

/// The page's window.
///
/// # Panics
/// Never in a page: there is always one.
pub fn window() -> Window {
    web_sys::window().expect("a page runs in a window")
}

/// The page's document.
///
/// # Panics
/// Never in a page: there is always one.
pub fn document() -> Document {
    window().document().expect("a window shows a document")
}

/// The time in milliseconds since 1970, by a clock that never runs backwards, may stand still while the device sleeps,
/// and is not set when the device's clock is.
pub fn now() -> Millis {
    // Absent only in browsers that are older than WebAssembly.
    let time = get(&window(), "performance").map_or_else(js_sys::Date::now, |performance| {
        let origin = get(&performance, "timeOrigin").and_then(|origin| origin.as_f64());
        let elapsed = get(&performance, "now")
            .and_then(|now| now.dyn_into::<Function>().ok())
            .and_then(|now| now.call0(&performance).ok())
            .and_then(|now| now.as_f64());
        origin.zip(elapsed).map_or_else(js_sys::Date::now, |(origin, elapsed)| origin + elapsed)
    });
    time as Millis
}

/// The time in milliseconds since 1970, by the device's clock, which may be wrong and may be set.
pub fn wall_clock() -> f64 {
    js_sys::Date::now()
}

/// A random number from 0 up to, and without, 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// A new random UUID (version 4).
///
/// `crypto.randomUUID` exists on secure origins only, and a chat at home may be on plain HTTP.
pub fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    let filled =
        window().crypto().is_ok_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !filled {
        bytes.fill_with(|| (random() * 256.0) as u8);
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

/// The address that all others of the page's own server are below, such as `https://example.org/chat`: the document's
/// `<base>`, which the server writes, without its closing slash.
pub fn base() -> String {
    let mut base = document().base_uri().ok().flatten().unwrap_or_default();
    base.truncate(base.find(['?', '#']).unwrap_or(base.len()));
    base.truncate(base.rfind('/').unwrap_or_default());
    base
}

/// The address of the sockets on the page's own server, such as `wss://chat.example`.
pub fn socket_base() -> String {
    base().replacen("http", "ws", 1)
}

/// Whether the page can be seen now.
pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Calls a function at an event of the window, for as long as the page lives.
pub fn on_window(event: &str, call: impl Fn(web_sys::Event) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(call);
    let _ = window().add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Calls a function at an event of the document, for as long as the page lives.
pub fn on_document(event: &str, call: impl Fn(web_sys::Event) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(call);
    let _ = document().add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Holds a Web Lock for as long as this tab lives; does nothing where there are none.
pub fn hold_lock(name: &str) {
    let Some(locks) = locks() else { return };
    let Some(request) = function(&locks, "request") else { return };
    // A promise that never resolves: the browser lets the lock go when the tab does.
    let hold = Closure::once_into_js(|| Promise::new(&mut |_, _| {}));
    let _ = request.call2(&locks, &JsValue::from_str(name), &hold);
}

/// The names of all locks that a tab holds; empty where there are no Web Locks.
pub async fn held_locks() -> Vec<String> {
    held().await.unwrap_or_default()
}

async fn held() -> Option<Vec<String>> {
    let locks = locks()?;
    let promise = function(&locks, "query")?.call0(&locks).ok()?.dyn_into::<Promise>().ok()?;
    let snapshot = JsFuture::from(promise).await.ok()?;
    let held = get(&snapshot, "held")?.dyn_into::<Array>().ok()?;
    Some(held.iter().filter_map(|lock| get(&lock, "name")?.as_string()).collect())
}

/// `navigator.locks`, which browsers give on secure origins only.
fn locks() -> Option<Object> {
    get(&window().navigator(), "locks")?.dyn_into().ok()
}

fn function(object: &JsValue, name: &str) -> Option<Function> {
    get(object, name)?.dyn_into().ok()
}

/// A property, unless it is missing.
fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// Whether a media query holds, now and whenever that changes.
pub fn matches(query: &str) -> RwSignal<bool> {
    let Ok(Some(list)) = window().match_media(query) else { return RwSignal::new(false) };
    let signal = RwSignal::new(list.matches());
    let changed = Closure::<dyn Fn(MediaQueryListEvent)>::new(move |event: MediaQueryListEvent| {
        // The page may have been left by now.
        let _ = signal.try_set(event.matches());
    });
    list.set_onchange(Some(changed.as_ref().unchecked_ref()));
    // The list lives only as long as somebody holds it; both go with who asked.
    let held = StoredValue::new_local((list, changed));
    on_cleanup(move || held.dispose());
    signal
}

/// Whether the device is used with a mouse, and so with a keyboard that is always there.
pub fn has_keyboard() -> bool {
    matches!(window().match_media("(hover: hover) and (pointer: fine)"), Ok(Some(list)) if list.matches())
}

/// Asks a question that is answered with yes or no.
#[must_use]
pub fn confirm(question: &str) -> bool {
    window().confirm_with_message(question).unwrap_or(false)
}

/// What is not looked for: marks upon letters in every script but those of Japan's letters, which make other letters, and
/// characters that are never shown.
const IGNORED_IN_SEARCH: &str = r"(?![\u3099\u309a])[\p{sc=Zinh}\p{DI}\u0591-\u05c7\u0640]";

/// A text as a search compares it, the same for every spelling: without case, accents and invisible characters.
///
/// Done by the browser: Rust's own tables of letters would be a twentieth of the page.
pub fn search_key(text: &str) -> String {
    let text = JsString::from(text).normalize("NFKD");
    let text = text.replace_by_pattern(&RegExp::new(IGNORED_IN_SEARCH, "gu"), "");
    // Twice, since some letters have no capital of their own, as ẞ, and some share one, as ı and i.
    let text = String::from(text.to_lower_case().to_upper_case());
    // Strokes and ligatures are no marks to Unicode, and people leave them out all the same.
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

/// A name in the form in which two spellings of the same are equal: without case, marks that can't be seen, and
/// letters that only differ in how they are put together.
pub fn fold(name: &str) -> String {
    let unseen = RegExp::new(r"\p{Default_Ignorable_Code_Point}", "gu");
    JsString::from(name).normalize("NFKC").replace_by_pattern(&unseen, "").to_lower_case().into()
}

/// A text in capitals, by the browser.
pub fn upper_case(text: &str) -> String {
    JsString::from(text).to_upper_case().into()
}

/// Runs a future that nobody waits for.
///
/// Boxed, so that the machinery around a future is there once and not for each.
pub fn run(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    wasm_bindgen_futures::spawn_local(future);
}
