//! The chaos of several nodes: injects one fault after the other, each after every node has recovered from the last.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use causerie_testkit::{State, Stop, TcpProxy};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use tokio::time::{Instant, sleep};

use super::fault::{Fault, Healed, Ledger};
use super::stall::StallWatch;
use crate::api::Api;
use crate::cluster::{Cluster, Shared};
use crate::history::Clock;
use crate::population::SignIn;
use crate::prober::Prober;
use crate::proxy::Proxy;

/// How often the progress is printed.
const REPORT: Duration = Duration::from_secs(15);
/// The run ends after this time without a new ack, even if more messages were wanted.
const STANDSTILL: Duration = Duration::from_secs(60);

/// The plan for several nodes.
#[derive(Clone, Debug)]
pub struct Plan {
    pub duration: Duration,
    pub kinds: Vec<Fault>,
    /// The least number of faults of each kind.
    pub each: usize,
    /// Messages to be acknowledged before the run ends.
    pub messages: u64,
    /// How long the nodes may take to recover.
    pub limit: Duration,
    /// Whether a node that was cut off from Redis stays cut off, to test the prober.
    pub stays_deaf: bool,
    pub seed: u64,
}

#[derive(Debug)]
pub struct Targets<'a> {
    pub cluster: &'a mut Cluster,
    /// The clients' network.
    pub proxy: &'a Proxy,
    pub sign_ins: &'a [Arc<SignIn>],
    /// The API without the faulty network.
    pub direct: &'a Api,
    /// When each fault began and was over, in milliseconds of the run.
    pub troubles: &'a mut Vec<(u64, u64)>,
}

/// Carries out the plan.
///
/// # Errors [`crate::prober::NotWhole`] when a node does not recover in time; others when a process ends by itself,
/// does not start again, or does not end in time and in order after SIGTERM.
pub async fn run(
    plan: &Plan,
    targets: Targets<'_>,
    prober: &mut Prober,
    clock: &Arc<Clock>,
) -> Result<Ledger> {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut deck = plan.kinds.repeat(plan.each);
    deck.shuffle(&mut random);
    let mut chaos = Chaos { plan, targets, prober, random, ledger: Ledger::default() };
    let start = Instant::now();
    let mut reported = start;
    let mut progress = (0, start);
    loop {
        if clock.acked() > progress.0 {
            progress = (clock.acked(), Instant::now());
        }
        let is_enough = deck.is_empty() && start.elapsed() >= plan.duration && clock.acked() >= plan.messages;
        if is_enough || progress.1.elapsed() > STANDSTILL {
            return Ok(chaos.ledger);
        }
        if reported.elapsed() >= REPORT {
            reported = Instant::now();
            let (seconds, count) = (start.elapsed().as_secs(), chaos.ledger.count());
            println!("  {seconds:>4} s: {} acknowledged, {count} faults", clock.acked());
        }
        let fault = match deck.pop() {
            Some(fault) => fault,
            None => *plan.kinds.choose(&mut chaos.random).context("there are kinds of faults")?,
        };
        let stall = StallWatch::start(clock);
        let began = clock.ms();
        let since = chaos.strike(fault).await.with_context(|| format!("the fault was: {}", fault.name()))?;
        chaos.targets.cluster.check()?;
        let took = chaos.prober.until_whole(fault.name(), since, plan.limit).await?;
        chaos.targets.troubles.push((began, clock.ms()));
        chaos.ledger.add(fault, Healed { took, stall: stall.longest() });
        chaos.pause(50..800).await;
    }
}

struct Chaos<'a> {
    plan: &'a Plan,
    targets: Targets<'a>,
    prober: &'a mut Prober,
    random: StdRng,
    ledger: Ledger,
}

impl Chaos<'_> {
    async fn pause(&mut self, ms: std::ops::Range<u64>) {
        sleep(Duration::from_millis(self.random.random_range(ms))).await;
    }

    fn shared(&mut self) -> Result<&mut Shared> {
        self.targets.cluster.shared.as_mut().context("one node shares nothing")
    }

    /// Injects a fault and ends it; returns the time at which it began to end it.
    async fn strike(&mut self, fault: Fault) -> Result<Instant> {
        let node = self.random.random_range(0..self.targets.cluster.nodes.len());
        match fault {
            Fault::KillNode => {
                self.targets.cluster.nodes[node].kill().await?;
                self.pause(0..2_000).await;
                let since = Instant::now();
                self.targets.cluster.nodes[node].launch().await?;
                Ok(since)
            }
            Fault::PauseNode => {
                self.targets.cluster.nodes[node].pause()?;
                self.pause(100..8_000).await;
                let since = Instant::now();
                self.targets.cluster.nodes[node].resume()?;
                Ok(since)
            }
            Fault::RestartNode => self.restart(node).await,
            Fault::RollingRestart => self.restart_all().await,
            Fault::RestartRedis => {
                if self.random.random() {
                    self.shared()?.redis.stop().await?;
                } else {
                    self.shared()?.redis.kill().await?;
                }
                self.pause(0..4_000).await;
                let since = Instant::now();
                self.shared()?.redis.launch().await?;
                Ok(since)
            }
            Fault::PauseRedis => {
                self.shared()?.redis.pause()?;
                self.pause(100..8_000).await;
                let since = Instant::now();
                self.shared()?.redis.resume()?;
                Ok(since)
            }
            Fault::CutRedis => {
                let network = self.shared()?.to_redis[node].clone();
                self.cut(&network, !self.plan.stays_deaf).await
            }
            Fault::CutPostgres => {
                let network = self.shared()?.to_postgres[node].clone();
                self.cut(&network, true).await
            }
            Fault::RestartPostgres => self.restart_postgres(Stop::Fast).await,
            Fault::CrashPostgres => self.restart_postgres(Stop::Immediate).await,
            Fault::Storm => {
                self.targets.proxy.storm();
                Ok(Instant::now())
            }
            Fault::Outage => {
                self.targets.proxy.outage(true);
                self.pause(50..2_000).await;
                self.targets.proxy.outage(false);
                Ok(Instant::now())
            }
            Fault::Logout => {
                if let Some(sign_in) = self.targets.sign_ins.choose(&mut self.random) {
                    self.targets.direct.logout(&sign_in.token()).await?;
                }
                Ok(Instant::now())
            }
        }
    }

    async fn restart(&mut self, node: usize) -> Result<Instant> {
        let drained = self.targets.cluster.nodes[node].terminate().await?;
        self.ledger.longest_drain = self.ledger.longest_drain.max(drained);
        let since = Instant::now();
        self.targets.cluster.nodes[node].launch().await?;
        Ok(since)
    }

    async fn restart_all(&mut self) -> Result<Instant> {
        let mut since = Instant::now();
        for node in 0..self.targets.cluster.nodes.len() {
            since = self.restart(node).await?;
            // A rolling restart waits for each node before it goes on to the next.
            self.prober.until_ready(node, Fault::RollingRestart.name(), self.plan.limit).await?;
        }
        Ok(since)
    }

    async fn restart_postgres(&mut self, how: Stop) -> Result<Instant> {
        self.shared()?.postgres.stop(how).await?;
        self.pause(0..2_000).await;
        let since = Instant::now();
        self.shared()?.postgres.launch().await?;
        Ok(since)
    }

    async fn cut(&mut self, network: &TcpProxy, heals: bool) -> Result<Instant> {
        // A network that does not heal refuses connections: a node would notice a silent one only after the prober has
        // asked for its state.
        network.set(if !heals || self.random.random() { State::Refusing } else { State::Silent });
        self.pause(100..8_000).await;
        let since = Instant::now();
        if heals {
            network.set(State::Passing);
        }
        Ok(since)
    }
}
