//! Hostile clients: they flood, never read, or fall silent in the middle of something.
//!
//! They record no history: the invariants of all other clients must hold while these are connected.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use causerie_protocol::{ChatId, ClientFrame, handshake, paths};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::client::Phase;
use crate::population::SignIn;

/// How long a connection is held unless the server ends it.
const HOLD: Duration = Duration::from_secs(45);
/// The longest pause before a hostile client reconnects, in milliseconds.
const PAUSE_MS: u64 = 1_500;
/// Frames that a flood writes at once.
const BURST: usize = 64;
/// Bursts of one flood, so that a server which neither reads nor closes can't hold the client for ever.
const BURSTS: usize = 400;
/// The mask of every frame: a client must mask, and zeros leave the payload as it is (RFC 6455, section 5.3).
const MASK: [u8; 4] = [0; 4];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Writes frames as fast as they are taken and reads nothing.
    Flood,
    /// Subscribes to the busiest chat and reads nothing.
    Stall,
    /// Connects and sends nothing, half a header, half a body or half a frame.
    Silent,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Flood, Self::Stall, Self::Silent];
}

/// Connections, and how many of them the server ended.
#[derive(Debug, Default)]
pub struct Counts {
    flooded: AtomicU64,
    frames: AtomicU64,
    stalled: AtomicU64,
    silent: AtomicU64,
    ended: AtomicU64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("hostile connections that flooded", &self.flooded),
            ("  frames that were taken of them", &self.frames),
            ("hostile connections that read nothing", &self.stalled),
            ("hostile connections that fell silent", &self.silent),
            ("hostile connections ended by a server", &self.ended),
        ];
        let lines: Vec<String> = rows
            .iter()
            .map(|(what, count)| format!("  {what:<40} {:>10}", count.load(Ordering::Relaxed)))
            .collect();
        f.write_str(&lines.join("\n"))
    }
}

#[derive(Clone)]
struct Target {
    address: SocketAddr,
    sign_in: Arc<SignIn>,
    chat: ChatId,
    counts: Arc<Counts>,
}

/// Starts `number` clients of each kind, which go on until the run settles.
pub fn start(
    number: usize,
    address: SocketAddr,
    sign_in: &Arc<SignIn>,
    chat: ChatId,
    phase: &watch::Receiver<Phase>,
    seed: u64,
) -> (JoinSet<()>, Arc<Counts>) {
    let counts = Arc::<Counts>::default();
    let target = Target { address, sign_in: sign_in.clone(), chat, counts: counts.clone() };
    let mut clients = JoinSet::new();
    for (kind, seed) in Kind::ALL.into_iter().cycle().take(number * Kind::ALL.len()).zip(seed..) {
        let (target, mut phase) = (target.clone(), phase.clone());
        clients.spawn(async move {
            tokio::select! {
                () = attack(kind, target, StdRng::seed_from_u64(seed)) => {}
                _ = phase.wait_for(|phase| !matches!(phase, Phase::Running)) => {}
            }
        });
    }
    (clients, counts)
}

/// Opens one connection after the other; when a killed or full server refuses one, the next attempt follows.
async fn attack(kind: Kind, target: Target, mut random: StdRng) {
    loop {
        let variant = random.random_range(0..4);
        let count = match kind {
            Kind::Flood => &target.counts.flooded,
            Kind::Stall => &target.counts.stalled,
            Kind::Silent => &target.counts.silent,
        };
        let attempt = async {
            let stream = connect(target.address).await.ok()?;
            count.fetch_add(1, Ordering::Relaxed);
            match kind {
                Kind::Flood => flood(stream, &target).await,
                Kind::Stall => stall(stream, &target).await,
                Kind::Silent => fall_silent(stream, &target, variant).await,
            }
        };
        if let Ok(Some(())) = timeout(HOLD, attempt).await {
            target.counts.ended.fetch_add(1, Ordering::Relaxed);
        }
        sleep(Duration::from_millis(random.random_range(50..PAUSE_MS))).await;
    }
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // A small buffer, so that the server soon notices that the client does not read.
    socket.set_recv_buffer_size(8 * 1024)?;
    socket.connect(address).await
}

/// Returns `Some` when the server ended the connection; so do `stall` and `fall_silent`.
async fn flood(mut stream: TcpStream, target: &Target) -> Option<()> {
    upgrade(&mut stream, target).await?;
    let frames = [
        frame(br#"{"type":"ping"}"#),
        frame(ClientFrame::Subscribe { chat_id: target.chat, after: None, epoch: None }.encode().as_bytes()),
        frame(br#"{"type":"subscribe","chat_id":999999999}"#),
    ];
    let burst = frames.concat().repeat(BURST / frames.len());
    for _ in 0..BURSTS {
        if stream.write_all(&burst).await.is_err() {
            return Some(());
        }
        target.counts.frames.fetch_add(BURST as u64, Ordering::Relaxed);
    }
    until_ended(stream).await
}

async fn stall(mut stream: TcpStream, target: &Target) -> Option<()> {
    upgrade(&mut stream, target).await?;
    let subscribe = ClientFrame::Subscribe { chat_id: target.chat, after: None, epoch: None };
    stream.write_all(&frame(subscribe.encode().as_bytes())).await.ok()?;
    // It reads nothing, so that the operating system's buffers fill, and still notices when the server closes.
    stream.ready(tokio::io::Interest::ERROR).await.ok().map(drop)
}

async fn fall_silent(mut stream: TcpStream, target: &Target, variant: u32) -> Option<()> {
    let login = paths::LOGIN;
    let begun: Vec<u8> = match variant {
        0 => Vec::new(),
        1 => format!("GET {} HTTP/1.1\r\nHost: ", paths::CHATS).into_bytes(),
        2 => format!(
            "POST {login} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
            target.address
        )
        .into_bytes(),
        _ => {
            upgrade(&mut stream, target).await?;
            frame(br#"{"type":"ping"}"#)[..9].to_vec()
        }
    };
    stream.write_all(&begun).await.ok()?;
    until_ended(stream).await
}

/// Reads until the server ends the connection.
async fn until_ended(mut stream: TcpStream) -> Option<()> {
    let mut unread = [0; 1_024];
    while stream.read(&mut unread).await.is_ok_and(|count| count > 0) {}
    Some(())
}

/// Does the handshake by hand, since a WebSocket library would read, answer pings and close properly.
async fn upgrade(stream: &mut TcpStream, target: &Target) -> Option<()> {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}: {}\r\n\r\n",
        paths::SOCKET,
        target.address,
        handshake::HEADER,
        handshake::offer(&target.sign_in.token()).join(", "),
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(())
}

/// A text frame of less than 126 bytes (RFC 6455, section 5.2).
fn frame(payload: &[u8]) -> Vec<u8> {
    let length =
        u8::try_from(payload.len()).ok().filter(|length| *length < 126).expect("hostile frames are short");
    let mut frame = vec![0x81, 0x80 | length];
    frame.extend(MASK);
    frame.extend(payload);
    frame
}
