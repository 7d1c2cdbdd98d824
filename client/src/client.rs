//! The state of the whole page in one value: inputs go in, effects come out, components read.

mod deleting;
mod fetches;
mod frames;
mod keeping;
mod loading;
mod schedule;
mod settings;
mod user_actions;

use causerie_protocol::event::Original;
use causerie_protocol::limits::Limits;
use causerie_protocol::rest::ChatCursor;
use causerie_protocol::{ChatId, ClientId, Epoch, Message, MessageId, Seq, User, UserId};

use self::fetches::Fetches;
use crate::backoff::Backoff;
use crate::banner::{Banner, banner};
use crate::chat_list::{ChatEntry, ChatList};
use crate::clock::Millis;
use crate::clock::ServerClock;
use crate::connection::{Connection, ConnectionId, ConnectionState};
use crate::deletions::{Deletions, Undoable};
use crate::effect::{Effect, Invalidation};
use crate::input::{Input, SocketInput};
use crate::kept::KeptChange;
use crate::names::{Fold, Name, People};
use crate::outbox::PendingMessage;
use crate::outbox::{Outbox, Pending, PendingState};
use crate::reactions::Reactions;
use crate::row::{MessageRow, Row, RowKey, RowState, RowTime, SystemEvent};
use crate::sorted::{SortedMap, SortedSet};
use crate::stream::Stream;
use crate::timeline::{History, Timeline};
use crate::typing::Typing;

/// The state of a page.
///
/// Whatever the network and the server do, it guarantees that [`Client::rows`] is a piece of the chat's log without a
/// gap, followed by the person's own unsent messages, each once; that a chat's messages are sent in the order in which
/// they were written; and that each ends as acknowledged or as visibly failed.
#[derive(Debug)]
pub struct Client {
    now: Millis,
    clock: ServerClock,
    random: f64,
    me: Option<User>,
    connection: Connection,
    limits: Limits,
    chat_states: SortedMap<ChatId, ChatState>,
    chat_list: ChatList,
    outbox: Outbox,
    reactions: Reactions,
    deletions: Deletions,
    /// What the page's storage has of the two.
    kept: Vec<KeptChange>,
    /// Why the server refused the person's last reaction in a chat, until the next one.
    reaction_refused: Option<(ChatId, String)>,
    /// Why the person's last change of what they have set of a chat did not go through, until the next one.
    setting_refused: Option<(ChatId, String)>,
    /// The chat that the person opened, until its mark as unread is taken away.
    to_unmark: Option<ChatId>,
    /// Up to when mutes that ended are shown so, by the server's clock.
    mutes_ended: i64,
    typing: Typing,
    /// Whom the user has blocked.
    blocked: Vec<UserId>,
    /// Messages of blocked people that the person asked to see.
    revealed: SortedSet<MessageId>,
    open: Option<ChatId>,
    /// The position that the person went to, while the chat's rows do not reach up to now or are not loaded.
    target: Option<(ChatId, Seq)>,
    /// The chat of which the person looks at older messages, so that none of them is forgotten.
    reads_above: Option<ChatId>,
    list_loading: ListLoading,
    fetches: Fetches,
    next_ticket: u64,
    /// Whether the connection was lost since it was last online, so that its return is announced.
    was_lost: bool,
    effects: Vec<Effect>,
    changed: SortedSet<Invalidation>,
}

/// Some successive rows of a chat, of which there may be very many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowsView {
    /// The oldest first.
    pub rows: Vec<Row>,
    /// The seq of the first of them; nothing when all are pending.
    pub first: Option<Seq>,
    /// How many more are loaded above them, and below.
    pub above: usize,
    pub below: usize,
}

/// Among so many of the newest rows an own message is looked for to be edited.
const EDITABLE_ROWS: usize = 100;

/// What the client keeps for one chat besides its entry in the list.
#[derive(Debug)]
struct ChatState {
    stream: Stream,
    timeline: Timeline,
    /// The read position that the server is known to have.
    read_known: Seq,
    /// The read position that was sent on the current socket.
    read_sent: Seq,
}

impl ChatState {
    fn new(chat: ChatId, epoch: Epoch, at: Seq, read_known: Seq) -> Self {
        Self {
            stream: Stream::new(chat, epoch, at),
            timeline: Timeline::new(chat),
            read_known,
            read_sent: Seq::ZERO,
        }
    }
}

/// How far the list of chats has been loaded.
///
/// It is loaded page by page, up to as many chats as the socket can follow, or as the person wants to see.
#[derive(Debug, Default)]
struct ListLoading {
    loaded: bool,
    request: Option<u64>,
    /// The cursor of the page that is being loaded, or is to be tried again.
    before: Option<ChatCursor>,
    /// The cursor of the next page, if there is one.
    next: Option<ChatCursor>,
    /// How many chats the pages had, from the first one on.
    count: usize,
    /// The chat at the top of the list when its first page was loaded last.
    top: Option<ChatCursor>,
    /// Several pages were loaded, and a chat that moved above this cursor meanwhile may have been on none of them: the
    /// list is loaded once more, from the top down to here.
    recheck: Option<ChatCursor>,
    /// How many chats the person wants to see.
    wanted: usize,
    /// Something happened that the responses on their way may not show, so the list is loaded again.
    reload: bool,
    /// Chats to which this socket has just subscribed. What subscribers receive and the log does not keep, such as read
    /// positions, may have been sent between the last response and the subscription.
    just_subscribed: SortedSet<ChatId>,
    /// Those of them for which the list is being loaded, as long as no page has held them.
    listing: SortedSet<ChatId>,
    /// Chats that were added while a request was on its way; its response may not hold them.
    added: SortedSet<ChatId>,
    failed: Option<String>,
    retry_at: Option<Millis>,
    tries: Backoff,
    /// When to load chats again because a count of unread messages is unsure.
    recount_at: Option<Millis>,
    recounts: Backoff,
}

impl Client {
    /// A page without a user; [`Input::SignedIn`] starts it.
    pub fn new(now: Millis) -> Self {
        Self {
            now,
            clock: ServerClock::default(),
            random: 0.0,
            me: None,
            connection: Connection::new(),
            limits: Limits::default(),
            chat_states: SortedMap::new(),
            chat_list: ChatList::default(),
            outbox: Outbox::default(),
            reactions: Reactions::default(),
            deletions: Deletions::default(),
            kept: Vec::new(),
            reaction_refused: None,
            setting_refused: None,
            to_unmark: None,
            mutes_ended: 0,
            typing: Typing::default(),
            blocked: Vec::new(),
            revealed: SortedSet::new(),
            open: None,
            target: None,
            reads_above: None,
            list_loading: ListLoading::default(),
            fetches: Fetches::default(),
            next_ticket: 1,
            was_lost: false,
            effects: Vec::new(),
            changed: SortedSet::new(),
        }
    }

    /// Takes one input and returns the effects to carry out, in order. `random` is in 0..1 and new each time.
    pub fn handle(&mut self, input: Input, now: Millis, random: f64) -> Vec<Effect> {
        let seconds = self.countdown();
        self.now = self.now.max(now);
        self.random = random;
        let (state, waiting) = (self.connection.state().clone(), self.outbox.waiting());
        match input {
            Input::SignedIn { user } => self.sign_in(user),
            Input::SignedOut => self.sign_out(),
            Input::Socket(connection, input) => self.on_socket_input(connection, input),
            Input::Tick => {}
            Input::Network(online) => {
                let actions = self.connection.network(self.now, online);
                self.apply_connection_actions(actions);
            }
            Input::PageShown => {
                let actions = self.connection.wake(self.now);
                self.apply_connection_actions(actions);
            }
            Input::ClockStepped(by) => self.on_clock_step(by),
            Input::TryNow => {
                let actions = self.connection.try_now(self.now);
                self.apply_connection_actions(actions);
            }
            Input::ChatsLoaded { ticket, chats, has_more } => {
                self.on_chats_loaded(ticket, chats, has_more);
            }
            Input::ChatsFailed { ticket, error } => self.on_chats_failed(ticket, error),
            Input::ChatFetched { ticket, answer } => self.on_chat_fetched(ticket, answer),
            Input::MoreChats => self.load_more_chats(),
            Input::ChatLoaded(chat) => self.add_chat(*chat),
            Input::HistoryLoaded { request, messages, has_older, has_newer } => {
                self.on_history_loaded(request, messages, has_older, has_newer);
            }
            Input::HistoryFailed { request, error } => self.on_history_failed(request, &error),
            Input::OutboxRestored(messages) => self.restore(messages),
            Input::Send { chat, text, client_id, reply_to, plain } => {
                self.send(chat, text, client_id, reply_to, plain);
            }
            Input::React { chat, message, emoji, on } => self.react(chat, message, &emoji, on),
            Input::ReactionAnswered { ticket, answer } => self.on_reaction_answered(ticket, answer),
            Input::Delete { chat, message } => self.delete(chat, message),
            Input::UndoDelete { message } => self.undo_delete(message),
            Input::DeletionAnswered { ticket, answer } => self.on_deletion_answered(ticket, answer),
            Input::ChangesRestored(changes) => self.restore_changes(changes),
            Input::PageHidden => self.release_deletions(),
            Input::SetChat { chat, change } => self.set(chat, change),
            Input::ChatSet { ticket, chat, answer } => self.on_set(ticket, chat, answer),
            Input::Retry { client_id } => self.retry(&client_id),
            Input::DeleteUnsent { client_id } => self.delete_unsent(&client_id),
            Input::OpenChat(chat) => self.set_open_chat(chat),
            Input::SeenBottom { chat } => self.seen_bottom(chat),
            Input::Typing { chat } => self.send_typing(chat),
            Input::LoadOlder { chat } => self.load_older(chat),
            Input::LoadNewer { chat } => self.load_newer(chat),
            Input::Jump { chat, seq } => self.jump(chat, seq),
            Input::ToLatest { chat } => self.show_latest(chat),
            Input::ReadsAbove(chat) => self.reads_above(chat),
            Input::Reveal { chat, message } => {
                self.revealed.insert(message);
                self.changed.extend([Invalidation::Chat(chat), Invalidation::Timeline(chat)]);
            }
        }
        self.run_due_work();
        self.keep_changes();
        if *self.connection.state() != state {
            self.announce_connection_change(&state);
        } else if waiting != self.outbox.waiting() || seconds != self.countdown() {
            self.changed.insert(Invalidation::Connection);
        }
        let changed = std::mem::take(&mut self.changed);
        self.effects.extend(changed.into_iter().map(Effect::Changed));
        std::mem::take(&mut self.effects)
    }

    /// When [`Input::Tick`] is due, unless another input comes first.
    pub fn next_deadline(&self) -> Option<Millis> {
        self.deadline()
    }

    /// The time by the server's clock, for everything that is shown, such as "today".
    pub fn server_time(&self, now: Millis) -> Millis {
        self.clock.at(now)
    }

    /// The user, also after the token has become invalid.
    pub fn me(&self) -> Option<&User> {
        self.me.as_ref()
    }

    pub fn connection(&self) -> &ConnectionState {
        self.connection.state()
    }

    /// What the person reads about the connection; nothing while it is online.
    pub fn banner(&self, now: Millis) -> Option<Banner> {
        banner(self.connection.state(), now, self.waiting())
    }

    /// Whether the list of chats was loaded since signing in.
    pub fn chats_loaded(&self) -> bool {
        self.list_loading.loaded
    }

    /// Whether the list has more chats than those that are loaded.
    pub fn has_more_chats(&self) -> bool {
        self.list_loading.next.is_some() && self.list_loading.request.is_none()
    }

    /// Whether it is known that the user is not in this chat.
    pub fn is_absent(&self, chat: ChatId) -> bool {
        let list = &self.list_loading;
        let whole = list.loaded && list.next.or(list.recheck).is_none() && !self.fetches.is_pending(chat);
        self.chat_list.get(chat).is_none() && (whole || self.fetches.is_absent(chat))
    }

    /// Why the list of chats could not be loaded, while loading is tried again.
    pub fn chats_failed(&self) -> Option<&str> {
        self.list_loading.failed.as_deref()
    }

    /// The chats as the list shows them: those that are pinned in the order in which they were, then the one with the newest
    /// message first; requests and archived ones left out.
    pub fn chats(&self) -> Vec<&ChatEntry> {
        let mut chats = self.chat_list.pinned_first();
        chats.retain(|chat| !chat.is_request() && !self.is_archived(chat));
        chats
    }

    /// The archived chats, the one with the newest message first.
    pub fn archived(&self) -> Vec<&ChatEntry> {
        let mut chats = self.chat_list.newest_first();
        chats.retain(|chat| !chat.is_request() && self.is_archived(chat));
        chats
    }

    /// Every chat that is loaded, archived ones and requests included, the one with the newest message first.
    pub fn all_chats(&self) -> Vec<&ChatEntry> {
        self.chat_list.newest_first()
    }

    /// The requests to the user that are not accepted, the one with the newest message first.
    pub fn requests(&self) -> Vec<&ChatEntry> {
        let mut chats = self.chat_list.newest_first();
        chats.retain(|chat| chat.is_request());
        chats
    }

    pub fn chat(&self, chat: ChatId) -> Option<&ChatEntry> {
        self.chat_list.get(chat)
    }

    pub fn open_chat(&self) -> Option<ChatId> {
        self.open
    }

    /// The rows of a chat, oldest first: a piece of its log without a gap, up to now, then the pending messages, each
    /// once.
    ///
    /// Before the history is loaded there are only the pending messages. After [`Input::Jump`] the piece may end before
    /// now ([`History::has_newer`]); then the pending messages are not there.
    pub fn rows(&self, chat: ChatId) -> Vec<Row> {
        self.view(chat, Some(Seq::ZERO), usize::MAX).rows
    }

    /// At most so many of the [rows](Self::rows): the newest, or those from a seq on. Pending messages come on top.
    pub fn view(&self, chat: ChatId, from: Option<Seq>, most: usize) -> RowsView {
        let Some(me) = &self.me else { return RowsView::default() };
        let read = self.chat_list.get(chat).map_or(Seq::ZERO, ChatEntry::read_by_all);
        let timeline = self.chat_states.get(&chat).map(|state| &state.timeline);
        let count = timeline.map_or(0, Timeline::len);
        let newest = count.saturating_sub(most);
        let first = timeline.zip(from).map_or(newest, |(timeline, from)| timeline.place(from).min(newest));
        let mut rows = timeline.map_or_else(Vec::new, |timeline| timeline.rows(first, most, me.id, read));
        for row in &mut rows {
            if let Row::Message(row) = row {
                row.hidden = self.hides(chat, row.sender.id, row.id);
                row.reply_hidden = row.reply_to.as_ref().is_some_and(|original| {
                    original.sender.as_ref().is_some_and(|sender| self.hides(chat, sender.id, original.id))
                });
                for reaction in &mut row.reactions {
                    reaction.users.retain(|user| !self.blocked.contains(user));
                }
                row.reactions.retain(|reaction| !reaction.users.is_empty());
                if let Some(id) = row.id.filter(|_| !row.deleted) {
                    row.deleting = self.deletions.is_deleting(id);
                    self.reactions.overlay(id, me.id, &mut row.reactions);
                }
            }
        }
        let (above, below) = (first, newest - first);
        if below == 0 && timeline.is_none_or(|timeline| !timeline.history().has_newer) {
            let pending = self.outbox.entries_of(chat);
            // A message that is in the log is not shown as pending as well, so that no two rows have one key.
            let pending = pending.filter(|one| {
                timeline.is_none_or(|timeline| {
                    !timeline.is_loaded() || !timeline.has_own(me.id, &one.message.client_id)
                })
            });
            rows.extend(pending.map(|pending| pending_row(pending, me)));
        }
        RowsView { rows, first: timeline.and_then(|timeline| timeline.seq_at(first)), above, below }
    }

    /// The seq of the row that is so many rows further down than the row of a seq, or up when negative; the nearest
    /// one that is loaded.
    pub fn seq_beside(&self, chat: ChatId, seq: Seq, by: isize) -> Option<Seq> {
        let timeline = &self.chat_states.get(&chat)?.timeline;
        let last = timeline.len().checked_sub(1)?;
        timeline.seq_at(timeline.place(seq).saturating_add_signed(by).min(last))
    }

    /// How many messages of others are loaded after a seq.
    pub fn others_after(&self, chat: ChatId, seq: Seq) -> usize {
        let state = self.chat_states.get(&chat).filter(|state| state.timeline.is_loaded());
        let messages = state.into_iter().flat_map(|state| state.timeline.messages_after(seq));
        messages.filter(|message| !self.is_me(message.sender.id)).count()
    }

    /// Whether a message in a group is hidden: its sender is blocked, and the person has not revealed it.
    pub fn hides(&self, chat: ChatId, sender: UserId, id: Option<MessageId>) -> bool {
        self.blocked.contains(&sender)
            && self.chat_list.get(chat).is_some_and(|entry| !entry.is_direct())
            && id.is_none_or(|id| !self.revealed.contains(&id))
    }

    /// As [`Client::hides`], for the line of a chat in the list.
    pub fn hides_message(&self, message: &Message) -> bool {
        self.hides(message.chat_id, message.sender.id, Some(message.id))
    }

    /// The pinned messages of a chat, the one that was pinned last first; whether each is hidden, since its sender is
    /// blocked.
    pub fn pinned(&self, chat: ChatId) -> Vec<(Original, bool)> {
        let pinned = self.chat_list.get(chat).map(|entry| entry.chat.pinned.as_slice()).unwrap_or_default();
        let hidden = |original: &Original| {
            original.sender.as_ref().is_some_and(|sender| self.hides(chat, sender.id, original.id))
        };
        pinned.iter().map(|original| (original.clone(), hidden(original))).collect()
    }

    /// Why the server refused the person's last reaction in a chat, until the next one.
    pub fn reaction_refused(&self, chat: ChatId) -> Option<&str> {
        self.reaction_refused.as_ref().filter(|(of, _)| *of == chat).map(|(_, why)| why.as_str())
    }

    /// The seq of the last message in [`Client::rows`].
    pub fn last_position(&self, chat: ChatId) -> Seq {
        let logged = self.chat_states.get(&chat).map(|state| state.timeline.last_position());
        if let Some(logged) = logged.filter(|_| self.history(chat).has_newer) {
            return logged;
        }
        let acked = self.outbox.entries_of(chat).filter_map(|pending| match pending.state {
            PendingState::Acked { seq, .. } => Some(seq),
            _ => None,
        });
        acked.chain(logged).max().unwrap_or(Seq::ZERO)
    }

    /// Whether [`Client::rows`] has no row.
    pub fn is_empty(&self, chat: ChatId) -> bool {
        self.outbox.entries_of(chat).next().is_none()
            && self.chat_states.get(&chat).is_none_or(|state| state.timeline.is_empty())
    }

    /// The title of a chat. Direct chats with two people of the same name get different titles.
    pub fn title(&self, entry: &ChatEntry, fold: Fold<'_>) -> Name {
        let Some(other) = entry.other() else { return entry.title() };
        let others = self.chat_list.entries().filter_map(ChatEntry::other);
        let same: Vec<&User> = others.filter(|user| user.name == other.name).collect();
        if same.len() > 1 { People::new(same, fold).whole(other) } else { Name::of(other) }
    }

    /// What a reply to the message at a position shows of it, if it is loaded.
    pub fn original(&self, chat: ChatId, seq: Seq) -> Option<Original> {
        self.chat_states.get(&chat)?.timeline.message_at(seq).map(Original::of)
    }

    /// What an unsent message replies to.
    pub fn original_of_unsent(&self, client_id: &ClientId) -> Option<Original> {
        self.outbox.get(client_id)?.message.reply_to.clone()
    }

    /// Whether a position is within the rows, or behind their end, where they go on by themselves.
    pub fn holds(&self, chat: ChatId, seq: Seq) -> bool {
        self.chat_states.get(&chat).is_some_and(|state| state.timeline.holds(seq))
    }

    /// Whether a message is known to be deleted.
    pub fn is_deleted(&self, chat: ChatId, id: MessageId) -> bool {
        let message = self.chat_states.get(&chat).and_then(|state| state.timeline.message(id));
        message.is_some_and(|message| message.deleted_at.is_some())
    }

    /// The names of a chat's participants, and of those who wrote its rows and have left.
    pub fn people(&self, chat: ChatId, rows: &[Row], fold: Fold<'_>) -> People {
        let entry = self.chat_list.get(chat);
        let there = entry.into_iter().flat_map(|entry| &entry.chat.participants);
        let replied = rows.iter().filter_map(|row| match row {
            Row::Message(row) => row.reply_to.as_ref()?.sender.as_ref(),
            Row::System(_) => None,
        });
        let seen = rows.iter().filter_map(|row| match row {
            Row::Message(row) => Some(&row.sender),
            Row::System(row) => match &row.kind {
                SystemEvent::Joined(user)
                | SystemEvent::Left(user)
                | SystemEvent::Removed(user)
                | SystemEvent::Pinned(user)
                | SystemEvent::Role(user, _) => Some(user),
                SystemEvent::Changed { .. } | SystemEvent::Accepted => None,
            },
        });
        let all_known = entry.is_none_or(ChatEntry::knows_all_participants);
        People::new(there.map(|one| &one.user).chain(seen).chain(replied), fold).whole_unless(all_known)
    }

    pub fn history(&self, chat: ChatId) -> History {
        self.chat_states.get(&chat).map(|state| state.timeline.history()).unwrap_or_default()
    }

    /// The users who are typing in a chat.
    pub fn typing(&self, chat: ChatId) -> Vec<&User> {
        self.typing.users_in(chat).filter_map(|user| self.chat_list.participant(chat, user)).collect()
    }

    /// The deletion that the person can take back, the last one if there are several.
    pub fn undoable(&self) -> Option<Undoable> {
        self.deletions.undoable()
    }

    /// Until when a message that was sent at this time can be edited, in milliseconds since 1970 by the server's clock; `None`:
    /// for ever.
    pub fn editable_until(&self, sent_at: &RowTime) -> Option<Millis> {
        let seconds = self.limits.edit_seconds?;
        let sent_at = match sent_at {
            RowTime::Server(time) => Millis::try_from(time.unix_millis()?).ok()?,
            RowTime::Local(time) => *time,
        };
        Some(sent_at.saturating_add(seconds.saturating_mul(1_000)))
    }

    /// The newest message of the user's own among the newest rows of a chat that can be edited at `now`, its text, and whether
    /// that is plain.
    pub fn last_editable(&self, chat: ChatId, now: Millis) -> Option<(MessageId, String, bool)> {
        let time = self.server_time(now);
        let rows = self.view(chat, None, EDITABLE_ROWS).rows;
        rows.into_iter().rev().find_map(|row| match row {
            Row::Message(row) if row.mine && !row.deleted && !row.deleting => {
                let is_late = self.editable_until(&row.at).is_some_and(|until| time >= until);
                row.id.filter(|_| !is_late).map(|id| (id, row.text, row.plain))
            }
            _ => None,
        })
    }

    /// How many deletions of the person the server has not decided about.
    pub fn deletions_waiting(&self) -> usize {
        self.deletions.waiting()
    }

    /// How many reactions of the person the server has not decided about.
    pub fn reactions_waiting(&self) -> usize {
        self.reactions.waiting()
    }

    pub fn waiting(&self) -> usize {
        self.outbox.waiting()
    }

    /// The messages that failed, in all chats, also in those that are gone.
    pub fn failed(&self) -> impl Iterator<Item = &PendingMessage> {
        self.outbox.entries().map(|entry| &entry.message).filter(|message| message.failed.is_some())
    }

    fn on_socket_input(&mut self, connection: ConnectionId, input: SocketInput) {
        if !self.connection.is_current(connection) {
            return;
        }
        match input {
            SocketInput::Opened => {}
            SocketInput::Frame(text) => self.on_frame(&text),
            SocketInput::Closed { code, reason } => self.on_closed(code, &reason),
        }
    }

    fn next_ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    fn is_me(&self, user: UserId) -> bool {
        self.me.as_ref().is_some_and(|me| me.id == user)
    }
}

fn pending_row(pending: &Pending, me: &User) -> Row {
    let message = &pending.message;
    let (mut id, mut seq, mut at) = (None, None, RowTime::Local(message.created_ms));
    let state = match &pending.state {
        PendingState::Queued { .. } if pending.is_limited() => RowState::Limited,
        PendingState::Queued { .. } => RowState::Waiting,
        PendingState::InFlight { .. } => RowState::Sending,
        PendingState::Failed => RowState::Failed { reason: message.failed.clone().unwrap_or_default() },
        PendingState::Acked { id: acked, seq: place, sent_at } => {
            (id, seq, at) = (Some(*acked), Some(*place), RowTime::Server(sent_at.clone()));
            RowState::Sent
        }
    };
    Row::Message(MessageRow {
        key: RowKey::Own(message.client_id.clone()),
        id,
        seq,
        sender: me.clone(),
        mine: true,
        text: message.text.as_str().to_owned(),
        spans: Vec::new(),
        plain: message.plain,
        at,
        edited: false,
        deleted: false,
        deleting: false,
        hidden: false,
        reply_to: message.reply_to.clone().map(Box::new),
        reply_hidden: false,
        reactions: Vec::new(),
        state,
    })
}

#[cfg(test)]
mod clock_tests;
#[cfg(test)]
mod deletion_tests;
#[cfg(test)]
mod delivery_tests;
#[cfg(test)]
mod many_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod pinned_tests;
#[cfg(test)]
mod settings_tests;
#[cfg(test)]
mod test_page;
