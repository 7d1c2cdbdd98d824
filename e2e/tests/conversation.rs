//! Two people, two browsers, one conversation.

use anyhow::{Result, ensure};
use causerie_e2e::{Account, Person, Screen, Server};
use tokio::try_join;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;

/// WebDriver's codes of two keys.
const ENTER: &str = "\u{e007}";
const SHIFT_ENTER: &str = "\u{e008}\u{e007}";

async fn two_people(server: &Server) -> Result<(Person, Person)> {
    try_join!(Person::join(server, ADA), Person::join(server, BRUNO))
}

#[tokio::test]
async fn a_chat_appears_at_once_and_messages_go_both_ways() -> Result<()> {
    let server = Server::start().await?;
    let (ada, bruno) = two_people(&server).await?;

    ada.start_chat(BRUNO).await?;
    ada.send_message("Are you there?").await?;
    // Bruno did not reload: the chat came by itself, with its last line and what is unread.
    bruno.see_chat_with_last_line(ADA.name, "Are you there?").await?;
    bruno.see_unread(ADA.name, 1).await?;

    bruno.open_chat(ADA.name).await?;
    bruno.see_message("Are you there?").await?;
    bruno.see_unread(ADA.name, 0).await?;
    bruno.send_message("Yes, since this morning.").await?;
    ada.see_message("Yes, since this morning.").await?;

    let conversation = ["Are you there?", "Yes, since this morning."];
    for person in [&ada, &bruno] {
        person.see_messages(&conversation).await?;
        person.reload().await?;
        person.see_messages(&conversation).await?;
        person.see_clean_console().await?;
    }
    Ok(())
}

#[tokio::test]
async fn keys_send_and_break_lines() -> Result<()> {
    let server = Server::start().await?;
    let (ada, bruno) = two_people(&server).await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;

    ada.type_message("first line").await?;
    ada.press(SHIFT_ENTER).await?;
    ada.type_message("second line").await?;
    ensure!(ada.draft().await?.contains("first line\nsecond line"), "the draft is {:?}", ada.draft().await?);
    ada.press(ENTER).await?;
    bruno.see_message("first line\nsecond line").await?;
    ada.see_message("first line\nsecond line").await?;
    ensure!(ada.draft().await?.is_empty(), "the composer is empty after sending");

    // Nothing but blanks is not a message.
    ada.type_message("   ").await?;
    ada.press(ENTER).await?;
    ada.send_message("the next one").await?;
    bruno.see_messages(&["first line\nsecond line", "the next one"]).await
}

#[tokio::test]
async fn any_text_is_shown_as_it_is_and_does_nothing() -> Result<()> {
    let server = Server::start().await?;
    let (ada, bruno) = two_people(&server).await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;

    let long = "x".repeat(16 * 1024);
    let texts = [
        "<b>bold?</b> &amp; <i>more</i>",
        "<img src=x onerror=\"document.body.dataset.harmed='yes'\">",
        "<script>document.body.dataset.harmed='yes'</script>",
        "javascript:alert(1) {{ 7*7 }} ${7*7}",
        "👩‍👩‍👧‍👦 🇫🇷 ✍🏽 emoji in families",
        "שלום לכולם, مرحبا بالجميع",
        "Z̴̛͇a̷͝l̸̓g̶o, é as e\u{301}",
        &long,
    ];
    for text in texts {
        ada.send_message(text).await?;
        bruno.see_message(text).await?;
    }
    for person in [&ada, &bruno] {
        person.see_messages(&texts).await?;
        ensure!(!person.has("body[data-harmed]").await?, "a message ran as a program");
        ensure!(!person.has("ol.timeline .bubble :is(b, i, img, script)").await?, "a message became markup");
        let fits = "return document.documentElement.scrollWidth <= innerWidth";
        person.until("no sideways scrolling", fits, Vec::new()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_draft_stays_with_its_chat_over_a_reload() -> Result<()> {
    let server = Server::start().await?;
    let (ada, _bruno) = two_people(&server).await?;
    ada.start_chat(BRUNO).await?;
    ada.type_message("not finished").await?;
    ada.reload().await?;
    ada.see_conversation(BRUNO.name).await?;
    ensure!(ada.draft().await? == "not finished", "the draft is {:?}", ada.draft().await?);
    Ok(())
}

#[tokio::test]
async fn on_a_phone_one_goes_from_the_list_to_the_chat_and_back() -> Result<()> {
    let server = Server::start().await?;
    let ada = Person::join(&server, ADA).await?;
    let bruno = Person::arrive(&server, BRUNO, Screen::PHONE).await?;
    bruno.register().await?;
    ada.start_chat(BRUNO).await?;
    ada.send_message("On your phone?").await?;

    bruno.see_chat_with_last_line(ADA.name, "On your phone?").await?;
    bruno.open_chat(ADA.name).await?;
    bruno.see_message("On your phone?").await?;
    bruno.send_message("On the train.").await?;
    ada.see_message("On the train.").await?;

    bruno.click("button.back").await?;
    bruno.see_chats().await?;
    bruno.see_chat_with_last_line(ADA.name, "On the train.").await?;
    bruno.open_chat(ADA.name).await?;
    bruno.see_messages(&["On your phone?", "On the train."]).await?;
    let fits = "return document.documentElement.scrollWidth <= innerWidth";
    bruno.until("no sideways scrolling", fits, Vec::new()).await?;
    Ok(())
}
