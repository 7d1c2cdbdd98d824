//! The browser's storage: the sign-in, and the language that the person chose.

use causerie_protocol::rest::SignedIn;
use wasm_bindgen::JsCast;
use web_sys::Storage;

use crate::window::{base, window};

/// The key of the chosen language; the script in `index.html`, which loads the program for it, uses the same.
const LANGUAGE_KEY: &str = "causerie.language";

/// The key of an entry; two installations in different folders of one site have different keys.
///
/// At the top of a site the prefix is `causerie` alone.
pub fn owned(what: &str) -> String {
    let base = base();
    match base.splitn(4, '/').nth(3) {
        Some(folder) => format!("causerie/{folder}{what}"),
        None => format!("causerie{what}"),
    }
}

/// The key of the sign-in, in whichever storage the person chose.
fn session_key() -> String {
    owned(".session")
}

/// The storage of this tab.
pub fn of_tab() -> Option<Storage> {
    window().session_storage().ok()?
}

/// The storage of all tabs.
pub fn of_all_tabs() -> Option<Storage> {
    window().local_storage().ok()?
}

/// The sign-in of this tab, or the one of all tabs.
pub fn session() -> Option<SignedIn> {
    [of_tab(), of_all_tabs()].into_iter().flatten().find_map(|storage| {
        let json = storage.get_item(&session_key()).ok()??;
        serde_json::from_str(&json).ok()
    })
}

/// Stores the sign-in for all tabs (`keep`), or for this tab only.
pub fn keep_session(session: &SignedIn, keep: bool) {
    let Ok(json) = serde_json::to_string(session) else { return };
    // A sign-in of this tab hides the one of all tabs, which stays for the others.
    if let (true, Some(storage)) = (keep, of_tab()) {
        let _ = storage.remove_item(&session_key());
    }
    if let Some(storage) = if keep { of_all_tabs() } else { of_tab() } {
        // With a full or forbidden storage only the next reload loses the sign-in.
        let _ = storage.set_item(&session_key(), &json);
    }
}

/// Stores a sign-in that is stored already, where it is.
pub fn change_session(session: &SignedIn) {
    let Ok(json) = serde_json::to_string(session) else { return };
    for storage in [of_tab(), of_all_tabs()].into_iter().flatten() {
        let is_there = storage.get_item(&session_key()).ok().flatten();
        if is_there.is_some_and(|stored| stored.contains(&session.token)) {
            let _ = storage.set_item(&session_key(), &json);
        }
    }
}

/// Whether a `storage` event says that another tab changed the sign-in of all tabs.
pub fn is_session_change(event: &web_sys::Event) -> bool {
    event
        .dyn_ref::<web_sys::StorageEvent>()
        .is_some_and(|event| event.key().is_none_or(|key| key == session_key()))
}

/// The key that a `storage` event names.
pub fn changed_key(event: &web_sys::Event) -> Option<String> {
    event.dyn_ref::<web_sys::StorageEvent>()?.key()
}

pub fn forget_session() {
    for storage in [of_tab(), of_all_tabs()].into_iter().flatten() {
        let _ = storage.remove_item(&session_key());
    }
}

/// The tag of the language that the person chose for every page of this server.
pub fn language() -> Option<String> {
    of_all_tabs()?.get_item(LANGUAGE_KEY).ok()?
}

pub fn keep_language(tag: &str) {
    if let Some(storage) = of_all_tabs() {
        let _ = storage.set_item(LANGUAGE_KEY, tag);
    }
}
