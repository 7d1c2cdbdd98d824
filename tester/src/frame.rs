//! A line of the record: a frame in one of the directions, or a notice about the connection.

use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Sent,
    Received,
    /// No frame: the connection opened or closed, or something was loaded over HTTP.
    Notice,
}

impl Direction {
    pub const ALL: &'static [Self] = &[Self::Sent, Self::Received, Self::Notice];

    /// Its name in files and in the filter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Notice => "notice",
        }
    }

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

#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Counted from 0, never reused.
    pub number: u64,
    /// In milliseconds since 1970 by this device's clock.
    pub at: f64,
    pub direction: Direction,
    /// The frame's `type`, or one of the `KIND_` constants.
    pub kind: String,
    /// The payload's bytes.
    pub size: usize,
    /// The payload, or the text of a notice.
    pub text: String,
}

/// The kind of a text that is not a JSON object.
pub const KIND_TEXT: &str = "(text)";
/// The kind of a JSON object without a `type`.
pub const KIND_UNTYPED: &str = "(no type)";
/// The kind of a binary frame, which the protocol does not have.
pub const KIND_BINARY: &str = "(binary)";

/// The fields of a frame that the tester uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Head {
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
    /// Reads the fields; an invalid one counts as missing.
    pub fn read(text: &str) -> Self {
        if let Ok(head) = serde_json::from_str(text) {
            return head;
        }
        // Frames that a person typed may be wrong in any way; their type is still useful.
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

    /// The text in the column of types.
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
