//! `/metrics`: what the server counts and measures, in Prometheus' text format.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use headers::authorization::Bearer;
use headers::{Authorization, HeaderMapExt};
use sha2::{Digest, Sha256};

use crate::metrics::level;
use crate::refusal::Refusal;
use crate::state::AppState;

/// The media type of the format, with its version.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn metrics(State(app): State<AppState>) -> Response {
    update_gauges(&app);
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], app.metrics.encode()).into_response()
}

/// With a token in the settings, metrics are only for requests that carry it.
pub(super) fn check_token(app: &AppState, headers: &HeaderMap) -> Result<(), Refusal> {
    match &app.config.metrics_token {
        Some(token) if !has_valid_token(headers, token) => Err(Refusal::metrics_token_missing()),
        _ => Ok(()),
    }
}

/// Compares digests, so that the time it takes says nothing about the token.
fn has_valid_token(headers: &HeaderMap, token: &str) -> bool {
    let shown = headers.typed_get::<Authorization<Bearer>>();
    shown.is_some_and(|shown| Sha256::digest(shown.token()) == Sha256::digest(token))
}

/// Reads what is not counted as it happens.
fn update_gauges(app: &AppState) {
    let metrics = &app.metrics;
    let stats = app.hub.stats();
    metrics.connections.set(app.connections.open());
    metrics.sockets.set(level(stats.sockets));
    metrics.users_online.set(level(stats.users));
    metrics.followed_chats.set(level(stats.chats));
    metrics.outbox_frames.set(level(stats.frames));
    metrics.outbox_frames_max.set(level(stats.frames_max));
    metrics.outbox.set(level(stats.bytes));
    metrics.bus_connected.set((app.bus.is_connected() && !app.bus.misses_other_nodes()).into());
    let pool = app.store.pool();
    metrics.database_connections.set(level(pool.open));
    metrics.database_connections_idle.set(level(pool.idle));
    metrics.database_connections_max.set(level(pool.most));
}
