//! JSON with line breaks and indentation, in its own order.

/// The text with a line for each field if it is JSON, else unchanged.
///
/// A parser could sort or merge fields, and a tester has to show what was sent.
pub fn pretty(text: &str) -> String {
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut rest = text.chars().filter(|character| *character != '\r').peekable();
    while let Some(character) = rest.next() {
        if in_string {
            out.push(character);
            (in_string, escaped) = match (escaped, character) {
                (true, _) => (true, false),
                (false, '\\') => (true, true),
                (false, '"') => (false, false),
                _ => (true, false),
            };
            continue;
        }
        match character {
            ' ' | '\t' | '\n' => {}
            '"' => {
                in_string = true;
                out.push('"');
            }
            '{' | '[' => {
                out.push(character);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_in_its_own_order() {
        let laid = pretty(r#"{"z":1,"a":[true,{"q":"x, {y}: \"z\\"}],"e":{},"l":[ ]}"#);
        let expected = "{\n  \"z\": 1,\n  \"a\": [\n    true,\n    {\n      \"q\": \"x, {y}: \\\"z\\\\\"\n    }\n  ],\n  \"e\": {},\n  \"l\": []\n}";
        assert_eq!(laid, expected);
        assert_eq!(pretty(&laid), laid);
    }

    #[test]
    fn a_text_that_is_not_json_is_unchanged() {
        for text in ["", "hello: {", "{\"a\":1", "  two  spaces"] {
            assert_eq!(pretty(text), text);
        }
        assert_eq!(pretty("5"), "5");
    }
}
