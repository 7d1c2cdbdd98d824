//! The server goes and comes back: nothing is lost, and the page says what happens.

use anyhow::{Result, ensure};
use causerie_e2e::Person;
use causerie_testkit::{Account, Server};
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

async fn two_people_in_a_chat(server: &Server) -> Result<(Person, Person)> {
    let (alice, bob) = try_join!(Person::join(server, ALICE), Person::join(server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    Ok((alice, bob))
}

#[tokio::test]
async fn a_killed_server_loses_nothing_and_the_page_recovers_by_itself() -> Result<()> {
    let mut server = Server::start().await?;
    let (alice, bob) = two_people_in_a_chat(&server).await?;
    alice.send_message("Before the power cut").await?;
    bob.see_message("Before the power cut").await?;

    server.kill().await?;
    for person in [&alice, &bob] {
        let words = person.see_banner().await?;
        ensure!(words.split_whitespace().count() >= 3, "the banner is {words:?}");
        ensure!(!words.contains("1006"), "a bare number helps nobody: {words:?}");
    }
    server.launch().await?;
    for person in [&alice, &bob] {
        person.see_online().await?;
        person.see_no_banner().await?;
        person.see_messages(&["Before the power cut"]).await?;
    }
    bob.send_message("After it").await?;
    let conversation = ["Before the power cut", "After it"];
    alice.see_messages(&conversation).await?;
    alice.reload().await?;
    alice.see_messages(&conversation).await
}

#[tokio::test]
async fn what_is_written_while_the_server_is_away_arrives_once() -> Result<()> {
    let mut server = Server::start().await?;
    let (alice, bob) = two_people_in_a_chat(&server).await?;
    alice.send_message("one").await?;
    bob.see_message("one").await?;

    server.kill().await?;
    alice.see_banner().await?;
    alice.send_message("two").await?;
    alice.send_message("three").await?;
    server.launch().await?;

    for person in [&alice, &bob] {
        person.see_online().await?;
        person.see_messages(&["one", "two", "three"]).await?;
        person.reload().await?;
        person.see_messages(&["one", "two", "three"]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn try_now_does_not_wait_for_the_next_attempt() -> Result<()> {
    let mut server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    alice.see_online().await?;
    server.kill().await?;
    alice.see_banner().await?;
    server.launch().await?;
    // The page may have found the server by itself, and then there is nothing to click.
    let script = r#"
        document.querySelector('button[data-testid="try-now"]')?.click();
        return document.body.dataset.connection === "online""#;
    alice.until("the connection", script, Vec::new()).await?;
    alice.see_no_banner().await
}

#[tokio::test]
async fn the_banner_tells_the_cause_when_no_server_is_there_to_find_it() -> Result<()> {
    let mut server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    alice.see_online().await?;
    server.kill().await?;
    alice.ask_why().await?;
    let dialog = r#"dialog[data-testid="cause-dialog"][open]"#;
    let words = alice.see(dialog).await?.text().await?;
    let command = format!("causerie doctor {}/", server.url());
    ensure!(words.contains("There is no connection") && words.contains(&command), "{words}");
    // Nothing of it is in the way when the server is back.
    server.launch().await?;
    alice.click(&format!("{dialog} .head button")).await?;
    alice.see_online().await?;
    alice.see_no_banner().await?;
    ensure!(!alice.has(dialog).await?, "the dialog is closed");
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_asked_to_end_ends_cleanly_and_the_page_comes_back() -> Result<()> {
    let mut server = Server::start().await?;
    let (alice, bob) = two_people_in_a_chat(&server).await?;
    alice.send_message("Before the update").await?;
    bob.see_message("Before the update").await?;

    let status = server.stop().await?;
    ensure!(status.success(), "the server ended with {status}");
    alice.see_banner().await?;
    server.launch().await?;
    alice.see_online().await?;
    bob.see_online().await?;
    alice.send_message("After the update").await?;
    bob.see_messages(&["Before the update", "After the update"]).await
}
