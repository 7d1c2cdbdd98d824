//! A line of the tester's record: a frame in one of the directions, or a notice of what the connection did.

use serde::Deserialize;

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From this page to the server.
    Sent,
    /// From the server to this page.
    Received,
    /// Nothing went: the connection opened, closed, or something was loaded over HTTP.
    Notice,
}

impl Direction {
    /// Every direction.
    pub const ALL: &'static [Self] = &[Self::Sent, Self::Received, Self::Notice];

    /// Its name in files and in the filter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Notice => "notice",
        }
    }

    /// The direction with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|direction| direction.as_str() == name)
    }

    /// A sign for narrow columns.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Sent => "↑",
            Self::Received => "↓",
            Self::Notice => "·",
        }
    }
}

/// A line of the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Counted from 0, never used again.
    pub number: u64,
    /// When, in milliseconds since 1970 by this device's clock.
    pub at: f64,
    /// Which way.
    pub direction: Direction,
    /// The frame's `type`, or what it is when it has none.
    pub kind: String,
    /// The payload's bytes.
    pub size: usize,
    /// The payload, or the notice's words.
    pub text: String,
}

/// The kind of a text that is no JSON object.
pub const KIND_TEXT: &str = "(text)";
/// The kind of a JSON object without a `type`.
pub const KIND_UNTYPED: &str = "(no type)";
/// The kind of a binary frame, which the protocol does not have.
pub const KIND_BINARY: &str = "(binary)";

/// What the tester reads of a frame, whatever else is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// The frame's `type`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Of `ping` and `pong`.
    #[serde(default)]
    pub t: Option<i64>,
    /// Of `message` and `ack`.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Of `subscribe` and `subscribed`.
    #[serde(default)]
    pub chat_id: Option<i64>,
}

impl Head {
    /// Reads it; a field that is no good is as one that is missing.
    pub fn read(text: &str) -> Self {
        if let Ok(head) = serde_json::from_str(text) {
            return head;
        }
        // Frames of one's own making may be wrong in any way: what can be read of them is still of use.
        let kind = match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Object(fields)) => {
                fields.get("type").map_or(KIND_UNTYPED.to_owned(), |kind| {
                    kind.as_str().map_or_else(|| kind.to_string(), str::to_owned)
                })
            }
            _ => KIND_TEXT.to_owned(),
        };
        Self { kind: Some(kind), ..Self::default() }
    }

    /// What stands in the column of types.
    pub fn kind(&self) -> String {
        self.kind.clone().unwrap_or_else(|| KIND_UNTYPED.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_any_text_has_a_name() {
        for (text, kind) in [
            (r#"{"type":"message","text":"Hello"}"#, "message"),
            (r#"{"t":1}"#, KIND_UNTYPED),
            (r#"{"type":"ping","t":"not a number"}"#, "ping"),
            (r#"{"type":5}"#, "5"),
            ("[1]", KIND_TEXT),
            ("hello", KIND_TEXT),
            ("", KIND_TEXT),
        ] {
            assert_eq!(Head::read(text).kind(), kind, "{text:?}");
        }
    }

    #[test]
    fn a_direction_is_found_by_its_name() {
        for direction in Direction::ALL {
            assert_eq!(Direction::from_name(direction.as_str()), Some(*direction));
        }
        assert_eq!(Direction::from_name(""), None);
    }
}
