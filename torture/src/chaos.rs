//! The chaos: injects faults of servers and network while the clients write and read.
//!
//! [`run`] is for one server, [`nodes`] for several.

mod fault;
pub mod nodes;
mod stall;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::api::Api;
use crate::checker::Absence;
use crate::client::Phase;
use crate::history::Clock;
use crate::population::{Revolving, SignIn};
use crate::proxy::Proxy;
use crate::server::Server;

pub use fault::Fault;

/// How often the progress is printed.
const REPORT: Duration = Duration::from_secs(15);

/// The plan for a single server.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub duration: Duration,
    pub kills: u32,
    /// Restarts with SIGTERM.
    pub restarts: u32,
    /// Messages to be acknowledged before the run ends; it gives up after four times the duration.
    pub target: u64,
    pub seed: u64,
}

/// The injected faults, counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// SIGKILL and a new start.
    pub kills: u32,
    /// SIGTERM and a new start.
    pub restarts: u32,
    /// The longest time that the server took to end after SIGTERM.
    pub longest_drain: Duration,
    /// SIGSTOP and, a while later, SIGCONT.
    pub pauses: u32,
    /// Times that all connections were cut at once.
    pub storms: u32,
    /// Times that the proxy refused all connections for a while.
    pub outages: u32,
    /// Tokens revoked while in use.
    pub logouts: u32,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("kills of the server", u128::from(self.kills)),
            ("restarts in order (SIGTERM)", self.restarts.into()),
            ("  the longest, in milliseconds", self.longest_drain.as_millis()),
            ("pauses of the server (SIGSTOP)", self.pauses.into()),
            ("storms: all connections cut at once", self.storms.into()),
            ("outages of the network", self.outages.into()),
            ("tokens revoked while in use", self.logouts.into()),
        ];
        let lines: Vec<String> =
            rows.iter().map(|(what, count)| format!("  {what:<40} {count:>10}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Carries out the plan; fails when the server ends by itself, does not start again, or does not end in time after
/// SIGTERM.
pub async fn run(
    plan: &Plan,
    server: &mut Server,
    proxy: &Proxy,
    sign_ins: &[Arc<SignIn>],
    direct: &Api,
    clock: &Clock,
) -> Result<Done> {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut done = Done::default();
    let start = Instant::now();
    let mut reported = start;
    let blows = plan.kills + plan.restarts;
    loop {
        let elapsed = start.elapsed();
        let is_enough = elapsed >= plan.duration && done.kills + done.restarts >= blows;
        if (is_enough && clock.acked() >= plan.target) || elapsed >= plan.duration * 4 {
            return Ok(done);
        }
        if reported.elapsed() >= REPORT {
            reported = Instant::now();
            let (seconds, acked) = (elapsed.as_secs(), clock.acked());
            println!(
                "  {seconds:>4} s: {acked} acknowledged, {} kills, {} restarts",
                done.kills, done.restarts
            );
        }
        // How many kills and restarts there should be by now, spread evenly over the duration.
        let due = f64::from(blows) * elapsed.as_secs_f64() / plan.duration.as_secs_f64();
        if f64::from(done.kills + done.restarts) + random.random::<f64>() < due {
            let kills_left = plan.kills - done.kills;
            if random.random_range(0..blows - done.kills - done.restarts) < kills_left {
                server.kill().await?;
                server.launch().await?;
                done.kills += 1;
            } else {
                done.longest_drain = done.longest_drain.max(server.restart().await?);
                done.restarts += 1;
            }
        } else {
            trouble(&mut random, &mut done, server, proxy, sign_ins, direct).await?;
        }
        server.check()?;
        sleep(Duration::from_millis(random.random_range(50..500))).await;
    }
}

/// Injects a fault other than a kill or restart of the server, or none.
async fn trouble(
    random: &mut StdRng,
    done: &mut Done,
    server: &Server,
    proxy: &Proxy,
    sign_ins: &[Arc<SignIn>],
    direct: &Api,
) -> Result<()> {
    match random.random_range(0..100) {
        0..3 => {
            server.pause()?;
            sleep(Duration::from_millis(random.random_range(50..2_500))).await;
            server.resume()?;
            done.pauses += 1;
        }
        3..6 => {
            proxy.storm();
            done.storms += 1;
        }
        6..8 => {
            proxy.outage(true);
            sleep(Duration::from_millis(random.random_range(50..2_000))).await;
            proxy.outage(false);
            done.outages += 1;
        }
        8..13 => {
            if let Some(sign_in) = sign_ins.choose(random) {
                direct.logout(&sign_in.token()).await?;
                done.logouts += 1;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Lets a guest leave a group and be added again, until the run is over; at the end they are in the group.
pub async fn come_and_go(
    revolving: Revolving,
    direct: Api,
    absences: Arc<Mutex<Vec<Absence>>>,
    clock: Arc<Clock>,
    mut phase: watch::Receiver<Phase>,
    seed: u64,
) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let Revolving { chat, host, guest } = revolving;
    let user = guest.person.user.id;
    loop {
        let stay = Instant::now() + Duration::from_millis(random.random_range(500..4_000));
        tokio::select! {
            () = sleep_until(stay) => {}
            _ = phase.wait_for(|phase| !matches!(phase, Phase::Running)) => return Ok(()),
        }
        direct.leave(&guest.token(), chat).await?;
        sleep(Duration::from_millis(random.random_range(50..2_000))).await;
        let until = Some(clock.tick());
        let absence = Absence { user: user.0, chat: chat.0, until };
        absences.lock().unwrap_or_else(PoisonError::into_inner).push(absence);
        direct.add(&host.token(), chat, user).await?;
    }
}
