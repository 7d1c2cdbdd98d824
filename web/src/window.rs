//! The window, its document, and the address of the server.

use std::pin::Pin;

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::{Document, Window};

pub fn window() -> Window {
    web_sys::window().expect("a page runs in a window")
}

pub fn document() -> Document {
    window().document().expect("a window shows a document")
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

/// Removes what `index.html` shows until the program starts.
pub fn remove_skeleton() {
    if let Some(skeleton) = document().get_element_by_id("skeleton") {
        skeleton.remove();
    }
}

/// A property of an object, unless it is undefined or null.
pub fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// Spawns a future.
///
/// It is boxed, so that the code around a future is compiled once and not for each.
pub fn run(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    wasm_bindgen_futures::spawn_local(future);
}
