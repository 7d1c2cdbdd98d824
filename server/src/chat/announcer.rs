//! The announcer: tells the bus and the senders what was committed, in the order of the log.

use std::sync::Arc;

use causerie_protocol::server_frame::{Ack, ReadPosition};
use causerie_protocol::{ClientId, Event, Message, ServerFrame};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::appender::{Committed, Outcome};
use super::{Reply, refusal};
use crate::bus::{Bus, Envelope};
use crate::metrics::{MessageOutcome, Metrics};
use crate::outbox::{Frame, relief};
use crate::store::{Append, Appended, Change};

/// Changes that are published and answered together, so that acks do not trail far behind in a large group.
const CHUNK: usize = 128;

pub(super) async fn run(bus: Arc<dyn Bus>, mut committed: mpsc::Receiver<Committed>, metrics: Arc<Metrics>) {
    while let Some(Committed { batch, replies, outcomes, at, flushed }) = committed.recv().await {
        let mut changes = batch.iter().zip(replies).zip(outcomes);
        loop {
            let chunk: Vec<_> = changes.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                break;
            }
            let mut envelopes = Vec::with_capacity(chunk.len());
            for ((append, _), outcome) in &chunk {
                announce(append, outcome, &mut envelopes);
            }
            if !envelopes.is_empty() {
                bus.publish(envelopes).await;
                metrics.fanout.observe(at.elapsed());
            }
            let now = Instant::now();
            for ((append, (reply, came)), outcome) in chunk {
                count(&metrics, append, &outcome);
                answer(append, reply, outcome).await;
                metrics.ack.observe(now.duration_since(came));
            }
        }
        for done in flushed {
            // Whoever asked may have given up waiting.
            let _ = done.send(());
        }
    }
}

/// Counts a message by what became of it.
fn count(metrics: &Metrics, append: &Append, outcome: &Outcome) {
    if let Change::Message { .. } = append.change {
        metrics.messages.inc(match outcome {
            Ok(Ok(Appended::Duplicate(_))) => MessageOutcome::Duplicate,
            Ok(Ok(_)) => MessageOutcome::Stored,
            Ok(Err(_)) => MessageOutcome::Refused,
            Err(_) => MessageOutcome::Failed,
        });
    }
}

/// What everybody has to know of a change.
fn announce(append: &Append, outcome: &Outcome, envelopes: &mut Vec<Envelope>) {
    let Ok(Ok(appended)) = outcome else { return };
    match appended {
        Appended::Event(event) => {
            let (chat, seq) = (event.chat_id(), event.seq());
            match event {
                // Before the event: it is the first that must not reach them.
                Event::Left(left) => envelopes.push(Envelope::Left { chat, user: left.user.id }),
                Event::Joined(joined) => {
                    envelopes.push(Envelope::ChatAdded { chat, users: vec![joined.user.id] });
                }
                _ => {}
            }
            let frame = encode_event(event);
            envelopes.push(Envelope::Event { chat, seq, frame });
        }
        Appended::Read { seq, moved: true } => {
            let (chat, user, seq) = (append.chat, append.actor, *seq);
            let read = ReadPosition { chat_id: chat, user_id: user, seq };
            let frame = Frame::from(ServerFrame::Read(read).encode());
            envelopes.push(Envelope::Read { chat, user, seq, frame });
        }
        Appended::Read { moved: false, .. } | Appended::Duplicate(_) => {}
    }
}

/// An event as it goes over the wire.
pub(crate) fn encode_event(event: &Event) -> Frame {
    Frame::from(serde_json::to_string(event).expect("an event has only string keys and no fallible parts"))
}

/// Tells the sender.
async fn answer(append: &Append, reply: Reply, outcome: Outcome) {
    match reply {
        Reply::Caller(caller) => {
            // A caller that went away does not need the answer.
            let _ = caller.send(outcome);
        }
        Reply::Socket(outbox) => {
            let frame = match outcome {
                Ok(Ok(Appended::Event(Event::Message(message)))) => ack(append, message, false),
                Ok(Ok(Appended::Duplicate(message))) => ack(append, message, true),
                Ok(Ok(Appended::Event(_) | Appended::Read { .. })) => None,
                Ok(Err(refused)) => Some(refusal::refused(append, refused)),
                Err(error) => Some(refusal::failed(append, error)),
            };
            if outbox.answered(frame) {
                relief(|| outbox.is_crowded()).await;
            }
        }
    }
}

/// The ack of a message that its sender named; the others asked for none.
fn ack(append: &Append, message: Message, duplicate: bool) -> Option<Frame> {
    let client_id = client_id(append)?.clone();
    let Message { id, chat_id, seq, sent_at, .. } = message;
    Some(Frame::from(ServerFrame::Ack(Ack { client_id, chat_id, id, seq, sent_at, duplicate }).encode()))
}

/// The sender's own name for the message, if the change is one and has one.
pub(super) fn client_id(append: &Append) -> Option<&ClientId> {
    match &append.change {
        Change::Message { client_id, .. } => client_id.as_ref(),
        _ => None,
    }
}
