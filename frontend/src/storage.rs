//! The browser's storage: the sign-in, texts that are being written ([`drafts`]), and pending messages ([`pending`]).

pub mod drafts;
pub mod pending;

use causerie_protocol::rest::SignedIn;
use wasm_bindgen::JsCast;
use web_sys::Storage;

/// The key of an entry; two installations in different folders of one site have different keys.
///
/// At the top of a site the prefix is `causerie` alone.
pub fn owned(what: &str) -> String {
    let base = crate::browser::base();
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
fn for_now() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// The storage of all tabs.
fn for_good() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// The sign-in of this tab, or the one of all tabs.
pub fn session() -> Option<SignedIn> {
    [for_now(), for_good()].into_iter().flatten().find_map(|storage| {
        let json = storage.get_item(&session_key()).ok()??;
        serde_json::from_str(&json).ok()
    })
}

/// Stores the sign-in for all tabs (`keep`), or for this tab only.
pub fn keep_session(session: &SignedIn, keep: bool) {
    let Ok(json) = serde_json::to_string(session) else { return };
    // A sign-in of this tab hides the one of all tabs, which stays for the others.
    if let (true, Some(storage)) = (keep, for_now()) {
        let _ = storage.remove_item(&session_key());
    }
    if let Some(storage) = if keep { for_good() } else { for_now() } {
        // With a full or forbidden storage only the next reload loses the sign-in.
        let _ = storage.set_item(&session_key(), &json);
    }
}

/// Stores a sign-in that is stored already, where it is.
pub fn change_session(session: &SignedIn) {
    let Ok(json) = serde_json::to_string(session) else { return };
    for storage in [for_now(), for_good()].into_iter().flatten() {
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

pub fn changed_key(event: &web_sys::Event) -> Option<String> {
    event.dyn_ref::<web_sys::StorageEvent>()?.key()
}

pub fn forget_session() {
    for storage in [for_now(), for_good()].into_iter().flatten() {
        let _ = storage.remove_item(&session_key());
    }
}

/// An id of this tab that survives a reload.
pub fn tab() -> String {
    const KEY: &str = "causerie.tab";
    let storage = for_now();
    if let Some(name) = storage.as_ref().and_then(|storage| storage.get_item(KEY).ok().flatten()) {
        return name;
    }
    let name = crate::browser::uuid();
    if let Some(storage) = storage {
        let _ = storage.set_item(KEY, &name);
    }
    name
}
