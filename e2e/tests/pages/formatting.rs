//! Formatted messages in browsers.

use anyhow::Result;
use causerie_e2e::Person;
use causerie_testkit::{Account, Server};
use serde_json::{Value, json};
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

/// Everything that a text can have in it.
const TEXT: &str = "**bold** _soft_ ~~gone~~ `x*y*` [words](https://x.org/a)\n> quoted\n\n3. three\n4. four\n\n- dot\n\n```rust\nfn a() {\n    b();\n}\n```";

async fn two_people(server: &Server) -> Result<(Person, Person)> {
    let (alice, bob) = try_join!(Person::join(server, ALICE), Person::join(server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    Ok((alice, bob))
}

/// Sends a text of several lines.
async fn send(person: &Person, text: &str) -> Result<()> {
    person.click("textarea").await?;
    person.insert_text(text).await?;
    person.click(r#"button[data-testid="send"]"#).await
}

/// Waits until something is true of `bubble`, the newest message.
async fn sees(person: &Person, what: &str, script: &str, arguments: Vec<Value>) -> Result<()> {
    let find = r#"const bubble = [...document.querySelectorAll("ol.timeline .bubble")].at(-1);
        const words = selector => bubble.querySelector(selector)?.textContent;
        if (!bubble) return false;"#;
    person.until(what, &format!("{find} return Boolean({script});"), arguments).await.map(drop)
}

#[tokio::test]
async fn a_formatted_text_arrives_as_elements_and_its_code_is_copied() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    send(&alice, TEXT).await?;
    for person in [&alice, &bob] {
        for (selector, words) in [
            ("strong", "bold"),
            ("em", "soft"),
            ("s", "gone"),
            (":not(pre) > code", "x*y*"),
            (r#"a[href="https://x.org/a"][target="_blank"][rel~="noopener"]"#, "words"),
            ("blockquote", "quoted"),
            (r#"ol[start="3"] > li:first-child"#, "three"),
            ("ol > li:last-child", "four"),
            ("ul > li", "dot"),
            (r#".code pre[tabindex="0"]"#, "fn a() {\n    b();\n}"),
            (".code > div > span", "rust"),
        ] {
            let arguments = vec![json!(selector), json!(words)];
            sees(person, selector, "words(arguments[0]) === arguments[1]", arguments).await?;
        }
        sees(person, "no marks", "!/[*~`_>\\[\\]]/.test(bubble.innerText.replace('x*y*', ''))", vec![])
            .await?;
    }
    let keep = "navigator.clipboard.writeText = async text => { globalThis.copied = text; }; return true;";
    bob.client().execute(keep, Vec::new()).await?;
    bob.click(r#"button[data-testid="copy-code"]"#).await?;
    bob.until("the code", r#"return globalThis.copied === "fn a() {\n    b();\n}""#, Vec::new()).await?;
    sees(&bob, "that it was copied", r#"words('[role="status"]') === "Copied.""#, vec![]).await?;
    bob.see_clean_console().await
}

#[tokio::test]
async fn what_is_no_safe_address_is_text_and_a_foreign_host_is_named() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    let bad = "[click](javascript:alert(1)) <img src=x onerror=alert(1)> **b**";
    send(&alice, bad).await?;
    let shown = "[click](javascript:alert(1)) <img src=x onerror=alert(1)> b";
    sees(&bob, "the text", "bubble.innerText === arguments[0]", vec![json!(shown)]).await?;
    sees(&bob, "no link and no image", "!bubble.querySelector('a, img')", vec![]).await?;
    send(&alice, "[my bank](https://\u{430}pple.com)").await?;
    let shown = "my bank (xn--pple-43d.com)";
    sees(&bob, "the host", "bubble.innerText === arguments[0]", vec![json!(shown)]).await?;
    bob.see_clean_console().await
}

#[tokio::test]
async fn a_plain_text_stays_as_it_is_and_an_edit_changes_that() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.click("textarea").await?;
    alice.insert_text("**kept**").await?;
    alice.click(r#"button[data-testid="plain"]"#).await?;
    // It is remembered with the draft.
    alice.reload().await?;
    alice.see(r#"button[data-testid="plain"][aria-pressed="true"]"#).await?;
    alice.click(r#"button[data-testid="send"]"#).await?;
    sees(&bob, "the marks", "bubble.innerText === '**kept**' && !bubble.querySelector('strong')", vec![])
        .await?;
    alice.see(r#"button[data-testid="plain"][aria-pressed="false"]"#).await?;

    let edit = r#"
        const row = [...document.querySelectorAll("ol.timeline li.turn")].at(-1);
        const button = [...row.querySelectorAll(".menu button")].find(one => one.textContent === "Edit");
        button?.click();
        return Boolean(button);"#;
    alice.until("the way to edit it", edit, Vec::new()).await?;
    alice.see(r#"button[data-testid="plain"][aria-pressed="true"]"#).await?;
    alice.click(r#"button[data-testid="plain"]"#).await?;
    alice.click(r#"button[data-testid="send"]"#).await?;
    sees(&bob, "strong words", "words('strong') === 'kept'", vec![]).await?;
    bob.go_home().await?;
    bob.see_chat_with_last_line(ALICE.name, "kept").await?;
    bob.see_clean_console().await
}
