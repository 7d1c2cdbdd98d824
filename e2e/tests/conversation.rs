//! Two people, two browsers, one conversation.

use anyhow::{Result, ensure};
use causerie_e2e::{Account, Browser, Person, Screen, Server};
use serde_json::json;
use tokio::try_join;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;

/// WebDriver's codes of keys.
const ENTER: &str = "\u{e007}";
const SHIFT_ENTER: &str = "\u{e008}\u{e007}";
const CONTROL_ENTER: &str = "\u{e009}\u{e007}";

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
async fn on_a_touch_screen_enter_begins_a_line_and_the_button_sends() -> Result<()> {
    let server = Server::start().await?;
    let bruno = Person::join(&server, BRUNO).await?;
    let browser = Browser::open(ADA.name, Screen::PHONE).await?;
    browser.have_touch_screen().await?;
    let ada = Person::arrive_with(browser, &server, ADA).await?;
    ada.register().await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;

    let hints =
        "return [document.querySelector('textarea').enterKeyHint, document.querySelector('.send').title]";
    ensure!(ada.client().execute(hints, vec![]).await? == json!(["enter", "Send"]), "the hints for touch");
    ada.type_message("first line").await?;
    ada.press(ENTER).await?;
    ada.type_message("second line").await?;
    ensure!(ada.draft().await? == "first line\nsecond line", "the draft is {:?}", ada.draft().await?);
    ada.click(r#"button[data-testid="send"]"#).await?;
    bruno.see_message("first line\nsecond line").await?;

    // A keyboard that is plugged in has a key that no touch screen has.
    ada.type_message("by keyboard").await?;
    ada.press(CONTROL_ENTER).await?;
    bruno.see_messages(&["first line\nsecond line", "by keyboard"]).await?;

    let hints_of = bruno.client().execute(hints, vec![]).await?;
    ensure!(
        hints_of[0] == "send" && hints_of[1].as_str().is_some_and(|hint| hint.contains("Enter")),
        "{hints_of}"
    );
    Ok(())
}

#[tokio::test]
async fn enter_that_ends_a_composition_sends_nothing() -> Result<()> {
    let server = Server::start().await?;
    let (ada, bruno) = two_people(&server).await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    ada.type_message("にほんg").await?;
    // As browsers report the key: while composing, and in Safari after it, by a code of its own.
    let enter = r#"
        const area = document.querySelector("textarea[name=message]");
        const press = more => area.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, ...more}));
        return [press({isComposing: true}), press({keyCode: 229}), press({keyCode: 229, ctrlKey: true})];"#;
    let taken = ada.client().execute(enter, Vec::new()).await?;
    ensure!(taken == json!([true, true, true]), "the page took a key of the input method: {taken}");
    ensure!(ada.draft().await? == "にほんg", "the draft is {:?}", ada.draft().await?);
    ada.press(ENTER).await?;
    bruno.see_messages(&["にほんg"]).await
}

#[tokio::test]
async fn a_thousand_unread_messages_and_more_are_said_as_such() -> Result<()> {
    let server = Server::start().await?;
    let (ada, bruno) = two_people(&server).await?;
    ada.start_chat(BRUNO).await?;
    ada.send_message("Are you there?").await?;
    bruno.see_unread(ADA.name, 1).await?;
    let body = json!({"email": ADA.email, "password": ADA.password});
    let token = ada.api("POST", "/api/auth/login/", "", body).await?["token"].clone();
    // Out of the chat, which would draw every message.
    ada.go_home().await?;
    let send = r#"
        const [token, count, done] = arguments;
        const headers = {"content-type": "application/json", authorization: `Bearer ${token}`};
        const post = body => fetch("/api/chats/1/messages/", {method: "POST", headers, body}).then(async answer => (await answer.text(), answer.status));
        (async () => {
            const seen = new Set();
            for (let sent = 0; sent < count; sent += 50)
                for (const status of await Promise.all(Array(Math.min(50, count - sent)).fill('{"content":"Hello?"}').map(post))) seen.add(status);
            done([...seen]);
        })().catch(error => done(String(error)));"#;
    let shown = r#"
        const badge = document.querySelector('a[data-testid="chat"] .badge')?.firstChild.textContent;
        return badge === arguments[0] && document.title.startsWith(`(${arguments[0]}) `);"#;
    for (more, words) in [(998, "999"), (1, "1,000+"), (50, "1,000+")] {
        // In parts, since a script of the driver has its time.
        for sent in (0..more).step_by(100) {
            let part = vec![token.clone(), json!(100.min(more - sent))];
            let statuses = ada.client().execute_async(send, part).await?;
            ensure!(statuses == json!([201]), "the server says {statuses}");
        }
        bruno.until(words, shown, vec![json!(words)]).await?;
    }
    // The server stops counting, and says so.
    bruno.reload().await?;
    bruno.until("1,000+", shown, vec![json!("1,000+")]).await?;
    Ok(())
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
