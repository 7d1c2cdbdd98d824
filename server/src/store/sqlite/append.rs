//! SQL that appends to the log: one transaction for a whole batch, positions given inside it.

use std::collections::HashMap;
use std::sync::LazyLock;

use causerie_protocol::event::User;
use causerie_protocol::{ChatId, ClientId, Event, Message, MessageId, MessageText, Seq, UserId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, FromRow};

use super::sql::{changes, log};
use crate::clock::{self, UnixMicros};
use crate::store::rows::{self, EarlierRow, SenderRow, to_seq, to_sql};
use crate::store::{Append, AppendResult, Appended, Change, Refused};

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
) -> sqlx::Result<Vec<AppendResult>> {
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

/// What the database knows about one message before it is stored: its sender and its chat, if they exist, and
/// whether it was stored or refused before.
#[derive(FromRow)]
struct KnownRow {
    #[sqlx(flatten)]
    sender: SenderRow,
    is_in: bool,
    closed: Option<bool>,
    head: Option<i64>,
    refused: Option<i64>,
    last_id: i64,
    #[sqlx(flatten)]
    earlier: EarlierRow,
}

/// As [`KnownRow`], of a chat and a sender that exist.
struct Known {
    sender: User,
    is_in: bool,
    closed: bool,
    head: Seq,
    last_id: i64,
    earlier: Option<Message>,
    refused: Option<Refused>,
}

impl Known {
    /// What was decided about this message before; nothing about a new one.
    fn decided(&mut self, in_batch: Option<Message>, text: &MessageText) -> Option<AppendResult> {
        let earlier = self.earlier.take().or(in_batch);
        earlier.map(|earlier| rows::repeated(earlier, text)).or_else(|| self.refused.map(Err))
    }

    /// Why a new message is not taken.
    fn refuses(&self) -> Option<Refused> {
        if !self.is_in { Some(Refused::NoSuchChat) } else { self.closed.then_some(Refused::ChatClosed) }
    }
}

/// A row that will be inserted.
struct NewRow<'a> {
    id: MessageId,
    chat: ChatId,
    seq: Seq,
    sender: UserId,
    client_id: Option<&'a ClientId>,
    text: &'a MessageText,
}

/// Appends a run of messages: one look-up, a few inserts and one update for all of them.
async fn messages(
    transaction: &mut SqliteConnection,
    run: &[Append],
    results: &mut Vec<AppendResult>,
) -> sqlx::Result<()> {
    let known = look_up(transaction, run).await?;
    let now = clock::now();
    let sent_at = clock::to_wire(now);
    let mut heads: HashMap<ChatId, (Seq, MessageId)> = HashMap::new();
    let mut last_id = None;
    let mut new: Vec<NewRow<'_>> = Vec::with_capacity(run.len());
    // Where in `results` the new messages are.
    let mut new_by_client_id: HashMap<(ChatId, UserId, &ClientId), usize> = HashMap::new();
    let mut refusals = Vec::new();
    for (append, known) in run.iter().zip(known) {
        let Change::Message { text, client_id } = &append.change else {
            unreachable!("a run holds only messages")
        };
        // The chat or the sender does not exist, so this refusal need not be stored: a late duplicate would be refused
        // again.
        let Some(mut known) = known else {
            results.push(Err(Refused::NoSuchChat));
            continue;
        };
        let key = client_id.as_ref().map(|client_id| (append.chat, append.actor, client_id));
        // The earlier message may be in this very batch.
        let in_batch = key.and_then(|key| new_by_client_id.get(&key)).and_then(|&index| {
            let Ok(Appended::Event(Event::Message(message))) = &results[index] else { return None };
            Some(message.clone())
        });
        if let Some(decided) = known.decided(in_batch, text) {
            results.push(decided);
            continue;
        }
        if let Some(refused) = known.refuses() {
            results.push(Err(refused));
            refusals.extend(key.zip(rows::persisted_reason(refused)));
            continue;
        }
        let id = last_id.unwrap_or(known.last_id) + 1;
        last_id = Some(id);
        let (head, newest) = heads.entry(append.chat).or_insert((known.head, MessageId(id)));
        (*head, *newest) = (head.next(), MessageId(id));
        if let Some(key) = key {
            new_by_client_id.insert(key, results.len());
        }
        new.push(NewRow {
            id: MessageId(id),
            chat: append.chat,
            seq: *head,
            sender: append.actor,
            client_id: client_id.as_ref(),
            text,
        });
        results.push(Ok(Appended::Event(Event::Message(Message {
            id: MessageId(id),
            chat_id: append.chat,
            seq: *head,
            sender: known.sender,
            content: text.as_str().to_owned(),
            sent_at: sent_at.clone(),
            client_id: client_id.clone(),
            edited_at: None,
            deleted_at: None,
        }))));
    }
    insert(transaction, &new, now).await?;
    set_heads(transaction, &heads, now).await?;
    refuse(transaction, &refusals, now).await
}

async fn look_up(transaction: &mut SqliteConnection, run: &[Append]) -> sqlx::Result<Vec<Option<Known>>> {
    let asked: Vec<(ChatId, UserId, Option<&ClientId>)> = run
        .iter()
        .map(|append| match &append.change {
            Change::Message { client_id, .. } => (append.chat, append.actor, client_id.as_ref()),
            _ => unreachable!("a run holds only messages"),
        })
        .collect();
    // Most of the time nothing is refused, and then one look is enough for all.
    let rows: Vec<KnownRow> = sqlx::query_as(
        "SELECT u.id AS user_id, u.email, u.name, p.user_id IS NOT NULL AS is_in, c.closed, c.head,
                r.reason AS refused,
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) AS last_id,
                d.id, d.seq, d.at, d.content, d.edited_at, d.deleted_at
         FROM json_each($1) j
         LEFT JOIN chats c ON c.id = j.value ->> 0
         LEFT JOIN users u ON u.id = j.value ->> 1
         LEFT JOIN participants p ON p.chat_id = c.id AND p.user_id = u.id
         LEFT JOIN refusals r ON EXISTS (SELECT 1 FROM refusals) AND r.chat_id = c.id AND r.actor_id = u.id
              AND r.client_id = j.value ->> 2
         LEFT JOIN events d ON d.chat_id = c.id AND d.actor_id = u.id AND d.client_id = j.value ->> 2",
    )
    .bind(serde_json::to_string(&asked).expect("ids have only fields that JSON can hold"))
    .fetch_all(transaction)
    .await?;
    let known = rows.into_iter().zip(&asked).map(|(row, (chat_id, _, client_id))| {
        let sender = row.sender.into_user()?;
        Some(Known {
            earlier: row.earlier.into_message(*chat_id, &sender, *client_id),
            sender,
            is_in: row.is_in,
            closed: row.closed?,
            head: to_seq(row.head?),
            last_id: row.last_id,
            refused: row.refused.map(rows::refused),
        })
    });
    Ok(known.collect())
}

async fn insert(
    transaction: &mut SqliteConnection,
    rows: &[NewRow<'_>],
    now: UnixMicros,
) -> sqlx::Result<()> {
    let mut rest = rows;
    for (size, statement) in INSERT_SIZES.into_iter().zip(*INSERTS) {
        while rest.len() >= size {
            let (now_inserted, later) = rest.split_at(size);
            rest = later;
            let mut query = sqlx::query(statement);
            for row in now_inserted {
                query = query
                    .bind(row.id.0)
                    .bind(row.chat.0)
                    .bind(to_sql(row.seq.0))
                    .bind(row.sender.0)
                    .bind(now)
                    .bind(row.client_id.map(ClientId::as_str))
                    .bind(row.text.as_str());
            }
            query.execute(&mut *transaction).await?;
        }
    }
    Ok(())
}

/// Notes that messages were refused, and forgets what was refused long ago.
async fn refuse(
    transaction: &mut SqliteConnection,
    refusals: &[((ChatId, UserId, &ClientId), i64)],
    now: UnixMicros,
) -> sqlx::Result<()> {
    if refusals.is_empty() {
        return Ok(());
    }
    // The same message may be twice in a batch.
    sqlx::query(
        "INSERT OR IGNORE INTO refusals (chat_id, actor_id, client_id, reason, at)
         SELECT j.value ->> '$[0][0]', j.value ->> '$[0][1]', j.value ->> '$[0][2]', j.value ->> 1, $2
         FROM json_each($1) j",
    )
    .bind(serde_json::to_string(refusals).expect("ids have only fields that JSON can hold"))
    .bind(now)
    .execute(&mut *transaction)
    .await?;
    log::forget_refusals(transaction, now).await
}

async fn set_heads(
    transaction: &mut SqliteConnection,
    heads: &HashMap<ChatId, (Seq, MessageId)>,
    now: UnixMicros,
) -> sqlx::Result<()> {
    if heads.is_empty() {
        return Ok(());
    }
    let moved: Vec<_> = heads.iter().map(|(chat, (head, newest))| (chat, head, newest)).collect();
    sqlx::query(
        "UPDATE chats SET head = j.value ->> 1, sort_key = j.value ->> 2, updated_at = ?2
         FROM json_each(?1) j WHERE chats.id = j.value ->> 0",
    )
    .bind(serde_json::to_string(&moved).expect("numbers are JSON"))
    .bind(now)
    .execute(transaction)
    .await?;
    Ok(())
}
