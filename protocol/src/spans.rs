//! The formatting of a text: which bytes of it are strong, code, a link, and which are marks that are not shown.
//!
//! The text itself stays exactly what its sender wrote. A client that knows no spans shows it as it is.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use crate::limits;

/// A part of a text and what it is: `[start,end,kind]`, or `[start,end,kind,value,…]`.
///
/// The bounds are bytes of the text in UTF-8. Spans are ordered by their start, an outer one before what is in it, and
/// none crosses another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// What it is.
    pub kind: SpanKind,
}

/// What a part of a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// `hidden`: marks that are not shown, and the line breaks beside a block.
    Hidden,
    /// `strong`.
    Strong,
    /// `emphasis`.
    Emphasis,
    /// `strikethrough`.
    Strikethrough,
    /// `code`: a piece of code in a line.
    Code,
    /// `code_block`, with the language, which may be empty.
    CodeBlock(String),
    /// `quote`: lines of a quotation.
    Quote,
    /// `list`: a list without an order, of items.
    List,
    /// `numbers`: a list with an order, with its first number.
    Numbers(u32),
    /// `item`: an entry of a list.
    Item,
    /// `link`, with its address, and the host where what is shown may deceive about it.
    Link {
        /// An address of `http`, `https` or `mailto`, with a host in ASCII.
        address: String,
        /// The host, to be shown after the words.
        host: Option<String>,
    },
    /// A kind that this version does not know; what is in it is shown as if it were not there.
    Unknown,
}

impl SpanKind {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Strong => "strong",
            Self::Emphasis => "emphasis",
            Self::Strikethrough => "strikethrough",
            Self::Code => "code",
            Self::CodeBlock(_) => "code_block",
            Self::Quote => "quote",
            Self::List => "list",
            Self::Numbers(_) => "numbers",
            Self::Item => "item",
            Self::Link { .. } => "link",
            Self::Unknown => "unknown",
        }
    }

    fn new(name: &str, value: Option<String>, host: Option<String>) -> Self {
        match (name, value) {
            ("hidden", _) => Self::Hidden,
            ("strong", _) => Self::Strong,
            ("emphasis", _) => Self::Emphasis,
            ("strikethrough", _) => Self::Strikethrough,
            ("code", _) => Self::Code,
            ("code_block", language) => Self::CodeBlock(language.unwrap_or_default()),
            ("quote", _) => Self::Quote,
            ("list", _) => Self::List,
            ("numbers", first) => Self::Numbers(first.and_then(|first| first.parse().ok()).unwrap_or(1)),
            ("item", _) => Self::Item,
            ("link", Some(address)) if is_safe(&address) => Self::Link { address, host },
            _ => Self::Unknown,
        }
    }
}

/// Whether an address may be a link: nothing but a page or a mailbox, whoever says so.
#[must_use]
pub fn is_safe(address: &str) -> bool {
    let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme);
    ["http", "https", "mailto"].iter().any(|safe| scheme.eq_ignore_ascii_case(safe))
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(None)?;
        items.serialize_element(&self.start)?;
        items.serialize_element(&self.end)?;
        items.serialize_element(self.kind.name())?;
        match &self.kind {
            SpanKind::CodeBlock(language) if !language.is_empty() => items.serialize_element(language)?,
            SpanKind::Numbers(first) => items.serialize_element(&first.to_string())?,
            SpanKind::Link { address, host } => {
                items.serialize_element(address)?;
                if let Some(host) = host {
                    items.serialize_element(host)?;
                }
            }
            _ => {}
        }
        items.end()
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;

        impl<'de> Visitor<'de> for Items {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of a start, an end and a kind")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Span, A::Error> {
                let short = |place| A::Error::invalid_length(place, &"a start, an end and a kind");
                let start = items.next_element()?.ok_or_else(|| short(0))?;
                let end = items.next_element()?.ok_or_else(|| short(1))?;
                let name: String = items.next_element()?.ok_or_else(|| short(2))?;
                let value = items.next_element()?;
                let host = items.next_element()?;
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Span { start, end, kind: SpanKind::new(&name, value, host) })
            }
        }

        deserializer.deserialize_seq(Items)
    }
}

/// Whether spans are within a text, in their order, none crosses another, and they are as many and as deep as they may be.
#[must_use]
pub fn are_sound(text: &str, spans: &[Span]) -> bool {
    let mut open: Vec<usize> = Vec::new();
    let mut last = 0;
    spans.len() <= limits::SPANS
        && spans.iter().all(|span| {
            while open.last().is_some_and(|end| *end <= span.start) {
                open.pop();
            }
            let is_ordered = span.start >= last && text.get(span.start..span.end).is_some();
            let is_nested = open.last().is_none_or(|end| span.end <= *end);
            last = span.start;
            if span.kind == SpanKind::Hidden {
                // Nothing begins in what is not shown.
                last = span.end;
            } else {
                open.push(span.end);
            }
            is_ordered && is_nested && open.len() <= limits::SPAN_DEPTH
        })
}

/// A text as its spans show it, in one run of words without the marks: for a line of a list, a notification or a title.
#[must_use]
pub fn words(text: &str, spans: &[Span]) -> String {
    let mut words = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        if span.kind != SpanKind::Hidden || span.start < at {
            continue;
        }
        let (Some(shown), Some(hidden)) = (text.get(at..span.start), text.get(span.start..span.end)) else {
            // Spans of another text.
            return text.to_owned();
        };
        words.push_str(shown);
        // What stood in different blocks stays apart.
        if hidden.contains('\n') && !words.is_empty() && !words.ends_with('\n') {
            words.push('\n');
        }
        at = span.end;
    }
    words.push_str(text.get(at..).unwrap_or_default());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize, kind: SpanKind) -> Span {
        Span { start, end, kind }
    }

    #[test]
    fn every_kind_comes_back_as_it_was_sent() {
        let kinds = [
            (SpanKind::Hidden, r#"[0,2,"hidden"]"#),
            (SpanKind::Strong, r#"[0,2,"strong"]"#),
            (SpanKind::Emphasis, r#"[0,2,"emphasis"]"#),
            (SpanKind::Strikethrough, r#"[0,2,"strikethrough"]"#),
            (SpanKind::Code, r#"[0,2,"code"]"#),
            (SpanKind::CodeBlock(String::new()), r#"[0,2,"code_block"]"#),
            (SpanKind::CodeBlock("rust".into()), r#"[0,2,"code_block","rust"]"#),
            (SpanKind::Quote, r#"[0,2,"quote"]"#),
            (SpanKind::List, r#"[0,2,"list"]"#),
            (SpanKind::Numbers(3), r#"[0,2,"numbers","3"]"#),
            (SpanKind::Item, r#"[0,2,"item"]"#),
            (
                SpanKind::Link { address: "https://x.org/".into(), host: None },
                r#"[0,2,"link","https://x.org/"]"#,
            ),
            (
                SpanKind::Link { address: "https://x.org/".into(), host: Some("x.org".into()) },
                r#"[0,2,"link","https://x.org/","x.org"]"#,
            ),
        ];
        for (kind, json) in kinds {
            let span = span(0, 2, kind);
            assert_eq!(serde_json::to_string(&span).unwrap(), json);
            assert_eq!(serde_json::from_str::<Span>(json).unwrap(), span);
        }
    }

    #[test]
    fn an_address_that_runs_something_is_no_link_whoever_sends_it() {
        for address in
            ["javascript:alert(1)", " javascript:x", "data:text/html,x", "JAVASCRIPT:x", "x.org", ""]
        {
            let json = format!(r#"[0,2,"link",{address:?}]"#);
            assert_eq!(serde_json::from_str::<Span>(&json).unwrap().kind, SpanKind::Unknown, "{address}");
        }
    }

    #[test]
    fn a_kind_of_a_later_version_and_more_values_do_not_stop_a_frame() {
        for json in [r#"[0,2,"spoiler"]"#, r#"[0,2,"spoiler","a","b",{"c":1}]"#] {
            assert_eq!(serde_json::from_str::<Span>(json).unwrap().kind, SpanKind::Unknown);
        }
    }

    #[test]
    fn words_leave_out_marks_and_keep_blocks_apart() {
        let hidden = |start, end| span(start, end, SpanKind::Hidden);
        let spans = [span(0, 5, SpanKind::Strong), hidden(0, 2), hidden(3, 5)];
        assert_eq!(words("**a** b", &spans), "a b");
        assert_eq!(words("- a\n- b", &[hidden(0, 2), hidden(3, 4), hidden(4, 6)]), "a\nb");
        assert_eq!(words("**a**", &[hidden(0, 9)]), "**a**", "of another text");
        assert_eq!(words("é", &[hidden(1, 2)]), "é", "within a character");
    }
}
