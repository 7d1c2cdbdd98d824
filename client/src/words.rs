//! Close codes, reasons and errors in the page's language.

use causerie_protocol::CloseCode;
use causerie_protocol::error::ErrorCode;
use causerie_texts::{Explanation, Finding, LANGUAGE, close as closes, problem};

pub fn close(code: CloseCode) -> Explanation {
    closes::explanation(code, LANGUAGE)
}

/// The explanation for a server that does not answer, with the placeholders `host` and `url`.
pub fn unreachable() -> Explanation {
    // Constant, so that the page carries this one alone.
    const { Finding::Unreachable.explanation(LANGUAGE) }
}

pub fn reason(code: CloseCode, english: &str) -> String {
    closes::reason(code, english, LANGUAGE)
}

pub fn error(code: &ErrorCode, field: Option<&str>, english: String) -> String {
    problem::problem(code, field, english, LANGUAGE)
}
