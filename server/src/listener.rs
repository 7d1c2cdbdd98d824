//! The listening socket: TCP without delay, TLS if it is configured, HTTP/1.1 over it, timeouts, and a lingering close.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::config::Timeouts;
use crate::connections::{ConnectionPermit, ConnectionState, Connections, Phase};
use crate::http;

/// How long a connection that the server has closed is read on.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it is read, in bytes.
const LINGER_BYTES: usize = 8 * 1024 * 1024;
/// How long a client has to take the answer 408.
const TIMEOUT_WRITE: Duration = Duration::from_secs(1);
/// The pause after the system had no file descriptor for a connection.
const NO_FILES: Duration = Duration::from_millis(50);
/// The least time between two log lines about that.
const NO_FILES_LOG: Duration = Duration::from_secs(10);
/// The largest head of a request, and the largest buffer of a response, in bytes.
const BUFFER: usize = 64 * 1024;
/// The body of the answer 408.
const TOO_SLOW: &str = "The head of the request did not arrive in time: send it again.\n";

struct Shared {
    acceptor: Option<TlsAcceptor>,
    router: Router,
    connections: Connections,
    timeouts: Timeouts,
}

/// Accepts connections and answers their requests, until `stop` is cancelled; then ends as the last request does.
///
/// When the future is dropped, every connection that is not a WebSocket is closed.
pub(crate) async fn serve(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    connections: Connections,
    timeouts: Timeouts,
    stop: CancellationToken,
) {
    let shared = Arc::new(Shared { acceptor, router, connections, timeouts });
    let mut tasks = JoinSet::new();
    let mut logged = None;
    loop {
        let accepted = tokio::select! {
            accepted = accept_one(&listener, &shared.connections) => accepted,
            Some(_) = tasks.join_next() => continue,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Beyond the reserve no answer is worth a file descriptor.
                let Some(permit) = shared.connections.admit() else { continue };
                tasks.spawn(serve_connection(shared.clone(), stream, peer, permit, stop.clone()));
            }
            // The peer was gone before it was accepted (accept(2)).
            Err(error) if is_peer_error(&error) => {}
            Err(error) => {
                shared.connections.evict_one();
                if logged.is_none_or(|at: Instant| at.elapsed() >= NO_FILES_LOG) {
                    logged = Some(Instant::now());
                    tracing::error!(%error, "a connection can't be accepted: raise the limit of open files (ulimit -n), or lower CAUSERIE_MAX_CONNECTIONS");
                }
                tokio::select! {
                    () = sleep(NO_FILES) => {}
                    () = stop.cancelled() => break,
                }
            }
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

async fn accept_one(
    listener: &TcpListener,
    connections: &Connections,
) -> io::Result<(TcpStream, SocketAddr)> {
    connections.wait_for_room().await;
    listener.accept().await
}

fn is_peer_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection until it is closed or upgraded.
async fn serve_connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    permit: ConnectionPermit,
    stop: CancellationToken,
) {
    // Small frames must not wait for one another (RFC 896's algorithm trades latency for fewer packets).
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY can't be set");
    }
    let state = permit.state().clone();
    let connection = Connection { stream: Some(stream), permit: Some(permit), ended: false };
    let Some(acceptor) = &shared.acceptor else {
        return serve_http(&shared, connection, peer, state, stop).await;
    };
    let shaken = tokio::select! {
        shaken = timeout(shared.timeouts.head, acceptor.accept(connection)) => shaken,
        () = state.evicted() => return,
    };
    match shaken {
        Ok(Ok(stream)) => serve_http(&shared, stream, peer, state, stop).await,
        // Scanners do this all day.
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS was not agreed on"),
        Err(_) => tracing::debug!(%peer, "TLS took too long to agree on"),
    }
}

async fn serve_http<S>(
    shared: &Shared,
    stream: S,
    peer: SocketAddr,
    state: Arc<ConnectionState>,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let (router, state) = (shared.router.clone(), state.clone());
        async move { Ok::<_, Infallible>(handle_request(router, request, peer, &state).await) }
    });
    let mut builder = http1::Builder::new();
    builder.max_buf_size(BUFFER);
    let mut connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut is_stopping = false;
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "a connection broke");
                }
                if state.phase() == Phase::Upgraded {
                    shared.connections.upgraded(&state);
                }
                return;
            }
            () = state.evicted() => return,
            () = state.overdue(shared.timeouts) => break,
            () = stop.cancelled(), if !is_stopping => {
                is_stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    tracing::debug!(%peer, phase = ?state.phase(), "a connection took too long");
    shared.connections.timed_out();
    if state.has_partial_head()
        && let Some(parts) = connection.into_parts()
    {
        let mut stream = parts.io.into_inner();
        // RFC 9110, section 15.5.9.
        let answer = format!(
            "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{TOO_SLOW}",
            TOO_SLOW.len()
        );
        // A client that does not take it is disconnected like one that sent nothing.
        let _ = timeout(TIMEOUT_WRITE, stream.write_all(answer.as_bytes())).await;
    }
}

/// Answers one request, and notes in the connection's state what it waits for meanwhile.
async fn handle_request(
    mut router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    state: &Arc<ConnectionState>,
) -> Response {
    state.enter(Phase::Busy);
    let mut request = request.map(Body::new);
    let mut response = if state.is_reserved && !http::is_about_health(request.uri().path()) {
        http::full()
    } else {
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(peer));
        extensions.insert(state.clone());
        router.call(request).await.unwrap_or_else(|never| match never {})
    };
    if state.is_reserved {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let is_socket = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    state.enter(if is_socket { Phase::Upgraded } else { Phase::Idle });
    response
}

/// A TCP connection that is read on for a moment after its end.
///
/// A connection that is closed while something unread has arrived is reset, and what was sent last, such as a close
/// frame with its reason, is thrown away on both sides (RFC 9293, section 3.6; RFC 9112, section 9.6).
/// So the sending side is closed first, and what still comes is read until the peer has closed too, in bounds.
pub(crate) struct Connection {
    /// Both are taken when it is dropped.
    stream: Option<TcpStream>,
    permit: Option<ConnectionPermit>,
    /// The peer has closed, or the connection is broken.
    ended: bool,
}

impl Connection {
    /// The stream; it is there until the drop.
    fn stream(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(self.stream.as_mut().expect("only the drop takes it"))
    }

    fn state(&self) -> &ConnectionState {
        self.permit.as_ref().expect("only the drop takes it").state()
    }

    /// Notes that an error is the end of the connection.
    fn record_error<T>(&mut self, result: io::Result<T>) -> Poll<io::Result<T>> {
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
        if buf.filled().len() > before {
            self.state().bytes_read();
        } else if buf.remaining() > 0 {
            self.ended = true;
        }
        self.record_error(result)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(self.stream().poll_write(cx, bytes));
        self.state().bytes_written();
        self.record_error(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(self.stream().poll_write_vectored(cx, slices));
        self.state().bytes_written();
        self.record_error(result)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(self.stream().poll_shutdown(cx));
        self.record_error(result)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let (Some(stream), Some(permit)) = (self.stream.take(), self.permit.take()) else { return };
        // An evicted connection is not read on. Without a runtime the program ends, and the system closes everything.
        if !self.ended
            && !permit.state().is_evicted()
            && let Ok(runtime) = Handle::try_current()
        {
            permit.linger();
            runtime.spawn(linger(stream, permit));
        }
    }
}

async fn linger(mut stream: TcpStream, permit: ConnectionPermit) {
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
    tokio::select! {
        // A client that does not close in time is cut off.
        _ = timeout(LINGER, read_on) => {}
        () = permit.state().evicted() => {}
    }
}
