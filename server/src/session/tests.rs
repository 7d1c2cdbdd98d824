//! Tables for what frames lead to and which entries are sent.

use super::*;

const NEVER: UnixMicros = UnixMicros(i64::MAX);

fn session(scope: Scope) -> Session {
    Session::new(UserId(1), NEVER, scope)
}

fn error_code(action: &Action) -> String {
    let Action::Reply(frame) = action else { panic!("no reply: {action:?}") };
    let ServerFrame::Error(error) = ServerFrame::decode(frame).unwrap() else { panic!("no error: {frame}") };
    error.code.to_string()
}

#[test]
fn a_frame_goes_to_the_chat_that_it_names_or_that_the_socket_is_for() {
    for (scope, json, chat) in [
        (Scope::One(ChatId(7)), r#"{"type":"message","text":"a"}"#, 7),
        (Scope::One(ChatId(7)), r#"{"type":"message","text":"a","chat_id":7}"#, 7),
        (Scope::Many, r#"{"type":"message","text":"a","chat_id":8}"#, 8),
        (Scope::Many, r#"{"type":"read","seq":1,"chat_id":8}"#, 8),
    ] {
        let action = session(scope).on_text(json, UnixMicros(0));
        let Action::Submit(append) = action else { panic!("{json}: {action:?}") };
        assert_eq!((append.chat, append.actor), (ChatId(chat), UserId(1)), "{json}");
    }
    for (scope, json, code) in [
        (Scope::One(ChatId(7)), r#"{"type":"message","text":"a","chat_id":8}"#, "invalid_field"),
        (Scope::One(ChatId(7)), r#"{"type":"subscribe","chat_id":8}"#, "invalid_field"),
        (Scope::Many, r#"{"type":"message","text":"a"}"#, "missing_field"),
        (Scope::Many, r#"{"type":"typing"}"#, "missing_field"),
        (Scope::Many, r#"{"type":"read","seq":1}"#, "missing_field"),
        (Scope::Many, r#"{"type":"message","chat_id":1}"#, "missing_field"),
    ] {
        assert_eq!(error_code(&session(scope).on_text(json, UnixMicros(0))), code, "{json}");
    }
}

#[test]
fn twenty_bad_frames_within_ten_seconds_are_too_many() {
    let seconds = |count: i64| UnixMicros(count * 1_000_000);
    let mut session = session(Scope::Many);
    for n in 0..limits::BAD_FRAMES as i64 - 1 {
        assert!(matches!(session.on_text("nonsense", UnixMicros(n)), Action::Reply(_)), "{n}");
    }
    assert!(matches!(session.on_text("nonsense", seconds(11)), Action::Reply(_)), "the others are old");
    for n in 0..limits::BAD_FRAMES as i64 - 2 {
        assert!(matches!(session.on_text("nonsense", UnixMicros(12_000_000 + n)), Action::Reply(_)), "{n}");
    }
    let action = session.on_text("nonsense", seconds(13));
    assert!(matches!(action, Action::Close(closing) if closing.code == CloseCode::BrokenClient));
}

#[test]
fn entries_are_sent_in_order_once_and_gaps_are_seen() {
    let mut session = session(Scope::Many);
    assert_eq!(session.delivery(ChatId(1), Seq(1)), Delivery::Skip, "not followed");
    session.follow(ChatId(2), Seq::ZERO);
    session.follow(ChatId(1), Seq(4));
    for (seq, delivery) in [(3, Delivery::Skip), (4, Delivery::Skip), (5, Delivery::Send), (6, Delivery::Gap)]
    {
        assert_eq!(session.delivery(ChatId(1), Seq(seq)), delivery, "{seq}");
    }
    session.sent(ChatId(1), Seq(5));
    assert_eq!(session.delivery(ChatId(1), Seq(6)), Delivery::Send);
    assert_eq!(session.delivery(ChatId(2), Seq(1)), Delivery::Send);
    assert_eq!(session.chats().collect::<Vec<_>>(), [ChatId(1), ChatId(2)]);
    session.unfollow(ChatId(1));
    assert_eq!(session.delivery(ChatId(1), Seq(6)), Delivery::Skip);
}

#[test]
fn a_subscription_begins_where_the_client_stopped_or_afresh() {
    let position = Position { head: Seq(5_000), from: Seq(10), epoch: Epoch("e".into()) };
    let other = Epoch("f".into());
    // What came before the participant is no part of the log to them.
    let young = Position { head: Seq(20), ..position.clone() };
    assert_eq!(start(&young, Some(Seq(9)), None), (Seq(20), true));
    assert_eq!(start(&young, Some(Seq(10)), None), (Seq(10), false));
    for (after, epoch, expected) in [
        (None, None, (5_000, false)),
        (Some(4_990), None, (4_990, false)),
        (Some(4_990), Some(&position.epoch), (4_990, false)),
        (Some(4_990), Some(&other), (5_000, true)),
        (Some(5_000), None, (5_000, false)),
        (Some(5_001), None, (5_000, true)),
        (Some(4_000), None, (4_000, false)),
        (Some(3_999), None, (5_000, true)),
    ] {
        let (from, reset) = start(&position, after.map(Seq), epoch);
        assert_eq!((from.0, reset), expected, "{after:?} {epoch:?}");
    }
}

#[test]
fn typing_is_passed_on_once_a_second_and_only_for_followed_chats() {
    let json = r#"{"type":"typing"}"#;
    let mut session = session(Scope::One(ChatId(1)));
    assert!(matches!(session.on_text(json, UnixMicros(0)), Action::Nothing));
    session.follow(ChatId(1), Seq::ZERO);
    assert!(matches!(session.on_text(json, UnixMicros(0)), Action::Typing(ChatId(1))));
    assert!(matches!(session.on_text(json, UnixMicros(999_999)), Action::Nothing));
    assert!(matches!(session.on_text(json, UnixMicros(1_000_000)), Action::Typing(_)));
}

#[test]
fn a_frame_after_the_token_expired_closes_with_4001() {
    let mut session = Session::new(UserId(1), UnixMicros(100), Scope::Many);
    assert!(session.expired(UnixMicros(99)).is_none());
    let action = session.on_text(r#"{"type":"pong"}"#, UnixMicros(100));
    assert!(matches!(action, Action::Close(closing) if closing.code == CloseCode::Unauthorized));
}
