//! A model of the server: a list of events for each chat, idempotency by `client_id`, epochs, subscriptions, and
//! deliberate faults.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use causerie_client::{ChangeError, HistoryPlace};
use causerie_protocol::event::{Deleted, Edited, Original, Reacted};
use causerie_protocol::limits::Limits;
use causerie_protocol::rest::{Chat, ChatCursor, ChatKind, ChatRole, ChatStatus, Participant};
use causerie_protocol::server_frame::{Ack, ErrorReply, Ping, ReadPosition, Subscribed, Welcome};
use causerie_protocol::{
    ChatId, ChatSettings, ClientFrame, ClientId, Epoch, ErrorCode, Event, Message, MessageId, MessageText,
    Seq, ServerFrame, Timestamp, User, UserId,
};

/// The chats; all users are in all of them.
pub const CHATS: [ChatId; 3] = [ChatId(1), ChatId(2), ChatId(3)];
/// How many chats a page of the list has: fewer than there are.
const LIST_PAGE: usize = 2;
/// How many messages a page of history has: few, so that there are older pages.
const PAGE: usize = 4;
/// How many events a `subscribe` replays at most: few, so that resets happen.
const RESUME: u64 = 6;

/// A deliberate fault, which shows that the checks can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server and the pages are correct.
    None,
    /// The server stores a repeated message again.
    NoDedup,
    /// The server acknowledges some messages and does not store them.
    AckWithoutCommit,
    /// The replay lacks the first missed event.
    HoleInReplay,
    /// The page shows every event as it comes, even behind a gap.
    ShowsOverHoles,
    /// The page sends a message again with a new `client_id`.
    NewNameForRepeat,
    /// The page deletes a pending message from its storage when it is sent, and not when it is acknowledged.
    ForgetsTooEarly,
    /// The server accepts a late copy of a message that it has refused.
    ForgetsRefusals,
    /// The server copies what a message replies to when it is sent.
    CopiesOriginals,
}

/// A frame or close in flight to a page.
#[derive(Clone, Debug)]
pub enum Down {
    /// A text frame.
    Frame(Box<ServerFrame>),
    /// The close, with its code.
    Close(u16),
}

/// One socket, with the frames in flight in both directions.
#[derive(Debug)]
pub struct Socket {
    /// Its user.
    pub user: UserId,
    /// The chats to which it is subscribed.
    pub follows: BTreeSet<ChatId>,
    /// Once it has as many subscriptions as it may: the newest message at the ping before the last, and at the last.
    pub newest_seen: Option<(MessageId, MessageId)>,
    /// Frames to the server, which may handle them long after the page has given up the socket.
    pub up: VecDeque<ClientFrame>,
    /// Frames to the page.
    pub down: VecDeque<Down>,
    /// Whether the connection is broken, which the page may not have noticed.
    pub dead: bool,
}

/// The sockets, by the page and the page's connection id.
pub type Sockets = BTreeMap<(usize, u64), Socket>;

/// The model server.
#[derive(Debug)]
pub struct Server {
    /// The log of each chat; the event with seq n is at index n - 1.
    pub logs: BTreeMap<ChatId, Vec<Event>>,
    /// Every message that was acknowledged.
    pub acked: BTreeSet<(ChatId, UserId, ClientId)>,
    /// The number of the epoch.
    pub epoch: u32,
    /// How many of the next requests are refused for now.
    pub busy: u32,
    /// How many of the next messages are refused for good.
    pub refusing: u32,
    /// The deliberate fault.
    pub fault: Fault,
    /// How many subscriptions a socket may have.
    subscriptions: usize,
    names: BTreeMap<(ChatId, UserId, ClientId), Ack>,
    refused: BTreeSet<(ChatId, UserId, ClientId)>,
    reads: BTreeMap<(ChatId, UserId), Seq>,
    users: Vec<User>,
    next_id: i64,
}

impl Server {
    /// A server with empty logs.
    pub fn new(users: Vec<User>, fault: Fault, subscriptions: usize) -> Self {
        Self {
            logs: CHATS.iter().map(|chat| (*chat, Vec::new())).collect(),
            acked: BTreeSet::new(),
            epoch: 1,
            busy: 0,
            refusing: 0,
            fault,
            subscriptions,
            names: BTreeMap::new(),
            refused: BTreeSet::new(),
            reads: BTreeMap::new(),
            users,
            next_id: 1,
        }
    }

    /// Accepts a socket with a valid token.
    pub fn accept(&self, user: &User) -> Socket {
        let welcome = Welcome {
            user: user.clone(),
            version: 1,
            limits: Limits { subscriptions: self.subscriptions, ..Limits::default() },
            heartbeat_seconds: 25,
            server_time: Timestamp("t".into()),
            blocked: Vec::new(),
        };
        Socket {
            user: user.id,
            follows: BTreeSet::new(),
            newest_seen: None,
            up: VecDeque::new(),
            down: VecDeque::from([Down::Frame(Box::new(ServerFrame::Welcome(welcome)))]),
            dead: false,
        }
    }

    /// Handles the next frame of a socket.
    pub fn serve(&mut self, sockets: &mut Sockets, key: (usize, u64)) {
        let Some(socket) = sockets.get_mut(&key) else { return };
        let Some(frame) = socket.up.pop_front() else { return };
        let user = socket.user;
        match frame {
            ClientFrame::Message { text, client_id, chat_id, reply_to, .. } => {
                let (Some(client_id), Some(chat)) = (client_id, chat_id) else { return };
                let answer = self.message(sockets, user, chat, client_id, text, reply_to);
                push(sockets, key, answer);
            }
            ClientFrame::Subscribe { chat_id, after, epoch } => {
                if !socket.follows.contains(&chat_id) && socket.follows.len() >= self.subscriptions {
                    let full = ErrorReply {
                        code: ErrorCode::TooManySubscriptions,
                        detail: "Full.".into(),
                        client_id: None,
                        chat_id: Some(chat_id),
                        retry_after_ms: None,
                    };
                    return push(sockets, key, ServerFrame::Error(full));
                }
                if socket.newest_seen.is_none() && socket.follows.len() + 1 >= self.subscriptions {
                    let newest = MessageId(self.next_id - 1);
                    socket.newest_seen = Some((newest, newest));
                }
                let frames = self.subscribe(chat_id, after.unwrap_or_default(), epoch);
                if let Some(socket) = sockets.get_mut(&key)
                    && matches!(frames[0], ServerFrame::Subscribed(_))
                {
                    socket.follows.insert(chat_id);
                }
                for frame in frames {
                    push(sockets, key, frame);
                }
            }
            ClientFrame::Read { chat_id: Some(chat_id), seq } => {
                let head = Seq(self.logs[&chat_id].len() as u64);
                let read = self.reads.entry((chat_id, user)).or_default();
                *read = (*read).max(seq.min(head));
                let notice = ReadPosition { chat_id, user_id: user, seq: *read };
                for socket in sockets.values_mut().filter(|socket| socket.follows.contains(&chat_id)) {
                    socket.down.push_back(Down::Frame(Box::new(ServerFrame::Read(notice.clone()))));
                }
            }
            ClientFrame::Unsubscribe { chat_id } => {
                if let Some(socket) = sockets.get_mut(&key) {
                    socket.follows.remove(&chat_id);
                }
            }
            ClientFrame::Read { .. }
            | ClientFrame::Typing { .. }
            | ClientFrame::Pong { .. }
            | ClientFrame::Ping { .. } => {}
        }
    }

    /// Edits the nth message, or deletes it when `content` is none.
    pub fn change(&mut self, sockets: &mut Sockets, chat: ChatId, nth: usize, content: Option<String>) {
        let alive: Vec<Message> =
            self.messages(chat).into_iter().filter(|message| message.deleted_at.is_none()).collect();
        if alive.is_empty() {
            return;
        }
        let id = alive[nth % alive.len()].id;
        let seq = Seq(self.logs[&chat].len() as u64 + 1);
        let at = Timestamp(format!("t{:06}", seq.0));
        let event = match content {
            Some(content) => Event::Edited(Edited {
                chat_id: chat,
                seq,
                id,
                content,
                edited_at: at,
                spans: Vec::new(),
                plain: false,
            }),
            None => {
                // A deletion also removes the text from the log.
                for event in self.logs.get_mut(&chat).expect("all chats exist") {
                    match event {
                        Event::Message(message) if message.id == id => {
                            message.content.clear();
                            message.deleted_at = Some(at.clone());
                        }
                        Event::Edited(edited) if edited.id == id => edited.content.clear(),
                        _ => {}
                    }
                }
                Event::Deleted(Deleted { chat_id: chat, seq, id, deleted_at: at })
            }
        };
        self.append(sockets, chat, &event);
    }

    /// Puts a user's reaction under a message or takes it back, unless it is so or the message is deleted; the position at
    /// which it is so.
    pub fn react(
        &mut self,
        sockets: &mut Sockets,
        me: &User,
        id: MessageId,
        emoji: &str,
        on: bool,
    ) -> Result<Seq, ChangeError> {
        let refused = Err(ChangeError::Refused { detail: "Gone.".into() });
        let found = CHATS.iter().find_map(|chat| {
            self.messages(*chat).into_iter().find(|message| message.id == id).map(|message| (*chat, message))
        });
        let Some((chat, mut message)) = found else { return refused };
        if message.deleted_at.is_some() {
            return refused;
        }
        let head = Seq(self.logs[&chat].len() as u64);
        if !message.react(me.id, emoji, on) {
            return Ok(head);
        }
        let (seq, at, emoji) = (head.next(), Timestamp("t".into()), emoji.to_owned());
        let event = Event::Reacted(Reacted { chat_id: chat, seq, id, user: me.clone(), emoji, on, at });
        self.append(sockets, chat, &event);
        Ok(seq)
    }

    /// Appends an event of a kind that this version of the page does not know.
    pub fn unknown(&mut self, sockets: &mut Sockets, chat: ChatId) {
        let seq = Seq(self.logs[&chat].len() as u64 + 1);
        let data = serde_json::json!({ "chat_id": chat, "seq": seq });
        self.append(sockets, chat, &Event::Unknown { kind: "sticker".into(), chat_id: chat, seq, data });
    }

    /// Sends a heartbeat with the heads of the subscribed chats. On a socket without a free subscription it also has the
    /// heads of other chats with new messages.
    pub fn ping(&self, socket: &mut Socket) {
        let mut told = socket.follows.clone();
        if let Some((before, last)) = socket.newest_seen {
            told.extend(CHATS.iter().filter(|chat| self.sort_key(**chat) > Some(before)));
            socket.newest_seen = Some((last, MessageId(self.next_id - 1)));
        }
        let heads = told.iter().map(|chat| (*chat, Seq(self.logs[chat].len() as u64))).collect();
        socket.down.push_back(Down::Frame(Box::new(ServerFrame::Ping(Ping { t: 1, heads }))));
    }

    /// The messages of a chat with all edits and deletions applied.
    pub fn messages(&self, chat: ChatId) -> Vec<Message> {
        let mut messages: Vec<Message> = Vec::new();
        for event in &self.logs[&chat] {
            let id = match event {
                Event::Message(message) => {
                    messages.push(message.clone());
                    continue;
                }
                Event::Edited(edited) => edited.id,
                Event::Reacted(reacted) => reacted.id,
                _ => continue,
            };
            let changed = messages.iter_mut().find(|message| message.id == id);
            let Some(message) = changed.filter(|message| message.deleted_at.is_none()) else { continue };
            match event {
                Event::Edited(edited) => {
                    message.content.clone_from(&edited.content);
                    message.edited_at = Some(edited.edited_at.clone());
                }
                Event::Reacted(reacted) => {
                    message.react(reacted.user.id, &reacted.emoji, reacted.on);
                }
                _ => {}
            }
        }
        if self.fault != Fault::CopiesOriginals {
            let originals: BTreeMap<Seq, Original> =
                messages.iter().map(|message| (message.seq, Original::of(message))).collect();
            for original in messages.iter_mut().filter_map(|message| message.reply_to.as_mut()) {
                **original = originals[&original.seq].clone();
            }
        }
        messages
    }

    /// A page of history, and whether there are older messages and newer ones.
    pub fn history(&self, chat: ChatId, place: HistoryPlace) -> (Vec<Message>, bool, bool) {
        let mut messages = self.messages(chat);
        let count = |is_in: &dyn Fn(&Message) -> bool| messages.iter().take_while(|one| is_in(one)).count();
        let (from, to) = match place {
            HistoryPlace::Newest => (messages.len().saturating_sub(PAGE), messages.len()),
            HistoryPlace::Before(id) => {
                let end = count(&|message| message.id < id);
                (end.saturating_sub(PAGE), end)
            }
            HistoryPlace::After(seq) => {
                let start = count(&|message| message.seq <= seq);
                (start, messages.len().min(start + PAGE))
            }
            HistoryPlace::Around(seq) => {
                let middle = count(&|message| message.seq <= seq);
                (middle.saturating_sub(PAGE / 2), messages.len().min(middle + PAGE / 2))
            }
        };
        let has_newer = to < messages.len();
        messages.truncate(to);
        (messages.split_off(from), from > 0, has_newer)
    }

    /// A page of the list of chats for a user, and whether more pages follow.
    pub fn chats(&self, me: UserId, before: Option<ChatCursor>) -> (Vec<Chat>, bool) {
        let mut chats: Vec<Chat> = CHATS.iter().map(|chat| self.chat(*chat, me)).collect();
        chats.sort_by_key(|chat| std::cmp::Reverse(chat.cursor()));
        chats.retain(|chat| before.is_none_or(|before| chat.cursor() < before));
        let has_more = chats.len() > LIST_PAGE;
        chats.truncate(LIST_PAGE);
        (chats, has_more)
    }

    /// The newest message of a chat, deleted or not.
    fn sort_key(&self, chat: ChatId) -> Option<MessageId> {
        self.messages(chat).last().map(|message| message.id)
    }

    /// How many messages of others a user has not read.
    pub fn unread(&self, chat: ChatId, me: UserId) -> u64 {
        let read = self.reads.get(&(chat, me)).copied().unwrap_or_default();
        let counts =
            |message: &Message| message.deleted_at.is_none() && message.sender.id != me && message.seq > read;
        self.messages(chat).iter().filter(|message| counts(message)).count() as u64
    }

    /// A chat as the API shows it to a user.
    pub fn chat(&self, chat: ChatId, me: UserId) -> Chat {
        let read = |user: UserId| self.reads.get(&(chat, user)).copied().unwrap_or_default();
        let head = Seq(self.logs[&chat].len() as u64);
        Chat {
            id: chat,
            kind: ChatKind::Group,
            status: ChatStatus::Active,
            title: None,
            participants: self
                .users
                .iter()
                .map(|user| Participant {
                    user: user.clone(),
                    read_seq: read(user.id),
                    online: false,
                    role: ChatRole::Member,
                    blocked: false,
                })
                .collect(),
            participant_count: self.users.len() as u64,
            head,
            epoch: self.epoch_name(),
            read_seq: read(me),
            unread: self.unread(chat, me),
            last_message: self.messages(chat).into_iter().rfind(|message| message.deleted_at.is_none()),
            created_at: Timestamp("t".into()),
            updated_at: Timestamp(format!("t{:06}", head.0)),
            sort_key: self.sort_key(chat),
            hides_past: false,
            requested_by: None,
            settings: ChatSettings::default(),
            pinned: Vec::new(),
        }
    }

    fn epoch_name(&self) -> Epoch {
        Epoch(format!("epoch-{}", self.epoch))
    }

    fn message(
        &mut self,
        sockets: &mut Sockets,
        user: UserId,
        chat: ChatId,
        client_id: ClientId,
        text: MessageText,
        reply_to: Option<Seq>,
    ) -> ServerFrame {
        let error = |code, retry_after_ms| {
            ServerFrame::Error(ErrorReply {
                code,
                detail: "Not now.".into(),
                client_id: Some(client_id.clone()),
                chat_id: Some(chat),
                retry_after_ms,
            })
        };
        if self.busy > 0 {
            self.busy -= 1;
            return error(ErrorCode::Unavailable, self.busy.is_multiple_of(2).then_some(300));
        }
        let name = (chat, user, client_id.clone());
        if let Some(ack) = self.names.get(&name).filter(|_| self.fault != Fault::NoDedup) {
            return ServerFrame::Ack(Ack { duplicate: true, ..ack.clone() });
        }
        if self.refusing > 0 || self.refused.contains(&name) {
            self.refusing = self.refusing.saturating_sub(1);
            if self.fault != Fault::ForgetsRefusals {
                self.refused.insert(name);
            }
            return error(ErrorCode::ChatClosed, None);
        }
        let known = self.messages(chat);
        let original = reply_to.map(|seq| known.iter().find(|message| message.seq == seq).map(Original::of));
        if original == Some(None) {
            self.refused.insert(name);
            return error(ErrorCode::NoSuchOriginal, None);
        }
        let seq = Seq(self.logs[&chat].len() as u64 + 1);
        let id = MessageId(self.next_id);
        self.next_id += 1;
        let sent_at = Timestamp(format!("t{:06}", seq.0));
        let ack = Ack {
            client_id: client_id.clone(),
            chat_id: chat,
            id,
            seq,
            sent_at: sent_at.clone(),
            duplicate: false,
        };
        self.acked.insert(name.clone());
        self.names.insert(name, ack.clone());
        if self.fault == Fault::AckWithoutCommit && id.0 % 3 == 0 {
            return ServerFrame::Ack(ack);
        }
        let sender = self.users.iter().find(|one| one.id == user).expect("sockets are of users").clone();
        let message = Message {
            id,
            chat_id: chat,
            seq,
            sender,
            content: text.into_string(),
            sent_at,
            client_id: Some(client_id),
            edited_at: None,
            deleted_at: None,
            reactions: Vec::new(),
            reply_to: original.flatten().map(Box::new),
            spans: Vec::new(),
            plain: false,
        };
        self.append(sockets, chat, &Event::Message(message));
        ServerFrame::Ack(ack)
    }

    fn subscribe(&mut self, chat: ChatId, after: Seq, epoch: Option<Epoch>) -> Vec<ServerFrame> {
        if self.busy > 0 {
            self.busy -= 1;
            return vec![ServerFrame::Error(ErrorReply {
                code: ErrorCode::Unavailable,
                detail: "Not now.".into(),
                client_id: None,
                chat_id: Some(chat),
                retry_after_ms: Some(200),
            })];
        }
        let log = &self.logs[&chat];
        let head = Seq(log.len() as u64);
        let reset = epoch.is_some_and(|epoch| epoch != self.epoch_name())
            || after > head
            || head.0 - after.0 > RESUME;
        let mut frames = vec![ServerFrame::Subscribed(Subscribed {
            chat_id: chat,
            epoch: self.epoch_name(),
            head,
            reset,
        })];
        if !reset {
            let skip = usize::from(self.fault == Fault::HoleInReplay);
            let missed = log.iter().filter(|event| event.seq() > after).skip(skip);
            frames.extend(missed.cloned().map(|event| ServerFrame::Event(self.as_it_stands(event))));
        }
        frames
    }

    /// An event of the log, with what a message replies to as that stands now.
    fn as_it_stands(&self, event: Event) -> Event {
        match event {
            Event::Message(mut message) if message.reply_to.is_some() => {
                let known = self.messages(message.chat_id).into_iter().find(|one| one.id == message.id);
                message.reply_to = known.and_then(|known| known.reply_to);
                Event::Message(message)
            }
            event => event,
        }
    }

    fn append(&mut self, sockets: &mut Sockets, chat: ChatId, event: &Event) {
        self.logs.get_mut(&chat).expect("all chats exist").push(event.clone());
        for socket in sockets.values_mut().filter(|socket| socket.follows.contains(&chat)) {
            socket.down.push_back(Down::Frame(Box::new(ServerFrame::Event(event.clone()))));
        }
    }
}

fn push(sockets: &mut Sockets, key: (usize, u64), frame: ServerFrame) {
    if let Some(socket) = sockets.get_mut(&key) {
        socket.down.push_back(Down::Frame(Box::new(frame)));
    }
}

/// Whether a client must cope with the loss of this frame alone.
///
/// It need not for a `welcome`, after which nothing would follow; for read positions, which are not in the log; and for
/// pings, since only two of them have the head of a chat without a subscription.
pub fn can_be_lost(frame: &ServerFrame) -> bool {
    !matches!(frame, ServerFrame::Welcome(_) | ServerFrame::Read(_) | ServerFrame::Ping(_))
}
