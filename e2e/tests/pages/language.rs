//! The page speaks the language of whoever reads it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};
use causerie_e2e::{Browser, Person, Screen, Trunk};
use causerie_testkit::{Account, Server};
use causerie_texts::{Language, Page};
use serde_json::json;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

/// Everything that the page says: its texts, and the names and hints that are read out or shown in a field.
const SAID: &str = r#"
    const said = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode;
        if (node.nodeType === Node.TEXT_NODE) said.push(node.data);
        else for (const name of ["aria-label", "title", "placeholder", "alt"]) said.push(node.getAttribute(name) ?? "");
    }
    return said.join("\n");"#;

async fn said(person: &Person) -> Result<String> {
    Ok(person.client().execute(SAID, Vec::new()).await?.as_str().unwrap_or_default().to_owned())
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The words that only the English page has.
fn english() -> BTreeSet<String> {
    let all = |language| -> BTreeSet<String> {
        // What a text leaves open is named in braces.
        let texts = Page::ALL.iter().flat_map(|text| text.in_language(language).split('{'));
        texts.flat_map(|part| words(part.split_once('}').map_or(part, |(_, rest)| rest))).collect()
    };
    &all(Language::English) - &all(Language::Vietnamese)
}

/// See that the page is in Vietnamese, and that nothing on it is in English but people's names.
async fn see_vietnamese_alone(person: &Person, place: &str) -> Result<()> {
    let lang = r#"return document.documentElement.lang === "vi""#;
    person.until("a page in Vietnamese", lang, Vec::new()).await?;
    let said = said(person).await?;
    let left: Vec<_> = words(&said).intersection(&english()).cloned().collect();
    ensure!(left.is_empty(), "{place}: {left:?} is English in {said}");
    ensure!(said.chars().any(|letter| "ăâđêôơưạảấầậếềểễệịọốồộớờợụứừữựỉ".contains(letter)), "{place}: {said}");
    Ok(())
}

/// See that the page is in English, and that nothing on it is in Vietnamese but the switch.
async fn see_english_alone(person: &Person, place: &str) -> Result<()> {
    let lang = r#"return document.documentElement.lang === "en""#;
    person.until("a page in English", lang, Vec::new()).await?;
    let said = said(person).await?.replace("Tiếng Việt", "");
    let foreign = said.chars().find(|letter| letter.is_alphabetic() && !letter.is_ascii());
    ensure!(foreign.is_none(), "{place}: {foreign:?} in {said}");
    Ok(())
}

/// The programs of the page that the browser asked for.
async fn loaded(person: &Person) -> Result<String> {
    let script = r#"return performance.getEntriesByType("resource").map(entry => entry.name).join(" ")"#;
    Ok(person.client().execute(script, Vec::new()).await?.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn whoever_prefers_vietnamese_reads_vietnamese_everywhere() -> Result<()> {
    let mut server = Server::start().await?;
    let bob = Person::join(&server, BOB).await?;
    see_english_alone(&bob, "the list of chats in English").await?;
    ensure!(!loaded(&bob).await?.contains("causerie-page-vi"), "{}", loaded(&bob).await?);

    let browser = Browser::open_in(ALICE.name, Screen::WIDE, "vi-VN").await?;
    let alice = Person::arrive_with(browser, &server, ALICE).await?;
    see_vietnamese_alone(&alice, "the sign-in page").await?;
    let programs = loaded(&alice).await?;
    ensure!(programs.matches("_bg.wasm").count() == 1 && programs.contains("causerie-page-vi"), "{programs}");
    alice.try_to_sign_in("not the password").await?;
    alice.see_alert().await?;
    see_vietnamese_alone(&alice, "a wrong password").await?;
    alice.register().await?;
    see_vietnamese_alone(&alice, "an empty list of chats").await?;
    alice.click(r#"button[data-testid="new-chat"]"#).await?;
    alice.see(r#"dialog[data-testid="new-chat-dialog"]"#).await?;
    see_vietnamese_alone(&alice, "a new chat").await?;
    alice.reload().await?;
    alice.start_chat(BOB).await?;
    see_vietnamese_alone(&alice, "an empty chat").await?;
    // Digits are no language's words.
    bob.open_chat(ALICE.name).await?;
    bob.send_message("123").await?;
    alice.see_message("123").await?;
    alice.send_message("456").await?;
    alice.see_online().await?;
    see_vietnamese_alone(&alice, "a chat").await?;
    alice.click(r#"button[data-testid="settings"]"#).await?;
    alice.until("the sign-ins", "return document.querySelector('.signs li') !== null", Vec::new()).await?;
    see_vietnamese_alone(&alice, "the settings").await?;
    alice.reload().await?;
    alice.see_message("456").await?;
    server.kill().await?;
    alice.see_banner().await?;
    alice.send_message("789").await?;
    see_vietnamese_alone(&alice, "a broken connection").await?;
    server.launch().await?;
    alice.see_online().await?;
    bob.see_message("789").await
}

#[tokio::test]
async fn the_switch_changes_the_language_and_keeps_what_is_written() -> Result<()> {
    let mut server = Server::start().await?;
    let bob = Person::join(&server, BOB).await?;
    let alice = Person::arrive(&server, ALICE, Screen::PHONE).await?;
    see_english_alone(&alice, "the sign-in page in English").await?;
    alice.click(r#"[data-testid="language"]"#).await?;
    see_vietnamese_alone(&alice, "the sign-in page after the switch").await?;
    alice.register().await?;
    alice.start_chat(BOB).await?;
    alice.see_online().await?;
    alice.type_message("half a thought").await?;
    alice.go_home().await?;
    switch_in_settings(&alice).await?;
    see_english_alone(&alice, "the list of chats after the switch").await?;
    alice.open_chat(BOB.name).await?;
    ensure!(alice.draft().await? == "half a thought", "{}", alice.draft().await?);

    server.kill().await?;
    alice.see_banner().await?;
    alice.click(r#"button[data-testid="send"]"#).await?;
    alice.see_message("half a thought").await?;
    server.launch().await?;
    alice.go_home().await?;
    switch_in_settings(&alice).await?;
    alice
        .until("the page in Vietnamese", r#"return document.documentElement.lang === "vi""#, vec![json!(0)])
        .await?;
    bob.open_chat(ALICE.name).await?;
    bob.see_messages(&["half a thought"]).await
}

#[tokio::test]
async fn under_trunk_serve_both_languages_are_there_too() -> Result<()> {
    let server = Server::start().await?;
    let trunk = Trunk::serve(server.port(), Path::new(env!("CARGO_TARGET_TMPDIR"))).await?;
    let browser = Browser::open_in(ALICE.name, Screen::PHONE, "vi-VN").await?;
    browser.go_to(&trunk.url()).await?;
    browser
        .until(
            "the sign-in page in Vietnamese",
            "return document.body.innerText.includes('Đăng nhập')",
            vec![],
        )
        .await?;
    browser.click(r#"[data-testid="language"]"#).await?;
    browser
        .until("the sign-in page in English", "return document.body.innerText.includes('Sign in')", vec![])
        .await
        .map(drop)
}

async fn switch_in_settings(person: &Person) -> Result<()> {
    person.click(r#"button[data-testid="settings"]"#).await?;
    person.click(r#"dialog [data-testid="language"]"#).await
}
