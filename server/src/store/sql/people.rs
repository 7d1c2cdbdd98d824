//! SQL for accounts beyond signing in, as both backends speak it: who there is, roles, suspension and other changes.

use causerie_protocol::accounts::Account;
use causerie_protocol::{Role, TokenId, UserId};

use super::audit::note;
use super::links::{self, revoke_links, revoke_own_links};
use super::{Connection, accounts, begin_on_users, chat_settings, second_factor};
use crate::clock;
use crate::store::rows::{self, AccountRowFull, role_to_sql, to_sql};
use crate::store::{
    AccountChange, AccountChanged, AccountCreated, Actor, ChangedAccount, Entry, NewAccount, NotChanged,
};

/// The columns of an account, of `users u`.
macro_rules! account {
    ($($rest:literal)?) => {
        concat!(
            "SELECT u.id, u.email, u.name, u.role, u.created_at, u.suspended_at, u.delete_at, ",
            "(SELECT max(coalesce(t.last_used_at, t.created_at)) FROM tokens t WHERE t.user_id = u.id) AS last_used_at, ",
            "(SELECT CAST(length(f.recovery) AS BIGINT) FROM second_factors f ",
            "WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS recovery_bytes ",
            "FROM users u WHERE u.deleted_at IS NULL ",
            $($rest)?
        )
    };
}

/// Whether there is an owner; the first account of an installation from before there were any becomes it.
pub(super) async fn ensure_owner(writer: &mut Connection) -> sqlx::Result<bool> {
    if has_owner(writer).await? {
        return Ok(true);
    }
    let mut transaction = begin_on_users(writer).await?;
    let named: u64 =
        sqlx::query("DELETE FROM meta WHERE key = 'owner'").execute(&mut *transaction).await?.rows_affected();
    let owner: Option<i64> = if named > 0 && !has_owner(&mut transaction).await? {
        sqlx::query_scalar(
            "UPDATE users SET role = 3 WHERE id = (SELECT min(id) FROM users WHERE deleted_at IS NULL) RETURNING id",
        )
        .fetch_optional(&mut *transaction)
        .await?
    } else {
        None
    };
    if let Some(owner) = owner {
        note(&mut transaction, Actor::Operator, "role", Some(UserId(owner)), "owner").await?;
        tracing::warn!(
            user = owner,
            "the first account is the owner of this installation now; `causerie account role` gives the role to somebody else"
        );
    }
    let has_owner = has_owner(&mut transaction).await?;
    transaction.commit().await?;
    Ok(has_owner)
}

async fn has_owner(connection: &mut Connection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users WHERE role = 3 AND deleted_at IS NULL)")
        .fetch_one(connection)
        .await
}

pub(super) async fn create_account(
    writer: &mut Connection,
    new: &NewAccount<'_>,
) -> sqlx::Result<AccountCreated> {
    let mut transaction = begin_on_users(writer).await?;
    let (mut role, mut invited_by, mut chats, mut meets_inviter) = (Role::Member, None, Vec::new(), false);
    let mut registers = new.entry == Entry::Registration;
    match new.entry {
        Entry::Registration => {}
        Entry::Command(given) => role = given,
        Entry::Invitation(digest) => {
            let used = links::use_up(&mut transaction, digest, new.email, clock::now()).await?;
            let Some(used) = used else { return Ok(AccountCreated::LinkInvalid) };
            (role, invited_by, chats) = (used.role, used.created_by, used.chats);
            (meets_inviter, registers) = (used.meets, used.registers);
        }
    }
    if registers {
        let is_first = sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM users)");
        if is_first.fetch_one(&mut *transaction).await? {
            role = Role::Owner;
        }
    }
    let user = accounts::insert_user(&mut transaction, new.email, new.name, new.password_hash, role).await?;
    let Some(user) = user else { return Ok(AccountCreated::EmailTaken) };
    if !registers {
        let actor = invited_by.map_or(Actor::Operator, Actor::User);
        note(&mut transaction, actor, "joined", Some(user.id), role.as_str()).await?;
    }
    transaction.commit().await?;
    Ok(AccountCreated::New { user, role, invited_by, chats, meets_inviter })
}

pub(super) async fn change(
    writer: &mut Connection,
    actor: Actor,
    target: UserId,
    change: &AccountChange,
) -> sqlx::Result<AccountChanged> {
    let mut transaction = begin_on_users(writer).await?;
    let changed = change_within(&mut transaction, actor, target, change).await?;
    if changed.is_ok() {
        transaction.commit().await?;
    }
    Ok(changed)
}

/// As [`change`], inside of a transaction in which the table `users` stays as it is, and which is rolled back unless this
/// succeeds.
pub(super) async fn change_within(
    connection: &mut Connection,
    actor: Actor,
    target: UserId,
    change: &AccountChange,
) -> sqlx::Result<AccountChanged> {
    let Some(before) = person(connection, target).await? else { return Ok(Err(NotChanged::NoSuchPerson)) };
    let is_own = actor.user() == Some(target);
    if let Actor::Own { token, .. } = actor
        && !accounts::is_good(connection, token).await?
    {
        return Ok(Err(NotChanged::SignedOut));
    }
    if is_own && changes_nothing(&before, change) {
        return Ok(Ok(ChangedAccount { account: before, ended: Vec::new() }));
    }
    if !is_own && let Some(own) = actor_role(connection, actor).await? {
        let is_below = before.role < own || own == Role::Owner;
        let gives_above = matches!(change, AccountChange::Role(given) if *given > own);
        if !is_below || gives_above {
            return Ok(Err(NotChanged::RoleAbove));
        }
    }
    if is_own && matches!(change, AccountChange::Role(given) if *given > before.role) {
        return Ok(Err(NotChanged::RoleAbove));
    }
    let unseats = match change {
        AccountChange::Role(given) => *given < Role::Owner,
        AccountChange::Suspend | AccountChange::Delete { .. } | AccountChange::DeleteAt(_) => true,
        _ => false,
    };
    if unseats && before.role == Role::Owner && !has_other_owner(connection, target).await? {
        return Ok(Err(NotChanged::LastOwner));
    }
    let Some((action, detail)) = apply(connection, target, change).await? else {
        return Ok(Err(NotChanged::EmailTaken));
    };
    let ended = match change {
        AccountChange::Suspend | AccountChange::Delete { .. } | AccountChange::DeleteAt(_) => {
            end_sign_ins(connection, target, None).await?
        }
        AccountChange::SignOut { except } | AccountChange::Password { except, .. } => {
            end_sign_ins(connection, target, *except).await?
        }
        _ => Vec::new(),
    };
    // The audit log only grows, so nobody fills it by asking for what is so already.
    let is_news = !matches!(change, AccountChange::SignOut { .. }) || !is_own || !ended.is_empty();
    if let Some(action) = action.filter(|_| is_news) {
        note(connection, actor, action, Some(target), &detail).await?;
    }
    let account = person(connection, target).await?.unwrap_or(before);
    Ok(Ok(ChangedAccount { account, ended }))
}

/// Whether an account is so already.
fn changes_nothing(before: &Account, change: &AccountChange) -> bool {
    match change {
        AccountChange::Keep => before.delete_at.is_none(),
        AccountChange::Name(name) => before.name == *name,
        _ => false,
    }
}

/// Makes the change itself; `None` when the address is taken. Answers what the audit log calls it, if it has a place there.
async fn apply(
    connection: &mut Connection,
    target: UserId,
    change: &AccountChange,
) -> sqlx::Result<Option<(Option<&'static str>, String)>> {
    let now = clock::now();
    Ok(Some(match change {
        AccountChange::Role(given) => {
            sqlx::query("UPDATE users SET role = $2 WHERE id = $1")
                .bind(target.0)
                .bind(role_to_sql(*given))
                .execute(&mut *connection)
                .await?;
            // An invitation is no way around the end of what one may.
            sqlx::query("UPDATE links SET revoked = TRUE WHERE kind = 0 AND created_by = $1 AND (role > $2 OR $2 < 2)")
                .bind(target.0)
                .bind(role_to_sql(*given))
                .execute(&mut *connection)
                .await?;
            (Some("role"), given.as_str().to_owned())
        }
        AccountChange::Suspend => {
            sqlx::query("UPDATE users SET suspended_at = coalesce(suspended_at, $2) WHERE id = $1")
                .bind(target.0)
                .bind(now)
                .execute(&mut *connection)
                .await?;
            revoke_links(connection, target).await?;
            (Some("suspended"), String::new())
        }
        AccountChange::Restore => {
            sqlx::query("UPDATE users SET suspended_at = NULL WHERE id = $1")
                .bind(target.0)
                .execute(&mut *connection)
                .await?;
            (Some("restored"), String::new())
        }
        AccountChange::SignOut { .. } => (Some("signed_out"), String::new()),
        AccountChange::Name(name) => {
            sqlx::query("UPDATE users SET name = $2 WHERE id = $1")
                .bind(target.0)
                .bind(name)
                .execute(&mut *connection)
                .await?;
            (None, String::new())
        }
        AccountChange::Email(email) => {
            if !accounts::set_email(connection, target, email).await? {
                return Ok(None);
            }
            // They were sent to the address before.
            revoke_own_links(connection, target).await?;
            (Some("email"), String::new())
        }
        AccountChange::Password { hash, .. } => {
            sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
                .bind(target.0)
                .bind(hash)
                .execute(&mut *connection)
                .await?;
            revoke_own_links(connection, target).await?;
            second_factor::forget_wrong_codes(connection, target).await?;
            (Some("password"), String::new())
        }
        AccountChange::RemoveSecondFactor => {
            let was_there = second_factor::remove(connection, target).await?;
            (was_there.then_some("second_factor_off"), String::new())
        }
        AccountChange::DeleteAt(at) => {
            sqlx::query("UPDATE users SET delete_at = $2 WHERE id = $1")
                .bind(target.0)
                .bind(at)
                .execute(&mut *connection)
                .await?;
            revoke_links(connection, target).await?;
            (Some("deletion_asked"), clock::to_wire(*at).0)
        }
        AccountChange::Keep => {
            sqlx::query("UPDATE users SET delete_at = NULL WHERE id = $1")
                .bind(target.0)
                .execute(&mut *connection)
                .await?;
            (Some("deletion_withdrawn"), String::new())
        }
        AccountChange::Delete { erase } => {
            // No address has this form, so nobody signs in to it or registers it.
            let nobody = format!("deleted-{target}");
            sqlx::query(
                "UPDATE users SET email = $2, email_key = $2, email_twin = 0, name = $3, password_hash = '',
                 role = 1, delete_at = NULL, deleted_at = $4, erased_to = $5 WHERE id = $1",
            )
            .bind(target.0)
            .bind(nobody)
            .bind(DELETED_NAME)
            .bind(now)
            .bind(erase.then_some(0_i64))
            .execute(&mut *connection)
            .await?;
            revoke_links(connection, target).await?;
            second_factor::remove(connection, target).await?;
            chat_settings::forget(connection, target).await?;
            sqlx::query("UPDATE tokens SET device = '', address = '' WHERE user_id = $1")
                .bind(target.0)
                .execute(&mut *connection)
                .await?;
            (Some("deleted"), String::new())
        }
    }))
}

/// What others see in the place of the name of somebody whose account is gone.
const DELETED_NAME: &str = "Deleted account";

pub(super) async fn end_sign_ins(
    connection: &mut Connection,
    user: UserId,
    except: Option<TokenId>,
) -> sqlx::Result<Vec<TokenId>> {
    let ended: Vec<i64> = sqlx::query_scalar(
        "UPDATE tokens SET revoked = TRUE WHERE user_id = $1 AND NOT revoked AND id <> $2 RETURNING id",
    )
    .bind(user.0)
    .bind(except.map_or(0, |token| token.0))
    .fetch_all(connection)
    .await?;
    Ok(ended.into_iter().map(TokenId).collect())
}

/// The role of a person who acts, as it is now; nothing for the operator, who may everything.
pub(super) async fn actor_role(connection: &mut Connection, actor: Actor) -> sqlx::Result<Option<Role>> {
    let Actor::User(actor) = actor else { return Ok(None) };
    // Somebody who was suspended a moment ago may nothing any more.
    let role: Option<i64> = sqlx::query_scalar(
        "SELECT role FROM users WHERE id = $1 AND deleted_at IS NULL AND suspended_at IS NULL",
    )
    .bind(actor.0)
    .fetch_optional(connection)
    .await?;
    Ok(Some(role.map_or(Role::Guest, rows::role)))
}

async fn has_other_owner(connection: &mut Connection, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM users WHERE role = 3 AND id <> $1
         AND suspended_at IS NULL AND deleted_at IS NULL AND delete_at IS NULL)",
    )
    .bind(user.0)
    .fetch_one(connection)
    .await
}

pub(super) async fn person(reader: &mut Connection, user: UserId) -> sqlx::Result<Option<Account>> {
    let row: Option<AccountRowFull> =
        sqlx::query_as(account!("AND u.id = $1")).bind(user.0).fetch_optional(reader).await?;
    Ok(row.map(Into::into))
}

pub(super) async fn people(
    reader: &mut Connection,
    words: &str,
    after: UserId,
    limit: u64,
) -> sqlx::Result<Vec<Account>> {
    // As a pattern that finds the words themselves, wherever they stand.
    let escaped = words.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let rows: Vec<AccountRowFull> = sqlx::query_as(account!(
        "AND u.id > $1 AND (lower(u.email) LIKE $2 ESCAPE '\\' OR lower(u.name) LIKE $2 ESCAPE '\\')
         ORDER BY u.id LIMIT $3"
    ))
    .bind(after.0)
    .bind(format!("%{escaped}%"))
    .bind(to_sql(limit))
    .fetch_all(reader)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
