//! The invariants of a sender: I1, the acks of I3, I5 and I9.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Check, Evidence, Invariant, broken};
use crate::history::{Chat, Fact};

/// I1: a message that was acknowledged, or shown as sent, is in the log with the same id, seq, text and sender.
pub fn acked_is_stored(evidence: &Evidence) -> Check {
    for history in &evidence.histories {
        for noted in &history.facts {
            match noted.fact {
                Fact::Acked { chat, number, id, seq, .. } => {
                    let label = history.label(number);
                    let entry = evidence.logs.get(&chat).and_then(|log| log.at(seq));
                    let is_stored = entry.is_some_and(|entry| {
                        entry.id == id && entry.actor == history.user && entry.label() == Some(label)
                    });
                    if !is_stored {
                        let detail = format!(
                            "{label} was acknowledged in chat {chat} at position {seq} with id {id} ({} ms), where the log has {entry:?}",
                            noted.ms
                        );
                        return broken(Invariant::I1, detail);
                    }
                }
                Fact::ShownSent { chat, number } => {
                    let label = history.label(number);
                    if evidence.logs.get(&chat).and_then(|log| log.place(label)).is_none() {
                        let detail =
                            format!("{label} was shown as sent in chat {chat} and is not in the log");
                        return broken(Invariant::I1, detail);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// I3: all acks of one message have the same id and seq.
pub fn acks_agree(evidence: &Evidence) -> Check {
    for history in &evidence.histories {
        let mut first: HashMap<(Chat, u32), (i64, u64)> = HashMap::new();
        for noted in &history.facts {
            let Fact::Acked { chat, number, id, seq, .. } = noted.fact else { continue };
            let told = *first.entry((chat, number)).or_insert((id, seq));
            if told != (id, seq) {
                let label = history.label(number);
                let detail =
                    format!("{label} was acknowledged as {told:?} and as {:?} (id, position)", (id, seq));
                return broken(Invariant::I3, detail);
            }
        }
    }
    Ok(())
}

/// I5: in every chat, a client's messages are in the order in which its person wrote them.
///
/// A message that the person retried counts from the retry.
pub fn order_is_kept(evidence: &Evidence) -> Check {
    for history in &evidence.histories {
        let mut turns: BTreeMap<u32, (Chat, u64)> = BTreeMap::new();
        for noted in &history.facts {
            match noted.fact {
                Fact::Queued { chat, number } => {
                    turns.insert(number, (chat, noted.tick));
                }
                Fact::Retried { number } => {
                    turns.entry(number).and_modify(|(_, turn)| *turn = noted.tick);
                }
                _ => {}
            }
        }
        let mut turns: Vec<_> =
            turns.into_iter().map(|(number, (chat, turn))| (turn, chat, number)).collect();
        turns.sort_unstable();
        let mut last: BTreeMap<Chat, (u32, u64)> = BTreeMap::new();
        for (_, chat, number) in turns {
            let place = evidence.logs.get(&chat).and_then(|log| log.place(history.label(number)));
            let Some(seq) = place else { continue };
            if let Some((before, earlier)) = last.insert(chat, (number, seq))
                && earlier > seq
            {
                let detail = format!(
                    "client {} wrote {before} before {number} in chat {chat}, and they stand at {earlier} and {seq}",
                    history.client
                );
                return broken(Invariant::I5, detail);
            }
        }
    }
    Ok(())
}

/// I9: every message that was written is acknowledged, shown as sent, shown as failed, or was given up by the person.
pub fn everything_ends(evidence: &Evidence) -> Check {
    for history in &evidence.histories {
        let mut open: BTreeMap<u32, (Chat, u64)> = BTreeMap::new();
        let mut ended: HashSet<u32> = HashSet::new();
        for noted in &history.facts {
            match noted.fact {
                Fact::Queued { chat, number } => {
                    open.insert(number, (chat, noted.ms));
                }
                Fact::Acked { number, .. }
                | Fact::ShownSent { number, .. }
                | Fact::Failed { number }
                | Fact::GivenUp { number } => {
                    ended.insert(number);
                }
                _ => {}
            }
        }
        open.retain(|number, _| !ended.contains(number));
        if let Some((number, (chat, ms))) = open.first_key_value() {
            let label = history.label(*number);
            let detail =
                format!("{label}, written in chat {chat} at {ms} ms, has no end ({} such)", open.len());
            return broken(Invariant::I9, detail);
        }
        if let Some(ending) = history.ending.as_ref().filter(|ending| ending.waiting > 0) {
            let detail = format!("client {} still waits with {} messages", history.client, ending.waiting);
            return broken(Invariant::I9, detail);
        }
    }
    Ok(())
}
