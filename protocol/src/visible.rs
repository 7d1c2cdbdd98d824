//! Which characters show nothing, by the properties that Unicode gives them.
//!
//! The page checks what a person types by the same rule as the server, so the properties are here as ranges, which are
//! some hundred bytes of the page; a test compares them with Unicode's own data.

/// `Default_Ignorable_Code_Point` (Unicode, section 5.21): what is not shown where nothing else supports it, such as
/// joiners, fillers, variation selectors and tags. Characters to come are in it too, in the last ranges.
const DEFAULT_IGNORABLE: [(u32, u32); 17] = [
    (0x00ad, 0x00ad),
    (0x034f, 0x034f),
    (0x061c, 0x061c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x202a, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfff8),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
];

/// Signs without ink that are neither white space nor ignorable, which no property says: the pattern of Braille
/// without dots, marks around annotations, the Khitan filler, blank hieroglyphs and a note without a head.
const BLANK_SIGNS: [(u32, u32); 5] =
    [(0x2800, 0x2800), (0xfff9, 0xfffb), (0x16fe4, 0x16fe4), (0x13441, 0x13442), (0x1d159, 0x1d159)];

/// Whether a character is one that Unicode's `Default_Ignorable_Code_Point` names.
#[must_use]
pub fn is_default_ignorable(char: char) -> bool {
    is_in(char, &DEFAULT_IGNORABLE)
}

/// Whether a character alone shows nothing.
///
/// Control characters do show: as a visible sign (CSS Text 3, section 3), in so far as they are no white space.
#[must_use]
pub fn is_invisible(char: char) -> bool {
    char.is_whitespace() || is_default_ignorable(char) || is_in(char, &BLANK_SIGNS)
}

/// Whether a text shows nothing at all.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Whether a text is one line: it has neither control characters, tabs and line feeds among them, nor the separators of
/// lines and paragraphs (Unicode, section 5.8).
#[must_use]
pub fn is_one_line(text: &str) -> bool {
    !text.contains(|char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}'))
}

fn is_in(char: char, ranges: &[(u32, u32)]) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(char)))
}

#[cfg(test)]
mod tests {
    use icu_properties::CodePointSetData;
    use icu_properties::props::{DefaultIgnorableCodePoint, WhiteSpace};

    use super::*;

    #[test]
    fn the_ranges_are_those_of_unicode() {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let white = CodePointSetData::new::<WhiteSpace>();
        for char in '\0'..=char::MAX {
            assert_eq!(is_default_ignorable(char), ignorable.contains(char), "{char:?}");
            assert_eq!(char.is_whitespace(), white.contains(char), "{char:?}");
        }
    }

    #[test]
    fn a_text_with_a_visible_character_is_not_blank() {
        for shown in [
            "a",
            "\u{200b}a",
            "👩\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "\u{301}",
            "مي\u{200c}خ",
            "\u{2801}",
            "한",
            "\u{1100}\u{1160}",
            "\u{1820}\u{180e}",
            "\u{1}",
            "\0",
            "\u{e000}",
            "\u{fffd}",
        ] {
            assert!(!is_blank(shown), "{shown:?}");
        }
    }

    #[test]
    fn a_text_without_a_visible_character_is_blank() {
        for blank in [
            "",
            " \t\n",
            "\u{a0}\u{3000}\u{1680}\u{2028}",
            "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}",
            "\u{3164}\u{115f}\u{1160}\u{ffa0}",
            "\u{2800}",
            "\u{180e}\u{180b}",
            "\u{ad}\u{34f}\u{61c}",
            "\u{202e}\u{2066}\u{2069}",
            "\u{fe0f}\u{e0100}",
            "\u{e0001}\u{e007f}",
            "\u{17b4}",
            "\u{1d173}\u{1d159}",
            "\u{2065}\u{fff0}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
    }
}
