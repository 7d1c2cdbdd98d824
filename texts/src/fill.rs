//! Puts values in place of a text's placeholders.

use crate::bidi;

/// A text with values in place of its placeholders, such as `{name}`. Values are isolated, see [`bidi`].
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        // A sentence as a value has its own full stop, and the text has one after the placeholder.
        let value = bidi::isolated(value.trim_end_matches('.'));
        text.replace(&format!("{{{name}}}"), &value)
    })
}
