//! Reads the fields of a form when it is submitted.

use leptos::ev::SubmitEvent;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement};

/// The value of the button that submitted a form; empty when it was none.
pub fn chosen(event: &SubmitEvent) -> String {
    event.submitter().and_then(|button| button.get_attribute("value")).unwrap_or_default()
}

/// Reads fields of a submitted form by name; a field that is missing or not checked is empty.
pub fn reader(event: &SubmitEvent) -> impl Fn(&str) -> String + use<> {
    let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
    let data = form.and_then(|form| FormData::new_with_form(&form).ok());
    move |name| data.as_ref().and_then(|data| data.get(name).as_string()).unwrap_or_default()
}
