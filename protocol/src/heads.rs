//! The heads of chats in a heartbeat: `{"1":57}` on the wire.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::ids::{ChatId, Seq};
use crate::read::Name;

/// The head of each chat, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads(pub Vec<(ChatId, Seq)>);

impl Heads {
    /// Whether it has the head of a chat.
    #[must_use]
    pub fn contains_key(&self, chat: &ChatId) -> bool {
        self.0.iter().any(|(other, _)| other == chat)
    }
}

impl FromIterator<(ChatId, Seq)> for Heads {
    fn from_iter<I: IntoIterator<Item = (ChatId, Seq)>>(heads: I) -> Self {
        Self(heads.into_iter().collect())
    }
}

impl IntoIterator for Heads {
    type Item = (ChatId, Seq);
    type IntoIter = std::vec::IntoIter<(ChatId, Seq)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for Heads {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(chat, head)| (chat, head)))
    }
}

impl<'de> Deserialize<'de> for Heads {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Heads;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of chats and positions")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Heads, A::Error> {
                let mut heads = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    heads.push((name.parse().map_err(A::Error::custom)?, map.next_value()?));
                }
                Ok(Heads(heads))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}
