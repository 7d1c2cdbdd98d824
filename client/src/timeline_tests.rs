//! Pages and events in every order, changes, resets, and what is shown.

use causerie_protocol::event::{Deleted, Edited, Original};
use causerie_protocol::{ClientId, Timestamp, User};

use super::*;

const CHAT: ChatId = ChatId(1);
const ME: UserId = UserId(1);

fn at(seq: u64) -> Timestamp {
    Timestamp(format!("t{seq:03}"))
}

fn message(seq: u64) -> Message {
    Message {
        id: MessageId(seq.cast_signed() * 10),
        chat_id: CHAT,
        seq: Seq(seq),
        sender: User { id: UserId(2), email: None, name: "Ben".into() },
        content: format!("m{seq}"),
        sent_at: at(seq),
        client_id: None,
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        reply_to: None,
        spans: Vec::new(),
        plain: false,
    }
}

fn said(seq: u64) -> Event {
    Event::Message(message(seq))
}

fn edited(seq: u64, of: u64, content: &str) -> Event {
    let (id, content) = (MessageId(of.cast_signed() * 10), content.to_owned());
    Event::Edited(Edited {
        chat_id: CHAT,
        seq: Seq(seq),
        id,
        content,
        edited_at: at(seq),
        spans: Vec::new(),
        plain: false,
    })
}

fn deleted(seq: u64, of: u64) -> Event {
    let id = MessageId(of.cast_signed() * 10);
    Event::Deleted(Deleted { chat_id: CHAT, seq: Seq(seq), id, deleted_at: at(seq) })
}

fn joined(seq: u64) -> Event {
    Event::Joined(Membership {
        chat_id: CHAT,
        seq: Seq(seq),
        user: message(seq).sender,
        by: None,
        at: at(seq),
    })
}

fn pages(seqs: impl IntoIterator<Item = u64>) -> Vec<Message> {
    seqs.into_iter().map(message).collect()
}

fn loaded(seqs: impl IntoIterator<Item = u64>, has_older: bool) -> Timeline {
    let mut timeline = Timeline::new(CHAT);
    let request = timeline.load(None, 1).unwrap();
    assert!(timeline.page(request, pages(seqs), has_older, false));
    timeline
}

fn shown(timeline: &Timeline) -> Vec<String> {
    timeline
        .rows(0, usize::MAX, ME, Seq::ZERO)
        .into_iter()
        .map(|row| match row {
            Row::Message(row) if row.deleted => "deleted".to_owned(),
            Row::Message(row) => row.text,
            Row::System(row) => format!("line {:?}", row.key),
        })
        .collect()
}

#[test]
fn without_history_nothing_is_kept_or_shown() {
    let mut timeline = Timeline::new(CHAT);
    assert!(!timeline.apply(said(1)));
    assert_eq!(shown(&timeline), [""; 0]);
    assert_eq!(timeline.newest(), Seq::ZERO);
}

#[test]
fn a_page_and_the_events_that_came_meanwhile_have_no_gap_between_them() {
    let mut timeline = Timeline::new(CHAT);
    let request = timeline.load(None, 1).unwrap();
    assert!(timeline.load(None, 2).is_none(), "one is on its way");
    timeline.apply(said(3));
    timeline.apply(said(4));
    assert_eq!(shown(&timeline), [""; 0], "a piece without what is before it is not shown");
    assert!(timeline.page(request, pages([1, 2, 3]), false, false));
    assert_eq!(shown(&timeline), ["m1", "m2", "m3", "m4"]);
    assert!(timeline.history().loaded && !timeline.history().loading && !timeline.history().has_older);
}

#[test]
fn a_page_that_is_ahead_of_the_events_shows_each_message_once() {
    let mut timeline = loaded([1, 2, 3, 4], false);
    for seq in 2..=5 {
        timeline.apply(said(seq));
    }
    assert_eq!(shown(&timeline), ["m1", "m2", "m3", "m4", "m5"]);
}

#[test]
fn events_from_before_the_page_are_left_to_an_older_page() {
    let mut timeline = Timeline::new(CHAT);
    let request = timeline.load(None, 1).unwrap();
    timeline.apply(said(3));
    assert!(timeline.page(request, pages([8, 9]), true, false));
    for event in [said(4), joined(5), edited(6, 4, "x"), said(7), said(8), said(9), said(10)] {
        timeline.apply(event);
    }
    assert_eq!(shown(&timeline), ["m8", "m9", "m10"]);
    let request = timeline.load_older(2).unwrap();
    assert_eq!(request.place, HistoryPlace::Before(MessageId(80)));
    assert!(timeline.load_older(3).is_none());
    let mut page = pages([4, 7]);
    page[0].content = "x".into();
    assert!(timeline.page(request, page, false, false));
    assert_eq!(shown(&timeline), ["x", "m7", "m8", "m9", "m10"]);
    assert!(timeline.load_older(4).is_none(), "there is nothing older");
}

#[test]
fn changes_apply_in_place_and_a_deleted_message_stays_deleted() {
    let mut timeline = loaded([1, 2], false);
    assert!(timeline.apply(edited(3, 1, "new")));
    assert!(timeline.apply(deleted(4, 2)));
    timeline.apply(edited(5, 2, "ghost"));
    assert_eq!(shown(&timeline), ["new", "deleted"]);
    assert_eq!(timeline.last_message().unwrap().content, "new");
    assert!(timeline.message(MessageId(20)).unwrap().content.is_empty());
}

#[test]
fn an_edit_of_a_message_that_is_not_loaded_is_kept_only_while_a_page_may_bring_it() {
    let mut timeline = loaded([8, 9], true);
    assert!(!timeline.apply(edited(10, 3, "lost")), "a later page has it as it is now");
    let request = timeline.load_older(2).unwrap();
    assert!(!timeline.apply(edited(11, 4, "new")));
    assert!(!timeline.apply(deleted(12, 5)));
    assert!(timeline.page(request, pages([3, 4, 5]), false, false));
    assert_eq!(shown(&timeline), ["m3", "new", "deleted", "m8", "m9"]);
}

#[test]
fn an_event_of_an_unknown_kind_shows_nothing() {
    let mut timeline = loaded([1], false);
    let unknown =
        Event::Unknown { kind: "reaction".into(), chat_id: CHAT, seq: Seq(2), data: serde_json::Value::Null };
    assert!(!timeline.apply(unknown));
    timeline.apply(said(3));
    assert_eq!(shown(&timeline), ["m1", "m3"]);
}

#[test]
fn a_response_from_before_a_reset_is_ignored() {
    let mut timeline = loaded([1], true);
    let old = timeline.load_older(2).unwrap();
    timeline.reset();
    assert_eq!(shown(&timeline), [""; 0]);
    assert!(!timeline.page(old, pages([9]), false, false));
    let new = timeline.load(None, 3).unwrap();
    assert!(!timeline.page(old, pages([9]), false, false));
    assert!(timeline.page(new, pages([5, 6]), false, false));
    assert_eq!(shown(&timeline), ["m5", "m6"]);
}

#[test]
fn a_page_that_failed_is_requested_again_and_leaves_no_gap() {
    let mut timeline = Timeline::new(CHAT);
    let request = timeline.load(None, 1).unwrap();
    timeline.apply(said(3));
    assert!(timeline.page_failed(request, "Busy.".into(), 1_000, 1.0));
    assert_eq!(timeline.history().failed.as_deref(), Some("Busy."));
    assert_eq!(timeline.retry_at(), Some(1_500));
    timeline.apply(said(4));
    let request = timeline.load_again(2).unwrap();
    timeline.apply(said(6));
    assert!(timeline.page(request, pages([3, 4, 5]), false, false));
    assert_eq!(shown(&timeline), ["m3", "m4", "m5", "m6"]);
    assert_eq!((timeline.retry_at(), timeline.history().failed), (None, None));
}

#[test]
fn system_rows_are_between_messages() {
    let mut timeline = loaded([1], false);
    timeline.apply(joined(2));
    timeline.apply(joined(2));
    timeline.apply(said(3));
    assert_eq!(shown(&timeline), ["m1", "line Seq(Seq(2))", "m3"]);
}

#[test]
fn an_own_message_keeps_its_key_and_shows_that_it_was_read() {
    let mut own = message(1);
    own.sender.id = ME;
    own.client_id = Some(ClientId::new("c").unwrap());
    let mut timeline = Timeline::new(CHAT);
    let request = timeline.load(None, 1).unwrap();
    timeline.page(request, vec![own, message(2)], false, false);
    for (read, state) in [(0, RowState::Sent), (1, RowState::Read)] {
        let rows = timeline.rows(0, usize::MAX, ME, Seq(read));
        let Row::Message(row) = &rows[0] else { panic!("a message") };
        assert_eq!((row.key.clone(), &row.state), (RowKey::Own(ClientId::new("c").unwrap()), &state));
        assert_eq!(*rows[1].key(), RowKey::Seq(Seq(2)));
    }
}

/// What is shown after a jump to a position: the messages around it, with newer ones behind them.
fn around(seqs: impl IntoIterator<Item = u64>) -> Timeline {
    let mut timeline = Timeline::new(CHAT);
    let request = timeline.load(Some(Seq(5)), 1).unwrap();
    assert_eq!(request.place, HistoryPlace::Around(Seq(5)));
    timeline.apply(said(90));
    assert!(timeline.page(request, pages(seqs), true, true));
    timeline
}

#[test]
fn a_piece_around_a_position_is_shown_alone_until_pages_have_joined_it_to_now() {
    let mut timeline = around([4, 5, 6]);
    assert_eq!(shown(&timeline), ["m4", "m5", "m6"], "what came meanwhile is behind a gap");
    assert!(timeline.history().has_newer && !timeline.is_latest());
    assert!(!timeline.apply(said(91)) && !timeline.apply(joined(92)));
    assert!(timeline.apply(edited(93, 5, "new")));
    assert_eq!(timeline.last_message(), None, "the newest is not here");

    let request = timeline.load_newer(2).unwrap();
    assert_eq!(request.place, HistoryPlace::After(Seq(6)));
    assert!(timeline.page(request, pages([7, 8]), true, true));
    assert_eq!(shown(&timeline), ["m4", "new", "m6", "m7", "m8"]);

    let request = timeline.load_newer(3).unwrap();
    for event in [said(94), joined(95), edited(96, 90, "edited"), said(97)] {
        assert!(!timeline.apply(event), "it is not shown before the page has come");
    }
    assert!(timeline.page(request, pages([90, 91, 94]), true, false));
    let all = ["m4", "new", "m6", "m7", "m8", "edited", "m91", "m94", "line Seq(Seq(95))", "m97"];
    assert_eq!(shown(&timeline), all);
    assert!(timeline.is_latest() && timeline.history().has_older);
    assert!(timeline.load_newer(4).is_none(), "there is nothing newer");
    assert!(timeline.apply(said(98)));
}

#[test]
fn a_newer_page_that_failed_is_requested_again_and_leaves_no_gap() {
    let mut timeline = around([4, 5, 6]);
    let request = timeline.load_newer(2).unwrap();
    timeline.apply(said(91));
    assert!(timeline.page_failed(request, "Busy.".into(), 1_000, 1.0));
    timeline.apply(said(92));
    let request = timeline.load_again(3).unwrap();
    assert_eq!(request.place, HistoryPlace::After(Seq(6)));
    timeline.apply(said(93));
    assert!(timeline.page(request, pages([90, 91, 92]), true, false));
    assert_eq!(shown(&timeline), ["m4", "m5", "m6", "m90", "m91", "m92", "m93"]);
}

#[test]
fn a_piece_around_the_newest_messages_goes_on_by_itself() {
    let mut timeline = Timeline::new(CHAT);
    let request = timeline.load(Some(Seq(5)), 1).unwrap();
    assert!(!timeline.is_latest());
    timeline.apply(said(7));
    assert!(timeline.page(request, pages([4, 5, 6]), true, false));
    timeline.apply(said(8));
    assert_eq!(shown(&timeline), ["m4", "m5", "m6", "m7", "m8"]);
    assert_eq!([3, 4, 8, 99].map(|seq| timeline.holds(Seq(seq))), [false, true, true, true]);
    assert_eq!([3, 4, 6, 7].map(|seq| around([4, 5, 6]).holds(Seq(seq))), [false, true, true, false]);
}

/// What each message shows of the one that it replies to.
fn quoted(timeline: &Timeline) -> Vec<String> {
    let of = |original: &Original| match original {
        Original { deleted: true, .. } => "deleted".to_owned(),
        Original { id: None, .. } => "earlier".to_owned(),
        original => original.content.clone(),
    };
    timeline.messages().filter_map(|message| message.reply_to.as_deref()).map(of).collect()
}

#[test]
fn what_a_message_replies_to_is_shown_as_it_stands_now() {
    let reply = |seq, to: Option<u64>| Message {
        reply_to: Some(Box::new(to.map_or(Original::unseen(Seq(1)), |to| Original::of(&message(to))))),
        ..message(seq)
    };
    let mut timeline = loaded([], false);
    timeline.reset();
    let request = timeline.load(None, 1).unwrap();
    assert!(!timeline.apply(edited(11, 3, "newer")));
    let page = vec![message(5), reply(6, Some(5)), reply(7, Some(3)), reply(8, None)];
    assert!(timeline.page(request, page, true, false));
    assert_eq!(quoted(&timeline), ["m5", "newer", "earlier"], "an event that the page lacked counts");
    assert!(timeline.apply(edited(12, 5, &"x".repeat(500))));
    assert!(timeline.apply(deleted(13, 3)), "also of a message that is not loaded");
    assert!(!timeline.apply(edited(14, 1, "not to be seen")));
    assert_eq!(quoted(&timeline), [&*"x".repeat(160), "deleted", "earlier"]);
    timeline.apply(edited(15, 3, "ghost"));
    assert_eq!(quoted(&timeline)[1], "deleted");
}
