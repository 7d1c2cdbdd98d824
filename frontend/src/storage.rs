//! What the browser keeps: the sign-in, drafts, and (in [`outbox`]) unsent messages.

pub mod outbox;

use causerie_protocol::rest::SignedIn;
use causerie_protocol::{ChatId, User};
use wasm_bindgen::JsCast;
use web_sys::Storage;

/// The key of the sign-in, in whichever storage the person chose.
pub const SESSION_KEY: &str = "causerie.session";

/// The browser's storage for as long as a tab lives.
fn for_now() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// The browser's storage for good.
fn for_good() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// The sign-in of this tab, or the one that was to be kept.
#[must_use]
pub fn session() -> Option<SignedIn> {
    [for_now(), for_good()].into_iter().flatten().find_map(|storage| {
        let json = storage.get_item(SESSION_KEY).ok()??;
        serde_json::from_str(&json).ok()
    })
}

/// Keeps the sign-in: for good, or for as long as this tab lives.
pub fn keep_session(session: &SignedIn, keep: bool) {
    let Ok(json) = serde_json::to_string(session) else { return };
    // A sign-in of this tab alone hides the one that is kept for all tabs, and leaves it to them.
    if let (true, Some(storage)) = (keep, for_now()) {
        let _ = storage.remove_item(SESSION_KEY);
    }
    if let Some(storage) = if keep { for_good() } else { for_now() } {
        // A full or forbidden storage costs the next reload its sign-in, and nothing now.
        let _ = storage.set_item(SESSION_KEY, &json);
    }
}

/// Whether an event of the window says that another tab changed the sign-in that is kept for good.
#[must_use]
pub fn is_session_change(event: &web_sys::Event) -> bool {
    event
        .dyn_ref::<web_sys::StorageEvent>()
        .is_some_and(|event| event.key().is_none_or(|key| key == SESSION_KEY))
}

/// Forgets the sign-in, wherever it is kept.
pub fn forget_session() {
    for storage in [for_now(), for_good()].into_iter().flatten() {
        let _ = storage.remove_item(SESSION_KEY);
    }
}

/// A name for this tab that survives a reload.
#[must_use]
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

fn draft_key(user: &User, chat: ChatId) -> String {
    format!("causerie.draft.{}.{chat}", user.id)
}

/// What the person began to write in a chat.
#[must_use]
pub fn draft(user: &User, chat: ChatId) -> String {
    for_good().and_then(|storage| storage.get_item(&draft_key(user, chat)).ok()?).unwrap_or_default()
}

/// Keeps what the person began to write; nothing when it is blank.
pub fn keep_draft(user: &User, chat: ChatId, text: &str) {
    let Some(storage) = for_good() else { return };
    let key = draft_key(user, chat);
    let _ = if text.trim().is_empty() { storage.remove_item(&key) } else { storage.set_item(&key, text) };
}

/// Forgets all drafts of a person, who leaves this browser.
pub fn forget_drafts(user: &User) {
    let Some(storage) = for_good() else { return };
    let prefix = format!("causerie.draft.{}.", user.id);
    let count = storage.length().unwrap_or(0);
    let keys: Vec<_> = (0..count).filter_map(|index| storage.key(index).ok()?).collect();
    for key in keys.iter().filter(|key| key.starts_with(&prefix)) {
        let _ = storage.remove_item(key);
    }
}
