//! `/readyz`: whether this server should get requests, and if not, what is missing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use causerie_protocol::rest::Readiness;

use crate::state::AppState;
use crate::store::StoreError;

/// 200 while the database answers and nothing drains; 503 otherwise.
///
/// A bus that can't be heard is told and is no reason to be taken out: the node serves its own clients and reads the
/// rest from the store.
pub(super) async fn ready(State(app): State<AppState>) -> (StatusCode, Json<Readiness>) {
    let readiness = readiness(&app).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

/// What the server can do just now.
pub(super) async fn readiness(app: &AppState) -> Readiness {
    let answered = app.store.ping().await.inspect_err(|error| tracing::warn!(%error, "not ready"));
    let draining = app.draining.is_cancelled();
    let unheard = app.bus.is_deaf();
    let (database, bus) = (answered.is_ok(), app.bus.is_connected() && !unheard);
    // Without the path, which is not for everybody: the log has it.
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

const MOVED: &str = "The file of the database was moved, replaced or deleted while the server runs, so nothing is stored: put it back, or start the server again.";
const UNHEARD: &str = "Other servers use this database and can't be heard: start every one with USE_REDIS=true and the same REDIS_URL.";
