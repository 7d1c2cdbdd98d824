//! The load balancer: round robin over the nodes, without those whose `/readyz` fails.
//!
//! There are no sticky sessions: a client that reconnects may reach any node.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use causerie_protocol::paths;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{MissedTickBehavior, interval};

/// The interval of the health checks of a node.
const LOOK: Duration = Duration::from_millis(250);
/// The timeout of a health check.
const ANSWER: Duration = Duration::from_millis(1_000);

/// The balancer; clones share its state.
#[derive(Clone, Debug)]
pub struct Balancer {
    nodes: Arc<[Backend]>,
    next: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Backend {
    address: SocketAddr,
    /// Whether the last health check succeeded.
    ready: AtomicBool,
}

impl Balancer {
    /// A balancer for one server, without health checks.
    pub fn single(address: SocketAddr) -> Self {
        Self::of(&[address])
    }

    /// A balancer for several nodes; starts their health checks.
    ///
    /// # Errors
    /// When the HTTP client can't be built.
    pub fn watching(addresses: &[SocketAddr]) -> anyhow::Result<Self> {
        let balancer = Self::of(addresses);
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?;
        for place in 0..addresses.len() {
            tokio::spawn(look(balancer.clone(), place, http.clone()));
        }
        Ok(balancer)
    }

    fn of(addresses: &[SocketAddr]) -> Self {
        let backends = addresses.iter().map(|address| Backend { address: *address, ready: true.into() });
        Self { nodes: backends.collect(), next: Arc::default() }
    }

    /// Connects to the next ready node, or if none accepts the connection to any other node.
    ///
    /// # Errors
    /// When no node accepts the connection.
    pub async fn connect(&self, receive_buffer: u32) -> io::Result<TcpStream> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let in_turn = || (0..self.nodes.len()).map(|step| &self.nodes[(first + step) % self.nodes.len()]);
        let is_ready = |backend: &&Backend| backend.ready.load(Ordering::Relaxed);
        let mut failure = io::Error::from(io::ErrorKind::ConnectionRefused);
        for backend in in_turn().filter(is_ready).chain(in_turn().filter(|backend| !is_ready(backend))) {
            let socket = TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(receive_buffer)?;
            match socket.connect(backend.address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

async fn look(balancer: Balancer, place: usize, http: reqwest::Client) {
    let backend = &balancer.nodes[place];
    let url = format!("http://{}{}", backend.address, paths::READY);
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let answer = http.get(&url).send().await;
        backend.ready.store(answer.is_ok_and(|answer| answer.status().is_success()), Ordering::Relaxed);
    }
}
