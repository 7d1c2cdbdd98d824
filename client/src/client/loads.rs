//! Lists and pages that come by REST, and who is signed in.

use causerie_protocol::rest::Chat;
use causerie_protocol::{ChatId, CloseCode, Message, User};
use causerie_texts::say;

use super::{Client, ListLoad, Room};
use crate::effect::{Effect, Scope};
use crate::input::{HistoryRequest, LoadError};
use crate::outbox::{Outbox, Pending};
use crate::roster::Roster;
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
    }

    pub(super) fn request_chats(&mut self) {
        if self.me.is_none() {
            return;
        }
        if self.list.request.is_some() {
            self.list.again = true;
            return;
        }
        let ticket = self.ticket();
        self.list.request = Some(ticket);
        self.list.retry_at = None;
        self.list.recount_at = None;
        self.list.added.clear();
        self.effects.push(Effect::LoadChats { ticket });
    }

    pub(super) fn chats_loaded_now(&mut self, ticket: u64, chats: Vec<Chat>) {
        if self.list.request != Some(ticket) {
            return;
        }
        let added = std::mem::take(&mut self.list.added);
        let listed: crate::sorted::SortedSet<ChatId> = chats.iter().map(|chat| chat.id).collect();
        self.list.request = None;
        self.list.failed = None;
        self.list.tries.reset();
        self.list.loaded = true;
        self.changed.insert(Scope::Chats);
        for chat in chats {
            self.take_chat(chat);
        }
        for chat in self.roster.ids() {
            if !listed.contains(&chat) && !added.contains(&chat) {
                self.drop_chat(chat);
            }
        }
        for chat in self.outbox.chats() {
            if !self.rooms.contains_key(&chat) {
                self.fail_untold(chat, words::close(CloseCode::NotParticipant).what);
            }
        }
        if std::mem::take(&mut self.list.again) {
            self.request_chats();
        } else if self.roster.is_unsure() {
            // The server has not heard yet how far this page has read: it is told, and asked again a little later.
            self.list.recount_at = Some(self.now + self.list.recounts.fail(1.0));
        } else {
            self.list.recounts.reset();
        }
    }

    pub(super) fn chats_failed_now(&mut self, ticket: u64, error: LoadError) {
        if self.list.request != Some(ticket) {
            return;
        }
        self.list.request = None;
        self.list.again = false;
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
        self.changed.insert(Scope::Chats);
        self.take_chat(chat);
    }

    fn take_chat(&mut self, chat: Chat) {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return };
        let id = chat.id;
        let room =
            self.rooms.get_or_insert_with(id, || Room::new(id, chat.epoch.clone(), chat.head, chat.read_seq));
        room.stream.revive();
        if *room.stream.epoch() == chat.epoch {
            room.read_known = room.read_known.max(chat.read_seq);
            room.stream.saw_head(chat.head, self.now);
        }
        let at = room.stream.at();
        self.roster.take(chat, me, at);
        self.changed.extend([Scope::Chat(id), Scope::Timeline(id)]);
        if self.open == Some(id) {
            self.load_newest(id);
        }
    }

    /// The chat is not in the list any more.
    fn drop_chat(&mut self, chat: ChatId) {
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
    fn token_refused(&mut self) {
        let actions = self.link.token_refused(words::close(CloseCode::Unauthorized).why.to_owned());
        self.act(actions);
    }

    /// Asks again for what failed and is due.
    pub(super) fn settle_loads(&mut self) {
        if self.me.is_none() || matches!(self.link.state(), crate::LinkState::SignedOut { .. }) {
            return;
        }
        let recount_at = self.list.recount_at.filter(|_| self.link.online().is_some());
        if self.list.retry_at.is_some_and(|at| at <= self.now) || recount_at.is_some_and(|at| at <= self.now)
        {
            self.request_chats();
        }
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
