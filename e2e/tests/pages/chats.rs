//! The list of chats, and starting one.

use anyhow::{Context, Result, ensure};
use causerie_e2e::Person;
use causerie_testkit::{Account, Server};
use serde_json::json;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const CAROL: Account = Account::CAROL;

/// See these chats in the list, in this order, each once, and no other.
async fn see_list(person: &Person, expected: &[&str]) -> Result<()> {
    let script = r#"
        const titles = [...document.querySelectorAll('a[data-testid="chat"] strong')].map(title => title.textContent);
        return titles.length === arguments[0].length && titles.every((title, i) => title.includes(arguments[0][i]));"#;
    person.until(&format!("the list {expected:?}"), script, vec![json!(expected)]).await.map(drop)
}

/// Fill in the dialog that starts a chat, and ask for it.
async fn start_group(person: &Person, title: &str, with: &[Account]) -> Result<()> {
    person.click(r#"button[data-testid="new-chat"]"#).await?;
    let dialog = r#"dialog[data-testid="new-chat-dialog"]"#;
    let emails: Vec<&str> = with.iter().map(|account| account.email).collect();
    person.fill(&format!(r#"{dialog} input[name="email"]"#), &emails.join(", ")).await?;
    person.fill(&format!(r#"{dialog} input[name="title"]"#), title).await?;
    person.click(&format!(r#"{dialog} [type="submit"]"#)).await
}

#[tokio::test]
async fn a_group_whose_answer_was_lost_is_there_once() -> Result<()> {
    let server = Server::start().await?;
    let [alice, _bob, _carol] = [
        Person::join(&server, ALICE).await?,
        Person::join(&server, BOB).await?,
        Person::join(&server, CAROL).await?,
    ];
    // The server makes the chat, and the way back is cut.
    let lose = r#"
        const real = window.fetch;
        window.fetch = async (request, options) => {
            const answer = await real(request, options);
            if (request.method === "POST" && new URL(request.url).pathname === "/api/chats/") {
                throw new TypeError("the answer is lost");
            }
            return answer;
        };"#;
    alice.client().execute(lose, Vec::new()).await?;
    start_group(&alice, "Harvest", &[BOB, CAROL]).await?;
    alice.see_alert().await?;
    // The page is loaded anew in between, and she asks for the same again.
    alice.reload().await?;
    start_group(&alice, "Harvest", &[BOB, CAROL]).await?;
    alice.see_conversation("Harvest").await?;
    see_list(&alice, &["Harvest"]).await?;
    alice.reload().await?;
    see_list(&alice, &["Harvest"]).await?;
    // Once more, on purpose, makes another.
    start_group(&alice, "Harvest", &[BOB, CAROL]).await?;
    see_list(&alice, &["Harvest", "Harvest"]).await
}

#[tokio::test]
async fn only_messages_move_a_chat_live_and_after_a_reload() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let [bob, carol] = [Person::join(&server, BOB).await?, Person::join(&server, CAROL).await?];
    for (friend, account) in [(&bob, BOB), (&carol, CAROL)] {
        alice.start_chat(account).await?;
        friend.open_chat(ALICE.name).await?;
        friend.send_message("first words").await?;
        alice.see_message("first words").await?;
    }
    see_list(&alice, &[CAROL.name, BOB.name]).await?;
    // Bob's old message gets another text.
    let edit = r#"
        const {token} = JSON.parse(sessionStorage["causerie.session"] ?? localStorage["causerie.session"]);
        const headers = {authorization: `Bearer ${token}`, "content-type": "application/json"};
        const [chat] = await (await fetch("/api/chats/", {headers})).json();
        const body = JSON.stringify({content: "other words"});
        const path = `/api/messages/${chat.last_message.id}/`;
        return (await fetch(path, {method: "PATCH", headers, body})).status;"#;
    let status = bob.client().execute(edit, Vec::new()).await?;
    ensure!(status == json!(200), "the edit was answered with {status}");
    alice.see_chat_with_last_line(BOB.name, "other words").await?;
    see_list(&alice, &[CAROL.name, BOB.name]).await?;
    // Nor at the next event elsewhere, nor when the page is loaded anew.
    carol.send_message("more words").await?;
    alice.see_chat_with_last_line(CAROL.name, "more words").await?;
    see_list(&alice, &[CAROL.name, BOB.name]).await?;
    alice.reload().await.context("loading the page anew")?;
    see_list(&alice, &[CAROL.name, BOB.name]).await?;
    bob.send_message("last words").await?;
    see_list(&alice, &[BOB.name, CAROL.name]).await
}
