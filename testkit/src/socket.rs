//! The handshake of a client's WebSocket.

use std::net::SocketAddr;

use anyhow::Result;
use causerie_protocol::handshake;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::{WebSocketStream, client_async};

/// The request of a handshake that offers these subprotocols.
pub fn request(address: SocketAddr, path: &str, subprotocols: Option<&str>) -> Result<Request> {
    let mut request = format!("ws://{address}{path}").into_client_request()?;
    if let Some(subprotocols) = subprotocols {
        request.headers_mut().insert(handshake::HEADER, subprotocols.parse()?);
    }
    Ok(request)
}

/// The request as a page makes it, with the token offered as a subprotocol.
pub fn page_request(address: SocketAddr, path: &str, token: &str) -> Result<Request> {
    request(address, path, Some(&handshake::offer(token).join(", ")))
}

/// Opens a WebSocket on a connection.
pub async fn open(
    stream: TcpStream,
    request: Request,
) -> Result<(WebSocketStream<TcpStream>, Response), tungstenite::Error> {
    stream.set_nodelay(true)?;
    client_async(request, stream).await
}
