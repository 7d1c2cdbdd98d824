//! Small interfaces of the browser that only the tester uses: address, clipboard, download, fetch.

use causerie_texts::Language;
pub use causerie_web::clipboard::copy;
use causerie_web::{document, storage, window};
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Blob, BlobPropertyBag, CssStyleSheet, HtmlAnchorElement, RequestCache, RequestCredentials,
    RequestInit, RequestMode, Response, Url,
};

/// The time of day with milliseconds, in the browser's time zone: `09:41:07.123`.
pub fn time_of_day(at: f64) -> String {
    let date = js_sys::Date::new(&at.into());
    let (hours, minutes, seconds) = (date.get_hours(), date.get_minutes(), date.get_seconds());
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", date.get_milliseconds())
}

pub fn iso_time(at: f64) -> String {
    js_sys::Date::new(&at.into()).to_iso_string().into()
}

pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// The query of the page's address, with its question mark.
pub fn query() -> String {
    window().location().search().unwrap_or_default()
}

pub fn is_online() -> bool {
    window().navigator().on_line()
}

/// Adds the style sheet that only this program needs.
///
/// The page's Content-Security-Policy forbids `<style>`, and a file would be one more request.
pub fn adopt_style(css: &str) {
    let Ok(sheet) = CssStyleSheet::new() else { return };
    let replace =
        Reflect::get(&sheet, &"replaceSync".into()).ok().and_then(|f| f.dyn_into::<Function>().ok());
    if replace.is_some_and(|replace| replace.call1(&sheet, &css.into()).is_ok()) {
        let _ = Reflect::set(&document(), &"adoptedStyleSheets".into(), &Array::of1(&sheet));
    }
}

/// The language that the person chose, else the first of the browser's languages that Causerie has.
pub fn language() -> Language {
    let preferred = window().navigator().languages();
    let tags = storage::language().into_iter().chain(preferred.iter().filter_map(|tag| tag.as_string()));
    tags.into_iter().find_map(|tag| Language::from_tag(&tag)).unwrap_or_default()
}

/// Sets the document's language, for the browser and screen readers.
pub fn tell_language(language: Language) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", language.tag());
    }
}

/// Downloads a text as a file.
pub fn download(name: &str, text: &str) {
    let attempt = || -> Result<(), JsValue> {
        let options = BlobPropertyBag::new();
        options.set_type("text/plain;charset=utf-8");
        let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)?;
        let url = Url::create_object_url_with_blob(&blob)?;
        let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
        Url::revoke_object_url(&url)
    };
    // It fails only for want of memory.
    let _ = attempt();
}

pub async fn pause(milliseconds: u32) {
    let timer = js_sys::Promise::new(&mut |resolve, _| {
        let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    let _ = JsFuture::from(timer).await;
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    TimedOut,
    /// There was no connection, or this page may not read the response: a browser does not say which.
    Failed,
}

/// `GET` without credentials and caches; an `opaque` response can't be read.
pub async fn get(url: &str, opaque: bool, timeout_ms: u32) -> Result<Response, GetError> {
    let options = RequestInit::new();
    options.set_mode(if opaque { RequestMode::NoCors } else { RequestMode::Cors });
    options.set_credentials(RequestCredentials::Omit);
    options.set_cache(RequestCache::NoStore);
    options.set_signal(Some(&AbortSignal::timeout_with_u32(timeout_ms)));
    let answer = JsFuture::from(window().fetch_with_str_and_init(url, &options)).await;
    answer.map(JsCast::unchecked_into).map_err(|error| {
        let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
        if name.as_deref() == Some("TimeoutError") { GetError::TimedOut } else { GetError::Failed }
    })
}

/// The body, as far as it is text; empty when it breaks off.
pub async fn body(response: &Response) -> String {
    let Ok(text) = response.text() else { return String::new() };
    JsFuture::from(text).await.ok().and_then(|text| text.as_string()).unwrap_or_default()
}
