//! The fold: the words of a text as the index holds them, the same for both databases.
//!
//! Compatibility forms (NFKC), case and marks make no difference, and đ is a d with a mark. In scripts that put no spaces
//! between words every letter is a word, so what is searched there is a phrase.

use std::ops::Range;

use causerie_protocol::{limits, visible};
use icu_casemap::CaseMapper;
use icu_normalizer::DecomposingNormalizer;
use icu_normalizer::properties::CanonicalComposition;
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, Script};

/// The version of the fold. Words that another one made are in an index that has to be begun again.
pub const VERSION: i64 = 1;

/// Scripts that put no spaces between words, or not between those of a phrase.
const WITHOUT_SPACES: [Script; 10] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Hangul,
    Script::Bopomofo,
    Script::Yi,
    Script::Thai,
    Script::Lao,
    Script::Khmer,
    Script::Myanmar,
];
/// Scripts whose marks only say how a letter sounds, beside those marks that belong to no script.
const WITH_OPTIONAL_MARKS: [Script; 6] =
    [Script::Inherited, Script::Latin, Script::Greek, Script::Cyrillic, Script::Hebrew, Script::Arabic];
/// Letters with a stroke or without their dot, which Unicode does not decompose, and the letter below.
const STROKES: [(char, char); 9] = [
    ('đ', 'd'),
    ('ð', 'd'),
    ('ħ', 'h'),
    ('ł', 'l'),
    ('ø', 'o'),
    ('ŧ', 't'),
    ('ƀ', 'b'),
    ('ɨ', 'i'),
    ('ı', 'i'),
];
/// Letters that are two, which Unicode does not decompose either.
const LIGATURES: [(char, [char; 2]); 2] = [('æ', ['a', 'e']), ('œ', ['o', 'e'])];
/// The line that makes an Arabic word longer.
const TATWEEL: char = '\u{640}';
/// The mark that stands for such a stroke: a combining short stroke overlay.
const STROKE: char = '\u{335}';

/// A letter, and the marks that it was written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub base: char,
    /// Decomposed, in the order in which they were written.
    pub marks: Vec<char>,
}

impl Letter {
    /// Whether this letter of a query stands for that one of a message: every mark that was typed is there.
    fn stands_for(&self, written: &Self) -> bool {
        self.base == written.base && self.marks.iter().all(|mark| written.marks.contains(mark))
    }
}

/// A word, or a letter of a script without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// At most [`limits::SEARCH_WORD_LETTERS`]: longer words are known by their beginning.
    pub letters: Vec<Letter>,
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
    /// A letter of a script without spaces, which the next letter does not join.
    alone: bool,
}

impl Word {
    /// As the index holds it: letters and digits without marks.
    #[must_use]
    pub fn folded(&self) -> String {
        self.letters.iter().map(|letter| letter.base).collect()
    }

    /// Whether this word of a query stands for that one of a message, or with `prefix` for its beginning.
    #[must_use]
    pub fn stands_for(&self, written: &Self, prefix: bool) -> bool {
        let (own, others) = (self.letters.len(), written.letters.len());
        (own == others || prefix && own < others)
            && self.letters.iter().zip(&written.letters).all(|(one, other)| one.stands_for(other))
    }
}

/// The words of a text, in their order.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut splitter = Splitter { words: Vec::new(), open: false };
    let mut buffer = [0; 4];
    for (start, char) in text.char_indices() {
        let place = start..start + char.len_utf8();
        if char.is_ascii() {
            splitter.take(char.to_ascii_lowercase(), &place);
        } else if !visible::is_default_ignorable(char) {
            let decomposed = DecomposingNormalizer::new_nfkd().normalize(char.encode_utf8(&mut buffer));
            for part in CaseMapper::new().fold_string(&decomposed).chars() {
                splitter.take(part, &place);
            }
        }
    }
    splitter.words
}

struct Splitter {
    words: Vec<Word>,
    /// Whether what comes next may still belong to the last word.
    open: bool,
}

impl Splitter {
    /// Takes a character that is folded in case and decomposed.
    fn take(&mut self, char: char, place: &Range<usize>) {
        if char.is_ascii() {
            match char.is_ascii_alphanumeric() {
                true => self.letter(char, None, false, place),
                false => self.open = false,
            }
            return;
        }
        if char == TATWEEL || self.composes(char, place) {
            return;
        }
        if let Some((_, letters)) = LIGATURES.iter().find(|(ligature, _)| *ligature == char) {
            return letters.iter().for_each(|letter| self.letter(*letter, None, false, place));
        }
        let script = CodePointMapData::<Script>::new().get(char);
        let category = CodePointMapData::<GeneralCategory>::new().get(char);
        if GeneralCategoryGroup::Mark.contains(category) {
            if !self.open {
                // A mark on nothing.
            } else if WITH_OPTIONAL_MARKS.contains(&script) {
                self.mark(char, place);
            } else {
                // A vowel sign, as the scripts of India have them.
                self.joined(char, place);
            }
        } else if char.is_alphanumeric() {
            let stroke = STROKES.iter().find(|(letter, _)| *letter == char);
            let (base, mark) = stroke.map_or((char, None), |(_, base)| (*base, Some(STROKE)));
            self.letter(base, mark, WITHOUT_SPACES.contains(&script), place);
        } else {
            self.open = false;
        }
    }

    /// Puts a syllable of Hangul, or a letter of Kana with its voicing mark, together again.
    fn composes(&mut self, char: char, place: &Range<usize>) -> bool {
        let Some(word) = self.words.last_mut().filter(|word| self.open && word.alone) else { return false };
        let Some(letter) = word.letters.last_mut() else { return false };
        let Some(composed) = CanonicalComposition::new().compose(letter.base, char) else { return false };
        letter.base = composed;
        word.place.end = place.end;
        true
    }

    fn mark(&mut self, mark: char, place: &Range<usize>) {
        let Some(word) = self.words.last_mut() else { return };
        word.place.end = place.end;
        if let Some(letter) = word.letters.last_mut()
            && !letter.marks.contains(&mark)
            && letter.marks.len() < limits::SEARCH_LETTER_MARKS
        {
            letter.marks.push(mark);
        }
    }

    fn joined(&mut self, base: char, place: &Range<usize>) {
        let Some(word) = self.words.last_mut() else { return };
        word.place.end = place.end;
        if word.letters.len() < limits::SEARCH_WORD_LETTERS {
            word.letters.push(Letter { base, marks: Vec::new() });
        }
    }

    fn letter(&mut self, base: char, mark: Option<char>, alone: bool, place: &Range<usize>) {
        let joins = self.open && !alone && self.words.last().is_some_and(|word| !word.alone);
        if !joins {
            self.words.push(Word { letters: Vec::new(), place: place.clone(), alone });
        }
        self.open = true;
        let is_full = self.words.last().is_some_and(|word| word.letters.len() == limits::SEARCH_WORD_LETTERS);
        self.joined(base, place);
        if let Some(mark) = mark.filter(|_| !is_full) {
            self.mark(mark, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// Of the words of version 1.
    const DIGEST: &str = "620a699cc647281f";

    fn folded(text: &str) -> Vec<String> {
        words(text).iter().map(Word::folded).collect()
    }

    #[test]
    fn case_marks_and_compatibility_forms_make_no_difference() {
        for text in [
            "Hà Nội",
            "HÀ NỘI",
            "Ha\u{300} No\u{323}\u{302}i",
            "Ha\u{300} No\u{302}\u{323}i",
            "ｈａ，ｎｏｉ",
            "ha\u{ad} noi",
        ] {
            assert_eq!(folded(text), ["ha", "noi"], "{text:?}");
        }
        assert_eq!(folded("Đường đi, straße ΣΊΣΥΦΟΣ"), ["duong", "di", "strasse", "σισυφοσ"]);
        assert_eq!(folded("a1-b2_c3\0d4"), ["a1", "b2", "c3", "d4"]);
        assert_eq!(folded("Ｈ₂Ｏ ﬁne Łódź"), ["h2o", "fine", "lodz"]);
        assert_eq!(folded("Ægir, Œuvre, Søren, Йогурт"), ["aegir", "oeuvre", "soren", "иогурт"]);
    }

    #[test]
    fn every_letter_of_a_script_without_spaces_is_a_word() {
        assert_eq!(folded("玩成语"), ["玩", "成", "语"]);
        assert_eq!(folded("끝말잇기"), ["끝", "말", "잇", "기"]);
        assert_eq!(folded("\u{1101}\u{1173}\u{11c0}\u{1106}\u{1161}\u{11af}"), ["끝", "말"], "decomposed");
        assert_eq!(folded("ガ か\u{3099} ｶﾞ ー"), ["ガ", "が", "ガ", "ー"]);
        assert_eq!(folded("vui玩game"), ["vui", "玩", "game"]);
        assert_eq!(folded("ที่นี่").len(), 2, "a vowel sign belongs to its letter: {:?}", folded("ที่นี่"));
    }

    #[test]
    fn vowel_signs_of_other_scripts_are_kept() {
        assert_eq!(folded("हिन्दी भाषा").len(), 2);
        assert_ne!(folded("कि"), folded("की"));
        assert_eq!(folded("שָׁלוֹם"), folded("שלום"));
    }

    #[test]
    fn marks_that_are_typed_must_be_there() {
        let stands = |typed: &str, written: &str| words(typed)[0].stands_for(&words(written)[0], false);
        for (typed, written, found) in [
            ("duong", "Đường", true),
            ("đuong", "Đường", true),
            ("đường", "ĐƯỜNG", true),
            ("dường", "đường", true),
            ("đuong", "duong", false),
            ("hué", "huế", true),
            ("huế", "hue", false),
            ("huê", "huế", true),
            ("huế", "huệ", false),
        ] {
            assert_eq!(stands(typed, written), found, "{typed} {written}");
        }
    }

    #[test]
    fn a_word_has_its_place_in_the_text_with_its_marks() {
        let text = "« Ha\u{300} », 성공!";
        let places: Vec<&str> = words(text).into_iter().map(|word| &text[word.place]).collect();
        assert_eq!(places, ["Ha\u{300}", "성", "공"]);
    }

    /// What the fold makes of letters depends on the tables of Unicode too, which an update brings.
    #[test]
    fn a_fold_that_makes_other_words_has_another_version() {
        let text: String =
            (0x80..0x2_0000u32).filter_map(char::from_u32).flat_map(|char| ['x', char, 'y', ' ']).collect();
        let mut hasher = Sha256::new();
        for word in words(&text) {
            hasher.update(word.folded());
            hasher.update(" ");
        }
        let digest = hasher.finalize();
        let digest: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((VERSION, &*digest), (1, DIGEST), "raise VERSION with the digest");
    }

    #[test]
    fn a_long_word_is_known_by_its_beginning() {
        let long = words(&"x".repeat(10_000));
        assert_eq!((long.len(), long[0].letters.len()), (1, limits::SEARCH_WORD_LETTERS));
        assert_eq!(long[0].place, 0..10_000);
        assert_eq!(words("\u{301}\u{301}").len(), 0);
        assert_eq!(words(&format!("a{}", "\u{301}\u{302}\u{303}\u{304}\u{306}".repeat(1_000))).len(), 1);
    }
}
