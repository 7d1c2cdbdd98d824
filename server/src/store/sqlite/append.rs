//! SQL that appends to the log: one transaction for a whole batch, positions given inside it.
//!
//! Most of the time every message of a batch is new, and then SQLite's unique index is the only one that has to look.
//! When it finds one that is not, the transaction begins again and asks for each message whether it was stored before.

use std::sync::LazyLock;

use causerie_protocol::event::{Original, User};
use causerie_protocol::{ChatId, ClientId, Event, Message, MessageId, MessageText, Seq, UserId};
use futures_util::FutureExt;
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, ToSql, params};

use super::LAST_EVENT_ID;
use super::known::Known;
use super::sql::changes;
use super::wal::WalRoom;
use super::writer::{Writer, into_sqlx};
use crate::clock::{self, UnixMicros};
use crate::format;
use crate::store::rows::{self, EarlierRow, to_seq, to_sql};
use crate::store::{Append, AppendResult, Appended, Change, Refused};

/// Rows of one `INSERT`, largest first: any number is a sum of these, and each is prepared once.
const INSERT_SIZES: [usize; 4] = [64, 16, 4, 1];

/// `OR ROLLBACK`, since the transaction begins again in any case, and SQLite then keeps no copy of each changed page to
/// undo this statement alone.
static INSERTS: LazyLock<[String; INSERT_SIZES.len()]> = LazyLock::new(|| {
    INSERT_SIZES.map(|rows| {
        let values = vec!["(?, ?, ?, 0, ?, ?, ?, ?, ?, ?)"; rows].join(", ");
        format!(
            "INSERT OR ROLLBACK INTO events (id, chat_id, seq, kind, actor_id, at, client_id, content, target, plain) VALUES {values}"
        )
    })
});

/// How a transaction finds messages that were stored before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// By a conflict, which ends it.
    Conflict,
    /// By a look before each message that has a `client_id`.
    LookedUp,
}

/// Why a transaction did not end well.
enum Failure {
    Sqlite(rusqlite::Error),
    /// In a statement of shared SQL.
    Shared(sqlx::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Shared(error)
    }
}

impl Failure {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation))
    }

    fn into_sqlx(self) -> sqlx::Error {
        match self {
            Self::Sqlite(error) => into_sqlx(error),
            Self::Shared(error) => error,
        }
    }
}

/// What was decided about a change in the transaction.
enum Decided {
    /// A new message, whose text is still in the batch.
    New {
        id: MessageId,
        seq: Seq,
        sender: User,
        /// What it replies to.
        original: Option<Original>,
        /// Who asked for the chat, which is accepted by it.
        accepts_of: Option<UserId>,
    },
    Done(AppendResult),
}

pub(super) fn append(writer: &mut Writer, batch: Vec<Append>) -> sqlx::Result<Vec<AppendResult>> {
    let (connection, room, known) = writer.connected().map_err(into_sqlx)?;
    let now = clock::now();
    let mut decided = transact(connection, room, known, &batch, now, Repeats::Conflict);
    if decided.as_ref().is_err_and(Failure::is_conflict) {
        known.clear();
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").map_err(into_sqlx)?;
        }
        decided = transact(connection, room, known, &batch, now, Repeats::LookedUp);
    }
    let decided = decided.map_err(Failure::into_sqlx)?;
    let sent_at = clock::to_wire(now);
    let result = |(append, decided): (Append, Decided)| match (decided, append.change) {
        (
            Decided::New { id, seq, sender, original, accepts_of },
            Change::Message { text, client_id, plain, .. },
        ) => {
            let event = Event::Message(Message {
                id,
                chat_id: append.chat,
                seq,
                sender,
                spans: format::spans(text.as_str(), plain),
                plain,
                content: text.into_string(),
                sent_at: sent_at.clone(),
                client_id,
                edited_at: None,
                deleted_at: None,
                reactions: Vec::new(),
                reply_to: original.map(Box::new),
            });
            Ok(match accepts_of {
                Some(asked_by) => Appended::Accepted { event, asked_by },
                None => Appended::Event(event),
            })
        }
        (Decided::New { .. }, _) => unreachable!("only a message is a new one"),
        (Decided::Done(result), _) => result,
    };
    Ok(batch.into_iter().zip(decided).map(result).collect())
}

/// Runs one transaction, to its commit. After a conflict there is none any more, nor of anything that failed once the
/// connection is closed.
fn transact(
    connection: &mut Connection,
    room: &mut WalRoom,
    known: &mut Known,
    batch: &[Append],
    now: UnixMicros,
    repeats: Repeats,
) -> Result<Vec<Decided>, Failure> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    room.make();
    known.begin(connection)?;
    let mut transaction = Transaction {
        connection: &mut *connection,
        known,
        now,
        repeats,
        last_id: None,
        new: Vec::new(),
        moved: Vec::new(),
        refused: false,
    };
    let mut decided = Vec::with_capacity(batch.len());
    for append in batch {
        decided.push(transaction.apply(append)?);
    }
    transaction.write()?;
    if transaction.refused {
        at_once(changes::forget_refusals(connection, now))?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(decided)
}

/// The outcome of shared SQL, which waits for nothing on this connection.
fn at_once<T>(outcome: impl Future<Output = T>) -> T {
    outcome.now_or_never().expect("each statement is done when it is asked for")
}

struct Transaction<'a> {
    connection: &'a mut Connection,
    known: &'a mut Known,
    now: UnixMicros,
    repeats: Repeats,
    /// The id of the newest entry of all logs, also of one that is gone, once it was looked up.
    last_id: Option<i64>,
    /// Messages that are not inserted yet.
    new: Vec<NewRow<'a>>,
    /// Chats whose rows have another head yet.
    moved: Vec<ChatId>,
    /// A refusal was noted.
    refused: bool,
}

/// A row that will be inserted.
struct NewRow<'a> {
    id: MessageId,
    chat: ChatId,
    seq: Seq,
    sender: UserId,
    client_id: Option<&'a ClientId>,
    text: &'a MessageText,
    reply_to: Option<Seq>,
    plain: bool,
}

impl<'a> Transaction<'a> {
    fn apply(&mut self, append: &'a Append) -> Result<Decided, Failure> {
        match &append.change {
            Change::Message { text, client_id, reply_to, plain } => {
                self.message(append, text, client_id.as_ref(), *reply_to, *plain)
            }
            // The most frequent beside messages: it needs no row of theirs.
            Change::Read { seq } => Ok(Decided::Done(self.read(append, *seq)?)),
            _ => {
                self.write()?;
                self.known.forget(append.chat);
                self.last_id = None;
                Ok(Decided::Done(at_once(changes::apply(self.connection, append))?))
            }
        }
    }

    fn message(
        &mut self,
        append: &'a Append,
        text: &'a MessageText,
        client_id: Option<&'a ClientId>,
        reply_to: Option<Seq>,
        plain: bool,
    ) -> Result<Decided, Failure> {
        let connection = &mut *self.connection;
        let Some((chat, sender)) = self.known.look_up(connection, append.chat, append.actor)? else {
            // The chat or the sender does not exist, so this refusal need not be stored: a late duplicate would be
            // refused again.
            return Ok(Decided::Done(Err(Refused::NoSuchChat)));
        };
        let refused = match &chat.request {
            _ if !sender.is_in => Some(Refused::NoSuchChat),
            _ if chat.closed => Some(Refused::ChatClosed),
            Some(request) if request.by == append.actor && request.left == 0 => Some(Refused::NotAccepted),
            _ => None,
        };
        let original = match reply_to.filter(|_| refused.is_none()) {
            Some(seq) => original(connection, append, seq)?,
            None => None,
        };
        let refused =
            refused.or((reply_to.is_some() && original.is_none()).then_some(Refused::NoSuchOriginal));
        if let Some(client_id) = client_id
            && (self.repeats == Repeats::LookedUp || refused.is_some() || sender.was_refused)
            && let Some(before) =
                decided_before(connection, append.chat, &sender.user, client_id, (text, reply_to, plain))?
        {
            return Ok(Decided::Done(before));
        }
        if let Some(refused) = refused {
            if let Some((client_id, reason)) = client_id.zip(rows::persisted_reason(refused)) {
                sender.was_refused = true;
                self.refused = true;
                note_refusal(connection, append, client_id, reason, self.now)?;
            }
            return Ok(Decided::Done(Err(refused)));
        }
        let mut accepts_of = None;
        match &mut chat.request {
            None => {}
            Some(request) if request.by == append.actor => request.left -= 1,
            Some(request) => {
                at_once(changes::forget_request(connection, append.chat, request.by, append.actor))
                    .map_err(Failure::Shared)?;
                accepts_of = Some(request.by);
                chat.request = None;
            }
        }
        let last_id = match self.last_id {
            Some(last_id) => last_id,
            None => last_event_id(connection)?,
        };
        self.last_id = Some(last_id + 1);
        let (id, seq, sender) = (MessageId(last_id + 1), chat.head.next(), sender.user.clone());
        chat.head = seq;
        if chat.newest.replace(id).is_none() {
            self.moved.push(append.chat);
        }
        if let Some(asked_by) = accepts_of {
            // They may be in the chat from now on only.
            self.known.forget_sender(append.chat, asked_by);
        }
        self.new.push(NewRow {
            id,
            chat: append.chat,
            seq,
            sender: append.actor,
            client_id,
            text,
            reply_to,
            plain,
        });
        if self.repeats == Repeats::LookedUp {
            // The look for the next one must find it.
            self.insert()?;
        }
        Ok(Decided::New { id, seq, sender, original, accepts_of })
    }

    fn read(&mut self, append: &Append, seq: Seq) -> rusqlite::Result<AppendResult> {
        let (chat, user) = (append.chat, append.actor);
        let Some((state, reader)) = self.known.look_up(self.connection, chat, user)? else {
            return Ok(Err(Refused::NoSuchChat));
        };
        if !reader.is_in {
            return Ok(Err(Refused::NoSuchChat));
        }
        let wanted = seq.min(state.head);
        let moved = self
            .connection
            .prepare_cached(
                "UPDATE participants SET read_seq = ?3 WHERE chat_id = ?1 AND user_id = ?2 AND read_seq < ?3",
            )?
            .execute(params![chat.0, user.0, to_sql(wanted.0)])?;
        if moved > 0 {
            return Ok(Ok(Appended::Read { seq: wanted, moved: true }));
        }
        let stands = self
            .connection
            .prepare_cached("SELECT read_seq FROM participants WHERE chat_id = ?1 AND user_id = ?2")?
            .query_row([chat.0, user.0], |row| row.get(0))?;
        Ok(Ok(Appended::Read { seq: to_seq(stands), moved: false }))
    }

    /// Writes everything that the next statement, or the commit, must find.
    fn write(&mut self) -> rusqlite::Result<()> {
        self.insert()?;
        let mut update = self
            .connection
            .prepare_cached("UPDATE chats SET head = ?2, sort_key = ?3, updated_at = ?4 WHERE id = ?1")?;
        for chat in self.moved.drain(..) {
            if let Some(state) = self.known.chat(chat)
                && let Some(newest) = state.newest.take()
            {
                update.execute(params![chat.0, to_sql(state.head.0), newest.0, self.now])?;
            }
        }
        Ok(())
    }

    fn insert(&mut self) -> rusqlite::Result<()> {
        let mut rest = self.new.as_slice();
        for (size, sql) in INSERT_SIZES.into_iter().zip(&*INSERTS) {
            if rest.len() < size {
                continue;
            }
            let mut insert = self.connection.prepare_cached(sql)?;
            while rest.len() >= size {
                let (rows, later) = rest.split_at(size);
                rest = later;
                let mut parameters = Parameters { statement: &mut insert, last: 0 };
                for row in rows {
                    parameters.bind(row.id.0)?;
                    parameters.bind(row.chat.0)?;
                    parameters.bind(to_sql(row.seq.0))?;
                    parameters.bind(row.sender.0)?;
                    parameters.bind(self.now)?;
                    parameters.bind(row.client_id.map(ClientId::as_str))?;
                    parameters.bind(row.text.as_str())?;
                    parameters.bind(row.reply_to.map(|seq| to_sql(seq.0)))?;
                    parameters.bind(row.plain)?;
                }
                insert.raw_execute()?;
            }
        }
        self.new.clear();
        Ok(())
    }
}

/// Binds one value after the other.
struct Parameters<'s, 'c> {
    statement: &'s mut CachedStatement<'c>,
    last: usize,
}

impl Parameters<'_, '_> {
    fn bind(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.last += 1;
        self.statement.raw_bind_parameter(self.last, value)
    }
}

/// The message that another one replies to, if its sender may see it.
fn original(connection: &Connection, append: &Append, seq: Seq) -> rusqlite::Result<Option<Original>> {
    connection
        .prepare_cached(
            "SELECT o.id, substr(o.content, 1, ?4), o.deleted_at IS NOT NULL, u.id, u.name, o.plain
             FROM events o JOIN users u ON u.id = o.actor_id
             JOIN participants p ON p.chat_id = o.chat_id AND p.user_id = ?3
             WHERE o.chat_id = ?1 AND o.seq = ?2 AND o.kind = 0 AND o.seq > p.from_seq",
        )?
        .query_row(params![append.chat.0, to_sql(seq.0), append.actor.0, rows::SNIPPET_BYTES], |row| {
            let content = row.get_ref(1)?.as_bytes_or_null()?.map(<[u8]>::to_vec);
            Ok(Original {
                seq,
                id: Some(MessageId(row.get(0)?)),
                sender: Some(User { id: UserId(row.get(3)?), email: None, name: row.get(4)? }),
                content: rows::snippet_of(&rows::to_text(content), row.get(5)?),
                deleted: row.get(2)?,
            })
        })
        .optional()
}

/// What was decided about a message with this name before; `None` of a new one.
fn decided_before(
    connection: &Connection,
    chat: ChatId,
    sender: &User,
    client_id: &ClientId,
    (text, reply_to, plain): (&MessageText, Option<Seq>, bool),
) -> rusqlite::Result<Option<AppendResult>> {
    let key = params![chat.0, sender.id.0, client_id.as_str()];
    let earlier = connection
        .prepare_cached(
            "SELECT id, seq, at, content, target, edited_at, deleted_at, plain FROM events
             WHERE chat_id = ?1 AND actor_id = ?2 AND client_id = ?3",
        )?
        .query_row(key, |row| {
            Ok(EarlierRow {
                id: row.get(0)?,
                seq: row.get(1)?,
                at: row.get(2)?,
                content: row.get_ref(3)?.as_bytes_or_null()?.map(<[u8]>::to_vec),
                target: row.get(4)?,
                edited_at: row.get(5)?,
                deleted_at: row.get(6)?,
                plain: row.get(7)?,
            })
        })
        .optional()?;
    if let Some(earlier) = earlier.and_then(|row| row.into_message(chat, sender, Some(client_id))) {
        return Ok(Some(rows::repeated(earlier, text, reply_to, plain)));
    }
    let reason = connection
        .prepare_cached(
            "SELECT reason FROM refusals WHERE chat_id = ?1 AND actor_id = ?2 AND client_id = ?3",
        )?
        .query_row(key, |row| row.get(0))
        .optional()?;
    Ok(reason.map(|reason| Err(rows::refused(reason))))
}

/// Notes that a message was refused.
fn note_refusal(
    connection: &Connection,
    append: &Append,
    client_id: &ClientId,
    reason: i64,
    now: UnixMicros,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO refusals (chat_id, actor_id, client_id, reason, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![append.chat.0, append.actor.0, client_id.as_str(), reason, now])?;
    Ok(())
}

fn last_event_id(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached(LAST_EVENT_ID)?.query_row([], |row| row.get(0))
}
