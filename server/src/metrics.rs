//! Metrics: what the server counts and measures, in Prometheus' terms. Everything may use it, and it uses nothing.
//!
//! Counting is one atomic addition and measuring two; nothing is locked and nothing is looked up by name.
//! What can be read when it is asked for (how many sockets, how deep the outboxes) is not counted at all.

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

mod labels;
mod process;
pub mod reference;
mod series;

pub use labels::{Closed, FoundBy, Frames, MessageOutcome, Operation, Refused, Resume, StatusClass};
pub use series::{Counters, Histogram, Histograms};

/// What the names of all metrics but the process' own begin with.
const PREFIX: &str = "causerie";

macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $field:ident: $kind:ty $(, in $unit:ident)?;)+) => {
        /// Every metric there is. The composition root makes one and hands it to the parts.
        #[derive(Debug)]
        pub struct Metrics {
            $($(#[doc = $doc])+ pub $field: $kind,)+
            registry: Registry,
        }

        impl Default for Metrics {
            fn default() -> Self {
                let mut registry = Registry::default();
                process::register(&mut registry);
                let own = registry.sub_registry_with_prefix(PREFIX);
                own.register("build", "The version that runs", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
                $(
                    let $field = <$kind>::default();
                    let help = concat!($($doc),+).trim_ascii().trim_end_matches('.');
                    register(own, stringify!($field), help, metrics!(@unit $($unit)?), $field.clone());
                )+
                Self { $($field,)+ registry }
            }
        }
    };
    (@unit) => { None };
    (@unit $unit:ident) => { Some(Unit::$unit) };
}

metrics! {
    /// Open sockets.
    sockets: Gauge;
    /// Chats that somebody follows on this node.
    followed_chats: Gauge;
    /// People with a socket on this node.
    users_online: Gauge;
    /// Frames that wait in the outboxes of all sockets.
    outbox_frames: Gauge;
    /// Frames that wait in the fullest outbox.
    outbox_frames_max: Gauge;
    /// Bytes that wait in the outboxes of all sockets.
    outbox: Gauge, in Bytes;
    /// Open connections of all kinds, sockets included.
    connections: Gauge;
    /// Connections beyond the limit for which none made room: they got 503, or were closed.
    connections_refused: Counter;
    /// Connections that waited for their client and were closed to make room for another.
    connections_evicted: Counter;
    /// Connections that were closed because their client took too long.
    connections_timed_out: Counter;
    /// Handshakes that were accepted.
    handshakes_accepted: Counter;
    /// Handshakes that were refused, by reason.
    handshakes_refused: Counters<Refused>;
    /// Sockets that ended, by close code; 1006 is a connection that broke.
    socket_closes: Counters<Closed>;
    /// Text frames that came from clients.
    frames_received: Counter;
    /// Text frames that went to clients, by kind; an event is a message or another entry of a chat's log.
    frames_sent: Counters<Frames>;
    /// Messages that clients sent, by outcome; a duplicate is a repeat that was recognised by its client_id.
    messages: Counters<MessageOutcome>;
    /// From the receipt of a change to its answer, which follows the commit.
    ack: Histogram, in Seconds;
    /// From the commit of a change until it lies in the outbox of every socket of this node that follows the chat.
    fanout: Histogram, in Seconds;
    /// Changes that were committed in one transaction.
    append_batch_changes: series::Sizes;
    /// Subscriptions that named a position, by outcome; after a reset the client loads the chat afresh.
    resumes: Counters<Resume>;
    /// Holes in a socket's stream that were filled from the log, by how they were found.
    gaps_filled: Counters<FoundBy>;
    /// Whether the other nodes can be heard; 1 on a single node.
    bus_connected: Gauge;
    /// Times that the connection to Redis was made again.
    bus_reconnects: Counter;
    /// Envelopes for other nodes that were given up because Redis did not take them in time.
    bus_dropped: Counter;
    /// Chats of which the look at the store found something that the bus had lost.
    bus_backstop_finds: Counter;
    /// Connections to the database.
    database_connections: Gauge;
    /// Idle connections to the database.
    database_connections_idle: Gauge;
    /// Most connections to the database.
    database_connections_max: Gauge;
    /// How long writes waited for a connection to the database.
    database_wait: Histogram, in Seconds;
    /// How long operations on the database took, by operation.
    database_operation: Histograms<Operation>, in Seconds;
    /// Operations on the database that took longer than the setting for slow ones.
    database_slow_operations: Counter;
    /// Messages whose words were written into the index of the search, or taken out of it.
    search_indexed_messages: Counter;
    /// Entries of all logs that the index of the search has not come to yet.
    search_index_behind: Gauge;
    /// HTTP answers, by class of status; a handshake that became a socket is 1xx.
    http_responses: Counters<StatusClass>;
    /// From a request to the head of its answer.
    http_response: Histogram, in Seconds;
}

fn register(registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>, metric: impl Metric) {
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, metric),
        None => registry.register(name, help, metric),
    }
}

impl Metrics {
    /// Everything in Prometheus' text format, version 0.0.4.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}

/// A count for a gauge, which takes negative numbers too.
#[must_use]
pub fn level(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_counted_can_be_read() {
        let metrics = Metrics::default();
        metrics.sockets.set(3);
        metrics.frames_received.inc();
        metrics.messages.inc(MessageOutcome::Duplicate);
        metrics.ack.observe(Duration::from_micros(700));
        metrics.append_batch_changes.observe(3);
        metrics.database_operation.observe(Operation::Append, Duration::from_millis(20));
        let text = metrics.encode();
        for line in [
            "# TYPE causerie_sockets gauge",
            "causerie_sockets 3",
            "causerie_frames_received_total 1",
            r#"causerie_messages_total{outcome="duplicate"} 1"#,
            r#"causerie_messages_total{outcome="stored"} 0"#,
            "# TYPE causerie_ack_seconds histogram",
            r#"causerie_ack_seconds_bucket{le="0.0005"} 0"#,
            r#"causerie_ack_seconds_bucket{le="0.001"} 1"#,
            r#"causerie_ack_seconds_bucket{le="+Inf"} 1"#,
            "causerie_ack_seconds_sum 0.0007",
            "causerie_append_batch_changes_count 1",
            r#"causerie_database_operation_seconds_count{operation="append"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
