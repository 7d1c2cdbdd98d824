//! SQL that finds messages by their words, as both backends speak it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use causerie_protocol::search::{Found, Hit};
use causerie_protocol::{Message, MessageId, UserId, limits};

use super::{Connection, list, word_index};
use crate::search::Query;
use crate::search::excerpt::excerpt;
use crate::store::rows::EventRow;
use crate::store::search::CANDIDATES_AT_ONCE;

/// How long one search looks on; the next goes on from there.
const TIME: Duration = Duration::from_millis(500);

/// A chat, its title, and of a chat of two the other's name.
type ChatRow = (i64, Option<String>, Option<String>);

pub(super) async fn search(
    reader: &mut Connection,
    user: UserId,
    query: &Query,
    before: Option<MessageId>,
) -> sqlx::Result<Found> {
    let begin = Instant::now();
    let indexing = query.has_words() && word_index::look(reader).await?.left > 0;
    let mut found = Found { indexing, ..Found::default() };
    let chats = match query.names_chats() {
        true => Some(chats_within(reader, user, query).await?),
        false => None,
    };
    let mut below = before.map_or(i64::MAX, |id| id.0);
    let mut looked_at = 0;
    loop {
        let ids = word_index::candidates(reader, query, below, CANDIDATES_AT_ONCE).await?;
        let Some(last) = ids.last() else { return Ok(found) };
        below = *last;
        looked_at += ids.len() as u64;
        let is_last = (ids.len() as u64) < CANDIDATES_AT_ONCE;
        for message in readable(reader, user, query, ids).await? {
            let is_elsewhere = chats.as_ref().is_some_and(|chats| !chats.contains(&message.chat_id.0));
            if is_elsewhere || !query.is_from(&message.sender.name) {
                continue;
            }
            let Some(places) = query.find_in(&message.content) else { continue };
            if found.hits.len() == limits::SEARCH_HITS {
                found.next = found.hits.last().map(|hit| hit.id);
                return Ok(found);
            }
            found.hits.push(hit(message, &places));
        }
        if is_last {
            return Ok(found);
        }
        if looked_at >= limits::SEARCH_CANDIDATES || begin.elapsed() >= TIME {
            found.next = Some(MessageId(below));
            return Ok(found);
        }
    }
}

fn hit(message: Message, places: &[std::ops::Range<usize>]) -> Hit {
    let excerpt = excerpt(&message.content, places);
    let Message { id, chat_id, seq, sender, sent_at, .. } = message;
    Hit { id, chat_id, seq, sender, sent_at, excerpt }
}

/// Those of the messages that the person may read, as the history shows them, the newest first.
async fn readable(
    reader: &mut Connection,
    user: UserId,
    query: &Query,
    ids: Vec<i64>,
) -> sqlx::Result<Vec<Message>> {
    let rows: Vec<EventRow> = sqlx::query_as(concat!(
        "SELECT ",
        event_columns!(),
        original_columns!(),
        "
         FROM events e JOIN users u ON u.id = e.actor_id
         JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = $2
         ",
        original_join!("p.from_seq"),
        "
         WHERE e.kind = 0 AND e.deleted_at IS NULL AND e.seq > p.from_seq AND e.at >= $3 AND e.at < $4 AND e.id ",
        in_list!("$1"),
        " ORDER BY e.id DESC",
    ))
    .bind(list(ids.into_iter()))
    .bind(user.0)
    .bind(query.since.map_or(i64::MIN, |since| since.0))
    .bind(query.until.map_or(i64::MAX, |until| until.0))
    .fetch_all(reader)
    .await?;
    Ok(rows.into_iter().map(Message::from).collect())
}

/// The person's chats whose names the query is about.
async fn chats_within(reader: &mut Connection, user: UserId, query: &Query) -> sqlx::Result<HashSet<i64>> {
    let rows: Vec<ChatRow> = sqlx::query_as(
        "SELECT c.id, c.title, u.name
         FROM participants p JOIN chats c ON c.id = p.chat_id
         LEFT JOIN participants o ON c.direct AND o.chat_id = c.id AND o.user_id <> $1
         LEFT JOIN removed_copies r ON c.direct AND r.chat_id = c.id AND r.user_id <> $1
         LEFT JOIN users u ON u.id = coalesce(o.user_id, r.user_id)
         WHERE p.user_id = $1",
    )
    .bind(user.0)
    .fetch_all(reader)
    .await?;
    let is_meant =
        |(_, title, other): &ChatRow| [title, other].into_iter().flatten().any(|name| query.is_within(name));
    Ok(rows.iter().filter(|row| is_meant(row)).map(|(id, ..)| *id).collect())
}
