//! The announcer: publishes what was committed on the bus, then answers the senders, in the order of the log.

use std::sync::Arc;

use causerie_protocol::server_frame::{Ack, ReadPosition};
use causerie_protocol::{Event, Message, ServerFrame};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::appender::{Committed, Processed};
use super::{AppendError, Responder};
use crate::bus::{Bus, Envelope};
use crate::metrics::{MessageOutcome, Metrics};
use crate::outbox::{Frame, wait_until_drained};
use crate::refusal::Refusal;
use crate::store::{Append, Appended, Change};

/// Changes that are published and answered together, so that acks do not trail far behind in a large group.
const CHUNK: usize = 128;

pub(super) async fn run(
    bus: Arc<dyn Bus>,
    mut committed: mpsc::Receiver<Committed>,
    metrics: Arc<Metrics>,
    appended: Arc<Notify>,
) {
    while let Some(Committed { changes, at }) = committed.recv().await {
        let mut changes = changes.into_iter();
        while changes.len() > 0 {
            let chunk = &changes.as_slice()[..CHUNK.min(changes.len())];
            let mut envelopes = Vec::with_capacity(chunk.len());
            for change in chunk {
                announce(change, &mut envelopes);
            }
            if !envelopes.is_empty() {
                bus.publish(envelopes).await;
                metrics.fanout.observe(at.elapsed());
            }
            let now = Instant::now();
            for change in changes.by_ref().take(CHUNK) {
                let received_at = change.received_at;
                count(&metrics, &change);
                answer(change).await;
                metrics.ack.observe(now.duration_since(received_at));
            }
        }
        appended.notify_one();
    }
}

/// Counts a message by what became of it.
fn count(metrics: &Metrics, change: &Processed) {
    if let Change::Message { .. } = change.append.change {
        metrics.messages.inc(match change.outcome {
            Ok(Appended::Duplicate(_)) => MessageOutcome::Duplicate,
            Ok(_) => MessageOutcome::Stored,
            Err(AppendError::Refused(_)) => MessageOutcome::Refused,
            Err(_) => MessageOutcome::Failed,
        });
    }
}

/// Adds the envelopes that a change leads to.
fn announce(change: &Processed, envelopes: &mut Vec<Envelope>) {
    match &change.outcome {
        Ok(Appended::Accepted { event, asked_by }) => {
            // Before the event: with it comes what the two see of each other.
            envelopes.push(Envelope::Reunited { one: *asked_by, other: change.append.actor });
            // Who asked may have it from now on only; to who had it, it comes as it is now.
            envelopes.push(Envelope::ChatAdded { chat: event.chat_id(), users: vec![*asked_by] });
            envelopes.push(event_envelope(event));
        }
        Ok(Appended::Event(event)) => {
            let chat = event.chat_id();
            match event {
                // Before the event: it is the first that must not reach them.
                Event::Left(left) => envelopes.push(Envelope::Left { chat, user: left.user.id }),
                Event::Joined(joined) => {
                    envelopes.push(Envelope::ChatAdded { chat, users: vec![joined.user.id] });
                }
                _ => {}
            }
            envelopes.push(event_envelope(event));
        }
        Ok(Appended::Read { seq, moved: true }) => {
            let (chat, user, seq) = (change.append.chat, change.append.actor, *seq);
            let read = ReadPosition { chat_id: chat, user_id: user, seq };
            let frame = Frame::from(ServerFrame::Read(read).encode());
            let hidden = matches!(&change.responder, Responder::Socket(outbox) if outbox.hides_read());
            envelopes.push(Envelope::Read { chat, user, seq, hidden, frame });
        }
        Ok(Appended::Read { moved: false, .. } | Appended::Duplicate(_) | Appended::Unchanged { .. })
        | Err(_) => {}
    }
}

/// An event for every node.
pub(crate) fn event_envelope(event: &Event) -> Envelope {
    let left = match event {
        Event::Left(left) => Some(left.user.id),
        _ => None,
    };
    Envelope::Event { chat: event.chat_id(), seq: event.seq(), left, frame: encode_event(event) }
}

/// An event as it goes over the wire.
pub(crate) fn encode_event(event: &Event) -> Frame {
    Frame::from(serde_json::to_string(event).expect("an event has only string keys and no fallible parts"))
}

/// Sends the outcome to where the change came from.
async fn answer(change: Processed) {
    let Processed { append, responder, outcome, .. } = change;
    match responder {
        Responder::Caller(caller) => {
            // A caller that went away does not need the answer.
            let _ = caller.send(outcome);
        }
        Responder::Socket(outbox) => {
            let frame = match outcome {
                Ok(
                    Appended::Event(Event::Message(message))
                    | Appended::Accepted { event: Event::Message(message), .. },
                ) => ack(&append, message, false),
                Ok(Appended::Duplicate(message)) => ack(&append, message, true),
                Ok(
                    Appended::Event(_)
                    | Appended::Accepted { .. }
                    | Appended::Read { .. }
                    | Appended::Unchanged { .. },
                ) => None,
                Err(error) => Some(error_frame(&append, Refusal::not_stored(error))),
            };
            if outbox.request_finished(frame) {
                wait_until_drained(|| outbox.is_backlogged()).await;
            }
        }
    }
}

/// The ack of a message with a `client_id`; without one no ack is expected.
fn ack(append: &Append, message: Message, duplicate: bool) -> Option<Frame> {
    let client_id = append.client_id()?.clone();
    let Message { id, chat_id, seq, sent_at, .. } = message;
    Some(Frame::from(ServerFrame::Ack(Ack { client_id, chat_id, id, seq, sent_at, duplicate }).encode()))
}

/// The `error` frame for a change that was not stored.
pub(super) fn error_frame(append: &Append, refusal: Refusal) -> Frame {
    refusal.into_frame(Some(append.chat), append.client_id().cloned())
}
