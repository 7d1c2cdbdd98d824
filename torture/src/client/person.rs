//! The person at a page: what they do next, drawn from a seed.

use rand::Rng;
use rand::rngs::StdRng;

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Write a few messages in some chat.
    Write,
    /// Open another chat.
    Open,
    /// Look at the end of the open chat.
    Look,
    /// Scroll back in the open chat.
    ScrollBack,
    /// Touch the composer.
    Type,
    /// Come back to the page: from sleep, from another tab.
    Wake,
    /// Ask to connect now, if the page waits.
    TryNow,
    /// The device loses its network for a moment.
    LoseNetwork,
    /// The network is there again.
    FindNetwork,
    /// Reload the page.
    Reload,
    /// Decide about a message that was not sent: again, or delete it.
    Decide,
    /// The device's clock is set, or it slept: it moves beside the monotonic one.
    SetClock,
    /// The device is busy and reads nothing for a while.
    Stall,
}

/// Draws the next deed.
pub fn draw(random: &mut StdRng) -> Deed {
    match random.random_range(0..2_000) {
        0..1_550 => Deed::Write,
        1_550..1_640 => Deed::Open,
        1_640..1_760 => Deed::Look,
        1_760..1_790 => Deed::ScrollBack,
        1_790..1_840 => Deed::Type,
        1_840..1_876 => Deed::Wake,
        1_876..1_880 => Deed::SetClock,
        1_880..1_950 => Deed::TryNow,
        1_950..1_958 => Deed::LoseNetwork,
        1_958..1_975 => Deed::FindNetwork,
        1_975..1_981 => Deed::Reload,
        1_981..1_999 => Deed::Decide,
        _ => Deed::Stall,
    }
}
