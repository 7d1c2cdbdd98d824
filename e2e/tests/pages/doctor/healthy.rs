//! Nothing is found where nothing is wrong, in each of the ways to run it.

use std::path::Path;

use anyhow::{Result, ensure};
use causerie_e2e::{FIRST, Pair, Tester, Trunk};
use causerie_testkit::{ReverseProxy, Server};

use super::at;

/// A page whose doctor was started.
struct Way {
    name: &'static str,
    tester: Tester,
    pair: Pair,
}

impl Way {
    /// Open a page in a browser of its own, and start its doctor.
    async fn start(name: &'static str, home: &str, pair: Option<&Pair>) -> Result<Self> {
        let tester = Tester::open_at(home, "").await?;
        let pair = match pair {
            Some(pair) => pair.clone(),
            None => tester.make_pair().await?,
        };
        tester.fill_in(FIRST, &pair.alice, pair.chat).await?;
        tester.press(FIRST, "doctor").await?;
        Ok(Self { name, tester, pair })
    }

    async fn see_well(&self) -> Result<()> {
        let Self { name, tester, pair } = self;
        let finding = tester.see_finding(FIRST).await?;
        let steps = tester.text(r#"#first [data-testid="steps"]"#).await?;
        ensure!(finding == "all_well" && steps.lines().count() >= 10, "{name}: {finding}: {steps}");
        let page = tester.client().source().await?;
        ensure!(!page.contains(&pair.alice) && !page.contains(&pair.bob), "{name}: the page shows a token");
        Ok(())
    }
}

#[tokio::test]
async fn in_each_of_the_ways_to_run_it() -> Result<()> {
    let (server, secure) = (Server::start().await?, Server::start_tls().await?);
    let nginx = ReverseProxy::deployed_nginx(server.port()).await?;
    let caddy = ReverseProxy::deployed_caddy(server.port()).await?;
    let trunk = Trunk::serve(server.port(), Path::new(env!("CARGO_TARGET_TMPDIR"))).await?;
    // All of them hold a connection quiet at the same time.
    let direct = Way::start("directly", &server.url(), None).await?;
    let pair = Some(&direct.pair);
    let ways = [
        Way::start("behind nginx, as in deploy/", &nginx.url(), pair).await?,
        Way::start("behind Caddy, as in deploy/", &caddy.url(), pair).await?,
        Way::start("under trunk serve, beside a server without settings", &trunk.url(), pair).await?,
        Way::start("with TLS of its own", &secure.url(), None).await?,
        direct,
    ];
    for way in &ways {
        way.see_well().await?;
    }
    Ok(())
}

#[tokio::test]
async fn by_the_link_from_the_chat_which_starts_it_with_the_sign_in_of_this_browser() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    tester.be_signed_in(&pair.alice).await?;
    tester.visit(&server.url(), &format!("?chat={}&doctor=1", pair.chat)).await?;
    tester.see_quiet(FIRST).await
}
