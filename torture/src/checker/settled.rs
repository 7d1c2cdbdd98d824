//! The invariant that holds when all clients have settled: I10.

use super::{Check, Evidence, Invariant, broken};
use crate::history::{Kind, View};

/// I10: a page that resumed many times shows the same as a page that loads afresh.
pub fn resumed_is_as_fresh(evidence: &Evidence) -> Check {
    for history in evidence.histories.iter().filter(|history| history.kind == Kind::Page) {
        let Some((_, fresh)) = evidence.fresh.iter().find(|(user, _)| *user == history.user) else {
            return broken(
                Invariant::I10,
                format!("no page loaded afresh for the user of client {}", history.client),
            );
        };
        let Some(ending) = &history.ending else { continue };
        let chats = |views: &[View]| views.iter().map(|view| view.chat).collect::<Vec<_>>();
        if chats(&ending.views) != chats(fresh) {
            let detail = format!(
                "client {} has the chats {:?}, and afresh they are {:?}",
                history.client,
                chats(&ending.views),
                chats(fresh)
            );
            return broken(Invariant::I10, detail);
        }
        for (view, fresh) in ending.views.iter().zip(fresh) {
            if let Some(difference) = difference(view, fresh, evidence) {
                let detail = format!("client {}, chat {}: {difference}", history.client, view.chat);
                return broken(Invariant::I10, detail);
            }
        }
    }
    Ok(())
}

fn difference(view: &View, fresh: &View, evidence: &Evidence) -> Option<String> {
    let unlike = |what: &str, resumed: &dyn std::fmt::Debug, afresh: &dyn std::fmt::Debug| {
        Some(format!("{what}: {resumed:?} after resuming, {afresh:?} afresh"))
    };
    if view.window.last != fresh.window.last {
        return unlike("the last message shown", &view.window.last, &fresh.window.last);
    }
    // Either may show older messages; where both show some they must be the same.
    if let Some(log) = evidence.logs.get(&view.chat) {
        for window in [&view.window, &fresh.window] {
            if window.count > 0 && log.piece(window.first, window.last) != (window.count, window.sum) {
                return Some(format!(
                    "positions {} to {} are shown unlike the log",
                    window.first, window.last
                ));
            }
        }
    }
    for (seq, under) in &view.reactions {
        let afresh = fresh.reactions.iter().find(|(other, _)| other == seq);
        if let Some((_, afresh)) = afresh
            && under != afresh
        {
            return unlike(&format!("the reactions at {seq}"), under, afresh);
        }
    }
    for (seq, shown) in &view.replies {
        let afresh = fresh.replies.iter().find(|(other, _)| other == seq);
        if let Some((_, afresh)) = afresh
            && shown != afresh
        {
            return unlike(&format!("what the reply at {seq} shows"), shown, afresh);
        }
    }
    if view.unread != fresh.unread {
        return unlike("unread", &view.unread, &fresh.unread);
    }
    if view.last_line != fresh.last_line {
        return unlike("the last line", &view.last_line, &fresh.last_line);
    }
    if view.title != fresh.title {
        return unlike("the title", &view.title, &fresh.title);
    }
    if view.people != fresh.people {
        return unlike("who is in it and how far they read", &view.people, &fresh.people);
    }
    None
}
