//! `/api/account/`: one's own account; and what somebody without one needs: the installation, invitations, a new password.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use causerie_protocol::accounts::{
    Account, AskReset, ConfirmEmail, ConfirmSecondFactor, DeleteAccount, Installation, InvitationInfo,
    JoinedGroups, LookAtInvitation, NewSecondFactor, ProvePassword, RecoveryCodes, ResetPassword,
    UpdateAccount,
};
use causerie_protocol::rest::UserRef;
use causerie_protocol::{limits, paths};

use super::RouteSlash;
use super::accounts::{self, limit_changes, own};
use super::caller::check_rate;
use super::json_body::JsonBody;
use super::peer_addr::PeerAddr;
use crate::auth::{Caller, password};
use crate::email::EmailError;
use crate::mail::Letter;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::AccountChange;
use crate::{clock, email};

/// How long somebody has to think about the deletion of their account.
const DELETION_WAIT: Duration = Duration::from_secs(limits::DELETION_DAYS as u64 * 24 * 60 * 60);

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route_slash(paths::INSTALLATION, get(installation))
        .route_slash(paths::INVITATION, post(invitation))
        .route_slash(paths::JOIN_GROUPS, post(join_groups))
        .route_slash(paths::RESET, post(ask_reset))
        .route_slash(paths::RESET_PASSWORD, post(reset_password))
        .route_slash(paths::CONFIRM_EMAIL, post(confirm_email))
        .route_slash(paths::ACCOUNT, get(read).patch(update))
        .route_slash(paths::SECOND_FACTOR, post(begin_second_factor))
        .route_slash(paths::CONFIRM_SECOND_FACTOR, post(confirm_second_factor))
        .route_slash(paths::SECOND_FACTOR_OFF, post(turn_second_factor_off))
        .route_slash(paths::RECOVERY_CODES, post(renew_recovery_codes))
        .route_slash(paths::DELETE_ACCOUNT, post(delete))
        .route_slash(paths::KEEP_ACCOUNT, post(keep))
}

async fn installation(State(app): State<AppState>) -> Result<Json<Installation>, Refusal> {
    let registration = app.auth.registration().await?;
    Ok(Json(Installation {
        registration,
        mail: app.mailer.is_set_up(),
        erases_messages: app.config.deleted_messages.are_erased(),
        members_invite: app.auth.members_invite().await?,
    }))
}

/// The secret stands in the body: an address would be in logs and histories.
async fn invitation(
    State(app): State<AppState>,
    peer: PeerAddr,
    JsonBody(body): JsonBody<LookAtInvitation>,
) -> Result<Json<InvitationInfo>, Refusal> {
    app.auth.limit_looks(peer.for_limits())?;
    Ok(Json(app.auth.look_at_invitation(&body.token, app.mailer.is_set_up()).await?))
}

/// For somebody who has an account: the invitation adds them to its groups, and changes nothing else.
async fn join_groups(
    State(app): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<LookAtInvitation>,
) -> Result<Json<JoinedGroups>, Refusal> {
    check_rate(&app, &caller, None)?;
    let invited = app.auth.use_invitation(&body.token, caller.user.id).await?;
    let mut chats = invited.are_in;
    if let Some(by) = invited.by {
        chats.extend(accounts::add_to(&app, by, caller.user.id, invited.to_join).await);
        if invited.meets {
            chats.extend(accounts::meet(&app, by, caller.user.id).await);
        }
    }
    Ok(Json(JoinedGroups { chats }))
}

/// The same answer, at once, for every address: who has an account here is nobody's business.
async fn ask_reset(
    State(app): State<AppState>,
    peer: PeerAddr,
    JsonBody(body): JsonBody<AskReset>,
) -> Result<StatusCode, Refusal> {
    if !app.mailer.is_set_up() {
        return Err(Refusal::no_mail());
    }
    if !email::is_possible(&body.email) {
        return Err(Refusal::invalid("email", EmailError::TooLong.to_string()));
    }
    app.auth.limit_resets(peer.for_limits(), &body.email)?;
    if app.mailer.send(Letter::Reset(body)) {
        Ok(StatusCode::ACCEPTED)
    } else {
        Err(Refusal::too_many_mails())
    }
}

async fn reset_password(
    State(app): State<AppState>,
    peer: PeerAddr,
    JsonBody(body): JsonBody<ResetPassword>,
) -> Result<StatusCode, Refusal> {
    password::check(&body.password).map_err(|error| Refusal::invalid("password", error.to_string()))?;
    app.auth.limit_looks(peer.for_limits())?;
    app.auth.reset_password(&body.token, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A request of its own, so that whoever only looks at the link, as scanners of mails do, changes nothing.
async fn confirm_email(
    State(app): State<AppState>,
    peer: PeerAddr,
    JsonBody(body): JsonBody<ConfirmEmail>,
) -> Result<StatusCode, Refusal> {
    app.auth.limit_looks(peer.for_limits())?;
    let before = app.auth.confirm_email(&body.token).await?;
    if !app.mailer.send(Letter::EmailChanged { before, language: body.language }) {
        tracing::warn!("too many mails wait: an address that was changed is not told");
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn read(State(app): State<AppState>, caller: Caller) -> Result<Json<Account>, Refusal> {
    let account = app.store.person(&UserRef::Id(caller.user.id)).await?;
    account.map(Json).ok_or_else(Refusal::no_such_person)
}

async fn update(
    State(app): State<AppState>,
    caller: Caller,
    peer: PeerAddr,
    JsonBody(body): JsonBody<UpdateAccount>,
) -> Result<Json<Account>, Refusal> {
    limit_changes(&app, &caller)?;
    let me = caller.user.id;
    // All of it is checked before anything is changed.
    let name =
        body.name.as_deref().map(|name| accounts::name(Some(name), caller.user.own_email())).transpose()?;
    let email = body.email.as_deref().map(email::parse).transpose();
    let email = email.map_err(|error| Refusal::invalid("email", error.to_string()))?;
    if let Some(password) = &body.password {
        password::check(password).map_err(|error| Refusal::invalid("password", error.to_string()))?;
    }
    if email.is_some() || body.password.is_some() {
        let current = body.current_password.ok_or_else(|| Refusal::missing("current_password"))?;
        app.auth.check_own_password(&caller.user, peer.for_limits(), current).await?;
    }
    let mut changes = Vec::new();
    if let Some(email) = email {
        let is_same = email::key(&email) == email::key(caller.user.own_email());
        if app.mailer.is_set_up() && !is_same {
            // The same answer, at once, whether or not the new address has an account.
            app.auth.limit_confirmations(peer.for_limits(), me, &email)?;
            if !app.mailer.send(Letter::ConfirmEmail { user: me, email, language: body.language }) {
                return Err(Refusal::too_many_mails());
            }
        } else {
            changes.push(AccountChange::Email(email));
        }
    }
    changes.extend(name.map(AccountChange::Name));
    if let Some(password) = body.password {
        let hash = app.auth.hash_new(password).await?;
        changes.push(AccountChange::Password { hash, except: Some(caller.token) });
    }
    for change in changes {
        app.auth.change(own(&caller), me, change).await?;
    }
    read(State(app), caller).await
}

async fn begin_second_factor(
    State(app): State<AppState>,
    caller: Caller,
    peer: PeerAddr,
    JsonBody(body): JsonBody<ProvePassword>,
) -> Result<(StatusCode, Json<NewSecondFactor>), Refusal> {
    limit_changes(&app, &caller)?;
    app.auth.check_own_password(&caller.user, peer.for_limits(), body.current_password).await?;
    Ok((StatusCode::CREATED, Json(app.auth.begin_second_factor(&caller.user).await?)))
}

async fn confirm_second_factor(
    State(app): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<ConfirmSecondFactor>,
) -> Result<Json<RecoveryCodes>, Refusal> {
    limit_changes(&app, &caller)?;
    Ok(Json(app.auth.confirm_second_factor(caller.user.id, &body.code).await?))
}

/// The password is enough, so that somebody whose device is lost can set up another one.
async fn turn_second_factor_off(
    State(app): State<AppState>,
    caller: Caller,
    peer: PeerAddr,
    JsonBody(body): JsonBody<ProvePassword>,
) -> Result<StatusCode, Refusal> {
    limit_changes(&app, &caller)?;
    let me = caller.user.id;
    app.auth.check_own_password(&caller.user, peer.for_limits(), body.current_password).await?;
    app.auth.change(own(&caller), me, AccountChange::RemoveSecondFactor).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn renew_recovery_codes(
    State(app): State<AppState>,
    caller: Caller,
    peer: PeerAddr,
    JsonBody(body): JsonBody<ProvePassword>,
) -> Result<Json<RecoveryCodes>, Refusal> {
    limit_changes(&app, &caller)?;
    app.auth.check_own_password(&caller.user, peer.for_limits(), body.current_password).await?;
    Ok(Json(app.auth.renew_recovery_codes(caller.user.id).await?))
}

/// Ends every sign-in at once; who signs in again within the week can take it back.
async fn delete(
    State(app): State<AppState>,
    caller: Caller,
    peer: PeerAddr,
    JsonBody(body): JsonBody<DeleteAccount>,
) -> Result<Json<Account>, Refusal> {
    limit_changes(&app, &caller)?;
    let me = caller.user.id;
    app.auth.check_own_password(&caller.user, peer.for_limits(), body.current_password).await?;
    let change = AccountChange::DeleteAt(clock::now() + DELETION_WAIT);
    Ok(Json(app.auth.change(own(&caller), me, change).await?))
}

async fn keep(State(app): State<AppState>, caller: Caller) -> Result<Json<Account>, Refusal> {
    limit_changes(&app, &caller)?;
    let me = caller.user.id;
    Ok(Json(app.auth.change(own(&caller), me, AccountChange::Keep).await?))
}
