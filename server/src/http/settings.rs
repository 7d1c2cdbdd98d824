//! `/api/admin/settings/`: how the installation is set.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use causerie_protocol::accounts::{Settings, UpdateSettings};
use causerie_protocol::{limits, paths};

use super::RouteSlash;
use super::caller::check_rate;
use super::json_body::JsonBody;
use crate::auth::Caller;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::Actor;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route_slash(paths::SETTINGS, get(read).patch(update))
}

async fn read(State(app): State<AppState>) -> Result<Json<Settings>, Refusal> {
    let stored = app.store.registration().await?;
    Ok(Json(Settings {
        registration: stored.unwrap_or(app.config.registration),
        registration_option: app.config.registration,
        registration_is_stored: stored.is_some(),
        public_url: app.config.public_url.clone(),
        mail: app.mailer.is_set_up(),
        legacy_email: app.config.legacy_email,
        token_days: limits::TOKEN_DAYS,
        deletion_days: limits::DELETION_DAYS,
    }))
}

/// Every node reads it from the store when somebody registers, so it counts everywhere at once.
async fn update(
    State(app): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<UpdateSettings>,
) -> Result<Json<Settings>, Refusal> {
    check_rate(&app, &caller, None)?;
    app.store.set_registration(Actor::User(caller.user.id), body.registration).await?;
    read(State(app)).await
}
