//! Passwords as they are hashed: RFC 8265's profile OpaqueString (section 4.2), so that the same keys give the same
//! password on every device.
//!
//! The profile maps every space to U+0020 and composes letters (NFC). It maps neither case nor width.

use std::borrow::Cow;

use causerie_protocol::{limits, visible};
use icu_normalizer::ComposingNormalizer;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, JoinControl, VariationSelector};
use icu_properties::{CodePointMapData, CodePointSetData};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPassword {
    #[error("The password must have at least {} characters.", limits::PASSWORD_MIN_CHARS)]
    TooShort,
    #[error("The password may have at most {} bytes.", limits::PASSWORD_MAX_BYTES)]
    TooLong,
    /// A character can't be seen, or can't be typed on every device.
    #[error("The password has a character that can't be seen, or that not every device has: leave it out.")]
    Unusable,
}

pub(crate) fn prepare(password: &str) -> Cow<'_, str> {
    if password.is_ascii() {
        return Cow::Borrowed(password);
    }
    let spaces = |char: char| category(char) == GeneralCategory::SpaceSeparator && char != ' ';
    let mapped: Cow<'_, str> =
        if password.contains(spaces) { password.replace(spaces, " ").into() } else { password.into() };
    let composed = match ComposingNormalizer::new_nfc().normalize(&mapped) {
        Cow::Owned(composed) => Some(composed),
        Cow::Borrowed(_) => None,
    };
    composed.map_or(mapped, Cow::Owned)
}

/// Checks a new password.
pub(crate) fn check(password: &str) -> Result<(), BadPassword> {
    let prepared = prepare(password);
    if prepared.chars().any(is_unusable) {
        return Err(BadPassword::Unusable);
    }
    if prepared.chars().count() < limits::PASSWORD_MIN_CHARS {
        return Err(BadPassword::TooShort);
    }
    if prepared.len() > limits::PASSWORD_MAX_BYTES {
        return Err(BadPassword::TooLong);
    }
    Ok(())
}

/// Whether an account may have this password; a longer one need not be hashed.
pub(crate) fn is_possible(password: &str) -> bool {
    password.len() <= limits::PASSWORD_MAX_BYTES || prepare(password).len() <= limits::PASSWORD_MAX_BYTES
}

/// What the profile's FreeformClass (RFC 8264, section 4.3) disallows: control, format and private characters, those that
/// are not assigned, and those that are never shown.
///
/// Joiners and variation selectors are allowed here, since keyboards write them by themselves in Persian, in Indic scripts
/// and in emoji. Old Hangul letters are allowed too.
fn is_unusable(char: char) -> bool {
    let typed = CodePointSetData::new::<JoinControl>().contains(char)
        || CodePointSetData::new::<VariationSelector>().contains(char);
    let category = category(char);
    !typed
        && (GeneralCategoryGroup::Other.contains(category)
            || matches!(category, GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator)
            || visible::is_default_ignorable(char))
}

fn category(char: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_keys_give_the_same_password() {
        for (typed, prepared) in [
            ("correct horse", "correct horse"),
            ("Nguye\u{302}\u{303}n Va\u{306}n", "Nguyễn Văn"),
            ("Nguyễn\u{a0}Văn", "Nguyễn Văn"),
            ("a\u{3000}b\u{2009}c\u{1680}d", "a b c d"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("\u{212b}ngström", "Ångström"),
            // Neither case nor width is mapped (RFC 8265, section 4.2.2).
            ("π", "π"),
            ("Ｐａｓｓ", "Ｐａｓｓ"),
            ("ﬁ", "ﬁ"),
        ] {
            assert_eq!(prepare(typed), prepared);
            assert_eq!(prepare(&prepare(typed)), prepared, "again");
        }
    }

    #[test]
    fn length_counts_after_preparation() {
        assert_eq!(check("e\u{301}e\u{301}e\u{301}e\u{301}"), Err(BadPassword::TooShort), "four letters");
        assert_eq!(check(&"é".repeat(8)), Ok(()));
        assert_eq!(check("1234567"), Err(BadPassword::TooShort));
        assert_eq!(check(&"x".repeat(1025)), Err(BadPassword::TooLong));
        // Decomposed it is half as long again.
        let long = "e\u{301}".repeat(512);
        assert_eq!(check(&long), Ok(()));
        assert!(is_possible(&long) && !is_possible(&"x".repeat(1025)));
    }

    #[test]
    fn what_nobody_can_type_again_is_refused_and_what_keyboards_write_is_not() {
        for bad in [
            "\0", "\u{7}", "\t", "\u{ad}", "\u{200b}", "\u{202e}", "\u{2028}", "\u{3164}", "\u{feff}",
            "\u{e000}", "\u{378}",
        ] {
            assert_eq!(check(&format!("correct{bad}horse")), Err(BadPassword::Unusable), "{bad:?}");
        }
        for good in ["👨‍👩‍👧 family", "I❤\u{fe0f}passwords", "می‌خواهم بروم", "𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡", "   eight   "]
        {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
    }
}
