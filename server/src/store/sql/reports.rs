//! SQL about reports, as both backends speak it.

use std::time::Duration;

use causerie_protocol::reports::{
    CloseReport, CreateReport, Outcome, Report, ReportAction, ReportReason, ReportedMessage,
};
use causerie_protocol::{ChatId, MessageId, ReportId, UserId, limits};
use sqlx::{Connection as _, FromRow};

use super::{Connection, content, people};
use crate::clock::{self, UnixMicros};
use crate::store::rows::{UserRow, to_seq, to_sql, to_text};
use crate::store::{Actor, ReportClosed, Reported};

/// The time over which the reports of one person are counted.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn create(
    writer: &mut Connection,
    reporter: UserId,
    report: &CreateReport,
) -> sqlx::Result<Reported> {
    let mut transaction = writer.begin().await?;
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
    if of_today.len() >= limits::REPORTS_PER_DAY {
        let first = of_today.first().copied().unwrap_or(now);
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
            by: named(row.closer_id.unwrap_or_default(), row.closer_name.unwrap_or_default()),
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
    only_open: bool,
    before: ReportId,
    limit: u64,
) -> sqlx::Result<Vec<Report>> {
    let rows: Vec<ReportRow> =
        sqlx::query_as(report!("r.id < $1 AND (r.action IS NULL OR NOT $2) ORDER BY r.id DESC LIMIT $3"))
            .bind(before.0)
            .bind(only_open)
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
    moderator: UserId,
    id: ReportId,
    body: &CloseReport,
) -> sqlx::Result<ReportClosed> {
    let mut transaction = writer.begin().await?;
    // Of two at once the second waits here, and then finds it closed.
    let reported: Option<i64> = sqlx::query_scalar(
        "UPDATE reports SET action = $2, note = $3, closed_by = $4, closed_at = $5
         WHERE id = $1 AND action IS NULL RETURNING reported_id",
    )
    .bind(id.0)
    .bind(body.action.as_str())
    .bind(body.note.as_ref().map(|note| content(note.as_str())))
    .bind(moderator.0)
    .bind(clock::now())
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(reported) = reported else {
        return Ok(one(&mut transaction, id)
            .await?
            .map_or(ReportClosed::NoSuchReport, |report| ReportClosed::Before(Box::new(report))));
    };
    let detail = format!("report {id}: {}", body.action.as_str());
    people::note(
        &mut transaction,
        Actor::User(moderator),
        "closed a report",
        Some(UserId(reported)),
        &detail,
    )
    .await?;
    let report = one(&mut transaction, id).await?;
    transaction.commit().await?;
    Ok(report.map_or(ReportClosed::NoSuchReport, |report| ReportClosed::Now(Box::new(report))))
}
