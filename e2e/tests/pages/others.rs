//! What other people call themselves and write stays in its place.

use anyhow::{Result, ensure};
use causerie_e2e::Person;
use causerie_testkit::{Account, Server};
use fantoccini::Locator;
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const DANA: Account = Account { name: "דנה", email: "dana@example.org", password: "a quiet evening" };
const REVERSED: Account =
    Account { name: "\u{202e}nimda", email: "reversed@example.org", password: "a quiet evening" };
const BINH: Account =
    Account { name: "Nguyễn Thị Bình", email: "binh@example.org", password: "a quiet evening" };
const CHAU: Account =
    Account { name: "Nguyễn Minh Châu", email: "chau@example.org", password: "a quiet evening" };

/// Whether, in an element that begins with a name, what follows the name is painted behind it.
const IN_ORDER: &str = r#"
    const element = document.querySelector(arguments[0]);
    if (!element) return null;
    const places = [];
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        for (let at = 0; at < node.length; at++) {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            const box = range.getBoundingClientRect();
            if (box.width > 0 && /\S/.test(node.data[at])) places.push([box.left, node.data[at]]);
        }
    }
    const split = places.findIndex(([, letter]) => letter === arguments[1]);
    const end = Math.max(...places.slice(0, split).map(([left]) => left));
    return split > 0 && places.slice(split).every(([left]) => left > end);"#;

#[tokio::test]
async fn a_name_does_not_turn_the_time_beside_it() -> Result<()> {
    let server = Server::start().await?;
    for other in [DANA, REVERSED] {
        let (alice, other) = try_join!(
            Person::join(
                &server,
                Account {
                    email: if other.email == DANA.email { "a1@example.org" } else { "a2@example.org" },
                    ..ALICE
                }
            ),
            Person::join(&server, other)
        )?;
        other.start_chat(alice.account()).await?;
        other.send_message("hello").await?;
        let open = r#"const chat = document.querySelector('a[data-testid="chat"]'); chat?.click(); return Boolean(chat)"#;
        alice.until("the chat", open, Vec::new()).await?;
        alice.see_message("hello").await?;
        alice.until("the time behind the name", IN_ORDER, vec![json!(".turn .who"), json!(",")]).await?;
        let title =
            r#"return document.title.startsWith("\u2068") && document.title.endsWith("\u2069 – Causerie")"#;
        alice.until("an isolated name in the tab", title, Vec::new()).await?;
        let label =
            r#"return document.querySelector("ol.timeline").getAttribute("aria-label").endsWith("\u2069")"#;
        alice.until("an isolated name for screen readers", label, Vec::new()).await?;
        ensure!(alice.has("main.conversation h2 bdi").await?, "the title is isolated");
    }
    Ok(())
}

#[tokio::test]
async fn people_of_one_family_are_told_apart_by_their_given_names() -> Result<()> {
    let server = Server::start().await?;
    let (alice, binh, chau) =
        try_join!(Person::join(&server, ALICE), Person::join(&server, BINH), Person::join(&server, CHAU))?;
    alice.click(r#"button[data-testid="new-chat"]"#).await?;
    let dialog = r#"dialog[data-testid="new-chat-dialog"]"#;
    alice.fill(&format!(r#"{dialog} input[name="email"]"#), "binh@example.org,chau@example.org").await?;
    alice.fill(&format!(r#"{dialog} input[name="title"]"#), "Quán cà phê").await?;
    alice.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
    alice.see_conversation("Quán cà phê").await?;
    for (person, text) in [(&binh, "chào"), (&chau, "xin chào")] {
        person.open_chat("Quán cà phê").await?;
        person.send_message(text).await?;
        alice.see_message(text).await?;
    }
    let who = r#"return [...document.querySelectorAll(".turn .who")].map(who => who.textContent.split(",")[0]).join() === "Bình,Châu""#;
    alice.until("both by their given names", who, Vec::new()).await?;
    let initials = r#"return [...document.querySelectorAll(".turn > .avatar")].map(avatar => avatar.textContent).join() === "TB,MC""#;
    alice.until("initials that differ", initials, Vec::new()).await?;
    alice.see_chat_with_last_line("Quán cà phê", "Châu: xin chào").await
}

#[tokio::test]
async fn accents_stacked_high_leave_the_message_above_as_it_was() -> Result<()> {
    let server = Server::start().await?;
    let (alice, chau) = try_join!(Person::join(&server, ALICE), Person::join(&server, CHAU))?;
    alice.start_chat(CHAU).await?;
    chau.open_chat(ALICE.name).await?;
    alice.send_message("a quiet sentence that stands above").await?;
    let stacked = format!("Z{}", "\u{30d}\u{311}\u{302}\u{33d}".repeat(100));
    alice.send_message(&stacked).await?;
    chau.see_message(&stacked).await?;
    let above = chau.client().find(Locator::Css(".turn:not(.final) .bubble")).await?;
    let with_marks = above.screenshot().await?;
    let plain = r#"document.querySelector(".turn.final .bubble").firstChild.data = "Z""#;
    chau.client().execute(plain, Vec::new()).await?;
    let without = above.screenshot().await?;
    ensure!(with_marks == without, "marks are painted over the message above");
    Ok(())
}
