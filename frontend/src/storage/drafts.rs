//! Texts that are being written, in the browser's storage; when that is full or forbidden, in memory.

use std::cell::RefCell;

use causerie_client::draft::Store;
use causerie_client::sorted::SortedMap;
use causerie_protocol::User;
use causerie_web::storage;
use web_sys::Storage;

thread_local! {
    /// The texts that the browser did not store.
    static UNSTORED: RefCell<SortedMap<String, String>> = RefCell::default();
}

/// The texts of one user, or of the sign-in page.
#[derive(Clone, Debug)]
pub struct TextStorage {
    prefix: String,
    /// Stored for this tab only.
    tab: bool,
}

impl TextStorage {
    /// The texts of a user, shared by all tabs.
    pub fn of(user: &User) -> Self {
        Self { prefix: storage::owned(&format!(".draft.{}.", user.id)), tab: false }
    }

    /// The texts of the sign-in page, in this tab.
    pub fn of_sign_in() -> Self {
        Self { prefix: storage::owned(".sign-in."), tab: true }
    }

    /// The key in the browser's storage, as `storage` events carry it.
    pub fn full_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub fn any(&self) -> bool {
        !self.keys().is_empty()
            || UNSTORED.with_borrow(|texts| texts.keys().any(|key| key.starts_with(&self.prefix)))
    }

    pub fn forget(&self) {
        UNSTORED.with_borrow_mut(|texts| texts.retain(|key, _| !key.starts_with(&self.prefix)));
        if let Some(storage) = self.storage() {
            for key in self.keys() {
                let _ = storage.remove_item(&key);
            }
        }
    }

    fn keys(&self) -> Vec<String> {
        let Some(storage) = self.storage() else { return Vec::new() };
        let count = storage.length().unwrap_or(0);
        let keys = (0..count).filter_map(|index| storage.key(index).ok()?);
        keys.filter(|key| key.starts_with(&self.prefix)).collect()
    }

    fn storage(&self) -> Option<Storage> {
        if self.tab { storage::of_tab() } else { storage::of_all_tabs() }
    }
}

impl Store for TextStorage {
    fn get(&self, key: &str) -> Option<String> {
        let key = self.full_key(key);
        UNSTORED
            .with_borrow(|texts| texts.get(&key).cloned())
            .or_else(|| self.storage()?.get_item(&key).ok()?)
    }

    fn set(&self, key: &str, text: Option<&str>) {
        let key = self.full_key(key);
        let storage = self.storage();
        UNSTORED.with_borrow_mut(|texts| texts.remove(&key));
        match (text, storage) {
            (None, Some(storage)) => drop(storage.remove_item(&key)),
            (None, None) => {}
            (Some(text), storage) => {
                if storage.is_none_or(|storage| storage.set_item(&key, text).is_err()) {
                    UNSTORED.with_borrow_mut(|texts| texts.insert(key, text.to_owned()));
                }
            }
        }
    }
}

/// Whether there are texts that would be lost with the page.
pub fn is_any_unstored() -> bool {
    UNSTORED.with_borrow(|texts| !texts.is_empty())
}

#[cfg(test)]
mod tests {
    use causerie_client::draft::Store;
    use causerie_protocol::{User, UserId};
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{TextStorage, is_any_unstored};

    #[wasm_bindgen_test]
    fn a_text_that_the_browser_does_not_store_is_kept_while_the_page_lives() {
        let user = User { id: UserId(77), email: None, name: String::new() };
        let (mine, others) =
            (TextStorage::of(&user), TextStorage::of(&User { id: UserId(7), ..user.clone() }));
        mine.set("1", Some("short"));
        assert!(!is_any_unstored());
        // More than any browser stores for an origin.
        let long = "x".repeat(12 << 20);
        mine.set("1", Some(&long));
        assert!(is_any_unstored() && mine.get("1").as_deref() == Some(&*long));
        assert!(mine.any() && !others.any());
        mine.set("1", Some("short again"));
        assert!(!is_any_unstored());
        assert_eq!(TextStorage::of(&user).get("1").as_deref(), Some("short again"));
        mine.forget();
        assert_eq!((mine.get("1"), mine.any()), (None, false));
    }
}
