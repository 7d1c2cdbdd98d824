//! The word list: words and phrases that an installation does not let through, and what becomes of a message with one.
//!
//! Texts are compared as they look: compatibility forms (NFKD), case and marks make no difference, nor does what shows
//! nothing. Words are found whole, but in scripts that put no spaces between them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, BuildError};
use causerie_protocol::text::TextError;
use causerie_protocol::{MessageText, visible};
use icu_casemap::CaseMapper;
use icu_normalizer::DecomposingNormalizer;
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, Script};

use crate::config::WordsAction;

/// What stands for a letter that is not shown.
const MASK: char = '•';
/// Scripts that put no spaces between words, or not between those of a phrase.
const WITHOUT_SPACES: [Script; 9] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Hangul,
    Script::Bopomofo,
    Script::Thai,
    Script::Lao,
    Script::Khmer,
    Script::Myanmar,
];

/// A list that can't be used; one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WordsUnusable(String);

/// The words of the list in one automaton (Aho and Corasick, 1975), and what is done about them.
#[derive(Debug)]
pub struct Words {
    automaton: AhoCorasick,
    action: WordsAction,
}

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It has a word of the list.
    HasWord,
    /// With the masks it is longer than a message may be.
    TooLong,
}

impl Words {
    /// Reads a list: a word or phrase a line, blank lines left out.
    pub fn load(path: &Path, action: WordsAction) -> Result<Self, WordsUnusable> {
        let list = std::fs::read_to_string(path).map_err(|error| unusable(path, &error.to_string()))?;
        Self::new(&list, action).map_err(|error| unusable(path, &error.to_string()))
    }

    fn new(list: &str, action: WordsAction) -> Result<Self, BuildError> {
        let words = list.lines().map(|line| Folded::of(line.trim()).text);
        let words = words.map(|word| word.trim().to_owned()).filter(|word| !word.is_empty());
        Ok(Self { automaton: AhoCorasick::new(words)?, action })
    }

    /// The text as it may be stored, when that is another one.
    pub(crate) fn check(&self, text: &MessageText) -> Result<Option<MessageText>, NotTaken> {
        let text = text.as_str();
        let found = self.find(text);
        if found.is_empty() {
            return Ok(None);
        }
        if self.action == WordsAction::Hold {
            return Err(NotTaken::HasWord);
        }
        match MessageText::new(mask(text, &found)) {
            Ok(masked) => Ok(Some(masked)),
            Err(TextError::TooLong { .. }) => Err(NotTaken::TooLong),
            Err(_) => Err(NotTaken::HasWord),
        }
    }

    /// The places of words, as ranges of bytes.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let folded = Folded::of(text);
        let found = self.automaton.find_overlapping_iter(&folded.text);
        found.filter_map(|found| folded.whole(found.range())).collect()
    }
}

fn unusable(path: &Path, why: &str) -> WordsUnusable {
    let path: PathBuf = path.to_owned();
    WordsUnusable(format!(
        "CAUSERIE_WORDS (--words) names a list that can't be used, {}: {why}; write a text file in UTF-8 with one word or phrase a line",
        path.display()
    ))
}

/// A text as it is compared, and where each of its bytes comes from.
struct Folded {
    text: String,
    /// For each byte the character that it comes from, as a range of bytes.
    origins: Vec<(usize, usize)>,
}

impl Folded {
    fn of(text: &str) -> Self {
        let mut folded =
            Self { text: String::with_capacity(text.len()), origins: Vec::with_capacity(text.len()) };
        let mut buffer = [0; 4];
        for (start, char) in text.char_indices() {
            let origin = (start, start + char.len_utf8());
            if char.is_ascii_alphanumeric() {
                folded.push(char.to_ascii_lowercase(), origin);
            } else if char.is_whitespace() {
                // However much of it there is.
                if !folded.text.ends_with(' ') {
                    folded.push(' ', origin);
                }
            } else {
                let decomposed = DecomposingNormalizer::new_nfkd().normalize(char.encode_utf8(&mut buffer));
                let lower = CaseMapper::new().fold_string(&decomposed);
                for part in lower.chars().filter(|part| !shows_no_letter(*part)) {
                    // To readers of Vietnamese it is a d with a mark, to Unicode a letter of its own.
                    folded.push(if part == 'đ' { 'd' } else { part }, origin);
                }
            }
        }
        folded
    }

    fn push(&mut self, char: char, origin: (usize, usize)) {
        self.text.push(char);
        self.origins.resize(self.text.len(), origin);
    }

    /// The place of a match in the text, if it is of whole words.
    fn whole(&self, found: Range<usize>) -> Option<Range<usize>> {
        let (before, word, after) =
            (&self.text[..found.start], &self.text[found.clone()], &self.text[found.end..]);
        let joined = |one: Option<char>, other: Option<char>| {
            one.zip(other).is_some_and(|(one, other)| is_spaced(one) && is_spaced(other))
        };
        if joined(before.chars().next_back(), word.chars().next())
            || joined(word.chars().next_back(), after.chars().next())
        {
            return None;
        }
        let (first, last) = (self.origins[found.start], self.origins[found.end - 1]);
        // Part of a character is no word, such as a syllable of Korean without its last letter.
        let cuts = |at: usize| at > 0 && at < self.origins.len() && self.origins[at - 1] == self.origins[at];
        (!cuts(found.start) && !cuts(found.end)).then_some(first.0..last.1)
    }
}

/// Marks, and what shows nothing.
fn shows_no_letter(char: char) -> bool {
    is_mark(char) || visible::is_default_ignorable(char)
}

fn is_mark(char: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(char))
}

/// Whether it is a letter or digit of a script that puts spaces between words.
fn is_spaced(char: char) -> bool {
    char.is_alphanumeric()
        && (char.is_ascii() || !WITHOUT_SPACES.contains(&CodePointMapData::<Script>::new().get(char)))
}

/// The text with the letters of these places replaced.
fn mask(text: &str, found: &[Range<usize>]) -> String {
    let is_found = |at: usize| found.iter().any(|range| range.contains(&at));
    let mut masked = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        if is_mark(char) && masked.ends_with(MASK) {
            // It has no letter to stand on any more.
        } else if is_found(at) && char.is_alphanumeric() {
            masked.push(MASK);
        } else {
            masked.push(char);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "darn\n\n  Full  Moon \nđồ ngốc\n馬鹿\nstraße\n가\nca";

    fn masked(text: &str) -> String {
        let words = Words::new(LIST, WordsAction::Mask).unwrap();
        let text = MessageText::new(text).unwrap();
        words.check(&text).unwrap().unwrap_or(text).into_string()
    }

    #[test]
    fn words_are_found_as_they_look() {
        for (text, shown) in [
            ("Darn it, DARN!", "•••• it, ••••!"),
            ("da\u{301}rn", "••••"),
            ("dárn ｄａｒｎ 𝐝𝐚𝐫𝐧", "•••• •••• ••••"),
            ("da\u{200b}rn", "••\u{200b}••"),
            ("(darn)", "(••••)"),
            ("a full\n moon tonight", "a ••••\n •••• tonight"),
            ("Do ngoc qua", "•• •••• qua"),
            ("ĐỒ NGỐC", "•• ••••"),
            ("STRASSE", "•••••••"),
            ("ca\u{302}", "••"),
        ] {
            assert_eq!(masked(text), shown, "{text:?}");
        }
    }

    #[test]
    fn only_whole_words_are_found_where_spaces_stand_between_them() {
        for text in ["darning", "undarn", "fullmoon", "full, moon", "darn4", "cat", "vodka càt"] {
            assert_eq!(masked(text), text);
        }
        assert_eq!(masked("あの馬鹿者め"), "あの••者め");
        // Of a syllable that has more letters only a part is the same.
        assert_eq!(masked("가 각"), "• 각");
        assert_eq!(masked("darn馬"), "••••馬");
    }

    #[test]
    fn a_list_that_holds_takes_no_text_with_a_word() {
        let words = Words::new(LIST, WordsAction::Hold).unwrap();
        let check = |text: &str| words.check(&MessageText::new(text).unwrap());
        assert_eq!(check("Darn"), Err(NotTaken::HasWord));
        assert_eq!(check("Hello"), Ok(None));
        let nothing = Words::new("\n \n", WordsAction::Hold).unwrap();
        assert_eq!(nothing.check(&MessageText::new("darn").unwrap()), Ok(None));
    }

    #[test]
    fn a_text_that_the_masks_make_too_long_is_not_taken() {
        let words = Words::new("darn", WordsAction::Mask).unwrap();
        let text = "darn ".repeat(causerie_protocol::limits::TEXT_BYTES / 5);
        assert_eq!(words.check(&MessageText::new(text).unwrap()), Err(NotTaken::TooLong));
    }

    #[test]
    fn what_is_masked_has_no_word_any_more() {
        let words = Words::new(LIST, WordsAction::Mask).unwrap();
        let text = MessageText::new(masked("darn full moon 馬鹿")).unwrap();
        assert_eq!(words.check(&text), Ok(None));
    }

    #[test]
    fn a_list_that_is_not_there_is_said_in_a_sentence() {
        let error = Words::load(Path::new("/nowhere/words.txt"), WordsAction::Mask).unwrap_err();
        assert!(error.to_string().starts_with("CAUSERIE_WORDS (--words) names a list"), "{error}");
    }
}
