//! What a session needs of a WebSocket, so that it runs over a fake one in tests.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use causerie_protocol::CloseCode;
use tokio::time::timeout;

use crate::outbox::{Closing, Frame};

/// How long a peer has to take what was sent before, and the close frame. Long, so that a peer that was too slow learns
/// why; it costs little more than the frame.
const SEND_WAIT: Duration = Duration::from_secs(20);
/// How much of what a peer sends meanwhile is read and discarded, in bytes.
const CLOSE_BYTES: usize = 8 * 1024 * 1024;
/// What a control frame counts as: the longest (RFC 6455, section 5.5), since a ping leads to a pong.
const CONTROL_BYTES: usize = 131;
/// How long a peer has to answer the close frame.
pub(super) const CLOSE_WAIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) enum Incoming {
    Text(Frame),
    /// A control frame; pings are answered by the transport.
    Control,
    /// A frame that ends the socket: binary, too large, not UTF-8, or against RFC 6455.
    Bad(Closing),
    /// The client's close frame, with its code if it has one; the transport answers it.
    Closed(Option<u16>),
    /// The connection is gone, without a close frame.
    Disconnected,
}

#[derive(Debug)]
pub(crate) enum Outgoing {
    Text(Frame),
    /// A control ping; clients that know nothing of this protocol answer it too.
    Ping,
    /// The last frame.
    Close(Closing),
}

/// The connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disconnected;

/// A WebSocket, in the manner of `Stream` and `Sink`.
pub(crate) trait Transport: Send + Unpin + 'static {
    /// The next frame. After [`Incoming::Bad`] nothing more can be read.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming>;
    /// Ready when one more frame can be sent.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>>;
    /// Sends a frame after [`Transport::poll_ready`] was ready; it may stay in a buffer.
    fn start_send(&mut self, frame: Outgoing) -> Result<(), Disconnected>;
    /// Writes out what is in the buffer.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>>;
}

/// Closes: sends the close frame, waits a moment for the peer's, and drops the connection.
///
/// What the peer still sends is read: a peer that is blocked in a write would never read the close frame.
pub(super) async fn finish(transport: &mut impl Transport, closing: Closing) {
    let mut rest = Drainer { bytes: CLOSE_BYTES, ended: false };
    if send_close(transport, closing, &mut rest).await {
        let ended = poll_fn(|cx| if rest.read(transport, cx) { Poll::Ready(()) } else { Poll::Pending });
        let _ = timeout(CLOSE_WAIT, ended).await;
    }
}

/// As [`finish`], for a transport of which nothing more can be read. The connection itself is read on after its end.
pub(super) async fn finish_unreadable(transport: &mut impl Transport, closing: Closing) {
    send_close(transport, closing, &mut Drainer { bytes: 0, ended: true }).await;
}

/// Sends the close frame; false when the peer did not take it in time.
async fn send_close(transport: &mut impl Transport, closing: Closing, rest: &mut Drainer) -> bool {
    let mut frame = Some(Outgoing::Close(closing));
    let sent = poll_fn(|cx| {
        rest.read(transport, cx);
        if frame.is_some() {
            ready!(transport.poll_ready(cx))?;
        }
        if let Some(frame) = frame.take() {
            transport.start_send(frame)?;
        }
        transport.poll_flush(cx)
    });
    matches!(timeout(SEND_WAIT, sent).await, Ok(Ok(())))
}

/// Reads and discards what still arrives after the close was decided.
struct Drainer {
    /// How much more is read.
    bytes: usize,
    /// Nothing more arrives, or nothing more is read.
    ended: bool,
}

impl Drainer {
    /// Returns true when the peer has answered the close frame or is gone.
    fn read(&mut self, transport: &mut impl Transport, cx: &mut Context<'_>) -> bool {
        while !self.ended {
            match transport.poll_recv(cx) {
                Poll::Pending => break,
                Poll::Ready(Incoming::Text(text)) => self.take(text.len()),
                Poll::Ready(Incoming::Control) => self.take(CONTROL_BYTES),
                Poll::Ready(Incoming::Closed(_) | Incoming::Disconnected | Incoming::Bad(_)) => {
                    self.ended = true;
                }
            }
        }
        self.ended
    }

    fn take(&mut self, bytes: usize) {
        self.ended = bytes >= self.bytes;
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// Refuses a socket after the handshake, in the way that browsers show: with a close frame and nothing else.
pub(crate) async fn refuse(mut transport: impl Transport, closing: Closing) -> CloseCode {
    let code = closing.code;
    finish(&mut transport, closing).await;
    code
}
