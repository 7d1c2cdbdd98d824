//! What a moderator does at the page: reports, chats that are opened again, settings; and an invitation to a group.

use anyhow::{Result, ensure};
use causerie_e2e::Person;
use causerie_testkit::{Account, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const CAROL: Account = Account::CAROL;
const DORA: Account =
    Account { name: "Dora Hand", email: "dora@example.org", password: "a pot of geraniums" };
const DIALOG: &str = r#"dialog[data-testid="people-dialog"]"#;

/// The owner opens the dialog at this tab.
async fn open_tab(owner: &Person, tab: &str) -> Result<()> {
    owner.click(r#"button[data-testid="settings"]"#).await?;
    // A group's menu has one of this name too.
    owner.click(r#"dialog[data-testid="settings-dialog"] button[data-testid="people"]"#).await?;
    owner.click(&format!(r#"{DIALOG} [data-testid="tab-{tab}"]"#)).await
}

/// Clicks what asks before it is done, and says yes.
async fn click_surely(person: &Person, selector: &str) -> Result<()> {
    person.client().execute("window.confirm = () => true", Vec::new()).await?;
    person.click(selector).await
}

async fn sees_text(person: &Person, selector: &str, text: &str) -> Result<()> {
    let script = r#"
        const texts = [...document.querySelectorAll(arguments[0])].map(one => one.textContent);
        return texts.some(text => text.replace(/[\u2066-\u2069]/g, "").includes(arguments[1]));"#;
    person
        .until(&format!("“{text}” in {selector}"), script, vec![json!(selector), json!(text)])
        .await
        .map(drop)
}

/// Carol reports what Bob writes to her; the server and Alice, who owns it, with the report open.
async fn reported() -> Result<(Server, Person, Person, Person)> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let (bob, carol) = try_join!(Person::join(&server, BOB), Person::join(&server, CAROL))?;
    bob.start_chat(CAROL).await?;
    bob.send_message("rude words").await?;
    carol.open_chat(BOB.name).await?;
    carol.see_message("rude words").await?;
    carol.click(".turn .menu summary").await?;
    carol.click(r#".turn .menu [data-testid="report"]"#).await?;
    let dialog = r#"dialog[data-testid="report-dialog"]"#;
    carol.fill(&format!(r#"{dialog} textarea"#), "He does it every day.").await?;
    carol.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
    let closed = r#"return !document.querySelector('[data-testid="report-dialog"]')"#;
    carol.until("the dialog to close", closed, vec![]).await?;
    open_tab(&alice, "reports").await?;
    alice.click(&format!(r#"{DIALOG} [data-testid="look-at-report"]"#)).await?;
    sees_text(&alice, r#"[data-testid="reported-message"]"#, "rude words").await?;
    sees_text(&alice, r#"[data-testid="whole-report"]"#, "He does it every day.").await?;
    Ok((server, alice, bob, carol))
}

#[tokio::test]
async fn who_is_reported_is_suspended_and_out_at_once_with_a_sentence() -> Result<()> {
    let (_server, alice, bob, _carol) = reported().await?;
    alice.fill(&format!(r#"{DIALOG} input[name="note"]"#), "third time").await?;
    click_surely(&alice, &format!(r#"{DIALOG} button[data-testid="suspended"]"#)).await?;
    let said = "return document.body.innerText.includes('suspended')";
    bob.until("words about the suspension", said, Vec::new()).await?;
    // What he wrote and did not send yet stays with the page; after a reload nothing is there without signing in.
    bob.reload().await?;
    bob.see_sign_in().await?;
    // What was done stands there, and nothing more is to be done.
    sees_text(&alice, r#"[data-testid="whole-report"]"#, "suspended the person").await?;
    sees_text(&alice, r#"[data-testid="whole-report"]"#, "third time").await?;
    ensure!(!alice.has(r#"form[data-testid="close-report"]"#).await?, "it is closed");
    alice.click(&format!(r#"{DIALOG} [data-testid="tab-log"]"#)).await?;
    sees_text(&alice, r#"[data-testid="log"]"#, &format!("suspended {}", BOB.name)).await?;
    sees_text(&alice, r#"[data-testid="log"]"#, &format!("closed a report about {}", BOB.name)).await
}

#[tokio::test]
async fn a_reported_message_is_deleted_and_an_ended_chat_opened_again() -> Result<()> {
    let (_server, alice, bob, carol) = reported().await?;
    alice.click(&format!(r#"{DIALOG} button[data-testid="deleted"]"#)).await?;
    sees_text(&bob, ".bubble", "This message was deleted.").await?;
    sees_text(&alice, r#"[data-testid="reported-message"]"#, "rude words").await?;
    carol.client().execute("window.confirm = () => true", Vec::new()).await?;
    carol.click("main header .menu summary").await?;
    carol.click(r#"main header .menu [data-testid="end-chat"]"#).await?;
    sees_text(&bob, ".closed", "This chat has ended").await?;
    click_surely(&alice, &format!(r#"{DIALOG} [data-testid="reopen"]"#)).await?;
    sees_text(&alice, r#"[data-testid="whole-report"]"#, "Their chat is open.").await?;
    bob.send_message("sorry").await?;
    carol.see_message("sorry").await
}

#[tokio::test]
async fn an_owner_decides_who_may_register() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    open_tab(&alice, "installation").await?;
    let choose = r#"
        const select = document.querySelector('[data-testid="registration"]');
        if (!select) return false;
        select.value = "invited";
        select.dispatchEvent(new Event("change"));
        return true;"#;
    alice.until("the choice", choose, Vec::new()).await?;
    alice.click(&format!(r#"{DIALOG} [data-testid="tab-log"]"#)).await?;
    sees_text(&alice, r#"[data-testid="log"]"#, "decided who may make an account: invited").await?;
    let bob = Person::arrive(&server, BOB, causerie_e2e::Screen::PHONE).await?;
    bob.see(r#"[data-testid="only-invited"]"#).await.map(drop)
}

#[tokio::test]
async fn who_has_an_account_joins_a_group_by_an_invitation() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let (bob, _carol) = try_join!(Person::join(&server, BOB), Person::join(&server, CAROL))?;
    let _dora = Person::join(&server, DORA).await?;
    alice.click(r#"button[data-testid="new-chat"]"#).await?;
    let dialog = r#"dialog[data-testid="new-chat-dialog"]"#;
    let people = format!("{}, {}", CAROL.email, DORA.email);
    alice.fill(&format!(r#"{dialog} input[name="email"]"#), &people).await?;
    alice.fill(&format!(r#"{dialog} input[name="title"]"#), "Garden").await?;
    alice.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
    alice.see_conversation("Garden").await?;
    open_tab(&alice, "invitations").await?;
    let choose = r#"
        const select = document.querySelector('form[data-testid="invite"] select[name="chat"]');
        if (!select || select.options.length < 2) return false;
        select.selectedIndex = 1;
        return true;"#;
    alice.until("the group to invite to", choose, Vec::new()).await?;
    alice.click(&format!(r#"{DIALOG} form[data-testid="invite"] [type="submit"]"#)).await?;
    let field = alice.see(&format!(r#"{DIALOG} [data-testid="link"]"#)).await?;
    let link = field.prop("value").await?.unwrap_or_default();
    // In the browser that is signed in, where the page is open.
    bob.go_to(&link).await?;
    bob.click(r#"dialog[data-testid="join-dialog"] [data-testid="join-groups"]"#).await?;
    bob.see_conversation("Garden").await?;
    let address = bob.client().current_url().await?;
    ensure!(address.fragment().is_none(), "the secret stays in no address: {address}");
    bob.send_message("I am in").await
}
