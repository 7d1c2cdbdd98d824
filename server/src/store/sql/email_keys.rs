//! Giving the accounts of older versions the keys of their addresses, as both backends speak it.

use std::collections::HashSet;

use sqlx::QueryBuilder;

use super::{Connection, Database, begin_on_users};
use crate::email;

/// Accounts that get their keys in one transaction; others wait no longer than that takes.
const BATCH: i64 = 1_000;
/// Pairs of accounts that are named in the log, each in a line.
const NAMED: i64 = 20;

/// Gives every account without a key its own, and says in the log which accounts have one address in two spellings.
///
/// The oldest account keeps the key for itself; another with the same key is its twin and keeps its own spelling, so that
/// nobody loses an account or gets into another's. Nodes that start at once take turns; one that was ended in the middle
/// goes on where it was.
pub(in crate::store) async fn fill(connection: &mut Connection) -> sqlx::Result<()> {
    while fill_batch(connection).await? {}
    // A twin whose elder got another address, or is gone, is alone with the key.
    sqlx::query(
        "UPDATE users SET email_twin = 0 WHERE email_twin <> 0 AND NOT EXISTS (
             SELECT 1 FROM users other WHERE other.email_key = users.email_key AND other.id <> users.id
             AND (other.email_twin = 0 OR other.id < users.id)
         )",
    )
    .execute(&mut *connection)
    .await?;
    let twins: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT elder.id, twin.id FROM users twin
         JOIN users elder ON elder.email_key = twin.email_key AND elder.email_twin = 0
         WHERE twin.email_twin <> 0 ORDER BY twin.id LIMIT $1",
    )
    .bind(NAMED)
    .fetch_all(connection)
    .await?;
    for (elder, twin) in twins {
        tracing::warn!(
            elder,
            twin,
            "The accounts {elder} and {twin} have the same e-mail address in two spellings. Both stay: {twin} signs in with its own spelling, {elder} with its own and every other. To end this, change one address in the table users, set its email_key to NULL, and start again."
        );
    }
    Ok(())
}

/// The next accounts; false when there is none without a key.
async fn fill_batch(connection: &mut Connection) -> sqlx::Result<bool> {
    let look = "SELECT id, email FROM users WHERE email_key IS NULL ORDER BY id LIMIT $1";
    let missing: Vec<(i64, String)> = sqlx::query_as(look).bind(1_i64).fetch_all(&mut *connection).await?;
    if missing.is_empty() {
        return Ok(false);
    }
    let mut transaction = begin_on_users(connection).await?;
    let missing: Vec<(i64, String)> = sqlx::query_as(look).bind(BATCH).fetch_all(&mut *transaction).await?;
    let keyed: Vec<(i64, String)> = missing.into_iter().map(|(id, email)| (id, email::key(&email))).collect();
    if !keyed.is_empty() {
        let mut taken = QueryBuilder::<Database>::new("SELECT email_key FROM users WHERE email_key IN (");
        let mut keys = taken.separated(", ");
        for (_, key) in &keyed {
            keys.push_bind(key);
        }
        keys.push_unseparated(")");
        let taken: Vec<String> = taken.build_query_scalar().fetch_all(&mut *transaction).await?;
        let mut taken: HashSet<&str> = taken.iter().map(String::as_str).collect();
        let mut update = QueryBuilder::<Database>::new("WITH given (id, email_key, email_twin) AS (");
        update.push_values(&keyed, |mut row, (id, key)| {
            let twin = if taken.insert(key) { 0 } else { *id };
            row.push_bind(*id).push_bind(key).push_bind(twin);
        });
        update.push(
            ") UPDATE users SET email_key = given.email_key, email_twin = given.email_twin
             FROM given WHERE users.id = given.id",
        );
        update.build().execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(true)
}
