//! The simulated person at a page: their next action, drawn from a seed.

use rand::Rng;
use rand::rngs::StdRng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write a few messages in some chat.
    Write,
    /// Open another chat.
    Open,
    /// Look at the end of the open chat.
    Look,
    /// Scroll back in the open chat.
    ScrollBack,
    /// Put a reaction under a message of the open chat, or take it back.
    React,
    /// Type in the composer.
    Type,
    /// Come back to the page from sleep or from another tab.
    Wake,
    /// Ask to connect now, if the page waits.
    TryNow,
    /// The device loses its network for a moment.
    LoseNetwork,
    /// The device has its network again.
    FindNetwork,
    /// Reload the page.
    Reload,
    /// Retry or delete a failed message.
    Decide,
    /// The device's clock is set, or the device slept: it jumps relative to the monotonic clock.
    SetClock,
    /// The device is busy and reads nothing for a while.
    Stall,
}

pub fn draw(random: &mut StdRng) -> Action {
    match random.random_range(0..2_000) {
        0..1_450 => Action::Write,
        1_450..1_550 => Action::React,
        1_550..1_640 => Action::Open,
        1_640..1_760 => Action::Look,
        1_760..1_790 => Action::ScrollBack,
        1_790..1_840 => Action::Type,
        1_840..1_876 => Action::Wake,
        1_876..1_880 => Action::SetClock,
        1_880..1_950 => Action::TryNow,
        1_950..1_958 => Action::LoseNetwork,
        1_958..1_975 => Action::FindNetwork,
        1_975..1_981 => Action::Reload,
        1_981..1_999 => Action::Decide,
        _ => Action::Stall,
    }
}
