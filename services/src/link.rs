//! A link: the wire between one node and a service, which can be cut without touching the other nodes.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It carries.
    Whole,
    /// Connections are reset and new ones too, as by a firewall that refuses or a service that is gone.
    Refusing,
    /// Nothing arrives and nobody is told; what was sent arrives when the wire carries again, as TCP does after a
    /// short loss of the network.
    Silent,
}

/// The wire; clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Link {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

impl Link {
    /// Listens on a free port of loopback and forwards to `service`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(service: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("binding a link")?;
        let link =
            Self { address: listener.local_addr()?, state: Arc::new(watch::Sender::new(State::Whole)) };
        let state = link.state.clone();
        tokio::spawn(async move {
            while let Ok((node, _)) = listener.accept().await {
                tokio::spawn(serve(node, service, state.subscribe()));
            }
        });
        Ok(link)
    }

    /// Where the node connects.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the wire is like this.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn serve(mut node: TcpStream, service: SocketAddr, mut state: watch::Receiver<State>) {
    let mut refused = state.clone();
    let carried = async {
        carries(&mut state).await;
        let mut service = TcpStream::connect(service).await?;
        let _ = (node.set_nodelay(true), service.set_nodelay(true));
        let (mut from_node, mut to_node) = node.split();
        let (mut from_service, mut to_service) = service.split();
        let mut down = state.clone();
        tokio::try_join!(
            pump(&mut from_node, &mut to_service, &mut state),
            pump(&mut from_service, &mut to_node, &mut down)
        )?;
        std::io::Result::Ok(())
    };
    let is_broken = tokio::select! {
        ended = carried => ended.is_err(),
        _ = refused.wait_for(|state| *state == State::Refusing) => true,
    };
    if is_broken {
        let _ = node.set_zero_linger();
    }
}

/// Waits until the wire carries; a link that is gone carries no more, and nobody waits for it.
async fn carries(state: &mut watch::Receiver<State>) {
    let _ = state.wait_for(|state| *state == State::Whole).await;
}

async fn pump(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    state: &mut watch::Receiver<State>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        carries(state).await;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}
