//! A text and its spans as a tree of nodes, for the page to draw.
//!
//! What came from a server is checked here: spans that do not fit their text are left out, all of them, and the text is
//! shown as it is. However they are, each letter that is not hidden is in the tree once, in its order.

use std::ops::Range;

use causerie_protocol::Span;
use causerie_protocol::spans::{SpanKind, are_sound};

/// A part of a text as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node<'a> {
    /// A run of the text.
    Text(&'a str),
    /// What a span of this kind is around.
    Element(&'a SpanKind, Vec<Self>),
}

/// The nodes of a text.
#[must_use]
pub fn nodes<'a>(text: &'a str, spans: &'a [Span]) -> Vec<Node<'a>> {
    if spans.is_empty() || !are_sound(text, spans) {
        return if text.is_empty() { Vec::new() } else { vec![Node::Text(text)] };
    }
    let mut rest = spans;
    nodes_in(text, 0..text.len(), &mut rest)
}

/// The nodes in a part of the text, of the spans that begin in it. They are sound, so it goes no deeper than they may be.
fn nodes_in<'a>(text: &'a str, part: Range<usize>, rest: &mut &'a [Span]) -> Vec<Node<'a>> {
    let mut nodes = Vec::new();
    let mut at = part.start;
    while let Some((span, later)) =
        rest.split_first().filter(|(span, _)| span.end <= part.end && span.start < part.end)
    {
        *rest = later;
        push_text(&mut nodes, text, at..span.start);
        let within = span.start..span.end;
        match &span.kind {
            SpanKind::Hidden => {}
            SpanKind::Unknown => nodes.extend(nodes_in(text, within, rest)),
            kind => {
                let within = nodes_in(text, within, rest);
                nodes.push(Node::Element(kind, within));
            }
        }
        at = span.end;
    }
    push_text(&mut nodes, text, at..part.end);
    nodes
}

fn push_text<'a>(nodes: &mut Vec<Node<'a>>, text: &'a str, range: Range<usize>) {
    if let Some(run) = text.get(range).filter(|run| !run.is_empty()) {
        nodes.push(Node::Text(run));
    }
}

/// The text of nodes, as it is copied.
#[must_use]
pub fn text_of(nodes: &[Node<'_>]) -> String {
    let mut text = String::new();
    for node in nodes {
        match node {
            Node::Text(run) => text.push_str(run),
            Node::Element(_, within) => text.push_str(&text_of(within)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use causerie_protocol::limits::SPAN_DEPTH;
    use proptest::prelude::*;

    use super::*;

    fn span(start: usize, end: usize, kind: SpanKind) -> Span {
        Span { start, end, kind }
    }

    #[test]
    fn spans_become_a_tree_without_what_is_hidden() {
        let text = "> **a** b";
        let spans = [
            span(0, 9, SpanKind::Quote),
            span(0, 2, SpanKind::Hidden),
            span(2, 7, SpanKind::Strong),
            span(2, 4, SpanKind::Hidden),
            span(5, 7, SpanKind::Hidden),
        ];
        let strong = Node::Element(&SpanKind::Strong, vec![Node::Text("a")]);
        let quote = Node::Element(&SpanKind::Quote, vec![strong, Node::Text(" b")]);
        assert_eq!(nodes(text, &spans), [quote]);
        assert_eq!(text_of(&nodes(text, &spans)), "a b");
    }

    #[test]
    fn spans_that_do_not_fit_leave_the_text_as_it_is() {
        let strong = |start, end| span(start, end, SpanKind::Strong);
        let deep = vec![strong(0, 3); SPAN_DEPTH + 1];
        for spans in [
            vec![strong(0, 99)],
            vec![strong(2, 1)],
            vec![strong(0, 1)],
            vec![strong(0, 3), strong(2, 4)],
            vec![strong(3, 4), strong(0, 2)],
            deep,
        ] {
            assert_eq!(nodes("\u{e9}bcd", &spans), [Node::Text("\u{e9}bcd")], "{spans:?}");
        }
    }

    #[test]
    fn what_a_later_version_has_is_shown_as_its_text() {
        assert_eq!(nodes("ab", &[span(0, 2, SpanKind::Unknown)]), [Node::Text("ab")]);
    }

    fn kind() -> impl Strategy<Value = SpanKind> {
        prop_oneof![
            Just(SpanKind::Hidden),
            Just(SpanKind::Strong),
            Just(SpanKind::Item),
            Just(SpanKind::Unknown),
            Just(SpanKind::CodeBlock(String::new())),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_spans_each_shown_letter_is_there_once_and_in_its_order(
            text in "[a-e\u{e9}\u{6f22}]{0,12}",
            mut spans in prop::collection::vec((0..16_usize, 0..8_usize, kind()), 0..8),
            sorted: bool,
        ) {
            if sorted {
                spans.sort_by_key(|(start, length, _)| (*start, std::cmp::Reverse(*length)));
            }
            let spans: Vec<_> =
                spans.into_iter().map(|(start, length, kind)| span(start, start + length, kind)).collect();
            let is_hidden = |at: &usize| {
                are_sound(&text, &spans)
                    && spans.iter().any(|it| it.kind == SpanKind::Hidden && (it.start..it.end).contains(at))
            };
            let shown: String =
                text.char_indices().filter(|(at, _)| !is_hidden(at)).map(|(_, letter)| letter).collect();
            prop_assert_eq!(text_of(&nodes(&text, &spans)), shown);
        }
    }
}
