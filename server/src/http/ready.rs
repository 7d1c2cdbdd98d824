//! `/readyz`: whether this server should get requests, and if not, what is missing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use causerie_protocol::rest::Readiness;

use crate::app::App;

/// 200 while the database answers and nothing drains; 503 otherwise.
///
/// A bus that can't be heard is told and is no reason to be taken out: the node serves its own clients and reads the
/// rest from the store.
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let readiness = readiness(&app).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

/// What the server can do just now.
pub(super) async fn readiness(app: &App) -> Readiness {
    let database = app.store.ping().await.inspect_err(|error| tracing::warn!(%error, "not ready")).is_ok();
    let draining = app.drain.has_begun() || app.hub.is_draining();
    Readiness { ready: database && !draining, database, bus: app.bus.is_connected(), draining }
}
