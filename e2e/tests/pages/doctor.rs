//! The doctor in the browser: for each cause, a real one, the finding that names it and no other, and, where a test can
//! follow it, the remedy that helps.

mod address;
mod credentials;
mod folder;
mod healthy;
mod proxies;
mod server;

use anyhow::{Result, ensure};
use causerie_e2e::{FIRST, Pair, Tester};
use causerie_testkit::Server;

/// The tester at a server, and two people there, one of whom is filled in.
async fn at(server: &Server) -> Result<(Tester, Pair)> {
    let tester = Tester::open(server, "").await?;
    let pair = tester.make_pair().await?;
    tester.fill_in(FIRST, &pair.alice, pair.chat).await?;
    Ok((tester, pair))
}

/// Look from the page below an address, as one of the pair.
async fn look_from(tester: &Tester, home: &str, pair: &Pair) -> Result<()> {
    tester.visit(home, "").await?;
    tester.fill_in(FIRST, &pair.alice, pair.chat).await
}

/// What is found with the fields as they are; the page's words for it.
async fn finds(tester: &Tester, expected: &str) -> Result<String> {
    let finding = tester.diagnose(FIRST).await?;
    let words = tester.text(r#"#first [data-testid="finding"]"#).await?;
    ensure!(finding == expected, "the cause was {expected}, and the doctor found {finding}: {words}");
    Ok(words)
}

/// What is found at another address than the page's own.
async fn finds_at(tester: &Tester, base: &str, expected: &str) -> Result<String> {
    tester.fill(r#"#first input[name="base"]"#, base).await?;
    finds(tester, expected).await
}
