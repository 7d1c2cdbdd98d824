//! Deserialises objects field by field, with a fraction of the code that serde's derive generates.
//!
//! A page downloads every byte of that code. On the wire our types are objects only, so sequences need not be read; a
//! field that comes twice counts as it comes last, and an unknown one is skipped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// The name of a field, borrowed when it has no escapes.
pub struct Name<'a>(pub Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Unwraps a required field.
///
/// # Errors
/// The field is missing.
pub fn required<T, E: Error>(field: Option<T>, name: &'static str) -> Result<T, E> {
    field.ok_or_else(|| E::missing_field(name))
}

/// Implements `Deserialize` for a struct: `"name on the wire" => field: required` for what must be there,
/// `optional` for an `Option` or another type with a default.
#[macro_export]
macro_rules! read_fields {
    (@take required $field:ident $map:ident) => { $field = Some($map.next_value()?) };
    (@take optional $field:ident $map:ident) => { $field = $map.next_value()? };
    (@give required $field:ident) => { $crate::read::required($field, stringify!($field))? };
    (@give optional $field:ident) => { $field };
    ($type:ident { $($($wire:literal)|+ => $field:ident: $presence:ident),+ $(,)? }) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;

                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$type, A::Error> {
                        $(let mut $field = Default::default();)+
                        while let Some($crate::read::Name(name)) = map.next_key()? {
                            match &*name {
                                $($($wire)|+ => $crate::read_fields!(@take $presence $field map),)+
                                _ => { map.next_value::<serde::de::IgnoredAny>()?; }
                            }
                        }
                        Ok($type { $($field: $crate::read_fields!(@give $presence $field),)+ })
                    }
                }

                deserializer.deserialize_map(Fields)
            }
        }
    };
}

pub use read_fields;
