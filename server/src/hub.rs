//! The hub: which sockets on this node follow which chat, and whose they are.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use causerie_protocol::{ChatId, Seq, TokenId, UserId};
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::{Notify, mpsc};

use crate::known_tokens::KnownTokens;
use crate::outbox::{Frame, Item, Outbox};

mod channel;
mod drain;
mod recent;
mod remote_presence;
mod users;
mod wheel;

pub use remote_presence::{NodeId, PresenceChange, presence_frame};
pub use users::Ending;
pub(crate) use users::SUSPENDED;
pub use wheel::SLOTS as HEARTBEAT_SLOTS;

use channel::Channel;
use recent::RecentChats;
use remote_presence::RemotePresence;
use users::Users;
use wheel::HeartbeatWheel;

/// A handle to the node's sockets; clones share them. Nothing here waits or does input or output.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    node: NodeId,
    channels: RwLock<HashMap<ChatId, Channel>>,
    users: Mutex<Users>,
    remote: Mutex<RemotePresence>,
    /// Notified when a change of another node's people was lost.
    presence_lost: Notify,
    wheel: Mutex<HeartbeatWheel>,
    known_tokens: KnownTokens,
    /// Locked after the channels, if both are.
    recent: Mutex<RecentChats>,
    emptied: Notify,
    /// Where chats are sent that get their first follower; unset on a single node.
    newly_followed: OnceLock<mpsc::UnboundedSender<ChatId>>,
}

/// How many sockets there are at one moment, and what waits for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubStats {
    pub sockets: usize,
    /// People with a socket.
    pub users: usize,
    /// Chats with a follower.
    pub chats: usize,
    /// Frames that wait in all outboxes.
    pub frames: usize,
    /// Frames that wait in the fullest one.
    pub frames_max: usize,
    /// Bytes that wait in all outboxes.
    pub bytes: usize,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    #[must_use]
    pub fn new() -> Self {
        let node = rand::random();
        Self(Arc::new(Inner {
            node,
            channels: RwLock::default(),
            users: Mutex::new(Users::new(node)),
            remote: Mutex::default(),
            presence_lost: Notify::new(),
            wheel: Mutex::new(HeartbeatWheel::new()),
            known_tokens: KnownTokens::default(),
            recent: Mutex::new(RecentChats::off()),
            emptied: Notify::new(),
            newly_followed: OnceLock::new(),
        }))
    }

    fn channels(&self) -> RwLockReadGuard<'_, HashMap<ChatId, Channel>> {
        self.0.channels.read()
    }

    fn channels_mut(&self) -> RwLockWriteGuard<'_, HashMap<ChatId, Channel>> {
        self.0.channels.write()
    }

    fn users(&self) -> MutexGuard<'_, Users> {
        self.0.users.lock()
    }

    fn recent(&self) -> MutexGuard<'_, RecentChats> {
        self.0.recent.lock()
    }

    fn remote(&self) -> MutexGuard<'_, RemotePresence> {
        self.0.remote.lock()
    }

    fn wheel(&self) -> MutexGuard<'_, HeartbeatWheel> {
        self.0.wheel.lock()
    }

    #[must_use]
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// Looks at every socket, for some fifty nanoseconds each.
    #[must_use]
    pub fn stats(&self) -> HubStats {
        let chats = self.channels().len();
        let (users, sockets) = {
            let users = self.users();
            (users.count_connected(), users.sockets())
        };
        let mut stats = HubStats { sockets: sockets.len(), users, chats, ..HubStats::default() };
        for (frames, bytes) in sockets.iter().map(|socket| socket.depth()) {
            stats.frames += frames;
            stats.frames_max = stats.frames_max.max(frames);
            stats.bytes += bytes;
        }
        stats
    }

    /// One of [`HEARTBEAT_SLOTS`] steps of a heartbeat's period: every socket has its turn once a period.
    pub fn advance_heartbeat(&self) {
        self.wheel().advance();
    }
}

/// What sessions call.
impl Hub {
    /// Takes a socket in. True when its user was not online before.
    pub fn register(&self, outbox: &Arc<Outbox>) -> bool {
        self.wheel().add(outbox);
        self.users().register(outbox)
    }

    /// Forgets a socket; its chats have to be unsubscribed before.
    pub fn unregister(&self, outbox: &Arc<Outbox>) {
        if self.users().unregister(outbox) {
            self.0.emptied.notify_waiters();
        }
    }

    /// Lets a socket follow a chat: what is published from now on waits in its outbox. True when it did not before.
    pub fn subscribe(&self, chat: ChatId, outbox: &Arc<Outbox>) -> bool {
        let mut channels = self.channels_mut();
        let channel = channels.entry(chat).or_insert_with(|| {
            if let Some(newly_followed) = self.0.newly_followed.get() {
                let _ = newly_followed.send(chat);
            }
            let channel = Channel::new(chat);
            if let Some(head) = self.recent().head(chat) {
                channel.advance_head(head);
            }
            channel
        });
        channel.subscribe(outbox)
    }

    /// The opposite of [`Hub::subscribe`].
    pub fn unsubscribe(&self, chat: ChatId, outbox: &Arc<Outbox>) {
        self.remove_subscriber(chat, outbox, |_| {});
    }

    /// As [`Hub::unsubscribe`], for a socket whose user was let into the chat, sees it from its beginning, and may be back
    /// soon.
    pub fn unsubscribe_participant(&self, chat: ChatId, outbox: &Arc<Outbox>) {
        self.remove_subscriber(chat, outbox, |head| {
            self.recent().note(chat, outbox.user, head, Instant::now());
        });
    }

    /// Calls `removed` with the chat's head if the socket followed it.
    fn remove_subscriber(&self, chat: ChatId, outbox: &Arc<Outbox>, removed: impl FnOnce(Seq)) {
        if let Entry::Occupied(mut channel) = self.channels_mut().entry(chat) {
            // A socket whose user left is not there any more.
            if channel.get_mut().unsubscribe(outbox) {
                removed(channel.get().head());
            }
            if channel.get().is_empty() {
                channel.remove();
            }
        }
    }

    /// Where the log of a chat stands that the socket's user followed a while ago, saw from its beginning and has not left since. The socket has
    /// to be subscribed already. `None`: the store knows.
    pub fn recent_head(&self, chat: ChatId, outbox: &Outbox) -> Option<Seq> {
        let channels = self.channels();
        let channel = channels.get(&chat)?;
        self.recent().is_participant(chat, outbox.user, Instant::now()).then(|| channel.head())
    }

    /// Says that every change of every chat passes this hub, so that it may remember who is in which.
    pub fn hears_everything(&self) {
        self.recent().switch_on();
    }

    /// Notes where a chat's log stands, as read from the store.
    pub fn note_head(&self, chat: ChatId, head: Seq) {
        if let Some(channel) = self.channels().get(&chat) {
            channel.advance_head(head);
        }
    }

    /// The last position that this node knows of, for each of these chats that has a follower.
    pub fn heads(&self, chats: impl IntoIterator<Item = ChatId>) -> Vec<(ChatId, Seq)> {
        let channels = self.channels();
        chats.into_iter().filter_map(|chat| Some((chat, channels.get(&chat)?.head()))).collect()
    }
}

/// What a bus delivers.
impl Hub {
    /// Sends an event to everybody who follows the chat. True when somebody's outbox is backlogged.
    pub fn event(&self, chat: ChatId, seq: Seq, frame: &Frame) -> bool {
        self.events(chat, &[(seq, frame)])
    }

    /// As [`Hub::event`] for several of one chat, in their order.
    pub fn events(&self, chat: ChatId, events: &[(Seq, &Frame)]) -> bool {
        let channels = self.channels();
        if let Some(channel) = channels.get(&chat) {
            return channel.send_events(events);
        }
        if let Some((head, _)) = events.last() {
            self.recent().advance(chat, *head);
        }
        false
    }

    /// Whether the outbox of somebody who follows the chat is backlogged.
    #[must_use]
    pub fn is_backlogged(&self, chat: ChatId) -> bool {
        self.channels().get(&chat).is_some_and(Channel::is_backlogged)
    }

    /// Sends a person's read position to everybody who follows the chat and may see it, unless as much was sent before.
    pub fn read(&self, chat: ChatId, user: UserId, seq: Seq, hidden: bool, frame: &Frame) {
        if let Some(channel) = self.channels().get(&chat) {
            channel.send_read(user, seq, hidden, frame);
        }
    }

    /// Sends a notice to everybody who follows the chat, except one person.
    pub fn notice(&self, chat: ChatId, except: Option<UserId>, frame: &Frame) {
        if let Some(channel) = self.channels().get(&chat) {
            channel.send_notice(except, frame);
        }
    }

    /// Sends a notice to these people's sockets for many chats; one of somebody reaches nobody who is apart from them.
    pub fn notice_to(&self, users: &[UserId], of: Option<UserId>, frame: &Frame) {
        self.users().for_each_of(users, |socket| {
            socket.push(Item::Notice { chat: None, of, frame: frame.clone() });
        });
    }

    /// Sends what a person has set of a chat to their sockets for many chats, unless it is not newer than what was sent a
    /// moment ago.
    pub fn chat_settings(&self, user: UserId, chat: ChatId, version: i64, frame: &Frame) {
        let mut users = self.users();
        if users.note_settings(user, chat, version) {
            users.for_each_of(&[user], |socket| {
                socket.push(Item::Notice { chat: None, of: None, frame: frame.clone() });
            });
        }
    }

    /// Tells these people's sockets for many chats that there is a chat that they were not in before.
    pub fn chat_added(&self, chat: ChatId, users: &[UserId]) {
        if let Some(channel) = self.channels_mut().get_mut(&chat) {
            users.iter().for_each(|user| channel.came(*user));
        }
        self.users().for_each_of(users, |socket| {
            socket.push(Item::ChatAdded(chat));
        });
    }

    /// Ends a chat's stream for everybody, also on those sockets of its participants that are for many chats.
    pub fn chat_deleted(&self, chat: ChatId, users: &[UserId]) {
        let reason = "the chat was deleted, or you are not in it";
        let channel = {
            let mut channels = self.channels_mut();
            self.recent().deleted(chat);
            channels.remove(&chat)
        };
        let followers = channel.map(|channel| channel.revoke_all(reason)).unwrap_or_default();
        self.revoke_others(chat, users, &followers, reason);
    }

    /// Ends a chat's stream for one person, also on those of their sockets that are for many chats.
    pub fn left(&self, chat: ChatId, user: UserId) {
        let reason = "you are not in this chat any more";
        let mut followers = Vec::new();
        {
            // Under the lock: no event of the chat may get in between.
            let mut channels = self.channels_mut();
            self.recent().left(chat, user);
            if let Entry::Occupied(mut channel) = channels.entry(chat) {
                followers = channel.get_mut().revoke_user(user, reason);
                if channel.get().is_empty() {
                    channel.remove();
                }
            }
        }
        self.revoke_others(chat, &[user], &followers, reason);
    }

    /// Revokes the chat on the sockets for many chats that do not follow it.
    fn revoke_others(&self, chat: ChatId, users: &[UserId], followers: &[Arc<Outbox>], reason: &'static str) {
        self.users().for_each_of(users, |socket| {
            if !followers.iter().any(|follower| Arc::ptr_eq(follower, socket)) {
                socket.revoke(chat, reason);
            }
        });
    }

    /// From now on nothing passes between two people; each sees the other go offline.
    pub fn part(&self, one: UserId, other: UserId) {
        self.keep_apart(one, other);
        for (user, gone) in [(one, other), (other, one)] {
            self.notice_to(&[user], None, &presence_frame(gone, false));
        }
    }

    /// As [`Hub::part`], for two who see nothing of each other before.
    pub fn keep_apart(&self, one: UserId, other: UserId) {
        // What is known of their tokens may say that nothing stands between them and others.
        for user in [one, other] {
            self.0.known_tokens.forget_user(user);
        }
        self.users().part(one, other);
    }

    /// Parts those of these pairs, as the store answered them, who are not parted on every socket here; it was asked at or
    /// after this time. With each stands whether the one has only asked the other for a chat.
    pub fn mend_parted(&self, pairs: &[(UserId, UserId, bool)], asked_at: Instant) {
        let otherwise =
            self.users().parted_otherwise(pairs.iter().map(|(one, two, _)| (*one, *two)), asked_at);
        for (one, other) in otherwise {
            let is_of_them = |(a, b): (UserId, UserId)| (a, b) == (one, other) || (b, a) == (one, other);
            if pairs.iter().any(|(a, b, is_request)| !is_request && is_of_them((*a, *b))) {
                self.part(one, other);
            } else {
                self.keep_apart(one, other);
            }
        }
    }

    /// The opposite of [`Hub::part`]; who is online is told apart from this.
    pub fn reunite(&self, one: UserId, other: UserId) {
        self.users().reunite(one, other);
    }

    /// Changes what a person hides from others, and so does not see of them.
    pub fn hide(&self, user: UserId, online: bool, read: bool) {
        self.0.known_tokens.forget_user(user);
        self.users().hide(user, online, read);
    }

    /// Lets sockets whose users hide something else than they know do so, given what the store answered about these people;
    /// it was asked at or after this time.
    pub fn mend_hidden(&self, users: &[UserId], hidden: &HashMap<UserId, (bool, bool)>, asked_at: Instant) {
        let otherwise = self.users().hide_otherwise(users, hidden, asked_at);
        for (user, online, read) in otherwise {
            self.hide(user, online, read);
        }
    }

    /// Everybody with a socket here who is apart from somebody.
    #[must_use]
    pub fn parted_people_here(&self) -> Vec<UserId> {
        self.users().parted_people()
    }

    /// Reunites those of these people whom the store has no parting of any more, given what it answered about them; it was
    /// asked at or after this time.
    pub fn mend_reunited(&self, users: &[UserId], partings: &HashSet<(UserId, UserId)>, asked_at: Instant) {
        let mut here = self.users();
        for (one, other) in here.parted_without(users, partings, asked_at) {
            here.reunite(one, other);
        }
    }

    /// Everybody with a socket here, or who had one a moment ago.
    #[must_use]
    pub fn people_here(&self) -> Vec<UserId> {
        self.users().ids().into_iter().collect()
    }

    /// Closes the sockets that a token opened, and lets it open no other.
    pub fn token_revoked(&self, token: TokenId) {
        self.sign_in_ended(token, Ending::Revoked);
    }

    /// As [`Hub::token_revoked`], with a close that says why.
    pub fn sign_in_ended(&self, token: TokenId, ending: Ending) {
        self.0.known_tokens.revoke(token);
        self.users().revoke_token(token, ending);
    }
}

/// What changes about users.
impl Hub {
    /// Lets the store be asked again who a user is.
    pub fn user_changed(&self, user: UserId) {
        self.0.known_tokens.forget_user(user);
    }
}

/// What a bus between nodes asks for, and how it makes good what it lost.
impl Hub {
    /// From now on sends each chat that gets its first follower. One receiver; that of a second call gets nothing.
    ///
    /// There is no notification when a chat loses its last follower; poll [`Hub::followed`].
    #[must_use]
    pub fn newly_followed(&self) -> mpsc::UnboundedReceiver<ChatId> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ = self.0.newly_followed.set(sender);
        receiver
    }

    /// The chats that have a follower here.
    #[must_use]
    pub fn followed(&self) -> Vec<ChatId> {
        self.channels().keys().copied().collect()
    }

    /// Notes that a chat's log goes up to `head`. Sessions that were sent less catch up from the store. Returns true if
    /// the head advanced.
    pub fn advance_head(&self, chat: ChatId, head: Seq) -> bool {
        let channels = self.channels();
        let Some(channel) = channels.get(&chat) else { return false };
        let is_news = channel.advance_head(head);
        if is_news {
            channel.ping();
        }
        is_news
    }

    /// The tokens that have a socket here, and those that are known without a look at the store.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenId> {
        let mut tokens = self.users().tokens();
        tokens.extend(self.0.known_tokens.ids());
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    /// The tokens that were checked on this node a while ago.
    pub(crate) fn known_tokens(&self) -> &KnownTokens {
        &self.0.known_tokens
    }
}

/// Presence: who has a socket here, and what other nodes say about who has one there.
impl Hub {
    /// Whether a person has a socket on some node, or had one a moment ago.
    #[must_use]
    pub fn is_online(&self, user: UserId) -> bool {
        self.is_here(user) || self.remote().contains(user)
    }

    fn is_here(&self, user: UserId) -> bool {
        self.users().contains(user)
    }

    /// Expires presence: removes and returns the users who closed their last socket at or before this time and did not
    /// come back. They are offline now.
    pub fn expire_offline(&self, until: Instant) -> Vec<UserId> {
        self.users().expire(until)
    }

    /// Who came and left here since the last call, in order.
    #[must_use]
    pub fn take_presence_changes(&self) -> Vec<PresenceChange> {
        self.users().take_changes()
    }

    /// The number of the last change here.
    #[must_use]
    pub fn presence_version(&self) -> u64 {
        self.users().version()
    }

    /// Everybody who is here, with the number of the last change that is in it.
    #[must_use]
    pub fn presence_snapshot(&self) -> (u64, HashSet<UserId>) {
        let users = self.users();
        (users.version(), users.ids())
    }

    /// Applies a change on some node, and sends it to these people's sockets if it changed whether the person is online.
    pub fn presence(&self, change: PresenceChange, users: &[UserId], frame: &Frame) {
        let is_news = if change.node == self.node() {
            !self.remote().contains(change.user)
        } else {
            let applied = self.remote().apply(change);
            if applied.is_none() {
                self.0.presence_lost.notify_one();
            }
            applied == Some(true) && !self.is_here(change.user)
        };
        if is_news {
            // That somebody is gone tells nothing: who was parted sees them gone already.
            self.notice_to(users, change.online.then_some(change.user), frame);
        }
    }

    /// Waits until a change of another node turned out to be lost.
    pub async fn presence_lost(&self) {
        self.0.presence_lost.notified().await;
    }

    /// The other nodes that are known, each with the number of its last change.
    #[must_use]
    pub fn other_nodes(&self) -> HashMap<NodeId, u64> {
        self.remote().versions()
    }

    /// Puts all of another node's people in place of what was known of it, unless that is newer.
    /// Answers who came online or went offline by that.
    #[must_use]
    pub fn replace_node_presence(
        &self,
        node: NodeId,
        version: u64,
        people: HashSet<UserId>,
    ) -> Vec<(UserId, bool)> {
        let changes = self.remote().replace_node(node, version, people);
        self.only_remote(changes)
    }

    /// Forgets a node that is gone. Answers who went offline with it.
    #[must_use]
    pub fn expire_node(&self, node: NodeId) -> Vec<(UserId, bool)> {
        let changes = self.remote().remove_node(node);
        self.only_remote(changes)
    }

    /// Without those who are here.
    fn only_remote(&self, mut changes: Vec<(UserId, bool)>) -> Vec<(UserId, bool)> {
        let users = self.users();
        changes.retain(|(user, _)| !users.contains(*user));
        changes
    }
}

/// Takes a socket out; false when it is not there.
fn remove(sockets: &mut Vec<Arc<Outbox>>, outbox: &Arc<Outbox>) -> bool {
    let place = sockets.iter().position(|socket| Arc::ptr_eq(socket, outbox));
    place.map(|place| sockets.swap_remove(place)).is_some()
}

#[cfg(test)]
mod tests;
