//! Explanations for a person: what happened, the usual cause, and what to do.

use serde::{Deserialize, Serialize};

use crate::fill::fill;

/// What happened, the usual cause, and what to do; a text may have placeholders such as `{name}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub what: &'static str,
    pub why: &'static str,
    pub remedy: &'static str,
}

/// An [`Explanation`] whose placeholders are replaced by values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilledExplanation {
    pub what: String,
    pub why: String,
    pub remedy: String,
}

impl Explanation {
    /// Replaces the placeholders by values.
    pub fn fill(self, details: &[(&str, &str)]) -> FilledExplanation {
        let fill = |text: &str| fill(text, details);
        FilledExplanation { what: fill(self.what), why: fill(self.why), remedy: fill(self.remedy) }
    }
}
