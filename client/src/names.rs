//! What people and chats are called where it is said to a person.
//!
//! A [`Name`] is what goes into a sentence; a plain string of another person's making never does. [`People`] knows how
//! much of a name tells somebody from everybody else in a chat.

use std::fmt;

use causerie_protocol::{User, UserId, bidi};

use crate::sorted::SortedMap;

/// A name or a title as it can stand beside other text: written into a sentence it is isolated from that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    text: String,
    isolated: String,
}

impl Name {
    /// A name as a person, or a title as somebody, wrote it.
    pub fn new(written: &str) -> Self {
        Self { text: bidi::contained(written), isolated: bidi::isolated(written) }
    }

    /// A person's.
    pub fn of(user: &User) -> Self {
        Self::new(&user.name)
    }

    /// Several, with commas between.
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

    /// For an element in which nothing else stands and which isolates it, such as `bdi`; never for a sentence.
    pub fn alone(&self) -> &str {
        &self.text
    }

    /// The name, and behind it what tells this one from others that are called the same.
    fn with_mark(&self, mark: &str) -> Self {
        let text = format!("{} {mark}", self.isolated);
        Self { isolated: text.clone(), text }
    }
}

/// Isolated from what stands beside it.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.isolated)
    }
}

/// How two spellings of the same name are made one: a table that the browser has, and the client leaves to it.
pub type Fold<'a> = &'a dyn Fn(&str) -> String;

/// What somebody is called.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Called {
    short: Name,
    whole: Name,
}

/// The people of a chat, and what tells each from the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    called: SortedMap<UserId, Called>,
}

impl People {
    /// These people; who is named twice counts once, by the first name.
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
        // A mark can be written into a name as well, so that marked names are looked at again.
        for round in 0..MARKS {
            let mut same = Owners::default();
            for (id, (_, key)) in whole.iter() {
                same.add(key, *id);
            }
            for (id, (name, key)) in whole.iter_mut() {
                if !same.has_one(key) {
                    let email = users.get(id).map_or("", |(user, _)| &user.email);
                    let mark = mark(*id, email, round);
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

    /// The same, as long as not everybody in the chat is known: then no name is shortened.
    pub fn whole_unless(mut self, everybody: bool) -> Self {
        for called in self.called.values_mut().filter(|_| !everybody) {
            called.short = called.whole.clone();
        }
        self
    }

    /// The given name, as far as nobody else in the chat has it, else the whole name.
    pub fn short(&self, user: &User) -> Name {
        self.called.get(&user.id).map_or_else(|| Name::of(user), |called| called.short.clone())
    }

    /// The whole name, with a mark when somebody else has the same.
    pub fn whole(&self, user: &User) -> Name {
        self.called.get(&user.id).map_or_else(|| Name::of(user), |called| called.whole.clone())
    }
}

/// Which words are in the names of one person only.
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

/// How often marks are set, until no two names are the same.
const MARKS: usize = 3;

/// What tells two people of the same name apart: their address, then their number.
fn mark(id: UserId, email: &str, round: usize) -> String {
    match email.split_once('@') {
        Some((mailbox, _)) if round == 0 && !mailbox.is_empty() => format!("({})", Name::new(mailbox)),
        _ => format!("#{id}"),
    }
}

/// Family names of Vietnam, the most frequent first.
const FAMILIES: &str = "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đào đoàn vương trịnh \
    trương đinh lâm phùng tô hà tạ lương lưu thái châu tống tăng quách kiều diệp nghiêm đồng triệu";
/// Those that are no name elsewhere when they are written without marks.
const BARE_FAMILIES: &str = "nguyen tran pham hoang huynh phan vu dang bui ngo duong dao doan vuong trinh truong dinh phung luong luu";
/// Those that are names elsewhere too.
const SHARED_FAMILIES: &str = "le vo do ho ly lam to ha ta cao mai chu";

/// The place of a word in a list of words.
fn place(list: &str, word: &str) -> Option<usize> {
    list.split(' ').position(|listed| listed == word)
}

/// Whether a name, folded to lower case, begins with the family's, as Vietnamese ones do.
///
/// The first word says it when it is a Vietnamese family name; one at the end says that the order is the other one, as
/// of Vietnamese people abroad. Else the middle names Văn and Thị say it, or letters that no other language has.
pub fn is_family_first(folded: &str) -> bool {
    let words: Vec<&str> = folded.split_whitespace().collect();
    let [first, middle @ .., last] = &*words else { return false };
    let family = |word| place(FAMILIES, word).or_else(|| place(BARE_FAMILIES, word));
    let is_middle = |words: &[&str], names| words.iter().any(|word| place(names, word).is_some());
    match (family(first), family(last)) {
        // Hà is a family's name and a given one: in Hà Nguyễn the more frequent one is the family's.
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

/// What somebody is called by, and the same folded; nothing when the name has one word, or none that one is called by.
fn given<'a>(name: &'a str, folded: &'a str) -> Option<(&'a str, &'a str)> {
    let pick = |text: &'a str| {
        let mut words = text.split_whitespace();
        let one = if is_family_first(folded) { words.next_back() } else { words.next() };
        one.filter(|_| words.next().is_some())
    };
    let (given, folded) = (pick(name)?, pick(folded)?);
    // "Dr." and "J." are no names, and neither is a bracket.
    let is_called = !given.ends_with('.') && given.chars().nth(1).is_some() && !given.starts_with(is_bracket);
    is_called.then_some((given, folded))
}

fn is_bracket(letter: char) -> bool {
    letter.is_ascii_punctuation()
}

/// The letters that stand for a name where there is room for two: of its first and last word, and of the last two
/// words where the family's name comes first, which many share.
pub fn initials(name: &Name, folded: &str) -> String {
    // Brackets and the like are not what one is called by.
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
