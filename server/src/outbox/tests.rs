//! What fits, what is shed, and which signal comes first.

use super::*;

fn outbox() -> Arc<Outbox> {
    Outbox::new(UserId(1), TokenId(1), Scope::Many)
}

fn event(chat: i64, seq: u64) -> Item {
    Item::Event { chat: ChatId(chat), seq: Seq(seq), frame: Frame::from_static("x") }
}

fn closing(outbox: &Outbox) -> Option<CloseCode> {
    match outbox.signal() {
        Some(Signal::Close(closing)) => Some(closing.code),
        _ => None,
    }
}

#[test]
fn a_full_outbox_closes_with_4201_and_frees_what_waited() {
    for too_much in [vec![event(1, 1); limits::OUTBOX_FRAMES + 1], {
        let frame = Frame::from("x".repeat(limits::OUTBOX_BYTES / 2));
        vec![Item::Reply(frame.clone()), Item::Reply(frame), event(1, 1)]
    }] {
        let outbox = outbox();
        let last = too_much.len() - 1;
        for (n, item) in too_much.into_iter().enumerate() {
            assert_eq!(closing(&outbox), None, "after {n}");
            outbox.push(item);
            assert!(n < last || closing(&outbox) == Some(CloseCode::FellBehind));
        }
        assert!(!outbox.take(&mut VecDeque::new()));
    }
}

#[test]
fn notices_are_shed_first_and_events_stay() {
    let outbox = outbox();
    for seq in 1..=SHED_ABOVE as u64 {
        outbox.push(event(1, seq));
    }
    outbox.push(Item::Notice { chat: None, of: None, frame: Frame::from_static("typing") });
    outbox.push(event(1, SHED_ABOVE as u64 + 1));
    outbox.push(Item::Read { chat: ChatId(1), of: UserId(1), frame: Frame::from_static("read") });
    let mut items = VecDeque::new();
    assert!(outbox.take(&mut items));
    assert_eq!(items.len(), SHED_ABOVE + 2);
    assert!(!items.iter().any(|item| matches!(item, Item::Notice { .. })));
}

#[test]
fn a_socket_whose_later_requests_are_refused_is_closed_once_behind_the_answers() {
    let outbox = outbox();
    outbox.push(Item::Reply(Frame::from_static("refused")));
    assert!(!outbox.refuses_requests());
    outbox.refuse_later_requests();
    outbox.refuse_later_requests();
    assert!(outbox.refuses_requests());
    let mut items = VecDeque::new();
    assert!(outbox.take(&mut items));
    let [Item::Reply(_), Item::Close(closing)] = items.make_contiguous() else { panic!("{items:?}") };
    assert_eq!(closing.code, CloseCode::InternalError);
}

#[test]
fn an_outbox_is_backlogged_only_while_its_client_takes_more() {
    let outbox = outbox();
    for seq in 1..=SHED_ABOVE as u64 {
        assert!(!outbox.is_backlogged());
        assert_eq!(outbox.push(event(1, seq)), seq == SHED_ABOVE as u64);
    }
    assert!(outbox.is_backlogged());
    outbox.mark_blocked(0, 0);
    assert!(!outbox.is_backlogged(), "nobody should wait for a slow client");
    assert!(!outbox.push(event(1, SHED_ABOVE as u64 + 1)));
}

#[test]
fn revoking_a_chat_purges_what_waits_of_it_and_nothing_else() {
    let outbox = outbox();
    for chat in [1, 2, 1] {
        outbox.push(event(chat, 1));
    }
    outbox.revoke(ChatId(1), "left");
    let Some(Signal::Revoked(chats)) = outbox.signal() else { panic!("no signal") };
    assert_eq!(chats, [(ChatId(1), "left")]);
    assert!(!outbox.has_signal());
    let mut items = VecDeque::new();
    outbox.take(&mut items);
    assert_eq!(items.iter().filter_map(Item::chat).collect::<Vec<_>>(), [ChatId(2)]);
}

#[test]
fn a_heartbeat_without_a_sign_of_life_closes_with_4202() {
    let outbox = outbox();
    outbox.heartbeat_tick();
    assert!(matches!(outbox.signal(), Some(Signal::Ping)));
    outbox.mark_alive();
    outbox.heartbeat_tick();
    assert!(matches!(outbox.signal(), Some(Signal::Ping)));
    outbox.request_started();
    outbox.heartbeat_tick();
    assert!(matches!(outbox.signal(), Some(Signal::Ping)), "it waits for the store");
    outbox.request_finished(None);
    outbox.heartbeat_tick();
    assert_eq!(closing(&outbox), Some(CloseCode::NoHeartbeat));
}

#[test]
fn the_first_reason_of_a_close_stays() {
    let outbox = outbox();
    outbox.close(Closing::new(CloseCode::Unauthorized, "token revoked"));
    outbox.close(Closing::new(CloseCode::NoHeartbeat, "quiet"));
    outbox.push(event(1, 1));
    assert_eq!(closing(&outbox), Some(CloseCode::Unauthorized));
    assert_eq!(closing(&outbox), Some(CloseCode::Unauthorized), "it is not taken");
}

#[test]
fn a_slow_consumer_is_logged_without_what_waits_for_it() {
    use std::io::{self, Write};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(log, || {
        let outbox = outbox();
        for seq in 0..=limits::OUTBOX_FRAMES as u64 {
            outbox.push(Item::Event { chat: ChatId(7), seq: Seq(seq), frame: Frame::from_static("sesame") });
        }
    });
    let log = String::from_utf8(lines.0.lock().clone()).unwrap();
    for word in ["WARN", "slow consumer", "user=1", "chat=7", "frames=1024", "bytes=6144"] {
        assert!(log.contains(word), "{word} is not in {log}");
    }
    assert!(log.lines().count() == 1 && !log.contains("sesame"), "{log}");
}
