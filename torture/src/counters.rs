//! The counters of a run, printed at its end.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use crate::checker::{Follower, Step};
use crate::history::{Fact, History};

/// Counts over all histories.
#[derive(Debug, Default)]
pub struct Counters {
    written: u64,
    /// Different messages that were acknowledged.
    pub acked: u64,
    delivered: u64,
    connections: u64,
    resumed: u64,
    replayed: u64,
    resets: u64,
    duplicates: u64,
    repeated: u64,
    holes: u64,
    filled: u64,
    failed: u64,
    given_up: u64,
    reloads: u64,
    windows: u64,
    closes: BTreeMap<u16, u64>,
}

impl Counters {
    pub fn of(histories: &[History]) -> Self {
        let mut counters = Self::default();
        for history in histories {
            counters.add(history);
        }
        counters
    }

    fn add(&mut self, history: &History) {
        let mut follower = Follower::default();
        let mut acked = HashSet::new();
        let mut subscribing = BTreeMap::new();
        let mut failed = HashSet::new();
        for noted in &history.facts {
            match follower.take(noted) {
                Some(Step::Repeated) => self.repeated += 1,
                Some(Step::Ahead) => self.holes += 1,
                Some(Step::Filled) => self.filled += 1,
                Some(Step::Next) | None => {}
            }
            match &noted.fact {
                Fact::Queued { .. } => self.written += 1,
                Fact::Acked { number, duplicate, .. } => {
                    self.acked += u64::from(acked.insert(*number));
                    self.duplicates += u64::from(*duplicate);
                }
                Fact::Event { .. } => self.delivered += 1,
                Fact::Subscribing { chat, after } => {
                    subscribing.insert(*chat, *after);
                }
                Fact::Subscribed { chat, head, reset } => {
                    self.connections += 1;
                    let missed = subscribing.get(chat).map_or(0, |after| head.saturating_sub(*after));
                    if *reset {
                        self.resets += 1;
                    } else if missed > 0 {
                        self.resumed += 1;
                        self.replayed += missed;
                    }
                }
                Fact::Failed { number } => self.failed += u64::from(failed.insert(*number)),
                Fact::GivenUp { .. } => self.given_up += 1,
                Fact::Reloaded => self.reloads += 1,
                Fact::Shown { .. } => self.windows += 1,
                Fact::Closed { code } => *self.closes.entry(*code).or_default() += 1,
                Fact::Retried { .. } | Fact::ShownSent { .. } | Fact::ReadTo { .. } | Fact::OtherFrame => {}
            }
        }
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("messages written", self.written),
            ("  acknowledged as durable", self.acked),
            ("  shown as not sent, with a reason", self.failed),
            ("  deleted unsent by the person", self.given_up),
            ("duplicates suppressed by the server", self.duplicates),
            ("deliveries", self.delivered),
            ("  of them repeated and ignored", self.repeated),
            ("subscriptions", self.connections),
            ("  resumed after missing something", self.resumed),
            ("  events missed and replayed", self.replayed),
            ("  too far behind, loaded afresh", self.resets),
            ("gaps seen in a living stream", self.holes),
            ("  filled", self.filled),
            ("pages reloaded", self.reloads),
            ("screens checked", self.windows),
        ];
        for (what, count) in rows {
            writeln!(f, "  {what:<40} {count:>10}")?;
        }
        for (code, count) in &self.closes {
            let what = match code {
                0 => "connections given up by the client".to_owned(),
                1006 => "connections broken (1006)".to_owned(),
                code => format!("connections closed with {code}"),
            };
            writeln!(f, "  {what:<40} {count:>10}")?;
        }
        Ok(())
    }
}
