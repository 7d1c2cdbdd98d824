//! Texts that people write, checked once at the edge.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;

/// Why a text was refused; never holds the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space, or nothing at all.
    #[error("the text is blank")]
    Blank,
    /// More than the allowed number of bytes of UTF-8.
    #[error("the text is too long: {bytes} bytes, at most {max}")]
    TooLong {
        /// How long it is, in bytes.
        bytes: usize,
        /// How long it may be, in bytes.
        max: usize,
    },
}

fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.len() > max {
        return Err(TextError::TooLong { bytes: text.len(), max });
    }
    if text.trim().is_empty() {
        return Err(TextError::Blank);
    }
    Ok(())
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a text, unchanged.
            ///
            /// # Errors
            /// [`TextError`] when it is blank or too long.
            pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
                let text = text.into();
                check(&text, $max)?;
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
    MessageText, limits::TEXT_BYTES
}
checked_text! {
    /// The title of a group chat: not blank, at most [`limits::TITLE_BYTES`].
    ChatTitle, limits::TITLE_BYTES
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
}
