//! Metrics as Prometheus reads them.

use std::collections::HashMap;

use causerie_testkit::{LIMIT, eventually};

use crate::common::server::TestServer;

/// The series of one scrape, by name and labels as they are written.
pub struct Scrape(HashMap<String, f64>);

impl Scrape {
    pub fn read(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let sample = |line: &str| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            (series.to_owned(), value.parse().expect("a number"))
        };
        Self(samples.map(sample).collect())
    }

    /// The value of a series such as `causerie_messages_total{outcome="stored"}`.
    pub fn of(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("there is no series {series}"))
    }
}

impl TestServer {
    pub async fn scrape(&self) -> Scrape {
        let response = self.client.get(self.url("/metrics")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Scrape::read(&response.text().await.unwrap())
    }

    /// Waits until the metrics are as they should be.
    pub async fn scraped(&self, what: &str, is_so: impl Fn(&Scrape) -> bool) -> Scrape {
        eventually(what, LIMIT, async || Some(self.scrape().await).filter(&is_so)).await.unwrap()
    }
}
