//! Lists and pages that come by REST, and who is signed in.

use causerie_protocol::rest::{Chat, ChatCursor};
use causerie_protocol::{ChatId, CloseCode, Message, User};
use causerie_texts::say;

use super::fetches::Fetches;
use super::{Client, ListLoad, Room};
use crate::effect::{Effect, Scope};
use crate::input::{HistoryRequest, LoadError};
use crate::outbox::{Outbox, Pending};
use crate::roster::{ChatEntry, Roster, is_partial};
use crate::sorted::SortedSet;
use crate::typing::Typing;
use crate::words;

impl Client {
    pub(super) fn sign_in(&mut self, user: User) {
        if !self.is_me(user.id) {
            self.forget_everything();
        }
        self.me = Some(user);
        let actions = self.link.signed_in(self.now);
        self.act(actions);
        // An answer to the token before is not to be waited for.
        self.list.request = None;
        self.list.again = false;
        self.fetches.ask_again();
        self.request_chats();
    }

    pub(super) fn sign_out(&mut self) {
        let unsent: Vec<_> = self.outbox.entries().map(|entry| entry.message.client_id.clone()).collect();
        self.effects.extend(unsent.into_iter().map(Effect::ForgetPending));
        let actions = self.link.signed_out();
        self.act(actions);
        self.forget_everything();
        self.me = None;
        self.was_lost = false;
    }

    /// Another person, or nobody: nothing of the one before stays.
    pub(super) fn forget_everything(&mut self) {
        for chat in self.roster.ids() {
            self.changed.extend([Scope::Chat(chat), Scope::Timeline(chat), Scope::Typing(chat)]);
        }
        self.changed.insert(Scope::Chats);
        self.rooms.clear();
        self.roster = Roster::default();
        self.outbox = Outbox::default();
        self.typing = Typing::default();
        self.list = ListLoad::default();
        self.fetches = Fetches::default();
    }

    /// Loads the list from its beginning.
    pub(super) fn request_chats(&mut self) {
        if self.me.is_none() {
            return;
        }
        if self.list.request.is_some() {
            self.list.again = true;
            return;
        }
        self.list.count = 0;
        self.load_chats(None);
    }

    fn load_chats(&mut self, before: Option<ChatCursor>) {
        let ticket = self.ticket();
        self.list.request = Some(ticket);
        self.list.before = before;
        self.list.retry_at = None;
        self.list.added.clear();
        self.effects.push(Effect::LoadChats { ticket, before });
    }

    /// The person wants to see more of the list.
    pub(super) fn more_chats(&mut self) {
        self.list.wish = self.list.wish.max(self.list.count + 1);
        if self.list.request.is_none() && self.list.retry_at.is_none() && self.list.next.is_some() {
            self.load_chats(self.list.next);
        }
    }

    pub(super) fn chats_loaded_now(&mut self, ticket: u64, chats: Vec<Chat>, has_more: bool) {
        if self.list.request != Some(ticket) {
            return;
        }
        let added = std::mem::take(&mut self.list.added);
        let listed: SortedSet<ChatId> = chats.iter().map(|chat| chat.id).collect();
        self.list.request = None;
        self.list.failed = None;
        self.list.tries.reset();
        self.list.loaded = true;
        self.list.next = chats.last().map(Chat::cursor).filter(|_| has_more);
        self.list.count += chats.len();
        self.changed.insert(Scope::Chats);
        for chat in chats {
            self.take_chat(chat);
        }
        let caught = std::mem::take(&mut self.list.caught).into_iter();
        self.list.caught = caught.filter(|chat| !listed.contains(chat)).collect();
        let (begin, end) = (self.list.before, self.list.next);
        let is_whole = begin.is_none() && end.is_none();
        for chat in self.roster.ids() {
            let Some(place) = self.roster.get(chat).map(ChatEntry::cursor) else { continue };
            if listed.contains(&chat) || added.contains(&chat) {
                continue;
            }
            if is_whole {
                self.drop_chat(chat);
            } else if begin.is_none_or(|begin| place < begin) && end.is_none_or(|end| place >= end) {
                // It is gone, or it moved while the pages before this one were on their way.
                self.want(chat);
            }
        }
        if std::mem::take(&mut self.list.again) {
            return self.request_chats();
        }
        if let Some(next) = end
            && self.list.count < self.limits.subscriptions.max(self.list.wish)
        {
            return self.load_chats(Some(next));
        }
        for chat in std::mem::take(&mut self.list.caught) {
            if self.rooms.contains_key(&chat) {
                self.want(chat);
            }
        }
        // What of the person's is in no page that came.
        for chat in self.outbox.chats().into_iter().chain(self.open) {
            match self.rooms.contains_key(&chat) {
                true => {}
                false if is_whole => self.fail_untold(chat, words::close(CloseCode::NotParticipant).what),
                false => self.want(chat),
            }
        }
        self.recount();
    }

    /// Looks whether counts of unread messages have to be asked for again.
    pub(super) fn recount(&mut self) {
        if self.roster.unsure().next().is_none() {
            self.list.recount_at = None;
            self.list.recounts.reset();
        } else if self.list.recount_at.is_none() {
            // The server has not heard yet how far this page has read: it is told, and asked again a little later.
            self.list.recount_at = Some(self.now + self.list.recounts.fail(1.0));
        }
    }

    pub(super) fn chats_failed_now(&mut self, ticket: u64, error: LoadError) {
        if self.list.request != Some(ticket) {
            return;
        }
        self.list.request = None;
        if std::mem::take(&mut self.list.again) {
            (self.list.before, self.list.count) = (None, 0);
        }
        let detail = match error {
            LoadError::Unauthorized => return self.token_refused(),
            LoadError::NotFound => say!(NoList).to_owned(),
            LoadError::Temporary { detail } => detail,
        };
        self.list.failed = Some(detail);
        self.list.retry_at = Some(self.now + self.list.tries.fail(self.random).max(1));
        self.changed.insert(Scope::Chats);
    }

    /// There is a chat, perhaps a new one.
    pub(super) fn add_chat(&mut self, chat: Chat) {
        if self.me.is_none() {
            return;
        }
        self.list.added.insert(chat.id);
        self.fetches.came(chat.id);
        self.changed.insert(Scope::Chats);
        self.take_chat(chat);
    }

    pub(super) fn take_chat(&mut self, chat: Chat) {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return };
        let id = chat.id;
        let room =
            self.rooms.get_or_insert_with(id, || Room::new(id, chat.epoch.clone(), chat.head, chat.read_seq));
        room.stream.revive();
        room.stream.unpark();
        if *room.stream.epoch() == chat.epoch {
            room.read_known = room.read_known.max(chat.read_seq);
            room.stream.saw_head(chat.head, self.now);
        }
        let at = room.stream.at();
        // Of a large chat that is open everybody is known, and stays so until all of them come again.
        let keep_people = self.open == Some(id) && is_partial(&chat);
        if keep_people {
            self.want(id);
        }
        self.roster.take(chat, me, at, keep_people);
        self.changed.extend([Scope::Chat(id), Scope::Timeline(id)]);
        if self.open == Some(id) {
            self.load_newest(id);
        }
    }

    /// The chat is not in the list any more.
    pub(super) fn drop_chat(&mut self, chat: ChatId) {
        let words = words::close(CloseCode::NotParticipant);
        self.lose(chat, &format!("{} {}", words.what, words.remedy));
        // It stays for as long as there is something in it that the person must see.
        if self.open != Some(chat) && self.outbox.of(chat).all(Pending::is_acked) {
            self.rooms.remove(&chat);
            self.roster.remove(chat);
        }
    }

    /// The chat can't be followed any more; what was to be sent there fails, at once or when the server says so.
    pub(super) fn lose(&mut self, chat: ChatId, why: &str) {
        if let Some(room) = self.rooms.get_mut(&chat) {
            room.stream.end();
        }
        if let Some(entry) = self.roster.get_mut(chat).filter(|entry| entry.lost.is_none()) {
            entry.lost = Some(why.to_owned());
            self.changed.extend([Scope::Chats, Scope::Chat(chat), Scope::Timeline(chat)]);
        }
        self.fail_untold(chat, why);
    }

    pub(super) fn load_newest(&mut self, chat: ChatId) {
        let ticket = self.ticket();
        if let Some(room) = self.rooms.get_mut(&chat)
            && let Some(request) = room.timeline.load(ticket)
        {
            self.effects.push(Effect::LoadHistory(request));
            self.changed.insert(Scope::Timeline(chat));
        }
    }

    pub(super) fn load_older(&mut self, chat: ChatId) {
        let ticket = self.ticket();
        if let Some(room) = self.rooms.get_mut(&chat)
            && let Some(request) = room.timeline.load_older(ticket)
        {
            self.effects.push(Effect::LoadHistory(request));
            self.changed.insert(Scope::Timeline(chat));
        }
    }

    pub(super) fn history_loaded(
        &mut self,
        request: HistoryRequest,
        messages: Vec<Message>,
        has_older: bool,
    ) {
        let own: Vec<_> = messages
            .iter()
            .filter_map(|message| Some((message.sender.id, message.client_id.clone()?)))
            .collect();
        let Some(room) = self.rooms.get_mut(&request.chat) else { return };
        if !room.timeline.page(request, messages, has_older) {
            return;
        }
        let newest = room.timeline.newest();
        self.changed.insert(Scope::Timeline(request.chat));
        self.outbox.forget_acked(request.chat, Some(newest));
        for (sender, client_id) in own {
            self.resolve_echo(request.chat, sender, &client_id);
        }
    }

    pub(super) fn history_failed(&mut self, request: HistoryRequest, error: &LoadError) {
        let Some(room) = self.rooms.get_mut(&request.chat) else { return };
        let detail = match error {
            LoadError::Temporary { detail } => detail.clone(),
            LoadError::Unauthorized | LoadError::NotFound => {
                words::close(CloseCode::NotParticipant).what.to_owned()
            }
        };
        if !room.timeline.page_failed(request, detail, self.now, self.random) {
            return;
        }
        self.changed.insert(Scope::Timeline(request.chat));
        match error {
            LoadError::Unauthorized => self.token_refused(),
            LoadError::NotFound => {
                let words = words::close(CloseCode::NotParticipant);
                self.lose(request.chat, &format!("{} {}", words.what, words.remedy));
            }
            LoadError::Temporary { .. } => {}
        }
    }

    /// A REST call said that the token is no good.
    pub(super) fn token_refused(&mut self) {
        let actions = self.link.token_refused(words::close(CloseCode::Unauthorized).why.to_owned());
        self.act(actions);
    }

    /// Asks again for what failed and is due.
    pub(super) fn settle_loads(&mut self) {
        if self.me.is_none() || matches!(self.link.state(), crate::LinkState::SignedOut { .. }) {
            return;
        }
        if self.list.retry_at.is_some_and(|at| at <= self.now) {
            self.load_chats(self.list.before);
        }
        let online = self.link.online().is_some();
        if online && self.list.recount_at.take_if(|at| *at <= self.now).is_some() {
            let unsure: Vec<ChatId> = self.roster.unsure().collect();
            unsure.into_iter().for_each(|chat| self.want(chat));
        }
        self.settle_fetches();
        let Some(open) = self.open else { return };
        let due = self.rooms.get(&open).is_some_and(|room| {
            !room.stream.is_ended() && room.timeline.retry_at().is_some_and(|at| at <= self.now)
        });
        if due {
            self.load_again(open);
        }
    }

    /// The server is there again: what failed is asked for without waiting longer.
    pub(super) fn retry_loads_now(&mut self) {
        if let Some(open) = self.open {
            self.load_again(open);
        }
    }

    fn load_again(&mut self, chat: ChatId) {
        let ticket = self.ticket();
        if let Some(room) = self.rooms.get_mut(&chat)
            && let Some(request) = room.timeline.load_again(ticket)
        {
            self.effects.push(Effect::LoadHistory(request));
            self.changed.insert(Scope::Timeline(chat));
        }
    }
}
