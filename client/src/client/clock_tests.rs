//! A whole page whose clock is wrong, is set, or stood still.

use causerie_protocol::server_frame::Ping;
use causerie_protocol::{Event, Heads, ServerFrame, Timestamp};

use super::test_page::*;
use super::*;

const DAY: Millis = 86_400_000;

/// A day and a second after 1970, by the server's clock; pages begin a second after 1970.
fn a_day_later() -> Timestamp {
    Timestamp("1970-01-02T00:00:01.000000Z".into())
}

fn ping(page: &mut Page, t: Millis) {
    page.frame(&ServerFrame::Ping(Ping { t: t.cast_signed(), heads: Heads::default() }));
}

fn pending_times(page: &Page) -> Vec<Millis> {
    let time = |row| match row {
        Row::Message(MessageRow { at: RowTime::Local(at), .. }) => Some(at),
        _ => None,
    };
    page.client.rows(CHAT).into_iter().filter_map(time).collect()
}

#[test]
fn a_page_whose_clock_is_a_day_behind_shows_the_servers_time_from_the_welcome_on() {
    let mut page = Page::new();
    assert_eq!(page.client.server_time(page.now), 1_000);
    page.list(vec![chat(1, 0)]);
    page.welcome_at(a_day_later());
    assert!(page.effects.contains(&Effect::Changed(Invalidation::Clock)));
    assert_eq!(page.client.server_time(page.now), 1_000 + DAY);
    page.send("a");
    assert_eq!(pending_times(&page), [1_000 + DAY]);

    page.effects.clear();
    ping(&mut page, 3_000 + DAY);
    assert!(!page.effects.contains(&Effect::Changed(Invalidation::Clock)), "two seconds are no correction");
}

#[test]
fn own_messages_keep_their_order_when_the_clock_turns_out_to_be_a_day_ahead() {
    let mut page = Page::new();
    page.give(Input::ClockStepped(2 * DAY.cast_signed()));
    page.list(vec![chat(1, 0)]);
    page.send("a");
    page.welcome_at(a_day_later());
    page.send("b");
    assert_eq!(page.client.server_time(page.now), DAY + 1_000);
    let kept = page.effects.iter().filter_map(|effect| match effect {
        Effect::StorePending(message) => Some(message.clone()),
        _ => None,
    });
    let mut again = Page::new();
    again.give(Input::OutboxRestored(kept.rev().collect()));
    assert_eq!(again.shown(), ["a: waiting", "b: waiting"]);
}

#[test]
fn a_clock_that_is_set_neither_ends_the_connection_nor_hastens_a_timer() {
    for by in [DAY.cast_signed(), -DAY.cast_signed()] {
        let mut page = Page::in_chat(1);
        let due = page.client.next_deadline();
        page.give(Input::ClockStepped(by));
        assert_eq!(page.client.connection(), &ConnectionState::Online);
        assert!(page.client.next_deadline() <= due);
        // The socket is probed, answers, and stays open.
        page.subscribed(1, false);
        page.pass(10_000);
        assert_eq!(page.client.connection(), &ConnectionState::Online);
        assert_eq!(page.connection(), ConnectionId(1));
    }
}

#[test]
fn after_a_sleep_a_dead_socket_is_detected_within_seconds_and_a_wait_ends() {
    let mut page = Page::in_chat(1);
    // No time passes by the monotonic clock, which stood still.
    page.give(Input::ClockStepped(8 * 3_600_000));
    assert_eq!(page.sent(), ["subscribe 1"]);
    page.pass(crate::connection::PROBE_MS);
    assert!(page.effects.contains(&Effect::Connect(ConnectionId(2))));
    page.close(1006);
    page.effects.clear();
    page.give(Input::ClockStepped(8 * 3_600_000));
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::Connect(_))));
}

#[test]
fn after_a_sleep_the_time_is_right_before_the_server_says_so_and_after_a_set_clock_at_its_next_ping() {
    let mut page = Page::new();
    page.list(vec![chat(1, 0)]);
    page.welcome_at(a_day_later());
    page.give(Input::ClockStepped(8 * 3_600_000));
    assert_eq!(page.client.server_time(page.now), 1_000 + DAY + 8 * 3_600_000);
    ping(&mut page, 1_000 + DAY);
    assert_eq!(page.client.server_time(page.now), 1_000 + DAY);
}

#[test]
fn a_message_that_is_in_the_log_is_not_shown_as_pending_too() {
    let mut page = Page::in_chat(0);
    page.send("a");
    page.send("b");
    // By any other way than a frame.
    let state = page.client.chat_states.get_mut(&CHAT).unwrap();
    assert!(state.timeline.apply(Event::Message(mine(1, "a"))));
    assert_eq!(page.shown(), ["a", "b: waiting"]);
}
