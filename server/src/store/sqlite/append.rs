//! SQL that appends to the log: one transaction for a whole batch, positions given inside it.

use std::collections::HashMap;
use std::sync::LazyLock;

use causerie_protocol::event::User;
use causerie_protocol::{ChatId, ClientId, Event, Message, MessageId, MessageText, Seq, UserId};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::changes;
use crate::clock;
use crate::store::rows::{self, KnownRow, to_seq, to_sql};
use crate::store::{Append, AppendResult, Appended, Change, Refused, StoreError};

/// Rows of one `INSERT`, largest first: any number is a sum of these, and each is prepared once.
const INSERT_SIZES: [usize; 4] = [64, 16, 4, 1];

static INSERTS: LazyLock<[&'static str; INSERT_SIZES.len()]> = LazyLock::new(|| {
    INSERT_SIZES.map(|rows| {
        let values = vec!["(?, ?, ?, 0, ?, ?, ?, ?)"; rows].join(", ");
        let statement = format!(
            "INSERT INTO events (id, chat_id, seq, kind, actor_id, at, client_id, content) VALUES {values}"
        );
        // Four texts that live as long as the program.
        &*Box::leak(statement.into_boxed_str())
    })
});

pub(super) async fn append(
    writer: &mut SqliteConnection,
    batch: &[Append],
) -> Result<Vec<AppendResult>, StoreError> {
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
            results.push(changes::apply(&mut transaction, append).await?);
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
        let Change::Message { text, client_id } = &append.change else {
            unreachable!("a run holds only messages")
        };
        let Some(known) = known else {
            results.push(Err(Refused::NoSuchChat));
            continue;
        };
        let key = client_id.as_ref().map(|client_id| (append.chat, append.actor, client_id));
        // The earlier message may be in this very batch.
        let in_batch =
            key.and_then(|key| new_by_client_id.get(&key)).map(|&index| new[index].message.clone());
        if let Some(earlier) = known.earlier.or(in_batch) {
            results.push(rows::repeated(earlier, text));
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

async fn look_up(
    transaction: &mut SqliteConnection,
    run: &[Append],
) -> Result<Vec<Option<Known>>, StoreError> {
    let asked: Vec<(ChatId, UserId, Option<&ClientId>)> = run
        .iter()
        .map(|append| match &append.change {
            Change::Message { client_id, .. } => (append.chat, append.actor, client_id.as_ref()),
            _ => unreachable!("a run holds only messages"),
        })
        .collect();
    let rows: Vec<KnownRow> = sqlx::query_as(
        "SELECT u.id AS user_id, u.email, u.name, c.closed, c.head,
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) AS last_id,
                d.id, d.seq, d.at, d.content, d.edited_at, d.deleted_at
         FROM json_each($1) j
         LEFT JOIN participants p ON p.chat_id = j.value ->> 0 AND p.user_id = j.value ->> 1
         LEFT JOIN chats c ON c.id = p.chat_id
         LEFT JOIN users u ON u.id = p.user_id
         LEFT JOIN events d ON d.chat_id = p.chat_id AND d.actor_id = p.user_id AND d.client_id = j.value ->> 2",
    )
    .bind(serde_json::to_string(&asked).expect("ids have only fields that JSON can hold"))
    .fetch_all(transaction)
    .await?;
    let known = rows.into_iter().zip(&asked).map(|(row, (chat_id, _, client_id))| {
        let sender = row.sender()?;
        let earlier = row.earlier(*chat_id, &sender, *client_id);
        let (closed, head) = (row.closed?, to_seq(row.head?));
        Some(Known { sender, closed, head, last_id: row.last_id, earlier })
    });
    Ok(known.collect())
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
