//! Generates `docs/PROTOCOL.md` from the types, so that it is always up to date.

use std::fmt::Write;

use crate::client_frame::ClientFrame;
use crate::close::CloseCode;
use crate::error::ErrorCode;
use crate::event::{ChatChanged, Deleted, Edited, Event, Membership, Message, User};
use crate::heads::Heads;
use crate::ids::{ChatId, ClientId, Epoch, MessageId, Seq, Timestamp, UserId};
use crate::rest::ChatStatus;
use crate::server_frame::{
    Ack, ErrorReply, GoAway, Ping, Presence, ReadPosition, ServerFrame, Subscribed, Typing, Unsubscribed,
    Welcome,
};
use crate::text::MessageText;
use crate::{handshake, limits, paths};

/// An example of every frame that a client may send, with what it is for.
#[must_use]
pub fn client_examples() -> Vec<(ClientFrame, &'static str)> {
    let chat_id = Some(ChatId(1));
    vec![
        (
            ClientFrame::Message {
                text: MessageText::new("Hello").expect("a short text is valid"),
                client_id: Some(example_client_id()),
                chat_id,
            },
            "Say something. With `client_id` it is acknowledged, and a repeat of it is stored once.",
        ),
        (
            ClientFrame::Subscribe { chat_id: ChatId(1), after: Some(Seq(41)), epoch: Some(example_epoch()) },
            "Follow a chat on `/ws/`, from a position on.",
        ),
        (
            ClientFrame::Unsubscribe { chat_id: ChatId(1) },
            "Follow a chat no more on `/ws/`, to make room for another. Messages can be sent to any chat of mine.",
        ),
        (ClientFrame::Typing { chat_id }, "I am writing. At most one every three seconds is useful."),
        (ClientFrame::Read { chat_id, seq: Seq(57) }, "I have read up to here."),
        (ClientFrame::Pong { t: Some(1_795_000_000_000) }, "The answer to `ping`."),
        (
            ClientFrame::Ping { t: Some(7) },
            "How long does an answer take? Answered by `{\"type\":\"pong\",\"t\":7}`, in order with everything else; `t` is anything.",
        ),
    ]
}

/// An example of every frame that a server sends, with what it means.
#[must_use]
pub fn server_examples() -> Vec<(ServerFrame, &'static str)> {
    let (chat_id, user_id, id) = (ChatId(1), UserId(2), MessageId(7));
    let at = Timestamp("2026-11-24T09:41:00.000000Z".to_owned());
    let user = User { id: user_id, email: "ben@example.org".to_owned(), name: "Ben".to_owned() };
    let member = |seq| Membership { chat_id, seq: Seq(seq), user: user.clone(), at: at.clone() };
    vec![
        (
            ServerFrame::Welcome(Welcome {
                user: user.clone(),
                version: limits::VERSION,
                limits: limits::Limits::default(),
                heartbeat_seconds: limits::HEARTBEAT_SECONDS,
                server_time: at.clone(),
            }),
            "The token is good. The first frame of every socket.",
        ),
        (
            ServerFrame::Subscribed(Subscribed {
                chat_id,
                epoch: example_epoch(),
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
                client_id: Some(example_client_id()),
                edited_at: None,
                deleted_at: None,
            })),
            "Event: somebody said something.",
        ),
        (
            ServerFrame::Event(Event::Edited(Edited {
                chat_id,
                seq: Seq(43),
                id,
                content: "Hello!".to_owned(),
                edited_at: at.clone(),
            })),
            "Event: a message got another text.",
        ),
        (
            ServerFrame::Event(Event::Deleted(Deleted { chat_id, seq: Seq(44), id, deleted_at: at.clone() })),
            "Event: a message was deleted.",
        ),
        (ServerFrame::Event(Event::Joined(member(45))), "Event: somebody joined."),
        (ServerFrame::Event(Event::Left(member(46))), "Event: somebody left."),
        (
            ServerFrame::Event(Event::ChatChanged(ChatChanged {
                chat_id,
                seq: Seq(47),
                title: Some("Weekend".to_owned()),
                status: ChatStatus::Active,
                at: at.clone(),
            })),
            "Event: title or status changed.",
        ),
        (
            ServerFrame::Ack(Ack {
                client_id: example_client_id(),
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
                client_id: Some(example_client_id()),
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
    ]
}

fn example_client_id() -> ClientId {
    ClientId::new("0b9b5b0e-3f0a-4d7e-9d43-6a1f5f0f9a11").expect("a UUID is valid")
}

fn example_epoch() -> Epoch {
    Epoch("k3Jx9Q".to_owned())
}

/// The whole page.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "<!-- Made from the types by `cargo run -p causerie-protocol --example reference`; a test holds it current. -->\n\
         # The protocol\n\n\
         One WebSocket for many chats at `/ws/`, or for one at `/ws/chats/{id}/` (from a position on with `?after=`).\n\
         Every frame is a JSON object in a text message.\n\
         A client ignores frames and fields that it does not know; so does the server with fields.\n\n",
    );
    let _ = write!(
        page,
        "## Handshake\n\nOffer the subprotocols `['{}', token]` or `['{}', '{}', token]`.\n\
         The server echoes the first and never the token.\n\
         A refusal that a person should understand is an accepted socket that closes at once with a code.\n\
         A token in the query string is refused.\n\n",
        handshake::BEARER,
        handshake::VERSIONED,
        handshake::BEARER
    );
    page.push_str("## Client to server\n\n");
    for (frame, meaning) in client_examples() {
        let _ = write!(page, "{meaning}\n```json\n{}\n```\n\n", frame.encode());
    }
    let _ = write!(
        page,
        "Every `client_id` is decided once, and every repeat gets the same answer: the ack of what is stored, or the refusal, \
         so that no copy that waited somewhere is stored after what you sent later.\n\
         After `{}` or `{}` take a new one to try again.\n\
         When you were put out of a chat before an answer came, ask for it by sending the same again, on `/ws/` or by `POST`; \
         until then the message may still be stored.\n\n",
        ErrorCode::NoSuchChat,
        ErrorCode::ChatClosed,
    );
    page.push_str("## Server to client\n\n");
    for (frame, meaning) in server_examples() {
        let _ = write!(page, "{meaning}\n```json\n{}\n```\n\n", frame.encode());
    }
    page.push_str(
        "`chat_added` holds a chat in the shape of `GET /api/chats/{id}/`: there is a chat that you were not in before.\n\n",
    );
    page.push_str("## Close codes\n\n| code | meaning | what the client does |\n|---|---|---|\n");
    for code in CloseCode::ALL {
        let _ = writeln!(page, "| {code} | {} | {} |", code.meaning(), code.policy().summary());
    }
    page.push_str(
        "| 4000–4099 | any other code of this band | stays closed until a person acts |\n\
         | 4100–4199 | any other code of this band | backs off, then resumes |\n\
         | 4200–4299 | any other code of this band | reconnects at once and resumes |\n\n",
    );
    page.push_str("## Error codes\n\nIn `error` frames and in `application/problem+json` bodies.\n\n| code | meaning |\n|---|---|\n");
    for code in ErrorCode::ALL {
        let _ = writeln!(page, "| `{code}` | {} |", code.meaning());
    }
    page.push_str("\n## Limits\n\n| what | bound |\n|---|---|\n");
    for (what, bound) in limit_rows() {
        let _ = writeln!(page, "| {what} | {bound} |");
    }
    page.push_str("\n## HTTP API\n\n| address | methods |\n|---|---|\n");
    for (address, methods) in [
        (paths::REGISTER, "`POST {email, password, name}` → 201 `{token, expires_at, user}`"),
        (paths::LOGIN, "`POST {email, password}` → 200 `{token, expires_at, user}`"),
        (paths::LOGOUT, "`POST` → 204; closes this token's sockets with 4001"),
        (paths::ME, "`GET` → the person"),
        (paths::TOKENS, "`GET` → sign-ins; `DELETE /api/auth/tokens/{id}/` revokes one"),
        (
            paths::CHATS,
            "`GET ?limit=&before=` → array, by `sort_key` and `id`, the greatest first, each with some of its people, `Link: …; rel=\"next\"` to the page after; `POST {participants, title?, client_id?}` → 201, or 200 for a pair that has one and for a repeat",
        ),
        ("/api/chats/{id}/", "`GET` → the chat with all its people, `PATCH {status?, title?}`, `DELETE`"),
        (
            "/api/chats/{id}/messages/",
            "`GET ?limit=&before=` → array, oldest first, `Link: …; rel=\"next\"` to the page before; `POST {content, client_id?}` → 201",
        ),
        ("/api/chats/{id}/participants/", "`POST {user}` adds somebody to a group"),
        ("/api/chats/{id}/leave/", "`POST` leaves a group"),
        ("/api/messages/{id}/", "`GET`; `PATCH {content}` and `DELETE` by the sender"),
        (paths::HEALTH, "`GET` → 200 as soon as the server serves"),
        (
            paths::DOCTOR,
            "`GET ?origin=` → `{name, version, protocol, node, clustered, time_ms, heartbeat_ms, host, database, bus, draining, unheard?, origin?}`, readable by every page; always 200 while the server serves",
        ),
        (
            "/api/doctor/probes/{probe}/",
            "`GET` → `{node, trace}`: what arrived at this node of a handshake on `/ws/…?probe={probe}` within the last minute, or `null`",
        ),
        (
            paths::READY,
            "`GET` → `{ready, database, bus, draining, unheard?, detail?}`; 200 when it should get requests, else 503",
        ),
    ] {
        let _ = writeln!(page, "| `{address}` | {methods} |");
    }
    page.push_str("\nThe token travels as `Authorization: Bearer …` or `Authorization: Token …`.\n");
    page.push_str(
        "\nA message moves its chat to the top of the list of chats.\n\
         A chat that moves between the requests for two pages may be on neither: after several pages load the first \
         one again, and go on until a page reaches the chat that was at the top before.\n",
    );
    page
}

fn limit_rows() -> Vec<(&'static str, String)> {
    vec![
        ("text of a message", format!("{} bytes of UTF-8, however JSON escapes them", limits::TEXT_BYTES)),
        ("frame from a client", format!("{} bytes, then 1009", limits::FRAME_BYTES)),
        ("`client_id`", format!("{} visible ASCII characters", limits::CLIENT_ID_BYTES)),
        ("`client_id` of a refused message", format!("stays refused for {} days", limits::REFUSED_DAYS)),
        ("title of a chat", format!("one line of {} bytes", limits::TITLE_BYTES)),
        ("name of a person", format!("one line of {} bytes", limits::NAME_BYTES)),
        ("e-mail address", format!("{} bytes", limits::EMAIL_BYTES)),
        (
            "password",
            format!("{} characters to {} bytes", limits::PASSWORD_MIN_CHARS, limits::PASSWORD_MAX_BYTES),
        ),
        ("people in a chat", limits::PARTICIPANTS.to_string()),
        ("`unread` of a chat", format!("counted to {}, which means that many or more", limits::UNREAD)),
        ("page of history", format!("{}, at most {}", limits::PAGE_DEFAULT, limits::PAGE_MAX)),
        ("missed events that a subscribe replays", format!("{}, then `reset`", limits::RESUME_EVENTS)),
        ("page of the list of chats", format!("{}, at most {}", limits::CHATS_PAGE, limits::CHATS_PAGE)),
        ("people of a chat in the list of chats", limits::LISTED_PARTICIPANTS.to_string()),
        ("chats that one socket follows", limits::SUBSCRIPTIONS.to_string()),
        ("chats that a ping names beside those", limits::MOVED_CHATS.to_string()),
        ("ping", format!("every {} s", limits::HEARTBEAT_SECONDS)),
        ("answer to a ping", format!("within {} s, then 4202", limits::HEARTBEAT_GRACE_SECONDS)),
        (
            "what waits for a slow socket, answers included",
            format!(
                "{} frames or {} bytes, then 4201; nothing is read of a socket that takes nothing",
                limits::OUTBOX_FRAMES,
                limits::OUTBOX_BYTES
            ),
        ),
        (
            "frames a second",
            format!(
                "{} of a socket and {} of a person (settings of the server), {} seconds' worth at once; beyond that a socket is read more slowly, and closed with 4108 after {} s; a message that is sent again with its `client_id` counts once",
                limits::FRAMES_PER_SECOND,
                limits::FRAMES_PER_SECOND_PER_USER,
                limits::FRAMES_BURST_SECONDS,
                limits::FRAMES_OVER_SECONDS
            ),
        ),
        ("bad frames", format!("{} in {} s, then 4002", limits::BAD_FRAMES, limits::BAD_FRAME_SECONDS)),
        ("reason of a close", format!("{} bytes", limits::CLOSE_REASON_BYTES)),
        ("token", format!("{} characters, valid for {} days", limits::TOKEN_CHARS, limits::TOKEN_DAYS)),
        (
            "handshakes with `?probe=` that are remembered",
            format!("{} for {} s", limits::PROBES, limits::PROBE_SECONDS),
        ),
        ("body of a request", format!("{} bytes", limits::BODY_BYTES)),
    ]
}
