//! Short codes in a text that is being typed.

/// Fewest letters of a short code that are completed.
const BEGUN_LETTERS: usize = 2;
/// Longest short code that is looked for.
const CODE_LETTERS: usize = 60;

/// What stands before the caret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed<'a> {
    /// A colon and the beginning of a short code: `:sm`.
    Begun(&'a str),
    /// A short code between colons: `:smile:`.
    Closed(&'a str),
}

impl<'a> Typed<'a> {
    /// The end of the text before the caret, if it is a short code. A colon within a word or a number begins none.
    #[must_use]
    pub fn before_caret(text: &'a str) -> Option<Self> {
        let (rest, closed) = text.strip_suffix(':').map_or((text, false), |rest| (rest, true));
        let is_code = |letter: char| letter.is_ascii_alphanumeric() || "_+-".contains(letter);
        let code_at = rest.trim_end_matches(is_code).len();
        let (before, code) = rest.split_at(code_at);
        let before = before.strip_suffix(':')?;
        let is_apart =
            before.chars().next_back().is_none_or(|letter| !letter.is_alphanumeric() && letter != ':');
        if !is_apart || code.len() > CODE_LETTERS {
            return None;
        }
        match (closed, code.len()) {
            (true, 1..) => Some(Self::Closed(code)),
            (false, BEGUN_LETTERS..) => Some(Self::Begun(code)),
            _ => None,
        }
    }

    /// How many bytes, and UTF-16 units, it has with its colons.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Begun(code) => code.len() + 1,
            Self::Closed(code) => code.len() + 2,
        }
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_code_begins_after_a_colon_that_stands_apart() {
        for (text, typed) in [
            (":sm", Some(Typed::Begun("sm"))),
            ("Tea :sm", Some(Typed::Begun("sm"))),
            ("Tea (:+1", Some(Typed::Begun("+1"))),
            ("Tea :smile:", Some(Typed::Closed("smile"))),
            ("\u{1f604}:x:", Some(Typed::Closed("x"))),
            (":s", None),
            (":", None),
            ("::", None),
            ("::sm", None),
            ("at 12:30", None),
            ("https://a.example:8080", None),
            ("a:smile:", None),
            (":two words", None),
            ("", None),
        ] {
            assert_eq!(Typed::before_caret(text), typed, "{text:?}");
        }
        let long = format!(":{}", "a".repeat(100_000));
        assert_eq!(Typed::before_caret(&long), None);
        assert_eq!((Typed::Begun("sm").len(), Typed::Closed("sm").len()), (3, 4));
    }
}
