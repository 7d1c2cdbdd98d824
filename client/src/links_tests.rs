//! Addresses in texts of any shape: which they are, where they end, and how often a text is looked at.

use proptest::prelude::*;

use super::{LINKS, Piece, pieces, split};

/// The addresses in a text; what was cut must give the text again.
fn links(text: &str) -> Vec<&str> {
    let all = pieces(text);
    let whole: String = all
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) | Piece::Link(text) => *text,
        })
        .collect();
    assert_eq!(whole, text, "the pieces together are the text");
    all.into_iter()
        .filter_map(|piece| match piece {
            Piece::Link(link) => Some(link),
            Piece::Text(_) => None,
        })
        .collect()
}

/// How many looks at a byte or a character it takes.
fn looks(text: &str) -> usize {
    let mut looks = 0;
    split(text, || looks += 1);
    looks
}

#[test]
fn addresses_become_links_without_the_punctuation_around_them() {
    for (text, expected) in [
        ("see https://a.example/x?y=1#z.", vec!["https://a.example/x?y=1#z"]),
        (
            "HTTPS://A.EXAMPLE, and mailto:ana@example.org!",
            vec!["HTTPS://A.EXAMPLE", "mailto:ana@example.org"],
        ),
        ("https://a.example\nhttps://b.example", vec!["https://a.example", "https://b.example"]),
        ("https://a.example/é/日本", vec!["https://a.example/é/日本"]),
        ("é:https://a.example", vec!["https://a.example"]),
        ("- https://a.example/?!", vec!["https://a.example/"]),
        ("-https://a.example…", vec!["https://a.example"]),
        ("https://a.example:8000/x:", vec!["https://a.example:8000/x"]),
        ("https://[::1]:8000/x", vec!["https://[::1]:8000/x"]),
        (
            "https://bücher.example/ und https://例え.テスト/",
            vec!["https://bücher.example/", "https://例え.テスト/"],
        ),
        ("https://i❤.example/x", vec!["https://i❤.example/x"]),
        ("mailto:ana@example.org?subject=a@b", vec!["mailto:ana@example.org?subject=a@b"]),
        ("https://medium.example/@ana", vec!["https://medium.example/@ana"]),
        ("https://a.example/fa/می\u{200c}خواهم", vec!["https://a.example/fa/می\u{200c}خواهم"]),
        ("https://.https://a.example", vec!["https://a.example"]),
    ] {
        assert_eq!(links(text), expected, "{text}");
    }
}

#[test]
fn an_address_keeps_its_own_last_letter() {
    for address in [
        "https://x.example/name_",
        "https://x.example/a*",
        "https://x.example/~",
        "https://x.example/?q=",
        "https://x.example/a-",
        "https://x.example/e\u{301}",
        "https://x.example/1\u{fe0f}\u{20e3}",
        "https://x.example/ไทยน้ำ",
    ] {
        for around in ["{}", "see {}, please", "({})", "\"{}\"", "「{}」。"] {
            let text = around.replace("{}", address);
            assert_eq!(links(&text), [address], "{text}");
        }
    }
    // Markdown's emphasis is written around an address and is not of it.
    for mark in ["_", "*", "**", "~~"] {
        assert_eq!(links(&format!("{mark}https://x.example/a_b{mark} c")), ["https://x.example/a_b"]);
    }
}

#[test]
fn brackets_belong_to_the_address_when_they_are_a_pair() {
    for (text, expected) in [
        ("(http://a.example/x_(y))", "http://a.example/x_(y)"),
        ("https://a.example/Talk_(disambiguation)", "https://a.example/Talk_(disambiguation)"),
        ("[this](https://a.example/x)!", "https://a.example/x"),
        ("https://a.example/x)y", "https://a.example/x"),
        ("https://a.example/x(", "https://a.example/x"),
        ("<https://a.example/x>", "https://a.example/x"),
        ("{https://a.example/{id}}", "https://a.example/{id}"),
        ("https://a.example/x](y", "https://a.example/x"),
    ] {
        assert_eq!(links(text), [expected], "{text}");
    }
}

#[test]
fn the_brackets_quotes_and_stops_of_texts_without_spaces_end_an_address() {
    for after in [
        "。",
        "，",
        "、",
        "！",
        "？",
        "：",
        "；",
        "．",
        "）",
        "」",
        "』",
        "】",
        "》",
        "〉",
        "］",
        "｝",
        "“",
        "”",
        "｡",
        "｣",
        "\u{3000}",
        "…",
        "»",
        "，请看",
        "。次は",
        "）と",
    ] {
        let text = format!("请看https://x.example/a{after}");
        assert_eq!(links(&text), ["https://x.example/a"], "{text}");
    }
    assert_eq!(
        links("（https://x.example/a）（https://x.example/b）"),
        ["https://x.example/a", "https://x.example/b"]
    );
}

#[test]
fn invisible_characters_end_an_address() {
    for hidden in [
        '\u{202a}',
        '\u{202b}',
        '\u{202c}',
        '\u{202d}',
        '\u{202e}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{200e}',
        '\u{200f}',
        '\u{61c}',
        '\u{200b}',
        '\u{feff}',
        '\u{2060}',
        '\u{ad}',
        '\u{3164}',
        '\u{2028}',
        '\u{85}',
        '\u{a0}',
        '\0',
        '\u{7f}',
        '\u{e0001}',
    ] {
        let text = format!("https://x.example/a{hidden}moc.live");
        assert_eq!(links(&text), ["https://x.example/a"], "{text:?}");
    }
    for joiner in ["\u{200c}", "\u{200d}"] {
        assert_eq!(links(&format!("https://x.example/a{joiner} b")), ["https://x.example/a"]);
    }
}

#[test]
fn a_pictograph_after_an_address_does_not_belong_to_it() {
    for picture in ["👍", "👍🏽", "❤️", "👩‍👩‍👧", "🇻🇳", "☺️😀"] {
        for text in [format!("https://x.example/a{picture}"), format!("https://x.example/a {picture}")] {
            assert_eq!(links(&text), ["https://x.example/a"], "{text}");
        }
    }
}

#[test]
fn an_unsafe_address_stays_text() {
    for text in [
        "",
        "no link",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "https://.",
        "https://…",
        "https:// a",
        "https:///a",
        "https://👍",
        "https://[::1",
        "xhttps://a.example",
        "git+https://a.example/x",
        "a: b",
        "::::",
        "é:",
        "mailto:",
        "mailto:ana",
        "mailto:@example.org",
        "mailto:ana@",
        // They lead to evil.example.
        "https://bank.example@evil.example",
        "https://bank.example:443@evil.example/login",
        "http://bank.example%2f@evil.example",
    ] {
        assert!(links(text).is_empty(), "{text}");
    }
    // A browser goes to bank.example here.
    assert_eq!(links("https://bank.example\\@evil.example").len(), 1);
}

#[test]
fn a_message_of_many_addresses_has_a_bounded_number_of_links() {
    let text = "http://a ".repeat(1_800);
    assert_eq!(links(&text).len(), LINKS);
}

#[test]
fn no_part_of_a_long_text_is_read_more_than_twice() {
    for (start, unit) in [
        ("https://a.b/", ")"),
        ("https://a.b/", "("),
        ("https://a.b/", "()"),
        ("https://a.b/", "."),
        ("https://a.b/", "。"),
        ("", "https://"),
        ("", "https://."),
        ("", "https://["),
        ("", "xhttps://"),
        ("", "https://a@"),
        ("", "https://a@ "),
        ("", "http:"),
        ("", "mailto:"),
        ("", "mailto:a@"),
        ("", "(https://a.b/"),
        ("", "https://a.b/)"),
        ("", ":"),
        ("", "👍\u{fe0f}:"),
    ] {
        let text = format!("{start}{}", unit.repeat(16 * 1024 / unit.len()));
        let looks = looks(&text);
        assert!(looks <= 2 * text.len(), "{looks} looks at {} bytes of {unit:?}", text.len());
    }
}

proptest! {
    #[test]
    fn finding_addresses_is_linear_in_the_length_of_any_text(
        parts in prop::collection::vec(
            prop_oneof![
                Just("https://"), Just("http://"), Just("mailto:"), Just("HTTPS://"), Just("a.b/"), Just("("), Just(")"),
                Just("["), Just("]"), Just("{"), Just("}"), Just("."), Just("@"), Just("_"), Just("*"), Just(" "), Just(":"),
                Just("。"), Just("）"), Just("\u{202e}"), Just("👍"), Just("\u{301}"), Just("\u{200d}"), Just("é"), Just("\\"),
            ],
            0..150,
        ),
    ) {
        let text = parts.concat();
        prop_assert!(looks(&text) <= 2 * text.len());
        for link in links(&text) {
            let scheme = ["https://", "http://", "mailto:"]
                .iter()
                .find(|scheme| link.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
            prop_assert!(scheme.is_some());
            let has_outside = link.contains(['\u{202e}', ' ', '。', '）']);
            prop_assert!(!has_outside);
        }
    }
}
