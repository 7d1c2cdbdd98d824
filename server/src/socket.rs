//! The sockets' addresses: the handshake, and axum's WebSocket as a link. No other file names it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::rejection::PathRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use causerie_protocol::rest::Problem;
use causerie_protocol::{ChatId, CloseCode, Epoch, ErrorCode, Seq, handshake, limits};
use futures_util::{Sink, Stream};
use tungstenite::Error as WsError;
use tungstenite::error::ProtocolError;

use crate::app::App;
use crate::auth::AuthError;
use crate::http::origin::origin_allowed;
use crate::outbox::{Closing, Scope};
use crate::session::{self, Incoming, Link, Lost, Opening, Outgoing, Services};

/// What a socket reads at once; every idle socket holds a buffer of this size.
const READ_BUFFER: usize = 4 * 1024;
/// What a socket gathers before it writes; grows only while there is much to send.
const WRITE_BUFFER: usize = 8 * 1024;
/// Seconds after which a client may come again while the server restarts.
const DRAIN_RETRY_SECONDS: u16 = 2;

/// `/ws/` and `/ws/chats/{id}/`, with and without the closing slash.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/ws", get(many))
        .route("/ws/", get(many))
        .route("/ws/chats/{id}", get(one))
        .route("/ws/chats/{id}/", get(one))
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;
type Peer = Result<ConnectInfo<SocketAddr>, axum::extract::rejection::ExtensionRejection>;

async fn many(State(app): State<App>, peer: Peer, uri: Uri, headers: HeaderMap, ws: Upgrade) -> Response {
    handshake(&app, peer, &uri, &headers, ws, Some(Scope::Many)).await
}

async fn one(
    State(app): State<App>,
    id: Result<Path<ChatId>, PathRejection>,
    peer: Peer,
    uri: Uri,
    headers: HeaderMap,
    ws: Upgrade,
) -> Response {
    let scope = id.ok().map(|Path(chat)| Scope::One(chat));
    handshake(&app, peer, &uri, &headers, ws, scope).await
}

/// Decides about a handshake. `scope` is missing when the chat's id is no number.
async fn handshake(
    app: &App,
    peer: Peer,
    uri: &Uri,
    headers: &HeaderMap,
    ws: Upgrade,
    scope: Option<Scope>,
) -> Response {
    let peer = peer.map_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)), |ConnectInfo(peer)| peer);
    // The path alone: a query may hold a secret that somebody put there by mistake.
    let path = uri.path();
    tracing::info!(path, %peer, "WebSocket HANDSHAKING {path} [{peer}]");
    let mut ws = match ws {
        Ok(ws) => ws,
        Err(rejection) => return not_an_upgrade(path, peer, &rejection),
    };
    if !origin_allowed(headers, &app.config) {
        tracing::info!(path, %peer, status = 403, "WebSocket REJECT {path} [{peer}]");
        let detail = "Pages of this origin may not open sockets here; the server's operator can allow it.";
        return problem(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail, None);
    }
    if app.drain.has_begun() || app.hub.is_draining() {
        tracing::info!(path, %peer, status = 503, "WebSocket REJECT {path} [{peer}]");
        let detail = "The server is about to restart: try again in a moment.";
        let wait = Some(u64::from(DRAIN_RETRY_SECONDS) * 1_000);
        let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Draining, detail, wait);
        response.headers_mut().insert(header::RETRY_AFTER, DRAIN_RETRY_SECONDS.into());
        return response;
    }
    // The raw header: axum hands the values out sorted, and their order carries the meaning.
    let offered = joined(headers);
    let offer = handshake::parse(&offered);
    if let Some(echo) = offer.echo {
        ws.set_selected_protocol(HeaderValue::from_static(echo));
    }
    let ws = ws
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(limits::FRAME_BYTES)
        .max_frame_size(limits::FRAME_BYTES);
    match admit(app, uri, &offer, scope).await {
        Ok(opening) => {
            let services = Services {
                store: app.store.clone(),
                chats: app.chats.clone(),
                hub: app.hub.clone(),
                heartbeat: app.config.heartbeat,
            };
            let scope = opening.scope;
            let start = Box::new((services, opening));
            ws.on_upgrade(move |socket| {
                let (services, opening) = *start;
                log_connect(scope, peer, &opening);
                let session = session::run(AxumLink(socket), services, opening);
                async move { log_disconnect(scope, peer, session.await) }
            })
        }
        Err(closing) => {
            let path = path.to_owned();
            ws.on_upgrade(move |socket| async move {
                let (code, reason) = (closing.code.code(), closing.reason.clone());
                tracing::info!(path, %peer, code, %reason, "WebSocket REJECT {path} [{peer}]");
                session::refuse(AxumLink(socket), closing).await;
            })
        }
    }
}

/// Checks what a client came with. The error is what its close frame says.
async fn admit(
    app: &App,
    uri: &Uri,
    offer: &handshake::Offer<'_>,
    scope: Option<Scope>,
) -> Result<Box<Opening>, Closing> {
    let mut after = None;
    let mut epoch = None;
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*name {
            "token" => {
                return Err(Closing::new(
                    CloseCode::Unauthorized,
                    "token in the URL is refused: send it as a subprotocol ['Bearer', token]",
                ));
            }
            "after" => match value.parse::<Seq>() {
                Ok(seq) => after = Some(seq),
                Err(_) => {
                    return Err(Closing::new(CloseCode::BrokenClient, "after must be a number, 0 or more"));
                }
            },
            "epoch" => epoch = Some(Epoch(value.into_owned())),
            _ => {}
        }
    }
    let token = offer.token.map_err(|error| Closing::new(CloseCode::Unauthorized, error.to_string()))?;
    let caller = app.auth.verify(token).await.map_err(|error| match error {
        AuthError::Store(error) => {
            tracing::error!(%error, "a token could not be checked");
            Closing::new(
                CloseCode::InternalError,
                "the server can't check tokens just now: reconnect in a moment",
            )
        }
        refused => Closing::new(CloseCode::Unauthorized, refused.to_string()),
    })?;
    let scope = scope.ok_or_else(session::no_such_chat)?;
    Ok(Box::new(Opening {
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

fn not_an_upgrade(path: &str, peer: SocketAddr, rejection: &WebSocketUpgradeRejection) -> Response {
    tracing::info!(path, %peer, status = 426, %rejection, "WebSocket REJECT {path} [{peer}]");
    let detail = "This address is for WebSockets (RFC 6455): send an upgrade request.";
    let mut response = problem(StatusCode::UPGRADE_REQUIRED, ErrorCode::MethodNotAllowed, detail, None);
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
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

struct AxumLink(WebSocket);

impl AxumLink {
    fn pin(&mut self) -> Pin<&mut WebSocket> {
        Pin::new(&mut self.0)
    }
}

impl Link for AxumLink {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        Poll::Ready(match ready!(self.pin().poll_next(cx)) {
            Some(Ok(Message::Text(text))) => Incoming::Text(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Incoming::Control,
            Some(Ok(Message::Close(frame))) => Incoming::Closed(frame.map(|frame| frame.code)),
            Some(Ok(Message::Binary(_))) => Incoming::Bad(Closing::new(
                CloseCode::UnsupportedData,
                "binary frames are not understood: send text frames with JSON",
            )),
            Some(Err(error)) => bad(error),
            None => Incoming::Lost,
        })
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Lost>> {
        self.pin().poll_ready(cx).map_err(lost)
    }

    fn start_send(&mut self, frame: Outgoing) -> Result<(), Lost> {
        let message = match frame {
            Outgoing::Text(text) => Message::Text(text),
            Outgoing::Ping => Message::Ping(Bytes::new()),
            Outgoing::Close(closing) => Message::Close(Some(CloseFrame {
                code: closing.code.code(),
                reason: CloseCode::clip_reason(&closing.reason).into(),
            })),
        };
        self.pin().start_send(message).map_err(lost)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Lost>> {
        self.pin().poll_flush(cx).map_err(lost)
    }
}

// By value, as `map_err` hands it over; why a connection broke is nothing that this end can mend.
#[allow(clippy::needless_pass_by_value)]
fn lost(_: axum::Error) -> Lost {
    Lost
}

/// What a reading error means: the client broke a rule and is told, or it is gone.
fn bad(error: axum::Error) -> Incoming {
    let Ok(error) = error.into_inner().downcast::<WsError>() else { return Incoming::Lost };
    let closing = match *error {
        WsError::Capacity(_) => {
            Closing::new(CloseCode::MessageTooBig, format!("a frame may have {} bytes", limits::FRAME_BYTES))
        }
        WsError::Utf8(_) => Closing::new(CloseCode::InvalidPayload, "the text is not valid UTF-8"),
        WsError::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::ReceivedAfterClosing,
        ) => return Incoming::Lost,
        // 1002: a protocol error (RFC 6455, section 7.4.1).
        WsError::Protocol(error) => Closing::new(CloseCode::Other(1002), error.to_string()),
        _ => return Incoming::Lost,
    };
    Incoming::Bad(closing)
}
