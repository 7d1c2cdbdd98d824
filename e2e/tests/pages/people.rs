//! The owner's door: people come by invitation, are looked after, and get a new password by a link.

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Browser, Person, Screen};
use causerie_testkit::{Account, Server};
use serde_json::json;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const DIALOG: &str = r#"dialog[data-testid="people-dialog"]"#;

/// A server that is by invitation only, and its owner with the dialog for people open.
async fn owner(server: &mut Server) -> Result<Person> {
    let alice = Person::join(server, ALICE).await?;
    server.restart_with(&[("CAUSERIE_REGISTRATION", "invited")]).await?;
    alice.see_online().await?;
    open_people(&alice).await?;
    Ok(alice)
}

async fn open_people(alice: &Person) -> Result<()> {
    alice.click(r#"button[data-testid="settings"]"#).await?;
    alice.click(r#"button[data-testid="people"]"#).await?;
    alice.see(&format!(r#"{DIALOG} [data-testid="person"]"#)).await.map(drop)
}

/// The link that was just made.
async fn link(alice: &Person) -> Result<String> {
    let field = alice.see(&format!(r#"{DIALOG} [data-testid="link"]"#)).await?;
    ensure!(alice.has(&format!("{DIALOG} svg.qr path")).await?, "there is a code to photograph");
    field.prop("value").await?.context("the link is empty")
}

async fn invite(alice: &Person) -> Result<String> {
    alice.click(&format!(r#"{DIALOG} [data-testid="tab-invitations"]"#)).await?;
    alice.click(&format!(r#"{DIALOG} form[data-testid="invite"] [type="submit"]"#)).await?;
    alice.see(&format!(r#"{DIALOG} [data-testid="invitation"]"#)).await?;
    link(alice).await
}

/// Opens a link in a browser of their own and makes the account.
async fn come_by(link: &str, account: Account, language: &str) -> Result<Browser> {
    let browser = Browser::open_in(account.name, Screen::PHONE, language).await?;
    browser.go_to(link).await?;
    browser.see(r#"[data-testid="invited"]"#).await?;
    let form = r#"form[data-testid="register"]"#;
    browser.fill(&format!(r#"{form} input[name="name"]"#), account.name).await?;
    browser.fill(&format!(r#"{form} input[name="email"]"#), account.email).await?;
    browser.fill(&format!(r#"{form} input[name="password"]"#), account.password).await?;
    browser.click(&format!(r#"{form} [type="submit"]"#)).await?;
    Ok(browser)
}

/// Clicks what asks before it is done, and says yes.
async fn click_surely(alice: &Person, selector: &str) -> Result<()> {
    alice.client().execute("window.confirm = () => true", Vec::new()).await?;
    alice.click(selector).await
}

/// The row of somebody in the list of people.
async fn mark_row(alice: &Person, name: &str) -> Result<()> {
    let script = r#"
        const rows = [...document.querySelectorAll('[data-testid="person"]')];
        const row = rows.find(row => row.textContent.includes(arguments[0]));
        document.querySelector('[data-row]')?.removeAttribute('data-row');
        row?.setAttribute('data-row', '');
        return Boolean(row);"#;
    alice.until(&format!("{name} among the people"), script, vec![json!(name)]).await.map(drop)
}

#[tokio::test]
async fn people_come_by_a_link_and_without_one_the_page_says_how() -> Result<()> {
    let mut server = Server::start().await?;
    let alice = owner(&mut server).await?;
    let link = invite(&alice).await?;
    ensure!(link.contains("/#join="), "{link}");
    let bob = come_by(&link, BOB, "vi").await?;
    bob.see(r#"button[data-testid="new-chat"]"#).await?;
    let address = bob.client().current_url().await?;
    ensure!(address.fragment().is_none(), "the secret stays in no address: {address}");

    let carol = Person::arrive(&server, Account::CAROL, Screen::WIDE).await?;
    carol.see(r#"[data-testid="only-invited"]"#).await?;
    carol.go_to(&link).await?;
    carol.reload().await?;
    let words = carol.see_alert().await?;
    ensure!(words.contains("used"), "the link is told as used: {words}");
    let log = server.log()?;
    let secret = link.rsplit('=').next().unwrap_or_default();
    ensure!(!log.contains(secret), "the log holds the secret of a link");
    Ok(())
}

#[tokio::test]
async fn a_groups_owner_who_is_a_member_brings_somebody_into_it_by_a_link() -> Result<()> {
    let server = Server::start().await?;
    let _alice = Person::join(&server, ALICE).await?;
    let (bob, carol) = (Person::join(&server, BOB).await?, Person::join(&server, Account::CAROL).await?);
    bob.click(r#"button[data-testid="new-chat"]"#).await?;
    let dialog = r#"dialog[data-testid="new-chat-dialog"]"#;
    let people = format!("{}, {}", ALICE.email, Account::CAROL.email);
    bob.fill(&format!(r#"{dialog} input[name="email"]"#), &people).await?;
    bob.fill(&format!(r#"{dialog} input[name="title"]"#), "Garden").await?;
    bob.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
    bob.see_conversation("Garden").await?;
    bob.click("main header .menu summary").await?;
    bob.click(r#"main header .menu [data-testid="people"]"#).await?;
    bob.click(&format!(r#"{DIALOG} form[data-testid="invite"] [type="submit"]"#)).await?;
    let link = link(&bob).await?;
    let dora = Account { name: "Dora Hand", email: "dora@example.org", password: "a pot of geraniums" };
    let dora = come_by(&link, dora, "en").await?;
    let group = r#"return [...document.querySelectorAll('a[data-testid="chat"]')].some(one => one.textContent.includes("Garden"))"#;
    dora.until("the group", group, Vec::new()).await?;
    // Who is no moderator of the group is not offered it.
    carol.open_chat("Garden").await?;
    carol.click("main header .menu summary").await?;
    carol.click(r#"main header .menu [data-testid="people"]"#).await?;
    carol.see(&format!("{DIALOG} li")).await?;
    ensure!(!carol.has(&format!(r#"{DIALOG} form[data-testid="invite"]"#)).await?, "she may not invite");
    Ok(())
}

#[tokio::test]
async fn who_is_suspended_is_told_and_comes_back_by_a_link() -> Result<()> {
    let mut server = Server::start().await?;
    let alice = owner(&mut server).await?;
    let bob = come_by(&invite(&alice).await?, BOB, "en").await?;
    bob.see(r#"button[data-testid="new-chat"]"#).await?;
    alice.click(&format!(r#"{DIALOG} [data-testid="tab-people"]"#)).await?;
    mark_row(&alice, BOB.name).await?;
    click_surely(&alice, r#"[data-row] [data-testid="suspend"]"#).await?;
    let said = "return document.body.innerText.includes('suspended')";
    bob.until("words about the suspension", said, Vec::new()).await?;

    mark_row(&alice, BOB.name).await?;
    alice.click(r#"[data-row] [data-testid="restore"]"#).await?;
    alice.see(&format!(r#"{DIALOG} [data-testid="suspend"]"#)).await?;
    mark_row(&alice, BOB.name).await?;
    alice.click(r#"[data-row] [data-testid="reset-link"]"#).await?;
    let reset = link(&alice).await?;
    bob.go_to(&reset).await?;
    bob.client().refresh().await?;
    let form = r#"form[data-testid="set-password"]"#;
    bob.fill(&format!(r#"{form} input[name="password"]"#), "actors and other networks").await?;
    bob.click(&format!(r#"{form} [type="submit"]"#)).await?;
    let form = r#"form[data-testid="sign-in"]"#;
    bob.fill(&format!(r#"{form} input[name="email"]"#), BOB.email).await?;
    bob.fill(&format!(r#"{form} input[name="password"]"#), "actors and other networks").await?;
    bob.click(&format!(r#"{form} [type="submit"]"#)).await?;
    bob.see(r#"button[data-testid="new-chat"]"#).await?;

    alice.click(&format!(r#"{DIALOG} [data-testid="tab-log"]"#)).await?;
    // Without the marks that isolate a name from its sentence.
    let script = r#"
        const log = document.querySelector('[data-testid="log"]')?.textContent ?? "";
        return log.replace(/[\u2066-\u2069]/g, "").includes(`${arguments[0]} suspended ${arguments[1]}`);"#;
    alice.until("the suspension in the log", script, vec![json!(ALICE.name), json!(BOB.name)]).await?;
    Ok(())
}

#[tokio::test]
async fn a_person_changes_their_password_and_other_sign_ins_end() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let elsewhere = Person::arrive(&server, ALICE, Screen::PHONE).await?;
    elsewhere.sign_in().await?;
    alice.click(r#"button[data-testid="settings"]"#).await?;
    let form = r#"form[data-testid="account"]"#;
    alice.fill(&format!(r#"{form} input[name="password"]"#), "an analytical engine").await?;
    alice.click(&format!(r#"{form} [type="submit"]"#)).await?;
    ensure!(!alice.see_alert().await?.is_empty(), "the old password is asked for");
    alice.fill(&format!(r#"{form} input[name="current_password"]"#), ALICE.password).await?;
    alice.click(&format!(r#"{form} [type="submit"]"#)).await?;
    elsewhere.see_sign_in().await?;
    elsewhere.try_to_sign_in("an analytical engine").await?;
    elsewhere.see_chats().await
}
