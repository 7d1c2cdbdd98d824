//! What somebody searches for: words, phrases, beginnings of words, and what narrows them; and whether a message is it.
//!
//! Nothing of a query is syntax for a database: the index is asked with the folded words, which are letters and digits alone.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use causerie_protocol::limits;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::fold::{self, Word};
use crate::clock::UnixMicros;

/// A query that can be answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// All of them are in a message that is found.
    terms: Vec<Term>,
    /// The name of who sent it begins so, in one of these words each.
    from: Vec<Vec<Word>>,
    /// The name of the chat has these words.
    within: Vec<Vec<Word>>,
    /// When it was sent: not before.
    pub since: Option<UnixMicros>,
    /// When it was sent: not at or after.
    pub until: Option<UnixMicros>,
    has_link: bool,
}

/// Words that follow one another; of the last one perhaps only the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    words: Vec<Word>,
    prefix: bool,
}

/// Why a query can't be answered; a sentence that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("There is no word to search for: write letters or digits.")]
    Empty,
    #[error("This is too long to search for: write at most {} bytes.", limits::SEARCH_QUERY_BYTES)]
    TooLong,
    #[error(
        "These are too many words: write at most {}, where every Chinese, Japanese or Korean letter is one.",
        limits::SEARCH_QUERY_WORDS
    )]
    TooManyWords,
    #[error("Before \"*\" write at least {} letters.", limits::SEARCH_PREFIX_LETTERS)]
    ShortPrefix,
    #[error("After \"{0}\" write a name.")]
    NoName(&'static str),
    #[error("After \"{0}\" write a day, for example {0}2026-11-30.")]
    NotADay(&'static str),
    #[error("After \"has:\" write link.")]
    UnknownHas,
}

/// What narrows a search, as it is written before a value.
const OPERATORS: [&str; 5] = ["from:", "in:", "before:", "after:", "has:"];

/// A part of a query as it was typed.
struct Piece<'a> {
    /// One of [`OPERATORS`].
    operator: Option<&'static str>,
    text: &'a str,
    quoted: bool,
}

impl Query {
    /// Reads a query. Days begin at midnight of a clock that is `utc_offset` minutes ahead of UTC.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str, utc_offset: i32) -> Result<Self, QueryError> {
        if text.len() > limits::SEARCH_QUERY_BYTES {
            return Err(QueryError::TooLong);
        }
        let mut query = Self::default();
        let mut is_narrowed = false;
        for piece in pieces(text) {
            is_narrowed |= piece.operator.is_some();
            query.add(&piece, utc_offset)?;
        }
        if query.terms.is_empty() && !is_narrowed {
            return Err(QueryError::Empty);
        }
        let terms = query.terms.iter().map(|term| &term.words);
        if terms.chain(&query.from).chain(&query.within).map(Vec::len).sum::<usize>()
            > limits::SEARCH_QUERY_WORDS
        {
            return Err(QueryError::TooManyWords);
        }
        Ok(query)
    }

    fn add(&mut self, piece: &Piece<'_>, utc_offset: i32) -> Result<(), QueryError> {
        let words = fold::words(piece.text);
        match piece.operator {
            None => {
                let prefix = !piece.quoted && piece.text.ends_with('*');
                let Some(last) = words.last() else { return Ok(()) };
                let is_short = last.letters.len() < limits::SEARCH_PREFIX_LETTERS
                    && last.letters.iter().all(|letter| letter.base.is_ascii());
                if prefix && is_short {
                    return Err(QueryError::ShortPrefix);
                }
                self.terms.push(Term { words, prefix });
            }
            Some(operator @ "from:") if words.is_empty() => return Err(QueryError::NoName(operator)),
            Some(operator @ "in:") if words.is_empty() => return Err(QueryError::NoName(operator)),
            Some("from:") => self.from.push(words),
            Some("in:") => self.within.push(words),
            Some(operator @ "before:") => {
                let day = day(piece.text, utc_offset).ok_or(QueryError::NotADay(operator))?;
                self.until = Some(self.until.map_or(day, |until| until.min(day)));
            }
            Some(operator @ "after:") => {
                let day = day(piece.text, utc_offset).ok_or(QueryError::NotADay(operator))?;
                self.since = Some(self.since.map_or(day, |since| since.max(day)));
            }
            Some(_) if piece.text.eq_ignore_ascii_case("link") => self.has_link = true,
            Some(_) => return Err(QueryError::UnknownHas),
        }
        Ok(())
    }

    /// Whether it has words that the index can be asked for.
    #[must_use]
    pub fn has_words(&self) -> bool {
        !self.terms.is_empty()
    }

    /// Whether it is about chats of a name.
    #[must_use]
    pub fn names_chats(&self) -> bool {
        !self.within.is_empty()
    }

    /// The query for FTS5 (<https://www.sqlite.org/fts5.html#full_text_query_syntax>): strings of letters and digits.
    #[must_use]
    pub fn to_fts5(&self) -> String {
        let mut query = String::new();
        for term in &self.terms {
            let phrase: Vec<String> = term.words.iter().map(Word::folded).collect();
            let and = if query.is_empty() { "" } else { " AND " };
            let star = if term.prefix { " *" } else { "" };
            let _ = write!(query, "{and}\"{}\"{star}", phrase.join(" "));
        }
        query
    }

    /// The query for Postgres, in the text form of a `tsquery`
    /// (<https://www.postgresql.org/docs/current/datatype-textsearch.html>).
    ///
    /// A `tsvector` holds few places of one word, so where a message has more, a phrase asks for its words alone.
    #[must_use]
    pub fn to_tsquery(&self) -> String {
        let mut query = String::new();
        for term in &self.terms {
            let words: Vec<String> = term
                .words
                .iter()
                .enumerate()
                .map(|(at, word)| {
                    let is_begun = term.prefix && at + 1 == term.words.len();
                    format!("'{}'{}", word.folded(), if is_begun { ":*" } else { "" })
                })
                .collect();
            let and = if query.is_empty() { "" } else { " & " };
            let _ = match &*words {
                [only] => write!(query, "{and}{only}"),
                _ => {
                    let (phrase, all) = (words.join(" <-> "), words.join(" & "));
                    write!(query, "{and}({phrase} | {all} & '{MANY}')")
                }
            };
        }
        query
    }

    /// Where the words stand in a text that has all of them; nothing of one that is not searched for.
    #[must_use]
    pub fn find_in(&self, text: &str) -> Option<Vec<Range<usize>>> {
        if self.has_link && !has_link(text) {
            return None;
        }
        let words = fold::words(text);
        let mut found = Vec::new();
        for term in &self.terms {
            let before = found.len();
            found.extend(term.places(&words));
            if found.len() == before {
                return None;
            }
        }
        found.sort_by_key(|place| (place.start, place.end));
        Some(found)
    }

    /// Whether somebody of this name is who must have sent it.
    #[must_use]
    pub fn is_from(&self, name: &str) -> bool {
        are_in(&self.from, name)
    }

    /// Whether a chat of this name is the one that it must be in.
    #[must_use]
    pub fn is_within(&self, name: &str) -> bool {
        are_in(&self.within, name)
    }
}

/// The word of a `tsvector` in which not every place of a word could be kept. No text has such a word.
const MANY: char = '*';
/// Places of one word that a `tsvector` keeps
/// (<https://www.postgresql.org/docs/current/textsearch-limitations.html>).
const PLACES: usize = 255;

/// A text as the `tsvector` that is stored of it, in its text form.
#[must_use]
pub fn to_tsvector(text: &str) -> String {
    let mut places = BTreeMap::<String, Vec<usize>>::new();
    for (at, word) in fold::words(text).iter().enumerate() {
        places.entry(word.folded()).or_default().push(at + 1);
    }
    let mut vector = String::new();
    let mut has_many = false;
    for (word, places) in places {
        has_many |= places.len() > PLACES;
        let _ = write!(vector, "'{word}'");
        for (index, place) in places.iter().take(PLACES).enumerate() {
            let _ = write!(vector, "{}{place}", if index == 0 { ':' } else { ',' });
        }
        vector.push(' ');
    }
    if has_many {
        let _ = write!(vector, "'{MANY}'");
    }
    vector
}

/// A text as FTS5 is handed it, which splits it at the spaces.
#[must_use]
pub fn to_fts5_text(text: &str) -> String {
    let words: Vec<String> = fold::words(text).iter().map(Word::folded).collect();
    words.join(" ")
}

impl Term {
    fn places(&self, words: &[Word]) -> impl Iterator<Item = Range<usize>> {
        let length = self.words.len();
        words
            .windows(length)
            .filter(move |window| self.stands_for(window))
            .map(move |window| window[0].place.start..window[length - 1].place.end)
    }

    fn stands_for(&self, written: &[Word]) -> bool {
        let last = self.words.len() - 1;
        self.words
            .iter()
            .zip(written)
            .enumerate()
            .all(|(at, (word, written))| word.stands_for(written, self.prefix && at == last))
    }
}

/// Whether each of these begins some words of a name that follow one another.
fn are_in(wanted: &[Vec<Word>], name: &str) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let name = fold::words(name);
    wanted.iter().all(|words| {
        name.windows(words.len())
            .any(|window| words.iter().zip(window).all(|(word, written)| word.stands_for(written, true)))
    })
}

fn has_link(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["https://", "http://", "www."].iter().any(|begin| {
        text.match_indices(begin).any(|(at, _)| {
            text[at + begin.len()..].starts_with(|next: char| next.is_alphanumeric())
                && !text[..at].ends_with(|before: char| before.is_alphanumeric())
        })
    })
}

/// The beginning of a day.
fn day(text: &str, utc_offset: i32) -> Option<UnixMicros> {
    let date: Date = text.trim().parse().ok()?;
    let midnight = TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok()?.as_microsecond();
    Some(UnixMicros(midnight - i64::from(utc_offset) * 60_000_000))
}

/// The parts of a query: words that are apart, phrases in quotation marks, and operators with their values.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let operator = OPERATORS.into_iter().find(|operator| {
            rest.get(..operator.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(operator))
        });
        let value = &rest[operator.map_or(0, str::len)..];
        let (text, quoted, after) = match value.strip_prefix('"') {
            // Without an end it ends with the query, as while it is typed.
            Some(phrase) => match phrase.split_once('"') {
                Some((phrase, after)) => (phrase, true, after),
                None => (phrase, true, ""),
            },
            None => {
                let end = value.find(|char: char| char.is_whitespace() || char == '"').unwrap_or(value.len());
                (&value[..end], false, &value[end..])
            }
        };
        pieces.push(Piece { operator, text, quoted });
        rest = after.trim_start();
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text, 0).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    fn is_found(typed: &str, text: &str) -> bool {
        query(typed).find_in(text).is_some()
    }

    #[test]
    fn messages_are_found_as_people_write_them() {
        const STREET: &str = "Đường Nguyễn Huệ, Hà Nội";
        for typed in [
            "ha noi",
            "HÀ NỘI",
            "Ha\u{300} No\u{323}\u{302}i",
            "nguyen hue",
            "duong",
            "đường",
            "ngu*",
            "\"nguyễn huệ\"",
            "hue ha",
        ] {
            assert!(is_found(typed, STREET), "{typed}");
        }
        for typed in ["\"hue nguyen\"", "nguyen hué", "ng", "noj", "\"hà nội\" sai gon", "ngu"] {
            assert!(!is_found(typed, STREET), "{typed}");
        }
        assert!(is_found("成语", "今天玩成语接龙游戏") && !is_found("语成", "今天玩成语接龙游戏"));
        assert!(
            is_found("게임", "끝말잇기게임")
                && is_found("\u{1100}\u{1166}\u{110b}\u{1175}\u{11b7}", "끝말잇기게임")
        );
    }

    #[test]
    fn what_is_syntax_elsewhere_is_a_word_here() {
        for typed in [
            "NOT",
            "a AND b",
            "NEAR(a b)",
            "a OR",
            "words:a",
            "a^2",
            "(",
            "\"",
            "\"a",
            "a\0b",
            "-a",
            "{a}",
            "a'b",
        ] {
            match Query::parse(typed, 0) {
                Ok(query) => {
                    let allowed = |char: char| {
                        char.is_ascii_lowercase() || char.is_ascii_digit() || "\"* AND".contains(char)
                    };
                    assert!(query.to_fts5().chars().all(allowed), "{typed}");
                }
                Err(error) => assert_eq!(error, QueryError::Empty, "{typed}"),
            }
        }
        assert!(is_found("NOT", "do not") && is_found("NEAR(you", "near you"));
    }

    #[test]
    fn what_cannot_be_answered_is_said_in_a_sentence() {
        for (typed, error) in [
            ("", QueryError::Empty),
            ("\u{1f600} !", QueryError::Empty),
            ("from:", QueryError::NoName("from:")),
            ("in:\"\"", QueryError::NoName("in:")),
            ("before:soon", QueryError::NotADay("before:")),
            ("after:2026-02-30", QueryError::NotADay("after:")),
            ("has:money", QueryError::UnknownHas),
            ("a*", QueryError::ShortPrefix),
        ] {
            assert_eq!(Query::parse(typed, 0), Err(error), "{typed}");
        }
        assert_eq!(Query::parse(&"x".repeat(10_000), 0), Err(QueryError::TooLong));
        assert_eq!(Query::parse(&"x ".repeat(400), 0), Err(QueryError::TooManyWords));
    }

    #[test]
    fn a_search_is_narrowed_by_who_where_and_when() {
        let narrowed = query("from:lan in:\"Đà Lạt\" after:2026-11-30 before:2026-12-01 has:link trip");
        assert!(narrowed.is_from("Trần Lan") && narrowed.is_from("Lan Anh") && !narrowed.is_from("Alan"));
        assert!(narrowed.is_within("Trip to Đà Lạt") && !narrowed.is_within("Da Lat"));
        assert_eq!(narrowed.until.unwrap().0 - narrowed.since.unwrap().0, 86_400_000_000);
        assert!(narrowed.find_in("our trip: https://example.org/x").is_some());
        assert!(narrowed.find_in("our trip").is_none());
        let east = Query::parse("after:2026-11-30", 420).unwrap().since.unwrap();
        assert_eq!(query("AFTER:2026-11-30").since.unwrap().0 - east.0, 7 * 3_600_000_000);
        assert!(!query("from:lan").has_words());
    }

    #[test]
    fn the_index_is_asked_with_folded_words() {
        let asked = query("Hà \"Nguyễn Huệ\" ngu* 成语");
        assert_eq!(asked.to_fts5(), r#""ha" AND "nguyen hue" AND "ngu" * AND "成 语""#);
        assert_eq!(
            asked.to_tsquery(),
            "'ha' & ('nguyen' <-> 'hue' | 'nguyen' & 'hue' & '*') & 'ngu':* & ('成' <-> '语' | '成' & '语' & '*')"
        );
        assert_eq!(to_tsvector("Hà, ha nội"), "'ha':1,2 'noi':3 ");
        assert!(to_tsvector(&"哈".repeat(300)).ends_with("'*'"));
        assert_eq!(to_fts5_text("Hà, 成语!"), "ha 成 语");
    }

    #[test]
    fn the_places_of_all_words_are_told() {
        let text = "Hà Nội, ha noi";
        let places: Vec<&str> =
            query("ha \"ha noi\"").find_in(text).unwrap().into_iter().map(|place| &text[place]).collect();
        assert_eq!(places, ["Hà", "Hà Nội", "ha", "ha noi"]);
    }
}
