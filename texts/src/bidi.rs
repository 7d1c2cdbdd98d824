//! Other people's text inside a sentence, isolated so that it does not change the direction of the text around it.
//!
//! A name in Hebrew, or one with U+202E, pulls the punctuation, times and names around it into its own writing
//! direction (Unicode Standard Annex #9). Markup has `bdi` against that, and plain text has isolates.

/// First strong isolate: the text after it has the direction of its own first letter.
const ISOLATE: char = '\u{2068}';
/// Pop directional isolate: the end of an isolate.
const POP: char = '\u{2069}';

/// Whether a character starts or ends an embedding, an override or an isolate.
fn is_explicit(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text has right-to-left letters or direction controls, and so would change the text around it.
pub fn turns(text: &str) -> bool {
    let turns = |letter| {
        is_explicit(letter)
            || matches!(letter, '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
                | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    text.contains(turns)
}

/// A text as one line without explicit direction controls, which could end an isolate around it, and without control
/// characters, which a terminal would obey.
///
/// For an element that isolates its content; for a sentence there is [`isolated`].
pub fn contained(text: &str) -> String {
    let shown = text.chars().filter(|letter| !is_explicit(*letter));
    shown.map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A text that is safe in a sentence: contained, and between isolates when it would change the text around it.
pub fn isolated(text: &str) -> String {
    let contained = contained(text);
    if turns(text) { format!("{ISOLATE}{contained}{POP}") } else { contained }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_changes_direction_is_isolated_and_can_not_end_its_isolate() {
        for (text, expected) in [
            ("Ada", "Ada"),
            ("Nguyễn Văn An", "Nguyễn Văn An"),
            ("王小明", "王小明"),
            ("", ""),
            ("שלום", "\u{2068}שלום\u{2069}"),
            ("مرحبا (1)", "\u{2068}مرحبا (1)\u{2069}"),
            ("a\u{202e}b", "\u{2068}ab\u{2069}"),
            ("a\u{2069}\u{202e}b", "\u{2068}ab\u{2069}"),
            ("\u{2067}\u{2067}a", "\u{2068}a\u{2069}"),
            ("\u{200f}!", "\u{2068}\u{200f}!\u{2069}"),
            ("𞤀𞤣", "\u{2068}𞤀𞤣\u{2069}"),
        ] {
            assert_eq!(isolated(text), expected, "{text:?}");
        }
    }

    #[test]
    fn control_characters_are_removed() {
        assert_eq!(isolated("a\u{1b}[2Jb\r\nc\u{9b}d"), "a [2Jb  c d");
    }
}
