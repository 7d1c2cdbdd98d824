//! `/api/blocks/…` and `/api/privacy/`: what stands between the caller and others.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};
use causerie_protocol::rest::{Block, Blocked, Privacy};
use causerie_protocol::{UserId, paths};

use super::RouteSlash;
use super::caller::check_rate;
use super::id::Id;
use super::json_body::JsonBody;
use crate::auth::Caller;
use crate::chat::BlockOutcome;
use crate::refusal::Refusal;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route_slash(paths::BLOCKS, get(list).post(block))
        .route_slash(&format!("{}{{user}}/", paths::BLOCKS), delete(unblock))
        .route_slash(paths::PRIVACY, get(privacy).patch(set_privacy))
}

async fn list(State(app): State<AppState>, caller: Caller) -> Result<Json<Vec<Blocked>>, Refusal> {
    Ok(Json(app.store.blocks(caller.user.id).await?))
}

async fn block(
    State(app): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<Block>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    if body.user_id.is_none() && body.message_id.is_none() {
        return Err(Refusal::missing("user_id"));
    }
    match app.chats.block(caller.user.id, &body).await? {
        BlockOutcome::Done => Ok(StatusCode::NO_CONTENT),
        BlockOutcome::NoSuchUser => Err(Refusal::nobody_to_block()),
        BlockOutcome::TooMany => Err(Refusal::too_many_blocks()),
    }
}

async fn unblock(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserId>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    if !app.chats.unblock(caller.user.id, user).await? {
        return Err(Refusal::not_blocked());
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn privacy(State(app): State<AppState>, caller: Caller) -> Result<Json<Privacy>, Refusal> {
    Ok(Json(app.chats.privacy(caller.user.id).await?))
}

async fn set_privacy(
    State(app): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<Privacy>,
) -> Result<Json<Privacy>, Refusal> {
    check_rate(&app, &caller, None)?;
    Ok(Json(app.chats.set_privacy(caller.user.id, body).await?))
}
