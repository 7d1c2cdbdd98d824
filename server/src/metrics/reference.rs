//! `docs/METRICS.md`, made from the registered metrics.

use super::Metrics;

const HEAD: &str = "\
<!-- Made from the metrics by `cargo run -p causerie-server --example metrics`; a test holds it current. -->
# Metrics

`GET /metrics` answers in Prometheus' text format (version 0.0.4), on the port of everything else.
With `--metrics-token` it asks for that token (`Authorization: Bearer …`) and answers 401 without it.
The proxy files in `deploy/` do not pass `/metrics` on, so that Prometheus asks each node by itself.

Every value of a label is there from the start with 0, so that a rate never misses the first one.
Durations are in seconds, sizes in bytes.
[`deploy/grafana/causerie.json`](../deploy/grafana/causerie.json) is a dashboard over these metrics.

";

/// A metric as it is exposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The name of the family; a histogram's series add `_bucket`, `_sum` and `_count`.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    pub help: String,
    /// Its label and the label's values.
    pub labels: Vec<(String, Vec<String>)>,
}

/// Every metric of a server that has just started, read back from what it exposes.
#[must_use]
pub fn described() -> Vec<Described> {
    let text = Metrics::default().encode();
    let mut all: Vec<Described> = Vec::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            let (name, help) = (name.to_owned(), help.to_owned());
            all.push(Described { name, kind: String::new(), help, labels: Vec::new() });
        } else if let Some((_, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            if let Some(last) = all.last_mut() {
                kind.clone_into(&mut last.kind);
            }
        } else if let (Some(last), Some((_, labels))) = (all.last_mut(), line.split_once('{')) {
            let labels = labels.split_once('}').map_or(labels, |(labels, _)| labels);
            for (name, value) in labels.split(',').filter_map(|label| label.split_once('=')) {
                note(&mut last.labels, name, value.trim_matches('"'));
            }
        }
    }
    all
}

fn note(labels: &mut Vec<(String, Vec<String>)>, name: &str, value: &str) {
    match labels.iter_mut().find(|(known, _)| known == name) {
        Some((_, values)) if values.iter().any(|known| known == value) => {}
        Some((_, values)) => values.push(value.to_owned()),
        None => labels.push((name.to_owned(), vec![value.to_owned()])),
    }
}

/// The page, as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut page = format!("{HEAD}| metric | kind | labels | what it is |\n|---|---|---|---|\n");
    for Described { name, kind, help, labels } in described() {
        // The bounds of a histogram's buckets, and the version, which changes.
        let shown = labels.iter().filter(|(label, _)| label != "le").map(|(label, values)| {
            let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
            if label == "version" {
                format!("`{label}`")
            } else {
                format!("`{label}`: {}", values.join(", "))
            }
        });
        let shown = shown.collect::<Vec<_>>().join("; ");
        page.push_str(&format!("| `{name}` | {kind} | {shown} | {help} |\n"));
    }
    page
}
