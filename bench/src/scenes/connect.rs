//! Connections a second, each with its token checked, welcomed, subscribed and closed again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Plan;
use crate::people::{self, seats};
use crate::process::{Kind, Process};
use crate::stats::{micros_each, percentile, rate};
use crate::table::{Figure, Unit};

/// Clients that connect at the same time, each in a chat of its own and with a source address of its own.
const CLIENTS: usize = 16;
/// Source addresses are given out by the ten thousand.
const APART: usize = 10_000;

pub(super) async fn connect(plan: &Plan) -> Result<()> {
    plan.compare(async |process| connections(plan, process).await).await
}

async fn connections(plan: &Plan, process: &Process) -> Result<Vec<Figure>> {
    let seats = seats(process, CLIENTS, 1).await?;
    let done = Arc::new(AtomicU64::new(0));
    let watch = process.watch(plan.profiler.as_ref(), "connect")?;
    let begin = Instant::now();
    let until = begin + Duration::from_secs(plan.seconds);
    let clients = seats.into_iter().enumerate().map(|(number, seats)| {
        let (address, kind, done) = (process.address, process.kind, Arc::clone(&done));
        tokio::spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                let begin = Instant::now();
                let mut socket = people::socket(address, &seats[0], number * APART).await?;
                if kind == Kind::Causerie {
                    people::subscribed(&mut socket).await?;
                }
                times.push(begin.elapsed());
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(times)
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await??);
    }
    times.sort_unstable();
    let (count, took, cpu) = (done.load(Ordering::Relaxed), begin.elapsed(), watch.end()?);
    Ok(vec![
        Figure::new("connections", rate(count, took), Unit::PerSecond),
        Figure::new("server CPU per connection", micros_each(cpu, count), Unit::Micros),
        Figure::millis("connection to subscription, p50", percentile(&times, 50)),
        Figure::millis("connection to subscription, p99", percentile(&times, 99)),
    ])
}
