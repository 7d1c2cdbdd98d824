//! A line to a server that is bad: slow, or holding back what the server says.

use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// How the answer to a handshake begins (RFC 6455, section 4.2.2) and what ends it.
const SWITCHES: (&[u8], &[u8]) = (b"HTTP/1.1 101 ", b"\r\n\r\n");

/// A line from a free port of loopback to a server; it ends with the value.
#[derive(Debug)]
pub struct Line {
    task: JoinHandle<()>,
    port: u16,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// A line on which every byte is on its way for a while, in each direction.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn slow(backend: u16, delay: Duration) -> Result<Self> {
        Self::start(backend, delay, false).await
    }

    /// A line that lets sockets open and then keeps back what the server sends, as a proxy does that waits for a
    /// buffer to be full.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn holding_back(backend: u16) -> Result<Self> {
        Self::start(backend, Duration::ZERO, true).await
    }

    async fn start(backend: u16, delay: Duration, holds_back: bool) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", backend)).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(carry(near_in, far_out, delay, false));
                tokio::spawn(carry(far_in, near_out, delay, holds_back));
            }
        });
        Ok(Self { task, port })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration, holds_back: bool) {
    // What is read while something is under way travels beside it.
    let (send, mut receive) = tokio::sync::mpsc::channel::<(Instant, Vec<u8>)>(1_024);
    let reading = async move {
        let mut buffer = vec![0; 64 * 1024];
        let mut is_held_back = false;
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let mut bytes = buffer[..count].to_vec();
            if is_held_back {
                continue;
            }
            if holds_back && bytes.starts_with(SWITCHES.0) {
                is_held_back = true;
                let end = bytes.windows(SWITCHES.1.len()).position(|window| window == SWITCHES.1);
                bytes.truncate(end.map_or(count, |at| at + SWITCHES.1.len()));
            }
            if send.send((Instant::now() + delay, bytes)).await.is_err() {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = receive.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(reading, writing);
}
