//! What a message costs in a chat with more and more messages, and the list of chats with more and more chats.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use causerie_protocol::rest::{CreateChat, UserRef};
use causerie_protocol::{ChatTitle, paths};
use causerie_testkit::Api;
use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use reqwest::Method;
use tokio_tungstenite::tungstenite::Message;

use super::{Plan, show_alone};
use crate::people::{self, Person, Seat};
use crate::process::Process;
use crate::stats::{micros_each, percentile};
use crate::table::{Figure, Unit};
use crate::talk::{TEXT, Talk, Window, talk};

/// Messages in a log, before the plan's own number.
const LOGS: [usize; 2] = [100, 10_000];
/// Chats in a list.
const LISTS: [usize; 3] = [10, 1_000, 10_000];
/// Requests that are measured, after some that warm the caches.
const REQUESTS: usize = 200;
const WARM_UP: usize = 20;
/// Messages that fill a log, on their way at a time.
const AT_A_TIME: usize = 500;

pub(super) async fn growth(plan: &Plan) -> Result<()> {
    let (mut messages, mut lists) = (Vec::new(), Vec::new());
    for _ in 0..plan.runs {
        let process = plan.causerie().await?;
        messages.push(logs(plan, &process).await?);
        lists.push(chats(plan, &process).await?);
    }
    show_alone(&messages, Some(2));
    show_alone(&lists, Some(2));
    Ok(())
}

/// One chat whose log grows, and the rest of the database with it.
async fn logs(plan: &Plan, process: &Process) -> Result<Vec<Figure>> {
    let people = people::register(process.address, 2).await?;
    let chat = people::pair(process.address, &people[0], &people[1]).await?;
    let seats: Vec<Seat> = people.iter().map(|person| Seat { chat, token: person.token.clone() }).collect();
    let load = Talk { senders: 2, in_flight: 32, window: Window::Acknowledged };
    let mut figures = Vec::new();
    let mut stored = 0;
    for count in LOGS.into_iter().chain([plan.growth]) {
        stored += fill(process, &seats[0], stored, count.saturating_sub(stored)).await?;
        let page = page_of(process, &people[0], &paths::messages(chat)).await?;
        let outcome =
            talk(plan, process, std::slice::from_ref(&seats), load, &format!("growth-{count}")).await?;
        let cpu = micros_each(outcome.cpu, outcome.acked);
        figures.push(Figure::new(
            format!("{count} messages in the log: server CPU a message"),
            cpu,
            Unit::Micros,
        ));
        figures.push(Figure::micros(format!("{count} messages in the log: the newest page, p50"), page));
        stored += usize::try_from(outcome.acked)?;
    }
    Ok(figures)
}

/// Sends so many messages, each a batch of which is acknowledged before the next.
async fn fill(process: &Process, seat: &Seat, first: usize, count: usize) -> Result<usize> {
    let mut socket = people::open(process, std::slice::from_ref(seat), 0).await?.remove(0);
    let numbers: Vec<usize> = (first..first + count).collect();
    for batch in numbers.chunks(AT_A_TIME) {
        for number in batch {
            let text = format!(r#"{{"type":"message","text":"{TEXT}","client_id":"fill-{number}"}}"#);
            socket.feed(Message::text(text)).await?;
        }
        socket.flush().await?;
        let mut unanswered = batch.len();
        while unanswered > 0 {
            let Some(message) = socket.next().await else { break };
            if message?.to_text().is_ok_and(|text| text.starts_with(r#"{"type":"ack""#)) {
                unanswered -= 1;
            }
        }
        ensure!(unanswered == 0, "the server closed the socket that fills a log");
    }
    Ok(count)
}

/// How long a page of history or a list takes.
async fn page_of(process: &Process, person: &Person, path: &str) -> Result<Duration> {
    let api = Api::new(process.address)?;
    let mut times = Vec::new();
    for _ in 0..WARM_UP + REQUESTS {
        let begin = Instant::now();
        let answer = api.call::<()>(Method::GET, path, Some(&person.token), None).await?;
        ensure!(answer.status().is_success(), "{path} was refused with {}", answer.status());
        answer.bytes().await?;
        times.push(begin.elapsed());
    }
    let mut times = times.split_off(WARM_UP);
    times.sort_unstable();
    Ok(percentile(&times, 50))
}

/// One person's list that grows: the first page of it, as the page of Causerie loads it.
async fn chats(plan: &Plan, process: &Process) -> Result<Vec<Figure>> {
    let people = people::register_from(process.address, 2, 2).await?;
    let api = &Api::new(process.address)?;
    let (owner, other) = (&people[0], &people[1]);
    let mut figures = Vec::new();
    let mut there = 0;
    for count in LISTS {
        let started = stream::iter(there..count).map(async |number| {
            let participants = vec![UserRef::Email(other.email.clone())];
            let chat = CreateChat {
                participants,
                title: Some(ChatTitle::new(format!("Chat {number}"))?),
                client_id: None,
            };
            api.start_chat(&owner.token, &chat).await.map(drop)
        });
        started.buffer_unordered(16).try_collect::<()>().await?;
        there = count;
        let path = format!("{}?limit=10", paths::CHATS);
        let watch = process.watch(plan.profiler.as_ref(), &format!("list-{count}"))?;
        let time = page_of(process, owner, &path).await?;
        let cpu = micros_each(watch.end()?, (WARM_UP + REQUESTS) as u64);
        figures.push(Figure::micros(format!("{count} chats: the first ten of the list, p50"), time));
        figures.push(Figure::new(format!("{count} chats: server CPU for them"), cpu, Unit::Micros));
    }
    Ok(figures)
}
