//! What can be wrong with an address, with what answers there, and with the page that asks.

use anyhow::{Result, ensure};
use causerie_e2e::{FIRST, Tester};
use causerie_testkit::{OtherProgram, ReservedPort, ReverseProxy, Server};
use serde_json::json;

use super::{at, finds, finds_at, look_from};

/// The addresses of a page's own server are the empty one.
async fn own_again(tester: &Tester) -> Result<()> {
    tester.fill(r#"#first input[name="base"]"#, "").await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn one_that_is_none_or_that_nobody_has() -> Result<()> {
    let server = Server::start().await?;
    let (tester, _) = at(&server).await?;
    finds_at(&tester, "http://host:port", "address_wrong").await?;
    let words = finds_at(&tester, "http://no-such-host.invalid:8000", "name_not_found").await?;
    ensure!(words.contains("no-such-host.invalid"), "the name is told: {words}");
    let old = format!("ws://127.0.0.1:{}/ws/chats/1/?token=Yellow-Submarine", server.port());
    finds_at(&tester, &old, "token_in_address").await?;
    for shown in ["finding", "steps"] {
        let text = tester.text(&format!(r#"#first [data-testid="{shown}"]"#)).await?;
        ensure!(!text.contains("Submarine"), "the token is shown: {text}");
    }
    let reserved = ReservedPort::new()?;
    let closed = reserved.number();
    for host in ["127.0.0.1", "localhost"] {
        let words = finds_at(&tester, &format!("http://{host}:{closed}"), "nothing_listens").await?;
        ensure!(words.contains(&closed.to_string()), "the port is told: {words}");
    }
    // TLS on a port that speaks none, which a browser does not tell from a certificate that it refuses.
    let words = finds_at(&tester, &format!("https://127.0.0.1:{}", server.port()), "unreachable").await?;
    ensure!(words.contains("causerie doctor https://127.0.0.1"), "{words}");
    own_again(&tester).await
}

#[tokio::test]
async fn one_at_which_something_else_answers() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let plain = OtherProgram::web_server().await?;
    finds_at(&tester, &plain.url(), "not_causerie").await?;
    let django = OtherProgram::django_server().await?;
    finds_at(&tester, &django.url(), "not_causerie").await?;
    let nginx = ReverseProxy::start("web-server", server.port()).await?;
    finds_at(&tester, &nginx.url(), "not_causerie").await?;
    own_again(&tester).await?;
    // Behind the page's own address the answer can be read.
    for (other, finding) in [(&plain, "not_causerie"), (&django, "django_runserver")] {
        let proxy = ReverseProxy::start_with("to-another", server.port(), other.port()).await?;
        look_from(&tester, &proxy.url(), &pair).await?;
        finds(&tester, finding).await?;
    }
    Ok(())
}

#[tokio::test]
async fn one_that_leads_on_to_another() -> Result<()> {
    let (page, server) = (Server::start().await?, Server::start().await?);
    let (tester, pair) = at(&server).await?;
    let proxy = ReverseProxy::start_with("redirects", page.port(), server.port()).await?;
    look_from(&tester, &proxy.url(), &pair).await?;
    let words = finds(&tester, "redirected").await?;
    ensure!(words.contains(&server.url()), "where it leads is told: {words}");
    look_from(&tester, &server.url(), &pair).await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn one_of_another_version() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let newer = ReverseProxy::start("other-version", server.port()).await?;
    look_from(&tester, &newer.url(), &pair).await?;
    let words = finds(&tester, "versions_differ").await?;
    ensure!(words.contains("99."), "the version is told: {words}");
    look_from(&tester, &server.url(), &pair).await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn a_page_without_a_network_and_one_on_https() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    // This machine itself can be reached without a network, so another is asked for.
    let offline = |offline: bool| json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    tester.devtools("Network.emulateNetworkConditions", &offline(true)).await?;
    finds_at(&tester, "http://chat.example.org", "page_offline").await?;
    tester.devtools("Network.emulateNetworkConditions", &offline(false)).await?;
    own_again(&tester).await?;

    let secure = ReverseProxy::start_tls("healthy", server.port()).await?;
    look_from(&tester, &secure.url(), &pair).await?;
    let words = finds_at(&tester, "http://chat.example.org", "mixed_content").await?;
    ensure!(words.contains("https://chat.example.org"), "the remedy is told: {words}");
    own_again(&tester).await
}

#[tokio::test]
async fn a_page_that_the_server_does_not_know_until_the_setting_names_it() -> Result<()> {
    let here = Server::start().await?;
    let mut there = Server::start().await?;
    let (tester, pair) = at(&there).await?;
    look_from(&tester, &here.url(), &pair).await?;
    finds_at(&tester, &there.url(), "origin_not_allowed").await?;
    let told = tester.told_lines(FIRST).await?;
    let (variable, value) = told[0].split_once('=').unwrap_or_default();
    ensure!((variable, value) == ("CAUSERIE_ALLOWED_ORIGINS", &here.url()), "{told:?}");
    there.restart_with(&[(variable, value)]).await?;
    tester.see_helped(FIRST).await
}
