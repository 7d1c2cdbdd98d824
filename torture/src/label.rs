//! Labels: every message of a run contains the number of its client and its sequence number there.

use causerie_protocol::{ClientId, MessageText};

/// The client that wrote a message, and the sequence number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    pub client: u32,
    /// 1, 2, 3 … in the order in which the client's person wrote, over all chats.
    pub number: u32,
}

/// Texts that careless programs mishandle: markup, quotes, control characters, joined emoji, bidirectional overrides.
const FILLERS: [&str; 8] =
    ["", "plain", "<b>bold</b>", "\"quoted\" \\", "مرحبا", "👩‍👩‍👧 e\u{301}", "two\nlines\t", "\u{202e}abc "];

impl Label {
    pub fn client_id(self) -> ClientId {
        ClientId::new(format!("c{}.{}", self.client, self.number)).expect("short visible ASCII")
    }

    /// The label of one of our client ids; the id of a retry has a suffix.
    pub fn of_client_id(id: &str) -> Option<Self> {
        let name = id.strip_prefix('c')?;
        Self::parse(name.split_once('~').map_or(name, |(first, _)| first))
    }

    /// The message's text: the label, then a filler that is derived from it; some are as long as a text may be.
    pub fn text(self) -> String {
        let mixed = mix(u64::from(self.client) << 32 | u64::from(self.number));
        let filler = FILLERS[(mixed % 8) as usize];
        // Now and then many long ones in a row, so that slow readers fall behind.
        let is_flood = self.number / 128 % 16 == 15;
        let repeats = match mixed >> 8 & 0xfff {
            _ if is_flood => 6_000 / filler.len().max(1),
            0 => 16_000 / filler.len().max(1),
            1..16 => 100,
            _ => 1,
        };
        format!("{}.{} {}", self.client, self.number, filler.repeat(repeats))
    }

    pub fn message(self) -> MessageText {
        MessageText::new(self.text()).expect("the longest filler is far below the limit")
    }

    /// The label of a text; none unless the text is, byte for byte, the one of that label.
    pub fn of_text(text: &str) -> Option<Self> {
        let label = Self::parse(text.split(' ').next()?)?;
        (label.text() == text).then_some(label)
    }

    fn parse(text: &str) -> Option<Self> {
        let (client, number) = text.split_once('.')?;
        Some(Self { client: client.parse().ok()?, number: number.parse().ok()? })
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "message {} of client {}", self.number, self.client)
    }
}

/// The digest of a message at its seq; equal sums over two pieces of the log mean equal pieces.
pub fn digest(seq: u64, id: i64, label: Option<Label>) -> u64 {
    let label = label.map_or(u64::MAX, |label| u64::from(label.client) << 32 | u64::from(label.number));
    mix(seq ^ mix(id.cast_unsigned() ^ mix(label)))
}

/// The finaliser of SplitMix64: every bit of the input changes about half of the output's.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_from_its_text_and_its_id_and_from_nothing_else() {
        for number in 0..200_000 {
            let label = Label { client: 7, number };
            assert_eq!(Label::of_text(&label.text()), Some(label));
            assert_eq!(Label::of_client_id(label.client_id().as_str()), Some(label));
            assert_eq!(Label::of_client_id(&format!("{}~", label.client_id())), Some(label));
            assert_eq!(Label::of_text(&format!("{}?", label.text())), None);
            label.message();
        }
        for foreign in ["", "7", "7.x hello", "Hello"] {
            assert_eq!(Label::of_text(foreign), None, "{foreign}");
            assert_eq!(Label::of_client_id(foreign), None, "{foreign}");
        }
    }
}
