//! SQL for accounts and sign-ins, as both backends speak it.

use causerie_protocol::event::User;
use causerie_protocol::rest::{TokenInfo, UserRef};
use causerie_protocol::{TokenId, UserId};

use super::{Connection, list};
use crate::clock::{self, UnixMicros};
use crate::email;
use crate::store::TokenRecord;
use crate::store::rows::{AccountRow, TokenInfoRow, TokenRow, UserRow};

/// How many accounts of one address are read, the one with the wanted spelling first: more are from before addresses had
/// keys, and differ in the case of more letters than anybody's do.
const SPELLINGS: i64 = 64;

pub(super) async fn create_user(
    writer: &mut Connection,
    email: &str,
    name: &str,
    password_hash: &str,
) -> sqlx::Result<Option<User>> {
    // Whoever has the address: also a twin alone, and an account that a node of an older version has just made.
    let id = sqlx::query_scalar(
        "INSERT INTO users (email, email_key, name, password_hash, created_at)
         SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (
             SELECT 1 FROM users WHERE email_key = $2 OR (email_key IS NULL AND lower(email) = lower($1))
         )
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(email)
    .bind(email::key(email))
    .bind(name)
    .bind(password_hash)
    .bind(clock::now())
    .fetch_optional(writer)
    .await?;
    Ok(id.map(|id| User { id: UserId(id), email: email.to_owned(), name: name.to_owned() }))
}

pub(super) async fn account(reader: &mut Connection, email: &str) -> sqlx::Result<Option<(User, String)>> {
    Ok(by_email(reader, email).await?.map(|row| (row.user.into(), row.password_hash)))
}

pub(super) async fn replace_password_hash(
    writer: &mut Connection,
    user: UserId,
    old: &str,
    new: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
        .bind(user.0)
        .bind(old)
        .bind(new)
        .execute(writer)
        .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn find_user(reader: &mut Connection, wanted: &UserRef) -> sqlx::Result<Option<User>> {
    let row: Option<UserRow> = match wanted {
        UserRef::Id(id) => {
            sqlx::query_as("SELECT id AS user_id, email, name FROM users WHERE id = $1")
                .bind(id.0)
                .fetch_optional(reader)
                .await?
        }
        UserRef::Email(email) => by_email(reader, email).await?.map(|row| row.user),
    };
    Ok(row.map(Into::into))
}

/// The account with an address: of several the one that is spelled so, or but for the case of ASCII letters, or the oldest.
async fn by_email(reader: &mut Connection, email: &str) -> sqlx::Result<Option<AccountRow>> {
    let rows: Vec<AccountRow> = sqlx::query_as(
        "SELECT id AS user_id, email, name, password_hash FROM users
         WHERE email_key = $1 OR (email_key IS NULL AND lower(email) = lower($2))
         ORDER BY email <> $2, email_twin, id LIMIT $3",
    )
    .bind(email::key(email))
    .bind(email)
    .bind(SPELLINGS)
    .fetch_all(reader)
    .await?;
    let distance = |row: &AccountRow| (row.user.email != email, !row.user.email.eq_ignore_ascii_case(email));
    Ok(rows.into_iter().min_by_key(distance))
}

pub(super) async fn create_token(
    writer: &mut Connection,
    user: UserId,
    digest: [u8; 32],
    created_at: UnixMicros,
    expires_at: UnixMicros,
) -> sqlx::Result<TokenId> {
    let id = sqlx::query_scalar(
        "INSERT INTO tokens (user_id, digest, created_at, expires_at) VALUES ($1, $2, $3, $4) RETURNING id",
    )
    .bind(user.0)
    .bind(&digest[..])
    .bind(created_at)
    .bind(expires_at)
    .fetch_one(writer)
    .await?;
    Ok(TokenId(id))
}

pub(super) async fn token(reader: &mut Connection, digest: [u8; 32]) -> sqlx::Result<Option<TokenRecord>> {
    let row: Option<TokenRow> = sqlx::query_as(
        "SELECT t.id, t.expires_at, t.revoked, u.id AS user_id, u.email, u.name
         FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = $1",
    )
    .bind(&digest[..])
    .fetch_optional(reader)
    .await?;
    Ok(row.map(Into::into))
}

pub(super) async fn tokens_of(
    reader: &mut Connection,
    user: UserId,
    now: UnixMicros,
) -> sqlx::Result<Vec<TokenInfo>> {
    let rows: Vec<TokenInfoRow> = sqlx::query_as(
        "SELECT id, created_at, expires_at FROM tokens
         WHERE user_id = $1 AND NOT revoked AND expires_at > $2 ORDER BY id DESC",
    )
    .bind(user.0)
    .bind(now)
    .fetch_all(reader)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn revoke_token(
    writer: &mut Connection,
    user: UserId,
    token: TokenId,
) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE tokens SET revoked = TRUE WHERE id = $1 AND user_id = $2 AND NOT revoked")
        .bind(token.0)
        .bind(user.0)
        .execute(writer)
        .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn revoked(reader: &mut Connection, tokens: &[TokenId]) -> sqlx::Result<Vec<TokenId>> {
    let ids = sqlx::query_scalar(concat!("SELECT id FROM tokens WHERE revoked AND id ", in_list!("$1")))
        .bind(list(tokens.iter().map(|token| token.0)))
        .fetch_all(reader)
        .await?;
    Ok(ids.into_iter().map(TokenId).collect())
}
