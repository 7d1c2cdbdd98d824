//! Every text that people read, in every language.
//!
//! A table holds each text in every language beside its key, so a key without a text, or a text without its
//! translation, does not compile. The exceptions are sentences that the server says in English, on the wire and in the
//! terminal: [`problem`] and [`close`] have what people read of them in the other languages.
//!
//! Reading order:
//!
//! 1. [`language`], and [`fill`](mod@fill), with [`bidi`]: the languages, and how values come into a text.
//! 2. [`page`](mod@page), [`tester`] and [`check`]: the texts of the page, of the connection tester and of the doctor.
//! 3. [`explanation`]: what happened, why, and what to do; of a [`finding`] and of a [`close`].
//! 4. [`problem`]: what is wrong with a request.
//!
//! The page is compiled for one language, and the macros [`say!`] and [`page!`] put its texts into it as literals. The
//! other programs choose the language while they run.

/// Defines a table: an enumeration of keys, each with its text in every language, and keys with a text of another table.
///
/// Each language is a `match` of its own, so that a program which never asks for one does not carry it.
macro_rules! texts {
    ($(#[$about:meta])* $table:ident {
        $($(#[$about_key:meta])* $key:ident: $english:literal, $vietnamese:literal;)+
    } $(and {
        $($same_key:ident = $same:path;)+
    })?) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $table {
            $($(#[$about_key])* $key,)+
            $($($same_key,)+)?
        }

        impl $table {
            pub const ALL: &'static [Self] = &[$(Self::$key,)+ $($(Self::$same_key,)+)?];

            pub const fn in_language(self, language: $crate::Language) -> &'static str {
                match language {
                    $crate::Language::English => match self {
                        $(Self::$key => $english,)+
                        $($(Self::$same_key => const { $same.in_language($crate::Language::English) },)+)?
                    },
                    $crate::Language::Vietnamese => match self {
                        $(Self::$key => $vietnamese,)+
                        $($(Self::$same_key => const { $same.in_language($crate::Language::Vietnamese) },)+)?
                    },
                }
            }

            /// The text with values in place of its placeholders, such as `{name}`.
            pub fn fill(self, language: $crate::Language, values: &[(&str, &str)]) -> String {
                $crate::fill::fill(self.in_language(language), values)
            }
        }
    };
}

/// Defines a function from keys to explanations, each in every language.
macro_rules! explanations {
    ($(#[$about:meta])* $name:ident($Key:ty) {
        $($key:pat =>
            $what:literal, $why:literal, $remedy:literal;
            $what_vi:literal, $why_vi:literal, $remedy_vi:literal;)+
    }) => {
        $(#[$about])*
        pub const fn $name(key: $Key, language: $crate::Language) -> $crate::Explanation {
            const fn english(key: $Key) -> $crate::Explanation {
                match key {
                    $($key => $crate::Explanation { what: $what, why: $why, remedy: $remedy },)+
                }
            }
            const fn vietnamese(key: $Key) -> $crate::Explanation {
                match key {
                    $($key => $crate::Explanation { what: $what_vi, why: $why_vi, remedy: $remedy_vi },)+
                }
            }
            match language {
                $crate::Language::English => english(key),
                $crate::Language::Vietnamese => vietnamese(key),
            }
        }
    };
}

pub mod bidi;
pub mod check;
pub mod close;
pub mod explanation;
pub mod fill;
pub mod finding;
pub mod language;
pub mod page;
pub mod problem;
pub mod tester;

pub use causerie_texts_macros::{page, say};
pub use check::{Check, Heading};
pub use explanation::{Explanation, FilledExplanation};
pub use finding::Finding;
pub use language::{LANGUAGE, Language};
pub use page::Page;
pub use tester::Tester;
