//! The dashboard asks for nothing that is not there.

use std::collections::HashSet;

use causerie_server::metrics::reference::{Described, described};
use promql_parser::label::Matchers;
use promql_parser::parser::{AggregateExpr, Expr, LabelModifier, VectorSelector, parse};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;

/// What a query asks for.
#[derive(Default)]
struct Asked {
    series: Vec<(String, Matchers)>,
    grouped_by: HashSet<String>,
}

impl Asked {
    fn note(&mut self, selector: &VectorSelector) {
        let name = selector.name.clone().expect("a selector names its metric");
        self.series.push((name, selector.matchers.clone()));
    }
}

impl ExprVisitor for Asked {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        match expr {
            Expr::VectorSelector(selector) => self.note(selector),
            Expr::MatrixSelector(matrix) => self.note(&matrix.vs),
            Expr::Aggregate(AggregateExpr { modifier: Some(LabelModifier::Include(labels)), .. }) => {
                self.grouped_by.extend(labels.labels.iter().cloned());
            }
            _ => {}
        }
        Ok(true)
    }
}

/// Labels that Prometheus itself adds to every series.
const ADDED: [&str; 2] = ["instance", "job"];

/// The metric that a series belongs to.
fn metric<'a>(metrics: &'a [Described], series: &str) -> &'a Described {
    let found = metrics.iter().find(|metric| match metric.kind.as_str() {
        "histogram" => {
            ["_bucket", "_sum", "_count"].iter().any(|end| series == format!("{}{end}", metric.name))
        }
        _ => series == metric.name,
    });
    found.unwrap_or_else(|| panic!("there is no series {series}"))
}

fn queries<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let ("expr", Value::String(query)) = (name.as_str(), value) {
                    found.push(query);
                }
                queries(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        _ => {}
    }
}

#[test]
fn every_query_asks_for_metrics_and_labels_that_exist() {
    let metrics = described();
    let dashboard: Value =
        serde_json::from_str(include_str!("../../../../deploy/grafana/causerie.json")).unwrap();
    let mut found = Vec::new();
    queries(&dashboard, &mut found);
    assert!(found.len() > 15, "{found:?}");
    let mut shown = HashSet::new();
    for query in found {
        // Grafana puts the interval in before it asks.
        let query = query.replace("$__rate_interval", "1m");
        let expr = parse(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let mut asked = Asked::default();
        let Ok(_) = walk_expr(&mut asked, &expr);
        assert!(!asked.series.is_empty(), "{query}");
        let mut labels: HashSet<&str> = ADDED.into();
        for (series, matchers) in &asked.series {
            let metric = metric(&metrics, series);
            shown.insert(metric.name.clone());
            labels.extend(metric.labels.iter().map(|(label, _)| label.as_str()));
            for matcher in &matchers.matchers {
                if ADDED.contains(&matcher.name.as_str()) {
                    continue;
                }
                let values = metric.labels.iter().find(|(label, _)| *label == matcher.name);
                let (_, values) = values.unwrap_or_else(|| panic!("{series} has no label {}", matcher.name));
                let matches = values.iter().any(|value| matcher.is_match(value));
                assert!(matches, "{query}: {} is never {}", matcher.name, matcher.value);
            }
        }
        for label in &asked.grouped_by {
            assert!(labels.contains(label.as_str()), "{query}: nothing has the label {label}");
        }
    }
    for metric in &metrics {
        let is_ours = metric.name.starts_with("causerie_");
        assert!(!is_ours || shown.contains(&metric.name), "{} is not on the dashboard", metric.name);
    }
}
