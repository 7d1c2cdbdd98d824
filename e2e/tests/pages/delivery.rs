//! What was written is sent once, whatever becomes of the page that it was written on.

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Person, Screen};
use causerie_testkit::{Account, Server};
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

async fn two_people_in_a_chat(server: &Server) -> Result<(Person, Person)> {
    let (alice, bob) = try_join!(Person::join(server, ALICE), Person::join(server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    alice.send_message("hello").await?;
    bob.see_message("hello").await?;
    Ok((alice, bob))
}

#[tokio::test]
async fn what_was_not_sent_survives_the_page_and_is_sent_once() -> Result<()> {
    let mut server = Server::start().await?;
    let (alice, bob) = two_people_in_a_chat(&server).await?;
    server.kill().await?;
    alice.see_banner().await?;
    alice.send_message("written in the dark").await?;
    alice.send_message("and one more").await?;
    // The page is gone with everything that it knew, and only its storage is left.
    alice.go_to("about:blank").await?;
    server.launch().await?;
    alice.go_home().await?;
    alice.see_online().await?;
    let conversation = ["hello", "written in the dark", "and one more"];
    bob.see_online().await?;
    bob.see_messages(&conversation).await?;
    alice.open_chat(BOB.name).await?;
    alice.see_messages(&conversation).await
}

#[tokio::test]
async fn two_tabs_of_one_person_send_a_message_once_and_show_the_same() -> Result<()> {
    let mut server = Server::start().await?;
    let bob = Person::join(&server, BOB).await?;
    let alice = Person::join(&server, ALICE).await?;
    alice.sign_out().await?;
    alice.sign_in_for_good().await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    let first = alice.client().window().await?;
    let second = alice.client().new_window(true).await?.handle;
    alice.client().switch_to_window(second.clone()).await?;
    alice.go_home().await?;
    alice.open_chat(BOB.name).await?;
    alice.see_online().await?;
    alice.client().switch_to_window(first.clone()).await?;
    server.kill().await?;
    alice.see_banner().await?;
    alice.send_message("once").await?;
    server.launch().await?;
    for tab in [first, second] {
        alice.client().switch_to_window(tab).await?;
        alice.see_online().await?;
        alice.see_messages(&["once"]).await?;
    }
    bob.see_online().await?;
    bob.see_messages(&["once"]).await?;
    bob.reload().await?;
    bob.see_messages(&["once"]).await
}

#[tokio::test]
async fn a_token_that_is_revoked_asks_to_sign_in_and_loses_nothing() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people_in_a_chat(&server).await?;
    alice.type_message("half a thought").await?;
    // Somebody ends this sign-in from elsewhere, as the list of sign-ins lets one do.
    let script = r#"
        const token = Object.values({...sessionStorage, ...localStorage})
            .join(" ").match(/[A-Za-z0-9_-]{64}/)[0];
        fetch("/api/auth/logout/", {method: "POST", headers: {Authorization: `Bearer ${token}`}});"#;
    alice.client().execute(script, Vec::new()).await.context("revoking the token")?;
    alice.see_sign_in().await?;
    alice.sign_in().await?;
    alice.open_chat(BOB.name).await?;
    ensure!(alice.draft().await? == "half a thought", "the draft is {:?}", alice.draft().await?);
    alice.press("!").await?;
    bob.see_messages(&["hello"]).await?;
    alice.see_online().await
}

#[tokio::test]
async fn a_socket_that_died_while_the_device_slept_is_found_dead_on_waking() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::arrive(&server, ALICE, Screen::WIDE).await?;
    alice.register().await?;
    let bob = Person::join(&server, BOB).await?;
    alice.start_chat(BOB).await?;
    alice.see_online().await?;
    // No close, no error, no answer: what a network that changed during sleep leaves behind.
    server.pause()?;
    // The page asks on waking only when it has not heard for a while: it wakes until it has found out.
    let script = r#"
        window.dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
        return document.body.dataset.connection !== "online""#;
    let found = alice.until("the page to find out", script, Vec::new()).await;
    server.resume()?;
    found?;
    alice.see_online().await?;
    alice.send_message("awake").await?;
    bob.open_chat(ALICE.name).await?;
    bob.see_messages(&["awake"]).await
}
