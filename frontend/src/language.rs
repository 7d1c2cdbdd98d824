//! The language of the page; the script in `index.html` chose it by loading this program.

use causerie_texts::{LANGUAGE, Language};
use causerie_web::{storage, window};
use js_sys::{Array, Intl, Number, Object, Reflect};
use wasm_bindgen::JsValue;

/// Stores the choice for every page of this server, and loads this page again; pending messages stay.
pub fn choose(tag: &str) {
    storage::keep_language(tag);
    let _ = window().location().reload();
}

/// How dates are formatted: in the page's language, with the clock of the browser's region.
pub struct DateStyle {
    /// The browser's own locale when it has the page's language.
    pub locales: Array,
    /// Intl's `hourCycle`, such as `h12` or `h23`.
    pub hour_cycle: JsValue,
}

impl DateStyle {
    pub fn of_browser() -> Self {
        let options = Object::new();
        // Setting a property of a new plain object can't fail. Without an hour there is no hour cycle.
        let _ = Reflect::set(&options, &"hour".into(), &"numeric".into());
        let browser = Intl::DateTimeFormat::new(&Array::new(), &options).resolved_options();
        let get = |name: &str| Reflect::get(&browser, &name.into()).unwrap_or_default();
        let locale = get("locale").as_string();
        let locale = locale.filter(|tag| tag.split('-').next() == Some(LANGUAGE.tag()));
        // International English: the day before the month.
        let fallback = if LANGUAGE == Language::English { "en-001" } else { LANGUAGE.tag() };
        let locale = locale.as_deref().unwrap_or(fallback);
        Self { locales: Array::of1(&JsValue::from_str(locale)), hour_cycle: get("hourCycle") }
    }
}

/// A number in the page's language: `1,000`.
pub fn number(number: u64) -> String {
    Number::from(number as f64).to_locale_string(LANGUAGE.tag()).into()
}
