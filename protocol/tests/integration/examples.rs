//! An example of every frame that a server sends.

use causerie_protocol::event::{
    ChatChanged, Deleted, Edited, Membership, Original, Pinned, Reacted, RoleChanged,
};
use causerie_protocol::rest::{ChatRole, ChatStatus};
use causerie_protocol::server_frame::{
    Ack, Blocks, ErrorReply, GoAway, Ping, Presence, ReadPosition, SetOfChat, Subscribed, Typing,
    Unsubscribed, Welcome,
};
use causerie_protocol::{
    ChatId, ChatSettings, ClientFrame, CloseCode, ErrorCode, Event, Heads, Message, MessageId, Notify, Seq,
    ServerFrame, Span, SpanKind, Timestamp, User, UserId, examples, limits,
};

/// An example of every frame that a server sends, with what it means.
pub fn server_frames() -> Vec<(ServerFrame, &'static str)> {
    let (chat_id, user_id, id) = (ChatId(1), UserId(2), MessageId(7));
    let at = Timestamp("2026-11-24T09:41:00.000000Z".to_owned());
    let user = User { id: user_id, email: None, name: "Ben".to_owned() };
    let myself = User { email: Some("ben@example.org".to_owned()), ..user.clone() };
    let span = |start, end, kind| Span { start, end, kind };
    let member = |seq| Membership { chat_id, seq: Seq(seq), user: user.clone(), by: None, at: at.clone() };
    vec![
        (
            ServerFrame::Welcome(Welcome {
                user: myself,
                version: limits::VERSION,
                limits: limits::Limits::default(),
                heartbeat_seconds: limits::HEARTBEAT_SECONDS,
                server_time: at.clone(),
                blocked: Vec::new(),
            }),
            "The token is good. The first frame of every socket.",
        ),
        (
            ServerFrame::Subscribed(Subscribed {
                chat_id,
                epoch: examples::epoch(),
                head: Seq(57),
                reset: false,
            }),
            "Reply to `subscribe`. The missed events follow, then live ones. With `reset` load afresh.",
        ),
        (
            ServerFrame::Event(Event::Message(Message {
                id,
                chat_id,
                seq: Seq(42),
                sender: user.clone(),
                content: "Hello".to_owned(),
                sent_at: at.clone(),
                client_id: Some(examples::client_id()),
                edited_at: None,
                deleted_at: None,
                reactions: Vec::new(),
                reply_to: Some(Box::new(Original {
                    seq: Seq(41),
                    id: Some(MessageId(6)),
                    sender: Some(user.clone()),
                    content: "Who is there?".to_owned(),
                    deleted: false,
                })),
                spans: Vec::new(),
                plain: false,
            })),
            "Event: somebody said something; with `reply_to`, in reply to what, which has only its `seq` when it is from before the reader's time.",
        ),
        (
            ServerFrame::Event(Event::Edited(Edited {
                chat_id,
                seq: Seq(43),
                id,
                content: "*Hello*".to_owned(),
                edited_at: at.clone(),
                spans: vec![
                    span(0, 7, SpanKind::Emphasis),
                    span(0, 1, SpanKind::Hidden),
                    span(6, 7, SpanKind::Hidden),
                ],
                plain: false,
            })),
            "Event: a message got another text, here with formatting.",
        ),
        (
            ServerFrame::Event(Event::Deleted(Deleted { chat_id, seq: Seq(44), id, deleted_at: at.clone() })),
            "Event: a message was deleted.",
        ),
        (ServerFrame::Event(Event::Joined(member(45))), "Event: somebody joined."),
        (ServerFrame::Event(Event::Left(member(46))), "Event: somebody left; with `by`, who removed them."),
        (
            ServerFrame::Event(Event::ChatChanged(ChatChanged {
                chat_id,
                seq: Seq(47),
                title: Some("Weekend".to_owned()),
                status: ChatStatus::Active,
                hides_past: false,
                accepted: false,
                at: at.clone(),
            })),
            "Event: title or status changed, or with `hides_past` what new people see, or with `accepted` that a chat somebody asked for is an ordinary one now.",
        ),
        (
            ServerFrame::Event(Event::RoleChanged(RoleChanged {
                chat_id,
                seq: Seq(48),
                user: user.clone(),
                role: ChatRole::Moderator,
                at: at.clone(),
            })),
            "Event: somebody in a group is its member, moderator or owner from now on.",
        ),
        (
            ServerFrame::Event(Event::Reacted(Reacted {
                chat_id,
                seq: Seq(49),
                id,
                user: user.clone(),
                emoji: "\u{1f44d}".to_owned(),
                on: true,
                at: at.clone(),
            })),
            "Event: a reaction stands under a message from now on, or with `on: false` no more.",
        ),
        (
            ServerFrame::Event(Event::Pinned(Pinned {
                chat_id,
                seq: Seq(50),
                id,
                user: user.clone(),
                on: true,
                at: at.clone(),
            })),
            "Event: a message is pinned in its chat from now on, or with `on: false` no more; `GET /api/chats/{id}/` has all that are.",
        ),
        (
            ServerFrame::Ack(Ack {
                client_id: examples::client_id(),
                chat_id,
                id,
                seq: Seq(42),
                sent_at: at,
                duplicate: false,
            }),
            "Reply to `message`: it is durable.",
        ),
        (
            ServerFrame::Error(ErrorReply {
                code: ErrorCode::TextTooLong,
                detail: "The message is 20000 bytes long and may be 16384: shorten it or send it in parts."
                    .to_owned(),
                client_id: Some(examples::client_id()),
                chat_id: Some(chat_id),
                retry_after_ms: None,
            }),
            "One request failed; the socket stays.",
        ),
        (
            ServerFrame::Ping(Ping { t: 1_795_000_000_000, heads: Heads(vec![(chat_id, Seq(57))]) }),
            "Heartbeat, with the heads of the chats that are followed; on a socket that follows as many as it may also of the person's other chats that got messages lately. A head that is ahead of the client reveals what it lacks: subscribe, or load the chat.",
        ),
        (ServerFrame::GoAway(GoAway { retry_after_ms: 500 }), "The server is about to close with 1012."),
        (
            ServerFrame::Unsubscribed(Unsubscribed {
                chat_id,
                code: CloseCode::NotParticipant.code(),
                reason: "you are not a participant of this chat any more".to_owned(),
            }),
            "The stream of one chat on `/ws/` ended; with the code 1000 it is the reply to `unsubscribe`.",
        ),
        (
            ServerFrame::Typing(Typing { chat_id, user_id }),
            "Somebody is writing; forget it after six seconds.",
        ),
        (ServerFrame::Presence(Presence { user_id, online: true }), "Somebody came or went."),
        (
            ServerFrame::Read(ReadPosition { chat_id, user_id, seq: Seq(57) }),
            "Somebody read up to a position.",
        ),
        (
            ServerFrame::Blocks(Blocks { blocked: vec![user_id] }),
            "Whom you have blocked, after you blocked or unblocked somebody on any device; `welcome` says it too.",
        ),
        (
            ServerFrame::ChatSettings(SetOfChat {
                chat_id,
                settings: ChatSettings {
                    version: 1_795_000_000_000_000,
                    notify: Notify::Nothing,
                    muted_until: Some(1_795_000_360_000),
                    pinned_at: Some(1_795_000_000_000),
                    ..ChatSettings::default()
                },
            }),
            "What you have set of a chat for yourself, after you changed it on any device; the chat has it too, as `settings`.",
        ),
    ]
}

#[test]
fn every_example_decodes_to_itself() {
    for (frame, _) in examples::client_frames() {
        assert_eq!(ClientFrame::decode(&frame.encode()).unwrap(), frame);
    }
    for (frame, _) in server_frames() {
        assert_eq!(ServerFrame::decode(&frame.encode()).unwrap(), frame);
    }
}
