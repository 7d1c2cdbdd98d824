//! A page as a whole, against frames as a server would send them.

use causerie_protocol::rest::{Chat, ChatKind, ChatStatus, Participant};
use causerie_protocol::server_frame::{
    Ack, ChatAdded, ErrorReply, GoAway, Ping, ReadPosition, Subscribed, Typing as TypingNotice, Unsubscribed,
    Welcome,
};
use causerie_protocol::{
    ClientFrame, ClientId, CloseCode, ErrorCode, Event, Message, MessageId, MessageText, ServerFrame,
    Timestamp, UserId,
};

use super::*;
use crate::input::{HistoryRequest, LoadError};

const CHAT: ChatId = ChatId(1);

/// A page under test, with what it asked for since the last look.
struct Page {
    client: Client,
    now: Millis,
    effects: Vec<Effect>,
}

impl Page {
    /// A page that is signed in as Ana and not connected.
    fn new() -> Self {
        let mut page = Self { client: Client::new(1_000), now: 1_000, effects: Vec::new() };
        page.give(Input::SignedIn { user: ana() });
        page
    }

    /// A page that is online and follows the chat, whose log holds `head` messages of Ben; it is open and loaded.
    fn in_chat(head: u64) -> Self {
        let mut page = Self::new();
        page.list(vec![chat(1, head)]);
        page.welcome();
        page.list(vec![chat(1, head)]);
        page.subscribed(head, false);
        page.give(Input::OpenChat(Some(CHAT)));
        page.history((1..=head).map(|seq| bens(seq, &format!("m{seq}"))).collect(), false);
        page.effects.clear();
        page
    }

    fn give(&mut self, input: Input) {
        self.effects.extend(self.client.handle(input, self.now, 0.5));
        assert!(self.client.next_deadline().is_none_or(|due| due > self.now), "a deadline in the past");
    }

    /// Lets time pass, ticking at every deadline on the way.
    fn pass(&mut self, ms: Millis) {
        let end = self.now + ms;
        while let Some(due) = self.client.next_deadline().filter(|due| *due <= end) {
            self.now = due;
            self.give(Input::Tick);
        }
        self.now = end;
    }

    fn connection(&self) -> Connection {
        (1..100).map(Connection).find(|one| self.client.link.is_current(*one)).expect("no socket")
    }

    fn frame(&mut self, frame: &ServerFrame) {
        self.raw(&frame.encode());
    }

    fn raw(&mut self, text: &str) {
        self.give(Input::Socket(self.connection(), SocketInput::Frame(text.to_owned())));
    }

    fn event(&mut self, message: Message) {
        self.frame(&ServerFrame::Event(Event::Message(message)));
    }

    fn close(&mut self, code: u16) {
        self.give(Input::Socket(self.connection(), SocketInput::Closed { code, reason: String::new() }));
    }

    fn welcome(&mut self) {
        self.give(Input::Socket(self.connection(), SocketInput::Opened));
        self.frame(&ServerFrame::Welcome(Welcome {
            user: ana(),
            version: 1,
            limits: Limits::default(),
            heartbeat_seconds: 25,
            server_time: at(0),
        }));
    }

    fn subscribed(&mut self, head: u64, reset: bool) {
        let epoch = Epoch("e".into());
        self.frame(&ServerFrame::Subscribed(Subscribed { chat_id: CHAT, epoch, head: Seq(head), reset }));
    }

    /// Answers the last request for the list, if there is one that waits.
    fn list(&mut self, chats: Vec<Chat>) {
        let ticket = self.client.list.request.expect("the list was not asked for");
        self.give(Input::ChatsLoaded { ticket, chats });
    }

    fn history(&mut self, messages: Vec<Message>, has_older: bool) {
        let request = self.last_request();
        self.give(Input::HistoryLoaded { request, messages, has_older });
    }

    fn last_request(&self) -> HistoryRequest {
        let mut requests = self.effects.iter().filter_map(|effect| match effect {
            Effect::LoadHistory(request) => Some(*request),
            _ => None,
        });
        requests.next_back().expect("no history was asked for")
    }

    fn send(&mut self, name: &str) {
        let text = MessageText::new(name).unwrap();
        self.give(Input::Send { chat: CHAT, text, client_id: id(name) });
    }

    fn ack(&mut self, name: &str, seq: u64) {
        self.frame(&ServerFrame::Ack(Ack {
            client_id: id(name),
            chat_id: CHAT,
            id: MessageId(seq.cast_signed()),
            seq: Seq(seq),
            sent_at: at(seq),
            duplicate: false,
        }));
    }

    fn refuse(&mut self, name: &str, code: ErrorCode, retry_after_ms: Option<u64>) {
        self.frame(&ServerFrame::Error(ErrorReply {
            code,
            detail: "No.".into(),
            client_id: Some(id(name)),
            chat_id: Some(CHAT),
            retry_after_ms,
        }));
    }

    /// What went out on the socket since the last look: texts of messages, and other frames by their JSON.
    fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.effects)
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::SendFrame(_, ClientFrame::Message { text, .. }) => Some(text.into_string()),
                Effect::SendFrame(_, ClientFrame::Subscribe { after, .. }) => {
                    Some(format!("subscribe {}", after.unwrap_or_default()))
                }
                Effect::SendFrame(_, frame) => Some(frame.encode()),
                _ => None,
            })
            .collect()
    }

    /// The rows as "text" or "text: state".
    fn shown(&self) -> Vec<String> {
        let words = |row| match row {
            Row::Message(row) => match row.state {
                RowState::Sent => row.text,
                RowState::Failed { .. } => format!("{}: failed", row.text),
                state => format!("{}: {state:?}", row.text).to_lowercase(),
            },
            Row::Line(_) => "line".to_owned(),
        };
        self.client.rows(CHAT).into_iter().map(words).collect()
    }

    fn forgotten(&self, name: &str) -> usize {
        self.effects.iter().filter(|effect| **effect == Effect::ForgetPending(id(name))).count()
    }
}

fn id(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn at(seq: u64) -> Timestamp {
    Timestamp(format!("t{seq:03}"))
}

fn ana() -> User {
    User { id: UserId(1), email: "ana@example.org".into(), name: "Ana".into() }
}

fn ben() -> User {
    User { id: UserId(2), email: "ben@example.org".into(), name: "Ben".into() }
}

fn bens(seq: u64, text: &str) -> Message {
    Message {
        id: MessageId(seq.cast_signed()),
        chat_id: CHAT,
        seq: Seq(seq),
        sender: ben(),
        content: text.into(),
        sent_at: at(seq),
        client_id: None,
        edited_at: None,
        deleted_at: None,
    }
}

fn mine(seq: u64, name: &str) -> Message {
    Message { sender: ana(), client_id: Some(id(name)), ..bens(seq, name) }
}

fn chat(chat: i64, head: u64) -> Chat {
    let participant = |user| Participant { user, read_seq: Seq(0), online: false };
    Chat {
        id: ChatId(chat),
        kind: ChatKind::Direct,
        status: ChatStatus::Active,
        title: None,
        participants: vec![participant(ana()), participant(ben())],
        head: Seq(head),
        epoch: Epoch("e".into()),
        read_seq: Seq(0),
        unread: head,
        last_message: (head > 0).then(|| bens(head, "last")),
        created_at: at(0),
        updated_at: at(head),
    }
}

#[test]
fn a_page_loads_the_list_follows_its_chats_and_looks_again_for_new_ones() {
    let mut page = Page::new();
    assert!(page.effects.contains(&Effect::Connect(Connection(1))));
    page.welcome();
    assert_eq!(page.sent(), [""; 0]);
    page.list(vec![chat(1, 4)]);
    assert_eq!(page.sent(), ["subscribe 4"]);
    page.list(vec![chat(1, 4), chat(2, 0)]);
    assert_eq!(page.sent(), ["subscribe 0"]);
    let ids: Vec<ChatId> = page.client.chats().iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, [ChatId(1), ChatId(2)]);
    page.frame(&ServerFrame::ChatAdded(ChatAdded { chat: chat(3, 1) }));
    assert_eq!(page.sent(), ["subscribe 1"]);
}

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
    assert_eq!(page.sent(), ["subscribe 0"]);
    page.subscribed(2, false);
    assert_eq!(page.sent(), ["b"], "not before the chat is followed");
    page.event(mine(1, "a"));
    page.event(mine(2, "b"));
    page.ack("b", 2);
    assert_eq!(page.sent(), ["c"]);
    assert_eq!(page.shown(), ["a", "b", "c: sending"]);
}

#[test]
fn a_hole_is_held_back_and_fetched() {
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
fn events_of_an_unknown_kind_or_shape_take_their_place() {
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
fn a_reset_loads_afresh_and_shows_nothing_that_is_gone() {
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

fn stored(name: &str, created_ms: Millis) -> PendingMessage {
    PendingMessage {
        client_id: id(name),
        owner: UserId(1),
        chat_id: CHAT,
        text: MessageText::new(name).unwrap(),
        created_ms,
        failed: None,
    }
}

fn other_persons() -> PendingMessage {
    PendingMessage { owner: UserId(9), ..stored("z", 1) }
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
    page.ack("b", 1);
    assert_eq!(page.sent(), ["a"]);
    page.refuse("a", ErrorCode::ChatClosed, None);
    page.give(Input::DeleteUnsent { client_id: id("a") });
    assert_eq!(page.shown(), ["b"]);
    assert_eq!(page.forgotten("a"), 1);
}

#[test]
fn what_is_too_large_fails_and_is_not_sent_again() {
    let mut page = Page::in_chat(0);
    let text = MessageText::new(format!("x{}", "\u{1}".repeat(16_000))).unwrap();
    page.give(Input::Send { chat: CHAT, text, client_id: id("big") });
    assert_eq!(page.sent(), [""; 0]);
    assert_eq!(page.client.failed().count(), 1);
    page.send("large");
    page.close(CloseCode::MessageTooBig.code());
    assert_eq!(page.client.failed().count(), 2);
}

#[test]
fn a_ping_is_answered_and_reveals_a_lost_tail() {
    let mut page = Page::in_chat(2);
    page.pass(5_000);
    page.frame(&ServerFrame::Ping(Ping {
        t: 7,
        heads: BTreeMap::from([(CHAT, Seq(3)), (ChatId(9), Seq(1))]),
    }));
    assert_eq!(page.sent(), [r#"{"type":"pong","t":7}"#]);
    page.pass(2_000);
    assert_eq!(page.sent(), ["subscribe 2"]);
    page.pass(4_000);
    assert_eq!(page.sent(), ["subscribe 2"], "again, since there was no answer");
}

#[test]
fn a_socket_that_was_given_up_has_no_say() {
    let mut page = Page::in_chat(1);
    let old = page.connection();
    page.pass(61_000);
    let text = ServerFrame::Event(Event::Message(bens(2, "late"))).encode();
    page.give(Input::Socket(old, SocketInput::Frame(text)));
    page.give(Input::Socket(old, SocketInput::Closed { code: 4001, reason: String::new() }));
    assert_eq!(page.shown(), ["m1"]);
    assert!(matches!(page.client.link(), LinkState::Connecting { .. }));
}

#[test]
fn a_page_that_wakes_asks_for_a_chat_again_to_learn_whether_the_socket_lives() {
    let mut page = Page::in_chat(1);
    page.pass(6_000);
    page.give(Input::Woke);
    assert_eq!(page.sent(), ["subscribe 1"]);
    page.pass(5_000);
    assert!(page.effects.contains(&Effect::Connect(Connection(2))));
}

#[test]
fn a_token_that_died_asks_to_sign_in_and_goes_on_with_nothing_lost() {
    let mut page = Page::in_chat(1);
    page.send("a");
    page.close(4001);
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::AskSignIn { .. })));
    let line = page.client.banner(page.now).unwrap().line();
    assert_eq!(line, "You are signed out. One message is kept and not sent yet.");
    page.effects.clear();
    page.give(Input::SignedIn { user: ana() });
    page.welcome();
    page.subscribed(1, false);
    assert_eq!(page.sent(), ["subscribe 1", "a"]);
    assert_eq!(page.shown(), ["m1", "a: sending"]);
}

#[test]
fn another_person_and_signing_out_leave_nothing_behind() {
    for sign_out in [true, false] {
        let mut page = Page::in_chat(1);
        page.send("a");
        if sign_out {
            page.give(Input::SignedOut);
            assert_eq!(page.forgotten("a"), 1);
        } else {
            page.give(Input::SignedIn { user: ben() });
        }
        assert_eq!(
            (page.client.chats().len(), page.client.rows(CHAT).len(), page.client.waiting()),
            (0, 0, 0)
        );
    }
}

#[test]
fn a_late_answer_to_an_old_request_is_not_taken() {
    let mut page = Page::new();
    let ticket = page.client.list.request.unwrap();
    page.give(Input::SignedIn { user: ben() });
    page.give(Input::ChatsLoaded { ticket, chats: vec![chat(1, 1)] });
    assert_eq!(page.client.chats().len(), 0);
}

#[test]
fn a_chat_that_is_taken_away_fails_what_waits_there() {
    let mut page = Page::in_chat(1);
    page.send("a");
    page.frame(&ServerFrame::Unsubscribed(Unsubscribed { chat_id: CHAT, code: 4003, reason: "left".into() }));
    assert_eq!(page.shown(), ["m1", "a: failed"]);
    assert!(!page.client.chat(CHAT).unwrap().is_writable());
    page.send("b");
    assert_eq!(page.shown(), ["m1", "a: failed", "b: failed"]);
    page.frame(&ServerFrame::ChatAdded(ChatAdded { chat: chat(1, 1) }));
    page.subscribed(1, false);
    page.give(Input::Retry { client_id: id("a") });
    assert_eq!(page.sent(), ["a", "subscribe 1", "a"]);
}

#[test]
fn a_chat_that_is_not_in_the_list_goes_unless_it_came_meanwhile() {
    let mut page = Page::in_chat(1);
    page.give(Input::OpenChat(None));
    page.close(1012);
    page.pass(5_000);
    page.welcome();
    page.frame(&ServerFrame::ChatAdded(ChatAdded { chat: chat(2, 0) }));
    page.list(Vec::new());
    let ids: Vec<ChatId> = page.client.chats().iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, [ChatId(2)]);
}

#[test]
fn loads_that_fail_are_tried_again_and_a_401_asks_to_sign_in() {
    let mut page = Page::new();
    let ticket = page.client.list.request.unwrap();
    let error = LoadError::Temporary { detail: "Busy.".into() };
    page.give(Input::ChatsFailed { ticket, error });
    assert_eq!(page.client.chats_failed(), Some("Busy."));
    page.effects.clear();
    page.pass(1_000);
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::LoadChats { .. })));
    page.list(vec![chat(1, 1)]);
    page.give(Input::OpenChat(Some(CHAT)));
    let request = page.last_request();
    page.give(Input::HistoryFailed { request, error: LoadError::Temporary { detail: "Busy.".into() } });
    assert_eq!(page.client.history(CHAT).failed.as_deref(), Some("Busy."));
    page.pass(1_000);
    let request = page.last_request();
    page.give(Input::HistoryFailed { request, error: LoadError::Unauthorized });
    assert!(matches!(page.client.link(), LinkState::SignedOut { reason: Some(_) }));
}

#[test]
fn reading_is_told_once_and_again_after_a_reconnect_that_lost_it() {
    let mut page = Page::in_chat(2);
    assert_eq!(page.client.chat(CHAT).unwrap().unread(), 2);
    page.give(Input::SeenBottom { chat: CHAT });
    page.give(Input::SeenBottom { chat: CHAT });
    assert_eq!(page.client.chat(CHAT).unwrap().unread(), 0);
    let read = r#"{"type":"read","chat_id":1,"seq":2}"#;
    assert_eq!(page.sent(), [read]);
    page.close(1012);
    page.pass(5_000);
    page.welcome();
    page.subscribed(2, false);
    assert_eq!(page.sent(), ["subscribe 2", read]);
    page.frame(&ServerFrame::Read(ReadPosition { chat_id: CHAT, user_id: UserId(1), seq: Seq(2) }));
    page.event(bens(3, "m3"));
    assert_eq!(page.client.chat(CHAT).unwrap().unread(), 1);
    page.close(1012);
    page.pass(5_000);
    page.welcome();
    page.subscribed(3, false);
    assert_eq!(page.sent(), ["subscribe 3"]);
}

#[test]
fn who_writes_is_shown_for_a_while_and_who_read_too() {
    let mut page = Page::in_chat(0);
    page.frame(&ServerFrame::Typing(TypingNotice { chat_id: CHAT, user_id: UserId(2) }));
    page.frame(&ServerFrame::Typing(TypingNotice { chat_id: CHAT, user_id: UserId(1) }));
    assert_eq!(page.client.typing(CHAT), [&ben()]);
    page.pass(5_000);
    assert!(page.client.typing(CHAT).is_empty());
    page.give(Input::Typing { chat: CHAT });
    page.give(Input::Typing { chat: CHAT });
    assert_eq!(page.sent(), [r#"{"type":"typing","chat_id":1}"#]);
    page.send("a");
    page.event(mine(1, "a"));
    page.frame(&ServerFrame::Read(ReadPosition { chat_id: CHAT, user_id: UserId(2), seq: Seq(1) }));
    assert_eq!(page.shown(), ["a: read"]);
}

#[test]
fn the_banner_counts_down_and_says_what_waits() {
    let mut page = Page::in_chat(0);
    page.frame(&ServerFrame::GoAway(GoAway { retry_after_ms: 2_500 }));
    page.close(1012);
    page.send("a");
    page.effects.clear();
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(page.client.banner(page.now).unwrap().what);
        page.pass(1_000);
    }
    let in_seconds = |n| format!("The server restarts. Reconnecting in {n} s.");
    assert_eq!(lines, [in_seconds(4), in_seconds(3), in_seconds(2)]);
    let ticks = page.effects.iter().filter(|effect| **effect == Effect::Changed(Scope::Link)).count();
    assert_eq!(ticks, 3);
    page.pass(500);
    assert!(page.effects.contains(&Effect::Connect(Connection(2))));
    page.effects.clear();
    page.welcome();
    assert!(page.effects.contains(&Effect::Announce("Connected again.".into())));
    assert_eq!(page.client.banner(page.now), None);
}
