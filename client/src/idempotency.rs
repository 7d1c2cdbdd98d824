//! The request that starts a chat: it has one name until it is answered, so that no chat is started twice.

use causerie_protocol::ClientId;

use crate::draft::Store;

/// The key of the request that was not answered yet.
const STORED_AT: &str = "new.request";

/// The name for a request that asks for this: the name of the one before, when that asked for the same and was not
/// answered, also before a reload; else a new one.
pub fn key(store: &impl Store, asked: &str, new: impl FnOnce() -> String) -> Option<ClientId> {
    let before = store.get(STORED_AT).and_then(|kept| ClientId::new(kept.strip_suffix(asked)?).ok());
    let name = before.or_else(|| ClientId::new(new()).ok())?;
    store.set(STORED_AT, Some(&format!("{name}{asked}")));
    Some(name)
}

/// The request was answered: the next one is another, whatever it asks for.
///
/// A chat is an answer, and so is a refusal for what the request asks for. No answer leaves open whether the chat was made,
/// and so does one that is about another try: an error of the server, a token that is no good, a limit.
pub fn forget_key(store: &impl Store) {
    store.set(STORED_AT, None);
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Default)]
    struct Memory(RefCell<BTreeMap<String, String>>);

    impl Store for Memory {
        fn get(&self, key: &str) -> Option<String> {
            self.0.borrow().get(key).cloned()
        }

        fn set(&self, key: &str, text: Option<&str>) {
            match text {
                Some(text) => self.0.borrow_mut().insert(key.to_owned(), text.to_owned()),
                None => self.0.borrow_mut().remove(key),
            };
        }
    }

    #[test]
    fn a_request_keeps_its_key_until_it_is_answered() {
        let (store, count) = (Memory::default(), Cell::new(0));
        let key = |asked: &str| {
            let new = || {
                count.set(count.get() + 1);
                format!("n{}", count.get())
            };
            key(&store, asked, new).unwrap().to_string()
        };
        let (trip, dinner) = (r#"{"title":"Trip"}"#, r#"{"title":"Dinner"}"#);
        assert_eq!([key(trip), key(trip)], ["n1", "n1"], "again after no answer, and after a reload");
        assert_eq!([key(dinner), key(dinner)], ["n2", "n2"], "another chat is another request");
        forget_key(&store);
        assert_eq!(key(dinner), "n3", "a second chat of the same people, on purpose");
    }

    #[test]
    fn an_invalid_stored_key_is_ignored() {
        let store = Memory::default();
        store.set(STORED_AT, Some("{}"));
        assert_eq!(key(&store, "{}", || "n1".to_owned()).unwrap().as_str(), "n1");
        store.set(STORED_AT, Some("not a name {}"));
        assert_eq!(key(&store, "{}", || "n2".to_owned()).unwrap().as_str(), "n2");
    }
}
