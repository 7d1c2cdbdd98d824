//! SQL for accounts and sign-ins.

use causerie_protocol::event::User;
use causerie_protocol::rest::{TokenInfo, UserRef};
use causerie_protocol::{TokenId, UserId};
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use sqlx::Row;

use crate::clock;
use crate::store::{StoreError, TokenRecord};

pub(super) fn user(row: &SqliteRow) -> Result<User, sqlx::Error> {
    Ok(User { id: UserId(row.try_get("user_id")?), email: row.try_get("email")?, name: row.try_get("name")? })
}

pub(super) async fn create_user(
    writer: &mut SqliteConnection,
    email: &str,
    name: &str,
    password_hash: &str,
) -> Result<Option<User>, StoreError> {
    let id = sqlx::query_scalar(
        "INSERT INTO users (email, name, password_hash, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (email) DO NOTHING RETURNING id",
    )
    .bind(email)
    .bind(name)
    .bind(password_hash)
    .bind(clock::now())
    .fetch_optional(writer)
    .await?;
    Ok(id.map(|id| User { id: UserId(id), email: email.to_owned(), name: name.to_owned() }))
}

pub(super) async fn account(readers: &SqlitePool, email: &str) -> Result<Option<(User, String)>, StoreError> {
    let row = sqlx::query("SELECT id AS user_id, email, name, password_hash FROM users WHERE email = ?1")
        .bind(email)
        .fetch_optional(readers)
        .await?;
    row.map(|row| Ok((user(&row)?, row.try_get("password_hash")?))).transpose()
}

pub(super) async fn find_user(readers: &SqlitePool, wanted: &UserRef) -> Result<Option<User>, StoreError> {
    let row = match wanted {
        UserRef::Id(id) => {
            sqlx::query("SELECT id AS user_id, email, name FROM users WHERE id = ?1")
                .bind(id.0)
                .fetch_optional(readers)
                .await?
        }
        UserRef::Email(email) => {
            sqlx::query("SELECT id AS user_id, email, name FROM users WHERE email = ?1")
                .bind(email)
                .fetch_optional(readers)
                .await?
        }
    };
    Ok(row.as_ref().map(user).transpose()?)
}

pub(super) async fn create_token(
    writer: &mut SqliteConnection,
    user: UserId,
    digest: [u8; 32],
    created_at: i64,
    expires_at: i64,
) -> Result<TokenId, StoreError> {
    let id = sqlx::query_scalar(
        "INSERT INTO tokens (user_id, digest, created_at, expires_at) VALUES (?1, ?2, ?3, ?4) RETURNING id",
    )
    .bind(user.0)
    .bind(&digest[..])
    .bind(created_at)
    .bind(expires_at)
    .fetch_one(writer)
    .await?;
    Ok(TokenId(id))
}

pub(super) async fn token(readers: &SqlitePool, digest: [u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
    let row = sqlx::query(
        "SELECT t.id, t.expires_at, t.revoked, u.id AS user_id, u.email, u.name
         FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = ?1",
    )
    .bind(&digest[..])
    .fetch_optional(readers)
    .await?;
    row.map(|row| {
        Ok(TokenRecord {
            id: TokenId(row.try_get("id")?),
            user: user(&row)?,
            expires_at: row.try_get("expires_at")?,
            revoked: row.try_get("revoked")?,
        })
    })
    .transpose()
}

pub(super) async fn tokens_of(readers: &SqlitePool, user: UserId, now: i64) -> Result<Vec<TokenInfo>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, created_at, expires_at FROM tokens
         WHERE user_id = ?1 AND NOT revoked AND expires_at > ?2 ORDER BY id DESC",
    )
    .bind(user.0)
    .bind(now)
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(TokenInfo {
                id: TokenId(row.try_get("id")?),
                created_at: clock::to_wire(row.try_get("created_at")?),
                expires_at: clock::to_wire(row.try_get("expires_at")?),
                current: false,
            })
        })
        .collect()
}

pub(super) async fn revoke_token(
    writer: &mut SqliteConnection,
    user: UserId,
    token: TokenId,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE tokens SET revoked = 1 WHERE id = ?1 AND user_id = ?2 AND NOT revoked")
        .bind(token.0)
        .bind(user.0)
        .execute(writer)
        .await?;
    Ok(done.rows_affected() > 0)
}
