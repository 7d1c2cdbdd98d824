//! The plan for a connection through the proxy: its delay and its end, drawn at random when it is accepted.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

/// How a connection is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// With a FIN: both ends read the end of the stream.
    Fin,
    /// With a RST: bytes in flight are lost.
    Reset,
    /// In the middle of a frame.
    Truncate,
    /// Half-open: nothing is forwarded any more, and neither end gets a FIN or RST.
    HalfOpen,
}

/// How and when a connection is broken: after a time or a number of bytes, whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    pub how: Cut,
    pub after: Duration,
    /// Counts bytes from the server.
    pub after_bytes: u64,
}

/// The plan for one connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    /// The greatest delay: every read waits for a random part of it before it is forwarded.
    pub delay: Option<Duration>,
    /// Whether the buffers are small, so that little is forwarded at a time.
    pub slow: bool,
    /// Its cut, if there is one.
    pub cut: Option<Broken>,
    /// How long the connection stays half-open, for [`Cut::HalfOpen`].
    pub dead: Duration,
}

impl Plan {
    /// Draws a plan; at a badness of 1 half of the connections are cut.
    pub fn draw(badness: f64, random: &mut StdRng) -> Self {
        let mut plan = Self::default();
        let happens = |likely: f64, random: &mut StdRng| random.random_bool((likely * badness).min(1.0));
        if happens(0.15, random) {
            plan.delay = Some(Duration::from_millis(random.random_range(2..=150)));
        }
        if happens(0.08, random) {
            plan.slow = true;
            // Slower than a busy chat: now and then the server has to close such a reader's socket.
            plan.delay = Some(Duration::from_millis(random.random_range(40..=250)));
        }
        if happens(0.5, random) {
            let how = match random.random_range(0..10) {
                0..3 => Cut::Fin,
                3..6 => Cut::Reset,
                6..8 => Cut::Truncate,
                _ => Cut::HalfOpen,
            };
            // Most cuts come after seconds, some during the handshake.
            let bytes = if random.random_bool(0.2) { 20..2_000 } else { 2_000..2_000_000 };
            plan.cut = Some(Broken {
                how,
                after: Duration::from_millis(random.random_range(5..20_000)),
                after_bytes: random.random_range(bytes),
            });
            plan.dead = Duration::from_millis(random.random_range(2_000..30_000));
        }
        plan
    }
}
