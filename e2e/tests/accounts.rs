//! Signing in and out, and what stays in the browser.

use anyhow::{Result, ensure};
use causerie_e2e::{Account, Person, Screen, Server};

const ADA: Account = Account::ADA;

#[tokio::test]
async fn signing_out_forgets_and_signing_in_again_finds_everything() -> Result<()> {
    let server = Server::start().await?;
    let ada = Person::join(&server, ADA).await?;
    let bruno = Person::join(&server, Account::BRUNO).await?;
    ada.start_chat(Account::BRUNO).await?;
    ada.send_message("Back in a minute.").await?;
    bruno.open_chat(ADA.name).await?;
    bruno.see_message("Back in a minute.").await?;

    ada.sign_out().await?;
    ensure!(!ada.has("ol.timeline").await?, "a conversation shows to nobody");
    ada.reload().await?;
    ada.see_sign_in().await?;
    ada.sign_in().await?;
    ada.open_chat(Account::BRUNO.name).await?;
    ada.see_messages(&["Back in a minute."]).await?;

    // Neither the token nor the text is anything for a log.
    let log = server.log()?;
    ensure!(!log.contains("Back in a minute."), "the log holds a message");
    ensure!(!log.contains("Bearer, "), "the log holds a token");
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_told_in_words_and_the_right_one_still_works() -> Result<()> {
    let server = Server::start().await?;
    let ada = Person::join(&server, ADA).await?;
    ada.sign_out().await?;
    ada.try_to_sign_in("not her password").await?;
    let words = ada.see_alert().await?;
    ensure!(words.split_whitespace().count() >= 3, "the error is {words:?}");
    ada.sign_in().await
}

#[tokio::test]
async fn who_asked_to_stay_is_signed_in_in_a_new_tab() -> Result<()> {
    let server = Server::start().await?;
    let ada = Person::join(&server, ADA).await?;
    ada.sign_out().await?;
    ada.sign_in().await?;
    // A new tab has no session storage of its own.
    new_tab(&ada).await?;
    ada.see_sign_in().await?;
    ada.sign_in_for_good().await?;
    new_tab(&ada).await?;
    ada.see_chats().await
}

#[tokio::test]
async fn an_email_that_is_taken_is_told_in_words() -> Result<()> {
    let server = Server::start().await?;
    let _ada = Person::join(&server, ADA).await?;
    let other = Person::arrive(&server, ADA, Screen::PHONE).await?;
    other.click(r#"[data-testid="show-register"]"#).await?;
    let form = r#"form[data-testid="register"]"#;
    other.fill(&format!(r#"{form} input[name="name"]"#), "Another Ada").await?;
    other.fill(&format!(r#"{form} input[name="email"]"#), ADA.email).await?;
    other.fill(&format!(r#"{form} input[name="password"]"#), ADA.password).await?;
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
