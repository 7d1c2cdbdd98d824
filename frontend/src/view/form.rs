//! Forms read what the browser holds; nothing mirrors each keystroke.

use leptos::ev::SubmitEvent;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement};

/// Reads fields of the form that is being sent by their names; one that is missing or not checked is empty.
pub fn reader(event: &SubmitEvent) -> impl Fn(&str) -> String + use<> {
    let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
    let data = form.and_then(|form| FormData::new_with_form(&form).ok());
    move |name| data.as_ref().and_then(|data| data.get(name).as_string()).unwrap_or_default()
}
