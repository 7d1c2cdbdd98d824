//! Signing in and out, and what stays in the browser.

use anyhow::{Result, ensure};
use causerie_e2e::{Person, Screen};
use causerie_testkit::{Account, Server};

const ALICE: Account = Account::ALICE;

#[tokio::test]
async fn signing_out_forgets_and_signing_in_again_finds_everything() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let bob = Person::join(&server, Account::BOB).await?;
    alice.start_chat(Account::BOB).await?;
    alice.send_message("Back in a minute.").await?;
    bob.open_chat(ALICE.name).await?;
    bob.see_message("Back in a minute.").await?;

    alice.sign_out().await?;
    ensure!(!alice.has("ol.timeline").await?, "a conversation shows to nobody");
    alice.reload().await?;
    alice.see_sign_in().await?;
    alice.sign_in().await?;
    alice.open_chat(Account::BOB.name).await?;
    alice.see_messages(&["Back in a minute."]).await?;

    // Neither the token nor the text is anything for a log.
    let log = server.log()?;
    ensure!(!log.contains("Back in a minute."), "the log holds a message");
    ensure!(!log.contains("Bearer, "), "the log holds a token");
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_told_in_words_and_the_right_one_still_works() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    alice.sign_out().await?;
    alice.try_to_sign_in("not her password").await?;
    let words = alice.see_alert().await?;
    ensure!(words.split_whitespace().count() >= 3, "the error is {words:?}");
    alice.sign_in().await
}

#[tokio::test]
async fn who_asked_to_stay_is_signed_in_in_a_new_tab() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    alice.sign_out().await?;
    alice.sign_in().await?;
    // A new tab has no session storage of its own.
    new_tab(&alice).await?;
    alice.see_sign_in().await?;
    alice.sign_in_for_good().await?;
    new_tab(&alice).await?;
    alice.see_chats().await
}

#[tokio::test]
async fn an_email_that_is_taken_is_told_in_words() -> Result<()> {
    let server = Server::start().await?;
    let _alice = Person::join(&server, ALICE).await?;
    let other = Person::arrive(&server, ALICE, Screen::PHONE).await?;
    other.click(r#"[data-testid="show-register"]"#).await?;
    let form = r#"form[data-testid="register"]"#;
    other.fill(&format!(r#"{form} input[name="name"]"#), "Another Alice").await?;
    other.fill(&format!(r#"{form} input[name="email"]"#), ALICE.email).await?;
    other.fill(&format!(r#"{form} input[name="password"]"#), ALICE.password).await?;
    other.click(&format!(r#"{form} [type="submit"]"#)).await?;
    let words = other.see_alert().await?;
    ensure!(words.split_whitespace().count() >= 3, "the error is {words:?}");
    Ok(())
}

async fn new_tab(person: &Person) -> Result<()> {
    let tab = person.client().new_window(true).await?;
    person.client().switch_to_window(tab.handle).await?;
    person.go_home().await
}
