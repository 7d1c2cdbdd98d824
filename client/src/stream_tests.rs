//! Order, gaps, duplicates, resets, and the times of the next `subscribe`.

use causerie_protocol::event::Event;

use super::*;

const CHAT: ChatId = ChatId(1);

fn event(seq: u64) -> Event {
    Event::Unknown { kind: "k".into(), chat_id: CHAT, seq: Seq(seq), data: serde_json::Value::Null }
}

fn live(at: u64) -> Stream {
    let mut stream = Stream::new(CHAT, Epoch("e".into()), Seq(at));
    assert_eq!(stream.due(), Some(0));
    stream.subscribe_frame(0);
    assert!(!stream.subscribed(&reply("e", at, false), 0));
    stream
}

fn reply(epoch: &str, head: u64, reset: bool) -> Subscribed {
    Subscribed { chat_id: CHAT, epoch: Epoch(epoch.into()), head: Seq(head), reset }
}

fn accept(stream: &mut Stream, seq: u64, now: Millis) -> Vec<u64> {
    stream.accept(event(seq), now).iter().map(|event| event.seq().0).collect()
}

#[test]
fn events_are_returned_in_order_and_once() {
    let mut stream = live(4);
    assert_eq!(accept(&mut stream, 5, 1), [5]);
    assert_eq!(accept(&mut stream, 5, 1), [0; 0]);
    assert_eq!(accept(&mut stream, 3, 1), [0; 0]);
    assert_eq!(accept(&mut stream, 8, 1), [0; 0]);
    assert_eq!(accept(&mut stream, 7, 1), [0; 0]);
    assert_eq!(accept(&mut stream, 6, 1), [6, 7, 8]);
    assert_eq!(stream.position(), Seq(8));
}

#[test]
fn a_gap_subscribes_at_once_and_again_until_it_is_filled() {
    let mut stream = live(4);
    accept(&mut stream, 6, 5_000);
    assert!(stream.due().is_some_and(|due| due <= 5_000));
    assert_eq!(
        stream.subscribe_frame(5_000),
        ClientFrame::Subscribe { chat_id: CHAT, after: Some(Seq(4)), epoch: Some(Epoch("e".into())) }
    );
    assert_eq!(stream.due(), Some(5_000 + ANSWER_MS));
    assert!(!stream.subscribed(&reply("e", 6, false), 5_100));
    assert_eq!(stream.due(), Some(5_000 + RESUBSCRIBE_MS), "the answer may have lost its events too");
    assert_eq!(accept(&mut stream, 5, 5_200), [5, 6]);
    assert_eq!(stream.due(), None);
}

#[test]
fn missing_events_at_the_end_are_revealed_by_the_head() {
    let mut stream = live(4);
    stream.observe_head(Seq(4), 60_000);
    assert_eq!(stream.due(), None);
    stream.observe_head(Seq(6), 60_000);
    assert_eq!(stream.due(), Some(60_000 + LAG_MS), "the events may be on their way");
    accept(&mut stream, 5, 60_500);
    assert_eq!(stream.due(), Some(60_500 + LAG_MS));
    accept(&mut stream, 6, 60_600);
    assert_eq!(stream.due(), None);
}

#[test]
fn a_reset_another_epoch_or_an_earlier_head_starts_again() {
    for (answer, reset) in [
        (reply("e", 4, false), false),
        (reply("e", 9, false), false),
        (reply("e", 9, true), true),
        (reply("f", 9, false), true),
        (reply("e", 3, false), true),
    ] {
        let mut stream = live(4);
        accept(&mut stream, 7, 0);
        stream.subscribe_frame(0);
        assert_eq!(stream.subscribed(&answer, 0), reset, "{answer:?}");
        if reset {
            assert_eq!((stream.position(), stream.epoch()), (answer.head, &answer.epoch));
            let next = answer.head.0 + 1;
            assert_eq!(accept(&mut stream, next, 0), [next]);
        }
    }
}

#[test]
fn after_a_disconnection_the_buffer_is_empty_and_it_subscribes_again() {
    let mut stream = live(4);
    accept(&mut stream, 6, 0);
    stream.disconnected();
    assert!(!stream.is_followed());
    assert_eq!(stream.due(), Some(0));
    assert_eq!(accept(&mut stream, 5, 0), [5]);
}

#[test]
fn an_ended_stream_ignores_events_until_it_is_reopened() {
    let mut stream = live(4);
    stream.end();
    assert_eq!(accept(&mut stream, 5, 0), [0; 0]);
    stream.disconnected();
    assert_eq!(stream.due(), None);
    stream.postpone(9);
    assert_eq!(stream.due(), None);
    stream.reopen();
    assert_eq!(stream.due(), Some(0));
}

#[test]
fn after_a_temporary_refusal_it_subscribes_later() {
    let mut stream = live(4);
    stream.disconnected();
    stream.subscribe_frame(0);
    stream.postpone(700);
    assert_eq!(stream.due(), Some(700));
}
