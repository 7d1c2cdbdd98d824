//! E-mail addresses: what may be one, and which of them are the same.
//!
//! Decided here by Unicode's own data and not by a database: what SQLite's and Postgres' `lower` do to a letter depends
//! on the program, on the locale and on its version.

use std::borrow::Cow;

use causerie_protocol::{limits, visible};
use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EmailError {
    #[error("The e-mail address may have at most {} bytes.", limits::EMAIL_BYTES)]
    TooLong,
    /// The `@` or one of the parts around it is missing, or there is white space in it.
    #[error("This is not an e-mail address: write one such as name@example.org.")]
    NotAnAddress,
    /// With invisible characters, two addresses that look the same would be two accounts.
    #[error("The e-mail address has a character that can't be seen: type the address instead of pasting it.")]
    Invisible,
}

/// The address of a new account as it is stored: without white space around it, and in Unicode's composed form (NFC), as
/// RFC 6532, section 3.1 recommends. Only a mail could tell whether mail reaches it.
pub(crate) fn parse(text: &str) -> Result<String, EmailError> {
    let text = compose(text.trim());
    if text.len() > limits::EMAIL_BYTES {
        return Err(EmailError::TooLong);
    }
    let whole = text
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    if !whole || text.chars().any(char::is_whitespace) {
        return Err(EmailError::NotAnAddress);
    }
    if text.chars().any(is_unseen) {
        return Err(EmailError::Invisible);
    }
    Ok(text.into_owned())
}

/// The name of somebody who gave none: what stands before the `@`, as much of it as a name may have.
#[must_use]
pub(crate) fn name_of(email: &str) -> &str {
    let local = email.split('@').next().unwrap_or(email);
    &local[..local.floor_char_boundary(limits::NAME_BYTES)]
}

/// A key that is equal for all spellings of one address, and differs for others: canonical caseless matching (Unicode, section 3.13,
/// definition D145), the same in every place and for ever, since Unicode never changes how an assigned letter is folded.
#[must_use]
pub(crate) fn key(email: &str) -> String {
    if email.is_ascii() {
        return email.to_ascii_lowercase();
    }
    let decomposed = DecomposingNormalizer::new_nfd().normalize(email);
    compose(&CaseMapper::new().fold_string(&decomposed)).into_owned()
}

/// Whether an account may have this address, also one that was made before [`parse`] was as strict as it is.
#[must_use]
pub(crate) fn is_possible(email: &str) -> bool {
    !email.contains('\0')
        && (email.len() <= limits::EMAIL_BYTES || compose(email).len() <= limits::EMAIL_BYTES)
}

fn compose(text: &str) -> Cow<'_, str> {
    ComposingNormalizer::new_nfc().normalize(text)
}

/// Format, control and private characters, those that Unicode has not assigned (whose form may yet change), and whatever
/// else shows nothing.
fn is_unseen(char: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(char);
    GeneralCategoryGroup::Other.contains(category) || visible::is_invisible(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_composed() {
        assert_eq!(parse(" ana@example.org\n").unwrap(), "ana@example.org");
        assert_eq!(parse("ünal+chat@example.org").unwrap(), "ünal+chat@example.org");
        assert_eq!(parse("nguye\u{302}\u{303}n@example.org").unwrap(), "nguy\u{1ec5}n@example.org");
        assert_eq!(parse("用户@例え.jp").unwrap(), "用户@例え.jp");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in
            ["", "ana", "@example.org", "ana@", "a@b@c", "a b@example.org", "a\u{a0}b@c", "a\u{2028}@b"]
        {
            assert_eq!(parse(bad), Err(EmailError::NotAnAddress), "{bad:?}");
        }
        let long = format!("{}@example.org", "x".repeat(250));
        assert_eq!(parse(&long), Err(EmailError::TooLong));
    }

    #[test]
    fn what_cannot_be_seen_is_in_no_address() {
        for unseen in [
            '\0',
            '\u{7}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fffb}',
            '\u{600}',
            '\u{e000}',
            '\u{378}',
            '\u{ffff}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            for email in [format!("a{unseen}na@example.org"), format!("ana@exam{unseen}ple.org")] {
                assert_eq!(parse(&email), Err(EmailError::Invisible), "{email:?}");
            }
        }
        // At its ends a byte order mark is no white space, so it is not taken away silently.
        assert_eq!(parse("\u{feff}ana@example.org"), Err(EmailError::Invisible));
    }

    #[test]
    fn an_address_is_the_same_whatever_its_case_and_form() {
        for (one, other) in [
            ("ANA@Example.ORG", "ana@example.org"),
            ("INFO@example.org", "info@example.org"),
            ("Élan@example.org", "élan@example.org"),
            ("E\u{301}lan@example.org", "élan@example.org"),
            ("NGUYỄN@example.org", "nguye\u{302}\u{303}n@example.org"),
            ("ĐỨC@example.org", "đức@example.org"),
            ("ΟΔΟΣ@example.org", "οδος@example.org"),
            ("STRASSE@example.org", "straße@example.org"),
            ("\u{1e9e}@example.org", "ß@example.org"),
            ("\u{212a}im@example.org", "kim@example.org"),
            ("İZMİR@example.org", "i\u{307}zmi\u{307}r@example.org"),
            ("ПОЧТА@пример.рф", "почта@пример.рф"),
            ("\u{1fb3}@example.org", "ΑΙ@example.org"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
            assert_eq!(key(&key(one)), key(one), "{one}");
        }
        for (one, other) in [
            ("info@example.org", "ınfo@example.org"),
            ("elan@example.org", "élan@example.org"),
            ("duc@example.org", "đuc@example.org"),
        ] {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
    }
}
