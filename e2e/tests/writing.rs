//! Nothing that a person began to write is lost without their doing.

use anyhow::{Result, ensure};
use causerie_e2e::{Account, Person, Server};
use serde_json::json;
use tokio::try_join;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;
const CARLA: Account = Account::CARLA;

/// WebDriver's code of a key.
const ESCAPE: &str = "\u{e00c}";

/// Sends a request to the server as the person who is signed in.
const CALL: &str = r#"
    const token = Object.values({...sessionStorage, ...localStorage}).join(" ").match(/[A-Za-z0-9_-]{64}/)[0];
    const [method, path, body, done] = arguments;
    fetch(path, {method, headers: {Authorization: `Bearer ${token}`, "content-type": "application/json"},
        body: body && JSON.stringify(body)}).then(answer => answer.json().catch(() => null)).then(done);"#;

async fn two_people(server: &Server) -> Result<(Person, Person)> {
    try_join!(Person::join(server, ADA), Person::join(server, BRUNO))
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

#[tokio::test]
async fn a_half_edited_message_and_the_draft_survive_another_chat_and_a_reload() -> Result<()> {
    let server = Server::start().await?;
    let (ada, _bruno) = two_people(&server).await?;
    let _carla = Person::join(&server, CARLA).await?;
    ada.start_chat(BRUNO).await?;
    ada.send_message("first").await?;
    ada.type_message("half a thought").await?;
    edit(&ada).await?;
    see_written(&ada, "first").await?;
    ada.type_message(" and more").await?;

    ada.start_chat(CARLA).await?;
    see_written(&ada, "").await?;
    ada.open_chat(BRUNO.name).await?;
    ada.see(".editing").await?;
    see_written(&ada, "first and more").await?;
    ada.reload().await?;
    ada.see(".editing").await?;
    see_written(&ada, "first and more").await?;
    ada.click(r#"button[data-testid="send"]"#).await?;
    ada.see_message("first and more").await?;
    see_written(&ada, "half a thought").await?;
    ensure!(!ada.has(".editing").await?, "the edit is over");
    Ok(())
}

#[tokio::test]
async fn to_edit_a_message_that_failed_costs_neither_it_nor_the_draft() -> Result<()> {
    let mut server = Server::start().await?;
    let (ada, bruno) = two_people(&server).await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    let chat = ada.client().current_url().await?.path().trim_start_matches("/chats/").to_owned();
    let path = format!("/api/chats/{chat}/");
    server.kill().await?;
    ada.see_banner().await?;
    ada.send_message("too late").await?;
    ada.go_to("about:blank").await?;
    server.restart_on_same_port().await?;
    let close = vec![json!("PATCH"), json!(path), json!({"status": "closed"})];
    bruno.client().execute_async(CALL, close).await?;
    ada.go_home().await?;
    ada.see_online().await?;
    let open = vec![json!("PATCH"), json!(path), json!({"status": "active"})];
    let failed = r#"return Boolean(document.querySelector(".bubble.failed"))"#;
    ada.until("the chat in the list", r#"const chat = document.querySelector('a[data-testid="chat"]'); chat?.click(); return Boolean(chat)"#, Vec::new()).await?;
    ada.until("the message that failed", failed, Vec::new()).await?;
    bruno.client().execute_async(CALL, open).await?;

    ada.see_conversation(BRUNO.name).await?;
    ada.type_message("half a thought").await?;
    edit(&ada).await?;
    see_written(&ada, "too late").await?;
    ada.press(ESCAPE).await?;
    see_written(&ada, "half a thought").await?;
    ada.until("the message that failed", failed, Vec::new()).await?;

    edit(&ada).await?;
    ada.type_message(", but sent").await?;
    ada.click(r#"button[data-testid="send"]"#).await?;
    bruno.see_message("too late, but sent").await?;
    ada.see_messages(&["too late, but sent"]).await?;
    see_written(&ada, "half a thought").await
}

#[tokio::test]
async fn the_text_for_a_message_that_is_deleted_meanwhile_stays_as_a_draft() -> Result<()> {
    let server = Server::start().await?;
    let (ada, _bruno) = two_people(&server).await?;
    ada.start_chat(BRUNO).await?;
    ada.send_message("first").await?;
    edit(&ada).await?;
    ada.type_message(" and more").await?;
    // As another of her devices would.
    let chat = ada.client().current_url().await?.path().trim_start_matches("/chats/").to_owned();
    let list = vec![json!("GET"), json!(format!("/api/chats/{chat}/messages/")), json!(null)];
    let messages = ada.client().execute_async(CALL, list).await?;
    let delete = vec![json!("DELETE"), json!(format!("/api/messages/{}/", messages[0]["id"])), json!(null)];
    ada.client().execute_async(CALL, delete).await?;
    ada.see(".bubble.gone").await?;
    see_written(&ada, "first and more").await?;
    ensure!(!ada.has(".editing").await?, "there is nothing to edit any more");
    ada.reload().await?;
    see_written(&ada, "first and more").await
}

#[tokio::test]
async fn what_was_being_written_in_a_chat_that_is_closed_can_be_copied_and_is_there_when_it_opens()
-> Result<()> {
    let server = Server::start().await?;
    let (ada, bruno) = two_people(&server).await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    ada.type_message("half a thought").await?;
    let toggle = r#"document.querySelector('[data-testid="toggle-closed"]').click()"#;
    bruno.client().execute(toggle, Vec::new()).await?;
    let shown = r#"return document.querySelector(".written textarea[readonly]")?.value === arguments[0]"#;
    ada.until("the text to copy", shown, vec![json!("half a thought")]).await?;
    bruno.see(".closed").await?;
    bruno.client().execute(toggle, Vec::new()).await?;
    see_written(&ada, "half a thought").await
}

#[tokio::test]
async fn two_tabs_of_a_person_write_the_same_draft() -> Result<()> {
    let server = Server::start().await?;
    let (ada, _bruno) = two_people(&server).await?;
    ada.sign_out().await?;
    ada.sign_in_for_good().await?;
    ada.start_chat(BRUNO).await?;
    let first = ada.client().window().await?;
    let second = ada.client().new_window(true).await?.handle;
    ada.client().switch_to_window(second.clone()).await?;
    ada.go_home().await?;
    ada.open_chat(BRUNO.name).await?;
    ada.type_message("from the second").await?;
    ada.client().switch_to_window(first).await?;
    see_written(&ada, "from the second").await?;
    ada.type_message(" and the first").await?;
    ada.client().switch_to_window(second).await?;
    see_written(&ada, "from the second and the first").await?;
    ada.client().execute(r#"document.querySelector('[data-testid="send"]').click()"#, Vec::new()).await?;
    see_written(&ada, "").await
}

#[tokio::test]
async fn a_browser_that_stores_nothing_keeps_drafts_while_the_page_lives() -> Result<()> {
    let server = Server::start().await?;
    let (ada, _bruno) = two_people(&server).await?;
    let _carla = Person::join(&server, CARLA).await?;
    ada.start_chat(CARLA).await?;
    ada.start_chat(BRUNO).await?;
    let full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }";
    ada.client().execute(full, Vec::new()).await?;
    ada.type_message("half a thought").await?;
    ada.open_chat(CARLA.name).await?;
    see_written(&ada, "").await?;
    ada.open_chat(BRUNO.name).await?;
    see_written(&ada, "half a thought").await?;
    // The browser asks before the page goes, and the text with it.
    let asks = r#"
        const leaving = new Event("beforeunload", {cancelable: true});
        window.dispatchEvent(leaving);
        return leaving.defaultPrevented === arguments[0]"#;
    ada.until("a question before leaving", asks, vec![json!(true)]).await?;
    ada.client().execute("delete Storage.prototype.setItem", Vec::new()).await?;
    Ok(())
}

#[tokio::test]
async fn forms_keep_what_was_written_when_they_close_or_change() -> Result<()> {
    let server = Server::start().await?;
    let ada = Person::join(&server, ADA).await?;
    let people = r#"[data-testid="new-chat-dialog"] input[name="email"]"#;
    let title = r#"[data-testid="new-chat-dialog"] input[name="title"]"#;
    let value = "return document.querySelector(arguments[0])?.value === arguments[1]";
    let open = r#"button[data-testid="new-chat"]"#;
    ada.click(open).await?;
    ada.fill(people, "bruno@example.org,carla@example.org").await?;
    ada.fill(title, "Plan").await?;
    ada.reload().await?;
    ada.click(open).await?;
    ada.until("the people", value, vec![json!(people), json!("bruno@example.org,carla@example.org")]).await?;
    ada.until("the title", value, vec![json!(title), json!("Plan")]).await?;
    ada.click(r#"[data-testid="new-chat-dialog"] .head button"#).await?;

    ada.sign_out().await?;
    let email = r#".door input[name="email"]"#;
    let password = r#".door input[name="password"]"#;
    ada.fill(email, "ada@exam").await?;
    ada.fill(password, "half a password").await?;
    ada.click(r#"[data-testid="show-register"]"#).await?;
    ada.see(r#"form[data-testid="register"]"#).await?;
    ada.until("the e-mail", value, vec![json!(email), json!("ada@exam")]).await?;
    ada.until("the password", value, vec![json!(password), json!("half a password")]).await?;
    ada.reload().await?;
    ada.until("the e-mail", value, vec![json!(email), json!("ada@exam")]).await?;
    let stored = ada.stored("sessionStorage").await? + &ada.stored("localStorage").await?;
    ensure!(!stored.contains("half a password"), "a password is not kept");
    Ok(())
}
