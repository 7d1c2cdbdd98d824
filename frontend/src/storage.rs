//! What the page stores: texts that are being written ([`drafts`]), and pending messages ([`pending`]).

pub mod drafts;
pub mod pending;

use causerie_web::storage::of_tab;

/// An id of this tab that survives a reload.
pub fn tab() -> String {
    const KEY: &str = "causerie.tab";
    let storage = of_tab();
    if let Some(name) = storage.as_ref().and_then(|storage| storage.get_item(KEY).ok().flatten()) {
        return name;
    }
    let name = causerie_web::uuid();
    if let Some(storage) = storage {
        let _ = storage.set_item(KEY, &name);
    }
    name
}
