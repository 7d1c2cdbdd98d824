//! The order of messages, retries, refusals, and reloads.

use super::*;

const A: ChatId = ChatId(1);
const B: ChatId = ChatId(2);
const ONE: ConnectionId = ConnectionId(1);
const TWO: ConnectionId = ConnectionId(2);

fn message(name: &str, chat: ChatId, created_ms: Millis) -> PendingMessage {
    PendingMessage {
        client_id: id(name),
        owner: UserId(1),
        chat_id: chat,
        text: MessageText::new(name).unwrap(),
        reply_to: None,
        plain: false,
        created_ms,
        failed: None,
    }
}

fn id(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn ack(name: &str, chat: ChatId, seq: u64) -> Ack {
    Ack {
        client_id: id(name),
        chat_id: chat,
        id: MessageId(seq.cast_signed()),
        seq: Seq(seq),
        sent_at: Timestamp("t".into()),
        duplicate: false,
    }
}

/// An outbox with m1, m2 and m3 in chat A and n1 in chat B.
fn filled() -> Outbox {
    let mut outbox = Outbox::default();
    for (at, (name, chat)) in [("m1", A), ("m2", A), ("n1", B), ("m3", A)].into_iter().enumerate() {
        assert!(outbox.push(message(name, chat, at as Millis)));
    }
    outbox
}

fn next(outbox: &mut Outbox, chat: ChatId, on: ConnectionId, now: Millis) -> Option<String> {
    outbox.take_next(chat, on, now).map(|message| message.client_id.to_string())
}

fn names(outbox: &Outbox) -> Vec<&str> {
    outbox.entries().map(|entry| entry.message.client_id.as_str()).collect()
}

#[test]
fn one_message_of_a_chat_is_in_flight_and_they_are_sent_in_order() {
    let mut outbox = filled();
    assert_eq!(next(&mut outbox, A, ONE, 1).as_deref(), Some("m1"));
    assert_eq!(next(&mut outbox, A, ONE, 1), None);
    assert_eq!(next(&mut outbox, B, ONE, 1).as_deref(), Some("n1"));
    assert!(outbox.acked(&ack("m1", A, 7)));
    assert!(!outbox.acked(&ack("m1", A, 7)));
    assert_eq!(next(&mut outbox, A, ONE, 1).as_deref(), Some("m2"));
    assert_eq!(outbox.waiting(), 3);
}

#[test]
fn after_a_reconnection_unanswered_messages_are_sent_again_first() {
    let mut outbox = filled();
    next(&mut outbox, A, ONE, 1);
    outbox.disconnected();
    assert_eq!(next(&mut outbox, A, TWO, 2).as_deref(), Some("m1"));
    assert_eq!(next(&mut outbox, A, TWO, 2), None);
}

#[test]
fn a_temporary_refusal_keeps_the_order_and_waits_as_long_as_the_server_says() {
    let mut outbox = filled();
    next(&mut outbox, A, ONE, 100);
    assert!(outbox.postpone(&id("m1"), 100, Some(700), false, 0.0));
    assert_eq!(next(&mut outbox, A, ONE, 799), None);
    assert_eq!(outbox.deadline(100), Some(800));
    assert_eq!(next(&mut outbox, A, ONE, 800).as_deref(), Some("m1"));
    assert!(outbox.postpone(&id("m1"), 800, None, false, 1.0));
    assert_eq!(outbox.deadline(800), Some(800 + 1_000), "the second failure's window");
}

#[test]
fn after_a_final_refusal_the_next_message_is_sent_and_a_retry_goes_to_the_end() {
    let mut outbox = filled();
    next(&mut outbox, A, ONE, 1);
    let kept = outbox.fail(&id("m1"), "Too long.".into()).unwrap();
    assert_eq!(kept.failed.as_deref(), Some("Too long."));
    assert!(outbox.fail(&id("m1"), "Again.".into()).is_none());
    assert_eq!(next(&mut outbox, A, ONE, 1).as_deref(), Some("m2"));
    let again = outbox.retry(&id("m1"), 50).unwrap();
    assert_eq!((again.failed, again.created_ms), (None, 50));
    assert!(outbox.retry(&id("m2"), 50).is_none(), "only a failed one");
    assert_eq!(names(&outbox), ["m2", "n1", "m3", "m1~"]);
}

#[test]
fn every_retry_has_a_client_id_that_follows_from_the_one_before() {
    let long = format!("a{}", "x".repeat(63));
    let cut = format!("{}~", "x".repeat(63));
    for (name, next) in [("m", "m~"), ("m~", "m~~"), (&*long, &*cut)] {
        let mut outbox = Outbox::default();
        outbox.push(message(name, A, 0));
        outbox.fail(&id(name), "No.".into()).unwrap();
        assert_eq!(outbox.retry(&id(name), 1).unwrap().client_id, id(next));
        assert!(!outbox.restore(message(name, A, 0)), "the first try is over");
    }
}

#[test]
fn a_retry_by_another_tab_resolves_the_message_that_failed_here() {
    let mut outbox = filled();
    outbox.fail(&id("m1"), "No.".into()).unwrap();
    assert!(outbox.resolve(A, &id("m2~")).is_none(), "it may still be sent under its first name");
    assert!(outbox.resolve(B, &id("m1~~")).is_none(), "a name counts in its chat only");
    assert!(outbox.resolve(A, &id("m1~~")).is_some_and(|entry| entry.message.client_id == id("m1")));
    assert_eq!(names(&outbox), ["m2", "n1", "m3"]);
}

#[test]
fn only_messages_that_were_neither_sent_nor_restored_were_never_sent() {
    let mut outbox = filled();
    next(&mut outbox, A, ONE, 1);
    outbox.disconnected();
    outbox.restore(message("old", A, 0));
    assert_eq!(outbox.never_sent(A), [id("m2"), id("m3")]);
}

#[test]
fn a_message_without_a_reply_is_sent_again() {
    let mut outbox = filled();
    next(&mut outbox, A, ONE, 100);
    assert_eq!(outbox.deadline(100), Some(100 + ANSWER_MS));
    outbox.tick(100 + ANSWER_MS - 1);
    assert_eq!(next(&mut outbox, A, ONE, 100 + ANSWER_MS), None);
    outbox.tick(100 + ANSWER_MS);
    assert_eq!(next(&mut outbox, A, ONE, 100 + ANSWER_MS).as_deref(), Some("m1"));
}

#[test]
fn an_event_resolves_a_message_before_or_after_its_ack_and_a_late_copy_is_ignored() {
    let mut outbox = filled();
    next(&mut outbox, A, ONE, 1);
    outbox.acked(&ack("m1", A, 7));
    assert!(outbox.resolve(A, &id("m1")).is_some_and(|entry| entry.is_acked()));
    next(&mut outbox, A, ONE, 1);
    assert!(outbox.resolve(A, &id("m2")).is_some_and(|entry| !entry.is_acked()));
    assert!(!outbox.acked(&ack("m2", A, 8)));
    assert!(!outbox.restore(message("m1", A, 0)) && !outbox.push(message("m2", A, 0)));
    assert!(outbox.resolve(B, &id("m3")).is_none(), "a name counts in its chat only");
    assert_eq!(names(&outbox), ["n1", "m3"]);
}

#[test]
fn a_deleted_message_does_not_come_back() {
    let mut outbox = filled();
    assert!(outbox.delete(&id("m2")).is_some());
    assert!(outbox.delete(&id("m2")).is_none());
    assert!(!outbox.restore(message("m2", A, 0)));
    next(&mut outbox, A, ONE, 1);
    outbox.acked(&ack("m1", A, 7));
    assert!(outbox.delete(&id("m1")).is_none(), "the server has it");
}

#[test]
fn a_reload_brings_unsent_messages_back_in_order_and_failed_ones_as_failed() {
    let mut outbox = Outbox::default();
    outbox.push(message("new", A, 30));
    let failed = PendingMessage { failed: Some("Why.".into()), ..message("failed", A, 10) };
    for restored in [message("old", A, 5), failed, message("newest", A, 40)] {
        let stored = serde_json::to_string(&restored).unwrap();
        assert!(outbox.restore(serde_json::from_str(&stored).unwrap()));
    }
    assert!(!outbox.restore(message("new", A, 30)));
    assert_eq!(names(&outbox), ["old", "failed", "new", "newest"]);
    assert_eq!(outbox.waiting(), 3);
    assert_eq!(next(&mut outbox, A, ONE, 1).as_deref(), Some("old"));
    assert!(outbox.restore(message("older", A, 1)));
    assert_eq!(names(&outbox)[0], "old", "it is on its way and stays in front");
}

#[test]
fn loaded_history_removes_the_acknowledged_messages_that_it_contains() {
    for (up_to, left) in [(Some(Seq(7)), 2), (Some(Seq(8)), 1), (None, 1)] {
        let mut outbox = Outbox::default();
        for (name, seq) in [("m1", 7), ("m2", 8)] {
            outbox.push(message(name, A, 0));
            next(&mut outbox, A, ONE, 1);
            outbox.acked(&ack(name, A, seq));
        }
        outbox.push(message("m3", A, 0));
        outbox.forget_acked(B, None);
        outbox.forget_acked(A, up_to);
        assert_eq!(outbox.entries().count(), left, "{up_to:?}");
    }
}

#[test]
fn messages_of_one_millisecond_keep_their_order_by_time_alone() {
    let mut outbox = Outbox::default();
    assert_eq!(outbox.stamp(50), 50);
    assert!(outbox.push(message("b", ChatId(1), outbox.stamp(50))));
    assert_eq!(outbox.stamp(50), 51);
    assert!(outbox.push(message("a", ChatId(1), outbox.stamp(50))));
    assert_eq!(outbox.stamp(20), 52, "the clock was set back");
    assert_eq!(outbox.stamp(90), 90);
}
