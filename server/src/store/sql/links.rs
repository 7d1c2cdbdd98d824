//! SQL for links that let somebody in: invitations, and links to set a password or to confirm an address. Both backends speak it.

use std::time::Duration;

use causerie_protocol::accounts::Invitation;
use causerie_protocol::rest::ChatRole;
use causerie_protocol::{ChatId, InvitationId, Role, TokenId, User, UserId, limits};

use super::audit::note;
use super::changes::{ROLE_IN_GROUP, RoleRow, role_in_group};
use super::people::{actor_role, end_sign_ins, person};
use super::{Connection, accounts, begin_on_users, second_factor};
use crate::clock::{self, UnixMicros};
use crate::email;
use crate::store::rows::{InvitationRow, LinkRow, chats_from_text, role, role_to_sql, to_sql};
use crate::store::{Actor, InvitedTo, LinkRecord, LinkTo, NewLink, NotChanged};

/// The kinds of links, as the table holds them.
mod kind {
    pub(super) const INVITATION: i64 = 0;
    pub(super) const RESET: i64 = 1;
    pub(super) const EMAIL: i64 = 2;
    pub(super) const REGISTRATION: i64 = 3;
}

/// The condition under which a link `l` can be used at `$2`. Nobody becomes an owner by a link of the server itself once
/// there is one.
macro_rules! usable {
    () => {
        concat!("l.digest = $1 AND ", live!())
    };
}

/// As [`usable`], of a link that is found otherwise.
macro_rules! live {
    () => {
        "NOT l.revoked AND l.ends_at > $2 AND l.uses < l.max_uses
         AND (l.role < 3 OR l.created_by IS NOT NULL
              OR NOT EXISTS (SELECT 1 FROM users o WHERE o.role = 3 AND o.deleted_at IS NULL))"
    };
}

/// Whether the chat `$1` is one of the groups of a link `l`.
macro_rules! leads_into {
    () => {
        "',' || l.chats || ',' LIKE '%,' || CAST($1 AS TEXT) || ',%'"
    };
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
    let (mut email, mut invitation) = (None, None);
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
                    // Or the group would take nobody by it.
                    if let Err(refused) = moderates(connection, *chat, maker).await? {
                        return Ok(Err(refused));
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
        LinkTo::Register { email: wanted, invitation: with } => {
            email = Some(wanted);
            let mut role = Role::Member;
            if let Some(digest) = with {
                let found: Option<(i64, i64)> = sqlx::query_as(concat!(
                    "SELECT l.id, l.role FROM links l WHERE l.kind = 0 AND ",
                    usable!()
                ))
                .bind(&digest[..])
                .bind(now)
                .fetch_optional(&mut *connection)
                .await?;
                // It may have ended since.
                let Some((id, given)) = found else { return Ok(Err(NotChanged::LinkEnded)) };
                (role, invitation) = (self::role(given), Some(id));
            }
            (kind::REGISTRATION, role, None, 1, &[][..])
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
    sqlx::query(
        "INSERT INTO links (kind, digest, role, user_id, created_by, created_at, ends_at, max_uses, chats, email, invitation_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(kind)
    .bind(&link.digest[..])
    .bind(role_to_sql(role))
    .bind(user.map(|user| user.0))
    .bind(actor.user().map(|user| user.0))
    .bind(now)
    .bind(link.ends_at)
    .bind(max_uses)
    .bind(chats_as_text(chats))
    .bind(email)
    .bind(invitation)
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
        LinkTo::Reset { .. } | LinkTo::Register { .. } | LinkTo::Own | LinkTo::Email { .. } => {}
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

pub(super) async fn invitation(
    reader: &mut Connection,
    digest: [u8; 32],
    now: UnixMicros,
) -> sqlx::Result<Option<LinkRecord>> {
    let row: Option<LinkRow> = sqlx::query_as(concat!(
        "SELECT l.role, l.ends_at, l.email AS mailed_to, m.name AS invited_by FROM links l
         LEFT JOIN links i ON i.id = l.invitation_id
         LEFT JOIN users m ON m.id = coalesce(l.created_by, i.created_by)
         WHERE l.kind IN (0, 3) AND ",
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

pub(super) async fn invitations_into(
    reader: &mut Connection,
    actor: UserId,
    chat: ChatId,
    now: UnixMicros,
    limit: u64,
) -> sqlx::Result<Result<Vec<Invitation>, NotChanged>> {
    if let Err(refused) = moderates(reader, chat, actor).await? {
        return Ok(Err(refused));
    }
    // Only who is in the group could have made one that still adds people to it.
    let rows: Vec<InvitationRow> = sqlx::query_as(concat!(
        "SELECT l.id, l.role, l.chats, l.created_by, l.created_at, l.ends_at, l.uses, l.max_uses, l.revoked
         FROM links l WHERE l.kind = 0 AND ",
        leads_into!(),
        " AND l.created_by IN (SELECT user_id FROM participants WHERE chat_id = $1) AND ",
        live!(),
        " ORDER BY l.id DESC LIMIT $3"
    ))
    .bind(chat.0)
    .bind(now)
    .bind(to_sql(limit))
    .fetch_all(reader)
    .await?;
    Ok(Ok(rows.into_iter().map(Into::into).collect()))
}

pub(super) async fn revoke_invitation_into(
    writer: &mut Connection,
    actor: UserId,
    chat: ChatId,
    id: InvitationId,
) -> sqlx::Result<Result<bool, NotChanged>> {
    let mut transaction = begin_on_users(writer).await?;
    if let Err(refused) = moderates(&mut transaction, chat, actor).await? {
        return Ok(Err(refused));
    }
    let chats: Option<String> = sqlx::query_scalar(concat!(
        "SELECT l.chats FROM links l WHERE l.kind = 0 AND l.id = $3 AND ",
        leads_into!(),
        " AND ",
        live!()
    ))
    .bind(chat.0)
    .bind(clock::now())
    .bind(id.0)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(chats) = chats else { return Ok(Ok(false)) };
    let others: Vec<_> = chats_from_text(&chats).into_iter().filter(|other| *other != chat).collect();
    sqlx::query("UPDATE links SET chats = $2, revoked = $3 WHERE id = $1")
        .bind(id.0)
        .bind(chats_as_text(&others))
        .bind(others.is_empty())
        .execute(&mut *transaction)
        .await?;
    note(&mut transaction, Actor::User(actor), "invitation_revoked", None, &id.to_string()).await?;
    transaction.commit().await?;
    Ok(Ok(true))
}

/// Whether somebody is a moderator or the owner of a group.
async fn moderates(
    connection: &mut Connection,
    chat: ChatId,
    user: UserId,
) -> sqlx::Result<Result<(), NotChanged>> {
    Ok(match role_in_chat(connection, chat, user).await? {
        None => Err(NotChanged::NoSuchChat),
        Some(role) if role < ChatRole::Moderator => Err(NotChanged::RoleInGroup),
        Some(_) => Ok(()),
    })
}

fn chats_as_text(chats: &[ChatId]) -> String {
    let chats: Vec<String> = chats.iter().map(ToString::to_string).collect();
    chats.join(",")
}

/// An invitation by which somebody comes to an account.
pub(super) struct Used {
    pub(super) role: Role,
    pub(super) created_by: Option<UserId>,
    pub(super) chats: Vec<ChatId>,
    /// Whether who invited wants a chat with the person.
    pub(super) meets: bool,
    /// Whether nobody invited: the link confirms the address of somebody who registers by themself.
    pub(super) registers: bool,
}

/// Uses a link for an account of this address that is made, and the invitation with which the link was asked for; `None` when
/// one of the two can't be used.
pub(super) async fn use_up(
    connection: &mut Connection,
    digest: [u8; 32],
    address: &str,
    now: UnixMicros,
) -> sqlx::Result<Option<Used>> {
    let link: Option<UsedRow> = sqlx::query_as(concat!(
        "UPDATE links SET uses = uses + 1 WHERE id = (SELECT l.id FROM links l WHERE l.kind IN (0, 3) AND ",
        usable!(),
        ") RETURNING kind, role, created_by, chats, email, invitation_id"
    ))
    .bind(&digest[..])
    .bind(now)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(link) = link else { return Ok(None) };
    if link.kind != kind::REGISTRATION {
        return Ok(Some(link.into()));
    }
    if link.email.as_deref().map(email::key) != Some(email::key(address)) {
        return Ok(None);
    }
    let Some(invitation) = link.invitation_id else { return Ok(Some(link.into())) };
    let invitation: Option<UsedRow> = sqlx::query_as(concat!(
        "UPDATE links SET uses = uses + 1 WHERE id = (SELECT l.id FROM links l WHERE l.id = $1 AND ",
        live!(),
        ") RETURNING kind, role, created_by, chats, email, invitation_id"
    ))
    .bind(invitation)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    Ok(invitation.map(Into::into))
}

#[derive(sqlx::FromRow)]
struct UsedRow {
    kind: i64,
    role: i64,
    created_by: Option<i64>,
    chats: String,
    email: Option<String>,
    invitation_id: Option<i64>,
}

impl From<UsedRow> for Used {
    fn from(row: UsedRow) -> Self {
        Self {
            role: role(row.role),
            created_by: row.created_by.map(UserId),
            chats: chats_from_text(&row.chats),
            meets: row.kind == kind::INVITATION && row.email.is_some(),
            registers: row.kind == kind::REGISTRATION,
        }
    }
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

/// Revokes the invitations that a person made, and every link for the person.
pub(super) async fn revoke_links(connection: &mut Connection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("UPDATE links SET revoked = TRUE WHERE NOT revoked AND (created_by = $1 OR user_id = $1)")
        .bind(user.0)
        .execute(connection)
        .await
        .map(drop)
}

/// Revokes the links that change a person's password or address.
pub(super) async fn revoke_own_links(connection: &mut Connection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("UPDATE links SET revoked = TRUE WHERE kind > 0 AND user_id = $1")
        .bind(user.0)
        .execute(connection)
        .await
        .map(drop)
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
