//! The server's health: `/healthz`, `/readyz`, and what the doctor wants to know about it.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use causerie_protocol::doctor::{NAME, OriginStatus, ServerStatus};
use causerie_protocol::rest::Readiness;
use causerie_protocol::{limits, paths};
use serde::Deserialize;

use super::RouteSlash;
use super::origin::is_allowed;
use super::probe_trace::text;
use crate::clock;
use crate::refusal::milliseconds;
use crate::state::AppState;
use crate::store::StoreError;

/// The setting that allows more origins.
const ORIGINS: &str = "CAUSERIE_ALLOWED_ORIGINS";
const MOVED: &str = "The file of the database was moved, replaced or deleted while the server runs, so nothing is stored: put it back, or start the server again.";
const UNHEARD: &str = "Other servers use this database and can't be heard: start every one with USE_REDIS=true and the same REDIS_URL.";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route_slash(paths::HEALTH, get(|| async { "ok" }))
}

/// What pages of every origin may read.
pub(super) fn readable() -> Router<AppState> {
    Router::new().route_slash(paths::DOCTOR, get(status)).route_slash(paths::READY, get(ready))
}

/// 200 while the database answers and nothing drains; 503 otherwise.
///
/// A lost bus is reported but does not make the node unready: it serves its own clients and reads the rest from the
/// store.
async fn ready(State(app): State<AppState>) -> (StatusCode, Json<Readiness>) {
    let readiness = readiness(&app).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

async fn readiness(app: &AppState) -> Readiness {
    let answered = app.store.ping().await.inspect_err(|error| tracing::warn!(%error, "not ready"));
    let draining = app.draining.is_cancelled();
    let unheard = app.bus.misses_other_nodes();
    let (database, bus) = (answered.is_ok(), app.bus.is_connected() && !unheard);
    // Without the database's path, which is not public: the log has it.
    let detail = match answered {
        Err(StoreError::Unusable(_)) => Some(MOVED),
        _ if unheard => Some(UNHEARD),
        _ => None,
    };
    Readiness {
        ready: database && !draining,
        database,
        bus,
        draining,
        unheard,
        detail: detail.map(str::to_owned),
    }
}

#[derive(Deserialize)]
struct StatusQuery {
    origin: Option<String>,
}

/// Always 200: a server that can't do its work reports that, and what is missing.
async fn status(
    State(app): State<AppState>,
    headers: HeaderMap,
    query: Result<Query<StatusQuery>, QueryRejection>,
) -> Json<ServerStatus> {
    let Readiness { database, bus, draining, unheard, .. } = readiness(&app).await;
    let host = text(&headers, header::HOST);
    let origin = query.ok().and_then(|Query(query)| query.origin).map(|origin| OriginStatus {
        allowed: is_allowed(&origin, host.as_deref(), &app.config),
        origin,
        setting: ORIGINS.to_owned(),
    });
    Json(ServerStatus {
        name: NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: limits::VERSION,
        node: app.probes.node.clone(),
        clustered: app.config.redis_url.is_some(),
        time_ms: clock::now().as_millis(),
        heartbeat_ms: milliseconds(app.config.heartbeat),
        host,
        database,
        bus,
        draining,
        unheard,
        origin,
    })
}
