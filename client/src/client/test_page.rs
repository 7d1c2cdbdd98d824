//! A page under test and the frames that a server would send it.

use causerie_protocol::rest::{Chat, ChatKind, ChatRole, ChatStatus, Participant};
use causerie_protocol::server_frame::{Ack, ErrorReply, Subscribed, Welcome};
use causerie_protocol::{
    ChatSettings, ClientFrame, ClientId, ErrorCode, Event, Message, MessageId, MessageText, ServerFrame,
    Timestamp, UserId,
};

use crate::client::*;
use crate::input::{HistoryRequest, LoadError};

pub(super) const CHAT: ChatId = ChatId(1);

/// A page under test, with its effects since they were last taken.
pub(super) struct Page {
    pub(super) client: Client,
    pub(super) now: Millis,
    pub(super) effects: Vec<Effect>,
}

impl Page {
    /// A page that is signed in as Ana and not connected.
    pub(super) fn new() -> Self {
        let mut page = Self { client: Client::new(1_000), now: 1_000, effects: Vec::new() };
        page.give(Input::SignedIn { user: ana() });
        page
    }

    /// A page that is online and follows the chat, whose log holds `head` messages of Ben; it is open and loaded.
    pub(super) fn in_chat(head: u64) -> Self {
        let mut page = Self::new();
        page.list(vec![chat(1, head)]);
        page.welcome();
        page.list(vec![chat(1, head)]);
        page.subscribed(head, false);
        page.list(vec![chat(1, head)]);
        page.give(Input::OpenChat(Some(CHAT)));
        page.history((1..=head).map(|seq| bens(seq, &format!("m{seq}"))).collect(), false);
        page.effects.clear();
        page
    }

    pub(super) fn give(&mut self, input: Input) {
        self.effects.extend(self.client.handle(input, self.now, 0.5));
        assert!(self.client.next_deadline().is_none_or(|due| due > self.now), "a deadline in the past");
    }

    /// Lets time pass, ticking at every deadline on the way.
    pub(super) fn pass(&mut self, ms: Millis) {
        let end = self.now + ms;
        while let Some(due) = self.client.next_deadline().filter(|due| *due <= end) {
            self.now = due;
            self.give(Input::Tick);
        }
        self.now = end;
    }

    pub(super) fn connection(&self) -> ConnectionId {
        (1..100).map(ConnectionId).find(|one| self.client.connection.is_current(*one)).expect("no socket")
    }

    pub(super) fn frame(&mut self, frame: &ServerFrame) {
        self.raw(&frame.encode());
    }

    pub(super) fn raw(&mut self, text: &str) {
        self.give(Input::Socket(self.connection(), SocketInput::Frame(text.to_owned())));
    }

    pub(super) fn event(&mut self, message: Message) {
        self.frame(&ServerFrame::Event(Event::Message(message)));
    }

    pub(super) fn close(&mut self, code: u16) {
        self.give(Input::Socket(self.connection(), SocketInput::Closed { code, reason: String::new() }));
    }

    pub(super) fn welcome(&mut self) {
        self.welcome_at(at(0));
    }

    /// The server's `welcome`, by its clock.
    pub(super) fn welcome_at(&mut self, server_time: Timestamp) {
        self.welcome_with(Limits::default(), server_time);
    }

    /// A `welcome` that lets the socket follow so many chats.
    pub(super) fn welcome_for(&mut self, subscriptions: usize) {
        self.welcome_with(Limits { subscriptions, ..Limits::default() }, at(0));
    }

    fn welcome_with(&mut self, limits: Limits, server_time: Timestamp) {
        self.give(Input::Socket(self.connection(), SocketInput::Opened));
        self.frame(&ServerFrame::Welcome(Welcome {
            user: ana(),
            version: 1,
            limits,
            heartbeat_seconds: 25,
            server_time,
            blocked: Vec::new(),
        }));
    }

    /// The chats of `subscribe` frames, and as negative numbers those of `unsubscribe` frames, in order, since the
    /// effects were last taken.
    pub(super) fn subscriptions(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.effects)
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::SendFrame(_, frame) => ClientFrame::decode(&frame).ok(),
                _ => None,
            })
            .filter_map(|frame| match frame {
                ClientFrame::Subscribe { chat_id, .. } => Some(chat_id.0),
                ClientFrame::Unsubscribe { chat_id } => Some(-chat_id.0),
                _ => None,
            })
            .collect()
    }

    pub(super) fn follows(&mut self, chat: i64, head: u64) {
        self.frame(&ServerFrame::Subscribed(Subscribed {
            chat_id: ChatId(chat),
            epoch: Epoch("e".into()),
            head: Seq(head),
            reset: false,
        }));
    }

    pub(super) fn subscribed(&mut self, head: u64, reset: bool) {
        let epoch = Epoch("e".into());
        self.frame(&ServerFrame::Subscribed(Subscribed { chat_id: CHAT, epoch, head: Seq(head), reset }));
    }

    /// Answers the last request for the list, if there is one that waits.
    pub(super) fn list(&mut self, chats: Vec<Chat>) {
        self.page_of_list(chats, false);
    }

    /// As [`Page::list`], for a page that may not be the last.
    pub(super) fn page_of_list(&mut self, chats: Vec<Chat>, has_more: bool) {
        let ticket = self.client.list_loading.request.expect("the list was not asked for");
        self.give(Input::ChatsLoaded { ticket, chats, has_more });
    }

    /// The last request for a chat, with its ticket.
    pub(super) fn fetch(&self) -> Option<(u64, ChatId)> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::LoadChat { ticket, chat } => Some((*ticket, *chat)),
            _ => None,
        })
    }

    /// Answers the last request for one chat, which must be for this one.
    pub(super) fn fetched_for(&mut self, chat: i64, answer: Result<Chat, LoadError>) {
        assert_eq!(self.fetch().map(|(_, asked)| asked), Some(ChatId(chat)));
        self.fetched(answer);
    }

    /// Answers the last request for one chat.
    pub(super) fn fetched(&mut self, answer: Result<Chat, LoadError>) {
        let (ticket, _) = self.fetch().expect("no chat was asked for");
        self.give(Input::ChatFetched { ticket, answer: answer.map(Box::new) });
    }

    pub(super) fn history(&mut self, messages: Vec<Message>, has_older: bool) {
        let request = self.last_request();
        self.give(Input::HistoryLoaded { request, messages, has_older, has_newer: false });
    }

    pub(super) fn last_request(&self) -> HistoryRequest {
        let mut requests = self.effects.iter().filter_map(|effect| match effect {
            Effect::LoadHistory(request) => Some(*request),
            _ => None,
        });
        requests.next_back().expect("no history was asked for")
    }

    pub(super) fn send(&mut self, name: &str) {
        let text = MessageText::new(name).unwrap();
        self.give(Input::Send { chat: CHAT, text, client_id: id(name), reply_to: None, plain: false });
    }

    pub(super) fn ack(&mut self, name: &str, seq: u64) {
        self.frame(&ServerFrame::Ack(Ack {
            client_id: id(name),
            chat_id: CHAT,
            id: MessageId(seq.cast_signed()),
            seq: Seq(seq),
            sent_at: at(seq),
            duplicate: false,
        }));
    }

    pub(super) fn refuse(&mut self, name: &str, code: ErrorCode, retry_after_ms: Option<u64>) {
        self.frame(&ServerFrame::Error(ErrorReply {
            code,
            detail: "No.".into(),
            client_id: Some(id(name)),
            chat_id: Some(CHAT),
            retry_after_ms,
        }));
    }

    /// The frames that were sent since the effects were last taken: texts of messages, and other frames as JSON.
    pub(super) fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.effects)
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::SendFrame(_, frame) => Some(frame),
                _ => None,
            })
            .map(|frame| match ClientFrame::decode(&frame).expect("what is sent can be decoded") {
                ClientFrame::Message { text, .. } => text.into_string(),
                ClientFrame::Subscribe { after, .. } => format!("subscribe {}", after.unwrap_or_default()),
                _ => frame,
            })
            .collect()
    }

    /// The rows as "text" or "text: state".
    pub(super) fn shown(&self) -> Vec<String> {
        let words = |row| match row {
            Row::Message(row) => match row.state {
                RowState::Sent => row.text,
                RowState::Failed { .. } => format!("{}: failed", row.text),
                state => format!("{}: {state:?}", row.text).to_lowercase(),
            },
            Row::System(_) => "line".to_owned(),
        };
        self.client.rows(CHAT).into_iter().map(words).collect()
    }

    pub(super) fn forgotten(&self, name: &str) -> usize {
        self.effects.iter().filter(|effect| **effect == Effect::ForgetPending(id(name))).count()
    }
}

pub(super) fn id(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

pub(super) fn at(seq: u64) -> Timestamp {
    Timestamp(format!("t{seq:03}"))
}

pub(super) fn ana() -> User {
    User { id: UserId(1), email: None, name: "Ana".into() }
}

pub(super) fn ben() -> User {
    User { id: UserId(2), email: None, name: "Ben".into() }
}

pub(super) fn bens(seq: u64, text: &str) -> Message {
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
        reactions: Vec::new(),
        reply_to: None,
        spans: Vec::new(),
        plain: false,
    }
}

pub(super) fn mine(seq: u64, name: &str) -> Message {
    Message { sender: ana(), client_id: Some(id(name)), ..bens(seq, name) }
}

pub(super) fn chat(chat: i64, head: u64) -> Chat {
    let participant =
        |user| Participant { user, read_seq: Seq(0), online: false, role: ChatRole::Member, blocked: false };
    Chat {
        id: ChatId(chat),
        kind: ChatKind::Direct,
        status: ChatStatus::Active,
        title: None,
        participants: vec![participant(ana()), participant(ben())],
        participant_count: 2,
        head: Seq(head),
        epoch: Epoch("e".into()),
        read_seq: Seq(0),
        unread: head,
        last_message: (head > 0).then(|| bens(head, "last")),
        created_at: at(0),
        updated_at: at(head),
        sort_key: Some(MessageId(head.cast_signed())),
        hides_past: false,
        requested_by: None,
        settings: ChatSettings::default(),
        pinned: Vec::new(),
    }
}

pub(super) fn stored(name: &str, created_ms: Millis) -> PendingMessage {
    PendingMessage {
        client_id: id(name),
        owner: UserId(1),
        chat_id: CHAT,
        text: MessageText::new(name).unwrap(),
        reply_to: None,
        plain: false,
        created_ms,
        failed: None,
    }
}

pub(super) fn other_persons() -> PendingMessage {
    PendingMessage { owner: UserId(9), ..stored("z", 1) }
}
