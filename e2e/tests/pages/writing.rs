//! Nothing that a person began to write is lost without their doing.

use anyhow::{Result, ensure};
use causerie_e2e::Person;
use causerie_testkit::{Account, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const CAROL: Account = Account::CAROL;

/// WebDriver's code of a key.
const ESCAPE: &str = "\u{e00c}";

/// Sends a request to the server as the person who is signed in.
const CALL: &str = r#"
    const token = Object.values({...sessionStorage, ...localStorage}).join(" ").match(/[A-Za-z0-9_-]{64}/)[0];
    const [method, path, body, done] = arguments;
    fetch(path, {method, headers: {Authorization: `Bearer ${token}`, "content-type": "application/json"},
        body: body && JSON.stringify(body)}).then(answer => answer.json().catch(() => null)).then(done);"#;

async fn two_people(server: &Server) -> Result<(Person, Person)> {
    try_join!(Person::join(server, ALICE), Person::join(server, BOB))
}

/// The composer holds this text.
async fn see_written(person: &Person, text: &str) -> Result<()> {
    let script = r#"return document.querySelector('textarea[name="message"]')?.value === arguments[0]"#;
    person.until(&format!("the text “{text}” in the composer"), script, vec![json!(text)]).await.map(drop)
}

/// Chooses "Edit" for the newest own message.
async fn edit(person: &Person) -> Result<()> {
    let script = r#"
        const edits = document.querySelectorAll('.turn.mine .menu button, .turn.mine [data-testid="edit"]');
        const edit = [...edits].filter(button => button.textContent === "Edit").at(-1);
        edit?.click();
        return Boolean(edit)"#;
    person.until("a way to edit", script, Vec::new()).await?;
    person.see(".editing").await.map(drop)
}

/// Chooses something in the menu of the open chat.
async fn press_in_header(person: &Person, what: &str) -> Result<()> {
    let script = r#"
        const choice = document.querySelector(`main header [data-testid="${arguments[0]}"]`);
        choice?.click();
        return Boolean(choice)"#;
    person.until(&format!("“{what}” in the menu"), script, vec![json!(what)]).await.map(drop)
}

#[tokio::test]
async fn a_half_edited_message_and_the_draft_survive_another_chat_and_a_reload() -> Result<()> {
    let server = Server::start().await?;
    let (alice, _bob) = two_people(&server).await?;
    let _carol = Person::join(&server, CAROL).await?;
    alice.start_chat(BOB).await?;
    alice.send_message("first").await?;
    alice.type_message("half a thought").await?;
    edit(&alice).await?;
    see_written(&alice, "first").await?;
    alice.type_message(" and more").await?;

    alice.start_chat(CAROL).await?;
    see_written(&alice, "").await?;
    alice.open_chat(BOB.name).await?;
    alice.see(".editing").await?;
    see_written(&alice, "first and more").await?;
    alice.reload().await?;
    alice.see(".editing").await?;
    see_written(&alice, "first and more").await?;
    alice.click(r#"button[data-testid="send"]"#).await?;
    alice.see_message("first and more").await?;
    see_written(&alice, "half a thought").await?;
    ensure!(!alice.has(".editing").await?, "the edit is over");
    Ok(())
}

#[tokio::test]
async fn to_edit_a_message_that_failed_costs_neither_it_nor_the_draft() -> Result<()> {
    let mut server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    server.kill().await?;
    alice.see_banner().await?;
    alice.send_message("too late").await?;
    alice.go_to("about:blank").await?;
    server.launch().await?;
    bob.see_online().await?;
    press_in_header(&bob, "block").await?;
    bob.see(".closed").await?;
    alice.go_home().await?;
    alice.see_online().await?;
    let failed = r#"return Boolean(document.querySelector(".bubble.failed"))"#;
    alice.until("the chat in the list", r#"const chat = document.querySelector('a[data-testid="chat"]'); chat?.click(); return Boolean(chat)"#, Vec::new()).await?;
    alice.until("the message that failed", failed, Vec::new()).await?;
    press_in_header(&bob, "unblock").await?;

    alice.see_conversation(BOB.name).await?;
    alice.type_message("half a thought").await?;
    edit(&alice).await?;
    see_written(&alice, "too late").await?;
    alice.press(ESCAPE).await?;
    see_written(&alice, "half a thought").await?;
    alice.until("the message that failed", failed, Vec::new()).await?;

    edit(&alice).await?;
    alice.type_message(", but sent").await?;
    alice.click(r#"button[data-testid="send"]"#).await?;
    bob.see_message("too late, but sent").await?;
    alice.see_messages(&["too late, but sent"]).await?;
    see_written(&alice, "half a thought").await
}

#[tokio::test]
async fn the_text_for_a_message_that_is_deleted_meanwhile_stays_as_a_draft() -> Result<()> {
    let server = Server::start().await?;
    let (alice, _bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    alice.send_message("first").await?;
    edit(&alice).await?;
    alice.type_message(" and more").await?;
    // As another of her devices would.
    let chat = alice.client().current_url().await?.path().trim_start_matches("/chats/").to_owned();
    let list = vec![json!("GET"), json!(format!("/api/chats/{chat}/messages/")), json!(null)];
    let messages = alice.client().execute_async(CALL, list).await?;
    let delete = vec![json!("DELETE"), json!(format!("/api/messages/{}/", messages[0]["id"])), json!(null)];
    alice.client().execute_async(CALL, delete).await?;
    alice.see(".bubble.gone").await?;
    see_written(&alice, "first and more").await?;
    ensure!(!alice.has(".editing").await?, "there is nothing to edit any more");
    alice.reload().await?;
    see_written(&alice, "first and more").await
}

#[tokio::test]
async fn what_was_being_written_in_a_chat_that_is_closed_can_be_copied_and_is_there_when_it_opens()
-> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    alice.type_message("half a thought").await?;
    press_in_header(&bob, "block").await?;
    let shown = r#"return document.querySelector(".written textarea[readonly]")?.value === arguments[0]"#;
    alice.until("the text to copy", shown, vec![json!("half a thought")]).await?;
    bob.see(".closed").await?;
    press_in_header(&bob, "unblock").await?;
    see_written(&alice, "half a thought").await
}

#[tokio::test]
async fn two_tabs_of_a_person_write_the_same_draft() -> Result<()> {
    let server = Server::start().await?;
    let (alice, _bob) = two_people(&server).await?;
    alice.sign_out().await?;
    alice.sign_in_for_good().await?;
    alice.start_chat(BOB).await?;
    let first = alice.client().window().await?;
    let second = alice.client().new_window(true).await?.handle;
    alice.client().switch_to_window(second.clone()).await?;
    alice.go_home().await?;
    alice.open_chat(BOB.name).await?;
    alice.type_message("from the second").await?;
    alice.client().switch_to_window(first).await?;
    see_written(&alice, "from the second").await?;
    alice.type_message(" and the first").await?;
    alice.client().switch_to_window(second).await?;
    see_written(&alice, "from the second and the first").await?;
    alice.client().execute(r#"document.querySelector('[data-testid="send"]').click()"#, Vec::new()).await?;
    see_written(&alice, "").await
}

#[tokio::test]
async fn a_browser_that_stores_nothing_keeps_drafts_while_the_page_lives() -> Result<()> {
    let server = Server::start().await?;
    let (alice, _bob) = two_people(&server).await?;
    let _carol = Person::join(&server, CAROL).await?;
    alice.start_chat(CAROL).await?;
    alice.start_chat(BOB).await?;
    let full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }";
    alice.client().execute(full, Vec::new()).await?;
    alice.type_message("half a thought").await?;
    alice.open_chat(CAROL.name).await?;
    see_written(&alice, "").await?;
    alice.open_chat(BOB.name).await?;
    see_written(&alice, "half a thought").await?;
    // The browser asks before the page goes, and the text with it.
    let asks = r#"
        const leaving = new Event("beforeunload", {cancelable: true});
        window.dispatchEvent(leaving);
        return leaving.defaultPrevented === arguments[0]"#;
    alice.until("a question before leaving", asks, vec![json!(true)]).await?;
    alice.client().execute("delete Storage.prototype.setItem", Vec::new()).await?;
    Ok(())
}

#[tokio::test]
async fn forms_keep_what_was_written_when_they_close_or_change() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let people = r#"[data-testid="new-chat-dialog"] input[name="email"]"#;
    let title = r#"[data-testid="new-chat-dialog"] input[name="title"]"#;
    let value = "return document.querySelector(arguments[0])?.value === arguments[1]";
    let open = r#"button[data-testid="new-chat"]"#;
    alice.click(open).await?;
    alice.fill(people, "bob@example.org,carol@example.org").await?;
    alice.fill(title, "Plan").await?;
    alice.reload().await?;
    alice.click(open).await?;
    alice.until("the people", value, vec![json!(people), json!("bob@example.org,carol@example.org")]).await?;
    alice.until("the title", value, vec![json!(title), json!("Plan")]).await?;
    alice.click(r#"[data-testid="new-chat-dialog"] .head button"#).await?;

    alice.sign_out().await?;
    let email = r#".sign-in input[name="email"]"#;
    let password = r#".sign-in input[name="password"]"#;
    alice.fill(email, "alice@exam").await?;
    alice.fill(password, "half a password").await?;
    alice.click(r#"[data-testid="show-register"]"#).await?;
    alice.see(r#"form[data-testid="register"]"#).await?;
    alice.until("the e-mail", value, vec![json!(email), json!("alice@exam")]).await?;
    alice.until("the password", value, vec![json!(password), json!("half a password")]).await?;
    alice.reload().await?;
    alice.until("the e-mail", value, vec![json!(email), json!("alice@exam")]).await?;
    let stored = alice.stored("sessionStorage").await? + &alice.stored("localStorage").await?;
    ensure!(!stored.contains("half a password"), "a password is not kept");
    Ok(())
}
