//! Knows how a text is formatted: it reads a text as Markdown (CommonMark) and gives the spans of it, without input or
//! output.
//!
//! Nothing of a text is lost by it: what is not formatting stays text, such as HTML, headings, images and links to what is
//! no page. The time is linear in the text, however it nests.

use std::ops::Range;

use causerie_protocol::limits;
use causerie_protocol::spans::{Span, SpanKind, are_sound, is_safe};
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};
use url::Url;

/// Marks at the beginning of one line that may begin a block: more than could be shown, and few enough that a line costs
/// no more than its length.
const LINE_MARKS: usize = 2 * limits::SPAN_DEPTH;
/// Longest name of a language, in bytes.
const LANGUAGE_BYTES: usize = 40;

/// The spans of a text; none where nothing in it is formatted, and where its sender wants it plain.
#[must_use]
pub fn spans(text: &str, plain: bool) -> Vec<Span> {
    if plain || !may_be_formatted(text) {
        return Vec::new();
    }
    Reader::new(text).read().unwrap_or_default()
}

/// A text without the marks of its formatting.
#[must_use]
pub fn words(text: &str, plain: bool) -> String {
    causerie_protocol::spans::words(text, &spans(text, plain))
}

/// A quick look: most messages have nothing of it, and are not parsed.
fn may_be_formatted(text: &str) -> bool {
    let is_mark = |byte| matches!(byte, b'*' | b'_' | b'`' | b'~' | b'[' | b'<' | b'>' | b'\\');
    text.bytes().any(is_mark) || !text.is_ascii() && text.contains("://") || text.lines().any(begins_item)
}

fn begins_item(line: &str) -> bool {
    let line = line.trim_start();
    let rest = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let mark = if rest.len() < line.len() { ['.', ')'] } else { ['-', '+'] };
    rest.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// Whether a line could open so many blocks that each later line had to be held against all of them: the marks at its
/// beginning are each followed by a space, or are those of a quotation.
fn nests_deeply(text: &str) -> bool {
    text.lines().any(|line| {
        let mut marks = 0;
        let mut bytes = line.bytes().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b' ' | b'\t' | b'0'..=b'9' => {}
                b'>' => marks += 1,
                b'-' | b'+' | b'*' | b'.' | b')' if matches!(bytes.peek(), None | Some(b' ' | b'\t')) => {
                    marks += 1;
                }
                _ => break,
            }
        }
        marks > LINE_MARKS
    })
}

/// What stands between what was read and what comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Marks in a line.
    Marks,
    /// What divides two paragraphs: its line breaks are shown.
    Paragraphs,
    /// What divides a block from others: the block stands in lines of its own anyway.
    Block,
}

/// The state of reading one text.
struct Reader<'t> {
    text: &'t str,
    /// The addresses that stand in the text as they are, in their order, and how many are behind.
    addresses: Vec<Range<usize>>,
    next_address: usize,
    spans: Vec<Span>,
    /// Up to where the text is shown or hidden.
    at: usize,
    gap: Gap,
    /// How many spans are open.
    depth: usize,
    /// How many of them are blocks.
    blocks: usize,
    /// How many are links, in which no other begins.
    links: usize,
    /// In a block of code, the end of its last line.
    code: Option<Option<usize>>,
    /// Of each emphasis that is open, how many marks of it are shown, since they are none here.
    shown_marks: Vec<usize>,
    /// How many elements are open of something that is shown as it is.
    raw: usize,
    /// The events that were read, for the test of how many.
    events: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            addresses: addresses(text),
            next_address: 0,
            spans: Vec::new(),
            at: 0,
            gap: Gap::Marks,
            depth: 0,
            blocks: 0,
            links: 0,
            code: None,
            shown_marks: Vec::new(),
            raw: 0,
            events: 0,
        }
    }

    /// The spans, or none when there are more than may be, or deeper ones.
    fn read(mut self) -> Option<Vec<Span>> {
        self.events()?;
        if self.spans.iter().any(|span| span.kind != SpanKind::Hidden) || self.has_escapes() {
            return Some(self.spans);
        }
        None
    }

    /// Whether what is hidden is more than white space.
    fn has_escapes(&self) -> bool {
        self.spans.iter().any(|span| !self.text[span.start..span.end].trim().is_empty())
    }

    fn events(&mut self) -> Option<()> {
        if nests_deeply(self.text) {
            return None;
        }
        // Of the same length, so the positions are those of the text: no mark in an address means anything.
        let masked = masked(self.text, &self.addresses);
        let parser = Parser::new_ext(&masked, Options::ENABLE_STRIKETHROUGH);
        if parser.reference_definitions().iter().next().is_some() {
            // They would not be shown.
            return None;
        }
        for (event, range) in parser.into_offset_iter() {
            self.events += 1;
            self.event(&event, range)?;
            if self.spans.len() > limits::SPANS || self.depth > limits::SPAN_DEPTH {
                return None;
            }
        }
        self.advance(self.text.len());
        are_sound(self.text, &self.spans).then_some(())
    }

    fn event(&mut self, event: &Event<'_>, range: Range<usize>) -> Option<()> {
        match event {
            Event::Start(_) if self.raw > 0 => self.raw += 1,
            Event::End(_) if self.raw > 0 => self.raw -= 1,
            _ if self.raw > 0 => {}
            Event::Start(tag) => self.start(tag, &range),
            Event::End(tag) => self.end(*tag, &range),
            Event::Code(_) => {
                self.open(SpanKind::Code, &range);
                self.depth -= 1;
                let inner = inner_of_code(self.text, &range);
                self.show(inner);
                self.advance(range.end);
            }
            Event::SoftBreak | Event::HardBreak => {
                self.show(range);
                // Spaces at the beginning of a line are of the text, beside those that a block needs.
                let rest = &self.text[self.at..];
                if self.blocks == 0 {
                    self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
                }
            }
            Event::Rule => self.raw_block(&range),
            Event::Html(_) => {
                let end = self.trimmed_end(&range);
                self.said(range.start..end);
                self.gap = Gap::Paragraphs;
            }
            Event::Text(_) if self.code.is_some() => self.line_of_code(range),
            _ => self.said(range),
        }
        Some(())
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        if let Some(marks) = marks_of(tag) {
            let is_mark = self.is_emphasis(marks, range);
            self.shown_marks.push(if is_mark { 0 } else { marks.min(range.len() / 2) });
            if !is_mark {
                self.said(range.start..range.start + marks.min(range.len() / 2));
                return;
            }
        }
        let kind = match tag {
            Tag::Paragraph | Tag::HtmlBlock => {
                self.skip_to(range.start);
                return;
            }
            Tag::Strong => SpanKind::Strong,
            Tag::Emphasis => SpanKind::Emphasis,
            Tag::Strikethrough => SpanKind::Strikethrough,
            Tag::BlockQuote(_) => SpanKind::Quote,
            Tag::List(None) => SpanKind::List,
            Tag::List(Some(first)) => SpanKind::Numbers(u32::try_from(*first).unwrap_or(u32::MAX)),
            Tag::Item => SpanKind::Item,
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                self.code = Some(None);
                SpanKind::CodeBlock(language(info))
            }
            Tag::Link { link_type, dest_url, .. } => match self.link(*link_type, dest_url, range) {
                Some(kind) => {
                    self.links += 1;
                    kind
                }
                None => return self.raw(range),
            },
            // Nothing of the kind is shown otherwise than as it was written.
            Tag::Image { .. } => return self.raw(range),
            _ => {
                self.raw = 1;
                return self.raw_block(range);
            }
        };
        if is_block(&kind) {
            self.blocks += 1;
            let begins = self.open(kind, range);
            self.at = self.at.max(begins);
        } else {
            self.open(kind, range);
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        let end = self.trimmed_end(range);
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.advance(end);
                self.gap = Gap::Paragraphs;
            }
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough => match self.shown_marks.pop() {
                Some(marks) if marks > 0 => self.said(range.end - marks..range.end),
                _ => {
                    self.advance(range.end);
                    self.depth -= 1;
                }
            },
            TagEnd::Link => {
                self.advance(range.end);
                self.depth -= 1;
                self.links -= 1;
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item | TagEnd::CodeBlock => {
                self.advance(end);
                self.code = None;
                self.depth -= 1;
                self.blocks -= 1;
                self.gap = Gap::Block;
            }
            _ => {}
        }
    }

    /// Whether marks mean emphasis in a chat: `2*3*4` does not, and neither does `~5~`.
    fn is_emphasis(&self, marks: usize, range: &Range<usize>) -> bool {
        let source = &self.text.as_bytes()[range.clone()];
        let in_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        match source.first() {
            Some(b'*') => {
                let before = self.text.as_bytes()[..range.start].last();
                !(in_word(before) && in_word(source.get(marks)))
            }
            Some(b'~') => source.starts_with(b"~~"),
            _ => true,
        }
    }

    /// Opens a span where the text goes on; its start.
    fn open(&mut self, kind: SpanKind, range: &Range<usize>) -> usize {
        if is_block(&kind) {
            self.hide(self.at, range.start);
            self.gap = Gap::Marks;
        } else {
            self.skip_to(range.start);
        }
        let end = if is_block(&kind) { self.trimmed_end(range) } else { range.end };
        self.depth += 1;
        self.spans.push(Span { start: range.start, end: end.max(range.start), kind });
        range.start
    }

    /// Goes on at a position; what is before it is no text.
    fn skip_to(&mut self, start: usize) {
        match self.gap {
            Gap::Marks | Gap::Block => self.hide(self.at, start),
            Gap::Paragraphs => {
                // Of what divides them the line breaks are shown, and marks of a quotation are not.
                let begin = self.at;
                for (place, _) in self.text.get(begin..start).unwrap_or_default().match_indices('\n') {
                    self.hide(self.at, begin + place);
                    self.at = begin + place + 1;
                }
                self.hide(self.at, start);
            }
        }
        self.gap = Gap::Marks;
        self.at = self.at.max(start);
    }

    /// Hides what is left up to a position.
    fn advance(&mut self, end: usize) {
        self.hide(self.at, end);
        self.at = self.at.max(end);
    }

    fn hide(&mut self, start: usize, end: usize) {
        if start >= end {
            return;
        }
        self.at = self.at.max(end);
        self.spans.push(Span { start, end, kind: SpanKind::Hidden });
    }

    /// Shows a part of the text.
    fn show(&mut self, range: Range<usize>) {
        self.skip_to(range.start);
        self.at = self.at.max(range.end);
    }

    /// Shows words, with the addresses in them as links.
    fn said(&mut self, range: Range<usize>) {
        self.skip_to(range.start);
        while let Some(address) = self.addresses.get(self.next_address).filter(|it| it.start < range.end) {
            self.next_address += 1;
            let is_here = address.start >= range.start && address.end <= range.end;
            if let Some(kind) = self.address(address.clone()).filter(|_| is_here && self.links == 0) {
                let (start, end) = (address.start, address.end);
                self.spans.push(Span { start, end, kind });
            }
        }
        self.at = self.at.max(range.end);
    }

    /// The link of an address that stands in the text as it is. Clients find those themselves, as they did before there
    /// were spans; here are those whose host must be named.
    fn address(&self, range: Range<usize>) -> Option<SpanKind> {
        if self.text[range.clone()].is_ascii() {
            return None;
        }
        link(&self.text[range], "").filter(|link| matches!(link, SpanKind::Link { host: Some(_), .. }))
    }

    /// Shows something in a line as it is, with all that is in it.
    fn raw(&mut self, range: &Range<usize>) {
        self.raw = 1;
        self.said(range.clone());
    }

    /// The same of a block.
    fn raw_block(&mut self, range: &Range<usize>) {
        // Spaces before the first line of indented code are of the text.
        let line = &self.text[..range.start];
        let indent = line.len() - line.trim_end_matches([' ', '\t']).len();
        let (start, end) = ((range.start - indent).max(self.at), self.trimmed_end(range));
        self.said(start..end.max(start));
        self.gap = Gap::Paragraphs;
    }

    fn line_of_code(&mut self, range: Range<usize>) {
        if let Some(Some(last)) = self.code {
            // The line break of the line before.
            self.at = self.at.max(last);
        }
        let line = self.text[range.clone()].trim_end_matches(['\n', '\r']).len();
        self.show(range.start..range.start + line);
        self.code = Some(Some(range.end));
    }

    fn link(&self, link_type: LinkType, target: &str, range: &Range<usize>) -> Option<SpanKind> {
        if self.links > 0 {
            return None;
        }
        let source = &self.text[range.clone()];
        match link_type {
            LinkType::Inline => {
                let said = source.find("](").map_or("", |end| &source[1..end]);
                link(target, said)
            }
            LinkType::Autolink => link(target, target),
            LinkType::Email => link(&format!("mailto:{target}"), ""),
            _ => None,
        }
    }

    fn trimmed_end(&self, range: &Range<usize>) -> usize {
        range.start + self.text[range.clone()].trim_end().len()
    }
}

/// How many letters there are of the mark of an emphasis, on each side.
fn marks_of(tag: &Tag<'_>) -> Option<usize> {
    match tag {
        Tag::Emphasis => Some(1),
        Tag::Strong => Some(2),
        // Or one: see `is_emphasis`.
        Tag::Strikethrough => Some(1),
        _ => None,
    }
}

fn is_block(kind: &SpanKind) -> bool {
    use SpanKind::{CodeBlock, Item, List, Numbers, Quote};
    matches!(kind, CodeBlock(_) | Quote | List | Numbers(_) | Item)
}

/// A link to an address, if it is one of a page or a mailbox. The host is named where the words do not show it: when it has
/// letters beyond ASCII, which may look like others, and when the words look like an address themselves.
fn link(address: &str, said: &str) -> Option<SpanKind> {
    let url = Url::parse(address).ok()?;
    // What stands before an `@` can look like the host.
    let deceives = url.scheme() != "mailto" && (!url.username().is_empty() || url.password().is_some());
    if !is_safe(url.as_str()) || deceives || url.as_str().len() > limits::SPAN_URL_BYTES {
        return None;
    }
    let host = url.host_str().filter(|host| {
        let is_foreign = host.split('.').any(|label| label.starts_with("xn--"));
        let looks_like_address = !said.trim().contains(char::is_whitespace) && said.contains(['.', ':']);
        is_foreign || looks_like_address && !says_host(said, host)
    });
    let host = host.map(str::to_owned);
    Some(SpanKind::Link { address: url.into(), host })
}

/// Whether words are an address with this host.
fn says_host(said: &str, host: &str) -> bool {
    let said = said.trim();
    let said = Url::parse(said).or_else(|_| Url::parse(&format!("https://{said}")));
    said.is_ok_and(|url| url.username().is_empty() && url.host_str() == Some(host))
}

fn language(info: &str) -> String {
    let word = info.split_whitespace().next().unwrap_or_default();
    let is_name =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '#' | '_' | '.');
    if word.len() <= LANGUAGE_BYTES && word.chars().all(is_name) { word.to_owned() } else { String::new() }
}

/// What is between the backticks; of spaces on both sides one each is not.
fn inner_of_code(text: &str, range: &Range<usize>) -> Range<usize> {
    let source = &text[range.clone()];
    let ticks = source.len() - source.trim_start_matches('`').len();
    let inner = source.get(ticks..source.len() - ticks).unwrap_or_default();
    let is_padded = inner.starts_with(' ') && inner.ends_with(' ') && !inner.trim().is_empty();
    let ticks = ticks + usize::from(is_padded);
    range.start + ticks..range.end - ticks
}

/// The addresses of pages that stand in a text as they are, as GitHub finds them: what ends a sentence is not theirs.
fn addresses(text: &str) -> Vec<Range<usize>> {
    let mut addresses = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("://") {
        let colon = at + found;
        at = colon + 3;
        let before = &text[..colon];
        let scheme = ["https", "http"].into_iter().find(|scheme| {
            before
                .get(before.len().saturating_sub(scheme.len())..)
                .is_some_and(|word| word.eq_ignore_ascii_case(scheme))
        });
        let Some(start) = scheme.map(|scheme| colon - scheme.len()) else { continue };
        let before = &text[..start];
        // The target of a link that has words of its own, or a part of a word.
        if before.ends_with("](") || before.ends_with('<') || before.ends_with(char::is_alphanumeric) {
            continue;
        }
        let end = at + address_end(&text[at..]);
        if end > at && end - start <= limits::SPAN_URL_BYTES {
            addresses.push(start..end);
        }
        at = end;
    }
    addresses
}

/// How far an address goes, from behind its `//`.
fn address_end(rest: &str) -> usize {
    let mut open = Vec::new();
    let mut end = rest.len();
    for (place, letter) in rest.char_indices() {
        match letter {
            '(' | '[' => open.push(letter),
            ')' if open.pop() != Some('(') => end = place,
            ']' if open.pop() != Some('[') => end = place,
            '<' | '>' | '"' | '`' | '\\' | '|' => end = place,
            _ if letter.is_whitespace() || letter.is_control() => end = place,
            _ => continue,
        }
        if end < rest.len() {
            break;
        }
    }
    rest[..end].trim_end_matches(['?', '!', '.', ',', ':', ';', '*', '_', '~', '\'', '\u{2026}']).len()
}

/// The text with letters in the place of addresses.
fn masked(text: &str, addresses: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for address in addresses {
        masked.push_str(&text[at..address.start]);
        masked.extend(std::iter::repeat_n('x', address.len()));
        at = address.end;
    }
    masked.push_str(&text[at..]);
    masked
}

#[cfg(test)]
mod tests;
