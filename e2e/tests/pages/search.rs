//! The search: chats, people and messages in one field.

use anyhow::{Result, ensure};
use causerie_e2e::Person;
use causerie_testkit::{Account, Server};
use serde_json::json;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

const FIELD: &str = r#"dialog[data-testid="search-dialog"] input[name="query"]"#;

/// See these words marked in a message that was found.
async fn see_marked(person: &Person, words: &[&str]) -> Result<()> {
    let script = r#"
        const marks = [...document.querySelectorAll('[data-testid="found-message"] mark')].map(mark => mark.textContent);
        return JSON.stringify(marks) === JSON.stringify(arguments[0]);"#;
    person.until(&format!("{words:?} marked"), script, vec![json!(words)]).await.map(drop)
}

#[tokio::test]
async fn a_message_is_found_without_its_marks_and_enter_goes_to_it() -> Result<()> {
    let server = Server::start().await?;
    let [alice, bob] = [Person::join(&server, ALICE).await?, Person::join(&server, BOB).await?];
    alice.start_chat(BOB).await?;
    alice.send_message("Đường Nguyễn Huệ, Hà Nội").await?;
    bob.see_chat_with_last_line(ALICE.name, "Đường Nguyễn Huệ, Hà Nội").await?;
    bob.press_with_control('k').await?;
    bob.fill(FIELD, "anything").await?;
    bob.press_escape().await?;
    let is_closed = r#"return !document.querySelector('dialog[data-testid="search-dialog"]')"#;
    bob.until("the search to close at Escape", is_closed, Vec::new()).await?;
    bob.press_with_control('k').await?;
    bob.fill(FIELD, "nguyen hue").await?;
    see_marked(&bob, &["Nguyễn", "Huệ"]).await?;
    bob.press_enter().await?;
    bob.see_conversation(ALICE.name).await?;
    let address = bob.client().current_url().await?;
    ensure!(address.path().ends_with("/1"), "the address of the chat's first message: {address}");
    Ok(())
}

#[tokio::test]
async fn chats_and_people_are_found_and_the_arrow_keys_choose() -> Result<()> {
    let server = Server::start().await?;
    let [alice, _bob] = [Person::join(&server, ALICE).await?, Person::join(&server, BOB).await?];
    alice.start_chat(BOB).await?;
    alice.go_home().await?;
    alice.click(r#"button[data-testid="search"]"#).await?;
    alice.fill(FIELD, BOB.name).await?;
    alice.see(r#"[data-testid="found-chat"][aria-selected="true"]"#).await?;
    alice.press_arrow_down().await?;
    alice.see(r#"[data-testid="found-person"][aria-selected="true"]"#).await?;
    alice.press_enter().await?;
    alice.see_conversation(BOB.name).await
}
