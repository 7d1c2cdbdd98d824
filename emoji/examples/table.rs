//! Makes `src/table.txt` from an unpacked package `emojibase-data`, whose folder is the argument; see `src/table.md`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Where the table is.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/table.txt");
/// The groups of the package, in the order of the categories; it has one more, of parts of emoji.
const GROUPS: [u32; 9] = [0, 1, 3, 4, 5, 6, 7, 8, 9];
/// With so many words beside the name in one language no more are added.
const WORDS: usize = 3;
const LIGHTEST: char = '\u{1f3fb}';

#[derive(Deserialize)]
struct Entry {
    hexcode: String,
    emoji: String,
    label: String,
    #[serde(default)]
    tags: Vec<String>,
    group: Option<u32>,
    #[serde(default)]
    order: u32,
    #[serde(default)]
    skins: Vec<Skin>,
}

#[derive(Deserialize)]
struct Skin {
    emoji: String,
    tone: Tone,
}

#[derive(Deserialize, PartialEq)]
#[serde(untagged)]
enum Tone {
    One(u32),
    Two(Vec<u32>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Codes {
    One(String),
    Many(Vec<String>),
}

fn main() -> Result<()> {
    let folder = env::args().nth(1).context("name the folder of the package emojibase-data")?;
    let folder = Path::new(&folder);
    let english: Vec<Entry> = load(folder, "en/data.json")?;
    let frequencies_here = frequencies(&english);
    let vietnamese: Vec<Entry> = load(folder, "vi/data.json")?;
    let codes: BTreeMap<String, Codes> = load(folder, "en/shortcodes/github.json")?;
    let others: BTreeMap<String, Codes> = load(folder, "en/shortcodes/emojibase.json")?;
    let frequencies_there = frequencies(&vietnamese);
    let vietnamese: HashMap<_, _> = vietnamese.iter().map(|one| (one.hexcode.as_str(), one)).collect();
    let mut in_order: Vec<&Entry> = english.iter().collect();
    in_order.sort_by_key(|one| (one.group, one.order));
    let mut taken = HashSet::new();
    let mut lines = Vec::new();
    for one in in_order {
        let Some(category) = GROUPS.iter().position(|group| one.group == Some(*group)) else { continue };
        let Some(text) = qualified(&one.emoji) else { continue };
        let Some(other) = vietnamese.get(one.hexcode.as_str()) else { continue };
        let named = codes.get(&one.hexcode).or_else(|| others.get(&one.hexcode));
        let names: Vec<_> = match named {
            Some(Codes::One(code)) => vec![code.as_str()],
            Some(Codes::Many(codes)) => codes.iter().map(String::as_str).collect(),
            None => Vec::new(),
        };
        let names: Vec<_> = names.into_iter().filter(|code| taken.insert((*code).to_owned())).collect();
        // Its name is a short code anyway, the last one.
        let own = causerie_emoji::code_of(&one.label);
        let names: Vec<_> = names.into_iter().filter(|code| *code != own).collect();
        lines.push([
            format!("{category}{}", tones(text, &one.skins)),
            text.to_owned(),
            names.join(" "),
            one.label.clone(),
            more(one, &frequencies_here),
            other.label.clone(),
            more(other, &frequencies_there),
        ]);
    }
    // One column after the other, which is a tenth smaller when it is compressed.
    let mut table = String::new();
    for column in 0..7 {
        for line in &lines {
            table += &line[column];
            table.push('\n');
        }
    }
    fs::write(TABLE, table).context("writing the table")
}

fn load<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T> {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("understanding {}", path.display()))
}

/// The emoji as Unicode writes it in full.
fn qualified(text: &str) -> Option<&'static str> {
    let bare: String = text.chars().filter(|letter| *letter != '\u{fe0f}').collect();
    emojis::get(text).or_else(|| emojis::get(&bare)).map(emojis::Emoji::as_str)
}

/// How it is written with a skin tone: not at all, behind the first code point, or behind the last one too.
fn tones(text: &str, skins: &[Skin]) -> u8 {
    let lightest = skins.iter().find(|skin| skin.tone == Tone::One(1) || skin.tone == Tone::Two(vec![1]));
    let Some(lightest) = lightest.and_then(|skin| qualified(&skin.emoji)) else { return 0 };
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return 0 };
    let rest = letters.as_str();
    let rest = rest.strip_prefix('\u{fe0f}').unwrap_or(rest);
    let toned = format!("{first}{LIGHTEST}{rest}");
    match lightest {
        same if same == toned => 1,
        same if same == format!("{toned}{LIGHTEST}") => 2,
        _ => 0,
    }
}

/// How often each word is one that an emoji is found by.
fn frequencies(entries: &[Entry]) -> HashMap<&str, usize> {
    let mut frequencies = HashMap::new();
    for word in entries.iter().flat_map(|one| &one.tags).flat_map(|tag| tag.split_whitespace()) {
        *frequencies.entry(word).or_default() += 1;
    }
    frequencies
}

/// The words that it is found by and that its name does not have; of many, those that say most: used for few others, but not
/// for this one alone.
fn more(one: &Entry, frequencies: &HashMap<&str, usize>) -> String {
    let frequency =
        |tag: &str| tag.split_whitespace().filter_map(|word| frequencies.get(word)).min().copied();
    let mut tags: Vec<&String> = one.tags.iter().collect();
    tags.sort_by_key(|tag| (frequency(tag) < Some(2), frequency(tag)));
    let mut words: Vec<&str> = Vec::new();
    for tag in tags {
        if words.len() >= WORDS {
            break;
        }
        for word in tag.split_whitespace() {
            if !words.contains(&word) && !one.label.split_whitespace().any(|named| named == word) {
                words.push(word);
            }
        }
    }
    words.join(" ")
}
