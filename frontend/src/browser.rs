//! Small interfaces of the browser: time, randomness, the address, locks between tabs.

use std::pin::Pin;

use causerie_client::Millis;
use js_sys::{Array, Function, JsString, Object, Promise, Reflect, RegExp};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, MediaQueryListEvent, Window};

/// # Panics
/// Never in a page: there is always one.
pub fn window() -> Window {
    web_sys::window().expect("a page runs in a window")
}

/// # Panics
/// Never in a page: there is always one.
pub fn document() -> Document {
    window().document().expect("a window shows a document")
}

/// The time in milliseconds since 1970 by the monotonic clock, which may stand still while the device sleeps
/// and does not change when the device's clock is set.
pub fn now() -> Millis {
    // `performance` is missing only in browsers that are older than WebAssembly.
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

/// The time in milliseconds since 1970 by the device's clock, which may be wrong and may be set.
pub fn wall_clock() -> f64 {
    js_sys::Date::now()
}

/// A random number in 0..1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// A new random UUID (version 4).
///
/// `crypto.randomUUID` exists on secure origins only, and a server at home may use plain HTTP.
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

/// The base of all addresses of the page's own server, such as `https://example.org/chat`: the document's `<base>`,
/// which the server writes, without its closing slash.
pub fn base() -> String {
    let mut base = document().base_uri().ok().flatten().unwrap_or_default();
    base.truncate(base.find(['?', '#']).unwrap_or(base.len()));
    base.truncate(base.rfind('/').unwrap_or_default());
    base
}

/// The base of the addresses of sockets, such as `wss://chat.example`.
pub fn socket_base() -> String {
    base().replacen("http", "ws", 1)
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
    let held = get(&snapshot, "held")?.dyn_into::<Array>().ok()?;
    Some(held.iter().filter_map(|lock| get(&lock, "name")?.as_string()).collect())
}

/// `navigator.locks`, which exists on secure origins only.
fn locks() -> Option<Object> {
    get(&window().navigator(), "locks")?.dyn_into().ok()
}

fn function(object: &JsValue, name: &str) -> Option<Function> {
    get(object, name)?.dyn_into().ok()
}

/// A property of an object, unless it is undefined or null.
fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
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
    let unseen = RegExp::new(r"\p{Default_Ignorable_Code_Point}", "gu");
    JsString::from(name).normalize("NFKC").replace_by_pattern(&unseen, "").to_lower_case().into()
}

/// A text in capitals, by the browser.
pub fn upper_case(text: &str) -> String {
    JsString::from(text).to_upper_case().into()
}

/// Spawns a future.
///
/// It is boxed, so that the code around a future is compiled once and not for each.
pub fn run(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    wasm_bindgen_futures::spawn_local(future);
}
