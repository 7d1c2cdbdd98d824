//! The page's language, and close codes, reasons and errors in it.
//!
//! The language is chosen when the page is compiled, so that no page carries the texts of another language.

use causerie_protocol::CloseCode;
use causerie_protocol::error::ErrorCode;
use causerie_protocol::words::{Explanation, Language, english, vietnamese, vietnamese_error};

pub const LANGUAGE: Language =
    if cfg!(feature = "vietnamese") { Language::Vietnamese } else { Language::English };

pub fn close(code: CloseCode) -> Explanation {
    code.explanation_in(LANGUAGE)
}

/// The explanation for a server that does not answer, with the placeholders `host` and `url`.
pub fn unreachable() -> Explanation {
    match LANGUAGE {
        Language::English => english::UNREACHABLE,
        Language::Vietnamese => vietnamese::UNREACHABLE,
    }
}

/// The server's English reason, or in another language the explanation of the code.
pub fn reason(code: CloseCode, english: &str) -> String {
    let translate = LANGUAGE != Language::English;
    if english.is_empty() || translate { close(code).why.to_owned() } else { english.to_owned() }
}

/// What is wrong with a request: the server's English sentence, or in another language that of its code and field.
pub fn error(code: &ErrorCode, field: Option<&str>, english: String) -> String {
    match LANGUAGE {
        Language::English => english,
        Language::Vietnamese => vietnamese_error::error(code, field).to_owned(),
    }
}
