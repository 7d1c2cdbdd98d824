//! `/api/admin/…`: looking after the people of the installation.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use axum::{Json, Router};
use causerie_protocol::accounts::{Account, AuditEntry, CreateInvitation, Invitation, Link, SetRole};
use causerie_protocol::reports::{Reopen, Reopened};
use causerie_protocol::{AuditId, InvitationId, UserId, limits, paths};
use serde::Deserialize;

use super::RouteSlash;
use super::caller::check_rate;
use super::id::{Id, Resource};
use super::json_body::JsonBody;
use crate::auth::Caller;
use crate::moderation;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::{AccountChange, Actor, Reopening};

pub(super) fn routes() -> Router<AppState> {
    let person = |action: &str| format!("{}{{id}}/{action}", paths::PEOPLE);
    Router::new()
        .route_slash(paths::PEOPLE, get(people))
        .route_slash(&person(""), patch(set_role).delete(remove))
        .route_slash(&person("suspend/"), post(suspend))
        .route_slash(&person("restore/"), post(restore))
        .route_slash(&person("sign-out/"), post(sign_out))
        .route_slash(&person("reset/"), post(reset))
        .route_slash(&person("reopen/"), post(reopen))
        .route_slash(paths::INVITATIONS, get(invitations).post(invite))
        .route_slash(&format!("{}{{id}}/", paths::INVITATIONS), delete(revoke_invitation))
        .route_slash(paths::AUDIT, get(audit))
}

impl Resource for UserId {
    fn not_found() -> Refusal {
        Refusal::no_such_person()
    }
}

impl Resource for InvitationId {
    fn not_found() -> Refusal {
        Refusal::no_such_invitation()
    }
}

/// A page of a list, by the last id of the page before.
#[derive(Deserialize)]
struct Place {
    /// Words that a name or an address holds.
    #[serde(default)]
    q: String,
    after: Option<i64>,
    before: Option<i64>,
    /// By or to whom something was done.
    of: Option<i64>,
}

type PlaceQuery = Result<Query<Place>, QueryRejection>;

fn place(query: PlaceQuery) -> Result<Place, Refusal> {
    let Query(place) = query.map_err(|_| {
        Refusal::invalid("query", "\"after\", \"before\" and \"of\" are ids, and \"q\" is a text in UTF-8.")
    })?;
    // No name and no address is longer, and Postgres can't be asked for a U+0000.
    if place.q.len() > limits::EMAIL_BYTES || place.q.contains('\0') {
        return Err(Refusal::invalid("q", format!("\"q\" may have {} bytes.", limits::EMAIL_BYTES)));
    }
    Ok(place)
}

const PAGE: u64 = limits::ADMIN_PAGE as u64;

async fn people(State(app): State<AppState>, query: PlaceQuery) -> Result<Json<Vec<Account>>, Refusal> {
    let place = place(query)?;
    Ok(Json(app.store.people(place.q.trim(), UserId(place.after.unwrap_or(0)), PAGE).await?))
}

async fn change(
    app: &AppState,
    caller: &Caller,
    target: UserId,
    change: AccountChange,
) -> Result<Json<Account>, Refusal> {
    check_rate(app, caller, None)?;
    Ok(Json(app.auth.change(Actor::User(caller.user.id), target, change).await?))
}

async fn set_role(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
    JsonBody(body): JsonBody<SetRole>,
) -> Result<Json<Account>, Refusal> {
    change(&app, &caller, id, AccountChange::Role(body.role)).await
}

async fn suspend(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<Json<Account>, Refusal> {
    change(&app, &caller, id, AccountChange::Suspend).await
}

async fn restore(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<Json<Account>, Refusal> {
    change(&app, &caller, id, AccountChange::Restore).await
}

async fn sign_out(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<Json<Account>, Refusal> {
    change(&app, &caller, id, AccountChange::SignOut { except: None }).await
}

async fn remove(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<StatusCode, Refusal> {
    let delete = AccountChange::Delete { erase: app.config.deleted_messages.are_erased() };
    let _deleted = change(&app, &caller, id, delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reset(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<(StatusCode, Json<Link>), Refusal> {
    check_rate(&app, &caller, None)?;
    let link = app.auth.invite_to_reset(Actor::User(caller.user.id), id).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

async fn reopen(
    State(app): State<AppState>,
    caller: Caller,
    Id(one): Id<UserId>,
    JsonBody(body): JsonBody<Reopen>,
) -> Result<Json<Reopened>, Refusal> {
    check_rate(&app, &caller, None)?;
    let other = app.store.person(&body.with).await?.ok_or_else(Refusal::no_such_person)?.id;
    let actor = Actor::User(caller.user.id);
    match moderation::reopen(&*app.store, &*app.bus, &app.hub, actor, one, other).await? {
        Reopening::Done { still_parted, .. } => Ok(Json(Reopened { open: !still_parted })),
        Reopening::NotEnded => Err(Refusal::pair_not_ended()),
    }
}

async fn invitations(
    State(app): State<AppState>,
    query: PlaceQuery,
) -> Result<Json<Vec<Invitation>>, Refusal> {
    let before = InvitationId(place(query)?.before.unwrap_or(i64::MAX));
    Ok(Json(app.store.invitations(before, PAGE).await?))
}

async fn invite(
    State(app): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<CreateInvitation>,
) -> Result<(StatusCode, Json<Link>), Refusal> {
    check_rate(&app, &caller, None)?;
    let link = app.auth.invite(Actor::User(caller.user.id), &body).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

async fn revoke_invitation(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<InvitationId>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    if !app.store.revoke_invitation(Actor::User(caller.user.id), id).await? {
        return Err(Refusal::no_such_invitation());
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn audit(State(app): State<AppState>, query: PlaceQuery) -> Result<Json<Vec<AuditEntry>>, Refusal> {
    let place = place(query)?;
    let before = AuditId(place.before.unwrap_or(i64::MAX));
    Ok(Json(app.store.audit(place.of.map(UserId), before, PAGE).await?))
}
