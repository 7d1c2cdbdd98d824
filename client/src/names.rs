//! Names of people and chats as they are shown to a person.
//!
//! Only a [`Name`] goes into a sentence, never a plain string that another person wrote. [`People`] knows how much of a
//! name is needed to tell a user from all others in a chat.

use std::fmt;

use causerie_protocol::{User, UserId};
use causerie_texts::bidi;

use crate::sorted::SortedMap;

/// A name or a title that is safe beside other text: in a sentence it is isolated from its surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    text: String,
    isolated: String,
}

impl Name {
    /// From a name or a title as a user wrote it.
    pub fn new(written: &str) -> Self {
        Self { text: bidi::contained(written), isolated: bidi::isolated(written) }
    }

    pub fn of(user: &User) -> Self {
        Self::new(&user.name)
    }

    pub fn list(names: &[Self]) -> Self {
        match names {
            [only] => only.clone(),
            _ => {
                let isolated: Vec<&str> = names.iter().map(|name| &*name.isolated).collect();
                let text = isolated.join(", ");
                Self { isolated: text.clone(), text }
            }
        }
    }

    /// For an element that contains nothing else and isolates it, such as `bdi`; never for a sentence.
    pub fn alone(&self) -> &str {
        &self.text
    }

    /// The name with a mark that distinguishes it from the same name of another user.
    fn with_mark(&self, mark: &str) -> Self {
        let text = format!("{} {mark}", self.isolated);
        Self { isolated: text.clone(), text }
    }
}

/// Isolated from its surroundings.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.isolated)
    }
}

/// Folds two spellings of the same name into one. The browser has the tables for it, so the caller passes the function.
pub type Fold<'a> = &'a dyn Fn(&str) -> String;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Called {
    short: Name,
    whole: Name,
}

/// How the people of a chat are named, so that each differs from the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    called: SortedMap<UserId, Called>,
}

impl People {
    /// The names of these users; one that is listed twice counts once, with the first name.
    pub fn new<'a>(people: impl IntoIterator<Item = &'a User>, fold: Fold<'_>) -> Self {
        let mut users = SortedMap::<UserId, (&User, String)>::new();
        for user in people {
            users.get_or_insert_with(user.id, || (user, fold(&user.name)));
        }
        let mut owners = Owners::default();
        let mut whole = SortedMap::<UserId, (Name, String)>::new();
        for (id, (user, folded)) in users.iter() {
            let words: Vec<&str> = folded.split_whitespace().collect();
            for word in &words {
                owners.add(word, *id);
            }
            whole.insert(*id, (Name::of(user), words.join(" ")));
        }
        // A user may have chosen a name that looks like a marked one, so marked names are compared again.
        for _ in 0..MARKS {
            let mut same = Owners::default();
            for (id, (_, key)) in whole.iter() {
                same.add(key, *id);
            }
            for (id, (name, key)) in whole.iter_mut() {
                if !same.has_one(key) {
                    let mark = format!("#{id}");
                    *name = name.with_mark(&mark);
                    *key += &format!(" {mark}");
                }
            }
        }
        let mut called = SortedMap::new();
        for (id, (whole, _)) in whole.iter() {
            let Some((user, folded)) = users.get(id) else { continue };
            let short = given(&user.name, folded).filter(|(_, folded)| owners.has_one(folded));
            let short = short.map_or_else(|| whole.clone(), |(given, _)| Name::new(given));
            called.insert(*id, Called { short, whole: whole.clone() });
        }
        Self { called }
    }

    /// Unless all participants of the chat are known, no name is shortened.
    pub fn whole_unless(mut self, all_known: bool) -> Self {
        for called in self.called.values_mut().filter(|_| !all_known) {
            called.short = called.whole.clone();
        }
        self
    }

    /// The given name if no other name in the chat has that word, else the whole name.
    pub fn short(&self, user: &User) -> Name {
        self.called.get(&user.id).map_or_else(|| Name::of(user), |called| called.short.clone())
    }

    /// The name of [`People::short`] for somebody who is known by id alone.
    pub fn named(&self, user: UserId) -> Option<Name> {
        self.called.get(&user).map(|called| called.short.clone())
    }

    /// The whole name, with a mark when another user has the same.
    pub fn whole(&self, user: &User) -> Name {
        self.called.get(&user.id).map_or_else(|| Name::of(user), |called| called.whole.clone())
    }
}

/// Which words belong to the name of one user only.
#[derive(Default)]
struct Owners(SortedMap<String, Option<UserId>>);

impl Owners {
    fn add(&mut self, word: &str, id: UserId) {
        let owner = self.0.get_or_insert_with(word.to_owned(), || Some(id));
        if *owner != Some(id) {
            *owner = None;
        }
    }

    fn has_one(&self, word: &str) -> bool {
        self.0.get(&word.to_owned()).is_some_and(Option::is_some)
    }
}

/// How many marks a name gets at most, until no two names are the same.
const MARKS: usize = 3;

/// Family names of Vietnam, the most frequent first.
const FAMILIES: &str = "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đào đoàn vương trịnh \
    trương đinh lâm phùng tô hà tạ lương lưu thái châu tống tăng quách kiều diệp nghiêm đồng triệu";
/// Those that without diacritics are not names of other languages.
const BARE_FAMILIES: &str = "nguyen tran pham hoang huynh phan vu dang bui ngo duong dao doan vuong trinh truong dinh phung luong luu";
/// Those that without diacritics are names of other languages too.
const SHARED_FAMILIES: &str = "le vo do ho ly lam to ha ta cao mai chu";

/// The index of a word in a list of words.
fn place(list: &str, word: &str) -> Option<usize> {
    list.split(' ').position(|listed| listed == word)
}

/// Whether a name, folded to lower case, begins with the family name, as Vietnamese names do.
///
/// It does when the first word is a Vietnamese family name. A family name at the end means the other order, as
/// Vietnamese people abroad use it. Else the middle names Văn and Thị decide, or letters that only Vietnamese has.
pub fn is_family_first(folded: &str) -> bool {
    let words: Vec<&str> = folded.split_whitespace().collect();
    let [first, middle @ .., last] = &*words else { return false };
    let family = |word| place(FAMILIES, word).or_else(|| place(BARE_FAMILIES, word));
    let is_middle = |words: &[&str], names| words.iter().any(|word| place(names, word).is_some());
    match (family(first), family(last)) {
        // Hà is both a family name and a given name: in Hà Nguyễn the more frequent of the two is the family name.
        (Some(first), Some(last)) if middle.is_empty() => first <= last,
        (Some(_), _) => true,
        (None, Some(_)) => false,
        (None, None) if middle.is_empty() => false,
        (None, None) => {
            is_middle(middle, "văn thị thi")
                || folded.contains(|letter| matches!(letter, 'ơ' | 'ư' | '\u{1ea0}'..='\u{1ef9}'))
                || place(SHARED_FAMILIES, first).is_some() && (is_middle(middle, "van") || !folded.is_ascii())
        }
    }
}

/// The given name, and the same folded; nothing when the name has only one word, or no usable given name.
fn given<'a>(name: &'a str, folded: &'a str) -> Option<(&'a str, &'a str)> {
    let pick = |text: &'a str| {
        let mut words = text.split_whitespace();
        let one = if is_family_first(folded) { words.next_back() } else { words.next() };
        one.filter(|_| words.next().is_some())
    };
    let (given, folded) = (pick(name)?, pick(folded)?);
    // "Dr.", "J." and a bracket are not given names.
    let is_called = !given.ends_with('.') && given.chars().nth(1).is_some() && !given.starts_with(is_bracket);
    is_called.then_some((given, folded))
}

fn is_bracket(letter: char) -> bool {
    letter.is_ascii_punctuation()
}

/// The two initials of a name: of its first and last word, or of the last two words where the family name comes first,
/// since many people share it.
pub fn initials(name: &Name, folded: &str) -> String {
    // Brackets and other punctuation are not part of a name.
    let words = name.text.split_whitespace().map(|word| word.trim_start_matches(is_bracket));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let (first, last) = match *words {
        [] => return "?".to_owned(),
        [only] => (only, ""),
        [.., middle, last] if is_family_first(folded) => (middle, last),
        [first, .., last] => (first, last),
    };
    [first, last].iter().filter_map(|word| word.chars().next()).collect()
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
