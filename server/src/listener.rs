//! The listening socket: TCP without delay, TLS when it is asked for, and connections that end without losing their last words.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a connection that this end has ended is read on.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it, in bytes.
const LINGER_BYTES: usize = 8 * 1024 * 1024;
/// How long a client may take for its TLS handshake.
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// TLS handshakes at a time; more wait in the system's queue.
const TLS_HANDSHAKES: usize = 1_024;

/// Who is at the other end of a connection: the client, or a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Plain>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Plain>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, Tls>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Tls>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A port that speaks plain HTTP.
pub struct Plain(TcpListener);

impl Plain {
    /// Over a bound socket.
    #[must_use]
    pub fn new(listener: TcpListener) -> Self {
        Self(listener)
    }
}

impl Listener for Plain {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // axum's own waits a moment when there are no more files, instead of ending.
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Small frames must not wait for one another (RFC 896's algorithm trades latency for fewer packets).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY can't be set");
        }
        (Connection { stream: Some(stream), ended: false }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A port that speaks HTTP over TLS. Handshakes run beside one another: a slow client holds up nobody.
pub struct Tls {
    plain: Plain,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<Connection>, SocketAddr)>>,
}

impl Tls {
    /// Over a bound socket.
    #[must_use]
    pub fn new(listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        Self { plain: Plain::new(listener), acceptor, handshakes: JoinSet::new() }
    }
}

impl Listener for Tls {
    type Io = TlsStream<Connection>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TlsStream<Connection>, SocketAddr) {
        loop {
            tokio::select! {
                (connection, peer) = self.plain.accept(), if self.handshakes.len() < TLS_HANDSHAKES => {
                    self.handshakes.spawn(shake_hands(self.acceptor.clone(), connection, peer));
                }
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(accepted)) = done {
                        return accepted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.plain.local_addr()
    }
}

async fn shake_hands(
    acceptor: TlsAcceptor,
    connection: Connection,
    peer: SocketAddr,
) -> Option<(TlsStream<Connection>, SocketAddr)> {
    match timeout(TLS_HANDSHAKE, acceptor.accept(connection)).await {
        Ok(Ok(stream)) => Some((stream, peer)),
        Ok(Err(error)) => {
            // Scanners do this all day.
            tracing::debug!(%peer, %error, "TLS was not agreed on");
            None
        }
        Err(_) => {
            tracing::debug!(%peer, "TLS took too long to agree on");
            None
        }
    }
}

/// A TCP connection that is read on for a moment after its end.
///
/// A connection that is closed while something unread has arrived is reset, and what was sent last, such as a close
/// frame with its reason, is thrown away on both sides (RFC 9293, section 3.6; RFC 9112, section 9.6).
/// So the sending side is closed first, and what still comes is read until the peer has closed too, in bounds.
pub struct Connection {
    /// Taken when it is dropped.
    stream: Option<TcpStream>,
    /// The peer has closed, or the connection is broken.
    ended: bool,
}

impl Connection {
    /// The stream; it is there until the drop.
    fn stream(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(self.stream.as_mut().expect("only the drop takes it"))
    }

    fn noted<T>(&mut self, result: io::Result<T>) -> Poll<io::Result<T>> {
        self.ended |= result.is_err();
        Poll::Ready(result)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(self.stream().poll_read(cx, buf));
        self.ended |= buf.filled().len() == before && buf.remaining() > 0;
        self.noted(result)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(self.stream().poll_write(cx, bytes));
        self.noted(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(self.stream().poll_write_vectored(cx, slices));
        self.noted(result)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(self.stream().poll_shutdown(cx));
        self.noted(result)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Without a runtime the program ends, and the system closes everything.
        if let (Some(stream), false, Ok(runtime)) = (self.stream.take(), self.ended, Handle::try_current()) {
            runtime.spawn(linger(stream));
        }
    }
}

async fn linger(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let read_on = async {
        let mut unread = [0; 1_024];
        let mut left = LINGER_BYTES;
        while let Ok(count) = stream.read(&mut unread).await {
            if count == 0 || count >= left {
                return;
            }
            left -= count;
        }
    };
    // Who does not close in time is cut off.
    let _ = timeout(LINGER, read_on).await;
}
