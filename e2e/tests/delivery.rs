//! What was written is sent once, whatever becomes of the page that it was written on.

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Account, Person, Screen, Server};
use tokio::try_join;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;

async fn two_people_in_a_chat(server: &Server) -> Result<(Person, Person)> {
    let (ada, bruno) = try_join!(Person::join(server, ADA), Person::join(server, BRUNO))?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    ada.send_message("hello").await?;
    bruno.see_message("hello").await?;
    Ok((ada, bruno))
}

#[tokio::test]
async fn what_was_not_sent_survives_the_page_and_is_sent_once() -> Result<()> {
    let mut server = Server::start().await?;
    let (ada, bruno) = two_people_in_a_chat(&server).await?;
    server.kill().await?;
    ada.see_banner().await?;
    ada.send_message("written in the dark").await?;
    ada.send_message("and one more").await?;
    // The page is gone with everything that it knew, and only its storage is left.
    ada.go_to("about:blank").await?;
    server.restart_on_same_port().await?;
    ada.go_home().await?;
    ada.see_online().await?;
    let conversation = ["hello", "written in the dark", "and one more"];
    bruno.see_online().await?;
    bruno.see_messages(&conversation).await?;
    ada.open_chat(BRUNO.name).await?;
    ada.see_messages(&conversation).await
}

#[tokio::test]
async fn two_tabs_of_one_person_send_a_message_once_and_show_the_same() -> Result<()> {
    let mut server = Server::start().await?;
    let bruno = Person::join(&server, BRUNO).await?;
    let ada = Person::join(&server, ADA).await?;
    ada.sign_out().await?;
    ada.sign_in_for_good().await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    let first = ada.client().window().await?;
    let second = ada.client().new_window(true).await?.handle;
    ada.client().switch_to_window(second.clone()).await?;
    ada.go_home().await?;
    ada.open_chat(BRUNO.name).await?;
    ada.see_online().await?;
    ada.client().switch_to_window(first.clone()).await?;
    server.kill().await?;
    ada.see_banner().await?;
    ada.send_message("once").await?;
    server.restart_on_same_port().await?;
    for tab in [first, second] {
        ada.client().switch_to_window(tab).await?;
        ada.see_online().await?;
        ada.see_messages(&["once"]).await?;
    }
    bruno.see_online().await?;
    bruno.see_messages(&["once"]).await?;
    bruno.reload().await?;
    bruno.see_messages(&["once"]).await
}

#[tokio::test]
async fn a_token_that_is_revoked_asks_to_sign_in_and_loses_nothing() -> Result<()> {
    let server = Server::start().await?;
    let (ada, bruno) = two_people_in_a_chat(&server).await?;
    ada.type_message("half a thought").await?;
    // Somebody ends this sign-in from elsewhere, as the list of sign-ins lets one do.
    let script = r#"
        const token = Object.values({...sessionStorage, ...localStorage})
            .join(" ").match(/[A-Za-z0-9_-]{64}/)[0];
        fetch("/api/auth/logout/", {method: "POST", headers: {Authorization: `Bearer ${token}`}});"#;
    ada.client().execute(script, Vec::new()).await.context("revoking the token")?;
    ada.see_sign_in().await?;
    ada.sign_in().await?;
    ada.open_chat(BRUNO.name).await?;
    ensure!(ada.draft().await? == "half a thought", "the draft is {:?}", ada.draft().await?);
    ada.press("!").await?;
    bruno.see_messages(&["hello"]).await?;
    ada.see_online().await
}

#[tokio::test]
async fn a_socket_that_died_while_the_device_slept_is_found_dead_on_waking() -> Result<()> {
    let server = Server::start().await?;
    let ada = Person::arrive(&server, ADA, Screen::WIDE).await?;
    ada.register().await?;
    let bruno = Person::join(&server, BRUNO).await?;
    ada.start_chat(BRUNO).await?;
    ada.see_online().await?;
    // No close, no error, no answer: what a network that changed during sleep leaves behind.
    server.pause()?;
    // The page asks on waking only when it has not heard for a while: it wakes until it has found out.
    let script = r#"
        window.dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
        return document.body.dataset.link !== "online""#;
    let found = ada.until("the page to find out", script, Vec::new()).await;
    server.resume()?;
    found?;
    ada.see_online().await?;
    ada.send_message("awake").await?;
    bruno.open_chat(ADA.name).await?;
    bruno.see_messages(&["awake"]).await
}
