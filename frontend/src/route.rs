//! The page's address: `/` is the list, `/chats/7` a chat, below the document's base.

use causerie_protocol::{ChatId, paths};
use wasm_bindgen::JsValue;

use causerie_web::window;

/// Marks an entry of the browser's history that was reached from the list, so that "back" leads there.
const FROM_LIST: &str = "from-list";

pub fn path(chat: Option<ChatId>) -> String {
    let base = causerie_web::base();
    chat.map_or_else(|| format!("{base}/"), |chat| format!("{base}/chats/{chat}"))
}

pub fn parse(address: &str) -> Option<ChatId> {
    let path = address.split(['?', '#']).next()?.strip_prefix(&*causerie_web::base())?;
    path.strip_prefix("/chats/")?.trim_end_matches('/').parse().ok()
}

pub fn current() -> Option<ChatId> {
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
    use causerie_protocol::ChatId;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{parse, path};

    #[wasm_bindgen_test]
    fn a_path_names_a_chat_or_the_list() {
        let base = causerie_web::base();
        for chat in [None, Some(ChatId(7))] {
            assert_eq!(parse(&path(chat)), chat, "{base:?}");
        }
        for same in ["/chats/7/", "/chats/7?", "/chats/7#x"] {
            assert_eq!(parse(&format!("{base}{same}")), Some(ChatId(7)), "{same}");
        }
        for other in ["/", "/chats/", "/chats/x", "/chats/7/more", "/other"] {
            assert_eq!(parse(&format!("{base}{other}")), None, "{other}");
        }
        assert_eq!(parse("https://elsewhere.example/chats/7"), None);
    }
}
