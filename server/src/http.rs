//! The router, and the middleware around every request.

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

mod account;
mod accounts;
mod boundaries;
mod caller;
mod chats;
mod device;
mod folder;
mod guard;
mod health;
mod id;
mod json_body;
mod messages;
mod metrics;
mod origin;
mod paging;
mod peer_addr;
mod people;
mod probe_trace;
mod problem;
mod reports;
mod search;
mod settings;
mod socket;

/// Characters of a request's id that reach the log; a proxy may send its own.
const REQUEST_ID_CHARS: usize = 64;

pub(crate) fn router(app: AppState) -> Router {
    let log = log(app.metrics.clone());
    let base_path: Arc<str> = app.config.base_path.as_str().into();
    let guard = from_fn_with_state(app.clone(), guard::authorise);
    let api = Router::new()
        .merge(accounts::routes())
        .merge(account::routes())
        .merge(people::routes())
        .merge(boundaries::routes())
        .merge(reports::routes())
        .merge(search::routes())
        .merge(settings::routes())
        .merge(chats::routes())
        .merge(messages::routes())
        .route_layer(guard.clone())
        // Before the layer: the answer to a browser's preflight stands on the way to this one.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(app.clone(), reject_when_draining))
        .layer(origin::cors(&app.config));
    let readable_by_all = Router::new()
        .merge(health::readable())
        .merge(probe_trace::routes())
        .route_layer(guard.clone())
        .method_not_allowed_fallback(method_not_allowed)
        .layer(probe_trace::readable_by_all());
    let router = Router::new()
        .route_slash(paths::METRICS, get(metrics::metrics))
        .merge(health::routes())
        .route_layer(guard)
        .merge(readable_by_all)
        .merge(api)
        .merge(socket::routes().layer(from_fn_with_state(app.clone(), probe_trace::record_probe)))
        .fallback(fallback)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .layer(map_response(default_headers))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_request(()).on_response(log).on_failure(()))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .with_state(app);
    if base_path.is_empty() {
        return router;
    }
    // Around the router: inside of it the route is chosen already.
    Router::new().fallback_service(router).layer(from_fn_with_state(base_path, folder::strip_base_path))
}

/// Adds a route with and without its closing slash: the old system had it, people leave it out.
///
/// Not `NormalizePathLayer`: that also takes away more than one slash, and rewrites the path before it is logged.
trait RouteSlash {
    /// The same methods at both spellings.
    fn route_slash(self, path: &str, methods: MethodRouter<AppState>) -> Self;
}

impl RouteSlash for Router<AppState> {
    fn route_slash(self, path: &str, methods: MethodRouter<AppState>) -> Self {
        let bare = path.trim_end_matches('/');
        self.route(bare, methods.clone()).route(&format!("{bare}/"), methods)
    }
}

/// Whether an address reports the server's health, which it does however many connections there are.
pub(crate) fn is_about_health(path: &str) -> bool {
    let bare = path.trim_end_matches('/');
    [paths::HEALTH, paths::READY, paths::METRICS].iter().any(|health| health.trim_end_matches('/') == bare)
}

/// The answer to every other request while there are as many connections as there may be.
pub(crate) fn full() -> Response {
    Refusal::full().into_response()
}

/// Answers addresses without a route: with the page, whose views have addresses of their own, or a 404.
async fn fallback(State(app): State<AppState>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
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

/// Refuses requests of the API once the server drains; its health and the page's files are still served.
async fn reject_when_draining(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if app.draining.is_cancelled() {
        return Refusal::draining().into_response();
    }
    next.run(request).await
}

/// Default security headers: no MIME sniffing, no framing, no referrer, no caching. A response's own value wins.
async fn default_headers(mut response: Response) -> Response {
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

/// The span of a request, whose fields all of its log lines share. Neither the query nor any header but the id: they may hold a token.
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
