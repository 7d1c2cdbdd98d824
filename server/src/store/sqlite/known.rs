//! What the thread that appends knows of chats and senders without asking SQLite for every message.
//!
//! It is what the thread's own connection read or wrote, and it is forgotten once another connection has committed
//! anything (`PRAGMA data_version`), inside the transaction: so it is never older than what a query would answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use causerie_protocol::event::User;
use causerie_protocol::{ChatId, MessageId, Seq, UserId, limits};
use rusqlite::{Connection, OptionalExtension};

use crate::store::rows::to_seq;

/// Most senders that are known; a few hundred bytes each.
const SENDERS: usize = 10_000;

/// The database as the last transaction left it.
#[derive(Default)]
pub(super) struct Known {
    /// Changes with every commit of another connection.
    version: Option<i64>,
    chats: HashMap<ChatId, KnownChat>,
    senders: usize,
}

/// A chat that exists, with those of its senders that were looked up.
struct KnownChat {
    state: ChatState,
    senders: HashMap<UserId, Sender>,
}

/// Where a chat stands, with what the running transaction has added.
pub(super) struct ChatState {
    pub(super) closed: bool,
    pub(super) head: Seq,
    /// It is not accepted.
    pub(super) request: Option<Request>,
    /// The newest message that is not in the chat's row yet.
    pub(super) newest: Option<MessageId>,
}

/// What is known of a chat that its other one has not accepted.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) by: UserId,
    /// How many messages they may still write.
    pub(super) left: u64,
}

/// A user that exists, as the sender of messages to one chat.
pub(super) struct Sender {
    pub(super) user: User,
    /// A participant of the chat.
    pub(super) is_in: bool,
    /// Something that they sent to this chat was refused, so more may be a copy of it.
    pub(super) was_refused: bool,
}

impl Known {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Begins a transaction, in which `connection` sees its last state.
    pub(super) fn begin(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version != Some(version) || self.senders > SENDERS {
            self.clear();
            self.version = Some(version);
        }
        Ok(())
    }

    /// Forgets a chat that is about to be changed in another way than by messages.
    pub(super) fn forget(&mut self, chat: ChatId) {
        if let Some(known) = self.chats.remove(&chat) {
            self.senders -= known.senders.len();
        }
    }

    /// Forgets a sender of messages to a chat, whose membership has changed.
    pub(super) fn forget_sender(&mut self, chat: ChatId, sender: UserId) {
        if let Some(known) = self.chats.get_mut(&chat)
            && known.senders.remove(&sender).is_some()
        {
            self.senders -= 1;
        }
    }

    /// A chat and a sender of messages to it; `None` if one of them does not exist.
    pub(super) fn look_up(
        &mut self,
        connection: &Connection,
        chat: ChatId,
        sender: UserId,
    ) -> rusqlite::Result<Option<(&mut ChatState, &mut Sender)>> {
        let known = match self.chats.entry(chat) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => match read_chat(connection, chat)? {
                Some(state) => place.insert(KnownChat { state, senders: HashMap::new() }),
                None => return Ok(None),
            },
        };
        let sender = match known.senders.entry(sender) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => match read_sender(connection, chat, sender)? {
                Some(sender) => {
                    self.senders += 1;
                    place.insert(sender)
                }
                None => return Ok(None),
            },
        };
        Ok(Some((&mut known.state, sender)))
    }

    /// A chat that was looked up in this transaction and not forgotten since.
    pub(super) fn chat(&mut self, chat: ChatId) -> Option<&mut ChatState> {
        self.chats.get_mut(&chat).map(|known| &mut known.state)
    }
}

fn read_chat(connection: &Connection, chat: ChatId) -> rusqlite::Result<Option<ChatState>> {
    let mut statement =
        connection.prepare_cached("SELECT closed, head, requested_by FROM chats WHERE id = ?1")?;
    let state = statement.query_row([chat.0], |row| {
        let request = match row.get::<_, Option<i64>>(2)? {
            Some(by) => Some(read_request(connection, chat, UserId(by))?),
            None => None,
        };
        Ok(ChatState { closed: row.get(0)?, head: to_seq(row.get(1)?), request, newest: None })
    });
    state.optional()
}

fn read_request(connection: &Connection, chat: ChatId, by: UserId) -> rusqlite::Result<Request> {
    let sent: i64 = connection
        .prepare_cached("SELECT count(*) FROM events WHERE chat_id = ?1 AND kind = 0 AND actor_id = ?2")?
        .query_row([chat.0, by.0], |row| row.get(0))?;
    Ok(Request { by, left: limits::REQUEST_MESSAGES.saturating_sub(sent.unsigned_abs()) })
}

fn read_sender(connection: &Connection, chat: ChatId, sender: UserId) -> rusqlite::Result<Option<Sender>> {
    let mut statement = connection.prepare_cached(
        "SELECT u.email, u.name,
                EXISTS (SELECT 1 FROM participants WHERE chat_id = ?1 AND user_id = u.id),
                EXISTS (SELECT 1 FROM refusals WHERE chat_id = ?1 AND actor_id = u.id)
         FROM users u WHERE u.id = ?2",
    )?;
    let sender = statement.query_row([chat.0, sender.0], |row| {
        let user = User { id: sender, email: Some(row.get(0)?), name: row.get(1)? };
        Ok(Sender { user, is_in: row.get(2)?, was_refused: row.get(3)? })
    });
    sender.optional()
}
