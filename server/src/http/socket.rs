//! The sockets' addresses and the handshake. Nothing outside of here names axum's WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use causerie_protocol::rest::Problem;
use causerie_protocol::{ChatId, CloseCode, Epoch, ErrorCode, Seq, handshake, limits, paths};

use super::client::Client;
use super::origin::origin_allowed;
use super::Routes;
use crate::auth::AuthError;
use crate::gate::{Seat, Turned};
use crate::metrics::Refused;
use crate::outbox::{Closing, Scope};
use crate::session::{self, Opening, Services};
use crate::state::AppState;

mod link;

use link::AxumLink;

/// What a socket reads at once; every idle socket holds a buffer of this size.
const READ_BUFFER: usize = 4 * 1024;
/// What a socket gathers before it writes; grows only while there is much to send.
const WRITE_BUFFER: usize = 8 * 1024;
/// When a client may come again while the server restarts.
const DRAIN_RETRY: Duration = Duration::from_secs(2);

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .at(paths::SOCKET, get(many))
        .at(&format!("{}chats/{{id}}/", paths::SOCKET), get(one))
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

async fn many(State(app): State<AppState>, client: Client, uri: Uri, headers: HeaderMap, ws: Upgrade) -> Response {
    handshake(&app, client, &uri, &headers, ws, Some(Scope::Many)).await
}

async fn one(
    State(app): State<AppState>,
    id: Result<Path<ChatId>, PathRejection>,
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    ws: Upgrade,
) -> Response {
    let scope = id.ok().map(|Path(chat)| Scope::One(chat));
    handshake(&app, client, &uri, &headers, ws, scope).await
}

/// Decides about a handshake. `scope` is missing when the chat's id is no number.
async fn handshake(
    app: &AppState,
    client: Client,
    uri: &Uri,
    headers: &HeaderMap,
    ws: Upgrade,
    scope: Option<Scope>,
) -> Response {
    // The path alone: a query may hold a secret that somebody put there by mistake.
    let path = uri.path();
    let peer = client.address;
    tracing::info!(path, %peer, "WebSocket HANDSHAKING {path} [{peer}]");
    let (mut ws, mut seat) = match enter(app, client, headers, ws) {
        Ok(entered) => entered,
        Err((reason, response)) => {
            app.metrics.handshakes_refused.inc(reason);
            let (status, reason) = (response.status().as_u16(), reason.name());
            tracing::info!(path, %peer, status, reason, "WebSocket REJECT {path} [{peer}]");
            return *response;
        }
    };
    // The raw header: axum hands the values out sorted, and their order carries the meaning.
    let offered = joined(headers);
    let offer = handshake::parse(&offered);
    if let Some(echo) = offer.echo {
        ws.set_selected_protocol(HeaderValue::from_static(echo));
    }
    let admitted = admit(app, uri, &offer, scope, &mut seat).await;
    // Whoever was not let in gets no more memory than an idle socket has.
    let frame_bytes = if admitted.is_ok() { limits::FRAME_BYTES } else { READ_BUFFER };
    let ws = ws
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // Far above what is ever sent at once; the session stops reading long before.
        .max_write_buffer_size(limits::OUTBOX_BYTES)
        .max_message_size(frame_bytes)
        .max_frame_size(frame_bytes);
    match admitted {
        Ok(opening) => {
            app.metrics.handshakes_accepted.inc();
            let services = Services {
                store: app.store.clone(),
                chats: app.chats.clone(),
                hub: app.hub.clone(),
                heartbeat: app.config.heartbeat,
                metrics: app.metrics.clone(),
            };
            let scope = opening.scope;
            let start = Box::new((services, opening));
            ws.on_upgrade(move |socket| {
                let (services, opening) = *start;
                log_connect(scope, peer, &opening);
                let session = session::run(AxumLink(socket), services, *opening);
                async move {
                    log_disconnect(scope, peer, session.await);
                    drop(seat);
                }
            })
        }
        Err((reason, closing)) => {
            app.metrics.handshakes_refused.inc(reason);
            let path = path.to_owned();
            ws.on_upgrade(move |socket| async move {
                let (code, reason) = (closing.code.code(), closing.reason.clone());
                tracing::info!(path, %peer, code, %reason, "WebSocket REJECT {path} [{peer}]");
                session::refuse(AxumLink(socket), closing).await;
                drop(seat);
            })
        }
    }
}

/// Checks what needs no token. Who is not let in here gets an HTTP error, which browsers show as a bare 1006.
fn enter(
    app: &AppState,
    client: Client,
    headers: &HeaderMap,
    ws: Upgrade,
) -> Result<(WebSocketUpgrade, Seat), (Refused, Box<Response>)> {
    let ws = ws.map_err(|_| (Refused::NotAnUpgrade, Box::new(not_an_upgrade())))?;
    if !origin_allowed(headers, &app.config) {
        let detail = "Pages of this origin may not open sockets here; the server's operator can allow it.";
        let response = problem(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail, None);
        return Err((Refused::Origin, Box::new(response)));
    }
    if app.drain.has_begun() || app.hub.is_draining() {
        let detail = "The server is about to restart: try again in a moment.";
        return Err((Refused::Draining, Box::new(come_again(ErrorCode::Draining, detail, DRAIN_RETRY))));
    }
    match app.gate.enter(client.limited()) {
        Ok(seat) => Ok((ws, seat)),
        Err(Turned { reason, wait }) => {
            let (code, detail) = match reason {
                Refused::Full => {
                    (ErrorCode::Full, "The server has as many connections as it may: try again in a moment.")
                }
                Refused::Address => (
                    ErrorCode::Full,
                    "Your address has as many connections as one may: close one, or try again in a moment.",
                ),
                _ => (ErrorCode::RateLimited, "Too many connections a second: try again in a moment."),
            };
            Err((reason, Box::new(come_again(code, detail, wait))))
        }
    }
}

/// Checks what a client came with. The error is what its close frame says.
async fn admit(
    app: &AppState,
    uri: &Uri,
    offer: &handshake::Offer<'_>,
    scope: Option<Scope>,
    seat: &mut Seat,
) -> Result<Box<Opening>, (Refused, Closing)> {
    let mut after = None;
    let mut epoch = None;
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*name {
            "token" => {
                let reason = "token in the URL is refused: send it as a subprotocol ['Bearer', token]";
                return Err((Refused::Unauthorized, Closing::new(CloseCode::Unauthorized, reason)));
            }
            "after" => match value.parse::<Seq>() {
                Ok(seq) => after = Some(seq),
                Err(_) => {
                    let closing = Closing::new(CloseCode::BrokenClient, "after must be a number, 0 or more");
                    return Err((Refused::BadRequest, closing));
                }
            },
            "epoch" => epoch = Some(Epoch(value.into_owned())),
            _ => {}
        }
    }
    let unauthorized =
        |reason: String| (Refused::Unauthorized, Closing::new(CloseCode::Unauthorized, reason));
    let token = offer.token.map_err(|error| unauthorized(error.to_string()))?;
    let caller = app.auth.verify(token).await.map_err(|error| match error {
        AuthError::Store(error) => {
            tracing::error!(%error, "a token could not be checked");
            let reason = "the server can't check tokens just now: reconnect in a moment";
            (Refused::Unavailable, Closing::new(CloseCode::InternalError, reason))
        }
        refused => unauthorized(refused.to_string()),
    })?;
    let scope = scope.ok_or_else(|| (Refused::NoSuchChat, session::no_such_chat()))?;
    if !seat.belongs_to(caller.user.id) {
        let reason = "you have as many connections as one may: close other tabs or devices";
        return Err((Refused::User, Closing::new(CloseCode::TooManySockets, reason)));
    }
    Ok(Box::new(Opening {
        traffic: app.people.traffic(caller.user.id),
        user: caller.user,
        token: caller.token,
        expires_at: caller.expires_at,
        scope,
        after,
        epoch,
    }))
}

/// The offered subprotocols as one header (RFC 9110, section 5.3); what is not ASCII can't be a token.
fn joined(headers: &HeaderMap) -> String {
    let values = headers.get_all(handshake::HEADER).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

fn not_an_upgrade() -> Response {
    let detail = "This address is for WebSockets (RFC 6455): send an upgrade request.";
    let mut response = problem(StatusCode::UPGRADE_REQUIRED, ErrorCode::MethodNotAllowed, detail, None);
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

/// 503, and when to come again in whole seconds (RFC 9110, section 10.2.3).
fn come_again(code: ErrorCode, detail: &str, wait: Duration) -> Response {
    let milliseconds = wait.as_secs() * 1_000;
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, code, detail, Some(milliseconds));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    response
}

fn problem(status: StatusCode, code: ErrorCode, detail: &str, retry_after_ms: Option<u64>) -> Response {
    let title = status.canonical_reason().unwrap_or("Error").to_owned();
    let detail = detail.to_owned();
    let body =
        Problem { title, status: status.as_u16(), detail, code: code.clone(), field: None, retry_after_ms };
    let mut response = (status, Json(body)).into_response();
    // Browsers hide why a handshake was refused; the memory of probes tells them.
    response.extensions_mut().insert(code);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// The address of a socket, for the log.
fn path_of(scope: Scope) -> String {
    match scope {
        Scope::Many => "/ws/".to_owned(),
        Scope::One(chat) => format!("/ws/chats/{chat}/"),
    }
}

fn log_connect(scope: Scope, peer: SocketAddr, opening: &Opening) {
    let path = path_of(scope);
    tracing::info!(path, %peer, user = %opening.user.id, "WebSocket CONNECT {path} [{peer}]");
}

fn log_disconnect(scope: Scope, peer: SocketAddr, code: CloseCode) {
    let path = path_of(scope);
    tracing::info!(path, %peer, code = code.code(), "WebSocket DISCONNECT {path} [{peer}]");
}
