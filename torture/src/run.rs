//! A run from its beginning to the verdict.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::Options;
use crate::api::Api;
use crate::chaos::{self, Fault, Plan, nodes};
use crate::checker::{Evidence, Violation, check};
use crate::client::page::Page;
use crate::client::resident::Resident;
use crate::client::watcher::Watcher;
use crate::client::{ClientSetup, Phase, Progress};
use crate::cluster::Cluster;
use crate::counters::Counters;
use crate::history::{Clock, History};
use crate::hostile;
use crate::households::{self, Household, Record};
use crate::node_view;
use crate::population::{Person, Population, SignIn};
use crate::prober::Prober;
use crate::proxy::{Balancer, Proxy};
use crate::sabotage;

/// How long clients may take to send their pending messages once the faults have ended.
const EMPTYING: Duration = Duration::from_secs(60);
/// How long clients may take to reach the server's state: longer than two heartbeats, whose heads reveal missing
/// events.
const SETTLING: Duration = Duration::from_secs(75);
/// The limit for both with a sabotaged server, whose clients are not expected to reach its state.
const SABOTAGED: Duration = Duration::from_secs(8);
/// How long the nodes may take to recover from a fault.
const WHOLE: Duration = Duration::from_secs(30);
/// The interval at which the server's lists of chats are read meanwhile.
const LOOK: Duration = Duration::from_millis(300);
/// The longest time for which somebody of a household is kept out, in milliseconds; longer with several nodes, so that the
/// other nodes are seen after they heard of it, and of a sabotaged server, so that some of its faults certainly fall into it.
const KEPT_OUT: u64 = 1_200;
const KEPT_OUT_LONGER: u64 = 6_000;
/// The first number of the clients that load afresh at the end.
const FRESH: u32 = 1_000_000;

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    pub counters: Counters,
    /// The faults, as lines to print.
    pub done: String,
    /// The first violation, if there was one.
    pub verdict: Result<(), Violation>,
}

struct RunContext {
    proxy: SocketAddr,
    direct: Api,
    through_proxy: Api,
    clock: Arc<Clock>,
    phase: watch::Sender<Phase>,
    progress: mpsc::UnboundedSender<Progress>,
    random: StdRng,
}

impl RunContext {
    async fn client_setup(
        &mut self,
        client: u32,
        person: &Person,
        chats: Vec<causerie_protocol::ChatId>,
    ) -> Result<ClientSetup> {
        Ok(ClientSetup {
            client,
            sign_in: SignIn::new(&self.direct, person).await?,
            address: self.proxy,
            api: self.through_proxy.clone(),
            direct: self.direct.clone(),
            phase: self.phase.subscribe(),
            progress: self.progress.clone(),
            seed: self.random.random(),
            chats,
        })
    }
}

/// Tortures a server, or several nodes, and checks them.
///
/// # Errors
/// [`crate::prober::NotWhole`] when a node does not recover; others when the run itself can't go on: a server does not
/// start, ends by itself, or does not end when asked to.
pub async fn run(options: &Options, program: &std::path::Path) -> Result<Outcome> {
    let seed = options.seed;
    let mut cluster = Cluster::start(program, options.nodes).await?;
    let balancer = cluster.balancer()?;
    // A network without faults, for the run's own requests.
    let direct_address = match options.nodes {
        1 => cluster.nodes[0].address(),
        _ => Proxy::start(balancer.clone(), 0.0, seed).await?.address(),
    };
    let direct = Api::new(direct_address)?;
    let population =
        Population::make(&direct, options.clients, options.chats).await.context("making people and chats")?;
    let mut prober = Prober::new(cluster.addresses(), &direct).await?;
    // Where the residents connect: to each node, without the bad network, so that nothing but the server holds them up.
    let mut doors = cluster.addresses();
    let upstream = match options.sabotage {
        Some(fault) if fault != sabotage::Fault::StayDeaf => {
            ensure!(options.nodes == 1, "this sabotage is made for a single server");
            let saboteur = sabotage::start(cluster.nodes[0].address(), fault).await?;
            if fault == sabotage::Fault::TellEverybody {
                doors = vec![saboteur];
            }
            Balancer::single(saboteur)
        }
        _ => balancer,
    };
    // A faulty server must not hide behind a bad network.
    let badness = if options.sabotage.is_some() { 0.5 } else { 1.0 };
    let proxy = Proxy::start(upstream, badness, seed ^ 1).await?;
    let clock = Clock::new();
    let (progress, mut progress_received) = mpsc::unbounded_channel();
    let mut context = RunContext {
        proxy: proxy.address(),
        through_proxy: Api::new(proxy.address())?,
        direct: direct.clone(),
        clock: clock.clone(),
        phase: watch::Sender::new(Phase::Running),
        progress,
        random: StdRng::seed_from_u64(seed),
    };
    let limit = |limit: Duration| if options.sabotage.is_some() { SABOTAGED } else { limit };
    let mut clients = JoinSet::new();
    let sign_ins = begin(&mut context, options, &population, &mut clients).await?;
    let names: HashSet<u32> = (1..).take(sign_ins.len()).collect();
    println!(
        "  {} people, {} chats, {} pages, {} programs on one chat each",
        population.people.len(),
        population.chats.len(),
        options.clients,
        options.watchers
    );

    let mallory = SignIn::new(&direct, &population.people[0]).await?;
    // A sabotaged server has no other clients, since they would hide its fault.
    let hostile_number = if options.sabotage.is_some() { 0 } else { options.hostile };
    let (mut hostile, hostile_counts) = hostile::start(
        hostile_number,
        direct_address,
        &mallory,
        population.chats[0].0,
        &context.phase.subscribe(),
        seed ^ 3,
    );
    let absences = Arc::new(Mutex::new(Vec::new()));
    let mut guests = JoinSet::new();
    for revolving in &population.revolving {
        let (phase, seed) = (context.phase.subscribe(), context.random.random());
        let (absences, clock) = (absences.clone(), clock.clone());
        guests.spawn(chaos::come_and_go(revolving.clone(), direct.clone(), absences, clock, phase, seed));
    }
    let kept = Arc::new(Mutex::new(Vec::new()));
    let mut troubles = Vec::new();
    let mut residents = JoinSet::<Result<Record>>::new();
    let nodes = u32::try_from(doors.len())?;
    for number in 0..options.households {
        let household = Arc::new(Household::make(&direct, number).await.context("making a household")?);
        for (node, address) in (0..).zip(&doors) {
            for resident in household.residents(node) {
                let (phase, seed) = (context.phase.subscribe(), context.random.random());
                let resident =
                    Resident::new(household.clone(), resident, *address, nodes, phase, clock.clone(), seed);
                residents.spawn(async { Ok(resident.run().await) });
            }
        }
        let keeper = households::Keeper {
            household,
            api: direct.clone(),
            moderator: population.sign_ins[0].clone(),
            kept: kept.clone(),
            clock: clock.clone(),
            longest_ms: if options.nodes == 1 && options.sabotage.is_none() {
                KEPT_OUT
            } else {
                KEPT_OUT_LONGER
            },
        };
        residents.spawn(keeper.run(context.phase.subscribe(), context.random.random()));
    }
    let done = if options.nodes == 1 {
        let plan = Plan {
            duration: options.duration(),
            kills: options.kills,
            restarts: options.restarts(),
            target: options.messages,
            seed: seed ^ 2,
        };
        let server = &mut cluster.nodes[0];
        chaos::run(&plan, server, &proxy, &sign_ins, &direct, &clock).await?.to_string()
    } else {
        let plan = nodes::Plan {
            duration: options.duration(),
            kinds: if options.only.is_empty() { Fault::ALL.to_vec() } else { options.only.clone() },
            each: options.each,
            messages: options.messages,
            limit: limit(WHOLE),
            stays_deaf: options.sabotage == Some(sabotage::Fault::StayDeaf),
            seed: seed ^ 2,
        };
        let targets = nodes::Targets {
            cluster: &mut cluster,
            proxy: &proxy,
            sign_ins: &sign_ins,
            direct: &direct,
            troubles: &mut troubles,
        };
        nodes::run(&plan, targets, &mut prober, &clock).await?.to_string()
    };

    println!("  faults stop; {} acknowledged; everything settles", clock.acked());
    proxy.heal();
    context.phase.send_replace(Phase::Emptying);
    while let Some(guest) = guests.join_next().await {
        guest.context("a guest's task failed")?.context("coming and going")?;
    }
    let mut records = Vec::new();
    while let Some(record) = residents.join_next().await {
        records.push(record.context("a resident's task failed")?.context("keeping people apart")?);
    }
    while let Some(ended) = hostile.join_next().await {
        ended.context("a hostile client's task failed")?;
    }
    let missing =
        wait_for(&mut progress_received, &names, limit(EMPTYING), Progress::Empty, || async { Ok(()) })
            .await?;
    say_missing("still have something unsent", &missing);
    let missing = settle(&context, &sign_ins, &mut progress_received, &names, limit(SETTLING)).await?;
    say_missing("do not show what the server shows", &missing);

    let mut fresh_clients = JoinSet::new();
    let mut fresh_names = HashSet::new();
    for (person, client) in population.people.iter().zip(FRESH..) {
        let setup = context.client_setup(client, person, Vec::new()).await?;
        fresh_clients.spawn(Page::new(setup, clock.clone()).run());
        fresh_names.insert(client);
    }
    let missing = settle(&context, &sign_ins, &mut progress_received, &fresh_names, limit(SETTLING)).await?;
    say_missing("do not show what the server shows after loading afresh", &missing);
    context.phase.send_replace(Phase::Over);
    let histories = collect(clients).await?;
    let fresh = collect(fresh_clients).await?;
    let node_views = node_view::read_all(&cluster.addresses(), &population).await?;
    let logs = cluster.end().await?;

    let evidence = Evidence {
        logs,
        node_views,
        histories,
        fresh: fresh
            .into_iter()
            .map(|history| (history.user, history.ending.map(|ending| ending.views).unwrap_or_default()))
            .collect(),
        absences: std::mem::take(&mut absences.lock().unwrap_or_else(PoisonError::into_inner)),
        residents: records,
        kept: std::mem::take(&mut kept.lock().unwrap_or_else(PoisonError::into_inner)),
        troubles,
    };
    print_faults(&proxy, &evidence);
    println!("{hostile_counts}");
    println!("  {:<40} {:>10}", "slow readers given up by a server", cluster.closed_with(4201));
    Ok(Outcome { counters: Counters::of(&evidence.histories), done, verdict: check(&evidence) })
}

/// Starts the pages, one for each person, and the watchers.
async fn begin(
    context: &mut RunContext,
    options: &Options,
    population: &Population,
    clients: &mut JoinSet<History>,
) -> Result<Vec<Arc<SignIn>>> {
    let mut sign_ins = Vec::new();
    let mut client = 0;
    for (place, person) in population.people.iter().enumerate() {
        client += 1;
        let chats = population.chats.iter().filter(|(_, members)| members.contains(&place));
        let setup = context.client_setup(client, person, chats.map(|(chat, _)| *chat).collect()).await?;
        sign_ins.push(setup.sign_in.clone());
        clients.spawn(Page::new(setup, context.clock.clone()).run());
    }
    for number in 0..options.watchers {
        client += 1;
        let (chat, members) = &population.chats[number % population.chats.len()];
        let member = members.choose(&mut context.random).context("a chat has members")?;
        let setup = context.client_setup(client, &population.people[*member], vec![*chat]).await?;
        sign_ins.push(setup.sign_in.clone());
        clients.spawn(Watcher::new(setup, *chat, context.clock.clone()).run());
    }
    Ok(sign_ins)
}

/// Waits until the clients show the server's state.
async fn settle(
    context: &RunContext,
    sign_ins: &[Arc<SignIn>],
    received: &mut mpsc::UnboundedReceiver<Progress>,
    names: &HashSet<u32>,
    limit: Duration,
) -> Result<HashSet<u32>> {
    wait_for(received, names, limit, Progress::Settled, || async {
        let mut chats = HashMap::new();
        for sign_in in sign_ins {
            let user = sign_in.person.user.id;
            if let Entry::Vacant(place) = chats.entry(user) {
                // The token was just revoked, and its client is about to renew it.
                let Ok(own) = context.direct.chats(&sign_in.token()).await else { continue };
                place.insert(own);
            }
        }
        context.phase.send_replace(Phase::Settling(Arc::new(chats)));
        Ok(())
    })
    .await
}

/// Waits until every client has reported this progress, and calls `meanwhile` repeatedly; returns the clients that did
/// not report it in time.
async fn wait_for<F: Future<Output = Result<()>>>(
    received: &mut mpsc::UnboundedReceiver<Progress>,
    names: &HashSet<u32>,
    limit: Duration,
    progress: fn(u32) -> Progress,
    mut meanwhile: impl FnMut() -> F,
) -> Result<HashSet<u32>> {
    let mut missing = names.clone();
    let end = Instant::now() + limit;
    while !missing.is_empty() && Instant::now() < end {
        meanwhile().await?;
        let look = Instant::now() + LOOK;
        while let Ok(Some(reported)) = tokio::time::timeout_at(look, received.recv()).await {
            missing.retain(|name| progress(*name) != reported);
            if missing.is_empty() {
                break;
            }
        }
    }
    Ok(missing)
}

fn say_missing(what: &str, missing: &HashSet<u32>) {
    if !missing.is_empty() {
        println!("  clients {missing:?} {what}");
    }
}

async fn collect(mut clients: JoinSet<History>) -> Result<Vec<History>> {
    let mut histories = Vec::new();
    while let Some(history) =
        timeout(Duration::from_secs(20), clients.join_next()).await.context("a client hangs")?
    {
        histories.push(history.context("a client's task failed")?);
    }
    histories.sort_by_key(|history| history.client);
    Ok(histories)
}

fn print_faults(proxy: &Proxy, evidence: &Evidence) {
    let faults = proxy.faults();
    let rows = [
        ("connections through the proxy", &faults.connections),
        ("  slowed down", &faults.slowed),
        ("  ended early with a FIN", &faults.fins),
        ("  ended with a RST", &faults.resets),
        ("  ended in the middle of a frame", &faults.truncated),
        ("  left half open", &faults.half_opens),
        ("  cut in a storm or an outage", &faults.storms),
        ("  refused in an outage", &faults.refused),
    ];
    for (what, count) in rows {
        println!("  {what:<40} {:>10}", count.load(Ordering::Relaxed));
    }
    println!("  {:<40} {:>10}", "times that a user left a group", evidence.absences.len());
    println!("  {:<40} {:>10}", "blocks, removals and suspensions", evidence.kept.len());
    let reached: usize = evidence.residents.iter().map(|record| record.reached.len()).sum();
    println!("  {:<40} {reached:>10}", "  frames checked against them");
}
