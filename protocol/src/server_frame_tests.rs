//! Each server frame against its literal JSON, both ways.

use super::*;
use crate::chat_settings::Notify;
use crate::event::{
    ChatChanged, Deleted, Edited, Membership, Message, Pinned, Reacted, Reaction, RoleChanged,
};
use crate::rest::{ChatKind, ChatRole, ChatStatus, Participant};
use crate::{Span, SpanKind};

fn ana() -> User {
    User { id: UserId(1), email: None, name: "Ana".into() }
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.into())
}

fn hello() -> Message {
    Message {
        id: MessageId(7),
        chat_id: ChatId(1),
        seq: Seq(42),
        sender: ana(),
        content: "Hello".into(),
        sent_at: at("2026-11-24T09:41:00.000000Z"),
        client_id: None,
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        reply_to: None,
        spans: Vec::new(),
        plain: false,
    }
}

fn hi_spans() -> Vec<Span> {
    let span = |start, end, kind| Span { start, end, kind };
    vec![span(0, 4, SpanKind::Emphasis), span(0, 1, SpanKind::Hidden), span(3, 4, SpanKind::Hidden)]
}

const ANA: &str = r#"{"id":1,"name":"Ana"}"#;
const HELLO: &str = r#"{"id":7,"chat_id":1,"seq":42,"sender":{"id":1,"name":"Ana"},"content":"Hello","sent_at":"2026-11-24T09:41:00.000000Z"}"#;

#[test]
fn reactions_are_a_set_in_one_order_whichever_way_they_came() {
    let (mut message, mut again) = (hello(), hello());
    let changes =
        [("b", 2, true), ("a", 3, true), ("b", 1, true), ("a", 3, false), ("c", 1, true), ("b", 2, true)];
    for (emoji, user, on) in changes {
        message.react(UserId(user), emoji, on);
    }
    for (emoji, user) in [("c", 1), ("b", 1), ("b", 2)] {
        assert!(again.react(UserId(user), emoji, true));
        assert!(!again.react(UserId(user), emoji, true));
    }
    let users = vec![UserId(1), UserId(2)];
    let under = |emoji: &str, users| Reaction { emoji: emoji.to_owned(), users };
    assert_eq!(message.reactions, [under("b", users), under("c", vec![UserId(1)])]);
    assert_eq!(message, again);
    // The events that a page of history was ahead of change nothing in the end.
    for (emoji, user, on) in changes {
        again.react(UserId(user), emoji, on);
    }
    assert_eq!(message, again);
    assert!(!again.react(UserId(9), "z", false));
    let json = serde_json::to_string(&again).unwrap();
    assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), again);
}

fn both_ways(frame: &ServerFrame, json: &str) {
    assert_eq!(frame.encode(), json);
    assert_eq!(&ServerFrame::decode(json).unwrap(), frame, "{json}");
}

#[test]
fn events_are_their_literal_json() {
    let now = at("2026-11-24T09:42:00.000000Z");
    let (chat_id, id) = (ChatId(1), MessageId(7));
    let mut full = hello();
    full.client_id = Some(ClientId::new("m-1").unwrap());
    full.edited_at = Some(now.clone());
    let member = Membership { chat_id, seq: Seq(45), user: ana(), by: None, at: now.clone() };
    for (event, json) in [
        (Event::Message(hello()), format!(r#"{{"type":"message","seq":42,"data":{HELLO}}}"#)),
        (
            Event::Message(full),
            format!(
                r#"{{"type":"message","seq":42,"data":{},"client_id":"m-1","edited_at":"{now}"}}}}"#,
                HELLO.strip_suffix('}').unwrap()
            ),
        ),
        (
            Event::Edited(Edited {
                chat_id,
                seq: Seq(43),
                id,
                content: "*Hi*".into(),
                edited_at: now.clone(),
                spans: hi_spans(),
                plain: false,
            }),
            format!(
                r#"{{"type":"edited","seq":43,"data":{{"chat_id":1,"seq":43,"id":7,"content":"*Hi*","edited_at":"{now}","spans":[[0,4,"emphasis"],[0,1,"hidden"],[3,4,"hidden"]]}}}}"#
            ),
        ),
        (
            Event::Deleted(Deleted { chat_id, seq: Seq(44), id, deleted_at: now.clone() }),
            format!(
                r#"{{"type":"deleted","seq":44,"data":{{"chat_id":1,"seq":44,"id":7,"deleted_at":"{now}"}}}}"#
            ),
        ),
        (
            Event::Joined(member.clone()),
            format!(
                r#"{{"type":"joined","seq":45,"data":{{"chat_id":1,"seq":45,"user":{ANA},"at":"{now}"}}}}"#
            ),
        ),
        (
            Event::Left(member.clone()),
            format!(
                r#"{{"type":"left","seq":45,"data":{{"chat_id":1,"seq":45,"user":{ANA},"at":"{now}"}}}}"#
            ),
        ),
        (
            Event::ChatChanged(ChatChanged {
                chat_id,
                seq: Seq(46),
                title: None,
                status: ChatStatus::Closed,
                hides_past: false,
                accepted: false,
                at: now.clone(),
            }),
            format!(
                r#"{{"type":"chat_changed","seq":46,"data":{{"chat_id":1,"seq":46,"title":null,"status":"closed","at":"{now}"}}}}"#
            ),
        ),
        (
            Event::ChatChanged(ChatChanged {
                chat_id,
                seq: Seq(46),
                title: None,
                status: ChatStatus::Active,
                hides_past: true,
                accepted: true,
                at: now.clone(),
            }),
            format!(
                r#"{{"type":"chat_changed","seq":46,"data":{{"chat_id":1,"seq":46,"title":null,"status":"active","hides_past":true,"accepted":true,"at":"{now}"}}}}"#
            ),
        ),
        (
            Event::Left(Membership { by: Some(UserId(9)), ..member.clone() }),
            format!(
                r#"{{"type":"left","seq":45,"data":{{"chat_id":1,"seq":45,"user":{ANA},"by":9,"at":"{now}"}}}}"#
            ),
        ),
        (
            Event::RoleChanged(RoleChanged {
                chat_id,
                seq: Seq(47),
                user: ana(),
                role: ChatRole::Owner,
                at: now.clone(),
            }),
            format!(
                r#"{{"type":"role_changed","seq":47,"data":{{"chat_id":1,"seq":47,"user":{ANA},"role":"owner","at":"{now}"}}}}"#
            ),
        ),
        (
            Event::Reacted(Reacted {
                chat_id,
                seq: Seq(48),
                id,
                user: ana(),
                emoji: "\u{2764}\u{fe0f}".into(),
                on: false,
                at: now.clone(),
            }),
            format!(
                "{{\"type\":\"reacted\",\"seq\":48,\"data\":{{\"chat_id\":1,\"seq\":48,\"id\":7,\"user\":{ANA},\"emoji\":\"\u{2764}\u{fe0f}\",\"on\":false,\"at\":\"{now}\"}}}}"
            ),
        ),
        (
            Event::Pinned(Pinned { chat_id, seq: Seq(49), id, user: ana(), on: true, at: now.clone() }),
            format!(
                r#"{{"type":"pinned","seq":49,"data":{{"chat_id":1,"seq":49,"id":7,"user":{ANA},"on":true,"at":"{now}"}}}}"#
            ),
        ),
    ] {
        both_ways(&ServerFrame::Event(event), &json);
    }
}

#[test]
fn replies_and_notices_are_their_literal_json() {
    let chat_id = ChatId(1);
    for (frame, json) in [
        (
            ServerFrame::Subscribed(Subscribed {
                chat_id,
                epoch: Epoch("e".into()),
                head: Seq(57),
                reset: false,
            }),
            r#"{"type":"subscribed","chat_id":1,"epoch":"e","head":57,"reset":false}"#,
        ),
        (
            ServerFrame::Unsubscribed(Unsubscribed { chat_id, code: 4003, reason: "left".into() }),
            r#"{"type":"unsubscribed","chat_id":1,"code":4003,"reason":"left"}"#,
        ),
        (
            ServerFrame::Ack(Ack {
                client_id: ClientId::new("m-1").unwrap(),
                chat_id,
                id: MessageId(7),
                seq: Seq(42),
                sent_at: at("2026-11-24T09:41:00.000000Z"),
                duplicate: false,
            }),
            r#"{"type":"ack","client_id":"m-1","chat_id":1,"id":7,"seq":42,"sent_at":"2026-11-24T09:41:00.000000Z","duplicate":false}"#,
        ),
        (
            ServerFrame::Error(ErrorReply {
                code: ErrorCode::TextTooLong,
                detail: "Too long.".into(),
                client_id: Some(ClientId::new("m-1").unwrap()),
                chat_id: None,
                retry_after_ms: None,
            }),
            r#"{"type":"error","code":"text_too_long","detail":"Too long.","client_id":"m-1"}"#,
        ),
        (
            ServerFrame::Ping(Ping { t: 5, heads: Heads(vec![(chat_id, Seq(57))]) }),
            r#"{"type":"ping","t":5,"heads":{"1":57}}"#,
        ),
        (
            ServerFrame::Blocks(Blocks { blocked: vec![UserId(2), UserId(7)] }),
            r#"{"type":"blocks","blocked":[2,7]}"#,
        ),
        (ServerFrame::Blocks(Blocks { blocked: vec![] }), r#"{"type":"blocks","blocked":[]}"#),
        (
            ServerFrame::ChatSettings(SetOfChat {
                chat_id,
                settings: ChatSettings { version: 9, notify: Notify::Nothing, ..ChatSettings::default() },
            }),
            r#"{"type":"chat_settings","chat_id":1,"settings":{"version":9,"notify":"nothing"}}"#,
        ),
        (ServerFrame::GoAway(GoAway { retry_after_ms: 500 }), r#"{"type":"go_away","retry_after_ms":500}"#),
        (
            ServerFrame::Typing(Typing { chat_id, user_id: UserId(2) }),
            r#"{"type":"typing","chat_id":1,"user_id":2}"#,
        ),
        (
            ServerFrame::Presence(Presence { user_id: UserId(2), online: true }),
            r#"{"type":"presence","user_id":2,"online":true}"#,
        ),
        (
            ServerFrame::Read(ReadPosition { chat_id, user_id: UserId(2), seq: Seq(9) }),
            r#"{"type":"read","chat_id":1,"user_id":2,"seq":9}"#,
        ),
    ] {
        both_ways(&frame, json);
    }
}

#[test]
fn welcome_and_chat_added_are_their_literal_json() {
    let now = at("2026-11-24T09:41:00.000000Z");
    both_ways(
        &ServerFrame::Welcome(Welcome {
            user: ana(),
            version: 1,
            limits: Limits {
                text_bytes: 1,
                frame_bytes: 2,
                resume_events: 3,
                subscriptions: 4,
                edit_seconds: None,
            },
            heartbeat_seconds: 25,
            server_time: now.clone(),
            blocked: vec![UserId(7)],
        }),
        &format!(
            r#"{{"type":"welcome","user":{ANA},"version":1,"limits":{{"text_bytes":1,"frame_bytes":2,"resume_events":3,"subscriptions":4}},"heartbeat_seconds":25,"server_time":"{now}","blocked":[7]}}"#
        ),
    );
    both_ways(
        &ServerFrame::ChatAdded(Box::new(ChatAdded {
            chat: Chat {
                id: ChatId(1),
                kind: ChatKind::Direct,
                status: ChatStatus::Active,
                title: None,
                participants: vec![Participant {
                    user: ana(),
                    read_seq: Seq(2),
                    online: true,
                    role: ChatRole::Moderator,
                    blocked: true,
                }],
                participant_count: 2,
                head: Seq(3),
                epoch: Epoch("e".into()),
                read_seq: Seq(2),
                unread: 1,
                last_message: None,
                created_at: now.clone(),
                updated_at: now.clone(),
                sort_key: Some(MessageId(57)),
                hides_past: true,
                requested_by: Some(UserId(2)),
                settings: ChatSettings { version: 8, pinned_at: Some(7), ..ChatSettings::default() },
                pinned: Vec::new(),
            },
        })),
        &format!(
            r#"{{"type":"chat_added","chat":{{"id":1,"kind":"direct","status":"active","title":null,"participants":[{{"id":1,"name":"Ana","read_seq":2,"online":true,"role":"moderator","blocked":true}}],"participant_count":2,"head":3,"epoch":"e","read_seq":2,"unread":1,"last_message":null,"created_at":"{now}","updated_at":"{now}","sort_key":57,"hides_past":true,"requested_by":2,"settings":{{"version":8,"pinned_at":7}}}}}}"#
        ),
    );
}

#[test]
fn unknown_kinds_and_codes_survive_a_round_trip() {
    let reaction = r#"{"type":"reaction","seq":48,"data":{"chat_id":1,"emoji":"x","seq":48}}"#;
    let frame = ServerFrame::decode(reaction).unwrap();
    let ServerFrame::Event(event) = &frame else { panic!("not an event: {frame:?}") };
    assert_eq!((event.chat_id(), event.seq()), (ChatId(1), Seq(48)));
    both_ways(&frame, reaction);
    both_ways(
        &ServerFrame::decode(r#"{"news":[1,2],"type":"news"}"#).unwrap(),
        r#"{"news":[1,2],"type":"news"}"#,
    );
}

#[test]
fn an_event_of_another_form_keeps_its_seq() {
    let json = r#"{"type":"message","seq":48,"data":{"chat_id":1,"content":{"rich":true},"seq":48}}"#;
    let frame = ServerFrame::decode(json).unwrap();
    assert!(matches!(&frame, ServerFrame::Event(Event::Unknown { seq: Seq(48), .. })), "{frame:?}");
    both_ways(&frame, json);
}

#[test]
fn fields_that_were_added_later_are_ignored() {
    let json = r#"{"type":"ack","client_id":"m","chat_id":1,"id":7,"seq":42,"sent_at":"t","duplicate":true,"node":"a"}"#;
    assert!(matches!(ServerFrame::decode(json).unwrap(), ServerFrame::Ack(ack) if ack.duplicate));
}

#[test]
fn a_text_that_is_not_a_frame_is_an_error() {
    for json in ["", "[]", "{}", r#"{"type":1}"#, r#"{"type":"ack"}"#] {
        assert!(ServerFrame::decode(json).is_err(), "{json}");
    }
}

#[test]
fn the_answer_to_a_ping_is_its_literal_json_and_no_other_frame() {
    let pong = Pong { t: Some(7) };
    assert_eq!(pong.encode(), r#"{"type":"pong","t":7}"#);
    assert_eq!(Pong::decode(&pong.encode()), Some(pong));
    assert_eq!(Pong::decode(r#"{"type":"pong"}"#), Some(Pong { t: None }));
    for other in [r#"{"type":"ping","t":7}"#, "{}", "hello"] {
        assert_eq!(Pong::decode(other), None, "{other}");
    }
    assert!(matches!(ServerFrame::decode(&pong.encode()), Ok(ServerFrame::Unknown(_))));
}
