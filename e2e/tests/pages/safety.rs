//! People who are safe from each other, in two browsers.

use anyhow::{Result, ensure};
use causerie_e2e::Person;
use causerie_testkit::{Account, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const CAROL: Account = Account::CAROL;

/// Two taps: the menu, then the choice.
async fn choose(person: &Person, menu: &str, choice: &str) -> Result<()> {
    person.click(&format!("{menu} summary")).await?;
    person.click(&format!(r#"{menu} [data-testid="{choice}"]"#)).await
}

async fn sees_text(person: &Person, selector: &str, text: &str) -> Result<()> {
    let script = r#"return [...document.querySelectorAll(arguments[0])].some(one => one.textContent.includes(arguments[1]))"#;
    person
        .until(&format!("“{text}” in {selector}"), script, vec![json!(selector), json!(text)])
        .await
        .map(drop)
}

#[tokio::test]
async fn a_block_ends_the_talk_for_both_and_taking_it_back_goes_on() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = try_join!(Person::join(&server, ALICE), Person::join(&server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    bob.send_message("hello").await?;
    alice.see_message("hello").await?;
    choose(&alice, ".turn .menu", "block").await?;
    sees_text(&alice, ".closed", "You have blocked this person").await?;
    // To him it is a chat that ended.
    sees_text(&bob, ".closed", "This chat has ended").await?;
    ensure!(!bob.has("textarea[name=\"message\"]").await?, "there is nothing to write into");
    // In the settings she finds him, and lets him write again.
    alice.click(r#"button[data-testid="settings"]"#).await?;
    alice.click(r#"dialog[data-testid="settings-dialog"] [data-testid="unblock"]"#).await?;
    sees_text(&alice, "dialog .soft", "Nobody.").await?;
    bob.send_message("again").await
}

#[tokio::test]
async fn in_a_group_messages_of_somebody_blocked_are_shown_when_asked_for() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob, carol) =
        try_join!(Person::join(&server, ALICE), Person::join(&server, BOB), Person::join(&server, CAROL))?;
    alice.click(r#"button[data-testid="new-chat"]"#).await?;
    let dialog = r#"dialog[data-testid="new-chat-dialog"]"#;
    let people = format!("{}, {}", BOB.email, CAROL.email);
    alice.fill(&format!(r#"{dialog} input[name="email"]"#), &people).await?;
    alice.fill(&format!(r#"{dialog} input[name="title"]"#), "Garden").await?;
    alice.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
    alice.see_conversation("Garden").await?;
    try_join!(bob.open_chat("Garden"), carol.open_chat("Garden"))?;
    bob.send_message("first").await?;
    alice.see_message("first").await?;
    choose(&alice, ".turn .menu", "block").await?;
    bob.send_message("second").await?;
    carol.see_message("second").await?;
    sees_text(&alice, ".bubble", "somebody you blocked").await?;
    let shown = r#"return document.body.textContent.includes("second")"#;
    ensure!(alice.client().execute(shown, Vec::new()).await? == json!(false), "it is not shown");
    // The two messages have one button each.
    alice
        .until(
            "the buttons",
            r#"return document.querySelectorAll('[data-testid="reveal"]').length === 2"#,
            vec![],
        )
        .await?;
    let last = r#"[...document.querySelectorAll('[data-testid="reveal"]')].at(-1).click()"#;
    alice.client().execute(last, Vec::new()).await?;
    alice.see_message("second").await?;

    // The owner removes him, and his page says so.
    choose(&alice, "main header .menu", "people").await?;
    let remove = r#"
        window.confirm = () => true;
        const rows = [...document.querySelectorAll('[data-testid="people-dialog"] li')];
        const button = rows.find(row => row.textContent.includes(arguments[0]))?.querySelector('[data-testid="remove-person"]');
        button?.click();
        return Boolean(button);"#;
    alice.until("Bob's row", remove, vec![json!(BOB.name)]).await?;
    sees_text(&bob, ".closed", "You have no access to this chat").await?;
    sees_text(&carol, ".event", "was removed").await
}

#[tokio::test]
async fn a_message_is_reported_in_words_of_ones_own() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = try_join!(Person::join(&server, ALICE), Person::join(&server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    bob.send_message("rude").await?;
    alice.see_message("rude").await?;
    choose(&alice, ".turn .menu", "report").await?;
    let dialog = r#"dialog[data-testid="report-dialog"]"#;
    alice.fill(&format!(r#"{dialog} textarea"#), "He does it every day.").await?;
    alice.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
    alice
        .until(
            "the dialog to close",
            r#"return !document.querySelector('[data-testid="report-dialog"]')"#,
            vec![],
        )
        .await?;
    // Nothing of it reaches him.
    bob.send_message("more").await
}
