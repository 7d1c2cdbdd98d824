//! What a message, a list of chats and a group cost as there is more and more of each. Every size has a server of its own.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use causerie_protocol::{ChatId, paths};
use causerie_testkit::Api;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{Plan, show_alone};
use crate::fill::Filler;
use crate::people::{self, Person, Seat, Socket};
use crate::process::Process;
use crate::stats::{micros_each, percentile};
use crate::table::{Figure, Unit};
use crate::talk::{Talk, Window, talk};

/// Messages in a log, before the plan's own number.
const LOGS: [usize; 2] = [100, 10_000];
/// Chats in a list.
const LISTS: [usize; 3] = [10, 1_000, 10_000];
/// People in a group.
const GROUPS: [usize; 2] = [50, 500];
/// Requests that are measured, after some that warm the caches.
const REQUESTS: usize = 200;
const WARM_UP: usize = 20;
/// How many people of a group say that they are typing, each in a turn of its own.
const TYPING: usize = 50;
/// How long a notice may be on its way.
const NOTICE: Duration = Duration::from_secs(20);

pub(super) async fn growth(plan: &Plan) -> Result<()> {
    let (mut messages, mut lists, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.runs {
        let mut figures = Vec::new();
        for count in LOGS.into_iter().chain([plan.growth]) {
            figures.extend(log(plan, count).await?);
        }
        messages.push(figures);
        let mut figures = Vec::new();
        for count in LISTS {
            figures.extend(list(plan, count).await?);
        }
        lists.push(figures);
        let mut figures = Vec::new();
        for count in GROUPS {
            figures.extend(group(plan, count).await?);
        }
        groups.push(figures);
    }
    show_alone(&messages, Some(2));
    show_alone(&lists, Some(2));
    show_alone(&groups, Some(3));
    Ok(())
}

/// A chat whose log has so many messages when two people write into it.
async fn log(plan: &Plan, count: usize) -> Result<Vec<Figure>> {
    let process = &plan.causerie().await?;
    let people = people::register(process.address, 2).await?;
    let chat = people::pair(process.address, &people[0], &people[1]).await?;
    Filler::of(process).await?.messages(chat, [people[0].id, people[1].id], count).await?;
    let page = page_of(process, &people[0], &paths::messages(chat)).await?;
    let seats: Vec<Seat> = people.iter().map(|person| Seat { chat, token: person.token.clone() }).collect();
    let load = Talk { senders: 2, in_flight: 32, window: Window::Acknowledged };
    let outcome = talk(plan, process, &[seats], load, &format!("log-{count}")).await?;
    let cpu = micros_each(outcome.cpu, outcome.acked);
    Ok(vec![
        Figure::new(format!("{count} messages in the log: server CPU a message"), cpu, Unit::Micros),
        Figure::micros(format!("{count} messages in the log: the newest page, p50"), page),
    ])
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

/// The first page of the list of somebody who is in so many chats.
async fn list(plan: &Plan, count: usize) -> Result<Vec<Figure>> {
    let process = &plan.causerie().await?;
    let people = people::register(process.address, 2).await?;
    Filler::of(process).await?.groups([people[0].id, people[1].id], count).await?;
    let path = format!("{}?limit=10", paths::CHATS);
    let watch = process.watch(plan.profiler.as_ref(), &format!("list-{count}"))?;
    let time = page_of(process, &people[0], &path).await?;
    let cpu = micros_each(watch.end()?, (WARM_UP + REQUESTS) as u64);
    Ok(vec![
        Figure::micros(format!("{count} chats: the first ten of the list, p50"), time),
        Figure::new(format!("{count} chats: server CPU for them"), cpu, Unit::Micros),
    ])
}

/// A group of so many people who all have a socket; some of them are typing, and one sends messages.
async fn group(plan: &Plan, count: usize) -> Result<Vec<Figure>> {
    let process = &plan.causerie().await?;
    let mut filler = Filler::of(process).await?;
    let people = filler.people(count).await?;
    let chat = filler.group(&people).await?;
    let seats: Vec<Seat> = people.iter().map(|person| Seat { chat, token: person.token.clone() }).collect();
    let typing = {
        let mut sockets = people::open(process, &seats, 0).await?;
        let watch = process.watch(plan.profiler.as_ref(), &format!("typing-{count}"))?;
        for place in 0..TYPING.min(count) {
            say_typing(&mut sockets, place, chat).await?;
        }
        let notices = TYPING.min(count) * (count - 1);
        micros_each(watch.end()?, notices as u64)
    };
    let presence = {
        let watch = process.watch(plan.profiler.as_ref(), &format!("online-{count}"))?;
        let mut sockets: Vec<Socket> = Vec::with_capacity(count);
        for (number, person) in people.iter().enumerate() {
            let mut socket = people::socket_for_all(process.address, &person.token, number).await?;
            wait_for(&mut socket, r#"{"type":"welcome""#).await?;
            if let Some(first) = sockets.first_mut() {
                wait_for(first, r#"{"type":"presence""#).await?;
            }
            sockets.push(socket);
        }
        micros_each(watch.end()?, (count * (count - 1) / 2) as u64)
    };
    let load = Talk { senders: 1, in_flight: 32, window: Window::Acknowledged };
    let outcome = talk(plan, process, &[seats], load, &format!("group-{count}")).await?;
    let message = micros_each(outcome.cpu, outcome.delivered());
    let name = |what: &str| format!("group of {count}, all online: server CPU {what}");
    Ok(vec![
        Figure::new(name("a delivery of a message"), message, Unit::Micros),
        Figure::new(name("a notice of typing"), typing, Unit::Micros),
        Figure::new(name("a notice that somebody came online"), presence, Unit::Micros),
    ])
}

/// One person is typing, and everybody else sees it.
async fn say_typing(sockets: &mut [Socket], place: usize, chat: ChatId) -> Result<()> {
    let frame = format!(r#"{{"type":"typing","chat_id":{chat}}}"#);
    sockets[place].send(Message::text(frame)).await?;
    for (other, socket) in sockets.iter_mut().enumerate() {
        if other != place {
            wait_for(socket, r#"{"type":"typing""#).await?;
        }
    }
    Ok(())
}

/// Reads until a frame begins like this.
async fn wait_for(socket: &mut Socket, beginning: &str) -> Result<()> {
    loop {
        let message = timeout(NOTICE, socket.next()).await.with_context(|| format!("no {beginning} came"))?;
        let message = message.context("the server closed the socket")??;
        if message.to_text().is_ok_and(|text| text.starts_with(beginning)) {
            return Ok(());
        }
    }
}
