//! What can be wrong with the server itself.

use anyhow::{Context, Result, ensure};
use causerie_e2e::{FIRST, SECOND};
use causerie_testkit::{OtherProgram, Postgres, Redis, Server, Stop};

use super::{at, finds, finds_at, look_from};

#[tokio::test]
async fn one_that_went_away_is_what_the_button_at_a_failed_connection_finds() -> Result<()> {
    let mut server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    tester.connect(FIRST, &pair.alice, pair.chat).await?;
    server.kill().await?;
    tester.see_state(FIRST, "closed").await?;
    tester.see_text("Why? Find the cause").await?;
    finds(&tester, "nothing_listens").await?;
    server.launch().await?;
    tester.connect(FIRST, &pair.alice, pair.chat).await
}

#[tokio::test]
async fn one_that_does_not_answer() -> Result<()> {
    let (here, mut there) = (Server::start().await?, Server::start().await?);
    let (tester, pair) = at(&there).await?;
    there.restart_with(&[("CAUSERIE_ALLOWED_ORIGINS", &here.url())]).await?;
    look_from(&tester, &here.url(), &pair).await?;
    there.pause()?;
    finds_at(&tester, &there.url(), "no_answer").await?;
    there.resume()?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn one_whose_clock_is_wrong() -> Result<()> {
    let mut server = Server::start_at("+120s").await?;
    let (tester, _) = at(&server).await?;
    let words = finds(&tester, "clock_skew").await?;
    let figures = words.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<u32>().ok());
    let seconds = figures.max().context("a figure")?;
    ensure!((115..=125).contains(&seconds), "{words}");
    server.restart_with(&[]).await?;
    tester.see_helped(FIRST).await?;
    // A clock that is a month ahead ends all sign-ins, and a new one would not help.
    server.restart_at("+31d").await?;
    finds(&tester, "clock_skew").await?;
    server.restart_with(&[]).await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn one_that_has_no_place_left() -> Result<()> {
    for (limit, finding) in [
        ("CAUSERIE_MAX_SOCKETS", "full"),
        ("CAUSERIE_MAX_SOCKETS_PER_ADDRESS", "full"),
        ("CAUSERIE_MAX_SOCKETS_PER_USER", "too_often"),
    ] {
        // This machine's own addresses are those of clients here, not of a proxy.
        let settings = |most| [(limit, most), ("CAUSERIE_TRUSTED_PROXIES", "10.0.0.0/8")];
        let mut server = Server::start_with(&settings("1")).await?;
        let (tester, pair) = at(&server).await?;
        tester.click(r#"[data-testid="second"]"#).await?;
        tester.connect(SECOND, &pair.alice, pair.chat).await?;
        finds(&tester, finding).await?;
        // Who runs the server raises its limit; one person closes what is open too often.
        if finding == "full" {
            let told = tester.told_lines(FIRST).await?;
            ensure!(told.iter().any(|setting| setting == limit), "{limit} is not among {told:?}");
            server.restart_with(&settings("2")).await?;
            tester.see_state(SECOND, "closed").await?;
            tester.connect(SECOND, &pair.alice, pair.chat).await?;
        } else {
            tester.press(SECOND, "disconnect").await?;
            tester.see_state(SECOND, "closed").await?;
        }
        tester.see_helped(FIRST).await?;
    }
    Ok(())
}

#[tokio::test]
async fn one_that_is_about_to_end_until_it_is_back() -> Result<()> {
    let mut server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    tester.click(r#"[data-testid="second"]"#).await?;
    tester.connect(SECOND, &pair.alice, pair.chat).await?;
    // Another program holds the database, so that a message waits, and with it the end of its socket.
    let holding = OtherProgram::holding(&server.database()).await?;
    tester.say(SECOND, "in time").await?;
    tester.see_frame(SECOND, "in time").await?;
    server.begin_stop()?;
    tester.see_frame(SECOND, "go_away").await?;
    finds(&tester, "draining").await?;
    drop(holding);
    let status = server.ended().await?;
    ensure!(status.success(), "it ended with {status}");
    server.launch().await?;
    tester.see_helped(FIRST).await
}

/// A node of several, with the Postgres and the Redis that they share.
async fn node() -> Result<(Server, Postgres, Redis)> {
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let (database, bus) = (postgres.url(), redis.url());
    let settings = [("DATABASE_URL", &*database), ("USE_REDIS", "true"), ("REDIS_URL", &bus)];
    Ok((Server::start_with(&settings).await?, postgres, redis))
}

#[tokio::test]
async fn one_whose_database_or_redis_is_away_until_it_is_started() -> Result<()> {
    let (server, mut postgres, mut redis) = node().await?;
    let (tester, _) = at(&server).await?;
    tester.see_helped(FIRST).await?;

    redis.stop().await?;
    tester.see_readiness("bus", false).await?;
    finds(&tester, "redis_unreachable").await?;
    redis.launch().await?;
    tester.see_readiness("bus", true).await?;
    tester.see_helped(FIRST).await?;

    postgres.stop(Stop::Fast).await?;
    tester.see_readiness("database", false).await?;
    finds(&tester, "database_unreachable").await?;
    postgres.launch().await?;
    tester.see_readiness("database", true).await?;
    tester.see_helped(FIRST).await
}
