//! The server goes and comes back: nothing is lost, and the page says what happens.

use anyhow::{Result, ensure};
use causerie_e2e::{Account, Person, Server};
use tokio::try_join;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;

async fn two_people_in_a_chat(server: &Server) -> Result<(Person, Person)> {
    let (ada, bruno) = try_join!(Person::join(server, ADA), Person::join(server, BRUNO))?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    Ok((ada, bruno))
}

#[tokio::test]
async fn a_killed_server_loses_nothing_and_the_page_recovers_by_itself() -> Result<()> {
    let mut server = Server::start().await?;
    let (ada, bruno) = two_people_in_a_chat(&server).await?;
    ada.send_message("Before the power cut").await?;
    bruno.see_message("Before the power cut").await?;

    server.kill().await?;
    for person in [&ada, &bruno] {
        let words = person.see_banner().await?;
        ensure!(words.split_whitespace().count() >= 3, "the banner is {words:?}");
        ensure!(!words.contains("1006"), "a bare number helps nobody: {words:?}");
    }
    server.restart_on_same_port().await?;
    for person in [&ada, &bruno] {
        person.see_online().await?;
        person.see_no_banner().await?;
        person.see_messages(&["Before the power cut"]).await?;
    }
    bruno.send_message("After it").await?;
    let conversation = ["Before the power cut", "After it"];
    ada.see_messages(&conversation).await?;
    ada.reload().await?;
    ada.see_messages(&conversation).await
}

#[tokio::test]
async fn what_is_written_while_the_server_is_away_arrives_once() -> Result<()> {
    let mut server = Server::start().await?;
    let (ada, bruno) = two_people_in_a_chat(&server).await?;
    ada.send_message("one").await?;
    bruno.see_message("one").await?;

    server.kill().await?;
    ada.see_banner().await?;
    ada.send_message("two").await?;
    ada.send_message("three").await?;
    server.restart_on_same_port().await?;

    for person in [&ada, &bruno] {
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
    let ada = Person::join(&server, ADA).await?;
    ada.see_online().await?;
    server.kill().await?;
    ada.see_banner().await?;
    server.restart_on_same_port().await?;
    // The page may have found the server by itself, and then there is nothing to click.
    let script = r#"
        document.querySelector('button[data-testid="try-now"]')?.click();
        return document.body.dataset.link === "online""#;
    ada.until("the connection", script, Vec::new()).await?;
    ada.see_no_banner().await
}

#[tokio::test]
async fn the_banner_tells_the_cause_when_no_server_is_there_to_find_it() -> Result<()> {
    let mut server = Server::start().await?;
    let ada = Person::join(&server, ADA).await?;
    ada.see_online().await?;
    server.kill().await?;
    ada.ask_why().await?;
    let dialog = r#"dialog[data-testid="cause-dialog"][open]"#;
    let words = ada.see(dialog).await?.text().await?;
    let command = format!("causerie doctor {}/", server.url());
    ensure!(words.contains("There is no connection") && words.contains(&command), "{words}");
    // Nothing of it is in the way when the server is back.
    server.restart_on_same_port().await?;
    ada.click(&format!("{dialog} .head button")).await?;
    ada.see_online().await?;
    ada.see_no_banner().await?;
    ensure!(!ada.has(dialog).await?, "the dialog is closed");
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_asked_to_end_ends_cleanly_and_the_page_comes_back() -> Result<()> {
    let mut server = Server::start().await?;
    let (ada, bruno) = two_people_in_a_chat(&server).await?;
    ada.send_message("Before the update").await?;
    bruno.see_message("Before the update").await?;

    let status = server.stop().await?;
    ensure!(status.success(), "the server ended with {status}");
    ada.see_banner().await?;
    server.restart_on_same_port().await?;
    ada.see_online().await?;
    bruno.see_online().await?;
    ada.send_message("After the update").await?;
    bruno.see_messages(&["Before the update", "After the update"]).await
}
