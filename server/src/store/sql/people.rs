//! SQL for accounts beyond signing in, as both backends speak it: roles, suspension, links, the audit log.

use std::time::Duration;

use causerie_protocol::accounts::{Account, AuditEntry, Invitation, Registration};
use causerie_protocol::rest::ChatRole;
use causerie_protocol::{AuditId, ChatId, InvitationId, MessageId, Role, TokenId, User, UserId, limits};

use super::changes::{ROLE_IN_GROUP, RoleRow, role_in_group};
use super::{Connection, accounts, begin_on_users, second_factor};
use crate::clock::{self, UnixMicros};
use crate::store::rows::{
    AccountRowFull, AuditRow, InvitationRow, LinkRow, chats_from_text, role, role_to_sql, to_sql,
};
use crate::store::{
    AccountChange, AccountChanged, AccountCreated, Actor, ChangedAccount, Entry, Erasure, InvitedTo,
    LinkRecord, LinkTo, NewAccount, NewLink, NotChanged,
};

/// The kinds of links, as the table holds them.
mod kind {
    pub(super) const INVITATION: i64 = 0;
    pub(super) const RESET: i64 = 1;
    pub(super) const EMAIL: i64 = 2;
}

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

/// The condition under which a link `l` can be used at `$2`. Nobody becomes an owner by a link of the server itself once
/// there is one.
macro_rules! usable {
    () => {
        "l.digest = $1 AND NOT l.revoked AND l.ends_at > $2 AND l.uses < l.max_uses
         AND (l.role < 3 OR l.created_by IS NOT NULL
              OR NOT EXISTS (SELECT 1 FROM users o WHERE o.role = 3 AND o.deleted_at IS NULL))"
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
    match new.entry {
        Entry::Command(given) => role = given,
        Entry::Registration => {
            let is_first = sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM users)");
            if is_first.fetch_one(&mut *transaction).await? {
                role = Role::Owner;
            }
        }
        Entry::Invitation(digest) => {
            let used: Option<(i64, Option<i64>, String, Option<String>)> = sqlx::query_as(concat!(
                "UPDATE links SET uses = uses + 1 WHERE id = (SELECT l.id FROM links l WHERE l.kind = 0 AND ",
                usable!(),
                ") RETURNING role, created_by, chats, email"
            ))
            .bind(&digest[..])
            .bind(clock::now())
            .fetch_optional(&mut *transaction)
            .await?;
            let Some((given, by, in_chats, mailed_to)) = used else { return Ok(AccountCreated::LinkInvalid) };
            (role, invited_by, chats) = (self::role(given), by.map(UserId), chats_from_text(&in_chats));
            meets_inviter = mailed_to.is_some();
        }
    }
    let user = accounts::insert_user(&mut transaction, new.email, new.name, new.password_hash, role).await?;
    let Some(user) = user else { return Ok(AccountCreated::EmailTaken) };
    let actor = match (new.entry, invited_by) {
        (_, Some(inviter)) => Some(Actor::User(inviter)),
        (Entry::Command(_) | Entry::Invitation(_), None) => Some(Actor::Operator),
        (Entry::Registration, None) => None,
    };
    if let Some(actor) = actor {
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

async fn revoke_links(connection: &mut Connection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("UPDATE links SET revoked = TRUE WHERE NOT revoked AND (created_by = $1 OR user_id = $1)")
        .bind(user.0)
        .execute(connection)
        .await
        .map(drop)
}

/// Revokes the links that change a person's password or address.
async fn revoke_own_links(connection: &mut Connection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("UPDATE links SET revoked = TRUE WHERE kind > 0 AND user_id = $1")
        .bind(user.0)
        .execute(connection)
        .await
        .map(drop)
}

async fn end_sign_ins(
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
async fn actor_role(connection: &mut Connection, actor: Actor) -> sqlx::Result<Option<Role>> {
    let Actor::User(actor) = actor else { return Ok(None) };
    // Somebody who was suspended a moment ago may nothing any more.
    let role: Option<i64> = sqlx::query_scalar(
        "SELECT role FROM users WHERE id = $1 AND deleted_at IS NULL AND suspended_at IS NULL",
    )
    .bind(actor.0)
    .fetch_optional(connection)
    .await?;
    Ok(Some(role.map_or(Role::Guest, self::role)))
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

/// Those whose week to think is over.
pub(super) async fn due_for_deletion(reader: &mut Connection, now: UnixMicros) -> sqlx::Result<Vec<UserId>> {
    let due = sqlx::query_scalar(
        "SELECT id FROM users WHERE delete_at IS NOT NULL AND delete_at <= $1 AND deleted_at IS NULL ORDER BY id LIMIT 100",
    )
    .bind(now)
    .fetch_all(reader)
    .await?;
    Ok(due.into_iter().map(UserId).collect())
}

pub(super) async fn create_link(
    writer: &mut Connection,
    actor: Actor,
    link: &NewLink,
) -> sqlx::Result<Result<(), NotChanged>> {
    let mut transaction = begin_on_users(writer).await?;
    let connection = &mut *transaction;
    let now = clock::now();
    let own = actor_role(connection, actor).await?;
    let mut email = None;
    let (kind, role, user, max_uses, chats) = match &link.to {
        LinkTo::Join { role, max_uses, chats, by_members } => {
            if own.is_some_and(|own| !may_invite(own, *by_members && !chats.is_empty()) || *role > own) {
                return Ok(Err(NotChanged::RoleAbove));
            }
            if let Some(maker) = actor.user() {
                if has_many_invitations(connection, maker, now).await? {
                    return Ok(Err(NotChanged::TooManyInvitations));
                }
                for chat in chats {
                    match role_in_chat(connection, *chat, maker).await? {
                        None => return Ok(Err(NotChanged::NoSuchChat)),
                        // Or the group would take nobody by it.
                        Some(role) if role < ChatRole::Moderator => return Ok(Err(NotChanged::RoleInGroup)),
                        Some(_) => {}
                    }
                }
            }
            (kind::INVITATION, *role, None, *max_uses, chats.as_slice())
        }
        LinkTo::Meet { email: wanted, by_members } => {
            if own.is_some_and(|own| !may_invite(own, *by_members)) {
                return Ok(Err(NotChanged::RoleAbove));
            }
            if let Some(maker) = actor.user()
                && has_many_invitations(connection, maker, now).await?
            {
                return Ok(Err(NotChanged::TooManyInvitations));
            }
            let was_invited: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM links WHERE kind = 0 AND email = $1 AND created_at > $2)",
            )
            .bind(wanted)
            .bind(now - MAILED_AGAIN)
            .fetch_one(&mut *connection)
            .await?;
            if was_invited {
                return Ok(Err(NotChanged::InvitedBefore));
            }
            email = Some(wanted);
            (kind::INVITATION, Role::Member, None, 1, &[][..])
        }
        LinkTo::Own => (kind::INVITATION, Role::Owner, None, 1, &[][..]),
        LinkTo::Reset { user, mailed_to } => {
            let Some(person) = person(connection, *user).await? else {
                return Ok(Err(NotChanged::NoSuchPerson));
            };
            let is_moved = mailed_to.as_ref().is_some_and(|address| *address != person.email);
            if is_moved {
                return Ok(Err(NotChanged::NoSuchPerson));
            }
            if actor.user().is_some_and(|actor| actor != *user) && own.is_some_and(|own| own < Role::Owner) {
                return Ok(Err(NotChanged::RoleAbove));
            }
            // One at a time: a newer link is the end of the older ones. But a mail, which anybody may ask for, does not end
            // what an owner has made.
            sqlx::query(
                "UPDATE links SET revoked = TRUE WHERE kind = 1 AND user_id = $1 AND (created_by = $1 OR NOT $2)",
            )
            .bind(user.0)
            .bind(mailed_to.is_some())
            .execute(&mut *connection)
            .await?;
            (kind::RESET, person.role, Some(*user), 1, &[][..])
        }
        LinkTo::Email { user, email: wanted } => {
            let Some(person) = person(connection, *user).await? else {
                return Ok(Err(NotChanged::NoSuchPerson));
            };
            sqlx::query("UPDATE links SET revoked = TRUE WHERE kind = 2 AND user_id = $1")
                .bind(user.0)
                .execute(&mut *connection)
                .await?;
            email = Some(wanted);
            (kind::EMAIL, person.role, Some(*user), 1, &[][..])
        }
    };
    let chats: Vec<String> = chats.iter().map(ToString::to_string).collect();
    sqlx::query(
        "INSERT INTO links (kind, digest, role, user_id, created_by, created_at, ends_at, max_uses, chats, email)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(kind)
    .bind(&link.digest[..])
    .bind(role_to_sql(role))
    .bind(user.map(|user| user.0))
    .bind(actor.user().map(|user| user.0))
    .bind(now)
    .bind(link.ends_at)
    .bind(max_uses)
    .bind(chats.join(","))
    .bind(email)
    .execute(&mut *connection)
    .await?;
    match link.to {
        LinkTo::Join { .. } | LinkTo::Meet { .. } => {
            note(connection, actor, "invited", None, role.as_str()).await?;
        }
        LinkTo::Reset { user, mailed_to: None } => {
            note(connection, actor, "reset_link", Some(user), "").await?;
        }
        // Whoever asked for a mail is not known, and did nothing to the account.
        LinkTo::Reset { .. } | LinkTo::Own | LinkTo::Email { .. } => {}
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

/// How long nobody sends another invitation to an address.
const MAILED_AGAIN: Duration = Duration::from_secs(limits::MAILED_INVITATION_HOURS.unsigned_abs() * 60 * 60);

/// Whether somebody with this role may invite. Who was suspended, or lost the role, since the request came, may not any more.
fn may_invite(own: Role, by_members: bool) -> bool {
    own >= if by_members { Role::Member } else { Role::Moderator }
}

/// Whether somebody has as many invitations that can be used as one may.
async fn has_many_invitations(
    connection: &mut Connection,
    maker: UserId,
    now: UnixMicros,
) -> sqlx::Result<bool> {
    let live: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM links WHERE created_by = $1 AND kind = 0 AND NOT revoked AND ends_at > $2
         AND uses < max_uses",
    )
    .bind(maker.0)
    .bind(now)
    .fetch_one(connection)
    .await?;
    Ok(live >= limits::INVITATIONS_PER_PERSON)
}

/// The role of somebody in a group; `None`: it is none, or they are not in it.
async fn role_in_chat(
    connection: &mut Connection,
    chat: ChatId,
    user: UserId,
) -> sqlx::Result<Option<ChatRole>> {
    let is_group: Option<bool> = sqlx::query_scalar("SELECT NOT direct FROM chats WHERE id = $1")
        .bind(chat.0)
        .fetch_optional(&mut *connection)
        .await?;
    if is_group != Some(true) {
        return Ok(None);
    }
    let row: Option<RoleRow> =
        sqlx::query_as(ROLE_IN_GROUP).bind(chat.0).bind(user.0).fetch_optional(connection).await?;
    Ok(row.map(role_in_group))
}

pub(super) async fn invitation(
    reader: &mut Connection,
    digest: [u8; 32],
    now: UnixMicros,
) -> sqlx::Result<Option<LinkRecord>> {
    let row: Option<LinkRow> = sqlx::query_as(concat!(
        "SELECT l.role, l.ends_at, m.name AS invited_by FROM links l LEFT JOIN users m ON m.id = l.created_by
         WHERE l.kind = 0 AND ",
        usable!()
    ))
    .bind(&digest[..])
    .bind(now)
    .fetch_optional(reader)
    .await?;
    Ok(row.map(Into::into))
}

pub(super) async fn invitations(
    reader: &mut Connection,
    before: InvitationId,
    limit: u64,
) -> sqlx::Result<Vec<Invitation>> {
    let rows: Vec<InvitationRow> = sqlx::query_as(
        "SELECT id, role, chats, created_by, created_at, ends_at, uses, max_uses, revoked FROM links
         WHERE kind = 0 AND (created_by IS NOT NULL OR role < 3) AND id < $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(before.0)
    .bind(to_sql(limit))
    .fetch_all(reader)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn revoke_invitation(
    writer: &mut Connection,
    actor: Actor,
    id: InvitationId,
) -> sqlx::Result<bool> {
    let mut transaction = begin_on_users(writer).await?;
    if actor_role(&mut transaction, actor).await?.is_some_and(|own| own < Role::Moderator) {
        return Ok(false);
    }
    let revoked = sqlx::query("UPDATE links SET revoked = TRUE WHERE id = $1 AND kind = 0 AND NOT revoked")
        .bind(id.0)
        .execute(&mut *transaction)
        .await?;
    let is_revoked = revoked.rows_affected() > 0;
    if is_revoked {
        note(&mut transaction, actor, "invitation_revoked", None, &id.to_string()).await?;
    }
    transaction.commit().await?;
    Ok(is_revoked)
}

/// Sets a password by a link, which is used up by it; every sign-in ends.
pub(super) async fn reset_password(
    writer: &mut Connection,
    digest: [u8; 32],
    hash: &str,
) -> sqlx::Result<Option<(User, Vec<TokenId>)>> {
    let mut transaction = begin_on_users(writer).await?;
    let connection = &mut *transaction;
    let user: Option<i64> = sqlx::query_scalar(
        "UPDATE links SET uses = uses + 1
         WHERE digest = $1 AND kind = 1 AND NOT revoked AND ends_at > $2 AND uses < max_uses RETURNING user_id",
    )
    .bind(&digest[..])
    .bind(clock::now())
    .fetch_optional(&mut *connection)
    .await?
    .flatten();
    let Some(user) = user.map(UserId) else { return Ok(None) };
    let Some(account) = person(connection, user).await? else { return Ok(None) };
    sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
        .bind(user.0)
        .bind(hash)
        .execute(&mut *connection)
        .await?;
    second_factor::forget_wrong_codes(connection, user).await?;
    let ended = end_sign_ins(connection, user, None).await?;
    note(connection, Actor::User(user), "password", Some(user), "reset").await?;
    transaction.commit().await?;
    Ok(Some((User { id: user, email: Some(account.email), name: account.name }, ended)))
}

/// Gives an account the address of a link, which is used up by it.
pub(super) async fn change_email_by_link(
    writer: &mut Connection,
    digest: [u8; 32],
) -> sqlx::Result<Option<(UserId, String)>> {
    let mut transaction = begin_on_users(writer).await?;
    let connection = &mut *transaction;
    let used: Option<(Option<i64>, Option<String>)> = sqlx::query_as(
        "UPDATE links SET uses = uses + 1
         WHERE digest = $1 AND kind = 2 AND NOT revoked AND ends_at > $2 AND uses < max_uses RETURNING user_id, email",
    )
    .bind(&digest[..])
    .bind(clock::now())
    .fetch_optional(&mut *connection)
    .await?;
    let Some((Some(user), Some(email))) = used else { return Ok(None) };
    let user = UserId(user);
    let Some(before) = person(connection, user).await? else { return Ok(None) };
    if !accounts::set_email(connection, user, &email).await? {
        return Ok(None);
    }
    // They were sent to the address before.
    revoke_own_links(connection, user).await?;
    note(connection, Actor::User(user), "email", Some(user), "").await?;
    transaction.commit().await?;
    Ok(Some((user, before.email)))
}

/// Events that one step of an erasure looks at.
const ERASURE_STEP: i64 = 10_000;

pub(super) async fn to_erase(reader: &mut Connection, before: UnixMicros) -> sqlx::Result<Option<Erasure>> {
    let next: Option<(i64, i64)> = sqlx::query_as(
        "SELECT id, erased_to FROM users WHERE erased_to IS NOT NULL AND deleted_at < $1 ORDER BY id LIMIT 1",
    )
    .bind(before)
    .fetch_optional(&mut *reader)
    .await?;
    let Some((user, from)) = next else { return Ok(None) };
    let last: i64 =
        sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM events").fetch_one(&mut *reader).await?;
    // By the ids of events, since no index finds what one person wrote, and one would cost every message.
    let up_to = from.saturating_add(ERASURE_STEP).min(last);
    let messages: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT chat_id, id FROM events
         WHERE id > $1 AND id <= $2 AND actor_id = $3 AND kind = 0 AND deleted_at IS NULL ORDER BY id",
    )
    .bind(from)
    .bind(up_to)
    .bind(user)
    .fetch_all(reader)
    .await?;
    let messages = messages.into_iter().map(|(chat, id)| (ChatId(chat), MessageId(id))).collect();
    Ok(Some(Erasure { user: UserId(user), messages, up_to: (up_to < last).then_some(up_to) }))
}

pub(super) async fn erased(writer: &mut Connection, erasure: &Erasure) -> sqlx::Result<()> {
    sqlx::query("UPDATE users SET erased_to = $2 WHERE id = $1 AND erased_to IS NOT NULL AND ($2 IS NULL OR erased_to < $2)")
        .bind(erasure.user.0)
        .bind(erasure.up_to)
        .execute(writer)
        .await
        .map(drop)
}

/// Whether a link to set a new password can be used.
pub(super) async fn can_reset(
    reader: &mut Connection,
    digest: [u8; 32],
    now: UnixMicros,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM links WHERE digest = $1 AND kind = 1 AND NOT revoked AND ends_at > $2
         AND uses < max_uses)",
    )
    .bind(&digest[..])
    .bind(now)
    .fetch_one(reader)
    .await
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

pub(super) async fn use_invitation(
    writer: &mut Connection,
    digest: [u8; 32],
    user: UserId,
    now: UnixMicros,
) -> sqlx::Result<Option<InvitedTo>> {
    let mut transaction = begin_on_users(writer).await?;
    let connection = &mut *transaction;
    let link: Option<(i64, Option<i64>, String, Option<String>)> = sqlx::query_as(concat!(
        "SELECT l.id, l.created_by, l.chats, l.email FROM links l WHERE l.kind = 0 AND ",
        usable!()
    ))
    .bind(&digest[..])
    .bind(now)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((link, by, chats, mailed_to)) = link else { return Ok(None) };
    let mut invited = InvitedTo { by: by.map(UserId), ..InvitedTo::default() };
    if let Some(by) = invited.by.filter(|by| mailed_to.is_some() && *by != user) {
        invited.meets = !accounts::are_acquainted(connection, by, user).await?;
    }
    for chat in chats_from_text(&chats) {
        let is_in: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM participants WHERE chat_id = $1 AND user_id = $2)",
        )
        .bind(chat.0)
        .bind(user.0)
        .fetch_one(&mut *connection)
        .await?;
        if is_in { &mut invited.are_in } else { &mut invited.to_join }.push(chat);
    }
    if invited.meets || !invited.to_join.is_empty() {
        sqlx::query("UPDATE links SET uses = uses + 1 WHERE id = $1")
            .bind(link)
            .execute(&mut *connection)
            .await?;
        let actor = invited.by.map_or(Actor::Operator, Actor::User);
        note(connection, actor, "invited_to_groups", Some(user), &chats).await?;
    }
    transaction.commit().await?;
    Ok(Some(invited))
}

/// The key of who may make an account in the table `meta`; an owner's decision that moves with the database.
const REGISTRATION: &str = "registration";

pub(super) async fn registration(reader: &mut Connection) -> sqlx::Result<Option<Registration>> {
    let stored: Option<String> = sqlx::query_scalar("SELECT value FROM meta WHERE key = $1")
        .bind(REGISTRATION)
        .fetch_optional(reader)
        .await?;
    Ok(stored.and_then(|name| Registration::from_name(&name)))
}

pub(super) async fn set_registration(
    writer: &mut Connection,
    actor: Actor,
    registration: Option<Registration>,
) -> sqlx::Result<()> {
    let mut transaction = super::begin(writer).await?;
    sqlx::query("DELETE FROM meta WHERE key = $1").bind(REGISTRATION).execute(&mut *transaction).await?;
    let name = registration.map_or("", Registration::as_str);
    if registration.is_some() {
        sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)")
            .bind(REGISTRATION)
            .bind(name)
            .execute(&mut *transaction)
            .await?;
    }
    note(&mut transaction, actor, "registration", None, name).await?;
    transaction.commit().await
}
