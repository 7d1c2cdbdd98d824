//! Memory: of a process that does nothing, of idle sockets, and after a burst of sign-ins.

use std::time::Duration;

use anyhow::Result;
use causerie_protocol::rest::Login;
use causerie_testkit::Api;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Plan, show_alone};
use crate::people::{self, PASSWORD, Seat, seats};
use crate::process::{Process, kernel_memory, too_many_sockets};
use crate::table::{Figure, Unit, not_measured};

/// Sockets of the scene `idle`.
const IDLE: [usize; 2] = [10_000, 50_000];
/// Chats that idle sockets are spread over, two people in each.
const IDLE_CHATS: usize = 50;
/// Sign-ins of the burst, and how many wait at a time.
const SIGN_INS: usize = 200;
const AT_A_TIME: usize = 16;
/// How long a process has to give memory back.
const SETTLE: Duration = Duration::from_secs(3);

/// From the start of the process to its word that it serves, and what it then takes.
pub(super) async fn start(plan: &Plan) -> Result<()> {
    plan.compare(async |process| {
        settle().await;
        let memory = process.memory()?;
        Ok(vec![
            Figure::millis("start to serving, new database", process.started_in),
            Figure::megabytes("idle process, resident", memory.resident),
            Figure::megabytes("of that anonymous", memory.anonymous),
        ])
    })
    .await
}

/// Memory of a socket that is signed in, subscribed, and says nothing.
pub(super) async fn idle(plan: &Plan) -> Result<()> {
    let counts = if plan.sockets.is_empty() { &IDLE[..] } else { &plan.sockets };
    for &count in counts {
        if let Some(why) = too_many_sockets(count) {
            not_measured(&format!("{count} idle sockets"), &why);
            continue;
        }
        plan.compare(async |process| idle_sockets(process, count).await).await?;
    }
    Ok(())
}

async fn idle_sockets(process: &Process, count: usize) -> Result<Vec<Figure>> {
    let seats: Vec<Seat> = seats(process, IDLE_CHATS, count / IDLE_CHATS).await?.concat();
    // A first round pays for what the process keeps anyway.
    drop(people::open(process, &seats[..100.min(seats.len())], 0).await?);
    settle().await;
    let (before, kernel) = (process.memory()?, kernel_memory()?);
    let sockets = people::open(process, &seats, 0).await?;
    settle().await;
    let (after, kernel) = (process.memory()?, kernel_memory()?.saturating_sub(kernel));
    let each = |bytes: u64| bytes as f64 / sockets.len() as f64;
    let what = |figure: &str| format!("{count} idle sockets: {figure}");
    Ok(vec![
        Figure::new(
            what("resident, each"),
            each(after.resident.saturating_sub(before.resident)),
            Unit::Bytes,
        ),
        Figure::new(what("in the kernel, both ends, each"), each(kernel), Unit::Bytes),
    ])
}

/// What stays of the memory that hashing passwords takes.
pub(super) async fn burst(plan: &Plan) -> Result<()> {
    let mut runs = Vec::new();
    for _ in 0..plan.runs {
        let process = plan.causerie().await?;
        people::register(process.address, 4).await?;
        settle().await;
        let before = process.memory()?;
        let api = &Api::new(process.address)?;
        let sign_ins = stream::iter(0..SIGN_INS).map(async |number| {
            let account =
                Login { email: people::email(number % 4), password: PASSWORD.to_owned(), code: None };
            api.login(&account).await.map(drop)
        });
        sign_ins.buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
        settle().await;
        let after = process.memory()?;
        runs.push(vec![
            Figure::megabytes("before a burst of sign-ins, resident", before.resident),
            Figure::megabytes("the most during 200 sign-ins", after.most),
            Figure::megabytes("three seconds after them", after.resident),
        ]);
    }
    show_alone(&runs, None);
    Ok(())
}

async fn settle() {
    #[expect(clippy::disallowed_methods, reason = "what a process keeps shows after a while")]
    tokio::time::sleep(SETTLE).await;
}
