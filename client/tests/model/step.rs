//! The steps of a run, and how often each is drawn.

use causerie_client::Millis;
use proptest::prelude::*;

/// One small step: something that a person, the network, the clock or the server does.
#[derive(Clone, Debug)]
pub enum Step {
    /// A person writes.
    Send { page: usize, chat: usize },
    /// A person replies to the nth message from the end of what is shown.
    Reply { page: usize, nth: usize },
    /// A person goes to the message at a position.
    Jump { page: usize, seq: u64 },
    /// A person goes to the newest messages.
    Latest { page: usize },
    /// A person scrolls down.
    Newer { page: usize },
    /// A person opens a chat.
    Open { page: usize, chat: usize },
    /// A person scrolls up.
    Older { page: usize },
    /// A person has seen the end.
    Seen { page: usize },
    /// A person retries the first failed message.
    Retry { page: usize },
    /// A person deletes the first unsent message.
    Delete { page: usize },
    /// A person reloads the page.
    Reload { page: usize },
    /// A user edits or deletes a message by REST.
    Change { chat: usize, nth: usize, delete: bool },
    /// A person puts a reaction under a message of the open chat, or takes it back.
    React { page: usize, nth: usize, emoji: usize, on: bool },
    /// The log gets an event of a kind that the page does not know.
    Unknown { chat: usize },
    /// The server handles frames of one page.
    Up { page: usize, count: usize },
    /// Frames arrive at one page.
    Down { page: usize, count: usize },
    /// One frame in flight to a page is lost.
    Lose { page: usize, nth: usize },
    /// Two frames in flight to a page are swapped.
    Swap { page: usize, nth: usize },
    /// A connection breaks: frames in flight to the page are lost, and the page may notice the break or not.
    Cut { page: usize, told: bool },
    /// The server handles a frame of a socket that the page gave up long ago.
    Late,
    /// The server responds to one REST request.
    Answer { page: usize },
    /// The response arrives, or is lost.
    Arrive { page: usize, fails: bool },
    /// The server restarts, and may stay away for a while.
    Restart { away: bool },
    /// The epoch changes.
    NewEpoch,
    /// The next requests are refused for now.
    Busy { count: u32 },
    /// The next messages are refused for good.
    Refuse { count: u32 },
    /// A page's token becomes invalid, and the user signs in again at once or at the end.
    SignOut { page: usize, back: bool },
    /// The device loses its network or gets it back.
    Network { page: usize, online: bool },
    /// The page comes back from the background.
    Woke { page: usize },
    /// Time passes.
    Pass { ms: Millis },
    /// The server sends its heartbeat.
    Ping,
}

fn step() -> impl Strategy<Value = Step> {
    let page = || 0..3_usize;
    let chat = || prop_oneof![6 => Just(0_usize), 2 => Just(1_usize), 1 => Just(2_usize)];
    prop_oneof![
        10 => (page(), chat()).prop_map(|(page, chat)| Step::Send { page, chat }),
        14 => (page(), 1..6_usize).prop_map(|(page, count)| Step::Up { page, count }),
        16 => (page(), 1..8_usize).prop_map(|(page, count)| Step::Down { page, count }),
        8 => page().prop_map(|page| Step::Answer { page }),
        8 => (page(), prop::bool::weighted(0.1)).prop_map(|(page, fails)| Step::Arrive { page, fails }),
        6 => prop_oneof![Just(100), Just(1_000), Just(3_500), Just(12_000), Just(65_000)]
            .prop_map(|ms| Step::Pass { ms }),
        3 => (page(), chat()).prop_map(|(page, chat)| Step::Open { page, chat }),
        4 => (page(), 0..6_usize).prop_map(|(page, nth)| Step::Reply { page, nth }),
        3 => (page(), 1..30_u64).prop_map(|(page, seq)| Step::Jump { page, seq }),
        1 => page().prop_map(|page| Step::Latest { page }),
        3 => page().prop_map(|page| Step::Newer { page }),
        2 => page().prop_map(|page| Step::Older { page }),
        2 => page().prop_map(|page| Step::Seen { page }),
        2 => page().prop_map(|page| Step::Retry { page }),
        1 => page().prop_map(|page| Step::Delete { page }),
        2 => page().prop_map(|page| Step::Reload { page }),
        4 => (chat(), 0..10_usize, any::<bool>())
            .prop_map(|(chat, nth, delete)| Step::Change { chat, nth, delete }),
        5 => (page(), 0..6_usize, 0..2_usize, prop::bool::weighted(0.6))
            .prop_map(|(page, nth, emoji, on)| Step::React { page, nth, emoji, on }),
        1 => chat().prop_map(|chat| Step::Unknown { chat }),
        4 => (page(), 0..6_usize).prop_map(|(page, nth)| Step::Lose { page, nth }),
        3 => (page(), 0..6_usize).prop_map(|(page, nth)| Step::Swap { page, nth }),
        4 => (page(), prop::bool::weighted(0.7)).prop_map(|(page, told)| Step::Cut { page, told }),
        3 => Just(Step::Late),
        2 => any::<bool>().prop_map(|away| Step::Restart { away }),
        1 => Just(Step::NewEpoch),
        2 => (0..4_u32).prop_map(|count| Step::Busy { count }),
        2 => (0..3_u32).prop_map(|count| Step::Refuse { count }),
        1 => (page(), any::<bool>()).prop_map(|(page, back)| Step::SignOut { page, back }),
        2 => (page(), any::<bool>()).prop_map(|(page, online)| Step::Network { page, online }),
        1 => page().prop_map(|page| Step::Woke { page }),
        1 => Just(Step::Ping),
    ]
}

/// Draws a run: a seed for the random numbers of the pages, and the steps.
pub fn steps() -> impl Strategy<Value = (u64, Vec<Step>)> {
    (any::<u64>(), prop::collection::vec(step(), 1..160))
}
