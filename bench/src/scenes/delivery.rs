//! Messages a second: many chats of two, and one chat that many follow.

use anyhow::Result;

use super::Plan;
use crate::people::seats;
use crate::process::too_many_sockets;
use crate::table::not_measured;
use crate::talk::{Talk, Window, talk};

/// Messages that a sender has on their way at a time.
const IN_FLIGHT: usize = 32;
/// Sockets of the crowds, as others publish them.
const CROWDS: [usize; 3] = [100, 1_000, 10_000];

/// Fifty chats of two, everybody sends.
pub(super) async fn chats(plan: &Plan) -> Result<()> {
    let load = Talk { senders: 2, in_flight: IN_FLIGHT, window: Window::Acknowledged };
    plan.compare(async |process| {
        let seats = seats(process, 50, 2).await?;
        Ok(talk(plan, process, &seats, load, "chats").await?.figures("50 chats of two"))
    })
    .await
}

/// One chat that two hundred sockets follow, one of them sends.
pub(super) async fn room(plan: &Plan) -> Result<()> {
    let load = Talk { senders: 1, in_flight: IN_FLIGHT, window: Window::Acknowledged };
    plan.compare(async |process| {
        let seats = seats(process, 1, 200).await?;
        Ok(talk(plan, process, &seats, load, "room").await?.figures("one chat, 200 sockets"))
    })
    .await
}

/// One chat that more and more sockets follow; the next messages are sent when everybody has the ones before.
pub(super) async fn crowd(plan: &Plan) -> Result<()> {
    let counts = if plan.sockets.is_empty() { &CROWDS[..] } else { &plan.sockets };
    for &count in counts {
        let what = format!("one chat, {count} sockets");
        if let Some(why) = too_many_sockets(count) {
            not_measured(&what, &why);
            continue;
        }
        let load = Talk { senders: 1, in_flight: IN_FLIGHT, window: Window::Complete };
        plan.compare(async |process| {
            let seats = seats(process, 1, count).await?;
            Ok(talk(plan, process, &seats, load, &format!("crowd-{count}")).await?.figures(&what))
        })
        .await?;
    }
    Ok(())
}
