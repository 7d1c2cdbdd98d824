//! Two people, two browsers, one conversation.

use anyhow::{Result, ensure};
use causerie_e2e::{Browser, Person, Screen};
use causerie_testkit::{Account, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

/// WebDriver's codes of keys.
const ENTER: &str = "\u{e007}";
const SHIFT_ENTER: &str = "\u{e008}\u{e007}";
const CONTROL_ENTER: &str = "\u{e009}\u{e007}";

async fn two_people(server: &Server) -> Result<(Person, Person)> {
    try_join!(Person::join(server, ALICE), Person::join(server, BOB))
}

#[tokio::test]
async fn a_chat_appears_at_once_and_messages_go_both_ways() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;

    alice.start_chat(BOB).await?;
    alice.send_message("Are you there?").await?;
    // Bob did not reload: the chat came by itself, with its last line and what is unread.
    bob.see_chat_with_last_line(ALICE.name, "Are you there?").await?;
    bob.see_unread(ALICE.name, 1).await?;

    bob.open_chat(ALICE.name).await?;
    bob.see_message("Are you there?").await?;
    bob.see_unread(ALICE.name, 0).await?;
    bob.send_message("Yes, since this morning.").await?;
    alice.see_message("Yes, since this morning.").await?;

    let conversation = ["Are you there?", "Yes, since this morning."];
    for person in [&alice, &bob] {
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
    let (alice, bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;

    alice.type_message("first line").await?;
    alice.press(SHIFT_ENTER).await?;
    alice.type_message("second line").await?;
    ensure!(
        alice.draft().await?.contains("first line\nsecond line"),
        "the draft is {:?}",
        alice.draft().await?
    );
    alice.press(ENTER).await?;
    bob.see_message("first line\nsecond line").await?;
    alice.see_message("first line\nsecond line").await?;
    ensure!(alice.draft().await?.is_empty(), "the composer is empty after sending");

    // Nothing but blanks is not a message.
    alice.type_message("   ").await?;
    alice.press(ENTER).await?;
    alice.send_message("the next one").await?;
    bob.see_messages(&["first line\nsecond line", "the next one"]).await
}

#[tokio::test]
async fn on_a_touch_screen_enter_begins_a_line_and_the_button_sends() -> Result<()> {
    let server = Server::start().await?;
    let bob = Person::join(&server, BOB).await?;
    let browser = Browser::open(ALICE.name, Screen::PHONE).await?;
    browser.have_touch_screen().await?;
    let alice = Person::arrive_with(browser, &server, ALICE).await?;
    alice.register().await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;

    let hints =
        "return [document.querySelector('textarea').enterKeyHint, document.querySelector('.send').title]";
    ensure!(alice.client().execute(hints, vec![]).await? == json!(["enter", "Send"]), "the hints for touch");
    alice.type_message("first line").await?;
    alice.press(ENTER).await?;
    alice.type_message("second line").await?;
    ensure!(alice.draft().await? == "first line\nsecond line", "the draft is {:?}", alice.draft().await?);
    alice.click(r#"button[data-testid="send"]"#).await?;
    bob.see_message("first line\nsecond line").await?;

    // A keyboard that is plugged in has a key that no touch screen has.
    alice.type_message("by keyboard").await?;
    alice.press(CONTROL_ENTER).await?;
    bob.see_messages(&["first line\nsecond line", "by keyboard"]).await?;

    let hints_of = bob.client().execute(hints, vec![]).await?;
    ensure!(
        hints_of[0] == "send" && hints_of[1].as_str().is_some_and(|hint| hint.contains("Enter")),
        "{hints_of}"
    );
    Ok(())
}

#[tokio::test]
async fn enter_that_ends_a_composition_sends_nothing() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    alice.type_message("にほんg").await?;
    // As browsers report the key: while composing, and in Safari after it, by a code of its own.
    let enter = r#"
        const area = document.querySelector("textarea[name=message]");
        const press = more => area.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, ...more}));
        return [press({isComposing: true}), press({keyCode: 229}), press({keyCode: 229, ctrlKey: true})];"#;
    let taken = alice.client().execute(enter, Vec::new()).await?;
    ensure!(taken == json!([true, true, true]), "the page took a key of the input method: {taken}");
    ensure!(alice.draft().await? == "にほんg", "the draft is {:?}", alice.draft().await?);
    alice.press(ENTER).await?;
    bob.see_messages(&["にほんg"]).await
}

#[tokio::test]
async fn a_thousand_unread_messages_and_more_are_said_as_such() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    alice.send_message("Are you there?").await?;
    bob.see_unread(ALICE.name, 1).await?;
    let body = json!({"email": ALICE.email, "password": ALICE.password});
    let token = alice.api("POST", "/api/auth/login/", "", body).await?["token"].clone();
    // Out of the chat, which would draw every message.
    alice.go_home().await?;
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
            let statuses = alice.client().execute_async(send, part).await?;
            ensure!(statuses == json!([201]), "the server says {statuses}");
        }
        bob.until(words, shown, vec![json!(words)]).await?;
    }
    // The server stops counting, and says so.
    bob.reload().await?;
    bob.until("1,000+", shown, vec![json!("1,000+")]).await?;
    Ok(())
}

#[tokio::test]
async fn of_a_long_conversation_a_part_is_drawn_wherever_one_scrolls() -> Result<()> {
    const MESSAGES: u32 = 620;
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    let body = json!({"email": ALICE.email, "password": ALICE.password});
    let token = alice.api("POST", "/api/auth/login/", "", body).await?["token"].clone();
    let send = r#"
        const [token, first, last, done] = arguments;
        const headers = {"content-type": "application/json", authorization: "Bearer " + token};
        (async () => {
            for (let number = first; number <= last; number++) {
                await fetch("/api/chats/1/messages/", {method: "POST", headers, body: JSON.stringify({content: `${number}`})});
            }
        })().then(() => done(true));"#;
    for first in (1..=MESSAGES).step_by(100) {
        let last = MESSAGES.min(first + 99);
        alice.client().execute_async(send, vec![token.clone(), json!(first), json!(last)]).await?;
    }
    bob.see_message(&MESSAGES.to_string()).await?;
    // What is drawn is one piece of the conversation, and not all of it.
    let drawn = r#"
        const numbers = [...document.querySelectorAll("ol.timeline .bubble")].map(one => parseInt(one.textContent));
        const whole = numbers.every((number, place) => place === 0 || number === numbers[place - 1] + 1);
        return whole && numbers.length <= 220 && numbers.includes(arguments[0]) && numbers;"#;
    bob.until("the end", drawn, vec![json!(MESSAGES)]).await?;

    let up = r#"
        const [done] = arguments, scroller = document.querySelector(".scroller");
        const first = () => parseInt(document.querySelector("ol.timeline .bubble").textContent);
        const step = () => {
            if (first() === 1) return done(true);
            scroller.scrollTop -= 300;
            requestAnimationFrame(step);
        };
        step();"#;
    bob.client().execute_async(up, Vec::new()).await?;
    bob.until("the beginning", drawn, vec![json!(1)]).await?;

    // Who reads further up stays there while others write.
    let at_top = "document.querySelector('.scroller').scrollTop = -1_000_000";
    bob.client().execute(at_top, Vec::new()).await?;
    let message = MESSAGES + 1;
    alice.client().execute_async(send, vec![token.clone(), json!(message), json!(message)]).await?;
    let told = "return document.querySelector('button.latest')?.textContent.includes('1')";
    bob.until("that there is something new", told, Vec::new()).await?;
    let in_sight = r#"
        const first = document.querySelector("ol.timeline .bubble");
        return first.textContent === "1" && first.getBoundingClientRect().bottom > 0;"#;
    bob.until("the first message in its place", in_sight, Vec::new()).await?;
    bob.client().execute("document.querySelector('button.latest').click()", Vec::new()).await?;
    bob.until("the end again", drawn, vec![json!(message)]).await?;
    bob.see_unread(ALICE.name, 0).await?;
    bob.see_clean_console().await
}

#[tokio::test]
async fn any_text_is_shown_as_it_is_and_does_nothing() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;

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
        alice.send_message(text).await?;
        bob.see_message(text).await?;
    }
    for person in [&alice, &bob] {
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
    let (alice, _bob) = two_people(&server).await?;
    alice.start_chat(BOB).await?;
    alice.type_message("not finished").await?;
    alice.reload().await?;
    alice.see_conversation(BOB.name).await?;
    ensure!(alice.draft().await? == "not finished", "the draft is {:?}", alice.draft().await?);
    Ok(())
}

#[tokio::test]
async fn on_a_phone_one_goes_from_the_list_to_the_chat_and_back() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let bob = Person::arrive(&server, BOB, Screen::PHONE).await?;
    bob.register().await?;
    alice.start_chat(BOB).await?;
    alice.send_message("On your phone?").await?;

    bob.see_chat_with_last_line(ALICE.name, "On your phone?").await?;
    bob.open_chat(ALICE.name).await?;
    bob.see_message("On your phone?").await?;
    bob.send_message("On the train.").await?;
    alice.see_message("On the train.").await?;

    bob.click("button.back").await?;
    bob.see_chats().await?;
    bob.see_chat_with_last_line(ALICE.name, "On the train.").await?;
    bob.open_chat(ALICE.name).await?;
    bob.see_messages(&["On your phone?", "On the train."]).await?;
    let fits = "return document.documentElement.scrollWidth <= innerWidth";
    bob.until("no sideways scrolling", fits, Vec::new()).await?;
    Ok(())
}
