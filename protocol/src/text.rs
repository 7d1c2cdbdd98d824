//! Texts that people write, validated once where they enter.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;
use crate::visible::{is_blank, is_one_line};

/// Why a text was refused; it never has the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing that can be seen: white space, characters that are never shown, or nothing at all.
    #[error("the text is blank")]
    Blank,
    /// A line break or another control character, in what is one line.
    #[error("the text has line breaks or control characters")]
    NotOneLine,
    /// More than the allowed number of bytes of UTF-8.
    #[error("the text is too long: {bytes} bytes, at most {max}")]
    TooLong {
        /// How long it is, in bytes.
        bytes: usize,
        /// How long it may be, in bytes.
        max: usize,
    },
}

/// The sentence for a chat's title that was refused.
#[must_use]
pub fn title_detail(error: TextError) -> String {
    detail("title", error)
}

/// The sentence for a person's name that was refused.
#[must_use]
pub fn name_detail(error: TextError) -> String {
    detail("name", error)
}

fn detail(what: &str, error: TextError) -> String {
    match error {
        TextError::Blank => format!("The {what} shows nothing: write something that can be seen."),
        TextError::NotOneLine => {
            format!("The {what} must be one line: leave out line breaks and control characters.")
        }
        TextError::TooLong { bytes, max } => {
            format!("The {what} is {bytes} bytes long and may be {max}: shorten it.")
        }
    }
}

/// How many lines a text may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Any,
}

fn check(text: &str, max: usize, lines: Lines) -> Result<(), TextError> {
    if text.len() > max {
        return Err(TextError::TooLong { bytes: text.len(), max });
    }
    if is_blank(text) {
        return Err(TextError::Blank);
    }
    if lines == Lines::One && !is_one_line(text) {
        return Err(TextError::NotOneLine);
    }
    Ok(())
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $max:expr, $lines:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a text, unchanged.
            ///
            /// # Errors
            /// [`TextError`] says what is wrong with it.
            pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
                let text = text.into();
                check(&text, $max, $lines)?;
                Ok(Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, given away.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

checked_text! {
    /// What a message says: not blank, at most [`limits::TEXT_BYTES`], otherwise any Unicode, kept as it is.
    MessageText, limits::TEXT_BYTES, Lines::Any
}
checked_text! {
    /// The title of a group chat: one line, not blank, at most [`limits::TITLE_BYTES`].
    ChatTitle, limits::TITLE_BYTES, Lines::One
}
checked_text! {
    /// The name of a user: one line, not blank, at most [`limits::NAME_BYTES`].
    PersonName, limits::NAME_BYTES, Lines::One
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_and_long_texts_are_refused_and_others_kept_as_they_are() {
        assert_eq!(MessageText::new(""), Err(TextError::Blank));
        assert_eq!(MessageText::new(" \n\t\u{3000}"), Err(TextError::Blank));
        let max = limits::TEXT_BYTES;
        assert!(MessageText::new("x".repeat(max)).is_ok());
        assert_eq!(MessageText::new("x".repeat(max + 1)), Err(TextError::TooLong { bytes: max + 1, max }));
        let odd = "  <b>مرحبا</b> e\u{301} 👩‍👩‍👧 \u{202e}abc ";
        assert_eq!(MessageText::new(odd).unwrap().as_str(), odd);
    }

    #[test]
    fn what_shows_nothing_is_blank_in_a_message_a_title_and_a_name() {
        for blank in
            ["\u{200b}", "\u{3164}", "\u{2800}\u{2800}", " \u{feff}\n", "\u{e0041}\u{e007f}", "\u{ad}"]
        {
            assert_eq!(MessageText::new(blank), Err(TextError::Blank), "{blank:?}");
            assert_eq!(ChatTitle::new(blank), Err(TextError::Blank), "{blank:?}");
            assert_eq!(PersonName::new(blank), Err(TextError::Blank), "{blank:?}");
        }
    }

    #[test]
    fn titles_and_names_are_one_line_and_messages_are_not() {
        for lines in ["a\nb", "a\rb", "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "a\u{b}b", "a\tb", "a\0b"] {
            assert_eq!(ChatTitle::new(lines), Err(TextError::NotOneLine), "{lines:?}");
            assert_eq!(PersonName::new(lines), Err(TextError::NotOneLine), "{lines:?}");
            assert_eq!(MessageText::new(lines).unwrap().as_str(), lines);
        }
        let family = "Nhà 👨‍👩‍👧 می‌خواهم ❤\u{fe0f}";
        assert_eq!(ChatTitle::new(family).unwrap().as_str(), family);
    }
}
