//! The report: the checks and the finding, as text for people and as JSON for programs. It has no secrets.

use std::fmt::Write;

use causerie_protocol::{ChatId, CloseCode, limits};
use causerie_texts::{Check, FilledExplanation, Finding, Heading, Language, bidi, close};
use serde::Serialize;
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Failed,
    /// It can't be made here.
    Skipped,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub check: Check,
    pub outcome: Outcome,
    /// A detail, the same in every language, such as "12 ms".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// From the start of the handshake to `welcome`, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<f64>,
    /// The median of the round trips over the socket, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<f64>,
    /// How far the server's clock is ahead of the device's, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skew_ms: Option<i64>,
    /// The longest pause that the connection survived, or the one after which it was cut, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerSeen {
    pub version: String,
    pub protocol: u32,
    pub node: String,
}

/// The result of an examination. While it runs, the finding is that nothing is wrong so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The server's address without a path; empty for checks of the local set-up.
    pub target: String,
    pub chat: Option<ChatId>,
    /// The page's origin, in a browser.
    pub page: Option<String>,
    /// The doctor's own release.
    pub doctor: String,
    pub server: Option<ServerSeen>,
    pub steps: Vec<Step>,
    pub finding: Finding,
    /// The values of the placeholders in the finding's explanation.
    pub details: Vec<(&'static str, String)>,
    pub figures: Figures,
}

impl Report {
    pub fn new(target: String) -> Self {
        Self {
            target,
            chat: None,
            page: None,
            doctor: env!("CARGO_PKG_VERSION").to_owned(),
            server: None,
            steps: Vec::new(),
            finding: Finding::AllWell,
            details: Vec::new(),
            figures: Figures::default(),
        }
    }

    pub fn pass(&mut self, check: Check, note: Option<String>) {
        self.steps.push(Step { check, outcome: Outcome::Passed, note });
    }

    pub fn skip(&mut self, check: Check) {
        self.steps.push(Step { check, outcome: Outcome::Skipped, note: None });
    }

    pub fn fail(
        &mut self,
        check: Check,
        finding: Finding,
        details: Vec<(&'static str, String)>,
        note: Option<String>,
    ) {
        self.steps.push(Step { check, outcome: Outcome::Failed, note });
        self.finding = finding;
        self.details = details;
    }

    /// The finding's explanation with its values.
    pub fn explanation(&self, language: Language) -> FilledExplanation {
        let code = self.details.iter().find(|(name, _)| *name == "code");
        let code = code.and_then(|(_, code)| code.parse().ok()).map(CloseCode::from_code);
        let details = self.details.iter().map(|(name, value)| match (*name, code) {
            // The value is English, for programs.
            ("what", Some(code)) => ("what", close::explanation(code, language).what),
            (name, _) => (name, value.as_str()),
        });
        self.finding.explanation(language).fill(&details.collect::<Vec<_>>())
    }

    /// For programs; the sentences are in one language.
    pub fn json(&self, language: Language) -> serde_json::Value {
        let details: serde_json::Map<_, _> =
            self.details.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({
            "finding": self.finding,
            "well": self.finding.is_well(),
            "target": self.target,
            "chat": self.chat,
            "page": self.page,
            "doctor": self.doctor,
            "protocol": limits::VERSION,
            "server": self.server,
            "steps": self.steps,
            "details": details,
            "figures": self.figures,
            "language": language.tag(),
            "words": self.explanation(language),
        })
    }

    /// For people: short enough to be pasted into a message.
    pub fn text(&self, language: Language) -> String {
        let mut text = format!("{}: {}\n", Heading::Report.in_language(language), self.finding);
        for (heading, value) in [
            (Heading::Server, (!self.target.is_empty()).then(|| self.target.clone())),
            (Heading::Chat, self.chat.map(|chat| chat.to_string())),
            (Heading::Page, self.page.clone()),
            (Heading::Doctor, Some(self.doctor.clone())),
            (
                Heading::AnsweredBy,
                self.server.as_ref().map(|server| {
                    format!("causerie {}, protocol {}, node {}", server.version, server.protocol, server.node)
                }),
            ),
            (Heading::Connect, self.figures.connect_ms.map(|ms| format!("{ms:.0} ms"))),
            (Heading::RoundTrip, self.figures.round_trip_ms.map(|ms| format!("{ms:.1} ms"))),
            (Heading::Clock, self.figures.skew_ms.map(|ms| format!("{ms:+} ms"))),
            (Heading::Quiet, self.figures.quiet_ms.map(|ms| format!("{ms} ms"))),
        ] {
            if let Some(value) = value {
                let _ = writeln!(text, "{}: {}", heading.in_language(language), bidi::isolated(&value));
            }
        }
        text.push('\n');
        for step in &self.steps {
            let _ = writeln!(text, "{}", step.line(language));
        }
        let explanation = self.explanation(language);
        let _ = writeln!(text, "\n{}", explanation.what);
        if !self.finding.is_well() {
            let _ = writeln!(text, "{}: {}", Heading::Why.in_language(language), explanation.why);
            let _ = writeln!(text, "{}: {}", Heading::Remedy.in_language(language), explanation.remedy);
        }
        text
    }
}

impl Step {
    pub fn line(&self, language: Language) -> String {
        let outcome = match self.outcome {
            Outcome::Passed => Heading::Passed,
            Outcome::Failed => Heading::Failed,
            Outcome::Skipped => Heading::Skipped,
        };
        let mut line = format!("{}: {}", self.check.in_language(language), outcome.in_language(language));
        if let Some(note) = &self.note {
            let _ = write!(line, " ({})", bidi::isolated(note));
        }
        line
    }
}
