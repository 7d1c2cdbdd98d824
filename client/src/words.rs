//! The page's language, and what it says of a close code, a reason and an error.
//!
//! The language is chosen as the page is compiled, so that none carries the words of another.

use causerie_protocol::CloseCode;
use causerie_protocol::error::ErrorCode;
use causerie_protocol::words::{Explanation, Language, english, vietnamese, vietnamese_error};

/// The language of this page.
pub const LANGUAGE: Language =
    if cfg!(feature = "vietnamese") { Language::Vietnamese } else { Language::English };

/// The words of a close code.
pub fn close(code: CloseCode) -> Explanation {
    code.explanation_in(LANGUAGE)
}

/// The words for a server that does not answer, with places for its `host` and `url`.
pub fn unreachable() -> Explanation {
    match LANGUAGE {
        Language::English => english::UNREACHABLE,
        Language::Vietnamese => vietnamese::UNREACHABLE,
    }
}

/// A reason that the server gave in English, or what the page's language says instead.
pub fn reason(code: CloseCode, english: &str) -> String {
    let translate = LANGUAGE != Language::English;
    if english.is_empty() || translate { close(code).why.to_owned() } else { english.to_owned() }
}

/// What is wrong with a request: the server's English sentence, or what the page's language says of its code and field.
pub fn error(code: &ErrorCode, field: Option<&str>, english: String) -> String {
    match LANGUAGE {
        Language::English => english,
        Language::Vietnamese => vietnamese_error::error(code, field).to_owned(),
    }
}
