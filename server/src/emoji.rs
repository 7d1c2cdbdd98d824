//! What counts as one emoji, by Unicode's list.

use std::fmt;

use causerie_protocol::limits;

/// One emoji of Unicode's list, fully qualified.
///
/// U+FE0F (variation selector-16) is not told from its absence: with and without it is one emoji (UTS #51, section 1.4.2).
/// Skin tones are emoji of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emoji(&'static str);

impl Emoji {
    /// `None`: the text is no emoji, or more than one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > limits::EMOJI_BYTES {
            return None;
        }
        let bare: String = text.chars().filter(|letter| *letter != VARIATION_SELECTOR_16).collect();
        emojis::get(text).or_else(|| emojis::get(&bare)).map(|emoji| Self(emoji.as_str()))
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

const VARIATION_SELECTOR_16: char = '\u{fe0f}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_the_variation_selector_is_one_emoji() {
        for (text, same) in [
            ("\u{2764}", "\u{2764}\u{fe0f}"),
            ("\u{1f44d}", "\u{1f44d}\u{fe0f}"),
            ("1\u{20e3}", "1\u{fe0f}\u{20e3}"),
        ] {
            assert!(Emoji::parse(text).is_some(), "{text}");
            assert_eq!(Emoji::parse(text), Emoji::parse(same), "{text}");
        }
        assert_eq!(Emoji::parse("\u{2764}").unwrap().as_str(), "\u{2764}\u{fe0f}");
    }

    #[test]
    fn whatever_the_page_offers_is_one_in_this_very_form() {
        for emoji in causerie_emoji::all() {
            for tone in 0..=causerie_emoji::TONES {
                let text = emoji.with_tone(tone);
                assert_eq!(Emoji::parse(&text).map(Emoji::as_str), Some(&*text));
            }
        }
    }

    #[test]
    fn a_skin_tone_makes_another_emoji() {
        let (plain, dark) = (Emoji::parse("\u{1f44d}").unwrap(), Emoji::parse("\u{1f44d}\u{1f3ff}").unwrap());
        assert_ne!(plain, dark);
    }

    #[test]
    fn what_is_not_one_emoji_is_refused() {
        let many = "\u{1f44d}".repeat(40);
        for text in [
            "",
            "a",
            "1",
            "#",
            "\u{fe0f}",
            "\u{1f44d}\u{1f44d}",
            "\u{1f44d} ",
            "\u{200d}",
            "\u{1f3ff}x",
            "tada",
            many.as_str(),
        ] {
            assert_eq!(Emoji::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_longest_emoji_of_the_list_is_within_the_limit() {
        assert!(emojis::iter().all(|emoji| emoji.as_str().len() <= limits::EMOJI_BYTES));
    }
}
