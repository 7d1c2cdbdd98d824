//! A WebSocket whose frames are recorded with their times.

use std::time::Duration;

use axum::http::{HeaderValue, header};
use causerie_doctor::socket_checks::{Next, Received};
use causerie_doctor::{SocketObservation, Target, diagnose};
use causerie_protocol::{ClientFrame, handshake};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::connect::{self, Stream};

/// The doctor's User-Agent.
pub(super) const USER_AGENT: &str = concat!("causerie-doctor/", env!("CARGO_PKG_VERSION"));
/// How long this end waits for its close to be answered.
const CLOSING: Duration = Duration::from_secs(2);

pub(super) struct Live {
    socket: WebSocketStream<Box<dyn Stream>>,
    began: Instant,
    /// How it ended, and when, for everybody who listens from then on.
    ended: Option<(f64, Option<CloseFrame>)>,
}

impl Live {
    /// Opens a socket. Its clock starts with the handshake.
    pub(super) async fn open(
        target: &Target,
        url: &str,
        protocols: &[String],
        origin: Option<&str>,
        patience: Duration,
    ) -> Result<Self, SocketObservation> {
        let request = request(url, protocols, origin).ok_or(SocketObservation::Failed)?;
        let stream = connect::connect(target, patience).await.map_err(|_| SocketObservation::Failed)?;
        let began = Instant::now();
        match timeout(patience, client_async(request, stream)).await {
            Ok(Ok((socket, _))) => Ok(Self { socket, began, ended: None }),
            Ok(Err(error)) => Err(seen(&error)),
            Err(_) => Err(SocketObservation::Failed),
        }
    }

    /// The socket's clock, in milliseconds.
    pub(super) fn now_ms(&self) -> f64 {
        self.began.elapsed().as_secs_f64() * 1_000.0
    }

    /// Hands over what comes until it is over; `None` when that is not so within a time.
    pub(super) async fn listen<T>(
        &mut self,
        limit: Duration,
        mut on_event: impl FnMut(f64, Received<'_>) -> Next<T>,
    ) -> Option<T> {
        let end = Instant::now() + limit;
        loop {
            if self.ended.is_none() {
                let came = timeout_at(end, self.socket.next()).await.ok()?;
                let at = self.now_ms();
                let next = match came {
                    Some(Ok(Message::Text(text))) => on_event(at, Received::Text(&text)),
                    Some(Ok(Message::Binary(_))) => on_event(at, Received::Binary),
                    // The library answers pings of the WebSocket protocol itself.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                    Some(Ok(Message::Close(frame))) => {
                        self.ended = Some((at, frame));
                        continue;
                    }
                    Some(Err(_)) | None => {
                        self.ended = Some((at, None));
                        continue;
                    }
                };
                match next {
                    Next::Listen => {}
                    Next::Answer(frame) => self.send(&frame).await,
                    Next::Over(outcome) => return Some(outcome),
                }
                continue;
            }
            let next = match self.ended.as_ref()? {
                (at, Some(CloseFrame { code, reason })) => {
                    on_event(*at, Received::Closed { code: u16::from(*code), reason: reason.as_str() })
                }
                (at, None) => on_event(*at, Received::Cut),
            };
            return match next {
                Next::Over(outcome) => Some(outcome),
                // Nothing more can come.
                Next::Listen | Next::Answer(_) => None,
            };
        }
    }

    /// Sends a frame; that it could not be sent shows by the end that follows.
    pub(super) async fn send(&mut self, frame: &ClientFrame) {
        let _ = self.socket.send(Message::text(frame.encode())).await;
    }

    /// Leaves in order, so that the server's log does not tell of a loss.
    pub(super) async fn leave(mut self) {
        if self.ended.is_none() {
            let frame = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::from_static("examined") };
            let close = async {
                self.socket.close(Some(frame)).await.ok()?;
                while self.socket.next().await?.is_ok() {}
                Some(())
            };
            // It is of no use to the finding.
            let _ = timeout(CLOSING, close).await;
        }
    }
}

fn request(url: &str, protocols: &[String], origin: Option<&str>) -> Option<Request> {
    let mut request = url.into_client_request().ok()?;
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if !protocols.is_empty() {
        let mut value = HeaderValue::from_str(&protocols.join(", ")).ok()?;
        value.set_sensitive(true);
        headers.insert(handshake::HEADER, value);
    }
    if let Some(origin) = origin {
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).ok()?);
    }
    Some(request)
}

/// What a failed handshake looks like.
fn seen(error: &Error) -> SocketObservation {
    match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            let code = diagnose::problem(&String::from_utf8_lossy(body));
            SocketObservation::Refused { status: response.status().as_u16(), code }
        }
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
            SubProtocolError::NoSubProtocol | SubProtocolError::InvalidSubProtocol,
        )) => SocketObservation::NotEchoed,
        _ => SocketObservation::Failed,
    }
}
