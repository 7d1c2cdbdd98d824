//! A WebSocket of a client: the handshake with the token, frames in both directions, and the close code.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use causerie_testkit::socket;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a close may take.
const CLOSE: Duration = Duration::from_secs(1);

/// An event of a socket.
#[derive(Debug)]
pub enum Received {
    /// The handshake is done.
    Opened,
    /// A text frame.
    Frame(String),
    /// The socket is closed; the code is 1006 when no close frame came.
    Closed(u16, String),
}

/// Opens a socket and runs it until it ends, or until `frames` is closed, which closes it with 1000.
///
/// `out` is bounded: a client that does not read lets frames pile up in the network and at the server.
pub async fn run(
    address: SocketAddr,
    path: String,
    token: String,
    out: mpsc::Sender<Received>,
    frames: mpsc::UnboundedReceiver<String>,
) {
    let opened = tokio::time::timeout(HANDSHAKE, open(address, &path, &token)).await;
    let (code, reason) = match opened {
        Ok(Ok(socket)) => {
            if out.send(Received::Opened).await.is_err() {
                return;
            }
            carry(socket, &out, frames).await
        }
        _ => (1006, String::new()),
    };
    // A failed send means that the client has dropped its receiver, which it may do at any time.
    let _ = out.send(Received::Closed(code, reason)).await;
}

async fn open(address: SocketAddr, path: &str, token: &str) -> Result<WebSocketStream<TcpStream>> {
    let stream = TcpSocket::new_v4()?;
    // The buffer is small, so that a stalled client soon causes backpressure at the server.
    stream.set_recv_buffer_size(32 * 1024)?;
    let request = socket::page_request(address, path, token)?;
    Ok(socket::open(stream.connect(address).await?, request).await?.0)
}

async fn carry(
    socket: WebSocketStream<TcpStream>,
    out: &mpsc::Sender<Received>,
    mut frames: mpsc::UnboundedReceiver<String>,
) -> (u16, String) {
    let (mut sink, mut stream) = socket.split();
    let read = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    if out.send(Received::Frame(text.to_string())).await.is_err() {
                        return (1000, String::new());
                    }
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Close(None))) => return (1005, String::new()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (1006, String::new()),
            }
        }
    };
    let write = async {
        while let Some(frame) = frames.recv().await {
            if sink.send(Message::text(frame)).await.is_err() {
                // The read half gets the close code.
                return std::future::pending().await;
            }
        }
        let close = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = tokio::time::timeout(CLOSE, sink.send(Message::Close(Some(close)))).await;
        (1000, String::new())
    };
    tokio::select! {
        ended = read => ended,
        ended = write => ended,
    }
}
