//! What the server tells to whoever looks for a fault: about itself, and about the handshakes that reached it.

use std::time::Instant;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use causerie_protocol::doctor::{NAME, Offered, OriginStatus, ServerStatus, Trace, Traced, is_probe};
use causerie_protocol::rest::Readiness;
use causerie_protocol::{ErrorCode, handshake, limits, paths};
use serde::Deserialize;
use tower_http::cors::{Any, CorsLayer};

use super::origin::{allowed, origin_allowed};
use super::{Routes, method_not_allowed, ready};
use crate::clock;
use crate::state::AppState;

/// The setting that allows more origins.
const ORIGINS: &str = "CAUSERIE_ALLOWED_ORIGINS";

/// Readable by pages of every origin: a page that may not connect is to find out why, and nothing here is a secret.
pub fn routes() -> Router<AppState> {
    Router::new()
        .at(paths::DOCTOR, get(status))
        .at(&format!("{}{{probe}}/", paths::PROBES), get(traced))
        .at(paths::READY, get(ready::ready))
        // Before the layer: the answer to a browser's preflight stands on the way to this one.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CorsLayer::new().allow_origin(Any).allow_methods([Method::GET]))
}

#[derive(Deserialize)]
struct Asked {
    origin: Option<String>,
}

/// Always 200: a server that can't do its work is to say so, and what is missing.
async fn status(
    State(app): State<AppState>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Json<ServerStatus> {
    let Readiness { database, bus, draining, unheard, .. } = ready::readiness(&app).await;
    let host = text(&headers, header::HOST);
    let origin = asked.ok().and_then(|Query(asked)| asked.origin).map(|origin| OriginStatus {
        allowed: allowed(&origin, host.as_deref(), &app.config),
        origin,
        setting: ORIGINS.to_owned(),
    });
    Json(ServerStatus {
        name: NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: limits::VERSION,
        node: app.probes.node.clone(),
        clustered: app.config.redis_url.is_some(),
        time_ms: clock::now() / 1_000,
        heartbeat_ms: u64::try_from(app.config.heartbeat.as_millis()).unwrap_or(u64::MAX),
        host,
        database,
        bus,
        draining,
        unheard,
        origin,
    })
}

/// What this server remembers of a handshake; another one behind the same address may remember more.
async fn traced(State(app): State<AppState>, Path(probe): Path<String>) -> Json<Traced> {
    let trace = app.probes.recall(&probe, Instant::now());
    Json(Traced { node: app.probes.node.clone(), trace })
}

/// Remembers a handshake that carries `?probe=`, and how it was answered.
pub async fn remember(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let Some(probe) = request.uri().query().and_then(named) else { return next.run(request).await };
    let (probe, trace) = (probe.to_owned(), arrived(&app, request.headers()));
    let response = next.run(request).await;
    let trace = Trace {
        status: response.status().as_u16(),
        code: response.extensions().get::<ErrorCode>().cloned(),
        ..trace
    };
    app.probes.remember(&probe, trace, Instant::now());
    response
}

/// The probe that a query names.
fn named(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("probe=")).filter(|probe| is_probe(probe))
}

/// What there is of a handshake before it is answered.
fn arrived(app: &AppState, headers: &HeaderMap) -> Trace {
    let asks = |name, word: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    let offered: Vec<_> =
        headers.get_all(handshake::HEADER).iter().filter_map(|value| value.to_str().ok()).collect();
    Trace {
        upgrade: asks(header::UPGRADE, "websocket") && asks(header::CONNECTION, "upgrade"),
        offered: Offered::read(&offered.join(",")),
        origin: text(headers, header::ORIGIN),
        origin_allowed: origin_allowed(headers, &app.config),
        host: text(headers, header::HOST),
        status: 0,
        code: None,
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
