//! Explanations for a person: what happened, the usual cause, and what to do, in every language.
//!
//! [`CloseCode::explanation`](crate::CloseCode::explanation) and
//! [`Finding::explanation`](crate::findings::Finding::explanation) lead here. Each table of each language is a function
//! of its own, so that a page downloads only those that it calls.

use serde::{Deserialize, Serialize};

use crate::bidi;

pub mod checks;
pub mod english;
pub mod vietnamese;
pub mod vietnamese_close;
pub mod vietnamese_error;

/// What happened, the usual cause, and what to do; a text may have placeholders such as `{name}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What happened.
    pub what: &'static str,
    /// The usual cause.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// An [`Explanation`] whose placeholders are replaced by values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilledExplanation {
    /// What happened.
    pub what: String,
    /// The usual cause.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

impl Explanation {
    /// Replaces the placeholders by values.
    #[must_use]
    pub fn fill(self, details: &[(&str, &str)]) -> FilledExplanation {
        let fill = |text: &str| {
            details.iter().fold(text.to_owned(), |text, (name, value)| {
                // A sentence as a value has its own full stop, and the text has one after the placeholder.
                let value = bidi::isolated(value.trim_end_matches('.'));
                text.replace(&format!("{{{name}}}"), &value)
            })
        };
        FilledExplanation { what: fill(self.what), why: fill(self.why), remedy: fill(self.remedy) }
    }
}

/// A language of Causerie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, the fallback.
    #[default]
    English,
    /// Vietnamese.
    Vietnamese,
}

impl Language {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::English, Self::Vietnamese];

    /// The language of a BCP 47 tag, such as `vi` or `en-GB`, or of a POSIX locale, such as `vi_VN.UTF-8`.
    ///
    /// `None` for other languages, so that the caller can try the person's next one.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next().unwrap_or_default();
        Self::ALL.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// Its BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Vietnamese => "vi",
        }
    }

    /// The language's own name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Vietnamese => "Tiếng Việt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close::CloseCode;
    use crate::error::ErrorCode;
    use crate::findings::Finding;

    /// The names of a text's placeholders.
    fn open(text: &str) -> Vec<&str> {
        let parts = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
        let mut names: Vec<_> =
            parts.map(|(name, _)| name).filter(|name| name.bytes().all(|b| b.is_ascii_lowercase())).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The text in backticks: commands and settings, the same in every language.
    fn code(text: &str) -> Vec<&str> {
        text.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn every_finding_has_whole_sentences_in_every_language() {
        for finding in Finding::ALL {
            for language in Language::ALL {
                let words = finding.explanation(*language);
                for sentence in [words.what, words.why, words.remedy] {
                    assert!(sentence.ends_with('.'), "{finding} {language:?}: {sentence:?}");
                    assert!(
                        sentence.chars().next().is_some_and(|c| c.is_uppercase() || c == '{' || c == '`'),
                        "{sentence:?}"
                    );
                    assert_eq!(sentence.matches('`').count() % 2, 0, "{sentence:?}");
                }
            }
            assert_eq!(Finding::from_wire(finding.as_str()), Some(*finding));
        }
    }

    #[test]
    fn the_languages_have_the_same_placeholders_and_commands() {
        for finding in Finding::ALL {
            let names: Vec<_> = {
                let mut names: Vec<_> = finding.details().iter().map(|(name, _)| *name).collect();
                names.sort_unstable();
                names
            };
            let [english, vietnamese] =
                [Language::English, Language::Vietnamese].map(|l| finding.explanation(l));
            for words in [english, vietnamese] {
                let whole = [words.what, words.why, words.remedy].join(" ");
                assert_eq!(open(&whole), names, "{finding}: {whole}");
            }
            assert_eq!(code(english.remedy), code(vietnamese.remedy), "{finding}");
            assert_eq!(open(english.what), open(vietnamese.what), "{finding}");
        }
    }

    #[test]
    fn placeholders_are_replaced_by_values() {
        let words = Finding::SettingUnusable.explanation(Language::English);
        let told = words.fill(&[("reason", "it is wrong: write another.")]);
        assert_eq!(told.what, "A setting can't be used: it is wrong: write another.");
        for finding in Finding::ALL {
            for language in Language::ALL {
                let told = finding.explanation(*language).fill(finding.details());
                assert!(open(&told.what).is_empty() && open(&told.remedy).is_empty(), "{told:?}");
            }
        }
    }

    #[test]
    fn every_close_code_has_its_own_words_in_every_language() {
        let unknown = CloseCode::Other(4999);
        for code in CloseCode::ALL {
            for language in Language::ALL {
                let words = code.explanation_in(*language);
                assert_ne!(words, unknown.explanation_in(*language), "{code} {language:?}");
                for sentence in [words.what, words.why, words.remedy] {
                    assert!(sentence.ends_with('.'), "{code}: {sentence:?}");
                }
            }
        }
    }

    #[test]
    fn every_error_and_every_field_that_people_fill_in_is_explained_in_vietnamese() {
        use super::vietnamese_error::error;
        let unknown = error(&ErrorCode::Unknown(String::new()), None);
        for code in ErrorCode::ALL {
            let words = error(code, None);
            assert!(words.ends_with('.') && words != unknown, "{code:?}: {words:?}");
        }
        for field in ["email", "password", "name", "title", "participants", "user"] {
            let words = error(&ErrorCode::InvalidField, Some(field));
            assert!(
                words.ends_with('.') && words != error(&ErrorCode::InvalidField, None),
                "{field}: {words:?}"
            );
            assert_eq!(error(&ErrorCode::RateLimited, Some(field)), error(&ErrorCode::RateLimited, None));
        }
    }

    #[test]
    fn a_tag_names_a_language_with_or_without_a_region() {
        for (tag, language) in [
            ("vi", Some(Language::Vietnamese)),
            ("vi-VN", Some(Language::Vietnamese)),
            ("VI", Some(Language::Vietnamese)),
            ("vi_VN.UTF-8", Some(Language::Vietnamese)),
            ("en-GB", Some(Language::English)),
            ("fr", None),
            ("vie", None),
            ("C.UTF-8", None),
            ("", None),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag:?}");
        }
    }
}
