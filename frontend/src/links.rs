//! Where the links in a message's text are.
//!
//! Only `http`, `https` and `mailto` become links, and everything else stays the text that it is.

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Just text.
    Text(&'a str),
    /// An address that is safe to follow.
    Link(&'a str),
}

const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// Splits a text into links and what is between them; together the pieces are the text.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut done, mut from) = (0, 0);
    while let Some((start, scheme)) = next_scheme(text, from) {
        let end = start + length(&text[start..]);
        let free = text[..start].chars().next_back().is_none_or(|before| !before.is_ascii_alphanumeric());
        if !free || end <= start + scheme.len() {
            from = start + scheme.len();
            continue;
        }
        if done < start {
            pieces.push(Piece::Text(&text[done..start]));
        }
        pieces.push(Piece::Link(&text[start..end]));
        (done, from) = (end, end);
    }
    if done < text.len() {
        pieces.push(Piece::Text(&text[done..]));
    }
    pieces
}

/// The first scheme at or after a position.
fn next_scheme(text: &str, from: usize) -> Option<(usize, &'static str)> {
    // Most messages hold no address, and `:` is what all of them hold.
    text[from..].match_indices(':').find_map(|(colon, _)| {
        let colon = from + colon;
        SCHEMES.into_iter().find_map(|scheme| {
            let start = colon.checked_sub(scheme.find(':')?)?;
            let found = text.get(start..start + scheme.len())?;
            (start >= from && found.eq_ignore_ascii_case(scheme)).then_some((start, scheme))
        })
    })
}

/// How long the address is that a text starts with, without the sentence's punctuation after it.
fn length(text: &str) -> usize {
    let end = text
        .find(|letter: char| letter.is_whitespace() || letter.is_control() || "<>\"`".contains(letter))
        .unwrap_or(text.len());
    let mut address = &text[..end];
    while let Some(last) = address.chars().next_back() {
        let open = |opening, closing| address.matches(closing).count() > address.matches(opening).count();
        let trailing = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '…' | '»' | '”' | '’' | '。' | '，' | '*' | '_' => {
                true
            }
            ')' => open('(', ')'),
            ']' => open('[', ']'),
            '}' => open('{', '}'),
            _ => false,
        };
        if !trailing {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address.len()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{Piece, pieces};

    fn links(text: &str) -> Vec<&str> {
        let all = pieces(text);
        let whole: String = all
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) | Piece::Link(text) => *text,
            })
            .collect();
        assert_eq!(whole, text, "the pieces together are the text");
        all.into_iter()
            .filter_map(|piece| match piece {
                Piece::Link(link) => Some(link),
                Piece::Text(_) => None,
            })
            .collect()
    }

    #[wasm_bindgen_test]
    fn addresses_become_links_without_the_punctuation_around_them() {
        for (text, expected) in [
            ("see https://a.example/x?y=1#z.", vec!["https://a.example/x?y=1#z"]),
            ("(http://a.example/x_(y))", vec!["http://a.example/x_(y)"]),
            (
                "HTTPS://A.EXAMPLE, and mailto:ana@example.org!",
                vec!["HTTPS://A.EXAMPLE", "mailto:ana@example.org"],
            ),
            ("https://a.example\nhttps://b.example", vec!["https://a.example", "https://b.example"]),
            ("https://a.example/é/日本", vec!["https://a.example/é/日本"]),
            ("é:https://a.example", vec!["https://a.example"]),
        ] {
            assert_eq!(links(text), expected, "{text}");
        }
    }

    #[wasm_bindgen_test]
    fn what_is_no_safe_address_stays_text() {
        for text in [
            "",
            "no link",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://",
            "https://.",
            "xhttps://a.example",
            "a: b",
            "::::",
            "é:",
        ] {
            assert!(links(text).is_empty(), "{text}");
        }
    }
}
