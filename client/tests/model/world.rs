//! Pages, sockets and a clock around the model server, moved one small step at a time.

use std::collections::VecDeque;

use causerie_client::reactions::Request as Reaction;
use causerie_client::{ChangeError, Client, ConnectionId, Effect, Input, LoadError, Millis, SocketInput};
use causerie_protocol::event::Original;
use causerie_protocol::{ChatId, ClientFrame, ClientId, Event, MessageText, Seq, ServerFrame, User, UserId};

use crate::page::{Page, Request};
use crate::server::{CHATS, Down, Fault, Server, Sockets, can_be_lost};
use crate::step::Step;

/// The model server, the pages, and the network between them.
pub struct World {
    /// The model server.
    pub server: Server,
    /// All pages: two of Ana's devices and one of Ben's.
    pub pages: Vec<Page>,
    sockets: Sockets,
    now: Millis,
    away: bool,
    random: u64,
}

impl World {
    /// Three pages that were just opened.
    pub fn new(fault: Fault, seed: u64) -> Self {
        let user = |id, name: &str| User { id: UserId(id), email: None, name: name.into() };
        let users = vec![user(1, "ana"), user(2, "ben")];
        let seats = [0, 0, 1];
        // In some runs a socket can't follow all chats.
        let subscriptions = if seed.is_multiple_of(3) { 2 } else { 1_000 };
        let mut world = Self {
            server: Server::new(users.clone(), fault, subscriptions),
            pages: Vec::new(),
            sockets: Sockets::new(),
            now: 1_000_000,
            away: false,
            random: seed,
        };
        for seat in seats {
            world.pages.push(Page::new(users[seat].clone(), world.now));
        }
        for page in 0..world.pages.len() {
            world.start(page);
        }
        world
    }

    /// Does one step.
    pub fn step(&mut self, step: &Step) {
        match *step {
            Step::Send { page, chat } => self.send(page, CHATS[chat], None),
            Step::Reply { page, nth } => self.reply(page, nth),
            Step::Jump { page, seq } => {
                if let Some(chat) = self.pages[page].client.open_chat() {
                    self.give(page, Input::Jump { chat, seq: Seq(seq) });
                }
            }
            Step::Latest { page } => {
                if let Some(chat) = self.pages[page].client.open_chat() {
                    self.give(page, Input::ToLatest { chat });
                }
            }
            Step::Newer { page } => {
                if let Some(chat) = self.pages[page].client.open_chat() {
                    self.give(page, Input::LoadNewer { chat });
                }
            }
            Step::Open { page, chat } => self.give(page, Input::OpenChat(Some(CHATS[chat]))),
            Step::Older { page } => {
                if let Some(chat) = self.pages[page].client.open_chat() {
                    self.give(page, Input::LoadOlder { chat });
                }
            }
            Step::Seen { page } => {
                if let Some(chat) = self.pages[page].client.open_chat() {
                    self.give(page, Input::SeenBottom { chat });
                }
            }
            Step::Retry { page } => self.retry(page),
            Step::Delete { page } => self.delete(page),
            Step::Reload { page } => self.reload(page),
            Step::Change { chat, nth, delete } => {
                let content = (!delete).then(|| format!("edit {}", self.server.logs[&CHATS[chat]].len()));
                self.server.change(&mut self.sockets, CHATS[chat], nth, content);
            }
            Step::React { page, nth, emoji, on } => self.react(page, nth, ["a", "b"][emoji], on),
            Step::Unknown { chat } => self.server.unknown(&mut self.sockets, CHATS[chat]),
            Step::Up { page, count } => (0..count).for_each(|_| self.up(page)),
            Step::Down { page, count } => (0..count).for_each(|_| self.down(page)),
            Step::Lose { page, nth } => {
                if let Some(down) = self.queue(page)
                    && nth < down.len()
                    && matches!(&down[nth], Down::Frame(frame) if can_be_lost(frame))
                {
                    down.remove(nth);
                }
            }
            Step::Swap { page, nth } => {
                if let Some(down) = self.queue(page)
                    && nth > 0
                    && nth + 1 < down.len()
                    && matches!((&down[nth], &down[nth + 1]), (Down::Frame(_), Down::Frame(_)))
                {
                    down.swap(nth, nth + 1);
                }
            }
            Step::Cut { page, told } => self.cut(page, told.then_some(1006)),
            Step::Late => {
                let late = self.sockets.iter().find(|(_, socket)| socket.dead && !socket.up.is_empty());
                if let Some(key) = late.map(|(key, _)| *key) {
                    self.server.serve(&mut self.sockets, key);
                }
            }
            Step::Answer { page } => self.answer(page),
            Step::Arrive { page, fails } => self.arrive(page, fails),
            Step::Restart { away } => {
                self.away = away;
                (0..self.pages.len()).for_each(|page| self.cut(page, Some(1012)));
            }
            Step::NewEpoch => {
                // The epoch changes only while no page is connected.
                (0..self.pages.len()).for_each(|page| self.cut(page, Some(1012)));
                self.server.epoch += 1;
            }
            Step::Busy { count } => self.server.busy = count,
            Step::Refuse { count } => self.server.refusing = count,
            Step::SignOut { page, back } => {
                self.cut(page, Some(4001));
                if back {
                    self.down(page);
                    self.start(page);
                }
            }
            Step::Network { page, online } => {
                self.pages[page].offline = !online;
                self.give(page, Input::Network(online));
            }
            Step::Woke { page } => self.give(page, Input::PageShown),
            Step::Pass { ms } => self.pass(ms),
            Step::Ping => self.ping(),
        }
    }

    /// Ends all faults and lets everything arrive for a second.
    pub fn calm(&mut self, round: usize) {
        self.server.busy = 0;
        self.server.refusing = 0;
        self.away = false;
        for page in 0..self.pages.len() {
            // Only a device without a network gets this input: it leads to a probe, which reveals missing events before
            // the heartbeat does.
            if std::mem::take(&mut self.pages[page].offline) {
                self.give(page, Input::Network(true));
            }
            if matches!(
                self.pages[page].client.connection(),
                causerie_client::ConnectionState::SignedOut { .. }
            ) {
                self.start(page);
            }
        }
        while !self.is_idle() {
            self.step(&Step::Late);
            for page in 0..self.pages.len() {
                self.up(page);
                self.down(page);
                self.answer(page);
                self.arrive(page, false);
            }
        }
        if round.is_multiple_of(20) {
            self.ping();
        }
        self.pass(1_000);
    }

    /// Whether nothing is in flight that can still arrive.
    fn is_idle(&self) -> bool {
        let current = |key: &(usize, u64)| self.pages[key.0].socket == Some(key.1);
        self.sockets
            .iter()
            .all(|(key, socket)| socket.up.is_empty() && (socket.down.is_empty() || !current(key)))
            && self.pages.iter().all(|page| page.requests.is_empty() && page.answers.is_empty())
    }

    /// Opens a chat on every page and scrolls to its beginning.
    pub fn look_at_all_of(&mut self, chat: ChatId) {
        for page in 0..self.pages.len() {
            self.give(page, Input::ToLatest { chat });
            self.give(page, Input::OpenChat(Some(chat)));
            for _ in 0..200 {
                while !self.pages[page].requests.is_empty() || !self.pages[page].answers.is_empty() {
                    self.answer(page);
                    self.arrive(page, false);
                }
                if !self.pages[page].client.history(chat).has_older {
                    break;
                }
                self.give(page, Input::LoadOlder { chat });
            }
        }
    }

    fn give(&mut self, page: usize, input: Input) {
        // A small generator of its own (Knuth's MMIX constants), so that a seed gives the same run everywhere.
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "a random number in 0..1 needs no more than 52 bits")]
        let random = (self.random >> 12) as f64 / (1_u64 << 52) as f64;
        let effects = self.pages[page].client.handle(input, self.now, random);
        for effect in effects {
            self.carry_out(page, effect);
        }
    }

    fn carry_out(&mut self, page: usize, effect: Effect) {
        let at = &mut self.pages[page];
        match effect {
            Effect::Connect(ConnectionId(name)) => {
                let mut socket = self.server.accept(&at.user);
                if self.away {
                    socket.down = VecDeque::from([Down::Close(1006)]);
                    socket.dead = true;
                }
                at.socket = Some(name);
                self.sockets.insert((page, name), socket);
            }
            Effect::Disconnect(ConnectionId(name)) => {
                if let Some(socket) = self.sockets.get_mut(&(page, name)) {
                    socket.dead = true;
                    socket.down.clear();
                }
            }
            Effect::SendFrame(ConnectionId(name), text) => {
                let mut frame = ClientFrame::decode(&text).expect("what is sent can be decoded");
                if let ClientFrame::Message { client_id: Some(client_id), .. } = &mut frame {
                    let again = !at.sent_once.insert(client_id.clone());
                    if again && self.server.fault == Fault::NewNameForRepeat {
                        *client_id = ClientId::new(format!("{client_id}+")).expect("short and visible");
                    }
                    if self.server.fault == Fault::ForgetsTooEarly {
                        at.storage.remove(client_id);
                    }
                }
                if let Some(socket) = self.sockets.get_mut(&(page, name)).filter(|socket| !socket.dead) {
                    socket.up.push_back(frame);
                }
            }
            Effect::LoadChats { ticket, before } => at.requests.push_back(Request::Chats(ticket, before)),
            Effect::LoadChat { ticket, chat } => at.requests.push_back(Request::Chat(ticket, chat)),
            Effect::LoadHistory(request) => at.requests.push_back(Request::History(request)),
            Effect::React(request) => at.requests.push_back(Request::React(request)),
            Effect::StorePending(message) => {
                at.storage.insert(message.client_id.clone(), message);
            }
            Effect::ForgetPending(client_id) => {
                at.storage.remove(&client_id);
            }
            // Nobody here sets anything of a chat, so none is pinned.
            Effect::SetChat { .. }
            | Effect::LoadPinned
            | Effect::Announce(_)
            | Effect::AskSignIn { .. }
            | Effect::Delete { .. }
            | Effect::StoreChange(_)
            | Effect::ForgetChange(_)
            | Effect::Changed(_) => {}
        }
    }

    fn start(&mut self, page: usize) {
        let user = self.pages[page].user.clone();
        self.give(page, Input::SignedIn { user });
    }

    fn send(&mut self, page: usize, chat: ChatId, reply_to: Option<Original>) {
        self.now += 1;
        let at = &mut self.pages[page];
        at.count += 1;
        let name = format!("p{page}-{}", at.count);
        let client_id = ClientId::new(name.clone()).expect("short and visible");
        let text = MessageText::new(name).expect("not blank");
        at.intents.entry(chat).or_default().push(client_id.clone());
        self.give(page, Input::Send { chat, text, client_id, reply_to, plain: false });
    }

    /// Replies to the nth message from the end of what a page shows of its open chat.
    fn reply(&mut self, page: usize, nth: usize) {
        let client = &self.pages[page].client;
        let Some(chat) = client.open_chat() else { return };
        let shown = client.rows(chat).into_iter().rev().filter_map(|row| match row {
            causerie_client::Row::Message(row) => row.seq,
            causerie_client::Row::System(_) => None,
        });
        let original = shown.take(nth + 1).last().and_then(|seq| client.original(chat, seq));
        if original.is_some() {
            self.send(page, chat, original);
        }
    }

    fn react(&mut self, page: usize, nth: usize, emoji: &str, on: bool) {
        let client = &self.pages[page].client;
        let Some(chat) = client.open_chat() else { return };
        let shown = client.rows(chat).into_iter().rev().filter_map(|row| match row {
            causerie_client::Row::Message(row) => row.id,
            causerie_client::Row::System(_) => None,
        });
        if let Some(message) = shown.take(nth + 1).last() {
            self.give(page, Input::React { chat, message, emoji: emoji.to_owned(), on });
        }
    }

    fn retry(&mut self, page: usize) {
        self.now += 1;
        let Some(message) = self.pages[page].client.failed().next().cloned() else { return };
        let before = self.pages[page].storage.clone();
        self.give(page, Input::Retry { client_id: message.client_id.clone() });
        self.pages[page].tried_again(&message, &before);
    }

    fn delete(&mut self, page: usize) {
        let Some(message) = self.pages[page].storage.values().next().cloned() else { return };
        self.give(page, Input::DeleteUnsent { client_id: message.client_id.clone() });
        if !self.pages[page].storage.contains_key(&message.client_id)
            && let Some(intents) = self.pages[page].intents.get_mut(&message.chat_id)
        {
            intents.retain(|client_id| *client_id != message.client_id);
        }
    }

    fn reload(&mut self, page: usize) {
        self.cut(page, None);
        let open = self.pages[page].client.open_chat();
        let at = &mut self.pages[page];
        // A new page counts its connection ids from the start again, so those of the old page get other keys.
        let used = at.socket.take().unwrap_or(0);
        for name in 0..=used {
            if let Some(socket) = self.sockets.remove(&(page, name)) {
                self.sockets.insert((page, name + 1_000_000 * (1 + self.now)), socket);
            }
        }
        let at = &mut self.pages[page];
        at.client = Client::new(self.now);
        at.requests.clear();
        at.answers.clear();
        at.naive.clear();
        at.offline = false;
        let stored = at.storage.values().cloned().collect();
        self.now += 1;
        self.start(page);
        self.give(page, Input::OutboxRestored(stored));
        self.give(page, Input::OpenChat(open));
    }

    fn key(&self, page: usize) -> Option<(usize, u64)> {
        let key = (page, self.pages[page].socket?);
        self.sockets.contains_key(&key).then_some(key)
    }

    fn queue(&mut self, page: usize) -> Option<&mut VecDeque<Down>> {
        let key = self.key(page)?;
        self.sockets.get_mut(&key).map(|socket| &mut socket.down)
    }

    fn up(&mut self, page: usize) {
        if let Some(key) = self.key(page) {
            self.server.serve(&mut self.sockets, key);
        }
    }

    fn down(&mut self, page: usize) {
        let Some(key) = self.key(page) else { return };
        let Some(down) = self.sockets.get_mut(&key).and_then(|socket| socket.down.pop_front()) else {
            return;
        };
        let input = match down {
            Down::Frame(frame) => {
                if let ServerFrame::Event(Event::Message(message)) = &*frame {
                    self.naive(page, message.chat_id, message.seq);
                }
                SocketInput::Frame(frame.encode())
            }
            Down::Close(code) => SocketInput::Closed { code, reason: String::new() },
        };
        self.give(page, Input::Socket(ConnectionId(key.1), input));
    }

    fn naive(&mut self, page: usize, chat: ChatId, seq: Seq) {
        let shown = self.pages[page].naive.entry(chat).or_default();
        if !shown.contains(&seq) {
            shown.push(seq);
        }
    }

    fn cut(&mut self, page: usize, told: Option<u16>) {
        let Some(key) = self.key(page) else { return };
        let Some(socket) = self.sockets.get_mut(&key).filter(|socket| !socket.dead) else { return };
        socket.dead = true;
        socket.follows.clear();
        socket.down = told.map(Down::Close).into_iter().collect();
    }

    fn answer(&mut self, page: usize) {
        let at = &mut self.pages[page];
        if self.away {
            return;
        }
        let answer = match at.requests.pop_front() {
            None => return,
            Some(Request::Chats(ticket, before)) => {
                let (chats, has_more) = self.server.chats(at.user.id, before);
                Input::ChatsLoaded { ticket, chats, has_more }
            }
            Some(Request::Chat(ticket, chat)) => {
                let chat = self.server.chat(chat, at.user.id);
                Input::ChatFetched { ticket, answer: Ok(Box::new(chat)) }
            }
            Some(Request::History(request)) => {
                let (messages, has_older, has_newer) = self.server.history(request.chat, request.place);
                Input::HistoryLoaded { request, messages, has_older, has_newer }
            }
            Some(Request::React(Reaction { ticket, message, emoji, on })) => {
                let user = at.user.clone();
                let answer = self.server.react(&mut self.sockets, &user, message, &emoji, on);
                Input::ReactionAnswered { ticket, answer }
            }
        };
        let at = &mut self.pages[page];
        at.answers.push_back(answer);
    }

    fn arrive(&mut self, page: usize, fails: bool) {
        let Some(answer) = self.pages[page].answers.pop_front() else { return };
        let error = LoadError::Temporary { detail: "Lost.".into() };
        let answer = match answer {
            Input::ChatsLoaded { ticket, .. } if fails => Input::ChatsFailed { ticket, error },
            Input::ChatFetched { ticket, .. } if fails => Input::ChatFetched { ticket, answer: Err(error) },
            Input::HistoryLoaded { request, .. } if fails => Input::HistoryFailed { request, error },
            Input::ReactionAnswered { ticket, .. } if fails => {
                Input::ReactionAnswered { ticket, answer: Err(ChangeError::Temporary) }
            }
            answer => answer,
        };
        self.give(page, answer);
    }

    fn pass(&mut self, ms: Millis) {
        let end = self.now + ms;
        loop {
            let due = (0..self.pages.len())
                .filter_map(|page| Some((self.pages[page].client.next_deadline()?, page)))
                .filter(|(due, _)| *due <= end)
                .min();
            let Some((due, page)) = due else { break };
            self.now = self.now.max(due);
            self.give(page, Input::Tick);
        }
        self.now = end;
    }

    fn ping(&mut self) {
        for page in 0..self.pages.len() {
            if let Some(key) = self.key(page)
                && let Some(socket) = self.sockets.get_mut(&key).filter(|socket| !socket.dead)
            {
                self.server.ping(socket);
            }
        }
    }
}
