//! The language of the page, which the script in `index.html` chose by loading this program and not another's.

use causerie_client::words::LANGUAGE;
use causerie_protocol::words::Language;
use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::browser::window;

/// Where the choice is kept; the connection tester and the script in `index.html` use the same.
const LANGUAGE_KEY: &str = "causerie.language";

/// Keeps the choice for every page of this server, and loads this one again in it; unsent messages stay.
pub fn choose(tag: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(LANGUAGE_KEY, tag);
    }
    let _ = window().location().reload();
}

/// How dates are written: as the browser likes it, which knows the region, unless that is in another of the languages.
#[must_use]
pub fn locales() -> Array {
    let vietnamese = window().navigator().language().is_some_and(|tag| tag.starts_with("vi"));
    if vietnamese == (LANGUAGE == Language::Vietnamese) {
        Array::new()
    } else {
        Array::of1(&JsValue::from_str(LANGUAGE.tag()))
    }
}
