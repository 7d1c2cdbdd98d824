//! The addresses of sockets, and the handshake. Only this file and its transport name axum's WebSocket.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use causerie_protocol::{ChatId, CloseCode, Epoch, Seq, handshake, limits, paths};

use super::RouteSlash;
use super::origin::may_connect;
use super::peer_addr::PeerAddr;
use crate::auth::AuthError;
use crate::metrics::Refused;
use crate::outbox::{Closing, Scope};
use crate::refusal::{Refusal, closing};
use crate::session::{self, Opening};
use crate::socket_limiter::{Limit, SocketPermit};
use crate::state::AppState;

mod transport;

use transport::AxumTransport;

/// The read buffer; every idle socket holds one. It has room for some eight frames of the usual length, and a larger
/// frame makes it grow until it is read.
const READ_BUFFER: usize = 1024;
/// The largest frame of a socket that is refused.
const REFUSED_FRAME_BYTES: usize = 4 * 1024;
/// The write buffer; it grows only while there is much to send. More than one batch of a busy chat fits into it, which
/// then is one call of the system.
const WRITE_BUFFER: usize = 16 * 1024;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route_slash(paths::SOCKET, get(many))
        .route_slash(&format!("{}chats/{{id}}/", paths::SOCKET), get(one))
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

async fn many(
    State(app): State<AppState>,
    peer_addr: PeerAddr,
    uri: Uri,
    headers: HeaderMap,
    ws: Upgrade,
) -> Response {
    handshake(&app, peer_addr, &uri, &headers, ws, Some(Scope::Many)).await
}

async fn one(
    State(app): State<AppState>,
    id: Result<Path<ChatId>, PathRejection>,
    peer_addr: PeerAddr,
    uri: Uri,
    headers: HeaderMap,
    ws: Upgrade,
) -> Response {
    let scope = id.ok().map(|Path(chat)| Scope::One(chat));
    handshake(&app, peer_addr, &uri, &headers, ws, scope).await
}

/// Decides about a handshake. `scope` is missing when the chat's id is no number.
async fn handshake(
    app: &AppState,
    peer_addr: PeerAddr,
    uri: &Uri,
    headers: &HeaderMap,
    ws: Upgrade,
    scope: Option<Scope>,
) -> Response {
    // Only the path: a query may hold a token that was put there by mistake.
    let path = uri.path();
    let peer = peer_addr.address;
    tracing::info!(path, %peer, "WebSocket HANDSHAKING {path} [{peer}]");
    let (mut ws, mut permit) = match acquire(app, peer_addr, headers, ws) {
        Ok(acquired) => acquired,
        Err((reason, refusal)) => {
            app.metrics.handshakes_refused.inc(reason);
            let (status, reason) = (refusal.status.as_u16(), reason.name());
            tracing::info!(path, %peer, status, reason, "WebSocket REJECT {path} [{peer}]");
            return refusal.into_response();
        }
    };
    // The raw header: axum hands the values out sorted, and their order carries the meaning.
    let offered = joined(headers);
    let offer = handshake::parse(&offered);
    if let Some(echo) = offer.echo {
        ws.set_selected_protocol(HeaderValue::from_static(echo));
    }
    let admitted = admit(app, uri, &offer, scope, peer_addr, &mut permit).await;
    // A socket that is refused gets little more memory than an idle one has.
    let frame_bytes = if admitted.is_ok() { limits::FRAME_BYTES } else { REFUSED_FRAME_BYTES };
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
            let scope = opening.scope;
            let start = Box::new((app.session_services.clone(), opening));
            ws.on_upgrade(move |socket| {
                let (services, opening) = *start;
                log_connect(scope, peer, &opening);
                let session = session::run(AxumTransport(socket), services, *opening);
                async move {
                    log_disconnect(scope, peer, session.await);
                    drop(permit);
                }
            })
        }
        Err((reason, closing)) => {
            app.metrics.handshakes_refused.inc(reason);
            let path = path.to_owned();
            ws.on_upgrade(move |socket| async move {
                let (code, reason) = (closing.code.code(), closing.reason.clone());
                tracing::info!(path, %peer, code, %reason, "WebSocket REJECT {path} [{peer}]");
                session::refuse(AxumTransport(socket), closing).await;
                drop(permit);
            })
        }
    }
}

/// Checks what needs no token. A refusal here is an HTTP error, which browsers show as a bare 1006.
fn acquire(
    app: &AppState,
    peer_addr: PeerAddr,
    headers: &HeaderMap,
    ws: Upgrade,
) -> Result<(WebSocketUpgrade, SocketPermit), (Refused, Box<Refusal>)> {
    let refuse = |reason, refusal| (reason, Box::new(refusal));
    let ws = ws.map_err(|_| refuse(Refused::NotAnUpgrade, Refusal::not_an_upgrade()))?;
    if !may_connect(headers, &app.config) {
        return Err(refuse(Refused::Origin, Refusal::foreign_origin()));
    }
    if app.draining.is_cancelled() {
        return Err(refuse(Refused::Draining, Refusal::draining()));
    }
    let permit = app.socket_limiter.try_acquire(peer_addr.for_limits());
    let permit = permit.map_err(|exceeded| refuse(exceeded.limit.into(), exceeded.into()))?;
    Ok((ws, permit))
}

impl From<Limit> for Refused {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::Rate => Self::Rate,
            Limit::Sockets => Self::Full,
            Limit::SocketsPerAddress => Self::Address,
        }
    }
}

/// Checks the query and the token. The error is what the close frame says.
async fn admit(
    app: &AppState,
    uri: &Uri,
    offer: &handshake::Offer<'_>,
    scope: Option<Scope>,
    peer_addr: PeerAddr,
    permit: &mut SocketPermit,
) -> Result<Box<Opening>, (Refused, Closing)> {
    let mut after = None;
    let mut epoch = None;
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*name {
            "token" => return Err((Refused::Unauthorized, closing::token_in_url())),
            "after" => match value.parse::<Seq>() {
                Ok(seq) => after = Some(seq),
                Err(_) => return Err((Refused::BadRequest, closing::bad_position())),
            },
            "epoch" => epoch = Some(Epoch(value.into_owned())),
            _ => {}
        }
    }
    let unauthorized =
        |reason: String| (Refused::Unauthorized, Closing::new(CloseCode::Unauthorized, reason));
    let token = offer.token.map_err(|error| unauthorized(error.to_string()))?;
    let verified = app.auth.verify_token(token, peer_addr.for_limits()).await;
    let caller = verified.map_err(|error| match error {
        AuthError::Store(error) => {
            tracing::error!(%error, "a token could not be checked");
            (Refused::Unavailable, closing::tokens_unavailable())
        }
        AuthError::Suspended => {
            (Refused::Unauthorized, Closing::new(CloseCode::Suspended, error.to_string()))
        }
        refused => unauthorized(refused.to_string()),
    })?;
    if caller.lacks_second_factor {
        return Err((Refused::Unauthorized, closing::second_factor_required()));
    }
    let scope = scope.ok_or_else(|| (Refused::NoSuchChat, closing::no_such_chat()))?;
    if !permit.assign_user(caller.user.id) {
        return Err((Refused::User, closing::too_many_sockets()));
    }
    Ok(Box::new(Opening {
        rate: app.rates.socket(caller.user.id),
        user: caller.user,
        token: caller.token,
        expires_at: caller.expires_at,
        has_boundaries: caller.has_boundaries,
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
