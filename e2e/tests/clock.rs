//! Clocks that are wrong, sleep or reach midnight, and dates as the page writes them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Account, Browser, Person, Screen, Server};
use serde_json::json;
use tokio::try_join;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;

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
        let (ada, bruno) =
            try_join!(join_with_clock(&server, ADA, "en-GB", ahead), Person::join(&server, BRUNO))?;
        ada.start_chat(BRUNO).await?;
        bruno.open_chat(ADA.name).await?;
        bruno.send_message("What time is it?").await?;
        ada.see_message("What time is it?").await?;
        ada.send_message("No idea.").await?;
        let conversation = ["What time is it?", "No idea."];
        for _ in 0..2 {
            ada.see_messages(&conversation).await?;
            see_days(&ada, &["Today"]).await?;
            see_time_of_day_in_list(&ada, true).await?;
            ada.reload().await?;
        }
        bruno.see_messages(&conversation).await?;
        ada.see_clean_console().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_written_with_a_wrong_clock_and_no_server_is_shown_in_its_order() -> Result<()> {
    let mut server = Server::start().await?;
    let (ada, _bruno) =
        try_join!(join_with_clock(&server, ADA, "en-GB", -DAY), Person::join(&server, BRUNO))?;
    ada.start_chat(BRUNO).await?;
    ada.send_message("one").await?;
    ada.see_online().await?;
    server.kill().await?;
    ada.see_banner().await?;
    ada.send_message("two").await?;
    // As the clock is set, by hand or by the network.
    ada.suspend(-3 * DAY).await?;
    ada.send_message("three").await?;
    ada.see_messages(&["one", "two", "three"]).await?;
    see_days(&ada, &["Today"]).await?;
    server.restart_on_same_port().await?;
    ada.see_online().await?;
    ada.see_messages(&["one", "two", "three"]).await?;
    see_days(&ada, &["Today"]).await
}

#[tokio::test]
async fn today_becomes_yesterday_in_a_page_that_is_left_open_or_sleeps_over_midnight() -> Result<()> {
    let server = Server::start().await?;
    let (ada, bruno) =
        try_join!(join_with_clock(&server, ADA, "en-GB", 0), join_with_clock(&server, BRUNO, "en-GB", 0))?;
    ada.start_chat(BRUNO).await?;
    ada.send_message("Good night").await?;
    bruno.open_chat(ADA.name).await?;
    for person in [&ada, &bruno] {
        see_days(person, &["Today"]).await?;
        see_time_of_day_in_list(person, true).await?;
    }
    // No frame of the server brings the time meanwhile.
    server.pause()?;
    ada.pass(DAY).await?;
    bruno.suspend(DAY).await?;
    // A sleep is noticed when the page next does anything, which is within a minute.
    bruno.client().execute("dispatchEvent(new Event('online'))", Vec::new()).await?;
    for person in [&ada, &bruno] {
        see_days(person, &["Yesterday"]).await?;
        see_time_of_day_in_list(person, false).await?;
    }
    // By the server's clock no day has passed.
    server.resume()?;
    for person in [&ada, &bruno] {
        person.see_online().await?;
        see_days(person, &["Today"]).await?;
        person.send_message(&format!("Good morning from {}", person.account().name)).await?;
    }
    for person in [&ada, &bruno] {
        see_days(person, &["Today"]).await?;
        person.see_message("Good morning from Ada").await?;
        person.see_message("Good morning from Bruno").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_set_leaves_the_connection_and_its_timers_alone() -> Result<()> {
    let server = Server::start().await?;
    let ada = join_with_clock(&server, ADA, "en-GB", 0).await?;
    let bruno = Person::join(&server, BRUNO).await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    ada.see_online().await?;
    for step in [DAY, -2 * DAY, 400 * DAY] {
        ada.suspend(step).await?;
        let words = format!("after {step}");
        ada.send_message(&words).await?;
        bruno.see_message(&words).await?;
        ada.see_online().await?;
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
        let bruno = Person::join(&server, BRUNO).await?;
        let ada = Browser::open_in(ADA.name, Screen::WIDE, browser).await?;
        ada.set_clock(0).await?;
        let ada = Person::arrive_with(ada, &server, ADA).await?;
        let language = if vietnamese { "vi" } else { "en" };
        let lang = "return document.documentElement.lang === arguments[0]";
        if ada.client().execute(lang, vec![json!(language)]).await? == json!(false) {
            ada.click(r#"[data-testid="language"]"#).await?;
            ada.until("the page in the other language", lang, vec![json!(language)]).await?;
        }
        ada.register().await?;
        ada.start_chat(BRUNO).await?;
        bruno.open_chat(ADA.name).await?;
        bruno.send_message("Hello").await?;
        ada.see_message("Hello").await?;
        let full = "return document.querySelector('ol.timeline .bubble').title";
        let full = ada.client().execute(full, Vec::new()).await?;
        let full = full.as_str().context("the day and time of the message")?.to_owned();
        let twelve = ["AM", "PM", "SA", "CH"].iter().any(|half| full.contains(half));
        ensure!(twelve == twelve_hours, "{browser}, Vietnamese {vietnamese}: {full}");

        server.pause()?;
        ada.pass(3 * DAY).await?;
        let words = r#"
            const words = date => new Intl.DateTimeFormat(arguments[0], {weekday: "long"}).format(date);
            const day = document.querySelector("ol.timeline li.day")?.textContent;
            return day === words(Date.now() - 3 * 86_400_000) || null;"#;
        ada.until("the day of the week", words, vec![json!(language)]).await?;
        server.resume()?;
    }
    Ok(())
}
