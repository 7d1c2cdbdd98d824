//! Typed identifiers, log positions and times, as they stand on the wire.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    };
}

integer_id! {
    /// A person with an account.
    UserId
}
integer_id! {
    /// A chat, direct or group.
    ChatId
}
integer_id! {
    /// A message; unique in the installation and growing, so that a later message has a greater id.
    MessageId
}
integer_id! {
    /// A sign-in of a person, which can be listed and revoked; not the secret itself.
    TokenId
}

integer_id! {
    /// An invitation, which can be listed and revoked; not the secret itself.
    InvitationId
}
integer_id! {
    /// An entry of the audit log.
    AuditId
}
integer_id! {
    /// What somebody reported to the moderators.
    ReportId
}

/// A position in a chat's change log: 1, 2, 3 … without gaps; 0 is the position before the first event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The position before the first event.
    pub const ZERO: Self = Self(0);

    /// The position that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seq {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A name for one lifetime of the log; a client that comes with another epoch must load afresh.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub String);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A point in time as RFC 3339 text in UTC with microseconds, such as `2026-11-24T09:41:00.000000Z`.
///
/// It is text and not a number of seconds because each end has a calendar of its own; equal lengths make it sort as
/// text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub String);

impl Timestamp {
    /// Milliseconds since 1970; nothing when the text is no such time in UTC.
    #[must_use]
    pub fn unix_millis(&self) -> Option<u64> {
        let text = self.0.strip_suffix('Z')?;
        let number = |range: Range<usize>| text.get(range)?.parse::<u64>().ok();
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let fraction: String = text.get(19..)?.chars().skip(1).chain("000".chars()).take(3).collect();
        // The year begins with March, so that the day that some years have more is its last one.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
        // What stands before 1 January 1970 in this count.
        let days = days.checked_sub(719_469)?;
        Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + fraction.parse::<u64>().ok()?)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The sender's own name for a message, by which a repeated send is recognised for ever.
///
/// 1 to [`limits::CLIENT_ID_BYTES`] visible ASCII characters; a random UUID is the usual choice.
/// It is unique per chat and sender, so two people may use the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

/// A client id that is empty, too long or holds other characters than visible ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("client_id must be 1 to {max} visible ASCII characters, for example a UUID", max = limits::CLIENT_ID_BYTES)]
pub struct InvalidClientId;

impl ClientId {
    /// Checks and takes a client's id.
    ///
    /// # Errors
    /// [`InvalidClientId`] when it is empty, longer than [`limits::CLIENT_ID_BYTES`] or not visible ASCII.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidClientId> {
        let text = text.into();
        let valid = !text.is_empty()
            && text.len() <= limits::CLIENT_ID_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        valid.then_some(Self(text)).ok_or(InvalidClientId)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_short_visible_ascii() {
        assert!(ClientId::new("5f0c3c1e-6f0e-4b1c-9f0a-0d6f5b1f7a10").is_ok());
        for bad in ["", "a b", "é", "line\nbreak", &"x".repeat(65)] {
            assert_eq!(ClientId::new(bad), Err(InvalidClientId), "{bad:?}");
        }
        assert!(serde_json::from_str::<ClientId>(r#""""#).is_err());
    }

    #[test]
    fn a_time_is_parsed_as_milliseconds_and_anything_else_is_not() {
        for (text, millis) in [
            ("1970-01-01T00:00:00.000000Z", 0),
            ("1970-01-02T00:00:00Z", 86_400_000),
            ("2000-02-29T12:00:00.5Z", 951_825_600_500),
            ("2000-03-01T00:00:00.000Z", 951_868_800_000),
            ("2026-11-24T09:41:00.000042Z", 1_795_513_260_000),
            ("2026-12-31T23:59:59.999999Z", 1_798_761_599_999),
            ("2100-03-01T00:00:00.001Z", 4_107_542_400_001),
        ] {
            assert_eq!(Timestamp(text.into()).unix_millis(), Some(millis), "{text}");
        }
        for text in
            ["", "Z", "t007", "1969-12-31T23:59:59Z", "2026-11-24T09:41:00+01:00", "2026-11-2éT09:41:00Z"]
        {
            assert_eq!(Timestamp(text.into()).unix_millis(), None, "{text}");
        }
    }

    #[test]
    fn ids_are_bare_numbers() {
        assert_eq!(serde_json::to_string(&ChatId(7)).unwrap(), "7");
        assert_eq!(serde_json::from_str::<Seq>("42").unwrap(), Seq(42));
        assert!(serde_json::from_str::<ChatId>(r#""7""#).is_err());
        assert_eq!("12".parse::<UserId>().unwrap(), UserId(12));
    }
}
