//! What is made of a text, and how much work it is.

use causerie_protocol::limits;
use causerie_protocol::spans::{SpanKind, are_sound};
use proptest::prelude::*;

use super::{Reader, spans, words};

/// The text as it is shown, with every span around what it is of.
fn shown(text: &str) -> String {
    let spans = spans(text, false);
    assert!(are_sound(text, &spans), "{text:?}: {spans:?}");
    let mut shown = String::new();
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut rest = spans.iter().peekable();
    let mut at = 0;
    loop {
        while open.last().is_some_and(|(end, _)| *end <= at) {
            shown += "}";
            open.pop();
        }
        match rest.next_if(|span| span.start <= at) {
            Some(span) => match &span.kind {
                SpanKind::Hidden => at = span.end,
                kind => {
                    let value = match kind {
                        SpanKind::CodeBlock(language) => format!(" {language}"),
                        SpanKind::Numbers(first) => format!(" {first}"),
                        SpanKind::Link { address, host } => {
                            format!(
                                " {address}{}",
                                host.iter().map(|host| format!(" ({host})")).collect::<String>()
                            )
                        }
                        _ => String::new(),
                    };
                    shown += &format!("{{{}{value}|", kind.name());
                    open.push((span.end, kind.name()));
                }
            },
            None => {
                let Some(letter) = text[at..].chars().next() else { break };
                shown.push(letter);
                at += letter.len_utf8();
            }
        }
    }
    shown + &"}".repeat(open.len())
}

#[test]
fn what_is_formatted_loses_its_marks_and_nothing_else() {
    let cases = [
        ("**a** b", "{strong|a} b"),
        ("*a* _b_ __c__", "{emphasis|a} {emphasis|b} {strong|c}"),
        ("***a***", "{emphasis|{strong|a}}"),
        ("**x***y*", "{strong|x}{emphasis|y}"),
        ("~~a~~", "{strikethrough|a}"),
        ("2*3 and **a** 4*5", "2*3 and {strong|a} 4*5"),
        ("\u{6f22}*\u{5b57}*", "\u{6f22}{emphasis|\u{5b57}}"),
        ("`a*b*` ``c`d``", "{code|a*b*} {code|c`d}"),
        ("`` ` ``", "{code|`}"),
        ("```rust\nfn a() {\n    b();\n}\n```\nafter", "{code_block rust|fn a() {\n    b();\n}}after"),
        ("before\n```\n*a*\n```", "before{code_block |*a*}"),
        ("> a\n> b\nc", "{quote|a\nb\nc}"),
        ("> a\n\nb", "{quote|a}b"),
        ("> a\n>\n> b", "{quote|a\n\nb}"),
        ("a\n\nb\nc", "a\n\nb\nc"),
        ("**a**\n\n\nb", "{strong|a}\n\n\nb"),
        ("- a\n- b", "{list|{item|a}{item|b}}"),
        ("so:\n3. a\n4. b", "so:\n3. a\n4. b"),
        ("3. a\n4. b", "{numbers 3|{item|a}{item|b}}"),
        ("- a\n  - b", "{list|{item|a{list|{item|b}}}}"),
        ("[a b](https://x.org/c)", "{link https://x.org/c|a b}"),
        ("<https://x.org>", "{link https://x.org/|https://x.org}"),
        ("<a@x.org>", "{link mailto:a@x.org|a@x.org}"),
        ("*see* https://x.org/a_b_c*d*, ok", "{emphasis|see} https://x.org/a_b_c*d*, ok"),
        ("**https://x.org**", "{strong|https://x.org}"),
        ("*a* https://x.org/_(b)_", "{emphasis|a} https://x.org/_(b)_"),
        ("\\*a\\*", "*a*"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn what_is_no_formatting_stays_as_it_was_written() {
    for text in [
        "Hello",
        "<b>a</b> <script>x</script>",
        "<div>\n*a*\n</div>",
        "# a",
        "#tag",
        "a\n===",
        "a\n---",
        "---",
        "![a](https://x.org/a.png)",
        "[a](javascript:alert(1))",
        "[a](data:text/html,b)",
        "[a](/b)",
        "[a](https://x.org@y.org)",
        "[a](vbscript:x)",
        "[a]: https://x.org \"t\"\n\n[a] **b**",
        "&amp; &lt;",
        "    four",
        "a * b * c",
        "1.5 and -3",
        "{{ 7*7 }} ${7*7}",
        "snake_case_name 2*3*4 2**3**4 a * b",
        "~5~",
        "cargo build \\\n  --release",
        "a  \n  b",
        "javascript://x.org/%0aalert(1)",
        "xhttps://x.org",
        "https://",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn a_plain_text_has_no_spans() {
    assert_eq!(spans("**a**", true), []);
    assert_eq!(words("**a**", true), "**a**");
    assert_eq!(words("**a** `b`", false), "a b");
}

#[test]
fn a_host_is_named_where_the_words_may_deceive_about_it() {
    let cases = [
        (
            "https://\u{430}pple.com",
            "{link https://xn--pple-43d.com/ (xn--pple-43d.com)|https://\u{430}pple.com}",
        ),
        ("[a](https://\u{430}pple.com)", "{link https://xn--pple-43d.com/ (xn--pple-43d.com)|a}"),
        ("[x.org](https://y.org)", "{link https://y.org/ (y.org)|x.org}"),
        ("[https://x.org](https://y.org)", "{link https://y.org/ (y.org)|https://x.org}"),
        ("[x.org](https://x.org/a)", "{link https://x.org/a|x.org}"),
        ("[https://x.org@y.org](https://y.org)", "{link https://y.org/ (y.org)|https://x.org@y.org}"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn over_the_limits_a_text_is_plain() {
    let long = format!("[a](https://x.org/{})", "b".repeat(limits::SPAN_URL_BYTES));
    assert_eq!(spans(&long, false), []);
    assert_eq!(spans(&"*a* ".repeat(limits::SPANS), false), []);
    assert_eq!(spans(&format!("{}a", "> ".repeat(limits::SPAN_DEPTH + 1)), false), []);
    assert_ne!(spans(&format!("{}a", "> ".repeat(limits::SPAN_DEPTH)), false), []);
}

#[test]
fn the_work_is_linear_in_the_text_whatever_it_nests() {
    let patterns = [
        "*",
        "[",
        ">",
        "> ",
        "`",
        "_",
        "~",
        "- ",
        "1. ",
        "*a",
        "**a",
        "[a](",
        "![",
        "<",
        "<!--",
        "\\",
        "a_",
        "*_",
        "https://",
        "(https://",
        "[a](https://x.org) ",
        "`` ` ",
        "> - ",
        "&",
        "\n> ",
        "\n- ",
        "- \n",
        "<a ",
        "[[a]",
    ];
    for pattern in patterns {
        for text in [
            pattern.repeat(limits::TEXT_BYTES / pattern.len()),
            format!(
                "{}{}",
                pattern.repeat(1_000),
                "\n".repeat(limits::TEXT_BYTES - 1_000 * pattern.len().min(16))
            ),
        ] {
            let mut reader = Reader::new(&text);
            let _ = reader.events();
            assert!(reader.events <= 2 * text.len() + 2, "{pattern:?}: {} events", reader.events);
            assert!(reader.spans.len() <= limits::SPANS + 4, "{pattern:?}: {} spans", reader.spans.len());
            assert!(are_sound(&text, &spans(&text, false)), "{pattern:?}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_written_is_formatted_soundly_and_keeps_its_letters(
        parts in prop::collection::vec(
            prop_oneof![
                "[a-c\u{e9}\u{6f22}]{1,3}", "[*_`~>\\[\\]()!#\\\\<&.-]{1,3}", "\n{1,3}", " {1,5}", "[0-9]\\. ",
                Just("](https://x.org)".to_owned()), Just("https://x.org/a_b".to_owned()), Just("```".to_owned()),
                Just("\n> ".to_owned()), Just("\n- ".to_owned()), Just("\r\n".to_owned()), Just("\t".to_owned()),
            ],
            0..40,
        )
    ) {
        let text: String = parts.concat();
        let spans = spans(&text, false);
        prop_assert!(are_sound(&text, &spans), "{:?}", spans);
        // Hidden are marks, white space, what a link leads to and the language of code, and no words.
        let hidden: String = spans
            .iter()
            .filter(|span| span.kind == SpanKind::Hidden)
            .map(|span| &text[span.start..span.end])
            .filter(|hidden| !hidden.contains("](") && !hidden.contains("```"))
            .collect();
        prop_assert!(!hidden.contains(char::is_alphabetic), "{:?} {:?}", hidden, spans);
    }
}
