//! Checks the logs, and every event that a client received: I2 and I3.

use std::collections::HashMap;

use super::{Check, Evidence, Invariant, broken};
use crate::history::Fact;
use crate::label::Label;
use crate::log::Kind;
use crate::node_view::Line;

/// I2: seqs are 1 to the head, ids grow with them, and every event that a client received equals the one in the log.
pub fn positions_are_whole(evidence: &Evidence) -> Check {
    for (chat, log) in &evidence.logs {
        let mut id = 0;
        for (entry, expected) in log.entries().iter().zip(1..) {
            if entry.seq != expected {
                return broken(
                    Invariant::I2,
                    format!("chat {chat} has {} where {expected} belongs", entry.seq),
                );
            }
            if entry.id <= id {
                return broken(
                    Invariant::I2,
                    format!("chat {chat}, position {expected}: the id does not grow"),
                );
            }
            id = entry.id;
        }
        let count = log.entries().len() as u64;
        if log.head != count {
            return broken(
                Invariant::I2,
                format!("chat {chat} has {count} entries and the head {}", log.head),
            );
        }
    }
    for history in &evidence.histories {
        for noted in &history.facts {
            let Fact::Event { chat, seq, id, label } = noted.fact else { continue };
            let entry = evidence.logs.get(&chat).and_then(|log| log.at(seq));
            let is_same = entry.is_some_and(|entry| match entry.kind {
                Kind::Message { label: stored, .. } => id == Some(entry.id) && label == stored,
                _ => id.is_none(),
            });
            if !is_same {
                let told = label.map_or_else(|| "an entry".to_owned(), |label| label.to_string());
                let detail = format!(
                    "client {} was told {told} (id {id:?}) at position {seq} of chat {chat}, where the log has {entry:?}",
                    history.client
                );
                return broken(Invariant::I2, detail);
            }
        }
    }
    Ok(())
}

/// I2: every node shows a chat's head and messages as they are in the log.
pub fn nodes_agree(evidence: &Evidence) -> Check {
    for view in &evidence.node_views {
        let node = view.node;
        for (chat, head) in &view.heads {
            if let Some(log) = evidence.logs.get(chat).filter(|log| log.head != *head) {
                let detail =
                    format!("node {node} says that the head of chat {chat} is {head}, not {}", log.head);
                return broken(Invariant::I2, detail);
            }
        }
        for (chat, lines) in &view.chats {
            let Some(log) = evidence.logs.get(chat) else {
                return broken(Invariant::I2, format!("node {node} shows chat {chat}, which is not stored"));
            };
            let stored = log.entries().iter().filter_map(|entry| match entry.kind {
                Kind::Message { label, .. } => Some((entry.seq, entry.id, label)),
                _ => None,
            });
            let stored: Vec<Line> = stored.collect();
            if stored == *lines {
                continue;
            }
            let place = stored.iter().zip(lines).take_while(|(stored, shown)| stored == shown).count();
            let detail = format!(
                "node {node} shows {} messages of chat {chat} where {} are stored; the first that differs: {:?}, stored {:?}",
                lines.len(),
                stored.len(),
                lines.get(place),
                stored.get(place)
            );
            return broken(Invariant::I2, detail);
        }
    }
    Ok(())
}

/// I3: each message is in its chat once, with its own `client_id`.
pub fn messages_are_there_once(evidence: &Evidence) -> Check {
    for (chat, log) in &evidence.logs {
        let mut seen: HashMap<Label, u64> = HashMap::new();
        for entry in log.entries() {
            let Kind::Message { label, named } = entry.kind else { continue };
            let Some(label) = label else {
                let detail = format!(
                    "chat {chat}, position {}: a text that no client sent with this client_id",
                    entry.seq
                );
                return broken(Invariant::I3, detail);
            };
            if let Some(first) = seen.insert(label, entry.seq) {
                let detail = format!("{label} is in chat {chat} at {first} and at {}", entry.seq);
                return broken(Invariant::I3, detail);
            }
            if !named {
                let detail = format!("{label} is in chat {chat} at {} under another client id", entry.seq);
                return broken(Invariant::I3, detail);
            }
        }
    }
    Ok(())
}
