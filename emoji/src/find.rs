//! Finding emoji by words in any of the languages, and by short codes.

use crate::{Emoji, all};

/// How many ranks there are.
const RANKS: usize = 4;
/// Longest query, in bytes; the rest is not looked at.
const QUERY_BYTES: usize = 100;

/// All emoji, and what they are found by.
#[derive(Debug)]
pub struct Finder {
    emoji: Vec<Emoji>,
    /// Of each emoji its short codes.
    codes: Vec<Vec<String>>,
    /// Of each emoji its names and its other words, folded, a line for each.
    words: Vec<String>,
}

impl Finder {
    /// `fold` makes two spellings that count as one equal: it takes away case and marks, and keeps white space and tabs.
    #[must_use]
    pub fn new(fold: impl Fn(&str) -> String) -> Self {
        let emoji = all();
        let codes: Vec<_> = emoji.iter().map(Emoji::codes).collect();
        let line = |one: &Emoji| {
            let (english, vietnamese) = (one.english, one.vietnamese);
            let (codes, names) = (one.codes.replace('_', "-"), [english.name, vietnamese.name].join("\t"));
            format!("{codes}\t{names}\t{}\t{}", english.more, vietnamese.more)
        };
        // At once, since a browser's fold is dear to call.
        let folded = fold(&emoji.iter().map(line).collect::<Vec<_>>().join("\n"));
        Self { words: folded.lines().map(str::to_owned).collect(), emoji, codes }
    }

    /// All emoji, in Unicode's order.
    #[must_use]
    pub fn all(&self) -> &[Emoji] {
        &self.emoji
    }

    /// The emoji that have words which begin with all words of a query, the best first; all of them for a query without words.
    ///
    /// `query` is folded as the words are.
    #[must_use]
    pub fn find(&self, query: &str) -> Vec<Emoji> {
        let query = query.get(..query.floor_char_boundary(QUERY_BYTES)).unwrap_or_default();
        let wanted: Vec<_> = query.split_whitespace().collect();
        if wanted.is_empty() {
            return self.emoji.clone();
        }
        let phrase = wanted.join(" ");
        // By rank, and not by the library's sort, which the page would load.
        let mut found: [Vec<Emoji>; RANKS] = std::array::from_fn(|_| Vec::new());
        for (one, words) in self.emoji.iter().zip(&self.words) {
            if let Some(rank) = rank(words, &wanted, &phrase) {
                found[rank].push(*one);
            }
        }
        found.concat()
    }

    /// The emoji whose short codes begin so, with the code, the shortest first; at most `most`.
    #[must_use]
    pub fn codes(&self, beginning: &str, most: usize) -> Vec<(&str, Emoji)> {
        let mut found: Vec<(&str, Emoji)> = Vec::new();
        for (one, codes) in self.emoji.iter().zip(&self.codes) {
            let Some(code) = codes.iter().find(|code| code.starts_with(beginning)) else { continue };
            let at = found.iter().position(|(known, _)| known.len() > code.len()).unwrap_or(found.len());
            if at < most {
                found.insert(at, (code, *one));
                found.truncate(most);
            }
        }
        found
    }

    /// The emoji with this short code.
    #[must_use]
    pub fn code(&self, wanted: &str) -> Option<Emoji> {
        // A usual one comes before another's name.
        let usual = self.emoji.iter().find(|one| one.codes.split_whitespace().any(|code| code == wanted));
        let named = || {
            let at = self.codes.iter().position(|codes| codes.last().is_some_and(|code| code == wanted))?;
            self.emoji.get(at)
        };
        usual.or_else(named).copied()
    }
}

/// How well words fit, the least best; nothing when one that is wanted begins none of them.
fn rank(words: &str, wanted: &[&str], phrase: &str) -> Option<usize> {
    let is_between = |letter: char| letter.is_whitespace() || "-,:()“”".contains(letter);
    let each = || words.split(is_between);
    if !wanted.iter().all(|wanted| each().any(|word| word.starts_with(wanted))) {
        return None;
    }
    // The codes and names come first, the other words after them.
    let names: Vec<_> = words.split('\t').take(3).collect();
    Some(if names.contains(&phrase) {
        0
    } else if names.iter().any(|name| name.starts_with(phrase)) {
        1
    } else if wanted.iter().all(|wanted| each().any(|word| word == *wanted)) {
        2
    } else {
        3
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The marks of the words below, as a browser takes them away.
    fn fold(text: &str) -> String {
        let plain = |letter: char| match letter {
            'à' | 'á' | 'ạ' | 'ả' | 'ã' | 'ă' | 'ắ' | 'ằ' | 'ặ' | 'ẳ' | 'ẵ' | 'â' | 'ấ' | 'ầ' | 'ậ' | 'ẩ'
            | 'ẫ' => 'a',
            'ô' | 'ố' | 'ồ' | 'ộ' | 'ổ' | 'ỗ' | 'ơ' | 'ớ' | 'ờ' | 'ợ' | 'ở' | 'ỡ' | 'ò' | 'ó' | 'ọ' | 'ỏ'
            | 'õ' => 'o',
            'ư' | 'ứ' | 'ừ' | 'ự' | 'ử' | 'ữ' | 'ù' | 'ú' | 'ụ' | 'ủ' | 'ũ' => 'u',
            'è' | 'é' | 'ẹ' | 'ẻ' | 'ẽ' | 'ê' | 'ế' | 'ề' | 'ệ' | 'ể' | 'ễ' => 'e',
            'ì' | 'í' | 'ị' | 'ỉ' | 'ĩ' => 'i',
            'đ' => 'd',
            other => other,
        };
        text.to_lowercase().chars().map(plain).collect()
    }

    fn first(query: &str) -> &'static str {
        Finder::new(fold).find(&fold(query)).first().map_or("", |one| one.text)
    }

    #[test]
    fn they_are_found_by_words_of_both_languages_without_marks() {
        assert_eq!(first("thumbs up"), "\u{1f44d}");
        assert_eq!(first("Cà phê"), first("ca phe"));
        assert_ne!(first("ca phe"), "");
        assert_eq!(first("smile"), "\u{1f604}");
        assert_eq!(first("no such emoji"), "");
        let finder = Finder::new(fold);
        assert_eq!(finder.find(" ").len(), finder.all().len());
        assert_eq!(finder.words.len(), finder.all().len());
    }

    #[test]
    fn all_words_of_a_query_are_needed_in_any_order() {
        let finder = Finder::new(fold);
        let hearts = finder.find("heart");
        let red = finder.find("red heart");
        assert!(!red.is_empty() && red.len() < hearts.len());
        assert!(finder.find("hear re").contains(&red[0]));
    }

    #[test]
    fn a_query_without_end_is_looked_at_up_to_its_bound() {
        let finder = Finder::new(fold);
        assert_eq!(finder.find(&"é".repeat(100_000)), []);
        assert_eq!(finder.find(&format!("smile{}", " ".repeat(100_000))), finder.find("smile"));
    }

    #[test]
    fn short_codes_are_completed_the_shortest_first() {
        let finder = Finder::new(fold);
        let codes: Vec<_> = finder.codes("smil", 3).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes.first(), Some(&"smile"));
        assert_eq!(codes.len(), 3);
        assert_eq!(finder.code("smile").unwrap().text, "\u{1f604}");
        assert_eq!(finder.code("smil"), None);
    }
}
