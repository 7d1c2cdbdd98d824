//! `/api/search/`: full-text search in messages. The query comes in the body, so that it stands in no address.

use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use causerie_protocol::paths;
use causerie_protocol::search::{Found, SearchRequest};
use tokio::time::timeout;

use super::RouteSlash;
use super::caller::check_rate;
use super::json_body::JsonBody;
use crate::auth::Caller;
use crate::refusal::Refusal;
use crate::search::Query;
use crate::state::AppState;

/// How long a search waits for those before it.
const WAIT: Duration = Duration::from_secs(3);
/// Minutes of the greatest distance of a clock from UTC (ISO 8601).
const UTC_OFFSET: i32 = 24 * 60;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route_slash(paths::SEARCH, post(search))
}

async fn search(
    State(app): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<SearchRequest>,
) -> Result<Json<Found>, Refusal> {
    check_rate(&app, &caller, None)?;
    if body.utc_offset.abs() > UTC_OFFSET {
        return Err(Refusal::invalid(
            "utc_offset",
            "\"utc_offset\" must be the minutes that your clock is ahead of UTC.",
        ));
    }
    let query = Query::parse(&body.query, body.utc_offset)
        .map_err(|error| Refusal::invalid("query", error.to_string()))?;
    let permit = timeout(WAIT, app.searches.acquire()).await;
    let _permit = permit.ok().and_then(Result::ok).ok_or_else(Refusal::too_many_searches)?;
    Ok(Json(app.store.search(caller.user.id, &query, body.before).await?))
}
