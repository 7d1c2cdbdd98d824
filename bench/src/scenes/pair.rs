//! One pair, one message at a time: from the send to the other's receipt.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::Plan;
use crate::people::{self, Seat, seats};
use crate::process::{Kind, Process};
use crate::stats::percentile;
use crate::table::Figure;
use crate::talk::TEXT;

/// Messages that are measured, after some that warm the caches.
const MESSAGES: usize = 500;
const WARM_UP: usize = 50;

pub(super) async fn pair(plan: &Plan) -> Result<()> {
    plan.compare(async |process| {
        let seats = seats(process, 1, 2).await?;
        let times = one_at_a_time(process, &seats[0], plan).await?;
        let mut figures = vec![
            Figure::micros("one pair, unloaded: send to receipt, p50", percentile(&times, 50)),
            Figure::micros("one pair, unloaded: send to receipt, p99", percentile(&times, 99)),
        ];
        if process.kind == Kind::Causerie {
            let syncs = fdatasync()?;
            let above = percentile(&times, 50).saturating_sub(percentile(&syncs, 50));
            figures.push(Figure::micros("one fdatasync of this disk, p50", percentile(&syncs, 50)));
            figures.push(Figure::micros("send to receipt above one fdatasync, p50", above));
        }
        Ok(figures)
    })
    .await
}

async fn one_at_a_time(process: &Process, seats: &[Seat], plan: &Plan) -> Result<Vec<Duration>> {
    let mut sockets = people::open(process, seats, 0).await?;
    let (mut receiver, mut sender) = (sockets.pop().context("two")?, sockets.pop().context("two")?);
    let watch = process.watch(plan.profiler.as_ref(), "pair")?;
    let mut times = Vec::new();
    for number in 0..WARM_UP + MESSAGES {
        let text = format!(r#"{{"type":"message","text":"{TEXT}","client_id":"0-{number}"}}"#);
        let needle = format!("\"0-{number}\"");
        let begin = Instant::now();
        sender.send(Message::text(text)).await?;
        loop {
            let message = receiver.next().await.context("the server closed the socket")??;
            if message.to_text().is_ok_and(|text| text.contains(&needle)) {
                break;
            }
        }
        times.push(begin.elapsed());
        // The sender's own copies and acknowledgements are read, so that its buffer never fills.
        while let Ok(Some(message)) = tokio::time::timeout(Duration::from_micros(50), sender.next()).await {
            message?;
        }
    }
    watch.end()?;
    let mut times = times.split_off(WARM_UP);
    times.sort_unstable();
    Ok(times)
}

/// What durable writes of this disk cost, sorted.
fn fdatasync() -> Result<Vec<Duration>> {
    let mut file = tempfile::tempfile()?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.write_all(&[7; 4096])?;
        let begin = Instant::now();
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}
