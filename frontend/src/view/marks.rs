//! Marks around what is selected in the composer, such as `**` of bold text, put there and taken away by keys.

use js_sys::{Function, JsString, Reflect};
use leptos::ev::KeyboardEvent;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlTextAreaElement;

use crate::keys;

/// The mark that a key puts around the selection.
fn mark_of(event: &KeyboardEvent) -> Option<&'static str> {
    let marks = [(&keys::BOLD, "**"), (&keys::ITALIC, "_"), (&keys::CODE, "`")];
    marks.into_iter().find(|(key, _)| key.is(event)).map(|(_, mark)| mark)
}

/// Marks the selection if that is what the key does; answers whether it is.
pub fn mark(area: &HtmlTextAreaElement, event: &KeyboardEvent) -> bool {
    let Some(mark) = mark_of(event) else { return false };
    event.prevent_default();
    toggle(area, mark);
    true
}

/// Puts a mark on both sides of the selection, or takes it away if it stands there.
fn toggle(area: &HtmlTextAreaElement, mark: &str) {
    // Positions in a field count UTF-16, as JavaScript's strings do.
    let text = JsString::from(area.value());
    let length = mark.len() as u32;
    let (start, end) = selection(area);
    let before = start.checked_sub(length).map(|from| String::from(text.slice(from, start)));
    let after = String::from(text.slice(end, end + length));
    let selected = String::from(text.slice(start, end));
    if before.as_deref() == Some(mark) && after == mark {
        let _ = area.set_selection_range(start - length, end + length);
        insert(area, &selected);
        let _ = area.set_selection_range(start - length, end - length);
    } else {
        insert(area, &format!("{mark}{selected}{mark}"));
        let _ = area.set_selection_range(start + length, end + length);
    }
}

/// Where the selection of a field begins and ends, in UTF-16.
pub fn selection(area: &HtmlTextAreaElement) -> (u32, u32) {
    let end = area.selection_end().ok().flatten().unwrap_or_default();
    (area.selection_start().ok().flatten().unwrap_or(end), end)
}

/// Replaces the selection by a text as if it were typed, so that the browser can undo it, and tells the field.
pub fn insert(area: &HtmlTextAreaElement, text: &str) {
    let _ = area.focus();
    if type_text(text) {
        return;
    }
    let (start, end) = selection(area);
    let _ = area.set_range_text_with_start_and_end(text, start, end);
    let at = start + JsString::from(text).length();
    let _ = area.set_selection_range(at, at);
    if let Ok(event) = web_sys::Event::new("input") {
        let _ = area.dispatch_event(&event);
    }
}

/// `document.execCommand("insertText")`: deprecated, and the only way that keeps the field's own undo.
fn type_text(text: &str) -> bool {
    let document = causerie_web::document();
    let run = || {
        let command = Reflect::get(&document, &"execCommand".into()).ok()?.dyn_into::<Function>().ok()?;
        let (name, value) = if text.is_empty() { ("delete", "") } else { ("insertText", text) };
        command.call3(&document, &name.into(), &JsValue::FALSE, &value.into()).ok()?.as_bool()
    };
    run().unwrap_or(false)
}
