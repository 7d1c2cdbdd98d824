//! SQL that reads a chat's log, as both backends speak it.

use causerie_protocol::rest::{ChatRole, FormerText};
use causerie_protocol::{ChatId, Epoch, Event, Message, MessageId, Seq, UserId};

use super::changes::{ROLE_IN_GROUP, RoleRow, role_in_group};
use super::{Connection, list};
use crate::clock::{self, UnixMicros};
use crate::store::rows::{EventRow, to_seq, to_sql, to_text};
use crate::store::{Position, StoredRead};

pub(super) async fn position(
    reader: &mut Connection,
    epoch: &Epoch,
    user: UserId,
    chat: ChatId,
) -> sqlx::Result<Option<Position>> {
    let row: Option<(i64, i64)> = sqlx::query_as(
        "SELECT c.head, p.from_seq FROM participants p JOIN chats c ON c.id = p.chat_id WHERE p.chat_id = $1 AND p.user_id = $2",
    )
    .bind(chat.0)
    .bind(user.0)
    .fetch_optional(reader)
    .await?;
    let to_position =
        |(head, from)| Position { head: to_seq(head), from: to_seq(from), epoch: epoch.clone() };
    Ok(row.map(to_position))
}

/// The position up to which a participant is shown nothing.
async fn shown_from(reader: &mut Connection, user: UserId, chat: ChatId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("SELECT from_seq FROM participants WHERE chat_id = $1 AND user_id = $2")
        .bind(chat.0)
        .bind(user.0)
        .fetch_optional(reader)
        .await
}

pub(super) async fn events_after(
    reader: &mut Connection,
    user: UserId,
    chat: ChatId,
    after: Seq,
    limit: u64,
) -> sqlx::Result<Option<Vec<Event>>> {
    let mut snapshot = super::snapshot(reader).await?;
    let Some(from) = shown_from(&mut snapshot, user, chat).await? else { return Ok(None) };
    let rows: Vec<EventRow> = sqlx::query_as(concat!(
        "SELECT ",
        event_columns!("m.content", "coalesce(m.plain, FALSE)"),
        original_columns!(),
        "
         FROM events e
         LEFT JOIN events m ON e.kind = 1 AND m.id = e.target",
        original_join!("$4"),
        "
         JOIN users u ON u.id = CASE WHEN e.kind IN (3, 4, 6) THEN e.target ELSE e.actor_id END
         WHERE e.chat_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3",
    ))
    .bind(chat.0)
    .bind(to_sql(after.0).max(from))
    .bind(to_sql(limit))
    .bind(from)
    .fetch_all(&mut *snapshot)
    .await?;
    Ok(Some(rows.into_iter().map(Event::try_from).collect::<Result<_, _>>()?))
}

pub(super) async fn messages(
    reader: &mut Connection,
    user: UserId,
    chat: ChatId,
    before: Option<MessageId>,
    limit: u64,
) -> sqlx::Result<Option<Vec<Message>>> {
    let mut snapshot = super::snapshot(reader).await?;
    let Some(from) = shown_from(&mut snapshot, user, chat).await? else { return Ok(None) };
    // Ids grow with positions, so the page before a message is found through its position.
    let rows: Vec<EventRow> = sqlx::query_as(concat!(
        "SELECT ",
        event_columns!(),
        original_columns!(),
        "
         FROM events e JOIN users u ON u.id = e.actor_id",
        original_join!("$4"),
        "
         WHERE e.chat_id = $1 AND e.kind = 0 AND e.seq > $4
           AND e.seq < coalesce((SELECT seq FROM events WHERE id = $2 AND chat_id = $1),
                                CASE WHEN $2 IS NULL THEN 9223372036854775807 ELSE 0 END)
         ORDER BY e.seq DESC LIMIT $3",
    ))
    .bind(chat.0)
    .bind(before.map(|id| id.0))
    .bind(to_sql(limit))
    .bind(from)
    .fetch_all(&mut *snapshot)
    .await?;
    let mut messages: Vec<Message> = rows.into_iter().rev().map(Into::into).collect();
    fill_reactions(&mut snapshot, &mut messages).await?;
    Ok(Some(messages))
}

pub(super) async fn messages_around(
    reader: &mut Connection,
    user: UserId,
    chat: ChatId,
    at: Seq,
    older: u64,
    newer: u64,
) -> sqlx::Result<Option<Vec<Message>>> {
    /// The messages on one side of a position.
    macro_rules! side {
        ($is_beside:literal, $nearest:literal) => {
            concat!(
                "SELECT ",
                event_columns!(),
                original_columns!(),
                "
                 FROM events e JOIN users u ON u.id = e.actor_id",
                original_join!("$4"),
                " WHERE e.chat_id = $1 AND e.kind = 0 AND e.seq > $4 AND e.seq ",
                $is_beside,
                " $2 ORDER BY e.seq ",
                $nearest,
                " LIMIT $3",
            )
        };
    }
    let mut snapshot = super::snapshot(reader).await?;
    let Some(from) = shown_from(&mut snapshot, user, chat).await? else { return Ok(None) };
    let mut messages: Vec<Message> = Vec::new();
    for (sql, limit) in [(side!("<=", "DESC"), older), (side!(">", "ASC"), newer)] {
        let rows: Vec<EventRow> = sqlx::query_as(sql)
            .bind(chat.0)
            .bind(to_sql(at.0))
            .bind(to_sql(limit))
            .bind(from)
            .fetch_all(&mut *snapshot)
            .await?;
        messages.extend(rows.into_iter().map(Message::from));
    }
    messages.sort_by_key(|message| message.seq);
    fill_reactions(&mut snapshot, &mut messages).await?;
    Ok(Some(messages))
}

/// Adds the reactions to messages of one chat.
async fn fill_reactions(reader: &mut Connection, messages: &mut [Message]) -> sqlx::Result<()> {
    let Some(chat) = messages.first().map(|message| message.chat_id) else { return Ok(()) };
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(concat!(
        "SELECT message_id, user_id, emoji FROM reactions WHERE chat_id = $2 AND message_id ",
        in_list!("$1")
    ))
    .bind(list(messages.iter().map(|message| message.id.0)))
    .bind(chat.0)
    .fetch_all(reader)
    .await?;
    // Ids grow with positions, so the messages are in the order of their ids.
    for (message, user, emoji) in rows {
        if let Ok(at) = messages.binary_search_by_key(&message, |message| message.id.0) {
            messages[at].react(UserId(user), &emoji, true);
        }
    }
    Ok(())
}

pub(super) async fn message(
    reader: &mut Connection,
    user: UserId,
    id: MessageId,
) -> sqlx::Result<Option<Message>> {
    let row: Option<EventRow> = sqlx::query_as(concat!(
        "SELECT ",
        event_columns!(),
        original_columns!(),
        "
         FROM events e JOIN users u ON u.id = e.actor_id
         JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = $2",
        original_join!("p.from_seq"),
        "
         WHERE e.id = $1 AND e.kind = 0 AND e.seq > p.from_seq",
    ))
    .bind(id.0)
    .bind(user.0)
    .fetch_optional(&mut *reader)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut message = Message::from(row);
    fill_reactions(reader, std::slice::from_mut(&mut message)).await?;
    Ok(Some(message))
}

pub(super) async fn former_texts(
    reader: &mut Connection,
    user: UserId,
    id: MessageId,
    before: Option<Seq>,
    limit: u64,
) -> sqlx::Result<Option<Vec<FormerText>>> {
    let mut snapshot = super::snapshot(reader).await?;
    let of: Option<(i64, i64, bool)> = sqlx::query_as(
        "SELECT e.chat_id, e.actor_id, c.direct FROM events e JOIN chats c ON c.id = e.chat_id
         JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = $2
         WHERE e.id = $1 AND e.kind = 0 AND e.seq > p.from_seq",
    )
    .bind(id.0)
    .bind(user.0)
    .fetch_optional(&mut *snapshot)
    .await?;
    let Some((chat, sender, direct)) = of else { return Ok(None) };
    if sender != user.0 {
        if direct {
            return Ok(None);
        }
        let role: Option<RoleRow> =
            sqlx::query_as(ROLE_IN_GROUP).bind(chat).bind(user.0).fetch_optional(&mut *snapshot).await?;
        if role.map(role_in_group).is_none_or(|role| role < ChatRole::Moderator) {
            return Ok(None);
        }
    }
    // A text stood from the edit before, or since the message was sent.
    let rows: Vec<(i64, UnixMicros, UnixMicros, Vec<u8>)> = sqlx::query_as(
        "SELECT e.seq, e.at, coalesce((SELECT f.at FROM events f WHERE f.kind = 1 AND f.target = e.target AND f.seq < e.seq
                                       ORDER BY f.seq DESC LIMIT 1), m.at), e.content
         FROM events e JOIN events m ON m.id = e.target
         WHERE e.kind = 1 AND e.target = $1 AND e.seq < $2 AND e.content IS NOT NULL
         ORDER BY e.seq DESC LIMIT $3",
    )
    .bind(id.0)
    .bind(before.map_or(i64::MAX, |seq| to_sql(seq.0)))
    .bind(to_sql(limit))
    .fetch_all(&mut *snapshot)
    .await?;
    let to_former = |(seq, replaced_at, written_at, content)| FormerText {
        seq: to_seq(seq),
        content: to_text(Some(content)),
        written_at: clock::to_wire(written_at),
        replaced_at: clock::to_wire(replaced_at),
    };
    Ok(Some(rows.into_iter().map(to_former).collect()))
}

pub(super) async fn heads(reader: &mut Connection, chats: &[ChatId]) -> sqlx::Result<Vec<(ChatId, Seq)>> {
    let rows: Vec<(i64, i64)> =
        sqlx::query_as(concat!("SELECT id, head FROM chats WHERE id ", in_list!("$1")))
            .bind(list(chats.iter().map(|chat| chat.0)))
            .fetch_all(reader)
            .await?;
    Ok(rows.into_iter().map(|(id, head)| (ChatId(id), to_seq(head))).collect())
}

pub(super) async fn reads(reader: &mut Connection, chats: &[ChatId]) -> sqlx::Result<Vec<StoredRead>> {
    let rows: Vec<(i64, i64, i64, bool)> = sqlx::query_as(concat!(
        "SELECT p.chat_id, p.user_id, p.read_seq, u.hides_read FROM participants p JOIN users u ON u.id = p.user_id
         WHERE p.read_seq > 0 AND p.chat_id ",
        in_list!("$1")
    ))
    .bind(list(chats.iter().map(|chat| chat.0)))
    .fetch_all(reader)
    .await?;
    let to_read = |(chat, user, seq, hidden)| StoredRead {
        chat: ChatId(chat),
        user: UserId(user),
        seq: to_seq(seq),
        hidden,
    };
    Ok(rows.into_iter().map(to_read).collect())
}
