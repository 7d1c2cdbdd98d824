//! What is shown, sent and sent again, against frames as a server would send them.

use causerie_protocol::limits::{self, Limits};
use causerie_protocol::server_frame::{ChatAdded, Ping, Unsubscribed, Welcome};
use causerie_protocol::{CloseCode, ErrorCode, MessageText, ServerFrame};

use super::test_page::*;
use super::*;

#[test]
fn a_message_is_shown_at_once_and_once_whatever_comes_first() {
    for ack_first in [true, false] {
        let mut page = Page::in_chat(1);
        page.send("hi");
        assert_eq!(page.shown(), ["m1", "hi: sending"]);
        assert_eq!(page.client.waiting(), 1);
        if ack_first {
            page.ack("hi", 2);
            assert_eq!(page.shown(), ["m1", "hi"]);
            page.event(mine(2, "hi"));
        } else {
            page.event(mine(2, "hi"));
            assert_eq!(page.shown(), ["m1", "hi"]);
            page.ack("hi", 2);
        }
        assert_eq!(page.shown(), ["m1", "hi"]);
        assert_eq!((page.client.waiting(), page.forgotten("hi")), (0, 1));
        assert_eq!(page.client.rows(CHAT)[1].key(), &RowKey::Own(id("hi")));
        assert_eq!(page.sent(), ["hi"]);
    }
}

#[test]
fn messages_go_one_after_the_other_and_again_after_a_reconnect() {
    let mut page = Page::in_chat(0);
    for name in ["a", "b", "c"] {
        page.send(name);
    }
    assert_eq!(page.sent(), ["a"]);
    page.ack("a", 1);
    assert_eq!(page.sent(), ["b"]);
    page.close(1006);
    assert_eq!(page.shown(), ["a", "b: waiting", "c: waiting"]);
    page.pass(30_000);
    page.welcome();
    assert_eq!(page.sent(), ["subscribe 0", "b"], "it waits for no answer");
    page.subscribed(2, false);
    page.event(mine(1, "a"));
    page.event(mine(2, "b"));
    page.ack("b", 2);
    assert_eq!(page.sent(), ["c"]);
    assert_eq!(page.shown(), ["a", "b", "c: sending"]);
}

#[test]
fn events_behind_a_gap_are_buffered_and_the_gap_is_fetched() {
    let mut page = Page::in_chat(2);
    page.pass(5_000);
    page.event(bens(4, "m4"));
    assert_eq!(page.shown(), ["m1", "m2"]);
    assert_eq!(page.sent(), ["subscribe 2"]);
    page.subscribed(4, false);
    page.event(bens(3, "m3"));
    page.event(bens(4, "m4"));
    page.event(bens(3, "m3"));
    assert_eq!(page.shown(), ["m1", "m2", "m3", "m4"]);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn events_of_an_unknown_kind_or_form_count_as_their_seq() {
    let mut page = Page::in_chat(1);
    page.raw(r#"{"type":"reaction","seq":2,"data":{"chat_id":1,"seq":2,"emoji":"x"}}"#);
    page.raw(r#"{"type":"message","seq":3,"data":{"chat_id":1,"seq":3,"content":["a","b"]}}"#);
    page.raw("nonsense");
    page.raw(r#"{"type":"news"}"#);
    page.event(bens(4, "m4"));
    assert_eq!(page.shown(), ["m1", "m4"]);
    page.pass(20_000);
    assert_eq!(page.sent(), [""; 0], "nothing is missing");
}

#[test]
fn a_reset_loads_afresh_and_shows_no_old_message() {
    let mut page = Page::in_chat(2);
    page.send("a");
    page.ack("a", 3);
    page.send("b");
    page.close(1006);
    page.pass(30_000);
    page.welcome();
    page.subscribed(2_000, true);
    assert_eq!(page.shown(), ["b: sending"]);
    page.event(bens(2_001, "new"));
    page.history(vec![bens(1_999, "x"), bens(2_000, "y")], true);
    assert_eq!(page.shown(), ["x", "y", "new", "b: sending"]);
}

#[test]
fn history_that_holds_a_pending_message_resolves_it() {
    let mut page = Page::new();
    page.give(Input::OutboxRestored(vec![stored("a", 5), stored("b", 6), other_persons()]));
    page.list(vec![chat(1, 3)]);
    page.give(Input::OpenChat(Some(CHAT)));
    assert_eq!(page.shown(), ["a: waiting", "b: waiting"]);
    page.history(vec![bens(2, "m2"), mine(3, "a")], false);
    assert_eq!(page.shown(), ["m2", "a", "b: waiting"]);
    assert_eq!(page.forgotten("a"), 1);
    page.welcome();
    page.subscribed(3, false);
    assert_eq!(page.sent(), ["subscribe 3", "b"]);
    page.give(Input::OutboxRestored(vec![stored("a", 5)]));
    assert_eq!(page.shown(), ["m2", "a", "b: sending"]);
}

#[test]
fn a_temporary_refusal_waits_and_keeps_the_order() {
    let mut page = Page::in_chat(0);
    page.send("a");
    page.send("b");
    page.refuse("a", ErrorCode::Unavailable, Some(2_000));
    assert_eq!(page.sent(), ["a"]);
    page.pass(1_999);
    assert_eq!(page.sent(), [""; 0]);
    page.pass(1);
    assert_eq!(page.sent(), ["a"]);
    assert_eq!(page.shown(), ["a: sending", "b: waiting"]);
}

#[test]
fn a_message_above_the_limit_waits_says_so_and_goes_out_by_itself() {
    let mut page = Page::in_chat(0);
    page.send("a");
    page.refuse("a", ErrorCode::RateLimited, Some(2_000));
    assert_eq!((page.sent(), page.shown()), (vec!["a".to_owned()], vec!["a: limited".to_owned()]));
    page.pass(2_000);
    assert_eq!((page.sent(), page.shown()), (vec!["a".to_owned()], vec!["a: sending".to_owned()]));
    // Without a connection that is what it waits for.
    page.refuse("a", ErrorCode::RateLimited, Some(2_000));
    page.close(1006);
    assert_eq!(page.shown(), ["a: waiting"]);
}

#[test]
fn a_refused_message_stays_until_the_person_decides() {
    let mut page = Page::in_chat(0);
    page.send("a");
    page.send("b");
    page.refuse("a", ErrorCode::ChatClosed, None);
    let announced = page.effects.iter().any(|effect| matches!(effect, Effect::Announce(_)));
    assert!(announced && page.client.failed().count() == 1);
    assert_eq!(page.sent(), ["a", "b"]);
    assert_eq!(page.shown(), ["a: failed", "b: sending"]);
    page.give(Input::Retry { client_id: id("a") });
    assert_eq!(page.shown(), ["b: sending", "a: waiting"]);
    assert_eq!(page.forgotten("a"), 1, "the server refuses that name from now on");
    page.ack("b", 1);
    assert_eq!(page.sent(), ["a"]);
    page.refuse("a~", ErrorCode::ChatClosed, None);
    page.give(Input::DeleteUnsent { client_id: id("a~") });
    assert_eq!(page.shown(), ["b"]);
    assert_eq!(page.forgotten("a~"), 1);
}

#[test]
fn a_text_of_full_length_is_sent_however_long_its_json_is() {
    let mut page = Page::in_chat(0);
    let text = MessageText::new("\u{1}".repeat(limits::TEXT_BYTES)).unwrap();
    page.give(Input::Send { chat: CHAT, text, client_id: id("full"), reply_to: None, plain: false });
    assert_eq!(page.sent().len(), 1);
    assert_eq!(page.client.failed().count(), 0);
}

#[test]
fn a_message_that_is_too_large_for_the_server_fails_and_is_not_sent_again() {
    let mut page = Page::in_chat(0);
    // A server of an older version reads smaller frames.
    page.frame(&ServerFrame::Welcome(Welcome {
        user: ana(),
        version: 1,
        limits: Limits { frame_bytes: 64 * 1024, ..Limits::default() },
        heartbeat_seconds: 25,
        server_time: at(0),
        blocked: Vec::new(),
    }));
    page.effects.clear();
    let text = MessageText::new(format!("x{}", "\u{1}".repeat(16_000))).unwrap();
    page.give(Input::Send { chat: CHAT, text, client_id: id("big"), reply_to: None, plain: false });
    assert_eq!(page.sent(), [""; 0]);
    assert_eq!(page.client.failed().count(), 1);
    page.send("large");
    page.close(CloseCode::MessageTooBig.code());
    assert_eq!(page.client.failed().count(), 2);
}

#[test]
fn a_ping_is_answered_and_reveals_missing_events() {
    let mut page = Page::in_chat(2);
    page.pass(5_000);
    page.frame(&ServerFrame::Ping(Ping {
        t: 7,
        heads: causerie_protocol::Heads(vec![(CHAT, Seq(3)), (ChatId(9), Seq(1))]),
    }));
    assert_eq!(page.sent(), [r#"{"type":"pong","t":7}"#]);
    page.pass(2_000);
    assert_eq!(page.sent(), ["subscribe 2"]);
    page.pass(4_000);
    assert_eq!(page.sent(), ["subscribe 2"], "again, since there was no answer");
}

#[test]
fn messages_to_a_chat_that_was_lost_fail() {
    let mut page = Page::in_chat(1);
    page.send("a");
    page.send("b");
    page.frame(&ServerFrame::Unsubscribed(Unsubscribed { chat_id: CHAT, code: 4003, reason: "left".into() }));
    assert_eq!(page.shown(), ["m1", "a: sending", "b: failed"], "only the server knows of the first");
    assert!(!page.client.chat(CHAT).unwrap().is_writable());
    page.refuse("a", ErrorCode::NoSuchChat, None);
    page.send("c");
    assert_eq!(page.shown(), ["m1", "a: failed", "b: failed", "c: failed"]);
    page.frame(&ServerFrame::ChatAdded(Box::new(ChatAdded { chat: chat(1, 1) })));
    page.subscribed(1, false);
    page.give(Input::Retry { client_id: id("a") });
    assert_eq!(page.sent(), ["a", "subscribe 1", "a"]);
}

#[test]
fn unanswered_messages_to_a_lost_chat_are_sent_once_more() {
    for has_it in [false, true] {
        let mut page = Page::in_chat(1);
        page.send("a");
        page.close(1006);
        page.give(Input::OutboxRestored(vec![stored("older", 1)]));
        page.pass(60_000);
        page.welcome();
        assert_eq!(page.sent(), ["a", "subscribe 1", "older"], "a copy of it may wait at another node");
        page.list(vec![]);
        assert_eq!(page.sent(), [""; 0]);
        page.refuse("older", ErrorCode::NoSuchChat, None);
        assert_eq!(page.sent(), ["a"]);
        if has_it {
            page.ack("a", 2);
        } else {
            page.refuse("a", ErrorCode::NoSuchChat, None);
        }
        let last = if has_it { "a" } else { "a: failed" };
        assert_eq!(page.shown(), ["m1", "older: failed", last]);
    }
}

fn lose_access(page: &mut Page) {
    page.frame(&ServerFrame::Unsubscribed(Unsubscribed { chat_id: CHAT, code: 4003, reason: "left".into() }));
}

#[test]
fn a_chat_that_is_lost_while_it_is_open_leaves_the_list_when_the_person_leaves_it() {
    let mut page = Page::in_chat(1);
    lose_access(&mut page);
    page.give(Input::OpenChat(Some(CHAT)));
    assert_eq!(page.shown(), ["m1"], "what was open stays in sight");
    page.effects.clear();
    page.give(Input::OpenChat(None));
    assert_eq!(page.client.chats().len(), 0);
    assert!(page.effects.contains(&Effect::Changed(Invalidation::Chats)));
    // As does one that is lost while it is not open, and either comes back when the user is added again.
    page.frame(&ServerFrame::ChatAdded(Box::new(ChatAdded { chat: chat(1, 1) })));
    assert!(page.client.chat(CHAT).is_some_and(ChatEntry::is_writable));
    lose_access(&mut page);
    assert_eq!(page.client.chats().len(), 0);
}

#[test]
fn a_lost_chat_stays_in_the_list_as_long_as_a_message_to_it_is_not_sent() {
    let mut page = Page::in_chat(1);
    page.send("a");
    page.send("b");
    lose_access(&mut page);
    page.give(Input::OpenChat(None));
    assert_eq!(page.shown(), ["m1", "a: sending", "b: failed"]);
    page.ack("a", 2);
    assert_eq!(page.client.chats().len(), 1, "the person has not seen that the other one failed");
    page.give(Input::DeleteUnsent { client_id: id("b") });
    assert_eq!(page.client.chats().len(), 0);
}
