//! Writing, changing and taking back messages, in browsers.

use anyhow::{Result, ensure};
use causerie_e2e::{Browser, Person, Screen};
use causerie_testkit::{Account, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const AREA: &str = r#"textarea[name="message"]"#;

async fn two_people(server: &Server) -> Result<(Person, Person)> {
    let (alice, bob) = try_join!(Person::join(server, ALICE), Person::join(server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    Ok((alice, bob))
}

/// Chooses an entry of the menu of the newest message.
async fn choose(person: &Person, entry: &str) -> Result<()> {
    let script = r#"
        const menu = [...document.querySelectorAll("ol.timeline .menu")].at(-1);
        const button = [...(menu?.querySelectorAll("button") ?? [])].find(one => one.textContent === arguments[0]);
        if (!button) return false;
        menu.querySelector("summary").click();
        button.click();
        return true;"#;
    person.until(&format!("“{entry}” in a menu"), script, vec![json!(entry)]).await.map(drop)
}

async fn has_focus(browser: &Browser, selector: &str) -> Result<()> {
    let script = "return Boolean(document.activeElement?.matches(arguments[0]));";
    browser.until(&format!("the focus on {selector}"), script, vec![json!(selector)]).await.map(drop)
}

/// Waits until the composer holds this text.
async fn writes(person: &Person, text: &str) -> Result<()> {
    let script = "return document.querySelector('textarea[name=\"message\"]').value === arguments[0];";
    person.until(&format!("the draft “{text}”"), script, vec![json!(text)]).await.map(drop)
}

#[tokio::test]
async fn the_sender_sees_what_a_message_said_before_and_others_only_that_it_was_edited() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.send_message("Tea at five?").await?;
    // The arrow up in an empty composer edits the last message.
    alice.press("\u{e013}").await?;
    writes(&alice, "Tea at five?").await?;
    alice.press(" At six!").await?;
    alice.press("\u{e007}").await?;
    bob.see_text("Tea at five? At six!").await?;
    ensure!(!bob.has(r#"[data-testid="edited"]"#).await?, "Bob has a way to the former texts");
    alice.click(r#"[data-testid="edited"]"#).await?;
    let script = r#"
        const former = document.querySelectorAll('[data-testid="former-dialog"] li p');
        return former.length === 1 && former[0].textContent === "Tea at five?";"#;
    alice.until("the former text", script, Vec::new()).await?;
    alice.press_escape().await?;
    has_focus(&alice, r#"[data-testid="edited"]"#).await?;
    alice.see_clean_console().await
}

#[tokio::test]
async fn a_deletion_is_asked_for_and_can_be_taken_back() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.send_message("Stays").await?;
    bob.see_message("Stays").await?;
    choose(&alice, "Delete").await?;
    alice.see(r#"[data-testid="delete-dialog"]"#).await?;
    alice.press_escape().await?;
    has_focus(&alice, "ol.timeline .menu > summary").await?;

    choose(&alice, "Delete").await?;
    alice.click(r#"[data-testid="delete-message"]"#).await?;
    // The messages, where the browser has no mouse, and so perhaps no keyboard.
    has_focus(&alice, ".scroller, textarea").await?;
    alice.see(".bubble.leaving").await?;
    alice.click(r#"[data-testid="undo"]"#).await?;
    alice
        .until("the message as it was", "return !document.querySelector('.bubble.leaving');", Vec::new())
        .await?;
    ensure!(!alice.has(r#"[data-testid="undo-toast"]"#).await?, "it can be taken back twice");

    // A page that is left sends it at once.
    choose(&alice, "Delete").await?;
    alice.click(r#"[data-testid="delete-message"]"#).await?;
    alice.see(".bubble.leaving").await?;
    alice.go_to("about:blank").await?;
    let script = "return Boolean(document.querySelector('.bubble.gone'));";
    bob.until("the message gone", script, Vec::new()).await?;
    Ok(())
}

#[tokio::test]
async fn keys_mark_what_is_selected_and_the_browser_undoes_it() -> Result<()> {
    let server = Server::start().await?;
    let (alice, _bob) = two_people(&server).await?;
    alice.type_message("Tea 🍵 now").await?;
    let select = "const area = document.querySelector(arguments[0]); area.focus(); area.setSelectionRange(0, 6); return true;";
    alice.until("a selection", select, vec![json!(AREA)]).await?;
    alice.press_with_control('b').await?;
    writes(&alice, "**Tea 🍵** now").await?;
    alice.press_with_control('i').await?;
    writes(&alice, "**_Tea 🍵_** now").await?;
    alice.press_with_control('i').await?;
    writes(&alice, "**Tea 🍵** now").await?;
    alice.client().execute("document.execCommand('undo')", Vec::new()).await?;
    writes(&alice, "**_Tea 🍵_** now").await?;
    alice.see_clean_console().await
}

const PICKER: &str = r#"[data-testid="emoji-picker"]"#;

#[tokio::test]
async fn an_emoji_is_found_by_keys_alone_and_in_both_languages() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.type_message("Tea ").await?;
    alice.click(r#"[data-testid="emoji"]"#).await?;
    has_focus(&alice, &format!("{PICKER} input")).await?;
    alice.see(&format!("{PICKER} [role=gridcell]")).await?;
    alice.press_escape().await?;
    has_focus(&alice, r#"[data-testid="emoji"]"#).await?;

    alice.click(r#"[data-testid="emoji"]"#).await?;
    // Vietnamese, without its marks: “đồ uống nóng”.
    alice.insert_text("do uong nong").await?;
    let found = format!("return document.querySelector('{PICKER} [role=gridcell]')?.textContent === '☕';");
    alice.until("a hot drink", &found, Vec::new()).await?;
    alice.press_with("ArrowDown", 0).await?;
    has_focus(&alice, "[role=gridcell][tabindex=\"0\"]").await?;
    alice.press_enter().await?;
    writes(&alice, "Tea ☕").await?;
    has_focus(&alice, AREA).await?;
    alice.press("\u{e007}").await?;
    bob.see_text("Tea ☕").await?;

    // The one that was chosen last comes first, and stands under a message as a reaction.
    choose_other(&bob).await?;
    bob.insert_text("crab").await?;
    let crab = format!("return document.querySelector('{PICKER} [role=gridcell]')?.textContent === '🦀';");
    bob.until("a crab", &crab, Vec::new()).await?;
    bob.press_enter().await?;
    alice
        .until(
            "the reaction",
            "return document.querySelector('[data-testid=reaction]')?.textContent.includes('🦀');",
            Vec::new(),
        )
        .await?;
    choose_other(&bob).await?;
    bob.until("the recent one first", &crab, Vec::new()).await?;
    alice.see_clean_console().await?;
    bob.see_clean_console().await
}

/// Opens the dialog with all emoji from the menu of the newest message.
async fn choose_other(person: &Person) -> Result<()> {
    let script = r#"
        const others = [...document.querySelectorAll('[data-testid="other-emoji"]')];
        others.at(-1)?.click();
        return others.length > 0;"#;
    person.until("the way to all emoji", script, Vec::new()).await?;
    person.see(&format!("{PICKER} [role=gridcell]")).await.map(drop)
}

#[tokio::test]
async fn short_codes_are_offered_while_they_are_typed_and_replaced_when_they_are_closed() -> Result<()> {
    let server = Server::start().await?;
    let (alice, _bob) = two_people(&server).await?;
    alice.type_message("So :smil").await?;
    alice.see("#short-codes [role=option][aria-selected=true]").await?;
    alice
        .until(
            "the field that names the option",
            "return document.activeElement.getAttribute('aria-activedescendant') === 'short-code-0';",
            Vec::new(),
        )
        .await?;
    alice.press("\u{e007}").await?;
    writes(&alice, "So 😄").await?;
    alice.insert_text(" and :tada").await?;
    alice.see("#short-codes").await?;
    alice.press_escape().await?;
    alice.until("no offer", "return !document.querySelector('#short-codes');", Vec::new()).await?;
    alice.insert_text(":").await?;
    writes(&alice, "So 😄 and 🎉").await?;
    alice.insert_text(" at 12:30:").await?;
    writes(&alice, "So 😄 and 🎉 at 12:30:").await?;
    alice.see_clean_console().await
}

#[tokio::test]
async fn on_a_phone_the_emoji_come_as_a_sheet_at_the_bottom() -> Result<()> {
    let server = Server::start().await?;
    let (alice, _bob) = two_people(&server).await?;
    alice.resize(Screen::PHONE).await?;
    alice.click(r#"[data-testid="emoji"]"#).await?;
    let script = r#"
        const at = document.querySelector('[data-testid="emoji-picker"]')?.getBoundingClientRect();
        const wide = document.documentElement.clientWidth;
        return Boolean(at) && at.left === 0 && at.right === wide && Math.abs(at.bottom - innerHeight) < 2 && document.documentElement.scrollWidth <= wide;"#;
    alice.until("a sheet at the bottom", script, Vec::new()).await.map(drop)
}
