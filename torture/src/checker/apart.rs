//! Checks that nothing passes to whom it is kept from: I11.

use std::collections::HashSet;

use super::{Check, Evidence, Invariant, broken};
use crate::history::User;
use crate::households::{Bar, Kept, Moment, Record, What};
use crate::label::Label;
use crate::log::Kind;

/// How long the other nodes may take to hear of a block, a removal or a suspension, in milliseconds.
pub const ELSEWHERE_MS: u64 = 1_000;
/// How long they may take after a fault that may have lost it, in milliseconds: a reconciliation and its answer.
pub const MENDING_MS: u64 = 3_000;

/// I11: nothing of somebody who is blocked or removed reaches those from whom it is kept, nor the other way round, once that is
/// confirmed; nothing at all reaches somebody who is suspended; and nothing that they send is stored.
pub fn nothing_passes_that_is_kept(evidence: &Evidence) -> Check {
    the_log_keeps_them_out(evidence)?;
    for record in &evidence.residents {
        for kept in &evidence.kept {
            nothing_reached(evidence, record, kept)?;
            nothing_was_stored(evidence, record, kept)?;
        }
    }
    Ok(())
}

/// In the order of the log: nobody writes to a chat that is closed, or that they are not in.
fn the_log_keeps_them_out(evidence: &Evidence) -> Check {
    for (chat, log) in &evidence.logs {
        let (mut is_closed, mut out) = (false, HashSet::<User>::new());
        for entry in log.entries() {
            if out.contains(&entry.actor) {
                let detail = format!(
                    "position {} of chat {chat} is of user {}, who is not in it",
                    entry.seq, entry.actor
                );
                return broken(Invariant::I11, detail);
            }
            match entry.kind {
                Kind::Message { .. } if is_closed => {
                    let detail =
                        format!("a message stands in chat {chat} at {}, where it is closed", entry.seq);
                    return broken(Invariant::I11, detail);
                }
                Kind::Closed => is_closed = true,
                Kind::Opened => is_closed = false,
                Kind::Left(user) => drop(out.insert(user)),
                Kind::Joined(user) => drop(out.remove(&user)),
                Kind::Message { .. } | Kind::Other => {}
            }
        }
    }
    Ok(())
}

fn nothing_reached(evidence: &Evidence, record: &Record, kept: &Kept) -> Check {
    for reached in &record.reached {
        let is_over = kept.until.is_some_and(|until| reached.tick >= until);
        if is_over
            || !is_due(evidence, kept.from, reached.after)
            || !concerns(kept.bar, record.user, reached.what)
        {
            continue;
        }
        let detail = format!(
            "{:?} reached client {} (user {}), and was sent {} ms or more after the answer to {:?} at {} ms",
            reached.what,
            record.client,
            record.user,
            reached.after.ms.saturating_sub(kept.from.ms),
            kept.bar,
            kept.from.ms
        );
        return broken(Invariant::I11, detail);
    }
    Ok(())
}

/// Whether this may not reach this user.
fn concerns(bar: Bar, user: User, what: What) -> bool {
    let of = match what {
        What::Typing { of, .. } | What::Read { of, .. } | What::Online { of } => Some(of),
        What::Pong | What::Stream { .. } => None,
    };
    let chat = match what {
        What::Typing { chat, .. } | What::Read { chat, .. } | What::Stream { chat } => Some(chat),
        What::Pong | What::Online { .. } => None,
    };
    match bar {
        Bar::Blocked { by, of: blocked } => {
            user == by && of == Some(blocked) || user == blocked && of == Some(by)
        }
        Bar::Removed { of: removed, chat: group } => {
            chat == Some(group) && (user == removed || of == Some(removed))
        }
        // What they did before may still be stored, and told to others.
        Bar::Suspended { of: suspended, .. } => user == suspended,
    }
}

/// What was sent with the sign-in of somebody who is suspended.
fn nothing_was_stored(evidence: &Evidence, record: &Record, kept: &Kept) -> Check {
    let Bar::Suspended { of, sign_in } = kept.bar else { return Ok(()) };
    let late = |sent: &&crate::households::Sent| {
        record.user == of && sent.sign_in == sign_in && is_due(evidence, kept.from, sent.at)
    };
    for sent in record.sent.iter().filter(late) {
        let label = Label { client: record.client, number: sent.number };
        if let Some(seq) = evidence.logs.get(&sent.chat).and_then(|log| log.place(label)) {
            let detail = format!(
                "{label}, sent at {} ms, stands in chat {} at {seq}, though its user was suspended at {} ms",
                sent.at.ms, sent.chat, kept.from.ms
            );
            return broken(Invariant::I11, detail);
        }
    }
    Ok(())
}

/// Whether every node knew of it at this moment.
fn is_due(evidence: &Evidence, from: Moment, at: Moment) -> bool {
    if at.tick <= from.tick {
        return false;
    }
    if evidence.node_views.len() < 2 {
        return true;
    }
    let mut due = from.ms + ELSEWHERE_MS;
    for (begin, end) in &evidence.troubles {
        if *begin <= due && *end >= from.ms {
            due = due.max(end + MENDING_MS);
        }
    }
    at.ms > due
}
