//! SQL for the audit log, which only grows. Both backends speak it.

use causerie_protocol::accounts::AuditEntry;
use causerie_protocol::{AuditId, UserId};

use super::Connection;
use crate::clock;
use crate::store::Actor;
use crate::store::rows::{AuditRow, to_sql};

/// Adds an entry to the audit log.
pub(super) async fn note(
    connection: &mut Connection,
    actor: Actor,
    action: &str,
    target: Option<UserId>,
    detail: &str,
) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO audit (at, actor_id, action, target_id, detail) VALUES ($1, $2, $3, $4, $5)")
        .bind(clock::now())
        .bind(actor.user().map(|user| user.0))
        .bind(action)
        .bind(target.map(|user| user.0))
        .bind(detail)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn audit(
    reader: &mut Connection,
    of: Option<UserId>,
    before: AuditId,
    limit: u64,
) -> sqlx::Result<Vec<AuditEntry>> {
    let rows: Vec<AuditRow> = sqlx::query_as(
        "SELECT a.id, a.at, a.actor_id, actor.name AS actor_name, a.action, a.target_id, target.name AS target_name,
                a.detail
         FROM audit a LEFT JOIN users actor ON actor.id = a.actor_id LEFT JOIN users target ON target.id = a.target_id
         WHERE a.id < $1 AND ($3 = 0 OR a.actor_id = $3 OR a.target_id = $3) ORDER BY a.id DESC LIMIT $2",
    )
    .bind(before.0)
    .bind(to_sql(limit))
    .bind(of.map_or(0, |of| of.0))
    .fetch_all(reader)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
