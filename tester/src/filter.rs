//! Which lines of a record are shown.

use crate::frame::{Direction, Frame};

/// The conditions for a line; `None` and empty ones let everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub direction: Option<Direction>,
    pub kind: Option<String>,
    /// Words that must all occur in its payload or type, in any case.
    words: Vec<String>,
}

impl Filter {
    pub fn new(direction: Option<Direction>, kind: Option<String>, text: &str) -> Self {
        Self { direction, kind, words: words(text) }
    }

    pub fn passes(&self, frame: &Frame) -> bool {
        self.direction.is_none_or(|direction| direction == frame.direction)
            && self.kind.as_ref().is_none_or(|kind| *kind == frame.kind)
            && (self.words.is_empty() || {
                let text = frame.text.to_lowercase();
                self.words.iter().all(|word| text.contains(word) || frame.kind.contains(word))
            })
    }
}

/// The words of a search, in lower case.
pub fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    pub text: &'a str,
    /// Whether it matches a word of the search.
    pub found: bool,
}

/// Splits a text around the words of a search, so that they can be highlighted.
pub fn pieces<'a>(text: &'a str, words: &[String]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let found = words.iter().filter_map(|word| prefix_len(rest, word)).max();
        if let Some(length) = found {
            if start < at {
                pieces.push(Piece { text: &text[start..at], found: false });
            }
            pieces.push(Piece { text: &text[at..at + length], found: true });
            at += length;
            start = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    if start < text.len() {
        pieces.push(Piece { text: &text[start..], found: false });
    }
    pieces
}

/// The length of the text's prefix that in lower case is this word, if there is one.
fn prefix_len(text: &str, word: &str) -> Option<usize> {
    let mut rest = word;
    for (at, character) in text.char_indices() {
        if rest.is_empty() {
            return Some(at);
        }
        for lower in character.to_lowercase() {
            rest = rest.strip_prefix(lower)?;
        }
    }
    (rest.is_empty() && !word.is_empty()).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(direction: Direction, kind: &str, text: &str) -> Frame {
        let (kind, text) = (kind.to_owned(), text.to_owned());
        Frame { number: 0, at: 0.0, direction, kind, size: text.len(), text }
    }

    #[test]
    fn each_part_of_a_filter_narrows() {
        let frame = frame(Direction::Sent, "message", r#"{"type":"message","text":"Grüße aus Đà Nẵng"}"#);
        for (direction, kind, text, passes) in [
            (None, None, "", true),
            (Some(Direction::Sent), Some("message"), "GRÜSSE", false),
            (Some(Direction::Sent), Some("message"), "grüße NẴNG", true),
            (None, None, "đà mess", true),
            (Some(Direction::Received), None, "", false),
            (None, Some("ack"), "", false),
            (None, None, "grüße Hanoi", false),
        ] {
            let filter = Filter::new(direction, kind.map(str::to_owned), text);
            assert_eq!(filter.passes(&frame), passes, "{filter:?}");
        }
    }

    #[test]
    fn found_words_are_cut_out_and_nothing_is_lost() {
        let text = "Đà Nẵng, đà nẵng";
        let pieces = pieces(text, &words("NẴNG"));
        let found: Vec<_> = pieces.iter().filter(|piece| piece.found).map(|piece| piece.text).collect();
        assert_eq!(found, ["Nẵng", "nẵng"]);
        assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), text);
        assert_eq!(super::pieces("abc", &[]), [Piece { text: "abc", found: false }]);
        assert_eq!(super::pieces("", &words("x")), []);
        assert_eq!(super::pieces("xx", &words("x")).len(), 2);
    }
}
