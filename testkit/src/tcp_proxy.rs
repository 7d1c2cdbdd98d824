//! A TCP proxy that simulates the network between two programs: slow, silent, refusing, or holding back responses.

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

/// The beginning and the end of the response to a handshake (RFC 6455, section 4.2.2).
const SWITCHES: (&[u8], &[u8]) = (b"HTTP/1.1 101 ", b"\r\n\r\n");
/// How many reads of a stream may be in flight.
const ON_THE_WAY: usize = 64;

/// The state of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything is forwarded.
    Passing,
    /// Open connections are reset and so are new ones, as by a firewall that rejects or a service that has stopped.
    Refusing,
    /// Nothing is forwarded and no connection is closed; what was sent meanwhile arrives afterwards, as TCP retransmits
    /// after a short loss of the network.
    Silent,
}

/// How bytes are forwarded.
#[derive(Clone, Copy, Debug, Default)]
struct Manner {
    /// The latency of every byte, in each direction.
    delay: Duration,
    /// Whether all that the server sends after a WebSocket's handshake is held back.
    holds_back: bool,
}

/// The proxy; clones are handles to the same one. When the last is dropped it accepts no more connections.
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

    /// As [`TcpProxy::start`], with this latency in each direction.
    pub async fn slow(service: SocketAddr, delay: Duration) -> Result<Self> {
        Self::start_in(service, Manner { delay, ..Manner::default() }).await
    }

    /// As [`TcpProxy::start`], but after a WebSocket's handshake nothing that the server sends arrives, as with a
    /// proxy that waits until its buffer is full.
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

    /// The address to which clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for HTTP clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes the state of the network.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// From now on all open connections hang, as with a host that is paused; new connections do not.
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
            // Both ends stay open, and neither is read.
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

/// Waits until the network forwards again. It returns at once when the proxy was dropped.
async fn passes(state: &mut watch::Receiver<State>) {
    let _ = state.wait_for(|state| *state == State::Passing).await;
}

async fn carry(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    manner: Manner,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    // Reading goes on during the latency, so that bytes are delayed but throughput is not reduced.
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

    /// An echo service, and a connection to it through a proxy.
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
    async fn bytes_that_were_sent_while_silent_arrive_afterwards() {
        let (proxy, mut client) = echo().await;
        assert_eq!(said(&mut client).await.unwrap(), 7);
        proxy.set(State::Silent);
        client.write_u8(8).await.unwrap();
        proxy.set(State::Passing);
        assert_eq!(client.read_u8().await.unwrap(), 8);
    }

    #[tokio::test]
    async fn refusing_resets_open_and_new_connections() {
        let (proxy, mut client) = echo().await;
        assert_eq!(said(&mut client).await.unwrap(), 7);
        proxy.set(State::Refusing);
        assert!(client.read_u8().await.is_err());
        let mut late = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(said(&mut late).await.is_err());
    }

    #[tokio::test]
    async fn a_hanging_connection_does_not_block_a_new_one() {
        let (proxy, mut old) = echo().await;
        assert_eq!(said(&mut old).await.unwrap(), 7);
        proxy.hang();
        let mut new = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(said(&mut new).await.unwrap(), 7);
        old.write_u8(8).await.unwrap();
        // An echo on the old connection would have arrived before this one.
        assert_eq!(said(&mut new).await.unwrap(), 7);
        assert_eq!(old.try_read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
