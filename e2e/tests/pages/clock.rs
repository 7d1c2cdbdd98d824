//! Clocks that are wrong, sleep or reach midnight, and dates as the page writes them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Browser, Person, Screen};
use causerie_testkit::{Account, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

const DAY: i64 = 86_400_000;
/// Longer than a page takes to find its server again, or the server to its next ping.
const RECOVERY: Duration = Duration::from_secs(60);

/// Somebody new in a browser that asks for a language and whose clock is ahead by so many milliseconds.
async fn join_with_clock(server: &Server, account: Account, language: &str, ahead: i64) -> Result<Person> {
    let browser = Browser::open_in(account.name, Screen::WIDE, language).await?;
    browser.set_clock(ahead).await?;
    let person = Person::arrive_with(browser, server, account).await?;
    person.register().await?;
    Ok(person)
}

/// See these headings of days above the messages, and no others.
async fn see_days(person: &Person, days: &[&str]) -> Result<()> {
    let script = r#"
        const days = [...document.querySelectorAll("ol.timeline li.day")].map(day => day.textContent);
        return JSON.stringify(days) === JSON.stringify(arguments[0]);"#;
    person.until_within(RECOVERY, &format!("the days {days:?}"), script, vec![json!(days)]).await.map(drop)
}

/// See the time of a chat in the list as a time of day, or as something else.
async fn see_time_of_day_in_list(person: &Person, is: bool) -> Result<()> {
    let script = r#"
        const time = document.querySelector('a[data-testid="chat"] time')?.textContent;
        return Boolean(time) && time.includes(":") === arguments[0];"#;
    person.until("the time in the list", script, vec![json!(is)]).await.map(drop)
}

#[tokio::test]
async fn a_page_whose_clock_is_a_day_off_shows_every_message_once_under_today() -> Result<()> {
    for ahead in [-DAY, 400 * DAY] {
        let server = Server::start().await?;
        let (alice, bob) =
            try_join!(join_with_clock(&server, ALICE, "en-GB", ahead), Person::join(&server, BOB))?;
        alice.start_chat(BOB).await?;
        bob.open_chat(ALICE.name).await?;
        bob.send_message("What time is it?").await?;
        alice.see_message("What time is it?").await?;
        alice.send_message("No idea.").await?;
        let conversation = ["What time is it?", "No idea."];
        for _ in 0..2 {
            alice.see_messages(&conversation).await?;
            see_days(&alice, &["Today"]).await?;
            see_time_of_day_in_list(&alice, true).await?;
            alice.reload().await?;
        }
        bob.see_messages(&conversation).await?;
        alice.see_clean_console().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_written_with_a_wrong_clock_and_no_server_is_shown_in_its_order() -> Result<()> {
    let mut server = Server::start().await?;
    let (alice, _bob) =
        try_join!(join_with_clock(&server, ALICE, "en-GB", -DAY), Person::join(&server, BOB))?;
    alice.start_chat(BOB).await?;
    alice.send_message("one").await?;
    alice.see_online().await?;
    server.kill().await?;
    alice.see_banner().await?;
    alice.send_message("two").await?;
    // As the clock is set, by hand or by the network.
    alice.suspend(-3 * DAY).await?;
    alice.send_message("three").await?;
    alice.see_messages(&["one", "two", "three"]).await?;
    see_days(&alice, &["Today"]).await?;
    server.launch().await?;
    alice.see_online().await?;
    alice.see_messages(&["one", "two", "three"]).await?;
    see_days(&alice, &["Today"]).await
}

#[tokio::test]
async fn today_becomes_yesterday_in_a_page_that_is_left_open_or_sleeps_over_midnight() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) =
        try_join!(join_with_clock(&server, ALICE, "en-GB", 0), join_with_clock(&server, BOB, "en-GB", 0))?;
    alice.start_chat(BOB).await?;
    alice.send_message("Good night").await?;
    bob.open_chat(ALICE.name).await?;
    for person in [&alice, &bob] {
        see_days(person, &["Today"]).await?;
        see_time_of_day_in_list(person, true).await?;
    }
    // No frame of the server brings the time meanwhile.
    server.pause()?;
    alice.pass(DAY).await?;
    bob.suspend(DAY).await?;
    // A sleep is noticed when the page next does anything, which is within a minute.
    bob.client().execute("dispatchEvent(new Event('online'))", Vec::new()).await?;
    for person in [&alice, &bob] {
        see_days(person, &["Yesterday"]).await?;
        see_time_of_day_in_list(person, false).await?;
    }
    // By the server's clock no day has passed.
    server.resume()?;
    for person in [&alice, &bob] {
        person.see_online().await?;
        see_days(person, &["Today"]).await?;
        person.send_message(&format!("Good morning from {}", person.account().name)).await?;
    }
    for person in [&alice, &bob] {
        see_days(person, &["Today"]).await?;
        person.see_message("Good morning from Alice").await?;
        person.see_message("Good morning from Bob").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_set_leaves_the_connection_and_its_timers_alone() -> Result<()> {
    let server = Server::start().await?;
    let alice = join_with_clock(&server, ALICE, "en-GB", 0).await?;
    let bob = Person::join(&server, BOB).await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    alice.see_online().await?;
    for step in [DAY, -2 * DAY, 400 * DAY] {
        alice.suspend(step).await?;
        let words = format!("after {step}");
        alice.send_message(&words).await?;
        bob.see_message(&words).await?;
        alice.see_online().await?;
    }
    // One socket from the beginning to the end: the only one that the server logged for her.
    let opened = server.log()?.lines().filter(|line| line.contains("WebSocket CONNECT")).count();
    ensure!(opened == 2, "{opened} sockets in {}", server.log()?);
    Ok(())
}

#[tokio::test]
async fn dates_are_in_the_pages_language_and_times_by_the_clock_of_the_browsers_region() -> Result<()> {
    // What Intl writes for the page's language, and whether the region's day has twice twelve hours.
    for (browser, vietnamese, twelve_hours) in
        [("de-DE", false, false), ("en-US", true, true), ("vi-VN", false, false)]
    {
        let server = Server::start().await?;
        let bob = Person::join(&server, BOB).await?;
        let alice = Browser::open_in(ALICE.name, Screen::WIDE, browser).await?;
        alice.set_clock(0).await?;
        let alice = Person::arrive_with(alice, &server, ALICE).await?;
        let language = if vietnamese { "vi" } else { "en" };
        let lang = "return document.documentElement.lang === arguments[0]";
        if alice.client().execute(lang, vec![json!(language)]).await? == json!(false) {
            alice.click(r#"[data-testid="language"]"#).await?;
            alice.until("the page in the other language", lang, vec![json!(language)]).await?;
        }
        alice.register().await?;
        alice.start_chat(BOB).await?;
        bob.open_chat(ALICE.name).await?;
        bob.send_message("Hello").await?;
        alice.see_message("Hello").await?;
        let full = "return document.querySelector('ol.timeline .bubble').title";
        let full = alice.client().execute(full, Vec::new()).await?;
        let full = full.as_str().context("the day and time of the message")?.to_owned();
        let twelve = ["AM", "PM", "SA", "CH"].iter().any(|half| full.contains(half));
        ensure!(twelve == twelve_hours, "{browser}, Vietnamese {vietnamese}: {full}");

        server.pause()?;
        alice.pass(3 * DAY).await?;
        let words = r#"
            const words = date => new Intl.DateTimeFormat(arguments[0], {weekday: "long"}).format(date);
            const day = document.querySelector("ol.timeline li.day")?.textContent;
            return day === words(Date.now() - 3 * 86_400_000) || null;"#;
        alice.until("the day of the week", words, vec![json!(language)]).await?;
        server.resume()?;
    }
    Ok(())
}
