//! The idempotency key of the request that creates a chat: it stays until the request is answered, so that no chat is
//! created twice. A message's key is its `client_id`, which the server compares.

use causerie_protocol::ClientId;

use crate::draft::Store;

/// Where the key and the body of the unanswered request are stored.
const STORED_AT: &str = "new.request";

/// The key for a request with this body: the key of the last request, when that had the same body and was not answered,
/// also before a reload; else a new one.
pub fn key(store: &impl Store, asked: &str, new: impl FnOnce() -> String) -> Option<ClientId> {
    let before = store.get(STORED_AT).and_then(|kept| ClientId::new(kept.strip_suffix(asked)?).ok());
    let name = before.or_else(|| ClientId::new(new()).ok())?;
    store.set(STORED_AT, Some(&format!("{name}{asked}")));
    Some(name)
}

/// The request was answered: the next one gets another key, whatever its body.
///
/// A chat is an answer, and so is a refusal of the body. Without a response it is unknown whether the chat was created,
/// and the same holds for responses that ask for another attempt: a server error, an invalid token, a rate limit.
pub fn forget_key(store: &impl Store) {
    store.set(STORED_AT, None);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::draft::memory::Memory;

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
