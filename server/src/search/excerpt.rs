//! What is shown of a message that was found: a part of its text, with the words marked.

use std::ops::Range;

use causerie_protocol::limits;
use causerie_protocol::search::Piece;

/// Characters that are shown before the first word that was found.
const BEFORE: usize = 40;
const ELLIPSIS: &str = "…";

/// The part of a text around the first of these places, which are in their order, with all of them marked in it.
#[must_use]
pub fn excerpt(text: &str, places: &[Range<usize>]) -> Vec<Piece> {
    let first = places.first().map_or(0, |place| place.start);
    let begin = text[..first].char_indices().rev().take(BEFORE).last().map_or(first, |(at, _)| at);
    let length = text[begin..].char_indices().nth(limits::SEARCH_EXCERPT_CHARS);
    let end = length.map_or(text.len(), |(length, _)| begin + length);
    let mut pieces = Vec::<Piece>::new();
    let mut at = begin;
    let mut push = |text: &str, found: bool| match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece { text: last, found: same }) if *same == found => last.push_str(text),
        _ => pieces.push(Piece { text: text.to_owned(), found }),
    };
    if begin > 0 {
        push(ELLIPSIS, false);
    }
    for place in places {
        let (from, to) = (place.start.max(at), place.end.min(end));
        if from < to {
            push(&text[at..from], false);
            push(&text[from..to], true);
            at = to;
        }
    }
    push(&text[at..end], false);
    if end < text.len() {
        push(ELLIPSIS, false);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    fn shown(text: &str, places: &[Range<usize>]) -> String {
        let pieces = excerpt(text, places);
        pieces
            .iter()
            .map(|piece| if piece.found { format!("[{}]", piece.text) } else { piece.text.clone() })
            .collect()
    }

    #[test]
    fn the_words_that_were_found_are_marked_once() {
        assert_eq!(shown("Hà Nội", &[0..3, 0..9]), "[Hà Nội]");
        assert_eq!(shown("one two", from_ref(&(4..7))), "one [two]");
        assert_eq!(shown("one two", &[]), "one two");
    }

    #[test]
    fn of_a_long_text_the_part_around_the_first_word_is_shown() {
        let text = format!("{}word{}", "ă ".repeat(5_000), " ê".repeat(5_000));
        let at = text.find("word").unwrap();
        let shown = shown(&text, from_ref(&(at..at + 4)));
        assert!(shown.starts_with("…") && shown.ends_with("…") && shown.contains("[word]"), "{shown}");
        assert!(shown.chars().count() <= limits::SEARCH_EXCERPT_CHARS + 4);
    }
}
