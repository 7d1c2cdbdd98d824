//! The record of handshakes that carried `?probe=`, for finding a fault between a client and this node.

use std::time::{Duration, Instant};

use causerie_protocol::doctor::Trace;
use causerie_protocol::limits;
use hashlink::LruCache;
use parking_lot::Mutex;
use rand::distr::{Alphanumeric, SampleString};

/// How long a handshake is kept.
const KEPT: Duration = Duration::from_secs(limits::PROBE_SECONDS);
/// Characters of a node's name.
const NODE_CHARS: usize = 8;

/// Bounded, and kept for a short time.
#[derive(Debug)]
pub struct Probes {
    /// Tells the nodes behind one address apart; random, so that it says nothing about the machine.
    pub node: String,
    /// By name; the one that was recorded first is the first.
    seen: Mutex<LruCache<String, (Instant, Trace)>>,
}

impl Default for Probes {
    fn default() -> Self {
        let node = Alphanumeric.sample_string(&mut rand::rng(), NODE_CHARS);
        Self { node, seen: Mutex::new(LruCache::new(limits::PROBES)) }
    }
}

impl Probes {
    /// Records a handshake; the oldest makes room.
    pub fn record(&self, probe: &str, trace: Trace, now: Instant) {
        let mut seen = self.seen.lock();
        expire(&mut seen, now);
        seen.insert(probe.to_owned(), (now, trace));
    }

    /// The last handshake of this name.
    pub fn get(&self, probe: &str, now: Instant) -> Option<Trace> {
        let mut seen = self.seen.lock();
        expire(&mut seen, now);
        seen.peek(probe).map(|(_, trace)| trace.clone())
    }
}

fn expire(seen: &mut LruCache<String, (Instant, Trace)>, now: Instant) {
    while seen.iter().next().is_some_and(|(_, (at, _))| now.duration_since(*at) >= KEPT) {
        seen.remove_lru();
    }
}

#[cfg(test)]
mod tests {
    use causerie_protocol::doctor::Offered;

    use super::*;

    fn trace(status: u16) -> Trace {
        Trace {
            upgrade: true,
            offered: Offered::default(),
            origin: None,
            origin_allowed: true,
            host: None,
            status,
            code: None,
        }
    }

    #[test]
    fn a_handshake_is_kept_for_a_minute_and_the_last_one_counts() {
        let (probes, now) = (Probes::default(), Instant::now());
        probes.record("one", trace(426), now);
        probes.record("one", trace(101), now);
        assert_eq!(probes.get("one", now), Some(trace(101)));
        assert_eq!(probes.get("two", now), None);
        assert_eq!(probes.get("one", now + KEPT), None);
    }

    #[test]
    fn the_record_is_bounded() {
        let (probes, now) = (Probes::default(), Instant::now());
        for number in 0..=limits::PROBES {
            probes.record(&number.to_string(), trace(101), now);
        }
        assert_eq!(probes.get("0", now), None);
        assert_eq!(probes.get("1", now), Some(trace(101)));
        assert_eq!(probes.seen.lock().len(), limits::PROBES);
    }
}
