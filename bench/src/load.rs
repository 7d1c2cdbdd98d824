//! The measurements: each starts its servers, loads them, and prints its rows.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use causerie_protocol::ChatId;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::people::{self, Person, Socket};
use crate::process::Process;
use crate::table::{median, micros, percentile, rate, row};

/// The options of all measurements.
pub(crate) struct Plan {
    pub(crate) server: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
}

/// How many messages a sender has in flight.
const IN_FLIGHT: usize = 32;
/// A sentence of the usual length.
const TEXT: &str = "Seven, at the entrance? I bring the umbrella and the tickets.";

/// The figures of one load.
#[derive(Clone, Default)]
struct Outcome {
    acked: u64,
    delivered: u64,
    latencies: Vec<Duration>,
    took: Duration,
    cpu: Duration,
}

impl Outcome {
    fn cpu_per_delivery(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.delivered.max(1) as f64
    }
}

#[derive(Default)]
struct Counters {
    stop: AtomicBool,
    acked: AtomicU64,
    delivered: AtomicU64,
}

/// One client: sends messages if `sends`, and counts frames. The bare room has no acks (`acks` is false): there an own
/// message that comes back counts as acknowledged.
async fn take_part(
    mut socket: Socket,
    name: String,
    sends: bool,
    acks: bool,
    counters: Arc<Counters>,
) -> Result<Vec<Duration>> {
    let mut sent: VecDeque<Instant> = VecDeque::new();
    let mut latencies = Vec::new();
    let mut number = 0_u64;
    let own = format!("\"client_id\":\"{name}-");
    loop {
        let stop = counters.stop.load(Ordering::Relaxed);
        if sends && !stop && sent.len() <= IN_FLIGHT / 2 {
            while sent.len() < IN_FLIGHT {
                let frame = format!(r#"{{"type":"message","text":"{TEXT}","client_id":"{name}-{number}"}}"#);
                socket.feed(Message::text(frame)).await?;
                sent.push_back(Instant::now());
                number += 1;
            }
            socket.flush().await?;
        }
        let next = tokio::time::timeout(Duration::from_millis(250), socket.next()).await;
        let Ok(next) = next else {
            if stop {
                return Ok(latencies);
            }
            continue;
        };
        let Message::Text(text) = next.context("the server closed the socket")?? else { continue };
        let is_message = text.starts_with(r#"{"type":"message""#);
        if is_message {
            counters.delivered.fetch_add(1, Ordering::Relaxed);
        }
        let acked =
            if acks { text.starts_with(r#"{"type":"ack""#) } else { is_message && text.contains(&own) };
        if acked {
            counters.acked.fetch_add(1, Ordering::Relaxed);
            if let Some(sent) = sent.pop_front() {
                latencies.push(sent.elapsed());
            }
        }
    }
}

/// Lets the sockets send and receive for the plan's time, and counts.
async fn talk(plan: &Plan, process: &Process, sockets: Vec<(Socket, bool)>, acks: bool) -> Result<Outcome> {
    let counters = Arc::new(Counters::default());
    let cpu = process.cpu()?;
    let begin = Instant::now();
    let tasks: Vec<_> = sockets
        .into_iter()
        .enumerate()
        .map(|(number, (socket, sends))| {
            tokio::spawn(take_part(socket, format!("s{number}"), sends, acks, Arc::clone(&counters)))
        })
        .collect();
    #[expect(clippy::disallowed_methods, reason = "how long is measured")]
    tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
    let mut outcome = Outcome {
        acked: counters.acked.load(Ordering::Relaxed),
        delivered: counters.delivered.load(Ordering::Relaxed),
        took: begin.elapsed(),
        cpu: process.cpu()? - cpu,
        latencies: Vec::new(),
    };
    counters.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        outcome.latencies.extend(task.await??);
    }
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

/// Takes one figure from an outcome.
type Figure<'a> = &'a dyn Fn(&Outcome) -> f64;

/// Runs both servers in turns and shows the medians.
async fn compare(
    plan: &Plan,
    what: &str,
    causerie: impl AsyncFn(&Process) -> Result<Outcome>,
    bare: impl AsyncFn(&Process) -> Result<Outcome>,
) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds.max(1) {
        ours.push(causerie(&Process::causerie(&plan.server).await?).await?);
        theirs.push(bare(&Process::bare().await?).await?);
    }
    let figure =
        |outcomes: &[Outcome], of: Figure<'_>| median(&mut outcomes.iter().map(of).collect::<Vec<_>>());
    let rows: [(&str, &str, Figure<'_>); 5] = [
        ("acknowledged a second", "", &|outcome| rate(outcome.acked, outcome.took)),
        ("delivered a second", "", &|outcome| rate(outcome.delivered, outcome.took)),
        ("server CPU per delivery", " µs", &Outcome::cpu_per_delivery),
        ("send to acknowledgement, p50", " ms", &|outcome| {
            percentile(&outcome.latencies, 50).as_secs_f64() * 1e3
        }),
        ("send to acknowledgement, p99", " ms", &|outcome| {
            percentile(&outcome.latencies, 99).as_secs_f64() * 1e3
        }),
    ];
    for (name, unit, of) in rows {
        let (a, b) = (figure(&ours, of), figure(&theirs, of));
        let digits = if unit.is_empty() { 0 } else { 2 };
        row(
            &format!("{what}: {name}"),
            &format!("{a:.digits$}{unit}"),
            &format!("{b:.digits$}{unit}"),
            Some(a / b),
        );
    }
    Ok(())
}

/// Fifty chats of two users, who all send.
pub(crate) async fn chats(plan: &Plan) -> Result<()> {
    const CHATS: usize = 50;
    compare(
        plan,
        "50 chats of two",
        async |process| {
            let people = people::register(process.address, 2 * CHATS).await?;
            let mut sockets = Vec::new();
            for pair in people.chunks(2) {
                let chat = people::pair(process.address, &pair[0], &pair[1]).await?;
                for person in pair {
                    sockets.push((people::socket(process.address, chat, &person.token).await?, true));
                }
            }
            talk(plan, process, sockets, true).await
        },
        async |process| {
            let mut sockets = Vec::new();
            for number in 0..2 * CHATS {
                sockets.push((
                    people::socket(process.address, ChatId(number as i64 / 2), &no_token()).await?,
                    true,
                ));
            }
            talk(plan, process, sockets, false).await
        },
    )
    .await
}

/// One chat with two hundred sockets, of which one sends.
pub(crate) async fn room(plan: &Plan) -> Result<()> {
    const SOCKETS: usize = 200;
    compare(
        plan,
        "one chat, 200 sockets",
        async |process| {
            let (people, chat) = two(process).await?;
            let mut sockets = Vec::new();
            for number in 0..SOCKETS {
                let token = &people[number % 2].token;
                sockets.push((people::socket(process.address, chat, token).await?, number == 0));
            }
            talk(plan, process, sockets, true).await
        },
        async |process| {
            let mut sockets = Vec::new();
            for number in 0..SOCKETS {
                sockets.push((people::socket(process.address, ChatId(1), &no_token()).await?, number == 0));
            }
            talk(plan, process, sockets, false).await
        },
    )
    .await
}

async fn two(process: &Process) -> Result<(Vec<Person>, ChatId)> {
    let people = people::register(process.address, 2).await?;
    let chat = people::pair(process.address, &people[0], &people[1]).await?;
    Ok((people, chat))
}

/// A string of the length of a token, for the bare room, which checks none.
fn no_token() -> String {
    "x".repeat(causerie_protocol::limits::TOKEN_CHARS)
}

/// Two users, one message at a time: the time from the send to the receipt by the other user.
pub(crate) async fn pair(plan: &Plan) -> Result<()> {
    let process = Process::causerie(&plan.server).await?;
    let (people, chat) = two(&process).await?;
    let mut ours = one_at_a_time(&process, chat, &people[0].token, &people[1].token).await?;
    let bare = Process::bare().await?;
    let mut theirs = one_at_a_time(&bare, ChatId(1), &no_token(), &no_token()).await?;
    let sync = fdatasync()?;
    let (a, b) = (median(&mut ours), median(&mut theirs));
    row(
        "one pair, unloaded: send to receipt, p50",
        &micros(a),
        &micros(b),
        Some(a.as_secs_f64() / b.as_secs_f64()),
    );
    row("of that, one fdatasync of this disk, p50", &micros(sync), "", None);
    Ok(())
}

async fn one_at_a_time(process: &Process, chat: ChatId, from: &str, to: &str) -> Result<Vec<Duration>> {
    let mut sender = people::socket(process.address, chat, from).await?;
    let mut receiver = people::socket(process.address, chat, to).await?;
    let mut times = Vec::new();
    for number in 0..500 {
        let text = format!(r#"{{"type":"message","text":"{TEXT}","client_id":"p-{number}"}}"#);
        let needle = format!("\"p-{number}\"");
        let begin = Instant::now();
        sender.send(Message::text(text)).await?;
        loop {
            let message = receiver.next().await.context("the server closed the socket")??;
            if message.to_text().is_ok_and(|text| text.contains(&needle)) {
                break;
            }
        }
        times.push(begin.elapsed());
        // The sender reads its own messages and acks, so that its receive buffer never fills.
        while let Ok(Some(message)) = tokio::time::timeout(Duration::from_micros(50), sender.next()).await {
            message?;
        }
    }
    // The first messages are left out: they warm the caches.
    Ok(times.split_off(50))
}

/// The median time of one fdatasync on this disk.
fn fdatasync() -> Result<Duration> {
    use std::io::Write;
    let mut file = tempfile::tempfile()?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.write_all(&[7; 4096])?;
        let begin = Instant::now();
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    Ok(median(&mut times))
}

/// The resident memory of an idle socket.
pub(crate) async fn idle(plan: &Plan, count: usize) -> Result<()> {
    let process = Process::causerie(&plan.server).await?;
    let (people, chat) = two(&process).await?;
    let ours = resident_per_socket(&process, chat, &people[0].token, count).await?;
    let bare = Process::bare().await?;
    let theirs = resident_per_socket(&bare, ChatId(1), &no_token(), count).await?;
    row(
        &format!("{count} idle sockets: resident bytes each"),
        &format!("{ours:.0}"),
        &format!("{theirs:.0}"),
        Some(ours / theirs),
    );
    Ok(())
}

async fn resident_per_socket(process: &Process, chat: ChatId, token: &str, count: usize) -> Result<f64> {
    // The first sockets allocate memory that the process keeps; it belongs to none of the measured ones.
    drop(open_many(process, chat, token, 100).await?);
    let before = process.resident()?;
    let sockets = open_many(process, chat, token, count).await?;
    let after = process.resident()?;
    drop(sockets);
    Ok(after.saturating_sub(before) as f64 / count as f64)
}

async fn open_many(process: &Process, chat: ChatId, token: &str, count: usize) -> Result<Vec<Socket>> {
    let mut sockets = Vec::with_capacity(count);
    for _ in 0..count {
        sockets.push(people::socket(process.address, chat, token).await?);
    }
    Ok(sockets)
}

/// Connections a second: each is opened with a token, gets its `welcome`, and is closed.
pub(crate) async fn connect(plan: &Plan) -> Result<()> {
    let process = Process::causerie(&plan.server).await?;
    let (people, chat) = two(&process).await?;
    let ours = connections(plan, &process, chat, &people[0].token, true).await?;
    let bare = Process::bare().await?;
    let theirs = connections(plan, &bare, ChatId(1), &no_token(), false).await?;
    row("connections a second", &format!("{ours:.0}"), &format!("{theirs:.0}"), Some(ours / theirs));
    Ok(())
}

async fn connections(
    plan: &Plan,
    process: &Process,
    chat: ChatId,
    token: &str,
    welcomed: bool,
) -> Result<f64> {
    const WORKERS: usize = 16;
    let done = Arc::new(AtomicU64::new(0));
    let begin = Instant::now();
    let until = begin + Duration::from_secs(plan.seconds);
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        let (address, token, done) = (process.address, token.to_owned(), Arc::clone(&done));
        workers.push(tokio::spawn(async move {
            while Instant::now() < until {
                let mut socket = people::socket(address, chat, &token).await?;
                if welcomed {
                    socket.next().await.context("the server closed the socket")??;
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    Ok(rate(done.load(Ordering::Relaxed), begin.elapsed()))
}

/// The time from the start of the process until it announces that it listens, with a new database.
pub(crate) async fn start(plan: &Plan) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(Process::causerie(&plan.server).await?.started_in);
    }
    let time = median(&mut times);
    row("start to serving, new database", &format!("{:.1} ms", time.as_secs_f64() * 1e3), "", None);
    Ok(())
}
