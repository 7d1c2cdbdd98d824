//! The doctor in the browser: for each cause, a real one, and the finding that names it and no other.

use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use causerie_e2e::{FIRST, Pair, Proxy, Server, StandIn, Tester};
use serde_json::json;

/// The tester at a server, and two people there.
async fn at(server: &Server) -> Result<(Tester, Pair)> {
    let tester = Tester::open(server, "").await?;
    let pair = tester.make_pair().await?;
    Ok((tester, pair))
}

/// Look at another address than the page's own.
async fn diagnose_at(tester: &Tester, base: &str) -> Result<String> {
    tester.fill(r#"#first input[name="base"]"#, base).await?;
    tester.diagnose(FIRST).await
}

/// What the page says about the finding.
async fn verdict(tester: &Tester) -> Result<String> {
    tester.text(r#"#first [data-testid="finding"]"#).await
}

fn expect(finding: &str, expected: &str) -> Result<()> {
    ensure!(finding == expected, "the doctor found {finding}, and the cause was {expected}");
    Ok(())
}

#[tokio::test]
async fn what_can_be_wrong_with_an_address() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    tester.fill_in(FIRST, &pair.ada, pair.chat).await?;

    expect(&diagnose_at(&tester, "http://host:port").await?, "address_wrong")?;
    expect(&diagnose_at(&tester, "http://no-such-host.invalid:8000").await?, "name_not_found")?;
    ensure!(verdict(&tester).await?.contains("no-such-host.invalid"), "the name is told");
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    for host in ["127.0.0.1", "localhost"] {
        expect(&diagnose_at(&tester, &format!("http://{host}:{closed}")).await?, "nothing_listens")?;
    }
    ensure!(verdict(&tester).await?.contains(&closed.to_string()), "the port is told");

    let plain =
        StandIn::answering("HTTP/1.1 200 OK\r\nContent-Type: text/html", "<h1>It works!</h1>").await?;
    expect(&diagnose_at(&tester, &plain.url()).await?, "not_causerie")?;
    let head = "HTTP/1.1 404 Not Found\r\nServer: WSGIServer/0.2 CPython/3.11.2\r\nContent-Type: text/html";
    let django = StandIn::answering(head, "<h1>Not Found</h1>").await?;
    expect(&diagnose_at(&tester, &django.url()).await?, "not_causerie")?;

    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nAccess-Control-Allow-Origin: *";
    let status = r#"{"name":"causerie","version":"9.9.9","protocol":9,"node":"n","clustered":false,"time_ms":0,"heartbeat_ms":25000,"database":true,"bus":true,"draining":false}"#;
    let newer = StandIn::answering(head, status).await?;
    expect(&diagnose_at(&tester, &newer.url()).await?, "versions_differ")?;
    ensure!(verdict(&tester).await?.contains("9.9.9"), "the version is told");
    Ok(())
}

#[tokio::test]
async fn a_page_without_a_network_and_one_on_https() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    tester.fill_in(FIRST, &pair.ada, pair.chat).await?;
    // This machine itself can be reached without a network, so another is asked for.
    let offline = |offline: bool| json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    tester.devtools("Network.emulateNetworkConditions", &offline(true)).await?;
    expect(&diagnose_at(&tester, "http://chat.example.org").await?, "page_offline")?;
    tester.devtools("Network.emulateNetworkConditions", &offline(false)).await?;

    let secure = Proxy::start_tls("healthy", server.port()).await?;
    tester.visit(&secure.url(), "").await?;
    tester.fill_in(FIRST, &pair.ada, pair.chat).await?;
    expect(&diagnose_at(&tester, "http://chat.example.org").await?, "mixed_content")?;
    ensure!(verdict(&tester).await?.contains("https"), "the remedy is told");
    Ok(())
}

#[tokio::test]
async fn a_page_that_the_server_does_not_know_until_the_setting_names_it() -> Result<()> {
    let here = Server::start().await?;
    let mut there = Server::start().await?;
    let (tester, pair) = at(&there).await?;
    tester.visit(&here.url(), "").await?;
    tester.fill_in(FIRST, &pair.ada, pair.chat).await?;
    expect(&diagnose_at(&tester, &there.url()).await?, "origin_not_allowed")?;
    let words = verdict(&tester).await?;
    ensure!(words.contains("CAUSERIE_ALLOWED_ORIGINS") && words.contains(&here.url()), "{words}");
    // What it recommends helps.
    there.restart_with(&[("CAUSERIE_ALLOWED_ORIGINS", &here.url())]).await?;
    expect(&tester.diagnose(FIRST).await?, "all_well")
}

#[tokio::test]
async fn what_a_proxy_can_do_wrong() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    for (file, expected, remedy) in [
        ("no-upgrade", "proxy_drops_upgrade", "proxy_set_header Upgrade"),
        ("no-subprotocol", "proxy_drops_subprotocol", "Sec-WebSocket-Protocol"),
        ("cuts-idle", "proxy_cuts_idle", "proxy_read_timeout"),
    ] {
        let proxy = Proxy::start(file, server.port()).await?;
        tester.visit(&proxy.url(), "").await?;
        tester.fill_in(FIRST, &pair.ada, pair.chat).await?;
        expect(&tester.diagnose(FIRST).await?, expected)?;
        let words = verdict(&tester).await?;
        ensure!(words.contains(remedy), "{file}: {words}");
    }
    Ok(())
}

#[tokio::test]
async fn what_can_be_wrong_with_a_token_or_a_chat() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let unknown = "A".repeat(64);
    for (token, chat, expected) in [
        ("", pair.chat, "no_token"),
        ("not one, with spaces", pair.chat, "token_malformed"),
        (&unknown, pair.chat, "token_unknown"),
        (&pair.ada, 999, "chat_not_found"),
    ] {
        tester.fill_in(FIRST, token, chat).await?;
        expect(&tester.diagnose(FIRST).await?, expected)?;
    }
    tester.api("POST", "/api/auth/logout/", &pair.ada, json!(null)).await?;
    tester.fill_in(FIRST, &pair.ada, pair.chat).await?;
    expect(&tester.diagnose(FIRST).await?, "token_revoked")
}

#[tokio::test]
async fn a_line_that_is_slow_is_told_with_its_figure() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let line = StandIn::slow_line(server.port(), Duration::from_millis(400)).await?;
    tester.visit(&line.url(), "").await?;
    tester.fill_in(FIRST, &pair.ada, pair.chat).await?;
    expect(&tester.diagnose(FIRST).await?, "slow_round_trip")?;
    let words = verdict(&tester).await?;
    let figure =
        words.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<u32>().ok()).max();
    ensure!(figure.context("a figure")? >= 800, "{words}");
    Ok(())
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is_wrong() -> Result<()> {
    let server = Server::start().await?;
    let proxy = Proxy::start("healthy", server.port()).await?;
    let (direct, pair) = at(&server).await?;
    let behind = Tester::open_at(&proxy.url(), "").await?;
    behind.fill_in(FIRST, &pair.bruno, pair.chat).await?;
    // As from the chat page's banner: the link starts the doctor, and it takes the sign-in of this browser.
    let session = json!({"token": pair.ada, "expires_at": "2099-01-01T00:00:00Z",
        "user": {"id": 1, "email": "ada@example.org", "name": "Ada Lovelace"}});
    let keep = "localStorage.setItem('causerie.session', arguments[0])";
    direct.client().execute(keep, vec![json!(session.to_string())]).await?;
    behind.press(FIRST, "doctor").await?;
    direct.visit(&server.url(), &format!("?chat={}&doctor=1", pair.chat)).await?;
    for tester in [&direct, &behind] {
        expect(&tester.see_finding(FIRST).await?, "all_well")?;
        tester.press(FIRST, "copy-report").await?;
        let steps = tester.text(r#"#first [data-testid="steps"]"#).await?;
        ensure!(steps.lines().count() >= 10, "{steps}");
        let page = tester.client().source().await?;
        ensure!(!page.contains(&pair.ada) && !page.contains(&pair.bruno), "the page shows a token");
    }
    Ok(())
}

#[tokio::test]
async fn the_server_that_went_away_is_what_the_button_at_a_failed_connection_finds() -> Result<()> {
    let mut server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    tester.connect(FIRST, &pair.ada, pair.chat).await?;
    server.kill().await?;
    tester.see_state(FIRST, "closed").await?;
    tester.see_text("Why? Find the cause").await?;
    expect(&tester.diagnose(FIRST).await?, "nothing_listens")?;
    // What it recommends helps.
    server.restart_on_same_port().await?;
    tester.connect(FIRST, &pair.ada, pair.chat).await
}
