//! SQL for chats and their participants, as both backends speak it.

use std::collections::HashMap;

use causerie_protocol::event::Original;
use causerie_protocol::rest::{Chat, ChatCursor, ChatRole, Participant};
use causerie_protocol::{ChatId, Epoch, Message, MessageId, Seq, UserId, limits};
use sha2::{Digest, Sha256};

use super::changes::{ROLE_IN_GROUP, RoleRow, role_in_group};
use super::{Connection, list, partings};
use crate::clock;
use crate::store::rows::{ChatRow, EventRow, ParticipantRow, PinnedRow, chat_role_to_sql, to_seq, to_sql};
use crate::store::{Created, Deletion, NewChat, Refused};

pub(super) async fn create(writer: &mut Connection, chat: &NewChat) -> sqlx::Result<Created> {
    let mut people: Vec<i64> = chat.participants.iter().map(|user| user.0).collect();
    people.sort_unstable();
    let mut transaction = super::begin(writer).await?;
    // Until the end of the transaction nobody of a pair blocks the other.
    if chat.direct {
        super::lock_users(&mut transaction, &people).await?;
    }
    let Some(client_id) = &chat.client_id else {
        let created = insert(&mut transaction, chat, &people).await?;
        transaction.commit().await?;
        return Ok(created);
    };
    // The name first: another request under it waits here until this one is decided.
    let digest = digest(chat, &people);
    let request: Option<i64> = sqlx::query_scalar(
        "INSERT INTO created_chats (creator_id, client_id, chat_id, digest) VALUES ($1, $2, 0, $3)
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(chat.creator.0)
    .bind(client_id.as_str())
    .bind(&digest)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(request) = request else {
        let (id, earlier): (i64, Vec<u8>) = sqlx::query_as(
            "SELECT chat_id, digest FROM created_chats WHERE creator_id = $1 AND client_id = $2",
        )
        .bind(chat.creator.0)
        .bind(client_id.as_str())
        .fetch_one(&mut *transaction)
        .await?;
        return Ok(if earlier == digest { Created::Repeated(ChatId(id)) } else { Created::ClientIdReused });
    };
    let created = insert(&mut transaction, chat, &people).await?;
    if created == Created::Parted {
        // Not decided for ever: they may come together again.
        return Ok(created);
    }
    if let Created::New(id) | Created::Existing(id) = created {
        sqlx::query("UPDATE created_chats SET chat_id = $2 WHERE id = $1")
            .bind(request)
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(created)
}

async fn insert(transaction: &mut Connection, chat: &NewChat, people: &[i64]) -> sqlx::Result<Created> {
    let parted: bool = sqlx::query_scalar(concat!(
        "SELECT EXISTS (SELECT 1 FROM partings WHERE kind < 2 AND user_id = $1 AND other_id ",
        in_list!("$2"),
        ") OR EXISTS (SELECT 1 FROM partings WHERE kind < 2 AND other_id = $1 AND user_id ",
        in_list!("$2"),
        ")"
    ))
    .bind(chat.creator.0)
    .bind(list(people.iter().copied()))
    .fetch_one(&mut *transaction)
    .await?;
    if parted {
        return Ok(Created::Parted);
    }
    let pair = chat.direct.then(|| people.iter().map(ToString::to_string).collect::<Vec<_>>().join(":"));
    let sort_key = super::last_event_id(transaction).await?;
    let other = people.iter().copied().find(|user| chat.direct && *user != chat.creator.0).map(UserId);
    // Nobody asks themself.
    let asked = match other {
        Some(other) if chat.asks => {
            let known = super::accounts::are_acquainted(transaction, chat.creator, other).await?;
            (!known).then_some(other)
        }
        _ => None,
    };
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO chats (direct, pair, title, created_at, updated_at, sort_key, requested_by)
         VALUES ($1, $2, $3, $4, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(chat.direct)
    .bind(&pair)
    .bind(&chat.title)
    .bind(clock::now())
    .bind(sort_key)
    .bind(asked.map(|_| chat.creator.0))
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(id) = id else {
        let found = sqlx::query_scalar("SELECT id FROM chats WHERE pair = $1")
            .bind(&pair)
            .fetch_one(transaction)
            .await?;
        return Ok(Created::Existing(ChatId(found)));
    };
    for user in people {
        if chat.unseen && asked.is_some() && *user == chat.creator.0 {
            // As who removed their copy: the other one sees them as in the chat, and they see nothing of it. A trigger of
            // the database lets them in when the chat is accepted, in whichever way.
            sqlx::query("INSERT INTO removed_copies (chat_id, user_id) VALUES ($1, $2)")
                .bind(id)
                .bind(user)
                .execute(&mut *transaction)
                .await?;
            continue;
        }
        let is_owner = !chat.direct && *user == chat.creator.0;
        let role = if is_owner { ChatRole::Owner } else { ChatRole::Member };
        sqlx::query("INSERT INTO participants (chat_id, user_id, role) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(user)
            .bind(chat_role_to_sql(role))
            .execute(&mut *transaction)
            .await?;
    }
    if let Some(asked) = asked {
        partings::ask(transaction, chat.creator, asked).await?;
    }
    Ok(Created::New(ChatId(id)))
}

/// A digest of the request, by which a repeat is recognised.
fn digest(chat: &NewChat, people: &[i64]) -> Vec<u8> {
    let asked = serde_json::json!([people, chat.title, chat.direct]);
    Sha256::digest(asked.to_string()).to_vec()
}

/// Which chats a query is about.
struct Range {
    user: UserId,
    ids: (i64, i64),
    before: (i64, i64),
    /// Only those that the person has pinned.
    pinned: bool,
    limit: u64,
}

/// One chat as a person sees it, with everybody in it.
pub(super) async fn one(
    reader: &mut Connection,
    epoch: &Epoch,
    user: UserId,
    chat: ChatId,
) -> sqlx::Result<Option<Chat>> {
    let before = (i64::MAX, i64::MAX);
    let range = Range { user, ids: (chat.0, chat.0), before, pinned: false, limit: 1 };
    Ok(load(reader, epoch, &range, u64::MAX).await?.pop())
}

/// A page of a person's list of chats.
pub(super) async fn page(
    reader: &mut Connection,
    epoch: &Epoch,
    user: UserId,
    before: Option<ChatCursor>,
    limit: u64,
) -> sqlx::Result<Vec<Chat>> {
    let before = before.map_or((i64::MAX, i64::MAX), |before| (before.sort_key.0, before.id.0));
    let range = Range { user, ids: (i64::MIN, i64::MAX), before, pinned: false, limit };
    load(reader, epoch, &range, limits::LISTED_PARTICIPANTS as u64).await
}

/// The chats that a person has pinned.
pub(super) async fn pinned(reader: &mut Connection, epoch: &Epoch, user: UserId) -> sqlx::Result<Vec<Chat>> {
    let before = (i64::MAX, i64::MAX);
    let limit = limits::PINNED_CHATS as u64;
    let range = Range { user, ids: (i64::MIN, i64::MAX), before, pinned: true, limit };
    load(reader, epoch, &range, limits::LISTED_PARTICIPANTS as u64).await
}

async fn load(reader: &mut Connection, epoch: &Epoch, range: &Range, listed: u64) -> sqlx::Result<Vec<Chat>> {
    // One snapshot for the three queries, so that counts and heads belong together.
    let mut snapshot = super::snapshot(reader).await?;
    let rows: Vec<ChatRow> = sqlx::query_as(concat!(
        "WITH page AS (
             SELECT c.id FROM participants p JOIN chats c ON c.id = p.chat_id
             WHERE p.user_id = $1 AND p.chat_id BETWEEN $2 AND $3 AND (c.sort_key, c.id) < ($4, $5)
               AND (NOT $8 OR p.pinned_at IS NOT NULL)
             ORDER BY c.sort_key DESC, c.id DESC LIMIT $6)
         SELECT c.id, c.direct, c.closed, c.title, c.head, c.created_at, c.updated_at, c.sort_key, c.hides_past, c.requested_by, me.read_seq, ",
        settings_columns!(),
        ",
                (SELECT count(*) FROM participants p WHERE p.chat_id = c.id)
                + (SELECT count(*) FROM removed_copies r WHERE r.chat_id = c.id) AS participant_count,
                (SELECT count(*) FROM (SELECT 1 FROM events e
                  WHERE e.chat_id = c.id AND e.seq > me.read_seq AND e.kind = 0 AND e.actor_id <> $1
                    AND e.deleted_at IS NULL AND c.requested_by IS NULL LIMIT $7) AS few) AS unread,
                (SELECT e.id FROM events e WHERE e.chat_id = c.id AND e.kind = 0 AND e.deleted_at IS NULL
                  AND e.seq > me.from_seq ORDER BY e.seq DESC LIMIT 1) AS last_id
         FROM page JOIN chats c ON c.id = page.id
         JOIN participants me ON me.chat_id = page.id AND me.user_id = $1
         ORDER BY c.sort_key DESC, c.id DESC"
    ))
    .bind(range.user.0)
    .bind(range.ids.0)
    .bind(range.ids.1)
    .bind(range.before.0)
    .bind(range.before.1)
    .bind(to_sql(range.limit))
    .bind(to_sql(limits::UNREAD))
    .bind(range.pinned)
    .fetch_all(&mut *snapshot)
    .await?;
    // Each half of the union names its chats: SQLite would otherwise read the participants of all there are.
    let members: Vec<ParticipantRow> = sqlx::query_as(concat!(
        "SELECT listed.chat_id, listed.read_seq, u.id AS user_id, u.email, u.name,
                CASE WHEN u.deleted_at IS NOT NULL THEN 0 WHEN listed.is_owner THEN 2 ELSE listed.role END AS role,
                EXISTS (SELECT 1 FROM partings b WHERE b.user_id = $1 AND b.other_id = u.id AND b.kind = 0)
                    AS blocked,
                u.id = $1 OR NOT (u.hides_read OR me.hides_read OR ",
        parted!("u.id", "$1"),
        ") AS shows_read,
                u.id = $1 OR NOT (u.hides_online OR me.hides_online OR ",
        parted!("u.id", "$1"),
        ") AS shows_online
         FROM (SELECT p.chat_id, p.user_id, p.read_seq, p.role,
                      row_number() OVER (PARTITION BY p.chat_id
                                         ORDER BY CASE p.user_id WHEN $1 THEN 0 ELSE 1 END, p.user_id) AS place,
                      NOT c.direct AND row_number() OVER (
                          PARTITION BY p.chat_id
                          ORDER BY CASE WHEN one.deleted_at IS NULL THEN 0 ELSE 1 END, p.role DESC, p.user_id
                      ) = 1 AS is_owner
               FROM (SELECT chat_id, user_id, read_seq, role FROM participants WHERE chat_id ",
        in_list!("$2"),
        "
                     UNION ALL SELECT chat_id, user_id, 0, 0 FROM removed_copies WHERE chat_id ",
        in_list!("$2"),
        ") p JOIN chats c ON c.id = p.chat_id JOIN users one ON one.id = p.user_id
              ) AS listed
         JOIN users u ON u.id = listed.user_id
         JOIN users me ON me.id = $1
         WHERE listed.place <= $3
         ORDER BY listed.chat_id, listed.user_id"
    ))
    .bind(range.user.0)
    .bind(list(rows.iter().map(|row| row.id)))
    .bind(to_sql(listed))
    .fetch_all(&mut *snapshot)
    .await?;
    let mut people: HashMap<i64, Vec<Participant>> = HashMap::new();
    for row in members {
        people.entry(row.chat_id).or_default().push(row.into());
    }
    let last: Vec<EventRow> = sqlx::query_as(concat!(
        "SELECT ",
        event_columns!(),
        original_columns!(),
        "
         FROM events e JOIN users u ON u.id = e.actor_id
         JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = $2",
        original_join!("p.from_seq"),
        " WHERE e.id ",
        in_list!("$1"),
    ))
    .bind(list(rows.iter().filter_map(|row| row.last_id)))
    .bind(range.user.0)
    .fetch_all(&mut *snapshot)
    .await?;
    let mut pinned = pinned_messages(&mut snapshot, range.user, rows.iter().map(|row| row.id)).await?;
    let mut last: HashMap<i64, Message> = last.into_iter().map(|row| (row.id, row.into())).collect();
    Ok(rows
        .into_iter()
        .map(|row| {
            let participants = people.remove(&row.id).unwrap_or_default();
            let last_message = row.last_id.and_then(|id| last.remove(&id));
            let pinned = pinned.remove(&row.id).unwrap_or_default();
            row.into_chat(epoch, participants, last_message, pinned)
        })
        .collect())
}

/// The pinned messages of chats that a person may read, by chat, the one that was pinned last first.
async fn pinned_messages(
    reader: &mut Connection,
    user: UserId,
    chats: impl Iterator<Item = i64>,
) -> sqlx::Result<HashMap<i64, Vec<Original>>> {
    let rows: Vec<PinnedRow> = sqlx::query_as(concat!(
        "SELECT o.chat_id, o.seq",
        original_columns!(),
        " FROM events o JOIN users v ON v.id = o.actor_id
         JOIN participants p ON p.chat_id = o.chat_id AND p.user_id = $2
         -- The sign keeps the databases from an index by position, by which they would read the whole log.
         WHERE o.pinned_at > 0 AND o.deleted_at IS NULL AND +o.seq > p.from_seq AND o.chat_id ",
        in_list!("$1"),
        " ORDER BY o.chat_id, o.pinned_at DESC, o.seq DESC",
    ))
    .bind(list(chats))
    .bind(user.0)
    .fetch_all(reader)
    .await?;
    let mut pinned: HashMap<i64, Vec<Original>> = HashMap::new();
    for row in rows {
        pinned.entry(row.chat_id).or_default().extend(row.original.at(to_seq(row.seq)));
    }
    Ok(pinned)
}

/// A person's chats with messages after one, the newest first, and their heads.
pub(super) async fn moved(
    reader: &mut Connection,
    user: UserId,
    after: MessageId,
    limit: u64,
) -> sqlx::Result<Vec<(ChatCursor, Seq)>> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT c.sort_key, c.id, c.head FROM participants p JOIN chats c ON c.id = p.chat_id
         WHERE p.user_id = $1 AND c.sort_key > $2 ORDER BY c.sort_key DESC, c.id DESC LIMIT $3",
    )
    .bind(user.0)
    .bind(after.0)
    .bind(to_sql(limit))
    .fetch_all(reader)
    .await?;
    let place =
        |(sort_key, id, head)| (ChatCursor { sort_key: MessageId(sort_key), id: ChatId(id) }, to_seq(head));
    Ok(rows.into_iter().map(place).collect())
}

pub(super) async fn acquaintances(reader: &mut Connection, user: UserId) -> sqlx::Result<Vec<UserId>> {
    let ids = sqlx::query_scalar(concat!(
        // Everybody once, before it is asked who they are: two people may be in many chats together.
        "SELECT u.id FROM users me
         JOIN (SELECT DISTINCT other.user_id FROM participants mine
               JOIN participants other ON other.chat_id = mine.chat_id WHERE mine.user_id = $1) other ON TRUE
         JOIN users u ON u.id = other.user_id
         WHERE me.id = $1 AND u.id <> $1 AND NOT me.hides_online AND NOT u.hides_online AND NOT ",
        parted!("u.id", "$1"),
    ))
    .bind(user.0)
    .fetch_all(reader)
    .await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// The other one of a chat of two, who may have removed their copy.
pub(super) async fn other_of_pair(
    transaction: &mut Connection,
    user: UserId,
    chat: ChatId,
) -> sqlx::Result<Option<UserId>> {
    let other: Option<i64> = sqlx::query_scalar(
        "SELECT p.user_id FROM (SELECT chat_id, user_id FROM participants
                                UNION ALL SELECT chat_id, user_id FROM removed_copies) p
         WHERE p.chat_id = $1 AND p.user_id <> $2",
    )
    .bind(chat.0)
    .bind(user.0)
    .fetch_optional(transaction)
    .await?;
    Ok(other.map(UserId))
}

pub(super) async fn delete(
    writer: &mut Connection,
    user: UserId,
    chat: ChatId,
) -> sqlx::Result<Result<Deletion, Refused>> {
    let mut transaction = super::begin(writer).await?;
    super::lock_chat(&mut transaction, chat).await?;
    let direct: Option<bool> = sqlx::query_scalar(
        "SELECT c.direct FROM participants p JOIN chats c ON c.id = p.chat_id
         WHERE p.chat_id = $1 AND p.user_id = $2",
    )
    .bind(chat.0)
    .bind(user.0)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(direct) = direct else { return Ok(Err(Refused::NoSuchChat)) };
    if direct {
        let ended = partings::end_pair(&mut transaction, user, chat).await?;
        sqlx::query("DELETE FROM participants WHERE chat_id = $1 AND user_id = $2")
            .bind(chat.0)
            .bind(user.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO removed_copies (chat_id, user_id) VALUES ($1, $2)")
            .bind(chat.0)
            .bind(user.0)
            .execute(&mut *transaction)
            .await?;
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM participants WHERE chat_id = $1")
            .bind(chat.0)
            .fetch_one(&mut *transaction)
            .await?;
        if left == 0 {
            erase(&mut transaction, chat).await?;
        }
        transaction.commit().await?;
        return Ok(Ok(Deletion::OwnCopy(ended.map(Box::new))));
    }
    let role: Option<RoleRow> =
        sqlx::query_as(ROLE_IN_GROUP).bind(chat.0).bind(user.0).fetch_optional(&mut *transaction).await?;
    if role.map(role_in_group) < Some(ChatRole::Owner) {
        return Ok(Err(Refused::RoleTooLow));
    }
    let members: Vec<i64> = sqlx::query_scalar("SELECT user_id FROM participants WHERE chat_id = $1")
        .bind(chat.0)
        .fetch_all(&mut *transaction)
        .await?;
    erase(&mut transaction, chat).await?;
    transaction.commit().await?;
    Ok(Ok(Deletion::ForAll(members.into_iter().map(UserId).collect())))
}

async fn erase(transaction: &mut Connection, chat: ChatId) -> sqlx::Result<()> {
    for statement in [
        "DELETE FROM events WHERE chat_id = $1",
        "DELETE FROM reactions WHERE chat_id = $1",
        "DELETE FROM refusals WHERE chat_id = $1",
        "DELETE FROM participants WHERE chat_id = $1",
        "DELETE FROM removed_copies WHERE chat_id = $1",
        "DELETE FROM chats WHERE id = $1",
    ] {
        sqlx::query(statement).bind(chat.0).execute(&mut *transaction).await?;
    }
    Ok(())
}
