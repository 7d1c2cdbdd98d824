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
use crate::client::watcher::Watcher;
use crate::client::{Phase, Post, Word};
use crate::cluster::Cluster;
use crate::history::{Clock, History};
use crate::hostile;
use crate::prober::Prober;
use crate::proxy::{Balancer, Proxy};
use crate::reading;
use crate::sabotage;
use crate::tally::Tally;
use crate::world::{Person, SignIn, World};

/// How long getting rid of what is unsent may take once faults have stopped.
const EMPTYING: Duration = Duration::from_secs(60);
/// How long showing what the server shows may take; longer than two heartbeats, which reveal a lost tail.
const SETTLING: Duration = Duration::from_secs(75);
/// As long as both may take with a server that is meant not to get there.
const SABOTAGED: Duration = Duration::from_secs(8);
/// How long the nodes may take until they are whole after a fault.
const WHOLE: Duration = Duration::from_secs(30);
/// How often the server's list is read meanwhile.
const LOOK: Duration = Duration::from_millis(300);
/// Clients that load afresh at the end have numbers from here on.
const FRESH: u32 = 1_000_000;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The counts.
    pub tally: Tally,
    /// What was done to the servers and the network, as lines for a person.
    pub done: String,
    /// The first broken promise.
    pub verdict: Result<(), Violation>,
}

/// What all clients of a run share.
struct Stage {
    proxy: SocketAddr,
    direct: Api,
    through_proxy: Api,
    clock: Arc<Clock>,
    phase: watch::Sender<Phase>,
    words: mpsc::UnboundedSender<Word>,
    random: StdRng,
}

impl Stage {
    async fn post(
        &mut self,
        client: u32,
        person: &Person,
        chats: Vec<causerie_protocol::ChatId>,
    ) -> Result<Post> {
        Ok(Post {
            client,
            sign_in: SignIn::new(&self.direct, person).await?,
            address: self.proxy,
            api: self.through_proxy.clone(),
            direct: self.direct.clone(),
            phase: self.phase.subscribe(),
            words: self.words.clone(),
            seed: self.random.random(),
            chats,
        })
    }
}

/// Tortures a server, or several nodes, and checks them.
///
/// # Errors
/// [`crate::prober::NotWhole`] when a node does not heal; others when the run itself can't go on: a server does not
/// start, ends by itself, or does not end when asked to.
pub async fn run(options: &Options, program: &std::path::Path) -> Result<Outcome> {
    let seed = options.seed;
    let mut cluster = Cluster::start(program, options.nodes).await?;
    let balancer = cluster.balancer()?;
    // A perfect network, for what the run itself has to ask.
    let direct_address = match options.nodes {
        1 => cluster.nodes[0].address(),
        _ => Proxy::start(balancer.clone(), 0.0, seed).await?.address(),
    };
    let direct = Api::new(direct_address)?;
    let world =
        World::make(&direct, options.clients, options.chats).await.context("making people and chats")?;
    let mut prober = Prober::new(cluster.addresses(), &direct).await?;
    let upstream = match options.sabotage {
        Some(fault) if fault != sabotage::Fault::StayDeaf => {
            ensure!(options.nodes == 1, "this sabotage is made for a single server");
            Balancer::single(sabotage::start(cluster.nodes[0].address(), fault).await?)
        }
        _ => balancer,
    };
    // A faulty server must not hide behind a bad network.
    let badness = if options.sabotage.is_some() { 0.5 } else { 1.0 };
    let proxy = Proxy::start(upstream, badness, seed ^ 1).await?;
    let clock = Clock::new();
    let (words, mut heard) = mpsc::unbounded_channel();
    let mut stage = Stage {
        proxy: proxy.address(),
        through_proxy: Api::new(proxy.address())?,
        direct: direct.clone(),
        clock: clock.clone(),
        phase: watch::Sender::new(Phase::Running),
        words,
        random: StdRng::seed_from_u64(seed),
    };
    let limit = |limit: Duration| if options.sabotage.is_some() { SABOTAGED } else { limit };
    let mut clients = JoinSet::new();
    let sign_ins = begin(&mut stage, options, &world, &mut clients).await?;
    let names: HashSet<u32> = (1..).take(sign_ins.len()).collect();
    println!(
        "  {} people, {} chats, {} pages, {} programs on one chat each",
        world.people.len(),
        world.chats.len(),
        options.clients,
        options.watchers
    );

    let mallory = SignIn::new(&direct, &world.people[0]).await?;
    // A faulty server stands behind the proxy, and its clients are all that it shall meet.
    let hostile_number = if options.sabotage.is_some() { 0 } else { options.hostile };
    let (mut hostile, hostile_counts) = hostile::start(
        hostile_number,
        direct_address,
        &mallory,
        world.chats[0].0,
        &stage.phase.subscribe(),
        seed ^ 3,
    );
    let absences = Arc::new(Mutex::new(Vec::new()));
    let mut guests = JoinSet::new();
    for revolving in &world.revolving {
        let (phase, seed) = (stage.phase.subscribe(), stage.random.random());
        let (absences, clock) = (absences.clone(), clock.clone());
        guests.spawn(chaos::come_and_go(revolving.clone(), direct.clone(), absences, clock, phase, seed));
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
        let targets =
            nodes::Targets { cluster: &mut cluster, proxy: &proxy, sign_ins: &sign_ins, direct: &direct };
        nodes::run(&plan, targets, &mut prober, &clock).await?.to_string()
    };

    println!("  faults stop; {} acknowledged; everything settles", clock.acked());
    proxy.heal();
    stage.phase.send_replace(Phase::Emptying);
    while let Some(guest) = guests.join_next().await {
        guest.context("a guest's task failed")?.context("coming and going")?;
    }
    while let Some(ended) = hostile.join_next().await {
        ended.context("a hostile client's task failed")?;
    }
    let missing = wait_for(&mut heard, &names, limit(EMPTYING), Word::Empty, || async { Ok(()) }).await?;
    say_missing("still have something unsent", &missing);
    let missing = settle(&stage, &sign_ins, &mut heard, &names, limit(SETTLING)).await?;
    say_missing("do not show what the server shows", &missing);

    let mut fresh_clients = JoinSet::new();
    let mut fresh_names = HashSet::new();
    for (person, client) in world.people.iter().zip(FRESH..) {
        let post = stage.post(client, person, Vec::new()).await?;
        fresh_clients.spawn(Page::new(post, clock.clone()).run());
        fresh_names.insert(client);
    }
    let missing = settle(&stage, &sign_ins, &mut heard, &fresh_names, limit(SETTLING)).await?;
    say_missing("do not show what the server shows after loading afresh", &missing);
    stage.phase.send_replace(Phase::Over);
    let histories = collect(clients).await?;
    let fresh = collect(fresh_clients).await?;
    let readings = reading::of_all(&cluster.addresses(), &world).await?;
    let logs = cluster.end().await?;

    let evidence = Evidence {
        logs,
        readings,
        histories,
        fresh: fresh
            .into_iter()
            .map(|history| (history.user, history.ending.map(|ending| ending.views).unwrap_or_default()))
            .collect(),
        absences: std::mem::take(&mut absences.lock().unwrap_or_else(PoisonError::into_inner)),
    };
    print_faults(&proxy, &evidence);
    println!("{hostile_counts}");
    println!("  {:<40} {:>10}", "slow readers given up by a server", cluster.closed_with(4201));
    Ok(Outcome { tally: Tally::of(&evidence.histories), done, verdict: check(&evidence) })
}

/// Starts the pages, one a person, and the watchers.
async fn begin(
    stage: &mut Stage,
    options: &Options,
    world: &World,
    clients: &mut JoinSet<History>,
) -> Result<Vec<Arc<SignIn>>> {
    let mut sign_ins = Vec::new();
    let mut client = 0;
    for (place, person) in world.people.iter().enumerate() {
        client += 1;
        let chats = world.chats.iter().filter(|(_, members)| members.contains(&place));
        let post = stage.post(client, person, chats.map(|(chat, _)| *chat).collect()).await?;
        sign_ins.push(post.sign_in.clone());
        clients.spawn(Page::new(post, stage.clock.clone()).run());
    }
    for number in 0..options.watchers {
        client += 1;
        let (chat, members) = &world.chats[number % world.chats.len()];
        let member = members.choose(&mut stage.random).context("a chat has members")?;
        let post = stage.post(client, &world.people[*member], vec![*chat]).await?;
        sign_ins.push(post.sign_in.clone());
        clients.spawn(Watcher::new(post, *chat, stage.clock.clone()).run());
    }
    Ok(sign_ins)
}

/// Waits until the clients show what the server shows.
async fn settle(
    stage: &Stage,
    sign_ins: &[Arc<SignIn>],
    heard: &mut mpsc::UnboundedReceiver<Word>,
    names: &HashSet<u32>,
    limit: Duration,
) -> Result<HashSet<u32>> {
    wait_for(heard, names, limit, Word::Settled, || async {
        let mut chats = HashMap::new();
        for sign_in in sign_ins {
            let user = sign_in.person.user.id;
            if let Entry::Vacant(place) = chats.entry(user) {
                // A token that was revoked a moment ago: its client is about to renew it.
                let Ok(own) = stage.direct.chats(&sign_in.token()).await else { continue };
                place.insert(own);
            }
        }
        stage.phase.send_replace(Phase::Settling(Arc::new(chats)));
        Ok(())
    })
    .await
}

/// Waits until every client has said a word, and does something meanwhile; gives those that did not say it in time.
async fn wait_for<F: Future<Output = Result<()>>>(
    heard: &mut mpsc::UnboundedReceiver<Word>,
    names: &HashSet<u32>,
    limit: Duration,
    word: fn(u32) -> Word,
    mut meanwhile: impl FnMut() -> F,
) -> Result<HashSet<u32>> {
    let mut missing = names.clone();
    let end = Instant::now() + limit;
    while !missing.is_empty() && Instant::now() < end {
        meanwhile().await?;
        let look = Instant::now() + LOOK;
        while let Ok(Some(said)) = tokio::time::timeout_at(look, heard.recv()).await {
            missing.retain(|name| word(*name) != said);
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
    println!("  {:<40} {:>10}", "times that somebody left a group", evidence.absences.len());
}
