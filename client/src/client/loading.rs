//! Signing in and out, and loading the list of chats and the pages of history by REST.

use causerie_protocol::rest::{Chat, ChatCursor};
use causerie_protocol::{ChatId, CloseCode, Message, User};
use causerie_texts::say;

use super::fetches::Fetches;
use super::{ChatState, Client, ListLoading};
use crate::chat_list::{ChatEntry, ChatList, is_partial};
use crate::connection::ConnectionState;
use crate::deletions::Deletions;
use crate::effect::{Effect, Invalidation};
use crate::input::{HistoryRequest, LoadError};
use crate::outbox::{Outbox, Pending};
use crate::reactions::Reactions;
use crate::sorted::SortedSet;
use crate::typing::Typing;
use crate::words;

impl Client {
    pub(super) fn sign_in(&mut self, user: User) {
        if !self.is_me(user.id) {
            self.forget_everything();
        }
        self.me = Some(user);
        let actions = self.connection.signed_in(self.now);
        self.apply_connection_actions(actions);
        // Responses to requests with the old token are ignored.
        self.list_loading.request = None;
        self.list_loading.reload = false;
        self.fetches.restart();
        self.reactions.restart();
        self.deletions.restart();
        self.chat_list.restart_settings();
        self.request_chats();
    }

    pub(super) fn sign_out(&mut self) {
        let unsent: Vec<_> = self.outbox.entries().map(|entry| entry.message.client_id.clone()).collect();
        self.effects.extend(unsent.into_iter().map(Effect::ForgetPending));
        let actions = self.connection.signed_out();
        self.apply_connection_actions(actions);
        self.forget_everything();
        self.me = None;
        self.was_lost = false;
    }

    /// Drops all state of the user, who signed out or was replaced by another user.
    pub(super) fn forget_everything(&mut self) {
        for chat in self.chat_list.ids() {
            self.changed.extend([
                Invalidation::Chat(chat),
                Invalidation::Timeline(chat),
                Invalidation::Typing(chat),
            ]);
        }
        self.changed.insert(Invalidation::Chats);
        self.chat_states.clear();
        self.chat_list = ChatList::default();
        self.outbox = Outbox::default();
        self.reactions = Reactions::default();
        self.deletions = Deletions::default();
        self.kept.clear();
        self.changed.insert(Invalidation::Deletions);
        self.reaction_refused = None;
        self.setting_refused = None;
        self.to_unmark = None;
        self.typing = Typing::default();
        self.blocked = Vec::new();
        self.revealed = SortedSet::new();
        self.target = None;
        self.list_loading = ListLoading::default();
        self.fetches = Fetches::default();
    }

    pub(super) fn request_chats(&mut self) {
        if self.me.is_none() {
            return;
        }
        if self.list_loading.request.is_some() {
            self.list_loading.reload = true;
            return;
        }
        self.list_loading.count = 0;
        self.list_loading.recheck = None;
        self.load_chats(None);
    }

    fn load_chats(&mut self, before: Option<ChatCursor>) {
        let ticket = self.next_ticket();
        self.list_loading.request = Some(ticket);
        self.list_loading.before = before;
        self.list_loading.retry_at = None;
        self.list_loading.added.clear();
        self.effects.push(Effect::LoadChats { ticket, before });
    }

    pub(super) fn load_more_chats(&mut self) {
        self.list_loading.wanted = self.list_loading.wanted.max(self.list_loading.count + 1);
        if self.list_loading.request.is_none()
            && self.list_loading.retry_at.is_none()
            && self.list_loading.next.is_some()
        {
            self.load_chats(self.list_loading.next);
        }
    }

    pub(super) fn on_chats_loaded(&mut self, ticket: u64, chats: Vec<Chat>, has_more: bool) {
        if self.list_loading.request != Some(ticket) {
            return;
        }
        let added = std::mem::take(&mut self.list_loading.added);
        let listed: SortedSet<ChatId> = chats.iter().map(|chat| chat.id).collect();
        self.list_loading.request = None;
        self.list_loading.failed = None;
        self.list_loading.tries.reset();
        self.list_loading.loaded = true;
        let (begin, end) = (self.list_loading.before, chats.last().map(Chat::cursor).filter(|_| has_more));
        if begin.is_none() {
            self.list_loading.top = chats.first().map(Chat::cursor);
        }
        if self.list_loading.recheck.is_none() {
            self.list_loading.next = end;
            self.list_loading.count += chats.len();
        }
        self.changed.insert(Invalidation::Chats);
        for chat in chats {
            self.apply_chat(chat);
        }
        let listing = std::mem::take(&mut self.list_loading.listing).into_iter();
        self.list_loading.listing = listing.filter(|chat| !listed.contains(chat)).collect();
        let is_whole = begin.is_none() && end.is_none();
        for chat in self.chat_list.ids() {
            let Some(place) = self.chat_list.get(chat).map(ChatEntry::cursor) else { continue };
            if listed.contains(&chat) || added.contains(&chat) {
                continue;
            }
            if is_whole {
                self.remove_chat(chat);
            } else if begin.is_none_or(|begin| place < begin) && end.is_none_or(|end| place >= end) {
                // The chat is gone, or it moved while the pages before this one were on their way.
                self.queue_fetch(chat);
            }
        }
        if std::mem::take(&mut self.list_loading.reload) {
            return self.request_chats();
        }
        // The loading ends even if the pages of a faulty server do not go down the list.
        let goes_down = |next| begin.is_none_or(|begin| next < begin);
        if let Some(next) = end.filter(|next| goes_down(*next))
            && match self.list_loading.recheck {
                Some(known) => next > known,
                None => self.list_loading.count < self.limits.subscriptions.max(self.list_loading.wanted),
            }
        {
            return self.load_chats(Some(next));
        }
        self.list_loading.recheck = self.list_loading.top.filter(|_| begin.is_some());
        if self.list_loading.recheck.is_some() {
            return self.load_chats(None);
        }
        if let Some(next) = self.list_loading.next {
            self.effects.push(Effect::LoadPinned);
            // What is here from further down was on no page, and may not be pinned any more.
            for chat in self.chat_list.ids() {
                if self.chat_list.get(chat).is_some_and(|entry| entry.cursor() < next) {
                    self.queue_fetch(chat);
                }
            }
        }
        for chat in std::mem::take(&mut self.list_loading.listing) {
            if self.chat_states.contains_key(&chat) {
                self.queue_fetch(chat);
            }
        }
        // Chats with pending messages, and the open one, that were on no page.
        for chat in self.outbox.chats().into_iter().chain(self.open) {
            match self.chat_states.contains_key(&chat) {
                true => {}
                false if is_whole => self.fail_never_sent(chat, words::close(CloseCode::NotParticipant).what),
                false => self.queue_fetch(chat),
            }
        }
        self.recount();
    }

    /// Schedules another load while counts of unread messages are unsure.
    pub(super) fn recount(&mut self) {
        if self.chat_list.unsure().next().is_none() {
            self.list_loading.recount_at = None;
            self.list_loading.recounts.reset();
        } else if self.list_loading.recount_at.is_none() {
            // The server has not received this page's read position yet; the list is loaded again when it may have.
            self.list_loading.recount_at = Some(self.now + self.list_loading.recounts.fail(1.0));
        }
    }

    pub(super) fn on_chats_failed(&mut self, ticket: u64, error: LoadError) {
        if self.list_loading.request != Some(ticket) {
            return;
        }
        self.list_loading.request = None;
        if std::mem::take(&mut self.list_loading.reload) {
            (self.list_loading.before, self.list_loading.count) = (None, 0);
            self.list_loading.recheck = None;
        }
        let detail = match error {
            LoadError::Unauthorized => return self.token_refused(),
            LoadError::NotFound => say!(NoList).to_owned(),
            LoadError::Temporary { detail } => detail,
        };
        self.list_loading.failed = Some(detail);
        self.list_loading.retry_at = Some(self.now + self.list_loading.tries.fail(self.random).max(1));
        self.changed.insert(Invalidation::Chats);
    }

    pub(super) fn add_chat(&mut self, chat: Chat) {
        if self.me.is_none() {
            return;
        }
        self.list_loading.added.insert(chat.id);
        self.fetches.on_received(chat.id);
        self.changed.insert(Invalidation::Chats);
        self.apply_chat(chat);
    }

    pub(super) fn apply_chat(&mut self, chat: Chat) {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return };
        let id = chat.id;
        let state = self
            .chat_states
            .get_or_insert_with(id, || ChatState::new(id, chat.epoch.clone(), chat.head, chat.read_seq));
        state.stream.reopen();
        state.stream.retry_over_limit();
        if *state.stream.epoch() == chat.epoch {
            state.read_known = state.read_known.max(chat.read_seq);
            state.stream.observe_head(chat.head, self.now);
        }
        let at = state.stream.position();
        // All participants of a large chat that is open are known, and stay so until all of them are loaded again.
        let keep_people = self.open == Some(id) && is_partial(&chat);
        if keep_people {
            self.queue_fetch(id);
        }
        self.chat_list.upsert(chat, me, at, keep_people);
        self.changed.extend([Invalidation::Chat(id), Invalidation::Timeline(id)]);
        if self.open == Some(id) {
            self.load_newest(id);
        }
    }

    /// The user is not in the chat any more.
    pub(super) fn remove_chat(&mut self, chat: ChatId) {
        let words = words::close(CloseCode::NotParticipant);
        self.mark_inaccessible(chat, &format!("{} {}", words.what, words.remedy));
        self.drop_lost(chat);
    }

    /// Takes a chat to which the user has lost access out of the list, unless it has something that the person must see:
    /// it is open, or a message to it is not sent.
    pub(super) fn drop_lost(&mut self, chat: ChatId) {
        let is_lost = self.chat_list.get(chat).is_some_and(|entry| entry.lost.is_some());
        if is_lost && self.open != Some(chat) && self.outbox.entries_of(chat).all(Pending::is_acked) {
            self.chat_states.remove(&chat);
            self.chat_list.remove(chat);
            self.changed.insert(Invalidation::Chats);
        }
    }

    /// The user has lost access; messages to the chat fail, at once or when the server refuses them.
    pub(super) fn mark_inaccessible(&mut self, chat: ChatId, why: &str) {
        if let Some(state) = self.chat_states.get_mut(&chat) {
            state.stream.end();
        }
        if let Some(entry) = self.chat_list.get_mut(chat).filter(|entry| entry.lost.is_none()) {
            entry.lost = Some(why.to_owned());
            self.changed.extend([
                Invalidation::Chats,
                Invalidation::Chat(chat),
                Invalidation::Timeline(chat),
            ]);
        }
        self.fail_never_sent(chat, why);
    }

    pub(super) fn load_newest(&mut self, chat: ChatId) {
        let ticket = self.next_ticket();
        let around = self.target.filter(|(of, _)| *of == chat).map(|(_, seq)| seq);
        if let Some(state) = self.chat_states.get_mut(&chat)
            && let Some(request) = state.timeline.load(around, ticket)
        {
            self.effects.push(Effect::LoadHistory(request));
            self.changed.insert(Invalidation::Timeline(chat));
        }
    }

    pub(super) fn load_older(&mut self, chat: ChatId) {
        let ticket = self.next_ticket();
        if let Some(state) = self.chat_states.get_mut(&chat)
            && let Some(request) = state.timeline.load_older(ticket)
        {
            self.effects.push(Effect::LoadHistory(request));
            self.changed.insert(Invalidation::Timeline(chat));
        }
    }

    pub(super) fn load_newer(&mut self, chat: ChatId) {
        let ticket = self.next_ticket();
        if let Some(state) = self.chat_states.get_mut(&chat)
            && let Some(request) = state.timeline.load_newer(ticket)
        {
            self.effects.push(Effect::LoadHistory(request));
            self.changed.insert(Invalidation::Timeline(chat));
        }
    }

    pub(super) fn on_history_loaded(
        &mut self,
        request: HistoryRequest,
        messages: Vec<Message>,
        has_older: bool,
        has_newer: bool,
    ) {
        let own: Vec<_> = messages
            .iter()
            .filter_map(|message| Some((message.sender.id, message.client_id.clone()?)))
            .collect();
        let Some(state) = self.chat_states.get_mut(&request.chat) else { return };
        if !state.timeline.page(request, messages, has_older, has_newer) {
            return;
        }
        if state.timeline.is_latest() {
            self.target = self.target.filter(|(of, _)| *of != request.chat);
        }
        let newest = state.timeline.newest();
        self.changed.insert(Invalidation::Timeline(request.chat));
        self.outbox.forget_acked(request.chat, Some(newest));
        for (sender, client_id) in own {
            self.resolve_echo(request.chat, sender, &client_id);
        }
    }

    pub(super) fn on_history_failed(&mut self, request: HistoryRequest, error: &LoadError) {
        let Some(state) = self.chat_states.get_mut(&request.chat) else { return };
        let detail = match error {
            LoadError::Temporary { detail } => detail.clone(),
            LoadError::Unauthorized | LoadError::NotFound => {
                words::close(CloseCode::NotParticipant).what.to_owned()
            }
        };
        if !state.timeline.page_failed(request, detail, self.now, self.random) {
            return;
        }
        self.changed.insert(Invalidation::Timeline(request.chat));
        match error {
            LoadError::Unauthorized => self.token_refused(),
            LoadError::NotFound => {
                let words = words::close(CloseCode::NotParticipant);
                self.mark_inaccessible(request.chat, &format!("{} {}", words.what, words.remedy));
            }
            LoadError::Temporary { .. } => {}
        }
    }

    /// A REST response said that the token is invalid.
    pub(super) fn token_refused(&mut self) {
        let actions = self.connection.token_refused(words::close(CloseCode::Unauthorized).why.to_owned());
        self.apply_connection_actions(actions);
    }

    /// Repeats the requests that failed and are due.
    pub(super) fn start_due_loads(&mut self) {
        if self.me.is_none() || matches!(self.connection.state(), ConnectionState::SignedOut { .. }) {
            return;
        }
        if self.list_loading.retry_at.is_some_and(|at| at <= self.now) {
            self.load_chats(self.list_loading.before);
        }
        let online = self.connection.online().is_some();
        if online && self.list_loading.recount_at.take_if(|at| *at <= self.now).is_some() {
            let unsure: Vec<ChatId> = self.chat_list.unsure().collect();
            unsure.into_iter().for_each(|chat| self.queue_fetch(chat));
        }
        self.start_next_fetch();
        let Some(open) = self.open else { return };
        let due = self.chat_states.get(&open).is_some_and(|state| {
            !state.stream.is_ended() && state.timeline.retry_at().is_some_and(|at| at <= self.now)
        });
        if due {
            self.load_again(open);
        }
    }

    /// The server is reachable again: failed requests are repeated at once.
    pub(super) fn retry_failed_loads(&mut self) {
        if let Some(open) = self.open {
            self.load_again(open);
        }
    }

    fn load_again(&mut self, chat: ChatId) {
        let ticket = self.next_ticket();
        if let Some(state) = self.chat_states.get_mut(&chat)
            && let Some(request) = state.timeline.load_again(ticket)
        {
            self.effects.push(Effect::LoadHistory(request));
            self.changed.insert(Invalidation::Timeline(chat));
        }
    }
}
