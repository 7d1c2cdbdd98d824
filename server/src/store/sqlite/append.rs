//! SQL that appends to the log: one transaction for a whole batch, positions given inside it.

use std::collections::HashMap;
use std::sync::LazyLock;

use causerie_protocol::event::{ChatChanged, Deleted, Edited, Membership, User};
use causerie_protocol::rest::ChatStatus;
use causerie_protocol::{ChatId, ClientId, Event, Message, MessageId, MessageText, Seq, UserId, limits};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use super::log::kind;
use super::{accounts, to_seq, to_sql};
use crate::clock;
use crate::store::{Append, AppendResult, Appended, Change, Refused, StoreError};

/// Rows of one `INSERT`, largest first: any number is a sum of these, and each is prepared once.
const INSERT_SIZES: [usize; 4] = [64, 16, 4, 1];

static INSERTS: LazyLock<[&'static str; INSERT_SIZES.len()]> = LazyLock::new(|| {
    INSERT_SIZES.map(|rows| {
        let values = vec!["(?, ?, ?, 0, ?, ?, ?, ?)"; rows].join(", ");
        let statement =
            format!("INSERT INTO events (id, chat_id, seq, kind, actor_id, at, client_id, content) VALUES {values}");
        // Four texts that live as long as the program.
        &*Box::leak(statement.into_boxed_str())
    })
});

pub(super) async fn append(writer: &mut SqliteConnection, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let mut results = Vec::with_capacity(batch.len());
    let mut rest = batch;
    while !rest.is_empty() {
        let run = rest.iter().take_while(|append| matches!(append.change, Change::Message { .. })).count();
        if run > 0 {
            messages(&mut transaction, &rest[..run], &mut results).await?;
            rest = &rest[run..];
        }
        if let [append, tail @ ..] = rest
            && run == 0
        {
            results.push(other(&mut transaction, append).await?);
            rest = tail;
        }
    }
    transaction.commit().await?;
    Ok(results)
}

/// What the database knows about one message before it is stored.
struct Known {
    sender: User,
    closed: bool,
    head: Seq,
    last_id: i64,
    earlier: Option<Message>,
}

/// A row that will be inserted.
struct NewRow<'a> {
    message: Message,
    text: &'a MessageText,
}

/// Appends a run of messages: one look-up, a few inserts and one update for all of them.
async fn messages(
    transaction: &mut SqliteConnection,
    run: &[Append],
    results: &mut Vec<AppendResult>,
) -> Result<(), StoreError> {
    let known = look_up(transaction, run).await?;
    let now = clock::now();
    let sent_at = clock::to_wire(now);
    let mut heads: HashMap<ChatId, Seq> = HashMap::new();
    let mut last_id = None;
    let mut new: Vec<NewRow<'_>> = Vec::with_capacity(run.len());
    let mut new_by_client_id: HashMap<(ChatId, UserId, &ClientId), usize> = HashMap::new();
    for (append, known) in run.iter().zip(known) {
        let Change::Message { text, client_id } = &append.change else { unreachable!("a run holds only messages") };
        let Some(known) = known else {
            results.push(Err(Refused::NoSuchChat));
            continue;
        };
        let key = client_id.as_ref().map(|client_id| (append.chat, append.actor, client_id));
        // The earlier message may be in this very batch.
        let in_batch = key.and_then(|key| new_by_client_id.get(&key)).map(|&index| new[index].message.clone());
        if let Some(earlier) = known.earlier.or(in_batch) {
            results.push(repeated(earlier, text));
            continue;
        }
        if known.closed {
            results.push(Err(Refused::ChatClosed));
            continue;
        }
        let head = heads.entry(append.chat).or_insert(known.head);
        *head = head.next();
        let id = last_id.unwrap_or(known.last_id) + 1;
        last_id = Some(id);
        let message = Message {
            id: MessageId(id),
            chat_id: append.chat,
            seq: *head,
            sender: known.sender,
            content: text.as_str().to_owned(),
            sent_at: sent_at.clone(),
            client_id: client_id.clone(),
            edited_at: None,
            deleted_at: None,
        };
        if let Some(key) = key {
            new_by_client_id.insert(key, new.len());
        }
        results.push(Ok(Appended::Event(Event::Message(message.clone()))));
        new.push(NewRow { message, text });
    }
    insert(transaction, &new, now).await?;
    set_heads(transaction, &heads, now).await
}

/// A message that came again: the first one, unless the text differs. An edited or deleted one can't be compared any more.
fn repeated(earlier: Message, text: &MessageText) -> AppendResult {
    let as_sent = earlier.edited_at.is_none() && earlier.deleted_at.is_none();
    if as_sent && earlier.content != text.as_str() {
        return Err(Refused::ClientIdReused);
    }
    Ok(Appended::Duplicate(earlier))
}

async fn look_up(transaction: &mut SqliteConnection, run: &[Append]) -> Result<Vec<Option<Known>>, StoreError> {
    let asked: Vec<(ChatId, UserId, Option<&ClientId>)> = run
        .iter()
        .map(|append| match &append.change {
            Change::Message { client_id, .. } => (append.chat, append.actor, client_id.as_ref()),
            _ => unreachable!("a run holds only messages"),
        })
        .collect();
    let rows = sqlx::query(
        "SELECT u.id AS user_id, u.email, u.name, c.closed, c.head,
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) AS last_id,
                d.id, d.seq, d.at, d.content, d.edited_at, d.deleted_at
         FROM json_each(?1) j
         LEFT JOIN participants p ON p.chat_id = j.value ->> 0 AND p.user_id = j.value ->> 1
         LEFT JOIN chats c ON c.id = p.chat_id
         LEFT JOIN users u ON u.id = p.user_id
         LEFT JOIN events d ON d.chat_id = p.chat_id AND d.actor_id = p.user_id AND d.client_id = j.value ->> 2",
    )
    .bind(serde_json::to_string(&asked).expect("ids have only fields that JSON can hold"))
    .fetch_all(transaction)
    .await?;
    rows.iter()
        .zip(&asked)
        .map(|(row, (chat_id, _, client_id))| {
            if row.try_get::<Option<i64>, _>("user_id")?.is_none() {
                return Ok(None);
            }
            let sender = accounts::user(row)?;
            let earlier = match row.try_get::<Option<i64>, _>("id")? {
                None => None,
                Some(id) => Some(Message {
                    id: MessageId(id),
                    chat_id: *chat_id,
                    seq: to_seq(row.try_get("seq")?),
                    sender: sender.clone(),
                    content: row.try_get::<Option<String>, _>("content")?.unwrap_or_default(),
                    sent_at: clock::to_wire(row.try_get("at")?),
                    client_id: client_id.cloned(),
                    edited_at: row.try_get::<Option<i64>, _>("edited_at")?.map(clock::to_wire),
                    deleted_at: row.try_get::<Option<i64>, _>("deleted_at")?.map(clock::to_wire),
                }),
            };
            Ok(Some(Known {
                sender,
                closed: row.try_get("closed")?,
                head: to_seq(row.try_get("head")?),
                last_id: row.try_get("last_id")?,
                earlier,
            }))
        })
        .collect()
}

async fn insert(transaction: &mut SqliteConnection, rows: &[NewRow<'_>], now: i64) -> Result<(), StoreError> {
    let mut rest = rows;
    for (size, statement) in INSERT_SIZES.into_iter().zip(*INSERTS) {
        while rest.len() >= size {
            let (now_inserted, later) = rest.split_at(size);
            rest = later;
            let mut query = sqlx::query(statement);
            for NewRow { message, text } in now_inserted {
                query = query
                    .bind(message.id.0)
                    .bind(message.chat_id.0)
                    .bind(to_sql(message.seq.0))
                    .bind(message.sender.id.0)
                    .bind(now)
                    .bind(message.client_id.as_ref().map(ClientId::as_str))
                    .bind(text.as_str());
            }
            query.execute(&mut *transaction).await?;
        }
    }
    Ok(())
}

async fn set_heads(
    transaction: &mut SqliteConnection,
    heads: &HashMap<ChatId, Seq>,
    now: i64,
) -> Result<(), StoreError> {
    if heads.is_empty() {
        return Ok(());
    }
    let pairs: Vec<_> = heads.iter().collect();
    sqlx::query(
        "UPDATE chats SET head = j.value ->> 1, updated_at = ?2 FROM json_each(?1) j WHERE chats.id = j.value ->> 0",
    )
    .bind(serde_json::to_string(&pairs).expect("numbers are JSON"))
    .bind(now)
    .execute(transaction)
    .await?;
    Ok(())
}

/// A chat as the actor of a change finds it.
struct Place {
    direct: bool,
    closed: bool,
    title: Option<String>,
    head: Seq,
    actor: User,
}

async fn place(transaction: &mut SqliteConnection, append: &Append) -> Result<Option<Place>, StoreError> {
    let row = sqlx::query(
        "SELECT c.direct, c.closed, c.title, c.head, u.id AS user_id, u.email, u.name
         FROM participants p JOIN chats c ON c.id = p.chat_id JOIN users u ON u.id = p.user_id
         WHERE p.chat_id = ?1 AND p.user_id = ?2",
    )
    .bind(append.chat.0)
    .bind(append.actor.0)
    .fetch_optional(transaction)
    .await?;
    row.map(|row| {
        Ok(Place {
            direct: row.try_get("direct")?,
            closed: row.try_get("closed")?,
            title: row.try_get("title")?,
            head: to_seq(row.try_get("head")?),
            actor: accounts::user(&row)?,
        })
    })
    .transpose()
}

/// Applies one change that is not a message.
async fn other(transaction: &mut SqliteConnection, append: &Append) -> Result<AppendResult, StoreError> {
    let Some(place) = place(transaction, append).await? else { return Ok(Err(Refused::NoSuchChat)) };
    match &append.change {
        Change::Message { .. } => unreachable!("messages are appended in runs"),
        Change::Edit { id, text } => edit(transaction, append, &place, *id, text).await,
        Change::Delete { id } => delete(transaction, append, &place, *id).await,
        Change::Join { user } => join(transaction, append, &place, *user).await,
        Change::Leave => leave(transaction, append, &place).await,
        Change::Update { title, status } => update(transaction, append, &place, title.as_deref(), *status).await,
        Change::Read { seq } => read(transaction, append, &place, *seq).await,
    }
}

/// Adds an event that is no message and moves the head; answers its position.
async fn push(
    transaction: &mut SqliteConnection,
    append: &Append,
    place: &Place,
    kind: i64,
    target: Option<i64>,
    content: Option<&str>,
    now: i64,
) -> Result<Seq, StoreError> {
    let seq = place.head.next();
    sqlx::query(
        "INSERT INTO events (chat_id, seq, kind, actor_id, at, target, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(append.chat.0)
    .bind(to_sql(seq.0))
    .bind(kind)
    .bind(append.actor.0)
    .bind(now)
    .bind(target)
    .bind(content)
    .execute(&mut *transaction)
    .await?;
    set_heads(transaction, &HashMap::from([(append.chat, seq)]), now).await?;
    Ok(seq)
}

/// Whether the actor may change this message; the refusal if not.
async fn own_message(
    transaction: &mut SqliteConnection,
    append: &Append,
    id: MessageId,
) -> Result<Result<(), Refused>, StoreError> {
    let sender: Option<i64> = sqlx::query_scalar(
        "SELECT actor_id FROM events WHERE id = ?1 AND chat_id = ?2 AND kind = 0 AND deleted_at IS NULL",
    )
    .bind(id.0)
    .bind(append.chat.0)
    .fetch_optional(transaction)
    .await?;
    Ok(match sender {
        None => Err(Refused::NoSuchMessage),
        Some(sender) if sender != append.actor.0 => Err(Refused::NotTheSender),
        Some(_) => Ok(()),
    })
}

async fn edit(
    transaction: &mut SqliteConnection,
    append: &Append,
    place: &Place,
    id: MessageId,
    text: &MessageText,
) -> Result<AppendResult, StoreError> {
    if place.closed {
        return Ok(Err(Refused::ChatClosed));
    }
    if let Err(refused) = own_message(transaction, append, id).await? {
        return Ok(Err(refused));
    }
    let now = clock::now();
    sqlx::query("UPDATE events SET content = ?2, edited_at = ?3 WHERE id = ?1")
        .bind(id.0)
        .bind(text.as_str())
        .bind(now)
        .execute(&mut *transaction)
        .await?;
    let seq = push(transaction, append, place, kind::EDITED, Some(id.0), None, now).await?;
    Ok(Ok(Appended::Event(Event::Edited(Edited {
        chat_id: append.chat,
        seq,
        id,
        content: text.as_str().to_owned(),
        edited_at: clock::to_wire(now),
    }))))
}

async fn delete(
    transaction: &mut SqliteConnection,
    append: &Append,
    place: &Place,
    id: MessageId,
) -> Result<AppendResult, StoreError> {
    if let Err(refused) = own_message(transaction, append, id).await? {
        return Ok(Err(refused));
    }
    let now = clock::now();
    // The text goes for good; the row stays, because positions have no gaps and the client_id stays taken.
    sqlx::query("UPDATE events SET content = NULL, deleted_at = ?2 WHERE id = ?1")
        .bind(id.0)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
    let seq = push(transaction, append, place, kind::DELETED, Some(id.0), None, now).await?;
    Ok(Ok(Appended::Event(Event::Deleted(Deleted {
        chat_id: append.chat,
        seq,
        id,
        deleted_at: clock::to_wire(now),
    }))))
}

async fn join(
    transaction: &mut SqliteConnection,
    append: &Append,
    place: &Place,
    user: UserId,
) -> Result<AppendResult, StoreError> {
    if place.direct {
        return Ok(Err(Refused::NotAGroup));
    }
    let row = sqlx::query("SELECT id AS user_id, email, name FROM users WHERE id = ?1")
        .bind(user.0)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(user) = row.as_ref().map(accounts::user).transpose()? else { return Ok(Err(Refused::NoSuchUser)) };
    let people: i64 = sqlx::query_scalar("SELECT count(*) FROM participants WHERE chat_id = ?1")
        .bind(append.chat.0)
        .fetch_one(&mut *transaction)
        .await?;
    if people.unsigned_abs() >= limits::PARTICIPANTS as u64 {
        return Ok(Err(Refused::Full));
    }
    // Who joins starts with everything before read, so that no old message counts as unread.
    let added = sqlx::query(
        "INSERT INTO participants (chat_id, user_id, read_seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )
    .bind(append.chat.0)
    .bind(user.id.0)
    .bind(to_sql(place.head.0))
    .execute(&mut *transaction)
    .await?;
    if added.rows_affected() == 0 {
        return Ok(Err(Refused::AlreadyIn));
    }
    let now = clock::now();
    let seq = push(transaction, append, place, kind::JOINED, Some(user.id.0), None, now).await?;
    let membership = Membership { chat_id: append.chat, seq, user, at: clock::to_wire(now) };
    Ok(Ok(Appended::Event(Event::Joined(membership))))
}

async fn leave(
    transaction: &mut SqliteConnection,
    append: &Append,
    place: &Place,
) -> Result<AppendResult, StoreError> {
    if place.direct {
        return Ok(Err(Refused::NotAGroup));
    }
    let now = clock::now();
    let seq = push(transaction, append, place, kind::LEFT, Some(append.actor.0), None, now).await?;
    sqlx::query("DELETE FROM participants WHERE chat_id = ?1 AND user_id = ?2")
        .bind(append.chat.0)
        .bind(append.actor.0)
        .execute(transaction)
        .await?;
    let membership = Membership { chat_id: append.chat, seq, user: place.actor.clone(), at: clock::to_wire(now) };
    Ok(Ok(Appended::Event(Event::Left(membership))))
}

async fn update(
    transaction: &mut SqliteConnection,
    append: &Append,
    place: &Place,
    title: Option<&str>,
    status: Option<ChatStatus>,
) -> Result<AppendResult, StoreError> {
    if title.is_some() && place.direct {
        return Ok(Err(Refused::NotAGroup));
    }
    let title = title.map(str::to_owned).or_else(|| place.title.clone());
    let closed = status.map_or(place.closed, |status| status == ChatStatus::Closed);
    let now = clock::now();
    sqlx::query("UPDATE chats SET title = ?2, closed = ?3 WHERE id = ?1")
        .bind(append.chat.0)
        .bind(&title)
        .bind(closed)
        .execute(&mut *transaction)
        .await?;
    let target = Some(i64::from(closed));
    let seq = push(transaction, append, place, kind::CHAT_CHANGED, target, title.as_deref(), now).await?;
    Ok(Ok(Appended::Event(Event::ChatChanged(ChatChanged {
        chat_id: append.chat,
        seq,
        title,
        status: if closed { ChatStatus::Closed } else { ChatStatus::Active },
        at: clock::to_wire(now),
    }))))
}

async fn read(
    transaction: &mut SqliteConnection,
    append: &Append,
    place: &Place,
    seq: Seq,
) -> Result<AppendResult, StoreError> {
    let wanted = seq.min(place.head);
    let moved = sqlx::query(
        "UPDATE participants SET read_seq = ?3 WHERE chat_id = ?1 AND user_id = ?2 AND read_seq < ?3",
    )
    .bind(append.chat.0)
    .bind(append.actor.0)
    .bind(to_sql(wanted.0))
    .execute(&mut *transaction)
    .await?;
    if moved.rows_affected() > 0 {
        return Ok(Ok(Appended::Read { seq: wanted, moved: true }));
    }
    let stands: i64 =
        sqlx::query_scalar("SELECT read_seq FROM participants WHERE chat_id = ?1 AND user_id = ?2")
            .bind(append.chat.0)
            .bind(append.actor.0)
            .fetch_one(transaction)
            .await?;
    Ok(Ok(Appended::Read { seq: to_seq(stands), moved: false }))
}
