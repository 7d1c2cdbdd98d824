//! Reactions under messages, in two browsers.

use anyhow::Result;
use causerie_e2e::{Person, Screen};
use causerie_testkit::{Account, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const THUMB: &str = "\u{1f44d}";

/// Waits until the reactions on the page are these, as "emoji count", an own one with a star.
async fn sees(person: &Person, expected: &[&str]) -> Result<()> {
    let script = r#"
        const pills = [...document.querySelectorAll('[data-testid="reaction"]')];
        const own = pill => pill.getAttribute("aria-pressed") === "true" ? "*" : "";
        const words = pills.map(pill => `${pill.firstChild.textContent} ${pill.querySelector("span").textContent}${own(pill)}`);
        return JSON.stringify(words) === JSON.stringify(arguments[0]);"#;
    person.until(&format!("the reactions {expected:?}"), script, vec![json!(expected)]).await.map(drop)
}

/// Chooses the first of the quick reactions in the menu of the only message.
async fn react(person: &Person) -> Result<()> {
    person.click(".turn .menu summary").await?;
    person.click(r#".turn [data-testid="quick"] button"#).await
}

#[tokio::test]
async fn a_reaction_is_seen_by_both_taken_back_and_there_after_a_reload() -> Result<()> {
    let server = Server::start().await?;
    let bob = async {
        let bob = Person::arrive(&server, BOB, Screen::PHONE).await?;
        bob.register().await?;
        Ok(bob)
    };
    let (alice, bob) = try_join!(Person::join(&server, ALICE), bob)?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    alice.send_message("Hello").await?;
    bob.see_message("Hello").await?;
    react(&bob).await?;
    sees(&bob, &[&format!("{THUMB} 1*")]).await?;
    sees(&alice, &[&format!("{THUMB} 1")]).await?;
    // A click on what stands there joins in.
    alice.click(r#"[data-testid="reaction"]"#).await?;
    sees(&bob, &[&format!("{THUMB} 2*")]).await?;
    bob.click(r#"[data-testid="reaction"]"#).await?;
    for person in [&alice, &bob] {
        let own = if person.account().name == ALICE.name { "*" } else { "" };
        sees(person, &[&format!("{THUMB} 1{own}")]).await?;
        person.reload().await?;
        sees(person, &[&format!("{THUMB} 1{own}")]).await?;
        person.see_clean_console().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_reaction_without_a_connection_is_shown_at_once_and_sent_later() -> Result<()> {
    let mut server = Server::start().await?;
    let (alice, bob) = try_join!(Person::join(&server, ALICE), Person::join(&server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    alice.send_message("Hello").await?;
    bob.see_message("Hello").await?;
    server.kill().await?;
    bob.see_banner().await?;
    react(&bob).await?;
    sees(&bob, &[&format!("{THUMB} 1*")]).await?;
    server.launch().await?;
    sees(&alice, &[&format!("{THUMB} 1")]).await?;
    sees(&bob, &[&format!("{THUMB} 1*")]).await
}

#[tokio::test]
async fn a_reaction_without_a_connection_survives_the_page() -> Result<()> {
    let mut server = Server::start().await?;
    let (alice, bob) = try_join!(Person::join(&server, ALICE), Person::join(&server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    alice.send_message("Hello").await?;
    bob.see_message("Hello").await?;
    server.kill().await?;
    bob.see_banner().await?;
    react(&bob).await?;
    sees(&bob, &[&format!("{THUMB} 1*")]).await?;
    bob.go_to("about:blank").await?;
    server.launch().await?;
    bob.go_home().await?;
    sees(&alice, &[&format!("{THUMB} 1")]).await
}
