//! The emoji that the page offers: what they are called and found by in English and Vietnamese, and with which skin tones.
//!
//! The table is made from the package `emojibase-data` by `examples/table.rs`, see `table.md` beside it.
//! Letters are folded by the caller, since a browser has Unicode's tables already.

mod find;
pub mod grid;
mod typed;

pub use find::Finder;
pub use typed::Typed;

/// The table: a line of each emoji in Unicode's order for each of [`COLUMNS`], one column after the other.
///
/// They are: category and tones as digits, the emoji, its short codes, then the name and other words in English and in
/// Vietnamese.
const TABLE: &str = include_str!("table.txt");

/// How many columns the table has.
const COLUMNS: usize = 7;
/// The first code point of the five skin tones, from light to dark.
const LIGHTEST: u32 = 0x1f3fb;
/// How many skin tones there are.
pub const TONES: u32 = 5;
const VARIATION_SELECTOR_16: char = '\u{fe0f}';

/// What an emoji shows, in Unicode's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    Smileys,
    People,
    Animals,
    Food,
    Travel,
    Activities,
    Objects,
    Symbols,
    Flags,
}

impl Category {
    /// All of them, in their order.
    pub const ALL: [Self; 9] = [
        Self::Smileys,
        Self::People,
        Self::Animals,
        Self::Food,
        Self::Travel,
        Self::Activities,
        Self::Objects,
        Self::Symbols,
        Self::Flags,
    ];
}

/// How an emoji is written with a skin tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Toned {
    No,
    /// The tone stands behind the first code point.
    First,
    /// Also behind the last one: two people.
    FirstAndLast,
}

/// An emoji.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emoji {
    /// Fully qualified, without a skin tone.
    pub text: &'static str,
    pub category: Category,
    toned: Toned,
    /// The short codes beside its name, without colons, the usual one first.
    codes: &'static str,
    english: Words,
    vietnamese: Words,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Words {
    name: &'static str,
    /// What else it is found by, with spaces between.
    more: &'static str,
}

/// A language that emoji have names in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Vietnamese,
}

impl Emoji {
    #[must_use]
    pub fn name(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english.name,
            Language::Vietnamese => self.vietnamese.name,
        }
    }

    /// All short codes, without colons, the usual one first, and the name as the last one.
    #[must_use]
    pub fn codes(&self) -> Vec<String> {
        let named = code_of(self.english.name);
        self.codes.split_whitespace().map(str::to_owned).chain([named]).collect()
    }

    /// Whether it has skin tones.
    #[must_use]
    pub fn has_tones(&self) -> bool {
        self.toned != Toned::No
    }

    /// With a skin tone from 1, the lightest, to [`TONES`], if it has any; 0 and others are without.
    #[must_use]
    pub fn with_tone(&self, tone: u32) -> String {
        let modifier = (1..=TONES).contains(&tone).then(|| char::from_u32(LIGHTEST + tone - 1)).flatten();
        let (Some(modifier), true) = (modifier, self.has_tones()) else { return self.text.to_owned() };
        let mut toned = String::with_capacity(self.text.len() + 8);
        let mut letters = self.text.chars();
        toned.extend(letters.next());
        toned.push(modifier);
        // What asks for a picture is said by the tone already.
        let rest = letters.as_str();
        toned.push_str(rest.strip_prefix(VARIATION_SELECTOR_16).unwrap_or(rest));
        if self.toned == Toned::FirstAndLast {
            toned.push(modifier);
        }
        toned
    }
}

/// All emoji, in Unicode's order.
#[must_use]
pub fn all() -> Vec<Emoji> {
    let lines: Vec<&'static str> = TABLE.lines().collect();
    let count = lines.len() / COLUMNS;
    (0..count).filter_map(|at| read(std::array::from_fn(|column| lines[column * count + at]))).collect()
}

/// An emoji from its line of each column.
fn read(columns: [&'static str; COLUMNS]) -> Option<Emoji> {
    let [kind, text, codes, english, more_english, vietnamese, more_vietnamese] = columns;
    let mut digits = kind.bytes().map(|digit| usize::from(digit.wrapping_sub(b'0')));
    let category = *Category::ALL.get(digits.next()?)?;
    let toned = [Toned::No, Toned::First, Toned::FirstAndLast].get(digits.next()?).copied()?;
    let english = Words { name: english, more: more_english };
    let vietnamese = Words { name: vietnamese, more: more_vietnamese };
    Some(Emoji { text, category, toned, codes, english, vietnamese })
}

/// A name as a short code: its ASCII letters and digits, with one `_` for whatever stands between.
#[must_use]
pub fn code_of(name: &str) -> String {
    let mut code = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            code.push(letter.to_ascii_lowercase());
        } else if !code.is_empty() && !code.ends_with('_') {
            code.push('_');
        }
    }
    if code.ends_with('_') {
        code.pop();
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emoji(text: &str) -> Emoji {
        all().into_iter().find(|one| one.text == text).unwrap()
    }

    #[test]
    fn every_line_is_an_emoji_with_names_in_every_language() {
        let all = all();
        assert_eq!(all.len() * COLUMNS, TABLE.lines().count());
        assert!(all.len() > 1_500, "{}", all.len());
        for one in &all {
            assert!(!one.name(Language::English).is_empty(), "{}", one.text);
            assert!(!one.name(Language::Vietnamese).is_empty(), "{}", one.text);
            assert_eq!(emojis::get(one.text).map(emojis::Emoji::as_str), Some(one.text));
        }
        assert!(all.is_sorted_by_key(|one| one.category));
    }

    #[test]
    fn a_short_code_is_one_emoji() {
        let mut codes: Vec<&str> = all().iter().flat_map(|one| one.codes.split_whitespace()).collect();
        codes.sort_unstable();
        for two in codes.windows(2) {
            assert_ne!(two[0], two[1]);
        }
        for code in codes {
            let is_plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_+-".contains(&byte);
            assert!(code.bytes().all(is_plain), "{code}");
        }
    }

    #[test]
    fn every_skin_tone_is_an_emoji_of_its_own() {
        for one in all() {
            for tone in 0..=TONES {
                let toned = one.with_tone(tone);
                assert_eq!(toned != one.text, tone > 0 && one.has_tones(), "{}", one.text);
                assert!(emojis::get(&toned).is_some(), "{toned}");
            }
        }
        assert_eq!(emoji("\u{1f44d}").with_tone(3), "\u{1f44d}\u{1f3fd}");
        assert_eq!(emoji("\u{270c}\u{fe0f}").with_tone(1), "\u{270c}\u{1f3fb}");
        assert!(!emoji("\u{2764}\u{fe0f}").has_tones());
    }

    #[test]
    fn a_name_is_a_short_code() {
        assert_eq!(code_of("flag: Viet Nam (!)"), "flag_viet_nam");
        assert_eq!(code_of("é"), "");
    }

    #[test]
    fn well_known_ones_have_their_short_codes() {
        for (text, code) in [("\u{1f604}", "smile"), ("\u{1f44d}", "+1"), ("\u{2764}\u{fe0f}", "heart")] {
            assert_eq!(emoji(text).codes()[0], code);
        }
    }
}
