//! Appending on Postgres: a run of messages is one call of a function in the database.

use std::collections::{HashMap, HashSet};

use causerie_protocol::event::Original;
use causerie_protocol::{ClientId, Event, Message, MessageId, UserId, limits};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, FromRow};

use super::sql::changes;
use crate::clock;
use crate::format;
use crate::store::rows::{self, EarlierRow, OriginalRow, SenderRow, to_seq, to_sql};
use crate::store::{Append, AppendResult, Appended, Change, Refused};

pub(super) async fn append(
    connection: &mut PgConnection,
    batch: &[Append],
) -> sqlx::Result<Vec<AppendResult>> {
    let mut results = Vec::with_capacity(batch.len());
    if batch.iter().all(|append| is_message(append) && !is_reply(append) && !is_plain(append)) {
        // The call is a transaction of its own: one round trip.
        let refused = messages(connection, batch, &mut results).await?;
        forget_refusals(connection, refused).await;
        return Ok(results);
    }
    let mut transaction = connection.begin().await?;
    // All locks of the batch first and in one order, so that two nodes never wait for each other in a circle.
    let chats: Vec<i64> = batch.iter().map(|append| append.chat.0).collect();
    sqlx::query("SELECT 1 FROM chats WHERE id = ANY ($1) ORDER BY id FOR UPDATE")
        .bind(chats)
        .execute(&mut *transaction)
        .await?;
    let mut refused = false;
    let mut rest = batch;
    while let Some((append, tail)) = rest.split_first() {
        let run = rest.iter().take_while(|append| is_message(append)).count();
        if run > 0 {
            refused |= messages(&mut transaction, &rest[..run], &mut results).await?;
            rest = &rest[run..];
        } else {
            results.push(changes::apply(&mut transaction, append).await?);
            rest = tail;
        }
    }
    transaction.commit().await?;
    forget_refusals(connection, refused).await;
    Ok(results)
}

/// After a new refusal, and after its transaction: should this fail, the batch is stored all the same.
async fn forget_refusals(connection: &mut PgConnection, refused: bool) {
    if refused && let Err(error) = changes::forget_refusals(connection, clock::now()).await {
        tracing::warn!(%error, "old refusals stay for now");
    }
}

fn is_message(append: &Append) -> bool {
    matches!(append.change, Change::Message { .. })
}

fn is_reply(append: &Append) -> bool {
    matches!(append.change, Change::Message { reply_to: Some(_), .. })
}

fn is_plain(append: &Append) -> bool {
    matches!(append.change, Change::Message { plain: true, .. })
}

/// What the function answers for each message, in their order.
#[derive(FromRow)]
struct AppendedRow {
    #[sqlx(flatten)]
    sender: SenderRow,
    refused: Option<i64>,
    /// The place in the batch, from 1, of the first message with the same name.
    first_ord: i64,
    new_id: Option<i64>,
    new_seq: Option<i64>,
    /// Why it is refused now.
    new_refusal: Option<i64>,
    /// Who asked for the chat, which is accepted by it.
    accepts_of: Option<i64>,
    #[sqlx(flatten)]
    earlier: EarlierRow,
}

/// Appends a run of messages; whether one of them was refused that was not refused before.
async fn messages(
    connection: &mut PgConnection,
    run: &[Append],
    results: &mut Vec<AppendResult>,
) -> sqlx::Result<bool> {
    let now = clock::now();
    let mut texts = Vec::with_capacity(run.len());
    let mut client_ids = Vec::with_capacity(run.len());
    let mut targets = Vec::with_capacity(run.len());
    for append in run {
        let Change::Message { text, client_id, reply_to, .. } = &append.change else {
            unreachable!("a run holds only messages")
        };
        texts.push(text);
        client_ids.push(client_id.as_ref());
        targets.push(*reply_to);
    }
    let rows: Vec<AppendedRow> = sqlx::query_as("SELECT * FROM append_or_reply($1, $2, $3, $4, $5, $6, $7)")
        .bind(run.iter().map(|append| append.chat.0).collect::<Vec<_>>())
        .bind(run.iter().map(|append| append.actor.0).collect::<Vec<_>>())
        .bind(client_ids.iter().map(|id| id.map(ClientId::as_str)).collect::<Vec<_>>())
        .bind(texts.iter().map(|text| text.as_str().as_bytes()).collect::<Vec<_>>())
        .bind(targets.iter().map(|seq| seq.map(|seq| to_sql(seq.0))).collect::<Vec<_>>())
        .bind(now)
        .bind(to_sql(limits::REQUEST_MESSAGES))
        .fetch_all(&mut *connection)
        .await?;
    // Few are plain, and few come again, so what is asked for the others knows nothing of it.
    let new_plain =
        rows.iter().zip(run).filter(|(_, append)| is_plain(append)).filter_map(|(row, _)| row.new_id);
    set_plain(connection, new_plain.collect()).await?;
    let plain_before = plain_of(connection, rows.iter().filter_map(|row| row.earlier.id).collect()).await?;
    let is_new = |(row, append): &(&AppendedRow, &Append)| row.new_id.is_some() && is_reply(append);
    let mut originals = if rows.iter().zip(run).any(|pair| is_new(&pair)) {
        let new = rows.iter().zip(run).filter(is_new);
        originals(connection, new.filter_map(|(row, _)| row.new_id).collect()).await?
    } else {
        HashMap::new()
    };
    let sent_at = clock::to_wire(now);
    let begin = results.len();
    let mut newly_refused = false;
    for (index, mut row) in rows.into_iter().enumerate() {
        row.earlier.plain = row.earlier.id.is_some_and(|id| plain_before.contains(&id));
        let (append, text, client_id, reply_to) =
            (&run[index], texts[index], client_ids[index], targets[index]);
        let plain = is_plain(append);
        let first = usize::try_from(row.first_ord - 1).unwrap_or(index);
        let repeats = (first < index).then(|| results[begin + first].clone());
        newly_refused |= row.new_refusal.is_some();
        results.push(match (row.sender.into_user(), row.new_id, row.new_seq) {
            (None, ..) => Err(Refused::NoSuchChat),
            (Some(sender), Some(id), Some(seq)) => {
                let event = Event::Message(Message {
                    id: MessageId(id),
                    chat_id: append.chat,
                    seq: to_seq(seq),
                    sender,
                    content: text.as_str().to_owned(),
                    sent_at: sent_at.clone(),
                    client_id: client_id.cloned(),
                    edited_at: None,
                    deleted_at: None,
                    reactions: Vec::new(),
                    reply_to: reply_to
                        .map(|seq| Box::new(originals.remove(&id).unwrap_or(Original::unseen(seq)))),
                    spans: format::spans(text.as_str(), plain),
                    plain,
                });
                Ok(match row.accepts_of {
                    Some(asked_by) => Appended::Accepted { event, asked_by: UserId(asked_by) },
                    None => Appended::Event(event),
                })
            }
            (Some(sender), ..) => {
                let refusal = row.refused.or(row.new_refusal).map(rows::refused);
                match (row.earlier.into_message(append.chat, &sender, client_id), refusal, repeats) {
                    (Some(earlier), ..) => rows::repeated(earlier, text, reply_to, plain),
                    (None, Some(refused), _) => Err(refused),
                    (
                        None,
                        None,
                        Some(Ok(
                            Appended::Event(Event::Message(first))
                            | Appended::Accepted { event: Event::Message(first), .. }
                            | Appended::Duplicate(first),
                        )),
                    ) => rows::repeated(first, text, reply_to, plain),
                    (None, None, Some(refused)) => refused,
                    (None, None, None) => {
                        let lost = "append_or_ask answered neither a message nor a refusal";
                        return Err(sqlx::Error::Decode(lost.into()));
                    }
                }
            }
        });
    }
    Ok(newly_refused)
}

/// Marks new messages as plain.
async fn set_plain(connection: &mut PgConnection, ids: Vec<i64>) -> sqlx::Result<()> {
    if !ids.is_empty() {
        let update = sqlx::query("UPDATE events SET plain = TRUE WHERE id = ANY ($1)");
        update.bind(ids).execute(connection).await?;
    }
    Ok(())
}

/// Those of some messages that are plain.
async fn plain_of(connection: &mut PgConnection, ids: Vec<i64>) -> sqlx::Result<HashSet<i64>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let plain = sqlx::query_scalar("SELECT id FROM events WHERE id = ANY ($1) AND plain");
    Ok(plain.bind(ids).fetch_all(connection).await?.into_iter().collect())
}

/// What new messages reply to, by the ids of the replies, as it stands in the transaction.
async fn originals(connection: &mut PgConnection, replies: Vec<i64>) -> sqlx::Result<HashMap<i64, Original>> {
    #[derive(FromRow)]
    struct Row {
        id: i64,
        seq: i64,
        #[sqlx(flatten)]
        original: OriginalRow,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT e.id, o.seq, o.id AS original_id, substr(o.content, 1, CAST($2 AS INTEGER)) AS original_content,
                o.deleted_at AS original_deleted_at, o.plain AS original_plain, v.id AS original_sender, v.name AS original_name
         FROM events e JOIN events o ON o.chat_id = e.chat_id AND o.seq = e.target
         JOIN users v ON v.id = o.actor_id
         WHERE e.id = ANY ($1)",
    )
    .bind(replies)
    .bind(rows::SNIPPET_BYTES)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, row.original.at(to_seq(row.seq))?))).collect())
}
