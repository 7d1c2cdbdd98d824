//! axum's WebSocket as a transport.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use causerie_protocol::{CloseCode, limits};
use futures_util::{Sink, Stream};
use tungstenite::Error as WsError;
use tungstenite::error::ProtocolError;

use crate::outbox::Closing;
use crate::session::{Disconnected, Incoming, Outgoing, Transport};

pub(super) struct AxumTransport(pub(super) WebSocket);

impl AxumTransport {
    fn pin(&mut self) -> Pin<&mut WebSocket> {
        Pin::new(&mut self.0)
    }
}

impl Transport for AxumTransport {
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
            None => Incoming::Disconnected,
        })
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        self.pin().poll_ready(cx).map_err(lost)
    }

    fn start_send(&mut self, frame: Outgoing) -> Result<(), Disconnected> {
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

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        self.pin().poll_flush(cx).map_err(lost)
    }
}

// By value, as `map_err` passes it; the cause of a broken connection makes no difference here.
#[allow(clippy::needless_pass_by_value)]
fn lost(_: axum::Error) -> Disconnected {
    Disconnected
}

/// What a read error means: the client broke a rule, which the close frame names, or it is gone.
fn bad(error: axum::Error) -> Incoming {
    let Ok(error) = error.into_inner().downcast::<WsError>() else { return Incoming::Disconnected };
    let closing = match *error {
        WsError::Capacity(_) => {
            Closing::new(CloseCode::MessageTooBig, format!("a frame may have {} bytes", limits::FRAME_BYTES))
        }
        WsError::Utf8(_) => Closing::new(CloseCode::InvalidPayload, "the text is not valid UTF-8"),
        WsError::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::ReceivedAfterClosing,
        ) => return Incoming::Disconnected,
        // 1002: a protocol error (RFC 6455, section 7.4.1).
        WsError::Protocol(error) => Closing::new(CloseCode::Other(1002), error.to_string()),
        _ => return Incoming::Disconnected,
    };
    Incoming::Bad(closing)
}
