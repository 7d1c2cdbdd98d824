//! A connection's fate, drawn when it begins.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

/// How a connection is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// In order: both ends see the end of the stream.
    Fin,
    /// With a RST: what was on its way is lost.
    Reset,
    /// In the middle of a frame.
    Truncate,
    /// Not at all: nothing is forwarded any more and nobody is told.
    HalfOpen,
}

/// When a connection is broken: whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// How.
    pub how: Cut,
    /// After this time.
    pub after: Duration,
    /// After this many bytes from the server.
    pub after_bytes: u64,
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    /// Whatever is forwarded waits for a random part of this.
    pub delay: Option<Duration>,
    /// Little at a time goes through, with small buffers.
    pub slow: bool,
    /// How and when it is broken, if it is.
    pub cut: Option<Broken>,
    /// How long a half-open connection stays.
    pub dead: Duration,
}

impl Plan {
    /// Draws a fate; half of the connections are left alone at a badness of 1.
    pub fn draw(badness: f64, random: &mut StdRng) -> Self {
        let mut plan = Self::default();
        let happens = |likely: f64, random: &mut StdRng| random.random_bool((likely * badness).min(1.0));
        if happens(0.15, random) {
            plan.delay = Some(Duration::from_millis(random.random_range(2..=150)));
        }
        if happens(0.08, random) {
            plan.slow = true;
            // Slower than a busy chat: the server has to give such a reader up now and then.
            plan.delay = Some(Duration::from_millis(random.random_range(40..=250)));
        }
        if happens(0.5, random) {
            let how = match random.random_range(0..10) {
                0..3 => Cut::Fin,
                3..6 => Cut::Reset,
                6..8 => Cut::Truncate,
                _ => Cut::HalfOpen,
            };
            // Mostly seconds, at times in the middle of the handshake.
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
