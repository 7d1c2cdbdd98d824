//! What a proxy can do wrong. The lines that the page recommends are put into the proxy's file.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use causerie_e2e::{FIRST, Tester};
use causerie_testkit::{Remedy, ReverseProxy, Server, TcpProxy};

use super::{at, finds, look_from};

/// A page behind a proxy with a mistake that is found.
async fn behind(file: &str, expected: &str) -> Result<(Server, ReverseProxy, Tester, Vec<String>)> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let proxy = ReverseProxy::start(file, server.port()).await?;
    look_from(&tester, &proxy.url(), &pair).await?;
    finds(&tester, expected).await?;
    let told = tester.told_lines(FIRST).await?;
    Ok((server, proxy, tester, told))
}

#[tokio::test]
async fn one_that_lacks_the_lines_for_upgrades() -> Result<()> {
    let (_server, mut proxy, tester, told) = behind("no-upgrade", "proxy_drops_upgrade").await?;
    proxy.mend(Remedy::PutIn(&told[0])).await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn one_that_drops_the_subprotocol_of_the_request_or_of_the_answer() -> Result<()> {
    for (file, line) in [("no-subprotocol", 0), ("no-subprotocol-back", 1)] {
        let (_server, mut proxy, tester, told) = behind(file, "proxy_drops_subprotocol").await?;
        proxy.mend(Remedy::TakeOut(&told[line])).await?;
        tester.see_helped(FIRST).await?;
    }
    Ok(())
}

#[tokio::test]
async fn one_that_cuts_quiet_connections_after_three_seconds() -> Result<()> {
    let (_server, mut proxy, tester, told) = behind("cuts-idle", "proxy_cuts_idle").await?;
    let seconds = tester.text(r#"#first [data-testid="finding"]"#).await?;
    ensure!(seconds.contains("after 3 s"), "{seconds}");
    proxy.mend(Remedy::PutIn(&told[0])).await?;
    finds(&tester, "all_well").await.map(drop)
}

#[tokio::test]
async fn one_that_says_its_own_name_for_the_server_s() -> Result<()> {
    let (_server, mut proxy, tester, told) = behind("changes-host", "proxy_changes_host").await?;
    proxy.mend(Remedy::PutIn(&told[0])).await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn one_that_lets_pages_through_and_no_sockets() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let proxy = ReverseProxy::start("blocks-sockets", server.port()).await?;
    look_from(&tester, &proxy.url(), &pair).await?;
    finds(&tester, "socket_blocked").await?;
    // The chat page's banner leads there too, to a tab of its own in which the doctor begins at once.
    tester.be_signed_in(&pair.alice).await?;
    tester.go_to(&proxy.url()).await?;
    tester.ask_why().await?;
    tester.go_to_new_tab().await?;
    let finding = tester.see_finding(FIRST).await?;
    ensure!(finding == "socket_blocked", "{finding}");
    Ok(())
}

#[tokio::test]
async fn one_whose_server_is_not_there_until_it_is_started() -> Result<()> {
    let mut server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let proxy = ReverseProxy::start("healthy", server.port()).await?;
    look_from(&tester, &proxy.url(), &pair).await?;
    server.kill().await?;
    let words = finds(&tester, "bad_gateway").await?;
    ensure!(words.contains("502"), "{words}");
    server.launch().await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn a_line_that_is_slow_is_told_with_its_figure() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let line = TcpProxy::slow(server.address(), Duration::from_millis(400)).await?;
    look_from(&tester, &line.url(), &pair).await?;
    let words = finds(&tester, "slow_round_trip").await?;
    let figures = words.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<u32>().ok());
    ensure!(figures.max().context("a figure")? >= 800, "{words}");
    // Another network, as it recommends.
    look_from(&tester, &server.url(), &pair).await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn one_that_opens_sockets_and_keeps_back_what_the_server_sends() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let line = TcpProxy::holding_back(server.address()).await?;
    look_from(&tester, &line.url(), &pair).await?;
    finds(&tester, "socket_silent").await.map(drop)
}
