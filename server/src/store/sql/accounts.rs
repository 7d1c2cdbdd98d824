//! SQL for accounts and sign-ins, as both backends speak it.

use causerie_protocol::event::User;
use causerie_protocol::rest::{TokenInfo, UserRef};
use causerie_protocol::{Role, TokenId, UserId, limits};

use super::{Connection, begin, list};
use crate::clock::{self, UnixMicros};
use crate::email;
use crate::hub::Ending;
use crate::store::rows::{AccountRow, TokenInfoRow, TokenRow, role_to_sql};
use crate::store::{NewToken, TokenRecord};

/// How many accounts of one address are read, the one with the wanted spelling first: more are from before addresses had
/// keys, and differ in the case of more letters than anybody's do.
const SPELLINGS: i64 = 64;

/// Adds a row; `None` when the address is taken.
pub(super) async fn insert_user(
    writer: &mut Connection,
    email: &str,
    name: &str,
    password_hash: &str,
    role: Role,
) -> sqlx::Result<Option<User>> {
    // Whoever has the address: also a twin alone, and an account that a node of an older version has just made.
    let id = sqlx::query_scalar(
        "INSERT INTO users (email, email_key, name, password_hash, created_at, role)
         SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (
             SELECT 1 FROM users WHERE email_key = $2 OR (email_key IS NULL AND lower(email) = lower($1))
         )
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(email)
    .bind(email::key(email))
    .bind(name)
    .bind(password_hash)
    .bind(clock::now())
    .bind(role_to_sql(role))
    .fetch_optional(writer)
    .await?;
    Ok(id.map(|id| User { id: UserId(id), email: Some(email.to_owned()), name: name.to_owned() }))
}

/// Gives an account another address; false when that is another account's.
pub(super) async fn set_email(writer: &mut Connection, user: UserId, email: &str) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE users SET email = $2, email_key = $3, email_twin = 0 WHERE id = $1 AND NOT EXISTS (
             SELECT 1 FROM users other WHERE other.id <> $1
             AND (other.email_key = $3 OR (other.email_key IS NULL AND lower(other.email) = lower($2)))
         )",
    )
    .bind(user.0)
    .bind(email)
    .bind(email::key(email))
    .execute(writer)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn account(reader: &mut Connection, email: &str) -> sqlx::Result<Option<(User, String)>> {
    // To a suspended one nobody signs in, and it is looked for and answered as one that is not there.
    let row = by_email(reader, email).await?.filter(|row| row.suspended_at.is_none());
    Ok(row.map(|row| (row.user.into(), row.password_hash)))
}

/// The id of the account with an address, whether or not somebody can sign in to it.
pub(super) async fn id_by_email(reader: &mut Connection, email: &str) -> sqlx::Result<Option<UserId>> {
    Ok(by_email(reader, email).await?.map(|row| UserId(row.user.user_id)))
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

pub(super) async fn reachable_user(
    reader: &mut Connection,
    user: UserId,
    wanted: &UserRef,
) -> sqlx::Result<Option<UserId>> {
    let id: Option<i64> = match wanted {
        UserRef::Id(id) => {
            sqlx::query_scalar(
                "SELECT u.id FROM users u
                 WHERE u.id = $2 AND u.suspended_at IS NULL AND u.deleted_at IS NULL AND (u.id = $1 OR EXISTS (
                     SELECT 1 FROM participants mine JOIN participants theirs ON theirs.chat_id = mine.chat_id
                     JOIN chats c ON c.id = mine.chat_id
                     WHERE mine.user_id = $1 AND theirs.user_id = $2 AND c.requested_by IS NULL))",
            )
            .bind(user.0)
            .bind(id.0)
            .fetch_optional(&mut *reader)
            .await?
        }
        UserRef::Email(email) => {
            let row = by_email(&mut *reader, email).await?.filter(|row| row.suspended_at.is_none());
            row.map(|row| row.user.user_id)
        }
    };
    // The same work for everybody, so that the time does not tell who is apart from who is unknown; nobody has the id 0.
    let id = UserId(id.unwrap_or(0));
    let is_reachable = !super::partings::are_parted(reader, user, id).await? || id == user;
    Ok(is_reachable.then_some(id).filter(|id| id.0 != 0))
}

/// Whether two people share a chat that is not only asked for.
pub(super) async fn are_acquainted(
    reader: &mut Connection,
    one: UserId,
    other: UserId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT 1 FROM participants mine JOIN participants theirs ON theirs.chat_id = mine.chat_id
             JOIN chats c ON c.id = mine.chat_id
             WHERE mine.user_id = $1 AND theirs.user_id = $2 AND c.requested_by IS NULL)",
    )
    .bind(one.0)
    .bind(other.0)
    .fetch_one(reader)
    .await
}

/// The account with an address: of several the one that is spelled so, or but for the case of ASCII letters, or the oldest.
async fn by_email(reader: &mut Connection, email: &str) -> sqlx::Result<Option<AccountRow>> {
    let rows: Vec<AccountRow> = sqlx::query_as(
        "SELECT id AS user_id, email, name, password_hash, suspended_at FROM users
         WHERE (email_key = $1 OR (email_key IS NULL AND lower(email) = lower($2))) AND deleted_at IS NULL
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
    password_hash: &str,
    digest: [u8; 32],
    created_at: UnixMicros,
    expires_at: UnixMicros,
) -> sqlx::Result<Option<NewToken>> {
    let mut transaction = begin(writer).await?;
    // The row is held, so that whoever changes the password, or ends all sign-ins, is before this or sees the token.
    let id: Option<i64> = sqlx::query_scalar(concat!(
        "INSERT INTO tokens (user_id, digest, created_at, expires_at)
         SELECT id, $2, $3, $4 FROM users
         WHERE id = $1 AND password_hash = $5 AND suspended_at IS NULL AND deleted_at IS NULL",
        held!(),
        " RETURNING id"
    ))
    .bind(user.0)
    .bind(&digest[..])
    .bind(created_at)
    .bind(expires_at)
    .bind(password_hash)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(id) = id else { return Ok(None) };
    let ended: Vec<i64> = sqlx::query_scalar(
        "UPDATE tokens SET revoked = TRUE WHERE user_id = $1 AND NOT revoked AND id <= (
             SELECT id FROM tokens WHERE user_id = $1 AND NOT revoked ORDER BY id DESC LIMIT 1 OFFSET $2)
         RETURNING id",
    )
    .bind(user.0)
    .bind(limits::SIGN_INS as i64)
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Some(NewToken { id: TokenId(id), ended: ended.into_iter().map(TokenId).collect() }))
}

pub(super) async fn token(reader: &mut Connection, digest: [u8; 32]) -> sqlx::Result<Option<TokenRecord>> {
    let row: Option<TokenRow> = sqlx::query_as(
        "SELECT t.id, t.expires_at, t.revoked, coalesce(t.last_used_at, t.created_at) AS last_used_at,
                u.role, u.suspended_at, u.id AS user_id, u.email, u.name,
                u.hides_online OR u.hides_read
                OR EXISTS (SELECT 1 FROM partings WHERE user_id = u.id)
                OR EXISTS (SELECT 1 FROM partings WHERE other_id = u.id) AS has_boundaries,
                EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)
                AS has_second_factor
         FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = $1",
    )
    .bind(&digest[..])
    .fetch_optional(reader)
    .await?;
    Ok(row.map(Into::into))
}

/// Rows that one step forgets.
const FORGOTTEN_AT_ONCE: i64 = 1_000;

pub(super) async fn forget_ended(writer: &mut Connection, before: UnixMicros) -> sqlx::Result<bool> {
    let mut forgotten = 0;
    for statement in [
        "DELETE FROM tokens WHERE id IN (
             SELECT id FROM tokens WHERE (revoked OR expires_at < $1) AND coalesce(last_used_at, created_at) < $1
             ORDER BY id LIMIT $2)",
        // Of invitations, those that were mailed: anybody may have many made.
        "DELETE FROM links WHERE id IN (
             SELECT id FROM links WHERE (kind > 0 OR email IS NOT NULL) AND ends_at < $1 ORDER BY id LIMIT $2)",
    ] {
        let done = sqlx::query(statement).bind(before).bind(FORGOTTEN_AT_ONCE).execute(&mut *writer).await?;
        forgotten = done.rows_affected().max(forgotten);
    }
    Ok(forgotten >= FORGOTTEN_AT_ONCE.unsigned_abs())
}

/// Whether a sign-in has not ended.
pub(super) async fn is_good(reader: &mut Connection, token: TokenId) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM tokens WHERE id = $1 AND NOT revoked AND expires_at > $2)",
    )
    .bind(token.0)
    .bind(clock::now())
    .fetch_one(reader)
    .await
}

pub(super) async fn tokens_of(
    reader: &mut Connection,
    user: UserId,
    now: UnixMicros,
) -> sqlx::Result<Vec<TokenInfo>> {
    let rows: Vec<TokenInfoRow> = sqlx::query_as(
        "SELECT id, created_at, expires_at, device, address, last_used_at FROM tokens
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

/// Notes what a sign-in is used from; what it was made with stays when nothing is said of it now.
pub(super) async fn touch_token(
    writer: &mut Connection,
    token: TokenId,
    now: UnixMicros,
    device: Option<&str>,
    address: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE tokens SET last_used_at = $2, device = coalesce($3, device), address = $4 WHERE id = $1",
    )
    .bind(token.0)
    .bind(now)
    .bind(device)
    .bind(address)
    .execute(writer)
    .await
    .map(drop)
}

pub(super) async fn revoked(
    reader: &mut Connection,
    tokens: &[TokenId],
) -> sqlx::Result<Vec<(TokenId, Ending)>> {
    let rows: Vec<(i64, bool)> = sqlx::query_as(concat!(
        "SELECT t.id, u.suspended_at IS NOT NULL FROM tokens t JOIN users u ON u.id = t.user_id
         WHERE t.revoked AND t.id ",
        in_list!("$1")
    ))
    .bind(list(tokens.iter().map(|token| token.0)))
    .fetch_all(reader)
    .await?;
    let ending = |suspended| if suspended { Ending::Suspended } else { Ending::Revoked };
    Ok(rows.into_iter().map(|(id, suspended)| (TokenId(id), ending(suspended))).collect())
}
