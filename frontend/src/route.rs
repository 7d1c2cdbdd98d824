//! The page's address: `/` is the list, `/chats/7` a chat, `/chats/7/57` the message at a position in it, below the
//! document's base.

use causerie_protocol::{ChatId, Seq, paths};
use wasm_bindgen::JsValue;

use causerie_web::window;

/// Marks an entry of the browser's history that was reached from the list, so that "back" leads there.
const FROM_LIST: &str = "from-list";

pub fn path(chat: Option<ChatId>) -> String {
    let base = causerie_web::base();
    chat.map_or_else(|| format!("{base}/"), |chat| format!("{base}/chats/{chat}"))
}

/// The address of a message.
pub fn message_path(chat: ChatId, seq: Seq) -> String {
    format!("{}/{seq}", path(Some(chat)))
}

/// The chat in an address, and the position in it.
pub fn parse(address: &str) -> Option<(ChatId, Option<Seq>)> {
    let path = address.split(['?', '#']).next()?.strip_prefix(&*causerie_web::base())?;
    let path = path.strip_prefix("/chats/")?.trim_end_matches('/');
    match path.split_once('/') {
        Some((chat, seq)) => Some((chat.parse().ok()?, Some(seq.parse().ok()?))),
        None => Some((path.parse().ok()?, None)),
    }
}

pub fn current() -> Option<ChatId> {
    current_place().map(|(chat, _)| chat)
}

/// As [`current`], with the position.
pub fn current_place() -> Option<(ChatId, Option<Seq>)> {
    parse(&window().location().href().ok()?)
}

/// A link that somebody was given: its secret stands behind the `#`, which no server sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// To make an account.
    Join(String),
    /// To set a new password.
    Reset(String),
    /// To confirm a new e-mail address.
    Email(String),
}

/// The link that the page was opened by, until [`replace`] takes it away.
pub fn link() -> Option<Link> {
    let hash = window().location().hash().ok()?;
    let hash = hash.strip_prefix('#')?;
    if let Some(secret) = hash.strip_prefix(paths::JOIN) {
        return Some(Link::Join(secret.to_owned()));
    }
    if let Some(secret) = hash.strip_prefix(paths::RESET_BY) {
        return Some(Link::Reset(secret.to_owned()));
    }
    hash.strip_prefix(paths::EMAIL_BY).map(|secret| Link::Email(secret.to_owned()))
}

/// Changes the address and adds an entry to the browser's history.
pub fn go(from: Option<ChatId>, to: Option<ChatId>) {
    if from == to {
        return;
    }
    let state = if from.is_none() { JsValue::from_str(FROM_LIST) } else { JsValue::NULL };
    if let Ok(history) = window().history() {
        // It fails only when called hundreds of times a second.
        let _ = history.push_state_with_url(&state, "", Some(&path(to)));
    }
}

/// Changes the address to that of a message and adds an entry to the browser's history. Of the message that led there the
/// entry before gets the address, so that "back" leads to it again.
pub fn go_to_message(chat: ChatId, from: Option<Seq>, to: Seq) {
    if let Ok(history) = window().history() {
        if let Some(from) = from {
            let state = history.state().unwrap_or(JsValue::NULL);
            let _ = history.replace_state_with_url(&state, "", Some(&message_path(chat, from)));
        }
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&message_path(chat, to)));
    }
}

/// Changes the address without a new entry in the browser's history.
pub fn replace(to: Option<ChatId>) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path(to)));
    }
}

/// Goes back to the list; returns whether the browser's history does it, which then sends `popstate`.
#[must_use]
pub fn back() -> bool {
    if let Ok(history) = window().history()
        && history.state().is_ok_and(|state| state.as_string().as_deref() == Some(FROM_LIST))
    {
        return history.back().is_ok();
    }
    replace(None);
    false
}

#[cfg(test)]
mod tests {
    use causerie_protocol::{ChatId, Seq};
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{message_path, parse, path};

    #[wasm_bindgen_test]
    fn a_path_names_a_chat_a_message_or_the_list() {
        let base = causerie_web::base();
        for chat in [None, Some(ChatId(7))] {
            assert_eq!(parse(&path(chat)), chat.map(|chat| (chat, None)), "{base:?}");
        }
        for same in ["/chats/7/", "/chats/7?", "/chats/7#x"] {
            assert_eq!(parse(&format!("{base}{same}")), Some((ChatId(7), None)), "{same}");
        }
        for other in ["/", "/chats/", "/chats/x", "/chats/7/more", "/chats/7/5/7", "/chats/7/-5", "/other"] {
            assert_eq!(parse(&format!("{base}{other}")), None, "{other}");
        }
        let message = Some((ChatId(7), Some(Seq(57))));
        assert_eq!(parse(&message_path(ChatId(7), Seq(57))), message);
        assert_eq!(parse(&format!("{base}/chats/7/57/")), message);
        assert_eq!(parse("https://elsewhere.example/chats/7"), None);
    }
}
