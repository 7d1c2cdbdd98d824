//! Copies texts.

use js_sys::{Function, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlElement, HtmlTextAreaElement};

use crate::window::{document, window};

/// Copies a text to the clipboard; returns false when the browser does not allow it.
pub async fn copy(text: String) -> bool {
    // The clipboard API exists on secure origins only, and a server at home may use plain HTTP.
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into()).ok();
    if clipboard.is_some_and(|clipboard| !clipboard.is_undefined()) {
        let written = JsFuture::from(window().navigator().clipboard().write_text(&text)).await;
        if written.is_ok() {
            return true;
        }
    }
    copy_by_selection(&text).unwrap_or(false)
}

/// Copies through a selected field and `execCommand`.
fn copy_by_selection(text: &str) -> Option<bool> {
    let field: HtmlTextAreaElement = document().create_element("textarea").ok()?.dyn_into().ok()?;
    field.set_value(text);
    field.set_class_name("visually-hidden");
    // Inside or beside a dialog the field could not be selected.
    document().body()?.append_child(&field).ok()?;
    let focused = document().active_element();
    field.select();
    let command = Reflect::get(&document(), &"execCommand".into()).ok()?.dyn_into::<Function>().ok()?;
    let copied = command.call1(&document(), &"copy".into()).ok().and_then(|done| done.as_bool());
    field.remove();
    if let Some(element) = focused.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
    copied
}
