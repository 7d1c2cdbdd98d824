//! What stands where Causerie should, or between it and a client: other programs, slow lines, lines that lose things.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

/// Something that listens on a free port; it ends with the value.
pub struct StandIn {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StandIn {
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// A line to a server; it is cut with the value.
    pub async fn line(server: SocketAddr) -> Self {
        Self::line_on(0, server).await
    }

    /// As [`StandIn::line`], on a port of one's own choice.
    pub async fn line_on(port: u16, server: SocketAddr) -> Self {
        Self::serve_on(port, move |mut near: TcpStream| async move {
            let Ok(mut far) = TcpStream::connect(server).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        })
        .await
    }

    /// A web server that answers everything with these headers and this body.
    pub async fn answering(head: &'static str, body: &'static str) -> Self {
        Self::serve(move |mut near: TcpStream| async move {
            let _ = near.read(&mut [0; 8 * 1024]).await;
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            let _ = near.write_all(answer.as_bytes()).await;
        })
        .await
    }

    /// A program that takes connections and says nothing.
    pub async fn silent() -> Self {
        Self::serve(
            async |mut near: TcpStream| while near.read(&mut [0; 8 * 1024]).await.is_ok_and(|n| n > 0) {},
        )
        .await
    }

    /// A line to a server on which every byte is on its way for a while, in each direction.
    pub async fn slow_line(server: SocketAddr, delay: Duration) -> Self {
        Self::serve(move |near: TcpStream| async move {
            let Ok(far) = TcpStream::connect(server).await else { return };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::join!(late(near_in, far_out, delay), late(far_in, near_out, delay));
        })
        .await
    }

    /// A line to a server that loses everything that comes through a socket after its handshake.
    pub async fn deaf_line(server: SocketAddr) -> Self {
        Self::serve(move |mut near: TcpStream| async move {
            let Ok(mut far) = TcpStream::connect(server).await else { return };
            let mut buffer = vec![0; 64 * 1024];
            let Ok(asked) = near.read(&mut buffer).await else { return };
            let is_socket =
                String::from_utf8_lossy(&buffer[..asked]).to_lowercase().contains("upgrade: websocket");
            if far.write_all(&buffer[..asked]).await.is_err() {
                return;
            }
            if !is_socket {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                return;
            }
            let Ok(answered) = far.read(&mut buffer).await else { return };
            let head = buffer[..answered].windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
            let _ = near.write_all(&buffer[..head]).await;
            while far.read(&mut buffer).await.is_ok_and(|lost| lost > 0) {}
        })
        .await
    }

    async fn serve<F: Future<Output = ()> + Send + 'static>(
        each: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self {
        Self::serve_on(0, each).await
    }

    async fn serve_on<F: Future<Output = ()> + Send + 'static>(
        port: u16,
        each: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            // Dropped with this task, and every connection with it.
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(each(near));
            }
        });
        Self { address, task }
    }
}

/// Carries bytes, each late by the same time; what is read while something is under way travels beside it.
async fn late(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(1_024);
    let reading = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            if send.send((Instant::now() + delay, buffer[..count].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = receive.recv().await {
            // Being late is what this line is for.
            let _ = timeout_at(due, std::future::pending::<()>()).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(reading, writing);
}
