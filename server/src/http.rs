//! The router: which address leads where, and what surrounds every answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use causerie_protocol::{limits, paths};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::metrics::{Metrics, StatusClass};
use crate::refusal::Refusal;
use crate::state::AppState;

pub mod accounts;
pub mod caller;
pub mod chats;
pub mod client;
pub mod doctor;
mod folder;
pub mod id;
mod json_body;
pub mod messages;
mod metrics;
pub mod origin;
mod paging;
mod problem;
mod ready;
mod socket;

/// Characters of a request's id that reach the log; a proxy may send its own.
const REQUEST_ID_CHARS: usize = 64;

/// Where Prometheus asks by convention.
const METRICS: &str = "/metrics";

/// Everything that the server answers.
pub fn router(app: AppState) -> Router {
    let log = log(app.metrics.clone());
    let base_path: Arc<str> = app.config.base_path.as_str().into();
    let api = Router::new()
        .merge(accounts::routes())
        .merge(chats::routes())
        .merge(messages::routes())
        // Before the layer: the answer to a browser's preflight stands on the way to this one.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(app.clone(), unless_draining))
        .layer(origin::cors(&app.config));
    let router = Router::new()
        .at(paths::HEALTH, get(|| async { "ok" }))
        .at(METRICS, get(metrics::metrics))
        .merge(doctor::routes())
        .merge(api)
        .merge(socket::routes().layer(from_fn_with_state(app.clone(), doctor::remember)))
        .fallback(elsewhere)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .layer(map_response(surround))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_request(()).on_response(log).on_failure(()))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .with_state(app);
    if base_path.is_empty() {
        return router;
    }
    // Around the router and not inside, where the route is chosen already.
    Router::new().fallback_service(router).layer(from_fn_with_state(base_path, folder::below))
}

/// Adds a route with and without its closing slash: the old system had it, people leave it out.
pub(crate) trait Routes {
    /// The same methods at both spellings.
    #[must_use]
    fn at(self, path: &str, methods: MethodRouter<AppState>) -> Self;
}

impl Routes for Router<AppState> {
    fn at(self, path: &str, methods: MethodRouter<AppState>) -> Self {
        let bare = path.trim_end_matches('/');
        self.route(bare, methods.clone()).route(&format!("{bare}/"), methods)
    }
}

/// Whether an address tells how the server is, which it does however many connections there are.
pub(crate) fn is_about_health(path: &str) -> bool {
    let bare = path.trim_end_matches('/');
    [paths::HEALTH, paths::READY, METRICS].iter().any(|health| health.trim_end_matches('/') == bare)
}

/// What every other request gets from a server that has as many connections as it may.
pub(crate) fn no_room() -> Response {
    Refusal::full().into_response()
}

/// What no route takes: the page, whose views have addresses of their own, or nothing.
async fn elsewhere(State(app): State<AppState>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if matches!(first, "api" | "ws") {
        return Refusal::no_such_address().into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return method_not_allowed().await.into_response();
    }
    match app.page.answer(path, &headers).await {
        Ok(Some(response)) => response,
        Ok(None) => Refusal::no_such_address().into_response(),
        Err(error) => Refusal::from(error).into_response(),
    }
}

async fn method_not_allowed() -> Refusal {
    Refusal::method_not_allowed()
}

/// Nothing new is begun by a server that is about to end; what it says of itself, and the page's files, it still tells.
async fn unless_draining(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if app.draining.is_cancelled() {
        return Refusal::draining().into_response();
    }
    next.run(request).await
}

/// Headers that every answer carries, unless it set its own: nothing is guessed, framed, told on or kept.
async fn surround(mut response: Response) -> Response {
    let defaults: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What log lines of one request share. Neither the query nor any header but the id: they may hold a token.
fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    let id = id.get(..REQUEST_ID_CHARS).unwrap_or(id);
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

/// The one line that every request leaves, and its place in the metrics.
fn log(metrics: Arc<Metrics>) -> impl Fn(&Response, Duration, &Span) + Clone {
    move |response, latency, _| {
        let status = response.status().as_u16();
        metrics.http_responses.inc(StatusClass::of(status));
        metrics.http_response.observe(latency);
        let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(status, microseconds, "answered");
    }
}
