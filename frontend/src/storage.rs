//! What the browser keeps: the sign-in, what one began to write ([`drafts`]), and unsent messages ([`pending`]).

pub mod drafts;
pub mod pending;

use causerie_protocol::rest::SignedIn;
use wasm_bindgen::JsCast;
use web_sys::Storage;

/// The name of what this server's page keeps: of two in different folders of one site each has its own.
///
/// At the top of a site it is `causerie` alone, as it always was.
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

/// The browser's storage for as long as a tab lives.
fn for_now() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// The browser's storage for good.
fn for_good() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// The sign-in of this tab, or the one that was to be kept.
pub fn session() -> Option<SignedIn> {
    [for_now(), for_good()].into_iter().flatten().find_map(|storage| {
        let json = storage.get_item(&session_key()).ok()??;
        serde_json::from_str(&json).ok()
    })
}

/// Keeps the sign-in: for good, or for as long as this tab lives.
pub fn keep_session(session: &SignedIn, keep: bool) {
    let Ok(json) = serde_json::to_string(session) else { return };
    // A sign-in of this tab alone hides the one that is kept for all tabs, and leaves it to them.
    if let (true, Some(storage)) = (keep, for_now()) {
        let _ = storage.remove_item(&session_key());
    }
    if let Some(storage) = if keep { for_good() } else { for_now() } {
        // A full or forbidden storage costs the next reload its sign-in, and nothing now.
        let _ = storage.set_item(&session_key(), &json);
    }
}

/// Whether an event of the window says that another tab changed the sign-in that is kept for good.
pub fn is_session_change(event: &web_sys::Event) -> bool {
    event
        .dyn_ref::<web_sys::StorageEvent>()
        .is_some_and(|event| event.key().is_none_or(|key| key == session_key()))
}

/// The key that another tab changed.
pub fn changed_key(event: &web_sys::Event) -> Option<String> {
    event.dyn_ref::<web_sys::StorageEvent>()?.key()
}

/// Forgets the sign-in, wherever it is kept.
pub fn forget_session() {
    for storage in [for_now(), for_good()].into_iter().flatten() {
        let _ = storage.remove_item(&session_key());
    }
}

/// A name for this tab that survives a reload.
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
