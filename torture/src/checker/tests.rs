//! Histories made by hand: a correct run, and for each fault a run that has it.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::history::{Clock, Ending, Fact, Kind, TimedFact, Window};
use crate::households::{Bar, Moment, Reached, Sent, What};
use crate::label::Label;
use crate::log::{Entry, Kind as EntryKind, Log};

const CHAT: Chat = 1;
const ANA: User = 10;
const BEN: User = 20;
/// Ana's page and Ben's watcher.
const PAGE: u32 = 1;
const WATCHER: u32 = 2;

fn message(seq: u64, client: u32, number: u32) -> Entry {
    let actor = if client == PAGE { ANA } else { BEN };
    let kind = EntryKind::Message { label: Some(Label { client, number }), named: true };
    Entry { seq, id: 100 + seq.cast_signed(), actor, kind }
}

/// Ana, Ben, Ana, Ben.
fn entries() -> Vec<Entry> {
    vec![message(1, PAGE, 1), message(2, WATCHER, 1), message(3, PAGE, 2), message(4, WATCHER, 2)]
}

fn log(entries: Vec<Entry>) -> Log {
    let head = entries.len() as u64;
    Log::new(head, HashMap::from([(ANA, head), (BEN, head)]), entries)
}

fn window(entries: &[Entry]) -> Window {
    let mut window = Window::default();
    for entry in entries {
        window.push(entry.seq, entry.id, entry.label());
    }
    window
}

fn view(entries: &[Entry]) -> View {
    View { chat: CHAT, window: window(entries), last_line: Some(104), ..View::default() }
}

fn came(entry: &Entry) -> Fact {
    Fact::Event { chat: CHAT, seq: entry.seq, id: Some(entry.id), label: entry.label() }
}

fn written(client: u32, number: u32) -> [Fact; 2] {
    let entries = entries();
    let entry = entries.iter().find(|entry| entry.label() == Some(Label { client, number })).unwrap();
    let acked = Fact::Acked { chat: CHAT, number, id: entry.id, seq: entry.seq, duplicate: false };
    [Fact::Queued { chat: CHAT, number }, acked]
}

fn node_view(node: usize, entries: &[Entry]) -> NodeView {
    let messages = entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Message { .. }));
    let lines = messages.map(|entry| (entry.seq, entry.id, entry.label())).collect();
    let heads = [(CHAT, entries.len() as u64)].into();
    NodeView { node, heads, chats: [(CHAT, lines)].into() }
}

/// Somebody of a household whom nothing reached.
fn resident(user: User) -> Record {
    Record { client: 9, user, reached: Vec::new(), sent: Vec::new() }
}

/// The moment of a logical time, a tenth of a second for each.
fn moment(tick: u64) -> Moment {
    Moment { tick, ms: tick * 100 }
}

/// A correct run of a page and a watcher; each test puts a fault into it.
fn sound() -> Evidence {
    let entries = entries();
    let clock = Clock::new();
    let history = |client, user, kind| History::new(client, user, kind, Arc::clone(&clock));
    let mut page = history(PAGE, ANA, Kind::Page);
    let mut watcher = history(WATCHER, BEN, Kind::Watcher);
    for history in [&mut page, &mut watcher] {
        history.note(Fact::Subscribing { chat: CHAT, after: 0 });
        history.note(Fact::Subscribed { chat: CHAT, head: 0, reset: false });
        for number in [1, 2] {
            for fact in written(history.client, number) {
                history.note(fact);
            }
        }
        for entry in &entries {
            history.note(came(entry));
        }
        history.note(Fact::ReadTo { chat: CHAT, user: BEN, seq: 2 });
    }
    page.note(Fact::Shown { chat: CHAT, window: Box::new(window(&entries)) });
    page.ending = Some(Ending { views: vec![view(&entries)], ..Ending::default() });
    watcher.ending = Some(Ending { reached: Some((CHAT, 4)), ..Ending::default() });
    Evidence {
        logs: Logs::from([(CHAT, log(entries.clone()))]),
        histories: vec![page, watcher],
        fresh: vec![(ANA, vec![view(&entries)])],
        node_views: vec![node_view(0, &entries), node_view(1, &entries)],
        absences: Vec::new(),
        residents: vec![resident(ANA), resident(BEN)],
        kept: Vec::new(),
        troubles: Vec::new(),
    }
}

fn violated(spoil: impl FnOnce(&mut Evidence)) -> Option<Invariant> {
    let mut evidence = sound();
    spoil(&mut evidence);
    check(&evidence).err().map(|violation| violation.invariant)
}

fn note_later(history: &mut History, ms: u64, fact: Fact) {
    let tick = history.clock().tick();
    history.facts.push(TimedFact { tick, ms, fact });
}

#[test]
fn a_correct_run_passes() {
    assert_eq!(check(&sound()), Ok(()));
}

#[test]
fn i1_reports_an_acknowledged_message_that_is_not_in_the_log() {
    let lost = violated(|run| {
        run.logs.insert(CHAT, log(entries()[..3].to_vec()));
    });
    assert_eq!(lost, Some(Invariant::I1));
    let elsewhere = violated(|run| {
        let fact = Fact::Acked { chat: CHAT, number: 2, id: 103, seq: 4, duplicate: true };
        run.histories[0].note(fact);
    });
    assert_eq!(elsewhere, Some(Invariant::I1));
    let only_shown = violated(|run| run.histories[0].note(Fact::ShownSent { chat: CHAT, number: 9 }));
    assert_eq!(only_shown, Some(Invariant::I1));
}

#[test]
fn i2_reports_a_node_that_shows_another_log_than_the_others() {
    let behind = violated(|run| run.node_views[1] = node_view(1, &entries()[..3]));
    assert_eq!(behind, Some(Invariant::I2));
    let stale_head = violated(|run| run.node_views[1].heads = [(CHAT, 3)].into());
    assert_eq!(stale_head, Some(Invariant::I2));
    let swapped = violated(|run| {
        run.node_views[0].chats.get_mut(&CHAT).unwrap().swap(1, 2);
    });
    assert_eq!(swapped, Some(Invariant::I2));
}

#[test]
fn i2_reports_a_seq_that_is_missing_or_has_two_events() {
    let hole = violated(|run| {
        let mut entries = entries();
        entries.push(Entry { kind: EntryKind::Other, ..message(6, PAGE, 3) });
        run.logs.insert(CHAT, log(entries));
    });
    assert_eq!(hole, Some(Invariant::I2));
    let reused = violated(|run| {
        let told = Some(Label { client: WATCHER, number: 7 });
        run.histories[0].note(Fact::Event { chat: CHAT, seq: 3, id: Some(103), label: told });
    });
    assert_eq!(reused, Some(Invariant::I2));
}

#[test]
fn i3_reports_a_message_that_is_stored_twice_or_was_never_sent() {
    let twice = violated(|run| {
        let mut entries = entries();
        entries.push(message(5, WATCHER, 2));
        run.logs.insert(CHAT, log(entries));
    });
    assert_eq!(twice, Some(Invariant::I3));
    let altered = violated(|run| {
        let mut entries = entries();
        entries.push(Entry { kind: EntryKind::Message { label: None, named: false }, ..message(5, PAGE, 3) });
        run.logs.insert(CHAT, log(entries));
    });
    assert_eq!(altered, Some(Invariant::I3));
}

#[test]
fn i4_reports_a_screen_that_is_not_a_piece_of_the_log() {
    let shown = |spoil: fn(&mut Vec<Entry>, &mut Window)| {
        violated(|run| {
            let mut entries = entries();
            let mut extra = Window::default();
            spoil(&mut entries, &mut extra);
            let mut window = window(&entries);
            window.pending = extra.pending;
            window.sent = extra.sent;
            window.older = extra.older;
            run.histories[0].note(Fact::Shown { chat: CHAT, window: Box::new(window) });
        })
    };
    assert_eq!(shown(|_, _| {}), None);
    assert_eq!(
        shown(|entries, _| {
            entries.remove(1);
        }),
        Some(Invariant::I4),
        "a hole"
    );
    assert_eq!(shown(|entries, _| entries.swap(0, 1)), Some(Invariant::I4), "swapped");
    assert_eq!(shown(|_, window| window.pending.push(2)), Some(Invariant::I4), "echo and event both");
    assert_eq!(shown(|_, window| window.pending.extend([9, 9])), Some(Invariant::I4), "unsent twice");
    assert_eq!(
        shown(|entries, _| {
            entries.remove(0);
        }),
        Some(Invariant::I4),
        "older ones unannounced"
    );
    let announced = |entries: &mut Vec<Entry>, window: &mut Window| {
        entries.remove(0);
        window.older = true;
    };
    assert_eq!(shown(announced), None);
    assert_eq!(
        shown(|entries, _| {
            entries.pop();
        }),
        Some(Invariant::I4),
        "it went back"
    );
}

#[test]
fn i4_accepts_an_own_message_that_is_shown_before_earlier_events_came() {
    let ahead = |id| {
        violated(|run| {
            run.histories[0].note(Fact::Reloaded);
            let mut window = window(&entries()[..1]);
            window.sent.push((3, id, Label { client: PAGE, number: 2 }));
            run.histories[0].note(Fact::Shown { chat: CHAT, window: Box::new(window) });
        })
    };
    assert_eq!(ahead(103), None);
    assert_eq!(ahead(104), Some(Invariant::I4));
}

#[test]
fn i5_reports_messages_of_a_sender_that_were_swapped() {
    let spoil = |turned: Option<Fact>| {
        violated(|run| {
            let mut entries = entries();
            entries.extend([message(5, PAGE, 4), message(6, PAGE, 3)]);
            let page = &mut run.histories[0];
            for (number, seq) in [(3, 6), (4, 5)] {
                page.note(Fact::Queued { chat: CHAT, number });
                let id = 100 + seq;
                page.note(Fact::Acked { chat: CHAT, number, id, seq: seq.cast_unsigned(), duplicate: false });
            }
            page.facts.extend(turned.into_iter().map(|fact| TimedFact { tick: 999, ms: 0, fact }));
            page.ending.as_mut().unwrap().views[0] = view(&entries);
            run.histories[1].ending.as_mut().unwrap().reached = Some((CHAT, 6));
            run.fresh[0].1[0] = view(&entries);
            run.node_views = vec![node_view(0, &entries)];
            run.logs.insert(CHAT, log(entries));
        })
    };
    assert_eq!(spoil(None), Some(Invariant::I5));
    assert_eq!(
        spoil(Some(Fact::Failed { number: 3 })),
        Some(Invariant::I5),
        "it failed and is stored all the same"
    );
    assert_eq!(spoil(Some(Fact::Retried { number: 3 })), None, "its turn is when it was sent again");
    assert_eq!(spoil(Some(Fact::Retried { number: 4 })), Some(Invariant::I5), "3 was before 4 in any case");
}

#[test]
fn i6_reports_a_client_that_stays_behind_a_gap_or_ends_behind_the_head() {
    let hole = |filled: bool| {
        violated(|run| {
            let watcher = &mut run.histories[1];
            watcher.note(Fact::Reloaded);
            watcher.note(Fact::Subscribing { chat: CHAT, after: 1 });
            watcher.note(Fact::Subscribed { chat: CHAT, head: 1, reset: false });
            note_later(watcher, 50_000, came(&entries()[2]));
            if filled {
                note_later(watcher, 51_000, came(&entries()[1]));
            }
            note_later(watcher, 56_000, came(&entries()[3]));
        })
    };
    assert_eq!(hole(false), Some(Invariant::I6));
    assert_eq!(hole(true), None);
    let behind = violated(|run| run.histories[1].ending.as_mut().unwrap().reached = Some((CHAT, 3)));
    assert_eq!(behind, Some(Invariant::I6));
    assert_eq!(violated(|run| run.histories[0].ending = None), Some(Invariant::I6));
}

#[test]
fn i6_counts_a_gap_only_until_its_connection_ends() {
    let violation = violated(|run| {
        let watcher = &mut run.histories[1];
        watcher.note(Fact::Reloaded);
        watcher.note(Fact::Subscribing { chat: CHAT, after: 1 });
        watcher.note(Fact::Subscribed { chat: CHAT, head: 1, reset: false });
        note_later(watcher, 50_000, came(&entries()[2]));
        note_later(watcher, 50_100, Fact::Closed { code: 4201 });
        note_later(watcher, 60_000, Fact::OtherFrame);
    });
    assert_eq!(violation, None);
}

#[test]
fn i7_reports_a_read_position_that_goes_back_or_past_the_head() {
    for seq in [1, 5] {
        let told = violated(|run| run.histories[0].note(Fact::ReadTo { chat: CHAT, user: BEN, seq }));
        assert_eq!(told, Some(Invariant::I7), "{seq}");
    }
    let stored = violated(|run| {
        run.logs.get_mut(&CHAT).unwrap().reads.insert(ANA, 9);
    });
    assert_eq!(stored, Some(Invariant::I7));
}

#[test]
fn i8_reports_an_event_that_reaches_a_user_after_leaving() {
    let told = |is_back: bool| {
        violated(|run| {
            let mut entries = entries();
            let left = Entry { kind: EntryKind::Left(BEN), ..message(5, WATCHER, 0) };
            let joined = Entry { kind: EntryKind::Joined(BEN), ..message(6, PAGE, 0) };
            entries.extend([left, joined]);
            let until = is_back.then(|| run.histories[1].clock().tick());
            run.absences.push(Absence { user: BEN, chat: CHAT, until });
            run.histories[1].note(Fact::Event { chat: CHAT, seq: 6, id: None, label: None });
            run.histories[1].ending.as_mut().unwrap().reached = Some((CHAT, 6));
            run.node_views = vec![node_view(0, &entries)];
            run.logs.insert(CHAT, log(entries));
        })
    };
    assert_eq!(told(false), Some(Invariant::I8));
    assert_eq!(told(true), None);
}

#[test]
fn i9_reports_a_message_that_is_neither_acknowledged_nor_failed() {
    let written = |end: Option<Fact>| {
        violated(|run| {
            run.histories[0].note(Fact::Queued { chat: CHAT, number: 3 });
            if let Some(end) = end {
                run.histories[0].note(end);
            }
        })
    };
    assert_eq!(written(None), Some(Invariant::I9));
    assert_eq!(written(Some(Fact::Failed { number: 3 })), None);
    assert_eq!(written(Some(Fact::GivenUp { number: 3 })), None);
    let waits = violated(|run| run.histories[0].ending.as_mut().unwrap().waiting = 1);
    assert_eq!(waits, Some(Invariant::I9));
}

#[test]
fn i10_reports_a_resumed_page_that_differs_from_a_fresh_one() {
    let differs = |spoil: fn(&mut View)| violated(|run| spoil(&mut run.fresh[0].1[0]));
    assert_eq!(differs(|view| view.unread = 1), Some(Invariant::I10));
    assert_eq!(differs(|view| view.last_line = None), Some(Invariant::I10));
    assert_eq!(differs(|view| view.people.push((BEN, 3))), Some(Invariant::I10));
    assert_eq!(differs(|view| view.title.push('!')), Some(Invariant::I10));
    assert_eq!(violated(|run| drop(run.fresh[0].1.pop())), Some(Invariant::I10), "a chat is missing");
    let shorter = |view: &mut View| view.window = Window { older: true, ..window(&entries()[2..]) };
    assert_eq!(differs(shorter), None, "a fresh page shows less of the past");
}

/// Something is kept from 1,000 to 9,000 and reaches a user at 2,000, sent after a moment; on one node, or on two.
fn passed(bar: Bar, user: User, what: What, after: u64, nodes: usize) -> Option<Invariant> {
    violated(|run| {
        run.node_views.truncate(nodes);
        run.kept.push(Kept { bar, from: moment(1_000), until: Some(9_000) });
        let resident = run.residents.iter_mut().find(|one| one.user == user).unwrap();
        resident.reached.push(Reached { after: moment(after), tick: after + 1, what });
    })
}

#[test]
fn i11_reports_what_reaches_somebody_from_whom_it_is_kept() {
    let blocked = Bar::Blocked { by: ANA, of: BEN };
    let removed = Bar::Removed { of: BEN, chat: CHAT };
    let suspended = Bar::Suspended { of: BEN, sign_in: 0 };
    let typing = What::Typing { of: BEN, chat: CHAT };
    let elsewhere = What::Typing { of: BEN, chat: 2 };
    for (bar, user, what) in [
        (blocked, ANA, typing),
        (blocked, ANA, What::Read { of: BEN, chat: CHAT }),
        (blocked, ANA, What::Online { of: BEN }),
        (blocked, BEN, What::Online { of: ANA }),
        (removed, BEN, What::Stream { chat: CHAT }),
        (removed, ANA, typing),
        (suspended, BEN, What::Pong),
        (suspended, BEN, elsewhere),
    ] {
        assert_eq!(passed(bar, user, what, 1_001, 1), Some(Invariant::I11), "{bar:?} {user} {what:?}");
        assert_eq!(passed(bar, user, what, 1_000, 1), None, "it may have been sent before");
        assert_eq!(passed(bar, user, what, 9_000, 1), None, "it was over");
    }
    for (bar, user, what) in [
        (blocked, BEN, typing),
        (removed, BEN, elsewhere),
        (removed, ANA, elsewhere),
        (suspended, ANA, typing),
    ] {
        assert_eq!(passed(bar, user, what, 1_001, 1), None, "{bar:?} {user} {what:?}");
    }
}

#[test]
fn i11_gives_the_other_nodes_a_second_and_longer_after_a_fault() {
    let blocked = Bar::Blocked { by: ANA, of: BEN };
    let typing = What::Typing { of: BEN, chat: CHAT };
    assert_eq!(passed(blocked, ANA, typing, 1_010, 2), None);
    assert_eq!(passed(blocked, ANA, typing, 1_011, 2), Some(Invariant::I11));
    let after_a_fault = |after| {
        violated(|run| {
            run.troubles = vec![(1_000, 2_000), (99_000, 102_000)];
            run.kept.push(Kept { bar: blocked, from: moment(1_000), until: None });
            let reached = Reached { after: moment(after), tick: after + 1, what: typing };
            run.residents[0].reached.push(reached);
        })
    };
    assert_eq!(after_a_fault(1_050), None);
    assert_eq!(after_a_fault(1_051), Some(Invariant::I11));
}

#[test]
fn i11_reports_what_somebody_wrote_who_was_kept_out() {
    let stored = |sent_at| {
        violated(|run| {
            run.node_views.truncate(1);
            let bar = Bar::Suspended { of: BEN, sign_in: 3 };
            run.kept.push(Kept { bar, from: moment(1_000), until: Some(2_000) });
            run.residents[1].client = WATCHER;
            run.residents[1].sent.push(Sent { at: moment(sent_at), number: 1, chat: CHAT, sign_in: 3 });
        })
    };
    assert_eq!(stored(1_001), Some(Invariant::I11));
    assert_eq!(stored(1_000), None);
    for kind in [EntryKind::Closed, EntryKind::Left(BEN)] {
        let wrote = violated(|run| {
            let mut entries = entries();
            entries.push(Entry { kind, ..message(5, PAGE, 0) });
            entries.push(message(6, WATCHER, 3));
            run.logs.insert(CHAT, log(entries));
        });
        assert_eq!(wrote, Some(Invariant::I11), "{kind:?}");
    }
}
