//! The page in Chromium with its processor throttled: a long chat, a fast one, and what stays in memory.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Browser, Screen};
use causerie_testkit::Api;
use fantoccini::wd::TimeoutConfiguration;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::Message;

use super::{Plan, show_alone};
use crate::fill::Filler;
use crate::people::{self, PASSWORD, Person, Seat, Socket};
use crate::process::Process;
use crate::table::{Figure, Unit, not_measured};

/// How many times slower the processor seems than it is: as that of a phone in the middle of the market.
const THROTTLE: u32 = 4;
/// Messages in the log of the chat.
const LOG: usize = 100_000;
/// How many of them are scrolled through.
const SCROLLED: usize = 5_000;
/// Messages a second while frames are watched.
const RATE: u64 = 200;
/// Of the plan's seconds: a minute by default.
const TIMES: u64 = 12;
/// Messages that arrive while memory is watched, and how many of them before its first look.
const ARRIVING: usize = 50_000;
const FIRST: usize = 10_000;
/// How long a thing may take on a page that is throttled.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the script may scroll; it gives up before.
const SCROLLING: Duration = Duration::from_secs(400);
const SCRIPT: &str = include_str!("page.js");

pub(super) async fn page(plan: &Plan) -> Result<()> {
    let browser = match Browser::open("the bench", Screen::WIDE).await {
        Ok(browser) => browser,
        Err(error) => {
            not_measured("the page", &format!("no browser can be driven ({error:#})"));
            return Ok(());
        }
    };
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({"source": SCRIPT})).await?;
    // One visit after the other in one browser, as a person has it.
    let mut runs = Vec::new();
    for _ in 0..plan.runs {
        runs.push(visit(plan, &browser).await?);
    }
    show_alone(&runs, None);
    Ok(())
}

async fn visit(plan: &Plan, browser: &Browser) -> Result<Vec<Figure>> {
    let process = &plan.causerie().await?;
    let people = people::register(process.address, 2).await?;
    let (reader, writer) = (&people[0], &people[1]);
    let chat = people::pair(process.address, reader, writer).await?;
    Filler::of(process).await?.numbered_messages(chat, [reader.id, writer.id], LOG).await?;
    read_everything(process, reader, chat.0).await?;
    let seat = Seat { chat, token: writer.token.clone() };
    let mut figures = Vec::new();

    sign_in(browser, process, reader).await?;
    browser.devtools("Emulation.setCPUThrottlingRate", &json!({"rate": THROTTLE})).await?;
    browser.client().refresh().await?;
    let usable = browser.until_within(PATIENCE, "the list", "return bench.usable", Vec::new()).await?;
    figures.push(figure("document to a usable list", usable.as_f64(), Unit::Millis));

    again(browser).await?;
    let opened = "
        const link = document.querySelector('a[data-testid=\"chat\"]'), begin = performance.now(), done = arguments[0];
        const look = () => bench.numbers().length ? done(performance.now() - begin) : requestAnimationFrame(look);
        link.click();
        look();";
    let took = browser.client().execute_async(opened, Vec::new()).await?;
    let name = format!("a chat of {LOG} messages opens");
    figures.push(figure(&name, took.as_f64(), Unit::Millis));
    figures.extend(frames(browser, &name).await?);

    again(browser).await?;
    let patient = TimeoutConfiguration::new(Some(SCROLLING), None, None);
    browser.client().update_timeouts(patient).await?;
    let up = "bench.up(arguments[0], arguments[1])";
    let reached = browser.client().execute_async(up, vec![json!(LOG - SCROLLED)]).await?;
    ensure!(reached == json!(true), "scrolling up came to an end before message {}", LOG - SCROLLED);
    figures.extend(frames(browser, &format!("scrolling {SCROLLED} messages up")).await?);

    browser.client().execute("document.querySelector('.latest')?.click()", Vec::new()).await?;
    see_number(browser, LOG).await?;
    again(browser).await?;
    let mut sender = people::open(process, std::slice::from_ref(&seat), 0).await?.remove(0);
    let count = usize::try_from(RATE * TIMES * plan.seconds)?;
    send(&mut sender, LOG, count, Some(RATE)).await?;
    see_number(browser, LOG + count).await?;
    figures.extend(frames(browser, &format!("receiving {RATE} messages a second")).await?);

    let mut last = LOG + count;
    send(&mut sender, last, FIRST, None).await?;
    last += FIRST;
    see_number(browser, last).await?;
    let before = memory(browser).await?;
    send(&mut sender, last, ARRIVING - FIRST, None).await?;
    last += ARRIVING - FIRST;
    see_number(browser, last).await?;
    let after = memory(browser).await?;
    for (what, before, after) in [("script", before.0, after.0), ("WebAssembly", before.1, after.1)] {
        let name = |count: usize| format!("memory of the page ({what}) after {count} messages");
        figures.push(Figure::megabytes(name(FIRST), before));
        figures.push(Figure::megabytes(name(ARRIVING), after));
    }
    browser.devtools("Emulation.setCPUThrottlingRate", &json!({"rate": 1})).await?;
    Ok(figures)
}

fn figure(name: &str, value: Option<f64>, unit: Unit) -> Figure {
    Figure::new(format!("page, processor {THROTTLE} times slower: {name}"), value.unwrap_or_default(), unit)
}

async fn again(browser: &Browser) -> Result<()> {
    browser.client().execute("bench.again()", Vec::new()).await?;
    Ok(())
}

/// What the frames were like since [`again`].
async fn frames(browser: &Browser, name: &str) -> Result<[Figure; 3]> {
    let seen = browser.client().execute("return bench", Vec::new()).await?;
    Ok([
        figure(&format!("{name}, tasks over 50 ms"), seen["long"].as_f64(), Unit::Count),
        figure(&format!("{name}, the longest of those"), seen["longest"].as_f64(), Unit::Millis),
        figure(&format!("{name}, the longest time between two frames"), seen["gap"].as_f64(), Unit::Millis),
    ])
}

/// Puts a sign-in where the page keeps it.
async fn sign_in(browser: &Browser, process: &Process, person: &Person) -> Result<()> {
    browser.go_to(&format!("http://{}/", process.address)).await?;
    let form = r#"form[data-testid="sign-in"]"#;
    browser.see(form).await?;
    browser.fill(&format!(r#"{form} input[name="email"]"#), &person.email).await?;
    browser.fill(&format!(r#"{form} input[name="password"]"#), PASSWORD).await?;
    browser.click(&format!(r#"{form} [type="submit"]"#)).await?;
    browser.see(r#"a[data-testid="chat"]"#).await?;
    Ok(())
}

/// Lets a person have read the whole chat, so that it opens at its end.
async fn read_everything(process: &Process, person: &Person, chat: i64) -> Result<()> {
    let mut socket = people::socket_for_all(process.address, &person.token, 0).await?;
    let read = format!(r#"{{"type":"read","chat_id":{chat},"seq":{LOG}}}"#);
    socket.send(Message::text(read)).await?;
    let api = Api::new(process.address)?;
    let path = format!("{}{chat}/", causerie_protocol::paths::CHATS);
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let answer = api.call::<()>(reqwest::Method::GET, &path, Some(&person.token), None).await?;
        let read: Value = serde_json::from_slice(&answer.bytes().await?)?;
        if read["unread"] == json!(0) {
            return Ok(());
        }
    }
    anyhow::bail!("the read position was not stored")
}

/// Waits until the message with this number is on the page.
async fn see_number(browser: &Browser, number: usize) -> Result<()> {
    let script = "return bench.numbers().includes(arguments[0])";
    browser.until_within(3 * PATIENCE, &format!("message {number}"), script, vec![json!(number)]).await?;
    Ok(())
}

/// Sends so many messages that begin with their numbers, at a rate or as fast as they are acknowledged.
async fn send(socket: &mut Socket, last: usize, count: usize, rate: Option<u64>) -> Result<()> {
    let mut turn = interval(Duration::from_micros(1_000_000 / rate.unwrap_or(2_000)));
    turn.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in last + 1..=last + count {
        turn.tick().await;
        let text = format!(
            r#"{{"type":"message","text":"{number} Seven, at the entrance?","client_id":"page-{number}"}}"#
        );
        socket.send(Message::text(text)).await?;
        // Its own copy and the answer are read, so that no buffer fills.
        for _ in 0..2 {
            socket.next().await.context("the server closed the socket that writes")??;
        }
    }
    Ok(())
}

/// Bytes of scripts and of WebAssembly that are in use once all garbage is gone.
async fn memory(browser: &Browser) -> Result<(u64, u64)> {
    browser.devtools("HeapProfiler.collectGarbage", &json!({})).await?;
    let heap = browser.devtools("Runtime.getHeapUsage", &json!({})).await?;
    let script = heap["usedSize"].as_f64().context("a size of the heap")?;
    let wasm = browser.client().execute("return bench.memory?.buffer.byteLength ?? 0", Vec::new()).await?;
    Ok((script as u64, wasm.as_u64().unwrap_or_default()))
}
