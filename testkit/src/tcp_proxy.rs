//! A TCP proxy: the network between two programs, which can be cut, held up, slow, or keep something back.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// How the answer to a handshake begins (RFC 6455, section 4.2.2) and what ends it.
const SWITCHES: (&[u8], &[u8]) = (b"HTTP/1.1 101 ", b"\r\n\r\n");
/// Pieces of a stream that are on their way at most.
const ON_THE_WAY: usize = 64;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It passes everything on.
    Passing,
    /// Connections are reset and new ones too, as by a firewall that refuses or a service that is gone.
    Refusing,
    /// Nothing arrives and nobody is told; what was sent arrives when it passes again, as TCP does after a short loss of
    /// the network.
    Silent,
}

/// How it passes things on.
#[derive(Clone, Copy, Debug, Default)]
struct Manner {
    /// How long every byte is on its way, in each direction.
    delay: Duration,
    /// Whether what the server says after a WebSocket's handshake is kept back.
    holds_back: bool,
}

/// The proxy; clones are handles to the same one. When the last is gone it takes no connection any more.
#[derive(Clone, Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    hung: Arc<watch::Sender<()>>,
}

impl TcpProxy {
    /// Listens on a free port of loopback and forwards to `service`.
    pub async fn start(service: SocketAddr) -> Result<Self> {
        Self::start_in(service, Manner::default()).await
    }

    /// One on which every byte is on its way for a while, in each direction.
    pub async fn slow(service: SocketAddr, delay: Duration) -> Result<Self> {
        Self::start_in(service, Manner { delay, ..Manner::default() }).await
    }

    /// One that lets WebSockets open and then keeps back what the server sends, as a proxy does that waits for a buffer to
    /// be full.
    pub async fn holding_back(service: SocketAddr) -> Result<Self> {
        Self::start_in(service, Manner { holds_back: true, ..Manner::default() }).await
    }

    async fn start_in(service: SocketAddr, manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("binding a proxy")?;
        let address = listener.local_addr()?;
        let (state, hung) = (watch::Sender::new(State::Passing), watch::Sender::new(()));
        let proxy = Self { address, state: Arc::new(state), hung: Arc::new(hung) };
        let (state, hung) = (proxy.state.subscribe(), proxy.hung.subscribe());
        tokio::spawn(async move {
            let mut gone = state.clone();
            let gone = async { while gone.changed().await.is_ok() {} };
            tokio::pin!(gone);
            loop {
                tokio::select! {
                    Ok((client, _)) = listener.accept() => {
                        let (state, mut hung) = (state.clone(), hung.clone());
                        hung.mark_unchanged();
                        tokio::spawn(serve(client, service, manner, state, hung));
                    }
                    () = &mut gone => return,
                }
            }
        });
        Ok(proxy)
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients of HTTP connect.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the network is like this.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// What is open hangs from now on, as behind a machine that is paused; connections that come later do not.
    pub fn hang(&self) {
        self.hung.send_replace(());
    }
}

async fn serve(
    mut client: TcpStream,
    service: SocketAddr,
    manner: Manner,
    mut state: watch::Receiver<State>,
    mut hung: watch::Receiver<()>,
) {
    let mut refused = state.clone();
    let refused = async {
        let _ = refused.wait_for(|state| *state == State::Refusing).await;
    };
    let carried = async {
        passes(&mut state).await;
        let mut service = TcpStream::connect(service).await?;
        let _ = (client.set_nodelay(true), service.set_nodelay(true));
        let (mut from_client, mut to_client) = client.split();
        let (mut from_service, mut to_service) = service.split();
        let up = Manner { holds_back: false, ..manner };
        let carried = async {
            tokio::try_join!(
                carry(&mut from_client, &mut to_service, up, state.clone()),
                carry(&mut from_service, &mut to_client, manner, state.clone())
            )
        };
        tokio::select! {
            carried = carried => carried.map(drop),
            // Both ends stay open, and nobody reads.
            Ok(()) = hung.changed() => pending().await,
        }
    };
    let is_broken = tokio::select! {
        ended = carried => ended.is_err(),
        () = refused => true,
    };
    if is_broken {
        let _ = client.set_zero_linger();
    }
}

/// Waits until the network passes things on; a proxy that is gone never will, and nobody waits for it.
async fn passes(state: &mut watch::Receiver<State>) {
    let _ = state.wait_for(|state| *state == State::Passing).await;
}

async fn carry(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    manner: Manner,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    // What is read while something is under way travels beside it.
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    let reading = async move {
        let mut buffer = vec![0; 16 * 1024];
        let mut is_held_back = false;
        loop {
            let count = from.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            if is_held_back {
                continue;
            }
            let mut bytes = buffer[..count].to_vec();
            if manner.holds_back && bytes.starts_with(SWITCHES.0) {
                is_held_back = true;
                let end = bytes.windows(SWITCHES.1.len()).position(|window| window == SWITCHES.1);
                bytes.truncate(end.map_or(count, |at| at + SWITCHES.1.len()));
            }
            if send.send((Instant::now() + manner.delay, bytes)).await.is_err() {
                return Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = receive.recv().await {
            #[expect(clippy::disallowed_methods, reason = "a slow network takes its time")]
            sleep_until(due).await;
            passes(&mut state).await;
            to.write_all(&bytes).await?;
        }
        passes(&mut state).await;
        to.shutdown().await
    };
    tokio::try_join!(reading, writing).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service that says what it is told, and a connection to it through a proxy.
    async fn echo() -> (TcpProxy, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = TcpProxy::start(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        (proxy, client)
    }

    async fn said(client: &mut TcpStream) -> io::Result<u8> {
        client.write_u8(7).await?;
        client.read_u8().await
    }

    #[tokio::test]
    async fn what_was_sent_in_silence_arrives_when_it_is_over() {
        let (proxy, mut client) = echo().await;
        assert_eq!(said(&mut client).await.unwrap(), 7);
        proxy.set(State::Silent);
        client.write_u8(8).await.unwrap();
        proxy.set(State::Passing);
        assert_eq!(client.read_u8().await.unwrap(), 8);
    }

    #[tokio::test]
    async fn refused_connections_are_reset_old_and_new() {
        let (proxy, mut client) = echo().await;
        assert_eq!(said(&mut client).await.unwrap(), 7);
        proxy.set(State::Refusing);
        assert!(client.read_u8().await.is_err());
        let mut late = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(said(&mut late).await.is_err());
    }

    #[tokio::test]
    async fn a_connection_that_hangs_does_not_hold_up_a_new_one() {
        let (proxy, mut old) = echo().await;
        assert_eq!(said(&mut old).await.unwrap(), 7);
        proxy.hang();
        let mut new = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(said(&mut new).await.unwrap(), 7);
        old.write_u8(8).await.unwrap();
        // What would come to the old one would have come before this.
        assert_eq!(said(&mut new).await.unwrap(), 7);
        assert_eq!(old.try_read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
