//! The proxy between clients and servers: it delays, cuts, half-opens and truncates, each connection by its own plan.

mod balancer;
mod plan;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

pub use balancer::Balancer;
pub use plan::{Cut, Plan};

/// The size of the proxy's socket buffers, in bytes.
const BUFFER: u32 = 32 * 1024;

/// What the proxy did to connections.
#[derive(Debug, Default)]
pub struct Faults {
    /// Accepted connections.
    pub connections: AtomicU64,
    /// Connections refused during an outage.
    pub refused: AtomicU64,
    /// Connections that were slowed down.
    pub slowed: AtomicU64,
    /// Connections that were ended with a FIN.
    pub fins: AtomicU64,
    /// Connections that were ended with a RST.
    pub resets: AtomicU64,
    /// Connections that were left half-open: open, with nothing forwarded.
    pub half_opens: AtomicU64,
    /// Connections that were ended in the middle of a read.
    pub truncated: AtomicU64,
    /// Connections that were cut together with all others.
    pub storms: AtomicU64,
}

/// A running proxy; clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Proxy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    upstream: Balancer,
    /// How bad the network is: 0 is perfect, 1 the usual torture.
    badness: f64,
    healed: AtomicBool,
    away: AtomicBool,
    storm: watch::Sender<u64>,
    random: Mutex<StdRng>,
    faults: Faults,
}

impl Proxy {
    /// Listens on a free port of loopback and forwards to `upstream`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(upstream: Balancer, badness: f64, seed: u64) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Accepted connections inherit this: a stalled reader must cause backpressure at the server, and not fill this
        // machine's buffers.
        socket.set_send_buffer_size(BUFFER)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).context("binding the proxy")?;
        let listener = socket.listen(1_024)?;
        let proxy = Self(Arc::new(Inner {
            address: listener.local_addr()?,
            upstream,
            badness,
            healed: AtomicBool::new(false),
            away: AtomicBool::new(false),
            storm: watch::Sender::new(0),
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            faults: Faults::default(),
        }));
        tokio::spawn(proxy.clone().accept(listener));
        Ok(proxy)
    }

    /// The address to which clients connect.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// The counts so far.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Cuts every connection at once, so that all clients reconnect at the same time.
    pub fn storm(&self) {
        self.0.storm.send_modify(|storm| *storm += 1);
    }

    /// Begins an outage (`true`): connections are cut and new ones refused; or ends it (`false`).
    pub fn outage(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
        if away {
            self.storm();
        }
    }

    /// Ends all faults for good. Open connections are cut, so that no client waits on a half-open one.
    pub fn heal(&self) {
        self.0.healed.store(true, Ordering::SeqCst);
        self.outage(false);
        self.storm();
    }

    async fn accept(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((client, _)) => {
                    let (plan, random) = self.draw();
                    tokio::spawn(self.clone().serve(client, plan, random));
                }
                // The process may be out of file descriptors: retry when other connections have been closed.
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn draw(&self) -> (Plan, StdRng) {
        let mut random = self.0.random.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = StdRng::seed_from_u64(random.random());
        let healed = self.0.healed.load(Ordering::SeqCst);
        let plan = if healed { Plan::default() } else { Plan::draw(self.0.badness, &mut own) };
        (plan, own)
    }

    async fn serve(self, mut client: TcpStream, plan: Plan, random: StdRng) {
        let faults = &self.0.faults;
        faults.connections.fetch_add(1, Ordering::Relaxed);
        if self.0.away.load(Ordering::SeqCst) {
            faults.refused.fetch_add(1, Ordering::Relaxed);
            let _ = client.set_zero_linger();
            return;
        }
        let mut storm = self.0.storm.subscribe();
        storm.mark_unchanged();
        // When the server refuses connections, the proxy resets those of clients.
        let buffer = if plan.slow { BUFFER / 4 } else { BUFFER };
        let Ok(mut server) = self.0.upstream.connect(buffer).await else {
            let _ = client.set_zero_linger();
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        if plan.slow || plan.delay.is_some() {
            faults.slowed.fetch_add(1, Ordering::Relaxed);
        }
        let cut = {
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = server.split();
            let mut other = random.clone();
            let up = pump(&mut from_client, &mut to_server, &plan, u64::MAX, random);
            let down_limit = plan.cut.map_or(u64::MAX, |cut| cut.after_bytes);
            other.random::<u64>();
            let down = pump(&mut from_server, &mut to_client, &plan, down_limit, other);
            tokio::select! {
                ended = async { tokio::try_join!(up, down) } => ended.err(),
                () = elapsed(&plan) => plan.cut.map(|cut| cut.how),
                _ = storm.changed() => {
                    faults.storms.fetch_add(1, Ordering::Relaxed);
                    Some(Cut::Reset)
                }
            }
        };
        match cut {
            None => {}
            Some(Cut::Fin) => {
                faults.fins.fetch_add(1, Ordering::Relaxed);
                let _ = (client.shutdown().await, server.shutdown().await);
            }
            // `pump` has forwarded half of the last read.
            Some(Cut::Truncate) => {
                faults.truncated.fetch_add(1, Ordering::Relaxed);
                let _ = (client.shutdown().await, server.shutdown().await);
            }
            Some(Cut::Reset) => {
                faults.resets.fetch_add(1, Ordering::Relaxed);
                let _ = (client.set_zero_linger(), server.set_zero_linger());
            }
            Some(Cut::HalfOpen) => {
                faults.half_opens.fetch_add(1, Ordering::Relaxed);
                tokio::select! {
                    () = sleep(plan.dead) => {}
                    _ = storm.changed() => {}
                }
                let _ = (client.set_zero_linger(), server.set_zero_linger());
            }
        }
    }
}

/// Completes when the plan's time for the connection has passed; pending forever without a cut.
async fn elapsed(plan: &Plan) {
    match plan.cut {
        Some(cut) => sleep(cut.after).await,
        None => std::future::pending().await,
    }
}

/// Forwards one direction until its end; the error says how to cut the whole connection.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    plan: &Plan,
    limit: u64,
    mut random: StdRng,
) -> Result<(), Cut> {
    let mut buffer = vec![0; if plan.slow { 2 * 1024 } else { 16 * 1024 }];
    let mut forwarded = 0u64;
    loop {
        let read = match from.read(&mut buffer).await {
            Ok(0) => {
                let _ = to.shutdown().await;
                return Ok(());
            }
            Ok(read) => read,
            Err(_) => return Err(Cut::Reset),
        };
        if let Some(delay) = plan.delay {
            sleep(delay.mul_f64(random.random())).await;
        }
        forwarded += read as u64;
        let cut = plan.cut.filter(|_| forwarded >= limit).map(|cut| cut.how);
        let part = if cut == Some(Cut::Truncate) { read.div_ceil(2) } else { read };
        if to.write_all(&buffer[..part]).await.is_err() {
            return Err(Cut::Reset);
        }
        if let Some(cut) = cut {
            return Err(cut);
        }
    }
}
