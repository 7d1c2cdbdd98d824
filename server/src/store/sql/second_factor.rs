//! SQL for second factors, as both backends speak it.

use causerie_protocol::UserId;
use sqlx::FromRow;

use super::{Connection, audit, begin_on_users, people};
use crate::clock::{self, UnixMicros};
use crate::second_factor::{Judgement, SecondFactor};
use crate::store::Actor;

#[derive(FromRow)]
struct Row {
    secret: Vec<u8>,
    confirmed_at: Option<UnixMicros>,
    last_step: i64,
    wrong_codes: i64,
    blocked_until: UnixMicros,
    recovery: Vec<u8>,
}

impl From<Row> for SecondFactor {
    fn from(row: Row) -> Self {
        let Row { secret, confirmed_at, last_step, wrong_codes, blocked_until, recovery } = row;
        Self { secret, confirmed_at, last_step, wrong_codes, blocked_until, recovery }
    }
}

pub(super) async fn is_set_up(reader: &mut Connection, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM second_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL)",
    )
    .bind(user.0)
    .fetch_one(reader)
    .await
}

async fn read(connection: &mut Connection, user: UserId) -> sqlx::Result<Option<SecondFactor>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT secret, confirmed_at, last_step, wrong_codes, blocked_until, recovery FROM second_factors
         WHERE user_id = $1",
    )
    .bind(user.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Into::into))
}

async fn write(connection: &mut Connection, user: UserId, factor: &SecondFactor) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO second_factors (user_id, secret, confirmed_at, last_step, wrong_codes, blocked_until, recovery)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, confirmed_at = excluded.confirmed_at,
             last_step = excluded.last_step, wrong_codes = excluded.wrong_codes,
             blocked_until = excluded.blocked_until, recovery = excluded.recovery",
    )
    .bind(user.0)
    .bind(&factor.secret)
    .bind(factor.confirmed_at)
    .bind(factor.last_step)
    .bind(factor.wrong_codes)
    .bind(factor.blocked_until)
    .bind(&factor.recovery)
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn begin(writer: &mut Connection, user: UserId, secret: &[u8]) -> sqlx::Result<bool> {
    let mut transaction = begin_on_users(writer).await?;
    let before = read(&mut transaction, user).await?;
    if before.as_ref().is_some_and(|factor| factor.confirmed_at.is_some())
        || people::person(&mut transaction, user).await?.is_none()
    {
        return Ok(false);
    }
    // To begin again does not clear what was guessed.
    let mut factor = SecondFactor::new(secret.to_vec());
    if let Some(SecondFactor { wrong_codes, blocked_until, .. }) = before {
        (factor.wrong_codes, factor.blocked_until) = (wrong_codes, blocked_until);
    }
    write(&mut transaction, user, &factor).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn confirm(
    writer: &mut Connection,
    user: UserId,
    code: &str,
    recovery: &[u8],
    now: UnixMicros,
) -> sqlx::Result<Option<Judgement>> {
    let mut transaction = begin_on_users(writer).await?;
    let begun = read(&mut transaction, user).await?.filter(|factor| factor.confirmed_at.is_none());
    let Some(mut factor) = begun else { return Ok(None) };
    let judgement = factor.judge(code, now);
    if judgement == Judgement::Right {
        factor.confirmed_at = Some(clock::now());
        factor.recovery = recovery.to_vec();
        audit::note(&mut transaction, Actor::User(user), "second_factor_on", Some(user), "").await?;
    }
    write(&mut transaction, user, &factor).await?;
    transaction.commit().await?;
    Ok(Some(judgement))
}

pub(super) async fn use_code(
    writer: &mut Connection,
    user: UserId,
    code: &str,
    now: UnixMicros,
) -> sqlx::Result<Option<Judgement>> {
    let mut transaction = begin_on_users(writer).await?;
    let set_up = read(&mut transaction, user).await?.filter(|factor| factor.confirmed_at.is_some());
    let Some(mut factor) = set_up else { return Ok(None) };
    let judgement = factor.judge(code, now);
    write(&mut transaction, user, &factor).await?;
    transaction.commit().await?;
    Ok(Some(judgement))
}

pub(super) async fn set_recovery_codes(
    writer: &mut Connection,
    user: UserId,
    recovery: &[u8],
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE second_factors SET recovery = $2 WHERE user_id = $1 AND confirmed_at IS NOT NULL",
    )
    .bind(user.0)
    .bind(recovery)
    .execute(writer)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What was guessed before the password was another one does not count any more.
pub(super) async fn forget_wrong_codes(connection: &mut Connection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("UPDATE second_factors SET wrong_codes = 0, blocked_until = 0 WHERE user_id = $1")
        .bind(user.0)
        .execute(connection)
        .await
        .map(drop)
}

/// Whether there was one to take away.
pub(super) async fn remove(connection: &mut Connection, user: UserId) -> sqlx::Result<bool> {
    let done =
        sqlx::query("DELETE FROM second_factors WHERE user_id = $1").bind(user.0).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}
