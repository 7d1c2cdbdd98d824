//! The page speaks the language of whoever reads it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};
use causerie_e2e::{Account, Browser, Person, Screen, Server, Trunk};
use serde_json::json;

#[path = "../../texts/src/table.rs"]
mod table;

use table::TEXTS;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;

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
    let all = |text: fn(&table::Text) -> &'static str| -> BTreeSet<String> {
        // What a text leaves open is named in braces.
        let texts = TEXTS.iter().flat_map(|each| text(each).split('{'));
        texts.flat_map(|part| words(part.split_once('}').map_or(part, |(_, rest)| rest))).collect()
    };
    &all(|text| text.english) - &all(|text| text.vietnamese)
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
    let bruno = Person::join(&server, BRUNO).await?;
    see_english_alone(&bruno, "the list of chats in English").await?;
    ensure!(!loaded(&bruno).await?.contains("causerie-page-vi"), "{}", loaded(&bruno).await?);

    let browser = Browser::open_in(ADA.name, Screen::WIDE, "vi-VN").await?;
    let ada = Person::arrive_with(browser, &server, ADA).await?;
    see_vietnamese_alone(&ada, "the door").await?;
    let programs = loaded(&ada).await?;
    ensure!(programs.matches(".wasm").count() == 1 && programs.contains("causerie-page-vi"), "{programs}");
    ada.try_to_sign_in("not the password").await?;
    ada.see_alert().await?;
    see_vietnamese_alone(&ada, "a wrong password").await?;
    ada.register().await?;
    see_vietnamese_alone(&ada, "an empty list of chats").await?;
    ada.click(r#"button[data-testid="new-chat"]"#).await?;
    ada.see(r#"dialog[data-testid="new-chat-dialog"]"#).await?;
    see_vietnamese_alone(&ada, "a new chat").await?;
    ada.reload().await?;
    ada.start_chat(BRUNO).await?;
    see_vietnamese_alone(&ada, "an empty chat").await?;
    // Digits are no language's words.
    bruno.open_chat(ADA.name).await?;
    bruno.send_message("123").await?;
    ada.see_message("123").await?;
    ada.send_message("456").await?;
    ada.see_online().await?;
    see_vietnamese_alone(&ada, "a chat").await?;
    ada.click(r#"button[data-testid="settings"]"#).await?;
    ada.until("the sign-ins", "return document.querySelector('.signs li') !== null", Vec::new()).await?;
    see_vietnamese_alone(&ada, "the settings").await?;
    ada.reload().await?;
    ada.see_message("456").await?;
    server.kill().await?;
    ada.see_banner().await?;
    ada.send_message("789").await?;
    see_vietnamese_alone(&ada, "a broken connection").await?;
    server.restart_on_same_port().await?;
    ada.see_online().await?;
    bruno.see_message("789").await
}

#[tokio::test]
async fn the_switch_changes_the_language_and_keeps_what_is_written() -> Result<()> {
    let mut server = Server::start().await?;
    let bruno = Person::join(&server, BRUNO).await?;
    let ada = Person::arrive(&server, ADA, Screen::PHONE).await?;
    see_english_alone(&ada, "the door in English").await?;
    ada.click(r#"[data-testid="language"]"#).await?;
    see_vietnamese_alone(&ada, "the door after the switch").await?;
    ada.register().await?;
    ada.start_chat(BRUNO).await?;
    ada.see_online().await?;
    ada.type_message("half a thought").await?;
    ada.go_home().await?;
    switch_in_settings(&ada).await?;
    see_english_alone(&ada, "the list of chats after the switch").await?;
    ada.open_chat(BRUNO.name).await?;
    ensure!(ada.draft().await? == "half a thought", "{}", ada.draft().await?);

    server.kill().await?;
    ada.see_banner().await?;
    ada.click(r#"button[data-testid="send"]"#).await?;
    ada.see_message("half a thought").await?;
    server.restart_on_same_port().await?;
    ada.go_home().await?;
    switch_in_settings(&ada).await?;
    ada.until("the page in Vietnamese", r#"return document.documentElement.lang === "vi""#, vec![json!(0)])
        .await?;
    bruno.open_chat(ADA.name).await?;
    bruno.see_messages(&["half a thought"]).await
}

#[tokio::test]
async fn under_trunk_serve_both_languages_are_there_too() -> Result<()> {
    let server = Server::start().await?;
    let trunk = Trunk::serve(server.port(), Path::new(env!("CARGO_TARGET_TMPDIR"))).await?;
    let browser = Browser::open_in(ADA.name, Screen::PHONE, "vi-VN").await?;
    browser.go_to(&trunk.url()).await?;
    browser
        .until("the door in Vietnamese", "return document.body.innerText.includes('Đăng nhập')", vec![])
        .await?;
    browser.click(r#"[data-testid="language"]"#).await?;
    browser
        .until("the door in English", "return document.body.innerText.includes('Sign in')", vec![])
        .await
        .map(drop)
}

async fn switch_in_settings(person: &Person) -> Result<()> {
    person.click(r#"button[data-testid="settings"]"#).await?;
    person.click(r#"dialog [data-testid="language"]"#).await
}
