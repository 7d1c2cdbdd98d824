//! Finds the addresses in a message's text.
//!
//! Only `http`, `https` and `mailto` become links; everything else stays text.
//! One pass finds them: no part of a text is looked at more than twice, whatever the text is, so that a message can't
//! block the page of those who read it.

/// Most links in one message; further addresses stay text, since every link costs the page an element.
pub const LINKS: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    /// An address that is safe to follow.
    Link(&'a str),
}

/// Splits a text into links and the text between them; the pieces together are the whole text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    split(text, || ())
}

/// Calls `look` each time a byte or a character is read, so that a test can count.
fn split(text: &str, mut look: impl FnMut()) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut done, mut at, mut links) = (0, 0, 0);
    while at < text.len() && links < LINKS {
        look();
        // Every address has a `:`, and most messages have no address.
        let found = if text.as_bytes()[at] == b':' { scheme(text, done, at) } else { None };
        let Some((scheme, start)) = found else {
            at += 1;
            continue;
        };
        let body = start + scheme.len();
        at = body;
        if !text[body..].starts_with(may_begin) {
            continue;
        }
        let (end, stop) = address(text, start, body, &mut look);
        if !leads_where_it_seems(scheme, &text[body..end]) {
            at = stop;
            continue;
        }
        if done < start {
            pieces.push(Piece::Text(&text[done..start]));
        }
        pieces.push(Piece::Link(&text[start..end]));
        links += 1;
        (done, at) = (end, end);
    }
    if done < text.len() {
        pieces.push(Piece::Text(&text[done..]));
    }
    pieces
}

/// The scheme whose colon is at this index, and where it begins; not inside a word or another scheme.
fn scheme(text: &str, done: usize, colon: usize) -> Option<(&'static str, usize)> {
    ["https://", "http://", "mailto:"].into_iter().find_map(|scheme| {
        let start = colon.checked_sub(scheme.find(':')?).filter(|start| *start >= done)?;
        let found = text.get(start..start + scheme.len())?;
        let before = text.as_bytes()[..start].last();
        let free = before.is_none_or(|before| !before.is_ascii_alphanumeric() && *before != b'+');
        (free && found.eq_ignore_ascii_case(scheme)).then_some((scheme, start))
    })
}

/// The role of a character in an address.
enum Role {
    /// It ends the address.
    Outside,
    /// It belongs to the address only when more of the address follows: punctuation, a smiley.
    Within,
    /// It belongs to the character before it.
    Joined,
    /// It opens a bracket of this kind.
    Opens(usize),
    Closes(usize),
    /// The address may end with it.
    Part,
}

/// Where an address ends that begins at `start` and whose scheme ends at `body`, and how far the text was read.
fn address(text: &str, start: usize, body: usize, look: &mut impl FnMut()) -> (usize, usize) {
    let before = text[..start].chars().next_back();
    let mut open = [0_u32; 3];
    let mut end = body;
    for (index, letter) in text[body..].char_indices() {
        look();
        let at = body + index;
        let after = at + letter.len_utf8();
        match role(letter, before) {
            Role::Outside => return (end, at),
            Role::Opens(kind) => open[kind] += 1,
            Role::Closes(kind) if open[kind] == 0 => return (end, at),
            Role::Closes(kind) => {
                open[kind] -= 1;
                end = after;
            }
            Role::Joined if end == at => end = after,
            Role::Within | Role::Joined => {}
            Role::Part => end = after,
        }
    }
    (end, text.len())
}

/// The role of a character, when `before` precedes the address.
#[rustfmt::skip]
fn role(letter: char, before: Option<char>) -> Role {
    match letter {
        '(' => Role::Opens(0),
        ')' => Role::Closes(0),
        '[' => Role::Opens(1),
        ']' => Role::Closes(1),
        '{' => Role::Opens(2),
        '}' => Role::Closes(2),
        // White space, controls, and the delimiters of RFC 3986, appendix C.
        '\0'..=' ' | '\u{7f}'..='\u{a0}' | '<' | '>' | '"' | '`'
        // Invisible characters: fillers, and the controls of writing direction (RFC 3987, section 4.1).
        | '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2000}'..='\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{1680}' | '\u{e0000}'..
        // Private use, and the brackets, quotes and stops of languages that write without spaces.
        | '\u{e000}'..='\u{f8ff}' | '«' | '»' | '‹' | '›' | '“'..='‟' | '\u{3000}'..='〃'
        | '〈'..='】' | '〔'..='〛' | '〝'..='〟' | '\u{fe10}'..='\u{fe19}' | '\u{fe30}'..='\u{fe6b}'
        | '！' | '＂' | '＇' | '（' | '）' | '，' | '．' | '：' | '；' | '＜' | '＞' | '？' | '［' | '］'
        | '｀' | '｛' | '｝' | '｟'..='､' => Role::Outside,
        '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '…' | '‘' | '’' | '‚' | '–' | '—' | '|'
        // Joiners, which need a following character, and the stops of other scripts.
        | '\u{200c}' | '\u{200d}' | '\u{37e}' | '։' | '،' | '؛' | '؟' | '۔' | '।' | '॥' | '၊' | '။' | '።' | '។'
        // Arrows and pictographs.
        | '\u{2190}'..='\u{21ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => Role::Within,
        // Emphasis around an address, as Markdown writes it.
        '*' | '_' | '~' if before == Some(letter) => Role::Within,
        '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' => Role::Joined,
        _ => Role::Part,
    }
}

/// Whether a host or a mailbox can begin with this character.
fn may_begin(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '[' || letter == '_' || !letter.is_ascii()
}

/// Whether an address has a host, and a person who reads it sees which host that is.
fn leads_where_it_seems(scheme: &str, address: &str) -> bool {
    if scheme == "mailto:" {
        let mailbox = address.split('?').next().unwrap_or_default();
        return mailbox.split_once('@').is_some_and(|(_, host)| !host.is_empty());
    }
    // A browser takes `\` for `/` (URL Standard, special schemes).
    let authority = address.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // The part before an `@` is a user name that can look like the host.
    !authority.is_empty() && !authority.contains('@') && authority.starts_with('[') == authority.contains(']')
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
