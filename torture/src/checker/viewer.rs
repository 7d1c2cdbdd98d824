//! The invariants of a reader: I4, I6, I7 and I8.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Check, Evidence, Follower, Invariant, broken};
use crate::history::{Chat, Fact, History, User, Window};
use crate::log::{Kind, Log};

/// How long a client may stay behind a gap, in milliseconds.
const HOLE_MS: u64 = 5_000;

/// The seq of a `left` event, and the logical time just before the user was added again.
type Leaving = (u64, Option<u64>);

/// I8: after a `left` event no later event reaches the user before they are added again.
pub fn nothing_comes_after_leaving(evidence: &Evidence) -> Check {
    let mut absences: HashMap<(User, Chat), Vec<Option<u64>>> = HashMap::new();
    for absence in &evidence.absences {
        absences.entry((absence.user, absence.chat)).or_default().push(absence.until);
    }
    let mut gone: HashMap<(User, Chat), Vec<Leaving>> = HashMap::new();
    for (chat, log) in &evidence.logs {
        for entry in log.entries() {
            if let Kind::Left(user) = entry.kind {
                let until = absences.get(&(user, *chat));
                let gone = gone.entry((user, *chat)).or_default();
                gone.push((entry.seq, until.and_then(|until| until.get(gone.len()).copied().flatten())));
            }
        }
    }
    for history in &evidence.histories {
        for noted in &history.facts {
            let Fact::Event { chat, seq, .. } = noted.fact else { continue };
            let Some(gone) = gone.get(&(history.user, chat)) else { continue };
            let late =
                gone.iter().find(|(left, until)| seq > *left && until.is_none_or(|until| noted.tick < until));
            if let Some((left, _)) = late {
                let detail = format!(
                    "client {} got position {seq} of chat {chat} at {} ms, after its person left at {left}",
                    history.client, noted.ms
                );
                return broken(Invariant::I8, detail);
            }
        }
    }
    Ok(())
}

/// I7: on one connection no read position goes back or passes the head.
pub fn reading_goes_forward(evidence: &Evidence) -> Check {
    for (chat, log) in &evidence.logs {
        if let Some((user, seq)) = log.reads.iter().find(|(_, seq)| **seq > log.head) {
            let detail =
                format!("user {user} has read up to {seq} of chat {chat}, whose head is {}", log.head);
            return broken(Invariant::I7, detail);
        }
    }
    for history in &evidence.histories {
        let mut told: HashMap<(Chat, User), u64> = HashMap::new();
        for noted in &history.facts {
            match noted.fact {
                Fact::Closed { .. } | Fact::Reloaded => told.clear(),
                Fact::ReadTo { chat, user, seq } => {
                    let Some(log) = evidence.logs.get(&chat) else { continue };
                    // A user who left and came back starts again.
                    if log.entries().iter().any(|entry| entry.kind == Kind::Left(user)) {
                        continue;
                    }
                    let before = told.insert((chat, user), seq).unwrap_or_default();
                    let stored = log.reads.get(&user).copied().unwrap_or_default();
                    if seq < before || seq > log.head || seq > stored {
                        let detail = format!(
                            "client {} was told that user {user} read chat {chat} up to {seq}, after {before}; the head is {}, the stored position {stored}",
                            history.client, log.head
                        );
                        return broken(Invariant::I7, detail);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// I6: a gap is filled within seconds while frames come, and every client reaches the head in the end.
pub fn nobody_lives_over_a_hole(evidence: &Evidence) -> Check {
    for history in &evidence.histories {
        let mut follower = Follower::default();
        for noted in &history.facts {
            let heard = matches!(noted.fact, Fact::Event { .. } | Fact::OtherFrame | Fact::Acked { .. });
            follower.take(noted);
            if let Some((chat, at, since)) = follower.hole().filter(|_| heard)
                && noted.ms > since + HOLE_MS
            {
                let detail = format!(
                    "client {} lived over a hole after position {at} of chat {chat} from {since} to {} ms",
                    history.client, noted.ms
                );
                return broken(Invariant::I6, detail);
            }
        }
        let Some(ending) = &history.ending else {
            return broken(Invariant::I6, format!("client {} did not come to an end", history.client));
        };
        let behind = |chat: Chat, at: u64, head: u64| {
            let detail = format!(
                "client {} ended at position {at} of chat {chat}, whose head is {head}",
                history.client
            );
            broken(Invariant::I6, detail)
        };
        if let Some((chat, at)) = ending.reached
            && let Some(log) = evidence.logs.get(&chat).filter(|log| at < log.head)
            && is_in(log, history.user)
        {
            return behind(chat, at, log.head);
        }
        for view in &ending.views {
            if let Some(log) =
                evidence.logs.get(&view.chat).filter(|log| view.window.last < log.last_message())
            {
                return behind(view.chat, view.window.last, log.last_message());
            }
        }
    }
    Ok(())
}

fn is_in(log: &Log, user: User) -> bool {
    log.reads.contains_key(&user)
}

/// I4: what was shown at any time is a piece of the log without a gap, in order, with each own message once.
pub fn what_is_shown_is_the_log(evidence: &Evidence) -> Check {
    for history in &evidence.histories {
        let mut last: BTreeMap<Chat, u64> = BTreeMap::new();
        for noted in &history.facts {
            match &noted.fact {
                Fact::Reloaded => last.clear(),
                Fact::Shown { chat, window } => {
                    let Some(log) = evidence.logs.get(chat) else { continue };
                    let fault = fault(history, log, window).or_else(|| {
                        let before = last.insert(*chat, window.last).unwrap_or_default();
                        (window.count > 0 && window.last < before)
                            .then(|| format!("it ended at {before} before"))
                    });
                    if let Some(fault) = fault {
                        let detail = format!(
                            "client {} showed positions {} to {} of chat {chat} at {} ms: {fault}",
                            history.client, window.first, window.last, noted.ms
                        );
                        return broken(Invariant::I4, detail);
                    }
                }
                _ => {}
            }
        }
        for view in history.ending.iter().flat_map(|ending| &ending.views) {
            let fault = evidence.logs.get(&view.chat).and_then(|log| fault(history, log, &view.window));
            if let Some(fault) = fault {
                let detail =
                    format!("client {} ends with chat {} shown wrong: {fault}", history.client, view.chat);
                return broken(Invariant::I4, detail);
            }
        }
    }
    Ok(())
}

fn fault(history: &History, log: &Log, window: &Window) -> Option<String> {
    if window.disordered {
        return Some("rows are twice or out of order".to_owned());
    }
    let mut before = window.last;
    for (seq, id, label) in &window.sent {
        if *seq <= before {
            return Some(format!("{label}, shown as sent at {seq}, stands after {before}"));
        }
        before = *seq;
        if log.at(*seq).is_none_or(|entry| entry.id != *id || entry.label() != Some(*label)) {
            return Some(format!("{label} is shown as sent at {seq}, where the log has another"));
        }
    }
    let own = window.sent.iter().filter(|(_, _, label)| label.client == history.client);
    let mut seen: HashSet<u32> = own.map(|(_, _, label)| label.number).collect();
    for number in &window.pending {
        if !seen.insert(*number) {
            return Some(format!("own message {number} is there twice"));
        }
        let place = log.place(history.label(*number));
        if let Some(seq) = place.filter(|seq| window.count > 0 && (window.first..=window.last).contains(seq))
        {
            return Some(format!("message {number} is there at {seq} and again as unsent"));
        }
    }
    if window.count == 0 {
        return None;
    }
    let (count, sum) = log.piece(window.first, window.last);
    if count != window.count {
        return Some(format!("{} messages where the log has {count}", window.count));
    }
    if sum != window.sum {
        return Some("other messages than the log has".to_owned());
    }
    let missing = log.piece(0, window.first - 1).0;
    (!window.older && missing > 0).then(|| format!("{missing} older ones are missing and not announced"))
}
