//! Measures how long the server takes to answer, by matching requests and replies.

use std::collections::VecDeque;
use std::fmt::Write;

use crate::frame::Head;
use crate::limits::{AWAITED, ROUND_TRIPS};

/// A request whose reply identifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Request {
    Ping(Option<i64>),
    Message(String),
    Subscribe(i64),
}

/// The last round trips, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct RoundTrips {
    awaited: VecDeque<(f64, Request)>,
    trips: VecDeque<f64>,
}

impl RoundTrips {
    /// A frame was sent at a time in milliseconds.
    pub fn sent(&mut self, at: f64, head: &Head) {
        let request = match (head.kind.as_deref(), &head.client_id, head.chat_id) {
            (Some("ping"), ..) => Request::Ping(head.t),
            (Some("message"), Some(id), _) => Request::Message(id.clone()),
            (Some("subscribe"), _, Some(chat)) => Request::Subscribe(chat),
            _ => return,
        };
        if self.awaited.len() == AWAITED {
            self.awaited.pop_front();
        }
        self.awaited.push_back((at, request));
    }

    /// A frame arrived; returns the round trip when it answers a frame that was sent.
    pub fn received(&mut self, at: f64, head: &Head) -> Option<f64> {
        let reply = match (head.kind.as_deref(), &head.client_id, head.chat_id) {
            (Some("pong"), ..) => Request::Ping(head.t),
            (Some("ack"), Some(id), _) => Request::Message(id.clone()),
            (Some("subscribed"), _, Some(chat)) => Request::Subscribe(chat),
            _ => return None,
        };
        let place = self.awaited.iter().position(|(_, request)| *request == reply)?;
        let (sent, _) = self.awaited.remove(place)?;
        let trip = (at - sent).max(0.0);
        if self.trips.len() == ROUND_TRIPS {
            self.trips.pop_front();
        }
        self.trips.push_back(trip);
        Some(trip)
    }

    /// Forgets the awaited replies.
    pub fn disconnect(&mut self) {
        self.awaited.clear();
    }

    /// The last, the median and the longest round trip, if there is any.
    pub fn summary(&self) -> Option<(f64, f64, f64)> {
        let mut sorted: Vec<f64> = self.trips.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        Some((*self.trips.back()?, sorted[sorted.len() / 2], *sorted.last()?))
    }

    /// The points of a line through all round trips in a box of this size, the newest at the right.
    ///
    /// The height of the box is the longest round trip, and at least a millisecond.
    pub fn points(&self, width: f64, height: f64) -> String {
        let top = self.trips.iter().copied().fold(1.0, f64::max);
        let step = width / (ROUND_TRIPS - 1) as f64;
        let left = width - step * self.trips.len().saturating_sub(1) as f64;
        let mut points = String::new();
        for (index, trip) in self.trips.iter().enumerate() {
            let (x, y) = (left + step * index as f64, height - trip / top * height);
            let _ = write!(points, "{x:.1},{y:.1} ");
        }
        // A line does not show a single point.
        if let (1, Some(trip)) = (self.trips.len(), self.trips.front()) {
            let _ = write!(points, "{:.1},{:.1} ", width - step, height - trip / top * height);
        }
        points.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(json: &str) -> Head {
        Head::read(json)
    }

    #[test]
    fn each_request_is_matched_with_its_own_reply() {
        let mut trips = RoundTrips::default();
        trips.sent(0.0, &head(r#"{"type":"ping","t":1}"#));
        trips.sent(10.0, &head(r#"{"type":"message","text":"a","client_id":"m"}"#));
        trips.sent(20.0, &head(r#"{"type":"subscribe","chat_id":3}"#));
        trips.sent(30.0, &head(r#"{"type":"typing","chat_id":3}"#));
        assert_eq!(trips.received(40.0, &head(r#"{"type":"ack","client_id":"m","seq":1}"#)), Some(30.0));
        assert_eq!(trips.received(41.0, &head(r#"{"type":"ack","client_id":"m"}"#)), None);
        assert_eq!(trips.received(42.0, &head(r#"{"type":"pong","t":2}"#)), None);
        assert_eq!(trips.received(45.0, &head(r#"{"type":"subscribed","chat_id":3}"#)), Some(25.0));
        assert_eq!(trips.received(50.0, &head(r#"{"type":"pong","t":1}"#)), Some(50.0));
        assert_eq!(trips.summary(), Some((50.0, 30.0, 50.0)));
    }

    #[test]
    fn a_request_that_is_never_answered_is_given_up() {
        let mut trips = RoundTrips::default();
        for t in 0..=AWAITED {
            trips.sent(0.0, &head(&format!(r#"{{"type":"ping","t":{t}}}"#)));
        }
        assert_eq!(trips.received(1.0, &head(r#"{"type":"pong","t":0}"#)), None);
        assert!(trips.received(1.0, &head(r#"{"type":"pong","t":1}"#)).is_some());
        trips.disconnect();
        assert_eq!(trips.received(1.0, &head(r#"{"type":"pong","t":2}"#)), None);
    }

    #[test]
    fn the_graph_stays_in_its_box() {
        let mut trips = RoundTrips::default();
        assert_eq!(trips.points(100.0, 20.0), "");
        for t in 0..(ROUND_TRIPS as i64 * 2) {
            trips.sent(0.0, &head(&format!(r#"{{"type":"ping","t":{t}}}"#)));
            trips.received(t as f64, &head(&format!(r#"{{"type":"pong","t":{t}}}"#)));
        }
        let points = trips.points(118.0, 20.0);
        let points: Vec<(f64, f64)> = points
            .split(' ')
            .map(|point| point.split_once(',').unwrap())
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect();
        assert_eq!(points.len(), ROUND_TRIPS);
        assert!(
            points.iter().all(|(x, y)| (0.0..=118.0).contains(x) && (0.0..=20.0).contains(y)),
            "{points:?}"
        );
        assert_eq!(points.last(), Some(&(118.0, 0.0)));
    }
}
