//! What the texts of every table have in common, in every language.

use causerie_protocol::{CloseCode, ErrorCode};
use causerie_texts::problem::problem;
use causerie_texts::{Check, Finding, Heading, Language, Page, Tester, close};

/// The names of a text's placeholders.
fn open(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
    let mut names: Vec<_> =
        parts.map(|(name, _)| name).filter(|name| name.bytes().all(|b| b.is_ascii_lowercase())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Every text that is no explanation: its key, and the text in both languages.
fn texts() -> Vec<(String, [&'static str; 2])> {
    let mut texts = Vec::new();
    macro_rules! add {
        ($($table:ident),+) => {
            $(texts.extend($table::ALL.iter().map(|text| {
                let languages = [Language::English, Language::Vietnamese].map(|language| text.in_language(language));
                (format!("{text:?}"), languages)
            }));)+
        };
    }
    add!(Page, Tester, Check, Heading);
    texts
}

#[test]
fn both_languages_have_every_text_with_the_same_placeholders_and_edges() {
    for (key, [english, vietnamese]) in texts() {
        assert!(!english.trim().is_empty() && !vietnamese.trim().is_empty(), "{key}");
        assert_eq!(open(english), open(vietnamese), "{key}");
        assert_eq!(english.ends_with('.'), vietnamese.ends_with('.'), "{key}");
        assert_eq!(english.starts_with(' '), vietnamese.starts_with(' '), "{key}");
        assert_eq!(english.ends_with(' '), vietnamese.ends_with(' '), "{key}");
    }
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
        let [english, vietnamese] = [Language::English, Language::Vietnamese].map(|l| finding.explanation(l));
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
    assert_eq!(Tester::Resume.fill(Language::English, &[("count", "3")]), "Resume (3 new)");
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
            let words = close::explanation(*code, *language);
            assert_ne!(words, close::explanation(unknown, *language), "{code} {language:?}");
            for sentence in [words.what, words.why, words.remedy] {
                assert!(sentence.ends_with('.'), "{code}: {sentence:?}");
                assert!(!sentence.contains(&code.to_string()), "{code} is a bare number");
            }
        }
    }
}

#[test]
fn every_error_and_every_field_that_people_fill_in_is_explained_in_vietnamese() {
    let error = |code: &ErrorCode, field| problem(code, field, String::new(), Language::Vietnamese);
    let unknown = error(&ErrorCode::Unknown(String::new()), None);
    for code in ErrorCode::ALL {
        let words = error(code, None);
        assert!(words.ends_with('.') && words != unknown, "{code:?}: {words:?}");
    }
    for field in ["email", "password", "name", "title", "participants", "user"] {
        let words = error(&ErrorCode::InvalidField, Some(field));
        assert!(words.ends_with('.') && words != error(&ErrorCode::InvalidField, None), "{field}: {words:?}");
        assert_eq!(error(&ErrorCode::RateLimited, Some(field)), error(&ErrorCode::RateLimited, None));
    }
}
