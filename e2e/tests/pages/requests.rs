//! Requests for a chat to a stranger, in two browsers: on a wide screen, and on phones.

use anyhow::{Result, ensure};
use causerie_e2e::{Person, Screen};
use causerie_testkit::{Account, MailServer, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

async fn both(server: &Server, screen: Screen) -> Result<(Person, Person)> {
    let join = async |account| {
        let person = Person::arrive(server, account, screen).await?;
        person.register().await?;
        Ok::<_, anyhow::Error>(person)
    };
    try_join!(join(ALICE), join(BOB))
}

async fn sees(person: &Person, selector: &str, text: &str) -> Result<()> {
    let script = r#"return [...document.querySelectorAll(arguments[0])].some(one => one.checkVisibility() && one.textContent.includes(arguments[1]))"#;
    person
        .until(&format!("“{text}” in {selector}"), script, vec![json!(selector), json!(text)])
        .await
        .map(drop)
}

/// Alice asks Bob and says hello; he opens what she asks, which has disturbed nothing.
async fn ask(alice: &Person, bob: &Person) -> Result<()> {
    alice.start_chat(BOB).await?;
    sees(alice, r#"[data-testid="asked"]"#, "not accepted").await?;
    alice.send_message("hello").await?;
    sees(bob, r#"[data-testid="requests"]"#, "(1)").await?;
    let quiet = r#"return document.title === "Causerie" && !document.querySelector(".badge, a[data-testid=\"chat\"]")"#;
    ensure!(bob.client().execute(quiet, Vec::new()).await? == json!(true), "it does not disturb");
    bob.click(r#"[data-testid="requests"]"#).await?;
    bob.open_chat(ALICE.name).await?;
    bob.see_message("hello").await?;
    sees(bob, r#"[data-testid="request"]"#, ALICE.name).await?;
    // She sees neither that he is there nor that he has read.
    let seen = r#"
        const said = document.querySelector("main.conversation").textContent;
        return said.includes("online") || said.includes("Read");"#;
    ensure!(alice.client().execute(seen, Vec::new()).await? == json!(false), "nothing of it passes");
    Ok(())
}

async fn is_accepted(screen: Screen) -> Result<()> {
    let server = Server::start_with(&[("CAUSERIE_NEW_CHATS", "requests")]).await?;
    let (alice, bob) = both(&server, screen).await?;
    ask(&alice, &bob).await?;
    bob.click(r#"[data-testid="accept"]"#).await?;
    for person in [&alice, &bob] {
        sees(person, ".event", "accepted").await?;
        let gone = r#"return !document.querySelector('[data-testid="request"], [data-testid="asked"]')"#;
        person.until("no request", gone, Vec::new()).await?;
    }
    sees(&alice, "main.conversation header .soft", "online").await?;
    bob.send_message("hello Alice").await?;
    alice.see_message("hello Alice").await?;
    // It stands among the chats, also after the page was loaded anew.
    bob.go_home().await?;
    bob.open_chat(ALICE.name).await?;
    ensure!(!bob.has(r#"[data-testid="requests"]"#).await?, "there is no request left");
    try_join!(alice.see_clean_console(), bob.see_clean_console()).map(drop)
}

#[tokio::test]
async fn a_request_disturbs_nobody_and_is_accepted() -> Result<()> {
    is_accepted(Screen::WIDE).await
}

#[tokio::test]
async fn a_request_is_accepted_on_phones() -> Result<()> {
    is_accepted(Screen::PHONE).await
}

#[tokio::test]
async fn an_answer_accepts_and_until_then_messages_are_few() -> Result<()> {
    let server = Server::start_with(&[("CAUSERIE_NEW_CHATS", "requests")]).await?;
    let (alice, bob) = both(&server, Screen::WIDE).await?;
    ask(&alice, &bob).await?;
    for text in ["second", "third", "fourth"] {
        alice.send_message(text).await?;
    }
    sees(&alice, ".turn", "Not sent: They have not accepted the chat yet").await?;
    bob.send_message("what is it?").await?;
    alice.see_message("what is it?").await?;
    alice.send_message("fifth").await?;
    bob.see_messages(&["hello", "second", "third", "what is it?", "fifth"]).await
}

#[tokio::test]
async fn a_request_that_is_deleted_is_gone_and_ends_for_who_asked() -> Result<()> {
    let server = Server::start_with(&[("CAUSERIE_NEW_CHATS", "requests")]).await?;
    let (alice, bob) = both(&server, Screen::PHONE).await?;
    ask(&alice, &bob).await?;
    bob.client().execute("window.confirm = () => true", Vec::new()).await?;
    bob.click(r#"[data-testid="refuse"]"#).await?;
    bob.see_chats().await?;
    let gone = r#"return !document.querySelector('[data-testid="requests"], a[data-testid="chat"]')"#;
    bob.until("an empty list", gone, Vec::new()).await?;
    sees(&alice, ".closed", "This chat has ended").await
}

#[tokio::test]
async fn who_is_blocked_for_a_request_reads_that_the_chat_has_ended() -> Result<()> {
    let server = Server::start_with(&[("CAUSERIE_NEW_CHATS", "requests")]).await?;
    let (alice, bob) = both(&server, Screen::WIDE).await?;
    ask(&alice, &bob).await?;
    bob.click(r#"[data-testid="block-request"]"#).await?;
    sees(&bob, ".closed", "You have blocked this person").await?;
    sees(&alice, ".closed", "This chat has ended").await?;
    ensure!(!alice.has(r#"textarea[name="message"]"#).await?, "there is nothing to write into");
    Ok(())
}

/// Asks for a chat by this e-mail address; the confirmation that the page shows.
async fn asks(person: &Person, address: &str) -> Result<String> {
    person.click(r#"button[data-testid="new-chat"]"#).await?;
    let dialog = r#"dialog[data-testid="new-chat-dialog"]"#;
    person.fill(&format!(r#"{dialog} input[name="email"]"#), address).await?;
    person.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
    let said = r#"return document.querySelector('[data-testid="was-asked"]')?.textContent || null"#;
    let words = person.until("words on what was done", said, Vec::new()).await?;
    person.client().execute("document.querySelector('dialog').close()", Vec::new()).await?;
    Ok(words.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn where_mail_is_set_up_who_asks_is_told_nothing_until_it_is_accepted() -> Result<()> {
    let mails = MailServer::open().await?;
    let server = Server::start_with(&[
        ("CAUSERIE_SMTP_URL", &mails.url()?),
        ("CAUSERIE_MAIL_FROM", "Causerie <chat@example.org>"),
        ("CAUSERIE_PUBLIC_URL", "https://chat.example.org"),
    ])
    .await?;
    let join = async |account| {
        let person = Person::arrive(&server, account, Screen::PHONE).await?;
        person.register_by_mail(&mails).await?;
        anyhow::Ok(person)
    };
    let (alice, bob) = (join(ALICE).await?, join(BOB).await?);
    let unknown = asks(&alice, "nobody@example.org").await?;
    ensure!(!unknown.is_empty() && asks(&alice, BOB.email).await? == unknown, "one is told from the other");
    bob.click(r#"[data-testid="requests"]"#).await?;
    bob.open_chat(ALICE.name).await?;
    sees(&bob, r#"[data-testid="request"]"#, ALICE.name).await?;
    ensure!(!alice.has(r#"a[data-testid="chat"]"#).await?, "she has no chat yet");
    bob.click(r#"[data-testid="accept"]"#).await?;
    alice.open_chat(BOB.name).await?;
    alice.send_message("at last").await?;
    bob.see_message("at last").await?;
    try_join!(alice.see_clean_console(), bob.see_clean_console()).map(drop)
}
