//! Nothing is found where nothing is wrong, in each of the ways to run it.

use std::path::Path;

use anyhow::{Result, ensure};
use causerie_e2e::{FIRST, Pair, Proxy, Server, Tester, Trunk};
use serde_json::json;

use crate::{at, finds};

/// Start the doctor of a page below an address.
async fn start(home: &str, token: &str, pair: &Pair) -> Result<Tester> {
    let tester = Tester::open_at(home, "").await?;
    tester.fill_in(FIRST, token, pair.chat).await?;
    tester.press(FIRST, "doctor").await?;
    Ok(tester)
}

async fn see_well(tester: &Tester, pair: &Pair) -> Result<()> {
    let finding = tester.see_finding(FIRST).await?;
    let steps = tester.text(r#"#first [data-testid="steps"]"#).await?;
    ensure!(finding == "all_well", "{finding}: {steps}");
    ensure!(steps.lines().count() >= 10, "{steps}");
    let page = tester.client().source().await?;
    ensure!(!page.contains(&pair.ada) && !page.contains(&pair.bruno), "the page shows a token");
    Ok(())
}

#[tokio::test]
async fn directly_by_the_link_from_the_chat_and_behind_the_proxies_of_this_project() -> Result<()> {
    let server = Server::start().await?;
    let (direct, pair) = at(&server).await?;
    let nginx = Proxy::deployed_nginx(server.port()).await?;
    let caddy = Proxy::deployed_caddy(server.port()).await?;
    // All of them hold a connection quiet at the same time.
    let behind_nginx = start(&nginx.url(), &pair.bruno, &pair).await?;
    let behind_caddy = start(&caddy.url(), &pair.ada, &pair).await?;
    // As from the chat page's banner: the link starts the doctor, and it takes the sign-in of this browser.
    let session = json!({"token": pair.ada, "expires_at": "2099-01-01T00:00:00Z",
        "user": {"id": 1, "email": "ada@example.org", "name": "Ada Lovelace"}});
    let keep = "localStorage.setItem('causerie.session', arguments[0])";
    direct.client().execute(keep, vec![json!(session.to_string())]).await?;
    direct.visit(&server.url(), &format!("?chat={}&doctor=1", pair.chat)).await?;
    for tester in [&behind_nginx, &behind_caddy, &direct] {
        see_well(tester, &pair).await?;
    }
    Ok(())
}

#[tokio::test]
async fn under_trunk_serve_beside_a_server_without_settings() -> Result<()> {
    let server = Server::start().await?;
    let trunk = Trunk::serve(server.port(), Path::new(env!("CARGO_TARGET_TMPDIR"))).await?;
    let tester = Tester::open_at(&trunk.url(), "").await?;
    let pair = tester.make_pair().await?;
    tester.fill_in(FIRST, &pair.ada, pair.chat).await?;
    tester.press(FIRST, "doctor").await?;
    see_well(&tester, &pair).await?;
    tester.connect(FIRST, &pair.ada, pair.chat).await
}

#[tokio::test]
async fn with_tls_of_its_own() -> Result<()> {
    let server = Server::start_tls().await?;
    let (tester, _) = at(&server).await?;
    finds(&tester, "all_well").await.map(drop)
}
