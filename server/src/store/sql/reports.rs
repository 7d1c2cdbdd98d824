//! SQL about reports, as both backends speak it.

use std::time::Duration;

use causerie_protocol::event::Deleted;
use causerie_protocol::reports::{
    CloseReport, CreateReport, Outcome, Report, ReportAction, ReportReason, ReportedMessage,
};
use causerie_protocol::{ChatId, Event, MessageId, ReportId, UserId, limits};
use sqlx::FromRow;

use super::changes::ERASE_FORMER_TEXTS;
use super::{Connection, audit, begin_on_users, content, people};
use crate::clock::{self, UnixMicros};
use crate::store::rows::{UserRow, kind, to_seq, to_sql, to_text};
use crate::store::{AccountChange, Actor, ReportClosed, ReportDone, Reported};

/// The time over which the reports of one person are counted.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn create(
    writer: &mut Connection,
    reporter: UserId,
    report: &CreateReport,
    most: u32,
) -> sqlx::Result<Reported> {
    let mut transaction = super::begin(writer).await?;
    let message: Option<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT e.chat_id, e.seq, e.actor_id, p.from_seq FROM events e
         JOIN participants p ON p.chat_id = e.chat_id AND p.user_id = $2
         WHERE e.id = $1 AND e.kind = 0 AND e.seq > p.from_seq",
    )
    .bind(report.message_id.0)
    .bind(reporter.0)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some((chat, seq, sender, from)) = message else { return Ok(Reported::NoSuchMessage) };
    if sender == reporter.0 {
        return Ok(Reported::OwnMessage);
    }
    if let Some(known) = known(&mut transaction, reporter, report.message_id).await? {
        return Ok(Reported::Known(known));
    }
    let now = clock::now();
    let of_today: Vec<UnixMicros> = sqlx::query_scalar(
        "SELECT created_at FROM reports WHERE reporter_id = $1 AND created_at > $2 ORDER BY created_at",
    )
    .bind(reporter.0)
    .bind(now - DAY)
    .fetch_all(&mut *transaction)
    .await?;
    // The one that has to be a day old before there is room for another.
    let oldest = of_today.iter().nth_back(most.saturating_sub(1) as usize);
    if let Some(first) = oldest.copied().filter(|_| most > 0) {
        return Ok(Reported::TooMany { wait: (first + DAY).saturating_since(now) });
    }
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO reports (reporter_id, reported_id, chat_id, message_id, reason, words, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(reporter.0)
    .bind(sender)
    .bind(chat)
    .bind(report.message_id.0)
    .bind(report.reason.as_str())
    .bind(report.words.as_ref().map(|words| content(words.as_str())))
    .bind(now)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(id) = id else {
        // The same request at the same time on another node.
        let known = known(&mut transaction, reporter, report.message_id).await?;
        return Ok(known.map_or(Reported::NoSuchMessage, Reported::Known));
    };
    // Nothing that the reporter may not see.
    sqlx::query(
        "INSERT INTO reported_messages (report_id, seq, message_id, sender_id, content, sent_at, edited_at, deleted_at)
         SELECT $1, e.seq, e.id, e.actor_id, e.content, e.at, e.edited_at, e.deleted_at FROM events e
         WHERE e.chat_id = $2 AND e.kind = 0 AND e.seq <= $3 AND e.seq > $4 ORDER BY e.seq DESC LIMIT $5",
    )
    .bind(id)
    .bind(chat)
    .bind(seq)
    .bind(from)
    .bind(to_sql(limits::REPORT_CONTEXT as u64 + 1))
    .execute(&mut *transaction)
    .await?;
    let detail = format!("report {id}: {}", report.reason.as_str());
    audit::note(&mut transaction, Actor::User(reporter), "reported", Some(UserId(sender)), &detail).await?;
    transaction.commit().await?;
    Ok(Reported::New(ReportId(id)))
}

/// The report of this person about this message.
async fn known(
    connection: &mut Connection,
    reporter: UserId,
    message: MessageId,
) -> sqlx::Result<Option<ReportId>> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM reports WHERE reporter_id = $1 AND message_id = $2")
            .bind(reporter.0)
            .bind(message.0)
            .fetch_optional(connection)
            .await?;
    Ok(id.map(ReportId))
}

#[derive(FromRow)]
struct ReportRow {
    id: i64,
    chat_id: i64,
    message_id: i64,
    reason: String,
    words: Option<Vec<u8>>,
    created_at: UnixMicros,
    action: Option<String>,
    note: Option<Vec<u8>>,
    closed_at: Option<UnixMicros>,
    reporter_id: i64,
    reporter_name: String,
    reported_id: i64,
    reported_name: String,
    closer_id: Option<i64>,
    closer_name: Option<String>,
}

/// A person by id and name, without the address.
fn named(id: i64, name: String) -> causerie_protocol::User {
    causerie_protocol::User { id: UserId(id), email: None, name }
}

impl From<ReportRow> for Report {
    fn from(row: ReportRow) -> Self {
        let outcome = row.action.zip(row.closed_at).map(|(action, at)| Outcome {
            action: ReportAction::from_name(&action),
            note: row.note.map(|note| to_text(Some(note))),
            by: row.closer_id.zip(row.closer_name).map(|(id, name)| named(id, name)),
            at: clock::to_wire(at),
        });
        Self {
            id: ReportId(row.id),
            reporter: named(row.reporter_id, row.reporter_name),
            reported: named(row.reported_id, row.reported_name),
            chat_id: ChatId(row.chat_id),
            message_id: MessageId(row.message_id),
            reason: ReportReason::from_name(&row.reason),
            words: row.words.map(|words| to_text(Some(words))),
            created_at: clock::to_wire(row.created_at),
            outcome,
            context: Vec::new(),
        }
    }
}

macro_rules! report {
    ($condition:literal) => {
        concat!(
            "SELECT r.id, r.chat_id, r.message_id, r.reason, r.words, r.created_at, r.action, r.note, r.closed_at,
                    r.reporter_id, reporter.name AS reporter_name, r.reported_id, reported.name AS reported_name,
                    closer.id AS closer_id, closer.name AS closer_name
             FROM reports r JOIN users reporter ON reporter.id = r.reporter_id
             JOIN users reported ON reported.id = r.reported_id LEFT JOIN users closer ON closer.id = r.closed_by
             WHERE ",
            $condition
        )
    };
}

pub(super) async fn list(
    reader: &mut Connection,
    to: Option<UserId>,
    only_open: bool,
    before: ReportId,
    limit: u64,
) -> sqlx::Result<Vec<Report>> {
    let rows: Vec<ReportRow> = sqlx::query_as(report!(
        "r.id < $1 AND (r.action IS NULL OR NOT $2) AND r.reported_id <> $3 ORDER BY r.id DESC LIMIT $4"
    ))
    .bind(before.0)
    .bind(only_open)
    // Nobody has the id 0.
    .bind(to.map_or(0, |to| to.0))
    .bind(to_sql(limit))
    .fetch_all(reader)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn one(reader: &mut Connection, id: ReportId) -> sqlx::Result<Option<Report>> {
    #[derive(FromRow)]
    struct CopyRow {
        message_id: i64,
        seq: i64,
        content: Option<Vec<u8>>,
        sent_at: UnixMicros,
        edited_at: Option<UnixMicros>,
        deleted_at: Option<UnixMicros>,
        #[sqlx(flatten)]
        sender: UserRow,
    }
    let row: Option<ReportRow> =
        sqlx::query_as(report!("r.id = $1")).bind(id.0).fetch_optional(&mut *reader).await?;
    let Some(row) = row else { return Ok(None) };
    let copies: Vec<CopyRow> = sqlx::query_as(
        "SELECT m.message_id, m.seq, m.content, m.sent_at, m.edited_at, m.deleted_at,
                u.id AS user_id, u.email, u.name
         FROM reported_messages m JOIN users u ON u.id = m.sender_id WHERE m.report_id = $1 ORDER BY m.seq",
    )
    .bind(id.0)
    .fetch_all(reader)
    .await?;
    let copy = |row: CopyRow| ReportedMessage {
        id: MessageId(row.message_id),
        seq: to_seq(row.seq),
        sender: row.sender.into(),
        content: to_text(row.content),
        sent_at: clock::to_wire(row.sent_at),
        edited_at: row.edited_at.map(clock::to_wire),
        deleted_at: row.deleted_at.map(clock::to_wire),
    };
    Ok(Some(Report { context: copies.into_iter().map(copy).collect(), ..row.into() }))
}

pub(super) async fn close(
    writer: &mut Connection,
    moderator: Actor,
    id: ReportId,
    body: &CloseReport,
) -> sqlx::Result<ReportClosed> {
    let mut transaction = begin_on_users(writer).await?;
    // Of two at once the second waits here, and then finds it closed.
    let reported: Option<(i64, i64, i64)> = sqlx::query_as(
        "UPDATE reports SET action = $2, note = $3, closed_by = $4, closed_at = $5
         WHERE id = $1 AND action IS NULL RETURNING reported_id, chat_id, message_id",
    )
    .bind(id.0)
    .bind(body.action.as_str())
    .bind(body.note.as_ref().map(|note| content(note.as_str())))
    .bind(moderator.user().map(|user| user.0))
    .bind(clock::now())
    .fetch_optional(&mut *transaction)
    .await?;
    let Some((reported, chat, message)) = reported else {
        return Ok(one(&mut transaction, id)
            .await?
            .map_or(ReportClosed::NoSuchReport, |report| ReportClosed::Before(Box::new(report))));
    };
    let (reported, chat, message) = (UserId(reported), ChatId(chat), MessageId(message));
    if moderator == Actor::User(reported) {
        return Ok(ReportClosed::AboutOneself);
    }
    let (mut deleted, mut ended) = (None, Vec::new());
    match body.action {
        ReportAction::Deleted => {
            deleted =
                erase_message(&mut transaction, moderator.user().unwrap_or(reported), chat, message).await?;
            if deleted.is_some() {
                let detail = format!("message {message}");
                audit::note(&mut transaction, moderator, "message_deleted", Some(reported), &detail).await?;
            }
        }
        ReportAction::Suspended => {
            let change = AccountChange::Suspend;
            match people::change_within(&mut transaction, moderator, reported, &change).await? {
                Ok(changed) => ended = changed.ended,
                Err(refused) => return Ok(ReportClosed::NotChanged(refused)),
            }
        }
        ReportAction::Dismissed | ReportAction::Warned | ReportAction::Other => {}
    }
    let detail = format!("report {id}: {}", body.action.as_str());
    audit::note(&mut transaction, moderator, "report_closed", Some(reported), &detail).await?;
    let Some(report) = one(&mut transaction, id).await? else { return Ok(ReportClosed::NoSuchReport) };
    transaction.commit().await?;
    Ok(ReportClosed::Now(Box::new(ReportDone { report, deleted, ended })))
}

/// Deletes a message for good; nothing if it is gone already.
async fn erase_message(
    transaction: &mut Connection,
    actor: UserId,
    chat: ChatId,
    message: MessageId,
) -> sqlx::Result<Option<Event>> {
    super::lock_chat(transaction, chat).await?;
    let now = clock::now();
    let gone = sqlx::query(
        "UPDATE events SET content = NULL, deleted_at = $3
         WHERE id = $1 AND chat_id = $2 AND kind = 0 AND deleted_at IS NULL",
    )
    .bind(message.0)
    .bind(chat.0)
    .bind(now)
    .execute(&mut *transaction)
    .await?;
    if gone.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query(ERASE_FORMER_TEXTS).bind(message.0).execute(&mut *transaction).await?;
    sqlx::query("DELETE FROM reactions WHERE chat_id = $1 AND message_id = $2")
        .bind(chat.0)
        .bind(message.0)
        .execute(&mut *transaction)
        .await?;
    let seq: i64 =
        sqlx::query_scalar("UPDATE chats SET head = head + 1, updated_at = $2 WHERE id = $1 RETURNING head")
            .bind(chat.0)
            .bind(now)
            .fetch_one(&mut *transaction)
            .await?;
    sqlx::query(
        "INSERT INTO events (chat_id, seq, kind, actor_id, at, target) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(chat.0)
    .bind(seq)
    .bind(kind::DELETED)
    .bind(actor.0)
    .bind(now)
    .bind(message.0)
    .execute(transaction)
    .await?;
    let (seq, deleted_at) = (to_seq(seq), clock::to_wire(now));
    Ok(Some(Event::Deleted(Deleted { chat_id: chat, seq, id: message, deleted_at })))
}
