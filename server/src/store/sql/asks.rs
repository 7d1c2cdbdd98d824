//! SQL for who wants a chat with which address, which is noted until it is carried out.

use causerie_protocol::UserId;

use super::Connection;
use crate::clock::UnixMicros;
use crate::store::Ask;
use crate::store::rows::{UserRow, to_sql};

pub(super) async fn keep(
    writer: &mut Connection,
    user: UserId,
    email: &str,
    language: Option<&str>,
    at: UnixMicros,
) -> sqlx::Result<i64> {
    sqlx::query_scalar("INSERT INTO asks (user_id, email, language, at) VALUES ($1, $2, $3, $4) RETURNING id")
        .bind(user.0)
        .bind(email)
        .bind(language)
        .bind(at)
        .fetch_one(writer)
        .await
}

#[derive(sqlx::FromRow)]
struct AskRow {
    ask: i64,
    wanted: String,
    language: Option<String>,
    #[sqlx(flatten)]
    user: UserRow,
}

pub(super) async fn before(
    reader: &mut Connection,
    before: UnixMicros,
    limit: u64,
) -> sqlx::Result<Vec<Ask>> {
    let rows: Vec<AskRow> = sqlx::query_as(
        "SELECT a.id AS ask, a.email AS wanted, a.language, u.id AS user_id, u.email, u.name
         FROM asks a JOIN users u ON u.id = a.user_id WHERE a.at < $1 ORDER BY a.id LIMIT $2",
    )
    .bind(before)
    .bind(to_sql(limit))
    .fetch_all(reader)
    .await?;
    let ask =
        |row: AskRow| Ask { id: row.ask, user: row.user.into(), email: row.wanted, language: row.language };
    Ok(rows.into_iter().map(ask).collect())
}

pub(super) async fn forget(writer: &mut Connection, id: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM asks WHERE id = $1").bind(id).execute(writer).await.map(drop)
}
