//! Photographs the connection tester: narrow and wide, light and dark, into the folder named first.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};
use causerie_e2e::{FIRST, SECOND, Screen, Tester};
use causerie_testkit::Server;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).context("name the folder for the pictures")?);
    let mut server = Server::start().await?;
    let tester = Tester::open(&server, "").await?;
    let pair = tester.make_pair().await?;
    photograph(&tester, &folder, "tester-empty").await?;
    tester.connect(FIRST, &pair.alice, pair.chat).await?;
    tester.fill("#first input[name=\"message\"]", "Bonjour from the tester").await?;
    tester.click("#first form[data-testid=\"say\"] button").await?;
    tester.look_at(FIRST, "Bonjour").await?;
    photograph(&tester, &folder, "tester").await?;
    tester.click("[data-testid=\"second\"]").await?;
    tester.connect(SECOND, &pair.bob, pair.chat).await?;
    tester.fill("#second input[name=\"message\"]", "Bonjour back").await?;
    tester.click("#second form[data-testid=\"say\"] button").await?;
    tester.look_at(SECOND, "Bonjour back").await?;
    photograph(&tester, &folder, "tester-two").await?;
    tester.click("[data-testid=\"second\"]").await?;
    server.kill().await?;
    tester.see_state(FIRST, "closed").await?;
    tester.diagnose(FIRST).await?;
    tester.choose("[data-testid=\"language\"]", "vi").await?;
    photograph(&tester, &folder, "doctor-vi").await
}

/// The whole page, in every size and colour.
async fn photograph(tester: &Tester, folder: &std::path::Path, view: &str) -> Result<()> {
    for (size, width) in [("390", 390), ("1280", 1280)] {
        for colours in ["light", "dark"] {
            tester.resize(Screen { width, height: 800 }).await?;
            tester.prefer_colours(colours).await?;
            let height =
                tester.client().execute("return document.documentElement.scrollHeight", Vec::new()).await?;
            let height = u32::try_from(height.as_u64().unwrap_or(800)).unwrap_or(800);
            tester.resize(Screen { width, height }).await?;
            tester.screenshot(&folder.join(format!("{view}-{size}-{colours}.png"))).await?;
        }
    }
    Ok(())
}
