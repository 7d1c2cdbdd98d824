//! Traces of handshakes, for the doctor: what arrived of a handshake that carried `?probe=`.

use std::time::Instant;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use causerie_protocol::doctor::{Offered, RecordedTrace, Trace, is_probe};
use causerie_protocol::{ErrorCode, handshake, paths};
use tower_http::cors::{Any, CorsLayer};

use super::RouteSlash;
use super::origin::may_connect;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route_slash(&format!("{}{{probe}}/", paths::PROBES), get(get_trace))
}

/// A page that may not connect is to find out why, and nothing that the doctor reads is a secret.
pub(super) fn readable_by_all() -> CorsLayer {
    CorsLayer::new().allow_origin(Any).allow_methods([Method::GET])
}

/// What this node recorded of a handshake; another node behind the same address may have more.
async fn get_trace(State(app): State<AppState>, Path(probe): Path<String>) -> Json<RecordedTrace> {
    let trace = app.probes.get(&probe, Instant::now());
    Json(RecordedTrace { node: app.probes.node.clone(), trace })
}

/// Middleware: records a handshake that carries `?probe=`, and how it was answered.
pub(super) async fn record_probe(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let Some(probe) = request.uri().query().and_then(probe_id) else { return next.run(request).await };
    let (probe, trace) = (probe.to_owned(), handshake_trace(&app, request.headers()));
    let response = next.run(request).await;
    let trace = Trace {
        status: response.status().as_u16(),
        code: response.extensions().get::<ErrorCode>().cloned(),
        ..trace
    };
    app.probes.record(&probe, trace, Instant::now());
    response
}

fn probe_id(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("probe=")).filter(|probe| is_probe(probe))
}

/// What arrived of a handshake, before it is answered.
fn handshake_trace(app: &AppState, headers: &HeaderMap) -> Trace {
    let has_token = |name, word: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    let offered: Vec<_> =
        headers.get_all(handshake::HEADER).iter().filter_map(|value| value.to_str().ok()).collect();
    Trace {
        upgrade: has_token(header::UPGRADE, "websocket") && has_token(header::CONNECTION, "upgrade"),
        offered: Offered::read(&offered.join(",")),
        origin: text(headers, header::ORIGIN),
        origin_allowed: may_connect(headers, &app.config),
        host: text(headers, header::HOST),
        status: 0,
        code: None,
    }
}

pub(super) fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
